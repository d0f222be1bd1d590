//! Which ways are there to listen to an address: by what it looks like, and by what its page says?
//!
//! Pure: the door brings the pages, the kinds recognise them. What every kind's own signs are stands in its own file.

use scraper::{Html, Selector};
use url::Url;

use super::KINDS;
use crate::model::{PageLink, Rank, Recognised, Response, SeenPage};
use crate::parse::{charset, html, wall};

/// Most `<link>`s of one page that are looked at.
const MAX_LINKS: usize = 200;
/// Most sitemaps that robots.txt may name to us.
const MAX_SITEMAPS: usize = 4;
/// Longest text of a title that is kept, in characters.
const MAX_TITLE: usize = 120;
/// Where feeds lie where nobody says so, by how common that is.
const FEED_PATHS: [&str; 5] = ["/feed", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json"];
/// A host that nobody knows: what is recognised there too is recognised by its path alone.
const NOBODY: &str = "nobody.invalid";

/// What the kinds make of an address, without asking anybody; who knows the host goes before who knows only the path.
pub fn by_address(url: &Url) -> Vec<Recognised> {
    let mut elsewhere = url.clone();
    let can_move = elsewhere.set_host(Some(NOBODY)).is_ok();
    let mut found: Vec<Recognised> = Vec::new();
    for kind in KINDS {
        let Some(block) = kind.recognise(url) else { continue };
        let by_path = can_move && kind.recognise(&elsewhere).is_some();
        let part = if by_path { "path" } else { "host" };
        let rank = if by_path { Rank::Feed } else { Rank::Site };
        found.push(Recognised { block, why: format!("{} is known by the {part} of the address", kind.name()), rank });
    }
    found.sort_by_key(|found| found.rank);
    found
}

/// What the kinds make of a page, best first, each way once.
pub fn by_page(page: &SeenPage) -> Vec<Recognised> {
    let mut found: Vec<Recognised> = KINDS.iter().flat_map(|kind| kind.recognise_page(page)).collect();
    found.sort_by_key(|found| found.rank);
    let mut seen = std::collections::HashSet::new();
    found.retain(|found| seen.insert(found.block.clone()));
    found
}

/// A page with what its head says. A page that no parser may see has no head.
pub fn seen(response: Response) -> SeenPage {
    let (text, _) = charset::decode(&response.body, response.header("content-type"));
    let mut page = SeenPage { response, generator: String::new(), software: String::new(), links: Vec::new() };
    if html::check_depth(&text).is_err() {
        return page;
    }
    let parsed = Html::parse_document(&text);
    page.generator = first(&parsed, "meta[name=generator i]", "content").unwrap_or_default();
    let base = first(&parsed, "base[href]", "href").and_then(|base| page.response.url.join(&base).ok());
    page.links = links(&parsed, &base.unwrap_or_else(|| page.response.url.clone()));
    page
}

fn first(page: &Html, css: &str, attribute: &str) -> Option<String> {
    let selector = Selector::parse(css).ok()?;
    Some(page.select(&selector).next()?.attr(attribute)?.trim().to_owned())
}

fn links(page: &Html, base: &Url) -> Vec<PageLink> {
    let Ok(selector) = Selector::parse("link[rel][href]") else { return Vec::new() };
    let mut links = Vec::new();
    for link in page.select(&selector).take(MAX_LINKS) {
        let said = |name: &str| link.attr(name).unwrap_or_default().trim();
        let Ok(url) = base.join(said("href")) else { continue };
        let media = said("type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let title = said("title").split_whitespace().collect::<Vec<_>>().join(" ");
        let title = title.chars().take(MAX_TITLE).collect();
        links.push(PageLink { rel: said("rel").to_ascii_lowercase(), media, url, title });
    }
    links
}

/// Addresses at which a site's feed may lie where its page names none.
pub fn guesses(page: &Url) -> Vec<Url> {
    FEED_PATHS.iter().filter_map(|path| page.join(path).ok()).filter(|url| url != page).collect()
}

/// The sitemaps that a robots.txt names, else the usual one.
pub fn sitemaps(robots: Option<&str>, site: &Url) -> Vec<Url> {
    let named = robots.unwrap_or_default().lines().filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        let is_sitemap = key.trim().trim_start_matches('\u{feff}').eq_ignore_ascii_case("Sitemap");
        is_sitemap.then(|| site.join(value.trim()).ok())?
    });
    let named: Vec<Url> = named.filter(|url| matches!(url.scheme(), "http" | "https")).take(MAX_SITEMAPS).collect();
    if named.is_empty() { site.join("/sitemap.xml").into_iter().collect() } else { named }
}

/// Where a site's nodeinfo is, as `/.well-known/nodeinfo` says: on the same host only.
pub fn nodeinfo_address(answer: &Response) -> Option<Url> {
    let answer_json: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    let href = answer_json["links"].as_array()?.iter().rev().find_map(|link| link["href"].as_str())?;
    let url = answer.url.join(href).ok()?;
    (url.origin() == answer.url.origin()).then_some(url)
}

