//! How is a site without a feed listened to by its sitemap?
//!
//! Sitemaps list every page of a site, at most 50,000 in a file, gzipped or not; an index lists sitemaps; Google's news
//! extension adds title, date, language and keywords of the last two days (read in the protocol of sitemaps.org and
//! Google's documentation, 2026-11-22). They are made for machines and have no limits of their own.
//!
//! `robots.txt` is not asked before a sitemap is: it is where sites announce their sitemaps, for robots to read, and many
//! forbid everything else there. The pages that it lists are never fetched; their address, title and date come from the sitemap.
//! Whoever listens to the pages themselves uses `web_page`, which obeys robots.txt.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::model::{
    Duration, Fault, Lack, Next, PostType, Progress, Rank, RawPost, ReadError, Reading, Recognised, Rejection, Request,
    Response, SeenPage, Settings, Source, SourceKind, TextForm, Timestamp,
};
use crate::parse::json;
use crate::parse::sitemap::{self, Entry};

pub static KIND: Kind = Kind;

pub struct Kind;

/// Most pages that one sitemap makes posts of; the newest.
const MAX_POSTS: usize = 1_000;
/// How many pages without a date are looked at, at the beginning and at the end of a sitemap: there new ones stand.
const UNDATED: usize = 100;
/// Most marks of known pages without a date that are kept.
const MAX_MARKS: usize = 600;
/// Most sitemaps of an index that one poll may be allowed to read.
const MAX_CHILDREN: u32 = 20;
/// Most patterns of one list.
const MAX_PATTERNS: usize = 64;
/// How far behind the newest date known a page may be dated and still be new: many sitemaps give days, some are made once a day.
const OVERLAP: Duration = Duration::days(2);
/// Note with the marks of known pages that have no date.
const KNOWN: &str = "known";
/// Note with the moment (seconds since the Unix epoch) that the poll goes back to.
const SINCE: &str = "since";

/// What can be set for a source of this kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Address of the sitemap or sitemap index; `robots.txt` names it in its lines `Sitemap:`.
    #[schemars(with = "String")]
    url: Url,
    /// Only pages whose path matches one of these: `/blog/*`. A `*` stands for anything.
    #[serde(default)]
    include: Vec<String>,
    /// No pages whose path matches one of these: `/blog/tag/*`.
    #[serde(default)]
    exclude: Vec<String>,
    /// Most sitemaps of an index that one poll reads, the last changed first: 1 to 20.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 20))]
    children: u32,
}

fn five() -> u32 {
    5
}

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "sitemap"
    }

    fn summary(&self) -> &'static str {
        "New pages of a site, by its sitemap or news sitemap"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "acme-news"
kind = "sitemap"
url = "https://acme.example/news-sitemap.xml"
exclude = ["/jobs/*"]
every = "15m"
"#
    }

    fn recognise(&self, url: &Url) -> Option<String> {
        let file = url.path_segments()?.next_back()?.to_ascii_lowercase();
        let is_sitemap = file.contains("sitemap") && (file.ends_with(".xml") || file.ends_with(".xml.gz"));
        if !is_sitemap || !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let name = url.host_str()?.trim_start_matches("www.").replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let name = name.trim_matches('-');
        let address = toml::Value::String(url.to_string());
        Some(format!("[[source]]\nname = \"{name}\"\nkind = \"sitemap\"\nurl = {address}\nevery = \"15m\"\n"))
    }

    fn recognise_page(&self, page: &SeenPage) -> Vec<Recognised> {
        let url = &page.response.url;
        let Ok(found) = sitemap::read(&page.response) else { return Vec::new() };
        if found.entries.is_empty() {
            return Vec::new();
        }
        let name = url.host_str().unwrap_or_default().trim_start_matches("www.");
        let (name, address) = (toml::Value::from(name), toml::Value::from(url.as_str()));
        let block = format!("[[source]]\nname = {name}\nkind = \"sitemap\"\nurl = {address}\nevery = \"15m\"\n");
        let why = format!("it is a sitemap of {} addresses", found.entries.len());
        vec![Recognised { block, why, rank: Rank::Last }]
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let options: Options = settings.read()?;
        let mut faults = json::base(settings, "url", options.url.as_str()).err().unwrap_or_default();
        for (key, patterns) in [("include", &options.include), ("exclude", &options.exclude)] {
            if patterns.len() > MAX_PATTERNS {
                faults.push(settings.fault(key, format!("there are more than {MAX_PATTERNS} patterns")));
            }
            let wrong = patterns.iter().filter(|pattern| !pattern.starts_with(['/', '*']));
            faults.extend(wrong.map(|pattern| {
                settings.fault(key, format!("`{pattern}` matches no path")).hint("it begins with `/` or `*`: `/blog/*`")
            }));
        }
        if !(1..=MAX_CHILDREN).contains(&options.children) {
            faults.push(settings.fault("children", format!("`{}` is not from 1 to {MAX_CHILDREN}", options.children)));
        }
        if faults.is_empty() { Ok(Box::new(Site { options })) } else { Err(faults) }
    }
}

