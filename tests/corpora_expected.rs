//! Does a post hold what the suites of others say that a feed says?
//!
//! Reads the suites under the folder that `OVERHEARD_CORPORA` names, and says so when it is not set. feedparser states its expectation in
//! the leading comment of each file, gofeed in a file of JSON beside it. Counted is every stated value that a post of ours has a place
//! for: title, body, permalink, id, author's name and address, dates, tags, language. Not counted is what a post does not hold (the feed's
//! own fields, enclosures, sources, contributors, rights, iTunes and chapters, a second author, `type`, `base` and `scheme` of a field), and
//! what we never keep: e-mail addresses. Bodies are compared by their words and links, as markup is not kept.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use overheard::model::{Post, RawPost, Response, TextForm, Timestamp};
use overheard::normalize::{self, Origin};
use overheard::parse::{date, feed};
use serde_json::Value;
use url::Url;

/// Where feedparser serves its files, which relative addresses in its expectations count from.
const SERVED: &str = "http://127.0.0.1:8097/";
const NOW: Timestamp = Timestamp(1_767_225_600_000);
/// Of the stated values so many of a thousand must be met: the goal.
const LEAST: usize = 990;

/// What a value is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Title,
    Body,
    Link,
    Id,
    Author,
    AuthorUrl,
    Published,
    Updated,
    Tag,
    Language,
}

/// One stated value of one item.
#[derive(Debug)]
struct Stated {
    item: usize,
    place: Place,
    value: String,
}

struct Case {
    path: PathBuf,
    bytes: Vec<u8>,
    headers: Vec<(String, String)>,
    stated: Vec<Stated>,
    /// The suite says that it is, so that only what is kept of it counts.
    ill_formed: bool,
}

fn corpora() -> Option<PathBuf> {
    let found = std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from);
    if found.is_none() {
        eprintln!("OVERHEARD_CORPORA is not set: the expectations of others are not checked");
    }
    found
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|end| end == ending) {
            found.push(path);
        }
    }
}

/// Strings of Python, one behind the other or with a `+` between them, are one.
fn python_text(mut text: &str) -> Option<String> {
    let mut whole = None::<String>;
    while let Some((part, rest)) = python_string(text.trim_start()) {
        whole.get_or_insert_default().push_str(&part);
        text = rest.trim_start().trim_start_matches('+');
    }
    whole
}

/// A string of Python at the start of a text, and what stands behind it.
fn python_string(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('u').unwrap_or(text);
    if let Some(long) = ["\'\'\'", "\"\"\""].iter().find(|long| text.starts_with(**long)) {
        return text[3..].split_once(long).map(|(value, rest)| (value.to_owned(), rest));
    }
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let mut letters = text[1..].char_indices();
    let mut value = String::new();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return Some((value, &text[at + 2..]));
        }
        if letter != '\\' {
            value.push(letter);
            continue;
        }
        let escape = letters.next()?.1;
        let mut code = |digits: usize| {
            let hex: String = letters.by_ref().take(digits).map(|(_, digit)| digit).collect();
            u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32)
        };
        match escape {
            'x' => value.push(code(2)?),
            'u' => value.push(code(4)?),
            'U' => value.push(code(8)?),
            'n' => value.push('\n'),
            't' => value.push('\t'),
            'r' => value.push('\r'),
            other => value.push(other),
        }
    }
    None
}

/// What feedparser calls a value of an item, and where a post has it.
fn place_of_feedparser(path: &str) -> Option<Place> {
    Some(match path {
        "title" | "title_detail.value" => Place::Title,
        "description" | "summary" | "summary_detail.value" | "content.0.value" => Place::Body,
        "link" => Place::Link,
        "id" => Place::Id,
        "author" | "author_detail.name" | "authors.0.name" => Place::Author,
        "author_detail.url" | "author_detail.href" | "authors.0.url" => Place::AuthorUrl,
        "published" | "published_parsed" | "created" | "created_parsed" => Place::Published,
        "updated" | "updated_parsed" => Place::Updated,
        "tags.0.term" | "tags.1.term" | "tags.0.label" | "tags.1.label" | "category" => Place::Tag,
        "content.0.language" | "summary_detail.language" | "title_detail.language" => Place::Language,
        _ => return None,
    })
}

/// `entries[0]['title_detail']['value']` as `title_detail.value` of item 0; and what stands behind.
fn python_path(text: &str) -> Option<(usize, String, &str)> {
    let text = text.strip_prefix("entries[")?;
    let (item, mut rest) = text.split_once(']')?;
    let mut path = Vec::new();
    loop {
        let key;
        if let Some(more) = rest.strip_prefix('.') {
            let end = more.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(more.len());
            (key, rest) = more.split_at(end);
        } else if let Some(more) = rest.strip_prefix('[') {
            let end = more.find(']')?;
            key = more[..end].trim_matches(['\'', '"']);
            rest = &more[end + 1..];
        } else {
            return Some((item.parse().ok()?, path.join("."), rest));
        }
        path.push(key);
    }
}