/// The name of the software in a nodeinfo, in small letters.
pub fn software(nodeinfo: &[u8]) -> Option<String> {
    let nodeinfo: serde_json::Value = serde_json::from_slice(nodeinfo).ok()?;
    Some(nodeinfo["software"]["name"].as_str()?.to_lowercase())
}

/// What stands in the place of a page: consent, login or a check for robots.
pub fn wall(page: &SeenPage) -> Option<String> {
    let (text, _) = charset::decode(&page.response.body, page.response.header("content-type"));
    wall::of(&text, &page.response.url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn page(url: &str, body: &str) -> SeenPage {
        seen(Response {
            status: 200,
            url: url.parse().expect("a URL"),
            headers: Vec::new(),
            body: body.to_owned().into(),
            received_at: Timestamp(0),
        })
    }

    fn blocks(url: &str, body: &str) -> Vec<String> {
        by_page(&page(url, body))
            .into_iter()
            .map(|found| found.block.lines().skip(2).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn feeds_that_a_page_names_are_found_and_comments_come_last() {
        let head = "<head><base href='/blog/'>\
            <link rel=alternate type='application/rss+xml; charset=utf-8' title='Acme &raquo; Comments' href='comments/feed'>\
            <link REL='Alternate' TYPE='application/atom+xml' href='atom.xml'>\
            <link rel=alternate type='application/json' href='/wp-json/1'>\
            <link rel=alternate hreflang=de href='/de'><link rel=stylesheet href=x.css></head>";
        assert_eq!(
            blocks("https://acme.example/news/1", head),
            [
                "kind = \"rss\" url = \"https://acme.example/blog/atom.xml\"",
                "kind = \"rss\" url = \"https://acme.example/blog/comments/feed\""
            ]
        );
        let feed = "<rss version='2.0'><channel><item><guid>1</guid><title>x</title></item></channel></rss>";
        assert_eq!(blocks("https://acme.example/out", feed), ["kind = \"rss\" url = \"https://acme.example/out\""]);
        assert_eq!(blocks("https://acme.example/", "<p>nothing"), [""; 0]);
    }

    #[test]
    fn software_that_names_itself_goes_before_the_feeds_that_it_names() {
        let discourse = "<meta name=generator content='Discourse 3.5 - https://example.org'>\
            <link rel=search href='/forum/opensearch.xml'><link rel=alternate type=application/rss+xml href=latest.rss>";
        let found = blocks("https://acme.example/forum/c/help/uploads/12", discourse);
        assert_eq!(found[0], "kind = \"discourse\" url = \"https://acme.example/forum\" category = \"help/uploads\"");
        assert_eq!(found.len(), 2);
        let channel = "<link rel=canonical href='https://www.youtube.com/channel/UCacmeacmeacmeacmeacme01'>";
        let found = blocks("https://www.youtube.com/@acme", channel);
        assert_eq!(found, ["kind = \"youtube\" channel = \"UCacmeacmeacmeacmeacme01\""]);
        let data = "<script>window.isoData={};</script><title>lemmy</title>";
        let found = blocks("https://talk.acme.example/c/uploads", data);
        assert_eq!(found, ["kind = \"lemmy\" url = \"https://talk.acme.example\" community = \"uploads\""]);
        let mut front = page("https://social.acme.example/", "");
        front.software = "mastodon".to_owned();
        assert!(by_page(&front)[0].block.contains("local = true"));
    }

    #[test]
    fn who_knows_the_host_goes_before_who_knows_the_path() {
        let found = |url: &str| {
            let found = by_address(&Url::parse(url).expect("a URL"));
            found.into_iter().map(|found| found.block.lines().nth(2).unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("https://www.reddit.com/r/acme/new/.rss"), ["kind = \"reddit\"", "kind = \"rss\""]);
        assert_eq!(found("https://acme.example/"), [""; 0]);
    }

    #[test]
    fn robots_and_nodeinfo_lead_only_where_they_may() {
        let site = Url::parse("https://acme.example/a").expect("a URL");
        let urls = |robots| sitemaps(robots, &site).into_iter().map(String::from).collect::<Vec<_>>();
        assert_eq!(
            urls(Some("User-agent: *\nSITEMAP : /news.xml\nSitemap: ftp://x/")),
            ["https://acme.example/news.xml"]
        );
        assert_eq!(urls(None), ["https://acme.example/sitemap.xml"]);
        let answer = |href: &str| {
            page("https://acme.example/.well-known/nodeinfo", &format!("{{\"links\":[{{\"href\":\"{href}\"}}]}}"))
        };
        assert!(nodeinfo_address(&answer("https://evil.example/2.0").response).is_none());
        assert!(nodeinfo_address(&answer("/nodeinfo/2.0").response).is_some());
        assert_eq!(software(br#"{"software":{"name":"Lemmy"}}"#).as_deref(), Some("lemmy"));
    }
}