/// One configured sitemap. The cursor is the newest date seen, in seconds since the Unix epoch. `next` holds the
/// sitemaps that the poll still has to read, one a line.
#[derive(Debug)]
struct Site {
    options: Options,
}

impl Source for Site {
    fn next(&self, progress: &Progress) -> Next {
        if progress.page == 0 {
            return Next::Http(Box::new(Request::get(self.options.url.clone())));
        }
        let first = progress.next.as_deref().and_then(|queue| queue.lines().next());
        match first.and_then(|address| Url::parse(address).ok()) {
            Some(url) if is_web(&url) => Next::Http(Box::new(Request::get(url))),
            _ => Next::Done,
        }
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let read = sitemap::read(response)?;
        let mut after = begun(progress);
        let since = since(&after);
        let newest = read.entries.iter().filter_map(dated).filter(|date| *date <= response.received_at).max();
        let known = after.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
        after.cursor = newest.map(Timestamp::seconds).into_iter().chain(known).max().map(|newest| newest.to_string());
        let posts = if read.is_index {
            self.enqueue(&mut after, &read.entries, &response.url, since);
            Vec::new()
        } else {
            let pages: Vec<(Url, Entry)> =
                read.entries.into_iter().filter_map(|entry| self.page(entry, &response.url)).collect();
            let undated = new_undated(&mut after, &pages, since.is_some() || progress.cursor.is_some());
            newest_dated(&pages, since).into_iter().chain(undated).map(post).collect()
        };
        if after.next.is_none() {
            after.notes.remove(SINCE);
            // Tells the next poll that there was a first one, also where nothing has a date.
            after.cursor.get_or_insert_with(|| "0".to_owned());
        }
        Ok(Reading { posts, progress: after, repaired: read.repaired, ..Reading::default() })
    }

    fn lacks(&self) -> Option<Lack> {
        Some(Lack { fields: &["author", "likes", "replies"], why: "a sitemap says nothing of them, nor has it texts" })
    }
}

/// The progress behind this page, before what is on it counts.
fn begun(before: &Progress) -> Progress {
    let mut progress = Progress { page: before.page.saturating_add(1), ..before.clone() };
    let rest = before.next.as_deref().and_then(|queue| queue.split_once('\n')).map(|(_, rest)| rest.to_owned());
    progress.next = rest.filter(|_| before.page > 0);
    if before.page == 0 {
        match &before.cursor {
            Some(cursor) => progress.notes.insert(SINCE.to_owned(), cursor.clone()),
            None => progress.notes.remove(SINCE),
        };
    }
    progress
}

/// The moment before which pages were seen by earlier polls.
fn since(progress: &Progress) -> Option<Timestamp> {
    let newest: i64 = progress.notes.get(SINCE)?.parse().ok()?;
    Some(Timestamp::from_seconds(newest) - OVERLAP)
}

