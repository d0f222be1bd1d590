//! How many posts a second do one, a thousand, ten thousand and a hundred thousand watches take?
//!
//! `cargo bench --bench watches -- DIR` with the folder of the corpora, or `OVERHEARD_CORPORA=DIR cargo bench --bench watches`.
//! Numbers after the folder are other counts of watches.
//!
//! The watches are made from the words of the posts with a fixed seed: 20 % brands (a rare word with topics and
//! exclusions), 20 % phrases, 25 % boolean, 15 % NEAR and ONEAR, 8 % NOT, 7 % wildcards, 5 % fields; the words in
//! them are as common as people write them, and no watch matches more than 5 % of the short posts. Posts are
//! short ones (titles of Hacker News and Reddit, tweets, at most 300 bytes) and, apart, long ones (bodies of
//! Reddit and Usenet). Everything runs on one thread; times are CPU time, the best of several runs; each count
//! of watches has a process of its own, so that its memory is its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench stops at the first surprise and prints what it measured"
)]

#[path = "watches/corpus.rs"]
mod corpus;
#[path = "watches/rules.rs"]
mod rules;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use overheard::model::Post;
use overheard::pipeline::usage::{Meter, resident_megabytes};
use overheard::query::{Names, Place, Query, Subject, words};
use overheard::watch::{WatchSet, WatchSpec};

use corpus::Corpus;
use rules::{Maker, SHARES};

const COUNTS: [usize; 4] = [1, 1_000, 10_000, 100_000];
const SEED: u64 = 20_261_121;
/// Runs of which the best counts.
const RUNS: usize = 3;
/// How long a run is at least.
const RUN: Duration = Duration::from_millis(700);
/// Posts that a watch may match at most, as a share of the short ones.
const MOST: f64 = 0.05;
/// Names the file of queries for a process that measures them.
const QUERIES: &str = "OVERHEARD_BENCH_QUERIES";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let named = arguments.iter().find(|argument| argument.parse::<usize>().is_err()).map(PathBuf::from);
    let Some(folder) = named.or_else(|| std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from)) else {
        println!("skipped: neither an argument nor OVERHEARD_CORPORA names the folder of the corpora");
        return;
    };
    if let Some(file) = std::env::var_os(QUERIES) {
        let queries = std::fs::read_to_string(file).unwrap();
        return measure(&folder, &queries.lines().collect::<Vec<_>>());
    }
    let corpus = Corpus::read(&folder);
    println!("{} short posts, {} long ones", corpus.short.len(), corpus.long.len());
    let shares: Vec<String> = SHARES.iter().map(|(_, name, share)| format!("{name} {share} %")).collect();
    println!("watches: {}", shares.join(", "));
    println!("one thread, CPU time, best of {RUNS} runs\n");
    println!(
        "{:>8} {:>11} {:>11} {:>10} {:>11} {:>9} {:>8} {:>8} {:>8} {:>8} {:>10}",
        "watches",
        "short/s",
        "explained/s",
        "long/s",
        "candidates",
        "matches",
        "parse s",
        "index s",
        "MB",
        "B/watch",
        "change ms"
    );
    let wanted: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    for count in if wanted.is_empty() { COUNTS.to_vec() } else { wanted } {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), queries(&corpus, count).join("\n")).unwrap();
        let itself = std::env::current_exe().unwrap();
        let status = Command::new(itself).arg(&folder).env(QUERIES, file.path()).status().unwrap();
        assert!(status.success());
    }
}

