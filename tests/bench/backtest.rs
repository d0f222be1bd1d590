//! How long does it take to try a watch on an archive of a million posts?
//!
//! `OVERHEARD_CORPORA=DIR cargo bench --bench backtest -- [POSTS] [FOLDER]`
//!
//! Archives real posts over and over under other identities, spread over 29 days, every fourth a copy that belongs to
//! the story of the post before it; then tries watches that find few, many and very many of them, beside 1,000 other
//! watches. With a folder the archive is kept there for the next run.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops at the first surprise and prints what it measured"
)]

#[path = "../common/mod.rs"]
mod common;

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::corpora::posts;
use overheard::archive::Archive;
use overheard::clock::Clock;
use overheard::config::{Config, Paths};
use overheard::model::event::Decided;
use overheard::model::{
    Engagement, Event, Outcome, PageRead, Position, Post, PostId, PostType, Score, StoryDecision, StoryId, Timestamp,
    View,
};
use overheard::pipeline::backtest::{self, Question};
use overheard::query::words;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const DAY: i64 = 86_400_000;
/// Posts of one frame.
const FRAME: usize = 500;
const SOURCES: usize = 200;
const PATIENCE: Duration = Duration::from_secs(600);

fn main() {
    let Some(corpora) = std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from) else {
        println!("skipped: OVERHEARD_CORPORA does not name the folder of the corpora");
        return;
    };
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let total = arguments.first().and_then(|number| number.parse().ok()).unwrap_or(1_000_000);
    let temporary = tempfile::tempdir().unwrap();
    let folder = arguments.get(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let posts = posts(&corpora);
    let (clock, _hands) = Clock::moved(NOW);
    let (archive, opened) = Archive::open(&folder.join("archive"), clock).unwrap();
    if opened.position == Position(0) {
        fill(&archive, &posts, total);
    }
    let config = config(temporary.path(), &corpora, &watches(&posts));
    for spec in config.watches.specs().iter().filter(|spec| spec.name.starts_with("bench-")) {
        time(&archive, &config, &spec.name);
    }
}

fn fill(archive: &Archive, posts: &[(String, String)], total: usize) {
    let started = Instant::now();
    for (frame, first) in (0..total).step_by(FRAME).enumerate() {
        let decided = (first..total.min(first + FRAME)).map(|number| decided(posts, number, total));
        let page = PageRead { source: "bench".to_owned(), at: NOW, posts: decided.collect(), ..PageRead::default() };
        archive.apply(Position(frame as u64 + 1), &[Event::Page(Box::new(page))]).unwrap();
    }
    archive.flush(PATIENCE).unwrap();
    println!("{total} posts archived in {:.0?}", started.elapsed());
}

fn decided(posts: &[(String, String)], number: usize, total: usize) -> Decided {
    let copy = number % 4 == 3;
    let (title, text) = &posts[if copy { number - 1 } else { number } % posts.len()];
    let received = Timestamp(NOW.0 - 29 * DAY + (number as i64 * 29 * DAY) / total as i64);
    let key = format!("bench:{number}");
    let url = format!("https://s{}.example/p/{number}", number % SOURCES);
    let id = PostId::of(&key);
    let story = if copy { PostId::of(&format!("bench:{}", number - 1)) } else { id };
    let post = Post {
        id,
        key,
        source: format!("source-{}", number % SOURCES),
        kind: "rss".to_owned(),
        site: format!("s{}.example", number % SOURCES),
        canonical_url: url.clone(),
        url,
        target: None,
        thread: None,
        post_type: PostType::Story,
        title: title.clone(),
        text: text.clone(),
        author: None,
        published: Some(received),
        updated: None,
        received,
        lang: None,
        tags: Vec::new(),
        links: Vec::new(),
        engagement: Engagement { likes: Some(number as u64 % 97), ..Engagement::default() },
    };
    Decided {
        outcome: Outcome::Unmatched,
        content_hash: 0,
        matches: Vec::new(),
        story: StoryDecision {
            story: StoryId(story),
            joined_by: None,
            absorbs: Vec::new(),
            keys: Vec::new(),
            bands: Default::default(),
        },
        score: Score::default(),
        alerts: Vec::new(),
        held_back: Vec::new(),
        day: None,
        follow: false,
        answers: Vec::new(),
        standing: Default::default(),
        sense: None,
        corrected: None,
        post,
    }
}