/// When a page was published, or else last changed: for a page that was not there before the two are the same.
fn dated(entry: &Entry) -> Option<Timestamp> {
    entry.news.as_ref().and_then(|news| news.published).or(entry.changed)
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Whether two addresses are of one host, with or without `www.`.
fn same_site(one: &Url, other: &Url) -> bool {
    let host = |url: &Url| url.host_str().map(|host| host.trim_start_matches("www.").to_owned());
    host(one) == host(other)
}

impl Site {
    /// Puts the sitemaps of an index in line, the last changed first; those that did not change are left out.
    fn enqueue(&self, progress: &mut Progress, entries: &[Entry], address: &Url, since: Option<Timestamp>) {
        let fresh = |entry: &&Entry| entry.changed.zip(since).is_none_or(|(changed, since)| changed > since);
        let mut children: Vec<&Entry> = entries.iter().filter(fresh).collect();
        children.sort_by_key(|entry| std::cmp::Reverse(entry.changed));
        let room = self.options.children.saturating_sub(progress.page - 1) as usize;
        // One site's index says nothing of another's: what it names there is left out, as sitemaps.org has it.
        let is_home = |child: &Url| is_web(child) && same_site(child, address);
        let addresses = children.iter().filter_map(|entry| address.join(&entry.address).ok()).filter(is_home);
        let waiting = progress.next.take();
        let waiting = waiting.iter().flat_map(|queue| queue.lines()).map(str::to_owned);
        let queue: Vec<String> = addresses.map(String::from).chain(waiting).take(room).collect();
        progress.next = Some(queue.join("\n")).filter(|queue| !queue.is_empty());
    }

    /// The address of a page that is listened to.
    fn page(&self, entry: Entry, address: &Url) -> Option<(Url, Entry)> {
        let url = address.join(&entry.address).ok().filter(is_web)?;
        let matches = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, url.path()));
        let wanted = self.options.include.is_empty() || matches(&self.options.include);
        (wanted && !matches(&self.options.exclude)).then_some((url, entry))
    }
}

/// The pages with a date that are newer than what was seen, newest first.
fn newest_dated(pages: &[(Url, Entry)], since: Option<Timestamp>) -> Vec<&(Url, Entry)> {
    let date = |page: &&(Url, Entry)| dated(&page.1);
    let mut fresh: Vec<&(Url, Entry)> =
        pages.iter().filter(|page| date(page).is_some_and(|date| since.is_none_or(|since| date > since))).collect();
    fresh.sort_by_key(|page| std::cmp::Reverse(date(page)));
    fresh.truncate(MAX_POSTS);
    fresh
}

/// The pages without a date that were not there before. The first poll only learns which there are: how old they
/// are nobody knows, and all of them would be told as new.
fn new_undated<'p>(progress: &mut Progress, pages: &'p [(Url, Entry)], learned: bool) -> Vec<&'p (Url, Entry)> {
    let undated: Vec<&(Url, Entry)> = pages.iter().filter(|(_, entry)| dated(entry).is_none()).collect();
    let behind = undated.len().saturating_sub(UNDATED).max(UNDATED.min(undated.len()));
    let looked_at = undated[..UNDATED.min(undated.len())].iter().chain(&undated[behind..]);
    let before = progress.notes.get(KNOWN).cloned().unwrap_or_default();
    let known: BTreeSet<&str> = before.split(' ').collect();
    let (mut marks, mut fresh) = (Vec::new(), Vec::new());
    for page in looked_at {
        let mark = blake3::hash(page.0.as_str().as_bytes()).to_hex()[..8].to_owned();
        if !known.contains(&*mark) && learned {
            fresh.push(*page);
        }
        marks.push(mark);
    }
    let kept = before.split(' ').filter(|mark| !mark.is_empty() && !marks.iter().any(|new| new == mark));
    let marks: Vec<&str> = marks.iter().map(String::as_str).chain(kept).take(MAX_MARKS).collect();
    if !marks.is_empty() {
        progress.notes.insert(KNOWN.to_owned(), marks.join(" "));
    }
    fresh
}

fn post((url, entry): &(Url, Entry)) -> Result<RawPost, Rejection> {
    let news = entry.news.clone().unwrap_or_default();
    let title = if news.title.is_empty() { words_of(url) } else { news.title };
    if title.is_empty() {
        let what = url.as_str().chars().take(120).collect();
        return Err(Rejection { why: "its address has no words and nothing else is known of it".to_owned(), what });
    }
    Ok(RawPost {
        key: url.to_string(),
        url: url.to_string(),
        post_type: PostType::Article,
        title,
        form: TextForm::Plain,
        published: dated(entry),
        updated: entry.changed,
        lang: news.lang,
        tags: news.keywords,
        ..RawPost::default()
    })
}

/// The words of a page's address: `/2026/11/acme-cloud-is-down_8812.html` is `acme cloud is down`.
fn words_of(url: &Url) -> String {
    let segments = url.path_segments().into_iter().flatten().rev();
    for segment in segments {
        let decoded = url::form_urlencoded::parse(format!("x={}", segment.replace('+', "%2B")).as_bytes())
            .next()
            .map(|(_, text)| text.into_owned())
            .unwrap_or_default();
        let stem =
            decoded.rsplit_once('.').filter(|(_, ending)| ending.len() <= 5).map_or(&decoded[..], |(stem, _)| stem);
        let parts = stem.split(['-', '_', '+', ' ', '.', ',']);
        let words: Vec<&str> =
            parts.filter(|part| part.chars().any(char::is_alphabetic)).filter(|part| !is_id(part)).collect();
        if !words.is_empty() && words != ["index"] {
            return words.join(" ");
        }
    }
    String::new()
}

