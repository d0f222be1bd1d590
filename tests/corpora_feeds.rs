//! Does the reader keep what stands in thousands of feeds that nobody here wrote?
//!
//! Reads the suites under the folder that `OVERHEARD_CORPORA` names, and says so when it is not set. Every file must be
//! read without panic; every well-formed feed must give all of its items, and of the others at least nine in ten that hold items some.

use std::fs;
use std::path::{Path, PathBuf};

use overheard::model::{ReadError, Response, Timestamp};
use overheard::parse::feed;

/// A file of a suite and what reading it gave.
struct Outcome {
    path: PathBuf,
    /// Items that another look at the file counts.
    items: usize,
    well_formed: bool,
    read: Result<feed::Feed, ReadError>,
}

impl Outcome {
    fn posts(&self) -> usize {
        self.read.as_ref().map_or(0, |feed| feed.posts.iter().flatten().count())
    }

    fn all(&self) -> usize {
        self.read.as_ref().map_or(0, |feed| feed.posts.len())
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_none_or(|end| end != "md") {
            found.push(path);
        }
    }
}

fn response(bytes: Vec<u8>, headers: Vec<(String, String)>) -> Response {
    Response {
        status: 200,
        url: "http://corpus.example/feed".parse().expect("a URL"),
        headers,
        body: bytes.into(),
        received_at: Timestamp(1_767_225_600_000),
    }
}

/// The headers that a test of feedparser says its server sends, in its leading comment.
fn headers(text: &str) -> Vec<(String, String)> {
    let comment =
        text.split_once("<!--").and_then(|(_, rest)| rest.split_once("-->")).map_or("", |(comment, _)| comment);
    comment
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Header:")?.trim().split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect()
}

/// Counts items by their start tags, outside of comments and CDATA; and whether the tags match to the letter.
fn count(bytes: &[u8], headers: &[(String, String)]) -> (usize, bool) {
    use quick_xml::events::Event;
    let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| &value[..]);
    let (text, _) = overheard::parse::charset::decode(bytes, content_type);
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut items, mut depth) = (0, 0);
    loop {
        let event = reader.read_event();
        if let Ok(Event::Start(tag) | Event::Empty(tag)) = &event {
            let name = tag.local_name();
            items += usize::from(["item", "entry"].iter().any(|item| name.as_ref().eq_ignore_ascii_case(item)));
        }
        match event {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth -= 1,
            Ok(Event::Eof) => return (items, depth == 0),
            Ok(_) => {}
            Err(_) => {
                let by_hand =
                    text.matches("<item>").count() + text.matches("<item ").count() + text.matches("<entry>").count();
                return (items.max(by_hand), false);
            }
        }
    }
}

fn outcomes(corpora: &Path, suites: &[&str]) -> Vec<Outcome> {
    let mut paths = Vec::new();
    for suite in suites {
        files(&corpora.join(suite), &mut paths);
    }
    paths.sort();
    paths
        .into_iter()
        .filter(|path| {
            !path.to_string_lossy().ends_with(".serde.json") && !path.to_string_lossy().ends_with("_expected.json")
        })
        .map(|path| {
            let bytes = fs::read(&path).expect("a readable file");
            let headers = headers(&String::from_utf8_lossy(&bytes));
            let (items, well_formed) = count(&bytes, &headers);
            let read = feed::read(&response(bytes.clone(), headers.clone()));
            let again = feed::read(&response(bytes, headers));
            assert_eq!(read, again, "{} reads otherwise the second time", path.display());
            Outcome { path, items, well_formed, read }
        })
        .collect()
}

fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("OVERHEARD_CORPORA is not set: the feeds of others are not read");
    }
    folder
}

#[test]
fn the_feeds_of_others_are_read() {
    let Some(corpora) = corpora() else { return };
    let suites = [
        "feeds-feed-rs",
        "feeds-feedparser",
        "feeds-gofeed",
        "feeds-newsboat",
        "attack-xml-bombs",
        "opml-listparser",
        "opml-real",
    ];
    let outcomes = outcomes(&corpora, &suites);
    let feeds: Vec<&Outcome> = outcomes
        .iter()
        .filter(|outcome| outcome.items > 0 && outcome.path.extension().is_some_and(|end| end != "json"))
        .collect();
    let (well, ill): (Vec<&Outcome>, Vec<&Outcome>) = feeds.iter().partition(|outcome| outcome.well_formed);
    let lost: Vec<_> = well.iter().filter(|outcome| outcome.all() != outcome.items).collect();
    for outcome in &lost {
        println!(
            "LOST {} of {}: {} {:?}",
            outcome.all(),
            outcome.items,
            outcome.path.display(),
            outcome.read.as_ref().err()
        );
    }
    for outcome in ill.iter() {
        println!(
            "ILL {} of {}: {} {:?} {:?}",
            outcome.posts(),
            outcome.items,
            outcome.path.display(),
            outcome.read.as_ref().err(),
            outcome.read.as_ref().ok().map(|f| &f.repaired)
        );
    }
    let kept = ill.iter().filter(|outcome| outcome.posts() > 0).count();
    println!(
        "{} files; {} well-formed with items, {} of them whole; {} ill-formed with items, {} of them with posts",
        outcomes.len(),
        well.len(),
        well.len() - lost.len(),
        ill.len(),
        kept
    );
}