/// A date as `(2003, 12, 31, 10, 14, 55, 2, 365, 0)`.
fn python_date(text: &str) -> Option<String> {
    let numbers = text.strip_prefix('(')?.split(')').next()?;
    let part: Vec<u32> = numbers.split(',').map_while(|number| number.trim().parse().ok()).collect();
    let [year, month, day, hour, minute, second, ..] = part[..] else { return None };
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

/// The values that one expression of feedparser states; everything else in it is left out.
fn stated_by_feedparser(expression: &str) -> Vec<Stated> {
    let paths = expression.match_indices("entries[").filter_map(|(at, _)| python_path(&expression[at..]));
    let stated = paths.filter_map(|(item, path, mut rest)| {
        let place = place_of_feedparser(&path)?;
        loop {
            rest = rest.trim_start().strip_prefix("==")?.trim_start();
            // `a == b == 'value'` says the same of both.
            match python_path(rest) {
                Some((_, _, behind)) => rest = behind,
                None => break,
            }
        }
        let value = python_text(rest).or_else(|| python_date(rest))?;
        Some(Stated { item, place, value })
    });
    stated.collect()
}

fn of_feedparser(path: &Path) -> Option<Case> {
    let bytes = fs::read(path).expect("a file");
    // The comment is ASCII in whichever encoding; those in UTF-16 lose their zeroes.
    let text: String = bytes.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    let (comment, _) = text.split_once("<!--")?.1.split_once("-->")?;
    let ill_formed = comment.contains("bozo") && !comment.contains("not bozo");
    let field = |name: &str| {
        comment.lines().filter_map(|line| line.trim().strip_prefix(name)).map(str::trim).collect::<Vec<_>>()
    };
    let headers = field("Header:").into_iter().filter_map(|header| header.split_once(':'));
    let headers = headers.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())).collect();
    let mut stated: Vec<Stated> = field("Expect:").into_iter().flat_map(stated_by_feedparser).collect();
    // An address alone is no author of ours.
    stated.retain(|stated| stated.place != Place::AuthorUrl || text.contains("<name>"));
    let ill_formed = ill_formed || path.to_string_lossy().contains("illformed");
    Some(Case { path: path.to_owned(), bytes, headers, stated, ill_formed })
}

/// The values that gofeed states of one item.
fn stated_by_gofeed(number: usize, item: &Value) -> Vec<Stated> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let alternate = |links: &Value| {
        let link = links.as_array()?.iter().find(|link| link["rel"] == "alternate")?;
        text(&link["href"])
    };
    let name = |author: &Value| text(author).or_else(|| text(&author["name"])).or_else(|| text(&author["email"]));
    let first_name = name(&item["author"]).or_else(|| name(&item["authors"][0]));
    let own = [&item["content_html"], &item["content_text"]];
    let body = [own[0], own[1], &item["content"], &item["content"]["value"], &item["description"], &item["summary"]];
    let several = item["links"].as_array().is_some_and(|links| links.len() > 1 && links[0].is_string());
    let values = [
        (Place::Title, text(&item["title"])),
        (Place::Body, body.into_iter().find_map(text)),
        // RSS knows one link; of several nobody says which one counts.
        (Place::Link, text(&item["link"]).filter(|_| !several).or_else(|| alternate(&item["links"]))),
        (Place::Id, text(&item["guid"]).or_else(|| text(&item["guid"]["value"])).or_else(|| text(&item["id"]))),
        (Place::Author, first_name),
        (Place::AuthorUrl, text(&item["authors"][0]["uri"]).filter(|_| item["authors"][0]["name"].is_string())),
        (Place::Published, text(&item["publishedParsed"]).or_else(|| text(&item["pubDateParsed"]))),
        (Place::Updated, text(&item["updatedParsed"])),
    ];
    let stated = values.into_iter().filter_map(|(place, value)| Some(Stated { item: number, place, value: value? }));
    let tags = item["categories"].as_array().into_iter().flatten();
    let tags = tags.filter_map(|tag| text(tag).or_else(|| text(&tag["value"])).or_else(|| text(&tag["term"])));
    stated.chain(tags.map(|value| Stated { item: number, place: Place::Tag, value })).collect()
}

fn of_gofeed(path: &Path) -> Option<Case> {
    let expected: Value = serde_json::from_slice(&fs::read(path).expect("a file")).ok()?;
    let name = path.file_name()?.to_str()?;
    let beside = [name.replace("_expected.json", ".json"), name.replace(".json", ".xml")];
    let feed = beside
        .iter()
        .filter(|other| *other != name)
        .map(|other| path.with_file_name(other))
        .find(|path| path.exists())?;
    let items = expected["items"].as_array().or_else(|| expected["entries"].as_array())?;
    let stated = items.iter().enumerate().flat_map(|(number, item)| stated_by_gofeed(number, item)).collect();
    Some(Case { bytes: fs::read(&feed).expect("a file"), path: feed, headers: Vec::new(), stated, ill_formed: false })
}

