//! Which watches does a post satisfy, and where?
//!
//! Asking every watch about every post would cost as many questions as there are watches. Most watches
//! name a word without which they cannot match ([`anchor`]); from the words of the post ([`seen`]) the few are
//! found whose word occurs, and only these are asked, by what is left to ask once that word is there
//! ([`plan`], [`program`]). What it means stands in [`crate::query::eval`]; a property test holds the two together.

mod anchor;
mod exclusion;
mod layout;
mod plan;
mod program;
mod seen;
mod segment;
mod terms;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Match, Priority, Role, WatchVersion};
use crate::query::{Query, Subject};

use segment::Segment;

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
    /// Whether the conversations of its mentions are followed; `None` leaves it to their score.
    pub follow: Option<bool>,
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
            follow: None,
        }
    }

    /// Changes whenever the watch would match, or be treated, differently.
    pub fn version(&self) -> WatchVersion {
        let Self { name: _, role, owner, priority, query, max_alerts_per_day, follow } = self;
        let mut settings = format!("{query}\n{role:?}\n{owner:?}\n{priority:?}\n{max_alerts_per_day:?}");
        // What was recorded before there was this setting keeps its version.
        settings.extend(follow.map(|follow| format!("\n{follow}")));
        blake3::hash(settings.as_bytes()).to_hex()[..16].to_owned()
    }
}

/// All watches, evaluated in one pass.
///
/// Most watches are in one large part that is never altered; those that changed since it was made are in a
/// small one beside it, until there are so many that all are put together anew.
#[derive(Clone, Debug, Default)]
pub struct WatchSet {
    specs: Vec<WatchSpec>,
    versions: Vec<WatchVersion>,
    by_name: Arc<HashMap<String, usize>>,
    large: Part,
    small: Part,
}

/// Some of the watches.
#[derive(Clone, Debug, Default)]
struct Part {
    segment: Arc<Segment>,
    /// For each watch of the segment its number among all, [`GONE`] when it was altered or taken out since.
    numbers: Vec<u32>,
}

const GONE: u32 = u32::MAX;

/// The small part holds at most one in so many watches, or [`FEW`].
const SMALL: usize = 20;

/// So few watches are never worth putting all together anew.
const FEW: usize = 500;

/// Room for what is found in a post, so that it need not be made step by step.
const FOUND: usize = 128;

impl WatchSet {
    /// Prepares the watches; of two with one name, the first is found by it.
    pub fn new(specs: Vec<WatchSpec>) -> Self {
        let versions = specs.iter().map(WatchSpec::version).collect();
        let large = Part::new(&specs, (0..specs.len() as u32).collect());
        Self { by_name: Arc::new(by_name(&specs)), specs, versions, large, small: Part::default() }
    }

    /// The same as [`WatchSet::new`], at a cost that grows with what is different from this set: watches that
    /// ask as before are not prepared again.
    pub fn updated(&self, specs: Vec<WatchSpec>) -> Self {
        let same_names = specs.iter().map(|spec| &spec.name).eq(self.specs.iter().map(|spec| &spec.name));
        let by_name = if same_names { self.by_name.clone() } else { Arc::new(by_name(&specs)) };
        // For each watch of this set its number in the new one, if it asks the same there.
        let mut kept = vec![GONE; self.specs.len()];
        let mut keep = |old: usize, new| kept.get_mut(old).into_iter().for_each(|number| *number = new);
        let versions = (0_u32..).zip(&specs).map(|(number, spec)| {
            let before = if same_names { Some(number as usize) } else { self.by_name.get(&spec.name).copied() };
            let old = before.and_then(|before| Some((before, self.specs.get(before)?, self.versions.get(before)?)));
            match old {
                Some((before, old, version)) if old == spec => {
                    keep(before, number);
                    version.clone()
                }
                Some((before, old, _)) if old.query == spec.query => {
                    keep(before, number);
                    spec.version()
                }
                Some(_) | None => spec.version(),
            }
        });
        let versions: Vec<WatchVersion> = versions.collect();
        let large = self.large.renumbered(&kept);
        let others = large.missing(specs.len());
        let gone = large.numbers.iter().filter(|number| **number == GONE).count();
        if others.len() + gone > FEW.max(specs.len() / SMALL) {
            return Self::new(specs);
        }
        let small = Part::new(&specs, others);
        Self { specs, versions, by_name, large, small }
    }

    /// Every watch that a post satisfies, in the order of the configuration, with the clauses and their places.
    pub fn matches(&self, subject: &Subject<'_>) -> Vec<Match> {
        self.matching(subject).into_iter().filter_map(|number| self.explained(number, subject)).collect()
    }

    /// Numbers of the watches that a post satisfies, in order, without the explanation.
    pub fn matching(&self, subject: &Subject<'_>) -> Vec<usize> {
        let mut found = Vec::with_capacity(FOUND);
        self.large.matching(subject, &mut found);
        self.small.matching(subject, &mut found);
        in_order(found)
    }

    /// Numbers of the watches that a post is really asked about, in order: what it costs grows with their number.
    pub fn candidates(&self, subject: &Subject<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        for part in [&self.large, &self.small] {
            part.segment.candidates(subject, |watch| found.extend(part.number(watch)));
        }
        in_order(found)
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
            clauses: spec.query.hits(subject),
        })
    }
}

impl Part {
    /// The part that holds the watches of these numbers.
    fn new(specs: &[WatchSpec], numbers: Vec<u32>) -> Self {
        let queries = numbers.iter().filter_map(|number| specs.get(*number as usize)).map(|spec| spec.query.expr());
        Self { segment: Arc::new(Segment::new(queries)), numbers }
    }

    /// The part among other watches: for each of the watches until now its new number, [`GONE`] if it is out.
    fn renumbered(&self, new: &[u32]) -> Self {
        let number = |old: &u32| new.get(*old as usize).copied().unwrap_or(GONE);
        Self { segment: self.segment.clone(), numbers: self.numbers.iter().map(number).collect() }
    }

    /// Numbers below `count` of watches that are not in this part.
    fn missing(&self, count: usize) -> Vec<u32> {
        let mut is_here = vec![false; count];
        for number in &self.numbers {
            if let Some(here) = is_here.get_mut(*number as usize) {
                *here = true;
            }
        }
        (0..).zip(is_here).filter(|(_, here)| !here).map(|(number, _)| number).collect()
    }

    fn matching(&self, subject: &Subject<'_>, found: &mut Vec<u32>) {
        if !self.numbers.is_empty() {
            self.segment.matching(subject, |watch| found.extend(self.number(watch)));
        }
    }

    fn number(&self, watch: u32) -> Option<u32> {
        self.numbers.get(watch as usize).copied().filter(|number| *number != GONE)
    }
}

fn by_name(specs: &[WatchSpec]) -> HashMap<String, usize> {
    let mut by_name = HashMap::with_capacity(specs.len());
    for (number, spec) in specs.iter().enumerate() {
        by_name.entry(spec.name.clone()).or_insert(number);
    }
    by_name
}

fn in_order(mut numbers: Vec<u32>) -> Vec<usize> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into_iter().map(|number| number as usize).collect()
}
