//! Do the watches find the very pairs that a reference found, and how fast? The parts below ask the same of sentiment and problems.

pub mod figures;
pub mod learning;
pub mod texts;

mod dedup;
mod inject;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use dedup::{DedupReport, Share, dedup, dedup_injected};

use super::usage::{Meter, resident_megabytes};
use crate::model::{Post, Timestamp};
use crate::query::{Names, Place, Query, QueryError, Subject, words};
use crate::watch::{WatchSet, WatchSpec};

/// The posts are gone through again and again until this much time has passed, so that the figure is steady.
const MEASURED: std::time::Duration = std::time::Duration::from_secs(1);

/// Why a folder cannot be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    #[error("cannot read {}: {why}", .file.display())]
    Unreadable { file: PathBuf, why: std::io::Error },
    #[error("{}:{line}: {what}", .file.display())]
    Line { file: PathBuf, line: usize, what: String },
    #[error("{}:{line}: the query cannot be read: {error}", .file.display())]
    Query { file: PathBuf, line: usize, query: String, error: QueryError },
}

/// A rule and a post that it matches, by their ids.
pub type Pair = (String, String);

/// How the pairs that the watches find compare with those of the reference.
#[derive(Clone, Debug)]
pub struct MatchReport {
    pub rules: usize,
    pub posts: usize,
    /// How many pairs the reference has.
    pub pairs: usize,
    /// Pairs of the reference that were not found, in order.
    pub missing: Vec<Pair>,
    /// Pairs that were found and are not in the reference, in order.
    pub extra: Vec<Pair>,
    /// Words of title and text and all watches, CPU time of one core.
    pub posts_per_second: f64,
    /// CPU time to read all queries and to prepare the watches.
    pub load_seconds: f64,
    /// What the watches added to the memory of the process.
    pub memory_megabytes: Option<f64>,
}

/// Reads `rules.tsv` (id, query), `posts.jsonl` (id, title, text) and `pairs.tsv` (rule, post) of a folder and compares.
pub fn matches(dir: &Path) -> Result<MatchReport, EvaluateError> {
    let rules = Lines::read(dir, "rules.tsv")?;
    let posts = posts(&Lines::read(dir, "posts.jsonl")?)?;
    let expected_lines = Lines::read(dir, "pairs.tsv")?;

    let (before, meter) = (resident_megabytes(), Meter::start());
    let watches = WatchSet::new(specs(&rules)?);
    let load_seconds = meter.seconds();
    let memory_megabytes = resident_megabytes().zip(before).map(|(after, before)| after - before);

    let expected = expected(&expected_lines, &watches, &posts)?;
    let mut found = BTreeSet::new();
    for post in &posts {
        let name = |number: usize| watches.specs().get(number).map(|spec| (spec.name.clone(), post.key.clone()));
        found.extend(matching(&watches, post).into_iter().filter_map(name));
    }
    Ok(MatchReport {
        rules: watches.specs().len(),
        posts: posts.len(),
        pairs: expected.len(),
        missing: expected.difference(&found).cloned().collect(),
        extra: found.difference(&expected).cloned().collect(),
        posts_per_second: posts_per_second(&watches, &posts),
        load_seconds,
        memory_megabytes,
    })
}

fn posts_per_second(watches: &WatchSet, posts: &[Post]) -> f64 {
    let meter = Meter::start();
    let mut done = 0_usize;
    while !posts.is_empty() && meter.elapsed() < MEASURED {
        for post in posts {
            std::hint::black_box(matching(watches, post));
        }
        done += posts.len();
    }
    let seconds = meter.seconds();
    if seconds > 0.0 { done as f64 / seconds } else { 0.0 }
}

fn matching(watches: &WatchSet, post: &Post) -> Vec<usize> {
    let (title, text) = (words(&post.title), words(&post.text));
    watches.matching(&Subject { post, title: &title, text: &text, now: post.received, facts: None })
}

/// A file of the folder.
struct Lines {
    file: PathBuf,
    text: String,
}

