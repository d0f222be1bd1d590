//! Which watches does a post satisfy, and where?

use crate::model::{Match, Priority, Role};
use crate::query::{Query, Subject};

/// One watch, as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchSpec {
    pub name: String,
    pub role: Role,
    pub owner: Option<String>,
    pub priority: Priority,
    pub query: Query,
}

/// All watches, evaluated in one pass.
#[derive(Clone, Debug, Default)]
pub struct WatchSet {
    specs: Vec<WatchSpec>,
}

impl WatchSet {
    pub fn new(specs: Vec<WatchSpec>) -> Self {
        Self { specs }
    }

    /// Every watch that a post satisfies, in the order of the configuration, with the clauses and their places.
    pub fn matches(&self, subject: &Subject<'_>) -> Vec<Match> {
        let _ = subject;
        Vec::new()
    }

    /// Every watch, in the order of the configuration.
    pub fn specs(&self) -> &[WatchSpec] {
        &self.specs
    }

    pub fn get(&self, name: &str) -> Option<&WatchSpec> {
        self.specs.iter().find(|spec| spec.name == name)
    }
}

/// Whether a watch would match a post whose title is `example` and whose text is empty.
pub fn check_example(spec: &WatchSpec, example: &str) -> bool {
    let _ = (spec, example);
    false
}
