//! Which watches does a post satisfy, and where?
//!
//! Asking every watch about every post would cost as many questions as there are watches. Most watches
//! name a word without which they cannot match; the index finds, from the words of the post, the few
//! whose word occurs, and only these are evaluated exactly.

mod anchor;
mod exclusion;
mod index;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::model::{Engagement, Match, Post, PostId, PostType, Priority, Role, Timestamp, WatchVersion};
use crate::query::{Query, Subject, WordList, words};

use index::Index;

pub use exclusion::{Exclusion, first_true};

/// One watch, as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchSpec {
    /// Unique among the watches.
    pub name: String,
    pub role: Role,
    /// Who is told of its mentions.
    pub owner: Option<String>,
    pub priority: Priority,
    /// What it says, and the scope it is kept to.
    pub query: Query,
    /// Most stories that are alerted on one local day; the rest is told of in one digest after midnight.
    pub max_alerts_per_day: Option<u32>,
}

impl WatchSpec {
    /// A watch of which only name and query are said.
    pub fn new(name: impl Into<String>, query: Query) -> Self {
        Self {
            name: name.into(),
            role: Role::default(),
            owner: None,
            priority: Priority::default(),
            query,
            max_alerts_per_day: None,
        }
    }

    /// Changes whenever the watch would match, or be treated, differently.
    pub fn version(&self) -> WatchVersion {
        let Self { name: _, role, owner, priority, query, max_alerts_per_day } = self;
        let settings = format!("{query}\n{role:?}\n{owner:?}\n{priority:?}\n{max_alerts_per_day:?}");
        blake3::hash(settings.as_bytes()).to_hex()[..16].to_owned()
    }
}

/// All watches, evaluated in one pass.
#[derive(Clone, Debug, Default)]
pub struct WatchSet {
    specs: Vec<WatchSpec>,
    versions: Vec<WatchVersion>,
    by_name: HashMap<String, usize>,
    index: Index,
}

impl WatchSet {
    /// Prepares the watches; of two with one name, the first is found by it.
    pub fn new(specs: Vec<WatchSpec>) -> Self {
        let versions = specs.iter().map(WatchSpec::version).collect();
        let index = Index::new(specs.iter().map(|spec| spec.query.expr()));
        let mut by_name = HashMap::with_capacity(specs.len());
        for (number, spec) in specs.iter().enumerate() {
            by_name.entry(spec.name.clone()).or_insert(number);
        }
        Self { specs, versions, by_name, index }
    }

    /// Every watch that a post satisfies, in the order of the configuration, with the clauses and their places.
    pub fn matches(&self, subject: &Subject<'_>) -> Vec<Match> {
        self.matching(subject).into_iter().filter_map(|number| self.explained(number, subject)).collect()
    }

    /// Numbers of the watches that a post satisfies, in order, without the explanation.
    pub fn matching(&self, subject: &Subject<'_>) -> Vec<usize> {
        let mut numbers = self.index.candidates(subject);
        numbers.retain(|number| self.specs.get(*number).is_some_and(|spec| spec.query.matches(subject)));
        numbers
    }

    /// How many watches a post is really asked about: what a post costs grows with this number.
    pub fn candidates(&self, subject: &Subject<'_>) -> usize {
        self.index.candidates(subject).len()
    }

    /// Every watch, in the order of the configuration.
    pub fn specs(&self) -> &[WatchSpec] {
        &self.specs
    }

    /// The watch of this name.
    pub fn get(&self, name: &str) -> Option<&WatchSpec> {
        self.specs.get(*self.by_name.get(name)?)
    }

    fn explained(&self, number: usize, subject: &Subject<'_>) -> Option<Match> {
        let spec = self.specs.get(number)?;
        Some(Match {
            watch: spec.name.clone(),
            version: self.versions.get(number)?.clone(),
            role: spec.role,
            owner: spec.owner.clone(),
            priority: spec.priority,
            clauses: spec.query.explain(subject)?,
        })
    }
}

/// Whether a watch would match a post whose title is `example`, whose text is empty and of which nothing
/// else is known: the meaning of `must_match` and `must_not_match`.
pub fn check_example(spec: &WatchSpec, example: &str) -> bool {
    let post = Post {
        id: PostId::of("example"),
        key: "example".to_owned(),
        source: String::new(),
        kind: String::new(),
        site: String::new(),
        url: String::new(),
        canonical_url: String::new(),
        target: None,
        thread: None,
        post_type: PostType::default(),
        title: example.to_owned(),
        text: String::new(),
        author: None,
        published: None,
        updated: None,
        received: Timestamp::default(),
        lang: None,
        tags: Vec::new(),
        links: Vec::new(),
        engagement: Engagement::default(),
    };
    let title = words(example);
    let text = WordList::default();
    spec.query.matches(&Subject { post: &post, title: &title, text: &text, now: post.received, facts: None })
}
