//! Does the reader keep what stands in thousands of feeds that nobody here wrote?
//!
//! Reads the suites under the folder that `OVERHEARD_CORPORA` names, and says so when it is not set. No file may make it
//! panic or read otherwise the second time; every item of a well-formed feed ends in a post or a rejection, and the damage
//! that feeds suffer in the wild costs no more than the item that it hits.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use overheard::model::{Response, Timestamp};
use overheard::parse::{charset, feed};
use quick_xml::Reader;
use quick_xml::events::Event;

const SUITES: [&str; 7] = [
    "feeds-feed-rs",
    "feeds-feedparser",
    "feeds-gofeed",
    "feeds-newsboat",
    "attack-xml-bombs",
    "opml-listparser",
    "opml-real",
];

/// A file of a suite.
struct Case {
    path: PathBuf,
    bytes: Vec<u8>,
    headers: Vec<(String, String)>,
    /// Items as another look at the file counts them.
    items: usize,
    well_formed: bool,
}

/// What came of reading a file.
#[derive(Debug, Default)]
struct Outcome {
    posts: usize,
    rejected: usize,
}

fn read(bytes: &[u8], headers: &[(String, String)]) -> Outcome {
    let answer = Response {
        status: 200,
        url: "http://corpus.example/feed".parse().expect("a URL"),
        headers: headers.to_vec(),
        body: bytes.to_vec().into(),
        received_at: Timestamp(1_767_225_600_000),
    };
    let first = feed::read(&answer);
    assert_eq!(first, feed::read(&answer), "the second reading differs");
    match first {
        Ok(feed) => {
            let posts = feed.posts.iter().flatten().count();
            Outcome { posts, rejected: feed.posts.len() - posts }
        }
        Err(_) => Outcome::default(),
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_none_or(|end| end != "md") {
            found.push(path);
        }
    }
}

/// The headers that a test of feedparser says its server sends, in its leading comment.
fn headers(text: &str) -> Vec<(String, String)> {
    let comment =
        text.split_once("<!--").and_then(|(_, rest)| rest.split_once("-->")).map_or("", |(comment, _)| comment);
    let stated = comment.lines().filter_map(|line| line.trim().strip_prefix("Header:")?.trim().split_once(':'));
    stated.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())).collect()
}

/// Counts items by their start tags, and says whether all tags match to the letter.
fn count(text: &str) -> (usize, bool) {
    let mut reader = Reader::from_str(text);
    let (mut items, mut depth) = (0, 0);
    loop {
        match reader.read_event() {
            Ok(event @ (Event::Start(_) | Event::Empty(_))) => {
                let (Event::Start(tag) | Event::Empty(tag)) = &event else { continue };
                let name = tag.local_name().as_ref().to_ascii_lowercase();
                items += usize::from(matches!(&name[..], "item" | "entry"));
                depth += usize::from(matches!(event, Event::Start(_)));
            }
            Ok(Event::End(_)) => depth -= 1,
            Ok(Event::Eof) => return (items, depth == 0),
            Ok(_) => {}
            Err(_) => {
                let starts = ["<item>", "<item ", "<entry>", "<entry "];
                return (starts.iter().map(|start| text.matches(start).count()).sum(), false);
            }
        }
    }
}

/// The cases of all suites; `None`, with a word about it, when there are none here.
fn cases() -> Option<Vec<Case>> {
    let Some(corpora) = std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from) else {
        eprintln!("OVERHEARD_CORPORA is not set: the feeds of others are not read");
        return None;
    };
    let mut paths = Vec::new();
    SUITES.iter().for_each(|suite| files(&corpora.join(suite), &mut paths));
    let case = |path: PathBuf| {
        let bytes = fs::read(&path).expect("a readable file");
        let headers = headers(&String::from_utf8_lossy(&bytes));
        let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| &value[..]);
        let (items, well_formed) = count(&charset::decode(&bytes, content_type).0);
        let is_xml = path.extension().is_none_or(|end| end != "json");
        Case { items: if is_xml { items } else { 0 }, path, bytes, headers, well_formed }
    };
    Some(paths.into_iter().map(case).collect())
}