impl Lines {
    fn read(dir: &Path, name: &str) -> Result<Self, EvaluateError> {
        Self::open(&dir.join(name))
    }

    fn open(file: &Path) -> Result<Self, EvaluateError> {
        let file = file.to_path_buf();
        match std::fs::read_to_string(&file) {
            Ok(text) => Ok(Self { file, text }),
            Err(why) => Err(EvaluateError::Unreadable { file, why }),
        }
    }

    /// Its lines that are not blank, with their numbers, from 1.
    fn filled(&self) -> impl Iterator<Item = (usize, &str)> {
        self.iter().filter(|(_, line)| !line.trim().is_empty())
    }

    /// Its lines with their numbers, from 1.
    fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    fn wrong(&self, line: usize, what: impl Into<String>) -> EvaluateError {
        EvaluateError::Line { file: self.file.clone(), line, what: what.into() }
    }

    /// The two fields of a line.
    fn two<'a>(&self, line: usize, text: &'a str, what: &str) -> Result<(&'a str, &'a str), EvaluateError> {
        let fields = text.split_once('\t').filter(|(first, second)| !first.is_empty() && !second.is_empty());
        fields.ok_or_else(|| self.wrong(line, format!("a line is {what} with a tab between them")))
    }

    /// Remembers an id that may stand in one line only.
    fn once<'a, T: Hash + Eq + ?Sized>(
        &self,
        seen: &mut HashSet<&'a T>,
        id: &'a T,
        line: usize,
    ) -> Result<(), EvaluateError> {
        if seen.insert(id) { Ok(()) } else { Err(self.wrong(line, "this id stands in a line above already")) }
    }
}

fn specs(rules: &Lines) -> Result<Vec<WatchSpec>, EvaluateError> {
    let mut seen = HashSet::new();
    let mut specs = Vec::new();
    for (line, text) in rules.iter() {
        let (id, query) = rules.two(line, text, "an id and a query")?;
        rules.once(&mut seen, id, line)?;
        let query = Query::parse(query, Place::Watch, &Names::default()).map_err(|error| EvaluateError::Query {
            file: rules.file.clone(),
            line,
            query: query.to_owned(),
            error,
        })?;
        specs.push(WatchSpec::new(id, query));
    }
    Ok(specs)
}

/// A line of `posts.jsonl`.
#[derive(Deserialize)]
struct PostLine {
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
}

fn posts(lines: &Lines) -> Result<Vec<Post>, EvaluateError> {
    let mut posts: Vec<Post> = Vec::new();
    for (line, text) in lines.iter() {
        let read: PostLine = serde_json::from_str(text).map_err(|error| lines.wrong(line, error.to_string()))?;
        posts.push(post(read));
    }
    let mut seen = HashSet::new();
    for (index, post) in posts.iter().enumerate() {
        lines.once(&mut seen, post.key.as_str(), index + 1)?;
    }
    Ok(posts)
}

/// A post of which only title and text are known.
fn post(line: PostLine) -> Post {
    Post { title: line.title, text: line.text, ..Post::bare(&line.id, Timestamp::default()) }
}

fn expected(lines: &Lines, watches: &WatchSet, posts: &[Post]) -> Result<BTreeSet<Pair>, EvaluateError> {
    let posts: HashMap<&str, &Post> = posts.iter().map(|post| (post.key.as_str(), post)).collect();
    let mut pairs = BTreeSet::new();
    for (line, text) in lines.iter() {
        let (rule, post) = lines.two(line, text, "the id of a rule and the id of a post")?;
        if watches.get(rule).is_none() {
            return Err(lines.wrong(line, format!("there is no rule `{rule}` in rules.tsv")));
        }
        if !posts.contains_key(post) {
            return Err(lines.wrong(line, format!("there is no post `{post}` in posts.jsonl")));
        }
        pairs.insert((rule.to_owned(), post.to_owned()));
    }
    Ok(pairs)
}
