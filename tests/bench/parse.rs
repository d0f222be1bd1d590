//! How many megabytes of feeds a second become posts in our own form, and what does each step cost?
//!
//! `cargo bench --bench parse -- DIR` with the folder of the corpora, or `OVERHEARD_CORPORA=DIR cargo bench --bench parse`.
//!
//! Read are the feeds of XML that real sites wrote (`feeds-feed-rs`, `feeds-newsboat`) and that feed-rs reads too: once as they
//! are, most of them a few kilobytes, and once with their items repeated until each has 100 kB. Everything runs on
//! one thread; times are CPU time, the best of several runs. The steps hold each other: a walk over all events of
//! quick-xml and nothing else; feed-rs alone; our reader, which uses both; and the same with every post normalised.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops at the first surprise and prints what it measured"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use overheard::model::{Response, Timestamp};
use overheard::normalize::{self, Origin};
use overheard::parse::{charset, feed};
use overheard::pipeline::usage::Meter;
use quick_xml::events::Event;

/// Folders of feeds as sites write them; the other suites are made of oddities of a few hundred bytes.
const SUITES: [&str; 2] = ["feeds-feed-rs", "feeds-newsboat"];
/// Runs of which the best counts.
const RUNS: usize = 5;
/// How long a run is at least.
const RUN: Duration = Duration::from_millis(500);
/// To how many bytes the short feeds grow for the second table.
const LONG: usize = 100_000;
const NOW: Timestamp = Timestamp(1_767_225_600_000);

fn main() {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).map(PathBuf::from);
    let Some(folder) = named.or_else(|| std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from)) else {
        println!("skipped: neither an argument nor OVERHEARD_CORPORA names the folder of the corpora");
        return;
    };
    let mut texts = Vec::new();
    SUITES.iter().for_each(|suite| read(&folder.join(suite), &mut texts));
    texts.retain(|text| feed_rs::parser::parse(text.as_bytes()).is_ok_and(|feed| !feed.entries.is_empty()));
    println!("one thread, CPU time, best of {RUNS} runs; MB are 1,000,000 bytes");
    measure("as they are", &texts);
    let long: Vec<String> = texts.iter().map(|text| repeated(text)).collect();
    measure("items repeated", &long);
}

/// The text of every file of XML in a folder and below.
fn read(folder: &Path, texts: &mut Vec<String>) {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read(&path, texts);
        } else if path.extension().is_some_and(|end| end == "xml") {
            texts.push(charset::decode(&std::fs::read(path).unwrap(), None).0);
        }
    }
}

/// A feed with its items repeated until it has [`LONG`] bytes.
fn repeated(text: &str) -> String {
    let ends = ["</item>", "</entry>"].iter().find_map(|end| Some(text.rfind(end)? + end.len()));
    let start = ["<item>", "<item ", "<entry>", "<entry "].iter().filter_map(|start| text.find(start)).min();
    let (Some(start), Some(end)) = (start, ends) else { return text.to_owned() };
    let items = &text[start..end];
    let times = LONG.div_ceil(items.len()).max(1);
    format!("{}{}{}", &text[..start], items.repeat(times), &text[end..])
}

fn measure(name: &str, texts: &[String]) {
    let answers: Vec<Response> = texts.iter().map(|text| answer(text)).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let posts: usize = answers.iter().map(read_posts).sum();
    println!("\n{name}: {} feeds, {:.2} MB, {posts} posts", texts.len(), bytes as f64 / 1e6);
    println!(
        "{:<28} {:>8} {:>10} {:>9} {:>12} {:>10}",
        "step", "MB/s", "CPU s/GB", "posts/s", "of quick-xml", "of feed-rs"
    );
    let steps = [
        ("walk of quick-xml", seconds(|| texts.iter().map(|text| walk(text)).sum())),
        ("feed-rs", seconds(|| texts.iter().map(|text| feed_rs_alone(text)).sum())),
        ("our reader", seconds(|| answers.iter().map(read_posts).sum())),
        ("our reader, normalised", seconds(|| answers.iter().map(read_and_normalise).sum())),
    ];
    for (step, taken) in steps {
        println!(
            "{step:<28} {:>8.0} {:>10.2} {:>9.0} {:>11.1}x {:>9.2}x",
            bytes as f64 / taken / 1e6,
            taken / bytes as f64 * 1e9,
            posts as f64 / taken,
            taken / steps[0].1,
            taken / steps[1].1
        );
    }
}

/// The least seconds of CPU that one piece of work took.
fn seconds(work: impl Fn() -> usize) -> f64 {
    let run = || {
        let meter = Meter::start();
        let mut rounds = 0_u32;
        while meter.elapsed() < RUN {
            black_box(work());
            rounds += 1;
        }
        meter.seconds() / f64::from(rounds)
    };
    (0..RUNS).map(|_| run()).fold(f64::INFINITY, f64::min)
}

fn answer(text: &str) -> Response {
    Response {
        status: 200,
        url: "https://acme.example/feed.xml".parse().unwrap(),
        headers: Vec::new(),
        body: text.as_bytes().to_vec().into(),
        received_at: NOW,
    }
}

fn walk(text: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut events = 0;
    while !matches!(black_box(reader.read_event().unwrap()), Event::Eof) {
        events += 1;
    }
    events
}

fn feed_rs_alone(text: &str) -> usize {
    black_box(feed_rs::parser::parse(text.as_bytes()).unwrap()).entries.len()
}

fn read_posts(answer: &Response) -> usize {
    black_box(feed::read(answer)).map_or(0, |feed| feed.posts.len())
}

fn read_and_normalise(answer: &Response) -> usize {
    let Ok(feed) = feed::read(answer) else { return 0 };
    let origin = Origin { source: "bench", kind: "rss", base: &answer.url, received_at: NOW };
    feed.posts.into_iter().flatten().filter_map(|raw| normalize::post(raw, &origin).ok()).map(black_box).count()
}