/// Letters and digits mixed at length: a number of the site, not a word.
fn is_id(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    part.len() >= 6 && digits * 3 >= part.len()
}

/// Whether a path matches a pattern in which `*` stands for anything.
fn matches(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = pattern.rsplit_once('*').map(|(_, last)| last) else { return rest.is_empty() };
    let inner = pattern.matches('*').count() - 1;
    for part in parts.take(inner) {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(more: &str) -> Box<dyn Source> {
        let block = format!("url = \"https://acme.example/sitemap.xml\"\n{more}");
        KIND.load(&Settings::parse("source.x", &block).expect("TOML")).expect("a source")
    }

    fn read(source: &dyn Source, progress: &Progress, body: &str) -> Reading {
        let response = Response {
            status: 200,
            url: "https://acme.example/sitemap.xml".parse().expect("a URL"),
            headers: Vec::new(),
            body: body.to_owned().into(),
            received_at: Timestamp::parse("2026-11-22T00:00:00Z").expect("a date"),
        };
        source.read(progress, &response).expect("a sitemap")
    }

    fn asked(source: &dyn Source, progress: &Progress) -> Option<String> {
        match source.next(progress) {
            Next::Http(request) => Some(request.url.to_string()),
            Next::Subscribe(_) | Next::Done => None,
        }
    }

    fn pages(pages: &[(&str, &str)]) -> String {
        let page = |(path, date): &(&str, &str)| {
            let date = if date.is_empty() { String::new() } else { format!("<lastmod>{date}</lastmod>") };
            format!("<url><loc>https://acme.example{path}</loc>{date}</url>")
        };
        format!("<urlset>{}</urlset>", pages.iter().map(page).collect::<String>())
    }

    fn keys(reading: &Reading) -> Vec<&str> {
        reading.posts.iter().flatten().map(|post| post.key.trim_start_matches("https://acme.example")).collect()
    }

    #[test]
    fn an_index_leads_to_the_sitemaps_that_changed_last() {
        let source = source("children = 2");
        let index = "<sitemapindex><sitemap><loc>/a.xml</loc><lastmod>2026-11-01</lastmod></sitemap>\
                     <sitemap><loc>/b.xml</loc><lastmod>2026-11-21</lastmod></sitemap>\
                     <sitemap><loc>/c.xml</loc></sitemap><sitemap><loc>/d.xml</loc><lastmod>2026-11-20</lastmod></sitemap></sitemapindex>";
        let first = read(&*source, &Progress::default(), index).progress;
        assert_eq!(asked(&*source, &first).as_deref(), Some("https://acme.example/b.xml"));
        let second = read(&*source, &first, &pages(&[("/x-y", "2026-11-21")]));
        assert_eq!(
            (keys(&second), asked(&*source, &second.progress).as_deref()),
            (vec!["/x-y"], Some("https://acme.example/d.xml"))
        );
        let third = read(&*source, &second.progress, &pages(&[("/older-one", "2026-11-18")]));
        assert_eq!((keys(&third), asked(&*source, &third.progress)), (vec!["/older-one"], None));

        let later = read(&*source, &third.progress.start_poll(), index).progress;
        assert_eq!(later.next.as_deref(), Some("https://acme.example/b.xml\nhttps://acme.example/d.xml"));
        let unchanged = index
            .replace("2026-11-2", "2026-10-2")
            .replace("<loc>/c.xml</loc>", "<loc>/c.xml</loc><lastmod>2026-01-01</lastmod>");
        assert_eq!(asked(&*source, &read(&*source, &third.progress.start_poll(), &unchanged).progress), None);
    }

    #[test]
    fn an_index_that_names_itself_ends() {
        let source = source("children = 3");
        let index = "<sitemapindex><sitemap><loc>/sitemap.xml</loc></sitemap><sitemap><loc>/sitemap.xml</loc></sitemap></sitemapindex>";
        let mut progress = Progress::default();
        for _ in 0..4 {
            assert!(asked(&*source, &progress).is_some());
            progress = read(&*source, &progress, index).progress;
        }
        assert_eq!(asked(&*source, &progress), None);
    }

    #[test]
    fn a_later_poll_brings_what_is_newer_than_the_last_one_saw() {
        let source = source("");
        let first =
            read(&*source, &Progress::default(), &pages(&[("/old-one", "2025-01-01"), ("/new-one", "2026-11-20")]));
        assert_eq!(keys(&first), ["/new-one", "/old-one"]);
        let later = read(
            &*source,
            &first.progress.start_poll(),
            &pages(&[("/old-one", "2025-01-01"), ("/new-one", "2026-11-20"), ("/newest-one", "2026-11-21T10:00:00Z")]),
        );
        assert_eq!(keys(&later), ["/newest-one", "/new-one"]);
    }

    #[test]
    fn pages_without_a_date_are_learned_first_and_told_when_they_appear() {
        let source = source("");
        let first = read(&*source, &Progress::default(), &pages(&[("/one", ""), ("/two", "")]));
        assert_eq!(keys(&first), Vec::<&str>::new());
        let later = read(&*source, &first.progress.start_poll(), &pages(&[("/one", ""), ("/two", ""), ("/three", "")]));
        assert_eq!(keys(&later), ["/three"]);
        let again = read(&*source, &later.progress.start_poll(), &pages(&[("/three", ""), ("/one", ""), ("/two", "")]));
        assert_eq!(keys(&again), Vec::<&str>::new());
        let many: Vec<String> = (0..5_000).map(|n| format!("/page-{n}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|path| (&path[..], "")).collect();
        let learned = read(&*source, &Progress::default(), &pages(&many)).progress;
        assert!(learned.notes[KNOWN].len() <= MAX_MARKS * 9, "{}", learned.notes[KNOWN].len());
    }

    #[test]
    fn a_date_in_our_future_does_not_make_later_polls_blind() {
        let source = source("");
        let first = read(&*source, &Progress::default(), &pages(&[("/a-b", "2199-01-01"), ("/c-d", "2026-11-20")]));
        let later = read(&*source, &first.progress.start_poll(), &pages(&[("/e-f", "2026-11-21")]));
        assert_eq!(keys(&later), ["/e-f"]);
    }

    #[test]
    fn patterns_choose_pages_by_their_path() {
        for (pattern, path, matching) in [
            ("/blog/*", "/blog/x", true),
            ("/blog/*", "/blogs/x", false),
            ("/blog", "/blog/x", false),
            ("*/news/*.html", "/de/news/x.html", true),
            ("*/news/*.html", "/de/news/x.htm", false),
            ("/a*a", "/a", false),
            ("*", "/x", true),
            ("/*-*-*", "/a-b", false),
        ] {
            assert_eq!(matches(pattern, path), matching, "{pattern} {path}");
        }
        let source = source("include = [\"/blog/*\"]\nexclude = [\"*/tag/*\"]");
        let body = pages(&[("/blog/a-b", "2026-11-20"), ("/blog/tag/x", "2026-11-20"), ("/jobs/c", "2026-11-20")]);
        assert_eq!(keys(&read(&*source, &Progress::default(), &body)), ["/blog/a-b"]);
    }

    #[test]
    fn an_address_gives_its_words() {
        for (path, words) in [
            ("/2026/11/acme-cloud-is-down.html", "acme cloud is down"),
            ("/news/acme_sues_8812", "acme sues"),
            ("/news/refunds-a1b2c3d4/", "refunds"),
            ("/z%C3%BCrich/neue-r%C3%A4ume", "neue räume"),
            ("/products/12345", "products"),
            ("/", ""),
        ] {
            let url = Url::parse(&format!("https://acme.example{path}")).expect("a URL");
            assert_eq!(words_of(&url), words, "{path}");
        }
    }

    #[test]
    fn wrong_settings_are_told_with_a_hint() {
        for (more, key) in
            [("include = [\"blog/*\"]", "include"), ("children = 0", "children"), ("excludes = []", "excludes")]
        {
            let block = format!("url = \"https://acme.example/sitemap.xml\"\n{more}");
            let faults = KIND.load(&Settings::parse("source.x", &block).expect("TOML")).expect_err("faults");
            assert_eq!((faults.len(), &*faults[0].key), (1, &*format!("source.x.{key}")));
        }
    }
}