impl Case {
    fn url(&self) -> Url {
        let path = self.path.to_string_lossy();
        let served = path.split_once("feeds-feedparser/").map_or("feed.xml", |(_, path)| path);
        Url::parse(SERVED).and_then(|base| base.join(served)).expect("a URL")
    }

    fn read(&self, bytes: &[u8]) -> Vec<Option<RawPost>> {
        let body = bytes.to_vec().into();
        let answer = Response { status: 200, url: self.url(), headers: self.headers.clone(), body, received_at: NOW };
        feed::read(&answer).map(|feed| feed.posts.into_iter().map(Result::ok).collect()).unwrap_or_default()
    }

    /// The posts. Files about one field have often no other: an item that nobody could show gets a title first.
    fn posts(&self) -> Vec<Option<RawPost>> {
        let mut posts = self.read(&self.bytes);
        if posts.iter().all(Option::is_some) {
            return posts;
        }
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        let ends = ["</item>", "</entry>", "</ITEM>"];
        let titled = ends.iter().fold(text, |text, end| text.replace(end, &format!("<title>Words</title>{end}")));
        let titled = self.read(titled.as_bytes());
        for (post, titled) in posts.iter_mut().zip(titled) {
            *post = post.take().or(titled);
        }
        posts
    }

    fn normal(&self, raw: RawPost) -> Option<Post> {
        let url = self.url();
        normalize::post(raw, &Origin { source: "suite", kind: "rss", base: &url, received_at: NOW }).ok()
    }

    /// Words and links of a body.
    fn body(&self, text: &str, form: TextForm) -> (String, Vec<String>) {
        let raw = RawPost { key: "x".into(), title: "x".into(), text: text.to_owned(), form, ..RawPost::default() };
        self.normal(raw).map(|post| (words(&post.text), post.links)).unwrap_or_default()
    }

    fn title(&self, text: &str, form: TextForm) -> String {
        let raw = RawPost { key: "x".into(), text: "x".into(), title: text.to_owned(), form, ..RawPost::default() };
        self.normal(raw).map(|post| words(&post.title)).unwrap_or_default()
    }

    fn plain(&self, text: &str) -> String {
        self.title(&self.title(text, TextForm::Html), TextForm::Html)
    }

    /// Whether a post says what is stated. Of a text the suites do not say whether it is markup: either reading will do.
    fn meets(&self, stated: &Stated, post: &RawPost) -> bool {
        let value = &stated.value;
        let forms = [TextForm::Html, TextForm::Plain];
        let same_url =
            |url: &str| Url::parse(url).ok().is_some_and(|url| self.url().join(value.trim()).ok() == Some(url));
        let same_time = |found: Option<Timestamp>| found.is_some() && found == date::parse(value);
        match stated.place {
            Place::Title => forms.iter().any(|form| self.title(value, *form) == self.title(&post.title, post.form)),
            Place::Body => forms.iter().any(|form| self.body(value, *form) == self.body(&post.text, post.form)),
            Place::Link => same_url(&post.url),
            Place::Id => {
                post.key == value.trim() || post.key.ends_with(&format!(":{}", value.trim())) || same_url(&post.key)
            }
            Place::Author => post.author.as_ref().is_some_and(|author| {
                // A name has no markup, also where it stands escaped.
                self.title(&author.name, TextForm::Html) == self.plain(&without_mail(value))
            }),
            Place::AuthorUrl => post.author.as_ref().and_then(|author| author.url.as_deref()).is_some_and(same_url),
            Place::Published => same_time(post.published),
            Place::Updated => same_time(post.updated) || same_time(post.published),
            Place::Tag => post.tags.iter().any(|tag| tag == value.trim()),
            Place::Language => post.lang.as_deref() == Some(value),
        }
    }

