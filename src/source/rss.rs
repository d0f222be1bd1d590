//! How is a feed (RSS, Atom, JSON Feed) listened to?

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::model::{
    Fault, Next, PageLink, Progress, Rank, ReadError, Reading, Recognised, Request, Response, SeenPage, Settings,
    Source, SourceKind, words,
};
use crate::parse::feed;

pub static KIND: Kind = Kind;

/// What a feed reader says it understands; some sites serve HTML to whoever does not ask for a feed.
const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, \
                      application/xml;q=0.9, text/xml;q=0.8, */*;q=0.5";

/// Media types by which a page names its feeds.
const FEED_MEDIA: [&str; 4] =
    ["application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"];
/// Most feeds of one page that are told.
const MAX_FEEDS: usize = 20;

/// Ends of paths that feeds have and pages do not.
const FEED_PATHS: [&str; 12] = [
    ".rss",
    ".atom",
    ".rdf",
    "/feed",
    "/rss",
    "/atom",
    "/feed.xml",
    "/rss.xml",
    "/atom.xml",
    "/index.xml",
    "/feeds/posts/default",
    "/feed.json",
];

/// Posts of a feed: RSS of every version, Atom, JSON Feed, however broken.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rss {
    /// Address of the feed itself, not of the page that it belongs to; http or https.
    #[schemars(with = "String")]
    url: Url,
}

pub struct Kind;

/// A block for a feed of which only the address is known.
pub fn feed_block(name: &str, url: &Url) -> String {
    let (name, url) = (toml::Value::from(name), toml::Value::from(url.as_str()));
    format!("[[source]]\nname = {name}\nkind = \"rss\"\nurl = {url}\n")
}

fn is_feed_link(link: &PageLink) -> bool {
    let is_alternate = link.rel.split_whitespace().any(|rel| rel == "alternate" || rel == "feed");
    is_alternate && FEED_MEDIA.contains(&link.media.as_str()) && matches!(link.url.scheme(), "http" | "https")
}

/// A feed of comments, of replies, or of one topic.
fn is_aside(link: &PageLink) -> bool {
    let (address, title) = (link.url.as_str().to_lowercase(), link.title.to_lowercase());
    ["comment", "kommentar", "commentaire", "replies"].iter().any(|word| address.contains(word) || title.contains(word))
}

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "rss"
    }

    fn summary(&self) -> &'static str {
        "posts of a feed: RSS, Atom or JSON Feed"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Rss)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "acme-blog"
kind = "rss"
url = "https://blog.acme.example/feed.xml"
"#
    }

    fn recognise(&self, url: &Url) -> Option<String> {
        let path = url.path().trim_end_matches('/').to_ascii_lowercase();
        let is_feed = matches!(url.scheme(), "http" | "https") && FEED_PATHS.iter().any(|end| path.ends_with(end));
        let name = url.host_str()?.trim_start_matches("www.").replace('.', "-");
        is_feed.then(|| feed_block(&name, url))
    }

    /// The page is a feed itself, or its head names feeds.
    fn recognise_page(&self, page: &SeenPage) -> Vec<Recognised> {
        let response = &page.response;
        let found = |url: &Url, why: String| {
            let name = url.host_str().unwrap_or_default().trim_start_matches("www.");
            Recognised { block: feed_block(name, url), why, rank: Rank::Feed }
        };
        if let Ok(feed) = feed::read(response) {
            let posts = words::count(feed.posts.len() as u64, "post");
            return vec![found(&response.url, format!("the address is a feed itself, of {posts}"))];
        }
        let mut links: Vec<&PageLink> = page.links.iter().filter(|link| is_feed_link(link)).collect();
        // The page names its main feed first as a rule; those of comments and of parts are others.
        links.sort_by_key(|link| is_aside(link));
        let told = |link: &PageLink| {
            let title = if link.title.is_empty() { String::new() } else { format!(" (“{}”)", link.title) };
            found(&link.url, format!("the page names it as its feed{title}"))
        };
        links.into_iter().take(MAX_FEEDS).map(told).collect()
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let rss: Rss = settings.read()?;
        match rss.url.scheme() {
            "http" | "https" => Ok(Box::new(rss)),
            other => {
                Err(vec![settings.fault("url", format!("`{other}` is no way to fetch a feed")).hint("http or https")])
            }
        }
    }
}

impl Source for Rss {
    fn next(&self, progress: &Progress) -> Next {
        if progress.page > 0 {
            return Next::Done;
        }
        Next::Http(Box::new(Request::get(self.url.clone()).header("accept", ACCEPT)))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let feed = feed::read(response)?;
        Ok(Reading {
            posts: feed.posts,
            progress: Progress { page: progress.page.saturating_add(1), ..progress.clone() },
            repaired: feed.repaired,
            every: feed.every,
            ..Reading::default()
        })
    }

    fn feed(&self) -> Option<Url> {
        Some(self.url.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Duration, Timestamp};

    fn load(block: &str) -> Result<Box<dyn Source>, Vec<String>> {
        let settings = Settings::parse("source.x", block).expect("well-formed TOML");
        KIND.load(&settings)
            .map_err(|faults| faults.into_iter().map(|fault| fault.placed("s.toml", block).to_string()).collect())
    }

    fn source() -> Box<dyn Source> {
        load("url = \"https://blog.acme.example/feed.xml\"").expect("a source")
    }

    fn read(body: &'static [u8]) -> Reading {
        let response = Response {
            status: 200,
            url: "https://blog.acme.example/feed.xml".parse().expect("a URL"),
            headers: Vec::new(),
            body: body.into(),
            received_at: Timestamp(0),
        };
        source().read(&Progress::default(), &response).expect("a feed")
    }

    #[test]
    fn a_poll_asks_once_for_a_feed() {
        let source = source();
        let Next::Http(request) = source.next(&Progress::default()) else { panic!("a request") };
        assert_eq!(request.url.as_str(), "https://blog.acme.example/feed.xml");
        assert!(request.conditional && !request.robots);
        let after = read(include_bytes!("../../tests/fixtures/rss/rss2.xml")).progress;
        assert!(matches!(source.next(&after), Next::Done));
        assert!(matches!(source.next(&after.start_poll()), Next::Http(_)));
    }

    #[test]
    fn what_was_mended_is_said() {
        assert_eq!(
            read(include_bytes!("../../tests/fixtures/rss/broken.xml")).repaired,
            [
                "text before the feed left out",
                "bare & escaped (3 times)",
                "HTML entities replaced",
                "stray < escaped",
                "wrong version of RSS",
                "the feed is cut off",
                "tags that do not match",
            ]
        );
    }

    #[test]
    fn how_often_a_feed_changes_is_taken_from_what_it_says() {
        let sy = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'";
        for (says, every) in [
            ("<ttl>90</ttl>", Some(Duration::minutes(90))),
            ("<ttl>0</ttl>", None),
            ("<ttl>soon</ttl>", None),
            ("<ttl>99999999999999</ttl>", Some(Duration::days(30))),
            (
                "<sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>",
                Some(Duration::hours(1)),
            ),
            (
                "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
                Some(Duration::hours(6)),
            ),
            ("<sy:updatePeriod>daily</sy:updatePeriod><ttl>60</ttl>", Some(Duration::days(1))),
            ("<sy:updatePeriod>now and then</sy:updatePeriod>", None),
            ("", None),
        ] {
            let feed = format!(
                "<rss version='2.0' {sy}><channel>{says}<item><title>x</title><guid>1</guid></item></channel></rss>"
            );
            assert_eq!(read(feed.leak().as_bytes()).every, every, "{says}");
        }
    }

    #[test]
    fn faults_in_the_settings_are_found_at_once() {
        for (block, faults) in [
            ("", &["s.toml:1:1: source.x.url: `url` is missing"][..]),
            (
                "url = \"ftp://acme.example/\"",
                &["s.toml:1:7: source.x.url: `ftp` is no way to fetch a feed (http or https)"],
            ),
            (
                "url = \"blog.acme.example\"",
                &["s.toml:1:7: source.x.url: relative URL without a base: \"blog.acme.example\""],
            ),
        ] {
            assert_eq!(load(block).err().unwrap_or_default(), faults, "{block}");
        }
    }

    #[test]
    fn the_sample_loads_and_feeds_are_recognised_by_their_address() {
        assert!(load(KIND.sample().split_once("kind = \"rss\"\n").expect("the kind").1).is_ok());
        for (url, known) in [
            ("https://blog.acme.example/feed/", true),
            ("https://acme.example/news.rss", true),
            ("https://acme.example/ATOM.xml", true),
            ("https://acme.example/", false),
            ("https://acme.example/feedback", false),
            ("ftp://acme.example/feed", false),
        ] {
            let block = KIND.recognise(&url.parse().expect("a URL"));
            assert_eq!(block.is_some(), known, "{url}");
        }
    }
}
