//! What is different between two configurations, for the log line of a reload?

use std::collections::BTreeMap;
use std::fmt;

use super::Config;
use super::routes::Routes;
use super::sources::Sources;
use super::watches::Watches;

/// One number for everything that can change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Versions {
    daemon: u64,
    sources: BTreeMap<String, u64>,
    watches: BTreeMap<String, u64>,
    exclusions: BTreeMap<String, u64>,
    receivers: BTreeMap<String, u64>,
    route: u64,
}

impl Versions {
    pub fn of(daemon: u64, sources: &Sources, watches: &Watches, routes: &Routes) -> Self {
        Self {
            daemon,
            sources: sources.sources.iter().map(|source| (source.name.clone(), source.version)).collect(),
            watches: watches.versions.clone(),
            exclusions: watches.exclusion_versions.clone(),
            receivers: routes.receivers.iter().map(|receiver| (receiver.name.clone(), receiver.version)).collect(),
            route: routes.version,
        }
    }
}

/// The names of what was added, removed and altered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub altered: Vec<String>,
}

/// What is different between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub sources: Named,
    pub watches: Named,
    pub exclusions: Named,
    pub receivers: Named,
    pub routes: bool,
    pub hosts: bool,
    /// Anything of `daemon.toml`.
    pub daemon: bool,
    /// Keys of `daemon.toml` that only a restart takes up.
    pub needs_restart: Vec<&'static str>,
}

impl Changes {
    /// What changes from `old` to `new`.
    pub fn between(old: &Config, new: &Config) -> Self {
        let (before, after) = (&old.versions, &new.versions);
        Self {
            sources: Named::between(&before.sources, &after.sources),
            watches: Named::between(&before.watches, &after.watches),
            exclusions: Named::between(&before.exclusions, &after.exclusions),
            receivers: Named::between(&before.receivers, &after.receivers),
            routes: before.route != after.route,
            hosts: old.hosts != new.hosts,
            daemon: before.daemon != after.daemon,
            needs_restart: needs_restart(old, new),
        }
    }

    /// Whether nothing at all is different.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let keys =
        [("data_dir", old.daemon.data_dir != new.daemon.data_dir), ("listen", old.daemon.listen != new.daemon.listen)];
    keys.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
}

impl Named {
    fn between(old: &BTreeMap<String, u64>, new: &BTreeMap<String, u64>) -> Self {
        let missing_in = |names: &BTreeMap<String, u64>, others: &BTreeMap<String, u64>| {
            names.keys().filter(|name| !others.contains_key(*name)).cloned().collect()
        };
        let altered = new.iter().filter(|(name, version)| old.get(*name).is_some_and(|before| before != *version));
        Self {
            added: missing_in(new, old),
            removed: missing_in(old, new),
            altered: altered.map(|(name, _)| name.clone()).collect(),
        }
    }

    /// Appends `sources: 1 added (hn-acme), 2 altered (…)`, or nothing.
    fn describe(&self, what: &str, parts: &mut Vec<String>) {
        let groups = [("added", &self.added), ("removed", &self.removed), ("altered", &self.altered)];
        let said: Vec<String> = groups
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(word, names)| format!("{} {word} ({})", names.len(), shortened(names)))
            .collect();
        if !said.is_empty() {
            parts.push(format!("{what}: {}", said.join(", ")));
        }
    }
}

/// Most names told in one group.
const MAX_TOLD: usize = 5;

fn shortened(names: &[String]) -> String {
    let told = names.iter().take(MAX_TOLD).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MAX_TOLD { format!("{told}, …") } else { told }
}

impl fmt::Display for Changes {
    /// `sources: 1 added (hn-acme); watches: 2 altered (acme, acme-cloud)`, or `nothing changed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        self.sources.describe("sources", &mut parts);
        self.watches.describe("watches", &mut parts);
        self.exclusions.describe("exclusions", &mut parts);
        self.receivers.describe("receivers", &mut parts);
        let others = [("routes altered", self.routes), ("hosts altered", self.hosts), ("daemon altered", self.daemon)];
        parts.extend(others.into_iter().filter(|(_, changed)| *changed).map(|(words, _)| words.to_owned()));
        if !self.needs_restart.is_empty() {
            parts.push(format!("only a restart takes up {}", self.needs_restart.join(", ")));
        }
        if parts.is_empty() {
            return write!(f, "nothing changed");
        }
        write!(f, "{}", parts.join("; "))
    }
}