#[test]
fn every_item_of_a_well_formed_feed_is_counted_and_of_the_others_what_there_is() {
    let Some(cases) = cases() else { return };
    let mut wrong = Vec::new();
    let (mut whole, mut ill, mut kept) = (0, 0, 0);
    for case in &cases {
        let outcome = read(&case.bytes, &case.headers);
        match (case.items, case.well_formed) {
            (0, _) => {}
            (items, true) if outcome.posts + outcome.rejected == items => whole += 1,
            (_, true) => wrong.push(format!("{}: {} items, but {outcome:?}", case.path.display(), case.items)),
            (_, false) => {
                ill += 1;
                kept += usize::from(outcome.posts + outcome.rejected > 0);
            }
        }
    }
    println!(
        "{} files: {whole} well-formed feeds whole, {} not; {kept} of {ill} ill-formed ones read",
        cases.len(),
        wrong.len()
    );
    assert_eq!(wrong, Vec::<String>::new());
    assert!(kept * 10 >= ill * 9, "only {kept} of {ill}");
}

/// What happens to feeds in the wild, each done once to the text of a feed; `None` where it finds nothing to do it to.
type Damage = (&'static str, fn(&str) -> Option<String>);

const DAMAGES: [Damage; 10] = [
    ("a wrong end tag", |text| in_first_item(text, "</title>", "</titel>")),
    ("no end tag", |text| in_first_item(text, "</title>", "")),
    ("a wrong start tag", |text| in_first_item(text, "<title>", "<titel>")),
    ("no end of an item", |text| text.contains("</item>").then(|| text.replacen("</item>", "", 1))),
    ("bare ampersands", |text| in_first_item(text, "<title>", "<title>R&D & AT&T; ")),
    ("a stray <", |text| in_first_item(text, "<title>", "<title>1 < 2 ")),
    ("raw HTML", |text| in_first_item(text, "<description>", "<description>a<br>b<p>c <b>d")),
    ("control bytes", |text| in_first_item(text, "<title>", "<title>\u{0}\u{8}&#0;")),
    ("text in front", |text| Some(format!("Warning: x & y in <b>/z.php</b>\n{}", text.trim_start()))),
    ("no version", |text| text.contains(" version=\"2.0\"").then(|| text.replacen(" version=\"2.0\"", "", 1))),
];

/// Replaces the first occurrence behind the start of the first item.
fn in_first_item(text: &str, old: &str, new: &str) -> Option<String> {
    let item = text.find("<item").or_else(|| text.find("<entry"))?;
    let at = item + text[item..].find(old)?;
    Some(format!("{}{new}{}", &text[..at], &text[at + old.len()..]))
}

#[test]
fn damage_costs_at_most_the_item_that_it_hits() {
    let Some(cases) = cases() else { return };
    for (name, damage) in DAMAGES {
        let (mut feeds, mut unhurt) = (0, 0);
        for case in cases.iter().filter(|case| case.well_formed && case.items > 0) {
            let text = charset::decode(&case.bytes, None).0;
            let before = read(text.as_bytes(), &[]).posts;
            let Some(damaged) = damage(&text).filter(|_| before > 0) else { continue };
            let after = read(damaged.as_bytes(), &[]).posts;
            feeds += 1;
            unhurt += usize::from(after + 1 >= before && after > 0);
            if after + 1 < before || after == 0 {
                println!("{name}: {after} of {before} posts of {}", case.path.display());
            }
        }
        println!("{name}: {unhurt} of {feeds} feeds keep all posts but at most one");
        assert!(unhurt * 100 >= feeds * 97, "{name}: only {unhurt} of {feeds}");
    }
}

#[test]
fn a_feed_that_is_cut_off_anywhere_keeps_what_was_whole() {
    let Some(cases) = cases() else { return };
    for case in cases.iter().filter(|case| case.well_formed && case.items > 0) {
        let text = charset::decode(&case.bytes, None).0;
        let ends = (1..20).map(|twentieth| text.floor_char_boundary(text.len() * twentieth / 20));
        for end in ends {
            let cut = &text[..end];
            let whole = cut.matches("</item>").count() + cut.matches("</entry>").count();
            let outcome = read(cut.as_bytes(), &[]);
            assert!(
                outcome.posts + outcome.rejected >= whole,
                "{} cut at {end}: {whole} items, but {outcome:?}",
                case.path.display()
            );
        }
    }
}