    /// Whether the post in our own form still says it.
    fn kept(&self, stated: &Stated, post: &Post) -> bool {
        let value = &stated.value;
        let forms = [TextForm::Html, TextForm::Plain];
        let same_url = |url: &str| {
            let stated = self.url().join(value.trim()).ok().map(|stated| normalize::canonical_url(&stated));
            Url::parse(url).ok().map(|url| normalize::canonical_url(&url)) == stated
        };
        let same_time = |found: Option<Timestamp>| found.is_some() && found == date::parse(value);
        match stated.place {
            Place::Title => forms.iter().any(|form| self.title(value, *form) == words(&post.title)),
            Place::Body => forms.iter().any(|form| self.body(value, *form).0 == words(&post.text)),
            Place::Link => same_url(&post.url),
            Place::Id => {
                post.key == value.trim() || post.key.ends_with(&format!(":{}", value.trim())) || same_url(&post.key)
            }
            Place::Author => post.author.as_ref().is_some_and(|author| author.name == self.plain(&without_mail(value))),
            Place::AuthorUrl => post.author.as_ref().and_then(|author| author.url.as_deref()).is_some_and(same_url),
            Place::Published => same_time(post.published),
            Place::Updated => same_time(post.updated) || same_time(post.published),
            Place::Tag => post.tags.iter().any(|tag| *tag == words(value).to_lowercase()),
            Place::Language => post.lang.as_deref() == value.split('-').next(),
        }
    }

    /// What a raw post says and the post in our own form does not; nothing of posts without any word, which are rejected.
    fn lost(&self) -> Vec<String> {
        let posts: Vec<_> = self.posts().into_iter().map(|raw| Some((raw.clone()?, self.normal(raw?)?))).collect();
        let mut lost = Vec::new();
        for stated in &self.stated {
            let Some((raw, post)) = posts.get(stated.item).and_then(Option::as_ref) else { continue };
            if self.meets(stated, raw) && !self.kept(stated, post) {
                lost.push(format!("not kept of {}: {stated:?}, but {post:?}", self.path.display()));
            }
        }
        lost
    }

    fn failures(&self) -> Vec<String> {
        let posts = self.posts();
        let mut failures = Vec::new();
        for stated in &self.stated {
            let post = posts.get(stated.item).and_then(Option::as_ref);
            if post.is_none_or(|post| !self.meets(stated, post)) {
                failures.push(format!("{}: {stated:?}, but {post:?}", self.path.display()));
            }
        }
        failures
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `Jane (jane@acme.example)` without its address; of an address alone the part that we show.
fn without_mail(author: &str) -> String {
    let (mails, names): (Vec<&str>, Vec<&str>) = author.split_whitespace().partition(|word| word.contains('@'));
    if names.is_empty() {
        return mails.first().and_then(|mail| mail.split('@').next()).unwrap_or_default().to_owned();
    }
    names.join(" ").trim_matches(['(', ')']).to_owned()
}

fn cases(corpora: &Path) -> Vec<Case> {
    let (mut feedparser, mut gofeed) = (Vec::new(), Vec::new());
    files(&corpora.join("feeds-feedparser"), "xml", &mut feedparser);
    files(&corpora.join("feeds-gofeed"), "json", &mut gofeed);
    let feedparser = feedparser.iter().filter_map(|path| of_feedparser(path));
    feedparser.chain(gofeed.iter().filter_map(|path| of_gofeed(path))).collect()
}

#[test]
fn a_post_holds_what_the_suites_of_others_state() {
    let Some(corpora) = corpora() else { return };
    let (mut met, mut all, mut failures, mut lost) = (0, 0, Vec::new(), Vec::new());
    let mut places: BTreeMap<Place, (usize, usize)> = BTreeMap::new();
    for case in cases(&corpora).iter().filter(|case| !case.ill_formed) {
        lost.extend(case.lost());
        let failed = case.failures();
        for stated in &case.stated {
            places.entry(stated.place).or_default().1 += 1;
            let failed = failed.iter().any(|failure| failure.contains(&format!("{stated:?}")));
            places.entry(stated.place).or_default().0 += usize::from(!failed);
        }
        all += case.stated.len();
        met += case.stated.len() - failed.len();
        failures.extend(failed);
    }
    failures.iter().chain(&lost).for_each(|failure| println!("{failure}"));
    println!("{met} of {all} stated values of well-formed feeds; by place, met and stated: {places:?}");
    println!("{} of those met are not kept in our own form", lost.len());
    assert!(all > 300 && met * 1000 >= all * LEAST, "only {met} of {all}");
}

#[test]
fn posts_are_kept_of_feeds_that_are_not_well_formed() {
    let Some(corpora) = corpora() else { return };
    let mut paths = Vec::new();
    files(&corpora.join("feeds-feedparser"), "xml", &mut paths);
    let (mut kept, mut all) = (0, 0);
    for case in paths.iter().filter_map(|path| of_feedparser(path)).filter(|case| case.ill_formed) {
        let text = String::from_utf8_lossy(&case.bytes);
        if !["<item", "<entry"].iter().any(|start| text.contains(start)) {
            continue;
        }
        let posts = case.posts().iter().flatten().count();
        all += 1;
        kept += usize::from(posts > 0);
        if posts == 0 {
            println!("nothing is kept of {}", case.path.display());
        }
    }
    println!("posts are kept of {kept} of {all} feeds that are not well-formed");
    assert!(all > 0 && kept * 10 >= all * 9, "only {kept} of {all}");
}