fn measure(folder: &Path, queries: &[&str]) {
    let count = queries.len();
    let (before, meter) = (resident_megabytes(), Meter::start());
    let specs: Vec<WatchSpec> = queries.iter().enumerate().map(|(number, query)| spec(number, query)).collect();
    let parsed = meter.seconds();
    let meter = Meter::start();
    let set = WatchSet::new(specs);
    let indexed = meter.seconds();
    let memory = resident_megabytes().zip(before).map_or(f64::NAN, |(after, before)| after - before);

    // The posts are read after the memory was looked at: what reading them leaves free would hide what is used.
    let corpus = Corpus::read(folder);
    let (mut candidates, mut matches) = (0, 0);
    for post in &corpus.short {
        with(post, |subject| {
            candidates += set.candidates(subject).len();
            matches += set.matching(subject).len();
        });
    }
    let each = |number: usize| number as f64 / corpus.short.len() as f64;
    println!(
        "{count:>8} {:>11.0} {:>11.0} {:>10.0} {:>11.1} {:>9.2} {parsed:>8.2} {indexed:>8.2} {memory:>8.1} {:>8.0} {:>10.2}",
        best(&corpus.short, |subject| set.matching(subject).len()),
        best(&corpus.short, |subject| set.matches(subject).len()),
        best(&corpus.long, |subject| set.matching(subject).len()),
        each(candidates),
        each(matches),
        memory * 1e6 / count as f64,
        change(&set) * 1e3,
    );
}

/// Posts a second of the best run.
fn best(posts: &[Post], ask: impl Fn(&Subject<'_>) -> usize) -> f64 {
    let run = || {
        let meter = Meter::start();
        let mut done = 0_usize;
        // A stretch at a time, because with explanations all posts take long.
        for stretch in posts.chunks(1_000).cycle() {
            for post in stretch {
                std::hint::black_box(with(post, &ask));
            }
            done += stretch.len();
            if meter.elapsed() >= RUN {
                break;
            }
        }
        done as f64 / meter.seconds()
    };
    (0..RUNS).map(|_| run()).fold(0.0, f64::max)
}

/// Seconds until a set with one watch altered can be asked.
fn change(set: &WatchSet) -> f64 {
    let altered = |round: usize| {
        let mut specs = set.specs().to_vec();
        let last = specs.len() - 1;
        specs[last] = spec(last, &format!("zeppelin{round} AND airport"));
        specs
    };
    let measure = |round: usize| {
        let specs = altered(round);
        let begun = std::time::Instant::now();
        let updated = std::hint::black_box(set.updated(specs));
        let took = begun.elapsed().as_secs_f64();
        assert_eq!(updated.specs().len(), set.specs().len());
        took
    };
    (0..RUNS).map(measure).fold(f64::INFINITY, f64::min)
}

fn with<T>(post: &Post, ask: impl FnOnce(&Subject<'_>) -> T) -> T {
    let (title, text) = (words(&post.title), words(&post.text));
    ask(&Subject { post, title: &title, text: &text, now: post.received, facts: None })
}

fn spec(number: usize, query: &str) -> WatchSpec {
    WatchSpec::new(format!("w{number}"), parsed(query))
}

fn parsed(query: &str) -> Query {
    Query::parse(query, Place::Watch, &Names::default()).unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// Queries of which none matches more than a small share of the short posts.
fn queries(corpus: &Corpus, count: usize) -> Vec<String> {
    let mut maker = Maker::new(corpus.short.iter().chain(&corpus.long), SEED);
    let mut queries: Vec<String> = (0..count).map(|number| maker.query(number)).collect();
    let sample: Vec<&Post> = corpus.short.iter().step_by(10).collect();
    loop {
        let mut matches = vec![0_usize; count];
        let set = WatchSet::new(queries.iter().enumerate().map(|(number, query)| spec(number, query)).collect());
        for post in &sample {
            with(post, |subject| set.matching(subject).into_iter().for_each(|number| matches[number] += 1));
        }
        let mut too_wide = 0;
        for (number, _) in
            matches.iter().enumerate().filter(|(_, matches)| **matches as f64 > MOST * sample.len() as f64)
        {
            queries[number] = maker.query(number);
            too_wide += 1;
        }
        if too_wide == 0 {
            return queries;
        }
    }
}