/// Watches by what they find: words that so many of a thousand posts have.
fn watches(posts: &[(String, String)]) -> Vec<(String, String)> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (title, text) in posts {
        let (title, text) = (words(title), words(text));
        let seen: HashSet<&str> = title.iter().chain(text.iter()).map(|word| word.text).collect();
        seen.into_iter().for_each(|word| *counts.entry(word.to_owned()).or_default() += 1);
    }
    let word = |thousandths: f64| {
        let wanted = posts.len() as f64 * thousandths / 1000.0;
        let usual = |word: &&String| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let far = |count: usize| (count as f64 - wanted).abs();
        let found = counts.iter().filter(|(word, _)| usual(word));
        let best = found.min_by(|a, b| far(*a.1).total_cmp(&far(*b.1)).then_with(|| a.0.cmp(b.0)));
        best.unwrap().0.clone()
    };
    [
        ("narrow", word(1.0)),
        ("medium", word(20.0)),
        ("broad", word(200.0)),
        ("all-but", format!("{} NOT {}", word(200.0), word(100.0))),
        ("near", format!("{} NEAR/5 {}", word(150.0), word(100.0))),
        ("wildcard", format!("{}*", word(10.0))),
        ("exact-case", format!("{{{}}}", word(20.0))),
        ("raw", "raw:\"C++\"".to_owned()),
        ("fields", "source:source-7 OR site:s9.example".to_owned()),
    ]
    .map(|(name, query)| (format!("bench-{name}"), query))
    .into()
}

/// The watches beside 1,000 others, and a receiver.
fn config(folder: &Path, corpora: &Path, watches: &[(String, String)]) -> Config {
    let rules = std::fs::read_to_string(corpora.join("match-pairs/rules.tsv")).unwrap();
    let rules = rules.lines().filter_map(|line| line.split_once('\t')).take(1_000);
    let others = rules.enumerate().map(|(number, (_, query))| (format!("other-{number}"), query.to_owned()));
    let block = |(name, query): (String, String)| {
        format!("[[watch]]\nname = \"{name}\"\nowner = \"o\"\nquery = '''{query}'''\n\n")
    };
    let text: String = watches.iter().cloned().chain(others).map(block).collect();
    let routes = "[[receiver]]\nname = \"out\"\nkind = \"console\"\n[route]\nreceiver = \"out\"\n";
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("watches.toml", &text);
    write("routes.toml", routes);
    write("sources.toml", "");
    let paths = Paths { config: folder.to_owned(), sources: folder.join("sources.toml"), data: None };
    Config::load(&paths).unwrap().0
}

fn time(archive: &Archive, config: &Config, watch: &str) {
    let question =
        Question { watch: watch.to_owned(), file_text: None, file_name: None, since: "30d".to_owned(), samples: 10 };
    let started = Instant::now();
    let report = backtest::run(&question, (config, None), archive, NOW, &mut |_| ControlFlow::Continue(()));
    let took = started.elapsed();
    match report {
        Ok(report) => {
            let found = report.current.unwrap();
            println!(
                "{watch:16} {:8} of {} posts found, {:7} stories, {:3} overlaps  {took:8.2?}  ({})",
                found.found,
                report.archive.posts,
                found.stories,
                found.overlaps.len(),
                found.query
            );
        }
        Err(why) => println!("{watch:16} {why}  {took:8.2?}"),
    }
}
