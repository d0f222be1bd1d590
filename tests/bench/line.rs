//! How many posts a second does the pure part of the line take: normalize, watch, dedup, score?
//!
//! `cargo bench --bench line -- DIR [WATCHES]` with the folder of the corpora, or `OVERHEARD_CORPORA=DIR cargo bench --bench line`.
//!
//! Real posts of Reddit, Usenet and Hacker News go in pages of 25 through the line that the daemon runs (`decide`), with
//! the rules of `match-pairs` as watches and nothing known before. One thread, CPU time, the best of three runs. Each
//! stage is measured on its own too; what the sum leaves over is bookkeeping and the memory of the pages before.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops at the first surprise and prints what it measured"
)]

#[path = "../common/corpora.rs"]
mod corpora;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use overheard::dedup;
use overheard::model::{Post, RawPost, Reading, TextForm, Timestamp};
use overheard::normalize::{self, Origin};
use overheard::pipeline::rehearse::Blank;
use overheard::pipeline::usage::Meter;
use overheard::pipeline::{Learned, Overlay, Page, Rules, decide};
use overheard::query::{Names, Place, Query, Subject, words};
use overheard::score;
use overheard::watch::{WatchSet, WatchSpec};
use url::Url;

/// Posts of one page.
const PAGE: usize = 25;
/// Runs of which the best counts.
const RUNS: usize = 3;
const WATCHES: usize = 1_000;
const NOW: Timestamp = Timestamp(1_780_000_000_000);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let named = arguments.iter().find(|argument| argument.parse::<usize>().is_err()).map(PathBuf::from);
    let Some(folder) = named.or_else(|| std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from)) else {
        println!("skipped: neither an argument nor OVERHEARD_CORPORA names the folder of the corpora");
        return;
    };
    let watches = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(WATCHES);
    let bench = Bench::new(&folder, watches);
    let bytes: usize = bench.raw.iter().map(|raw| raw.title.len() + raw.text.len()).sum();
    println!("{} posts of {} bytes on average, {watches} watches", bench.raw.len(), bytes / bench.raw.len());
    bench.measure();
}

struct Bench {
    raw: Vec<RawPost>,
    rules: Rules,
    base: Url,
}

impl Bench {
    fn new(folder: &Path, watches: usize) -> Self {
        let raw = |(number, (title, text)): (usize, (String, String))| RawPost {
            key: format!("p{number}"),
            url: format!("https://forum.example/p/{number}"),
            title,
            text,
            form: TextForm::Plain,
            ..RawPost::default()
        };
        let rules = Rules {
            watches: Arc::new(watch_set(folder, watches)),
            routes: Arc::default(),
            exclusions: Arc::default(),
            time_zone: jiff::tz::TimeZone::UTC,
            first_poll_alert_age: Default::default(),
            team: Arc::default(),
            follow_score: 100,
            scoring: Arc::default(),
            max_alerts: Arc::default(),
        };
        let raw = corpora::posts(folder).into_iter().enumerate().map(raw).collect();
        Self { raw, rules, base: Url::parse("https://forum.example/").unwrap() }
    }

    fn measure(&self) {
        let posts: Vec<Post> = self.raw.iter().filter_map(|raw| self.normalize(raw)).collect();
        let mentions: Vec<(&Post, Vec<_>)> = posts.iter().map(|post| (post, self.watch(post))).collect();
        let mentions: Vec<_> = mentions.into_iter().filter(|(_, matches)| !matches.is_empty()).collect();
        println!("{} mentions\n\nstage             µs a post   posts/s", mentions.len());
        self.line("normalize", &mut || {
            for raw in &self.raw {
                black_box(self.normalize(raw));
            }
        });
        self.line("watch", &mut || {
            for post in &posts {
                black_box(self.watch(post));
            }
        });
        self.line("dedup keys", &mut || {
            for post in &posts {
                black_box((dedup::keys(post), dedup::content_hash(post)));
            }
        });
        self.line("read mentions", &mut || {
            for (post, matches) in &mentions {
                black_box(score::read(post, matches));
            }
        });
        self.line("the whole line", &mut || self.whole());
    }

    /// Prints what a stage takes; of the mentions too, the time is a post's of all posts.
    fn line(&self, name: &str, work: &mut dyn FnMut()) {
        let run = |work: &mut dyn FnMut()| {
            let meter = Meter::start();
            work();
            meter.seconds()
        };
        let best = (0..RUNS).map(|_| run(work)).fold(f64::INFINITY, f64::min);
        let posts = self.raw.len() as f64;
        println!("{name:<15} {:>11.2} {:>9.0}", best * 1e6 / posts, posts / best);
    }

    fn normalize(&self, raw: &RawPost) -> Option<Post> {
        let origin = Origin { source: "bench", kind: "rss", base: &self.base, received_at: NOW };
        normalize::post(raw.clone(), &origin).ok()
    }

    fn watch(&self, post: &Post) -> Vec<overheard::model::Match> {
        let (title, text) = (words(&post.title), words(&post.text));
        self.rules.watches.matches(&Subject { post, title: &title, text: &text, now: post.received, facts: None })
    }

    fn whole(&self) {
        let mut learned = Learned::default();
        for posts in self.raw.chunks(PAGE) {
            let reading = Reading { posts: posts.iter().cloned().map(Ok).collect(), ..Reading::default() };
            let page = Page {
                source: "bench".to_owned(),
                kind: "rss".to_owned(),
                base: self.base.clone(),
                received_at: NOW,
                reading,
                first_poll: false,
                end: None,
                gap: false,
                asked: None,
            };
            black_box(decide(page, &self.rules, &mut Overlay::new(&Blank), &mut learned).unwrap());
        }
    }
}

/// The rules of `match-pairs`, then the same with one more word, so that most match nothing.
fn watch_set(folder: &Path, watches: usize) -> WatchSet {
    let rules = std::fs::read_to_string(folder.join("match-pairs/rules.tsv")).unwrap();
    let rules: Vec<&str> = rules.lines().filter_map(|line| line.split_once('\t')).map(|(_, query)| query).collect();
    let spec = |number: usize| {
        let rule = rules[number % rules.len()];
        let query = if number < rules.len() { rule.to_owned() } else { format!("({rule}) AND word{number}") };
        WatchSpec::new(format!("w{number}"), Query::parse(&query, Place::Watch, &Names::default()).unwrap())
    };
    WatchSet::new((0..watches).map(spec).collect())
}
