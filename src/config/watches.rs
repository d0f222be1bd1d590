//! What is listened for, and do the watches do what their examples say?

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;

use super::block::{self, Read, UniqueNames};
use super::document::Document;
use super::examples::{self, Example, Examples};
use super::scope::{ScopeKeys, entry_fault};
use super::{exclusions, lists, place};
use crate::model::{Fault, Priority, Role, Settings};
use crate::query::{Names, Place, Query, QueryError};
use crate::watch::{Exclusion, WatchSpec};

/// Most watches of one configuration.
pub const MAX_WATCHES: usize = 100_000;
/// Longest name of an owner, in characters.
const MAX_OWNER: usize = 100;
/// Most that a daily cap can be: beyond it a cap means nothing, and what it holds back is kept story by story.
pub const MAX_ALERTS_PER_DAY: u32 = 10_000;

/// The keys of a `[[watch]]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WatchKeys {
    /// Its name, unlike any other watch's: small letters, digits, `-`, `_`, `.`. `watch:NAME` finds its mentions.
    name: String,
    /// What sort of thing it listens for.
    #[serde(default)]
    role: Role,
    /// Who looks after what it finds: a person or a team, as you call them. `owner:NAME` finds their mentions.
    owner: Option<String>,
    /// How much it matters to its owner.
    #[serde(default)]
    priority: Priority,
    /// What a post must say, in the query language: `acme AND (down OR outage)`.
    #[expect(dead_code, reason = "read from the block itself, so that its faults have their place")]
    query: String,
    /// Only posts of these sources, kinds or languages: `{ sources = ["our-forum"], languages = ["en"] }`.
    #[serde(default)]
    scope: ScopeKeys,
    /// Most stories that it alerts on one day of your time zone. What is beyond is archived and counted as ever, and
    /// told of in one message after midnight. A story that another watch matches too is still told where that one has room.
    #[schemars(range(min = 1, max = 10_000))]
    max_alerts_per_day: Option<u32>,
    /// Whether the conversations of its mentions are read again, for replies, over seven days: `true` for all of them,
    /// `false` for none. Without it those are followed whose score reaches `follow_score` of daemon.toml.
    follow: Option<bool>,
    /// Posts that it must find. They are tried whenever the configuration is read, so that a change of the
    /// query that loses one of them is refused.
    #[serde(default)]
    must_match: Vec<Example>,
    /// Posts that it must not find.
    #[serde(default)]
    must_not_match: Vec<Example>,
}

/// What `watches.toml` says.
#[derive(Default)]
pub(super) struct Watches {
    pub names: Names,
    pub specs: Vec<WatchSpec>,
    pub exclusions: Vec<Exclusion>,
    /// Where the query of each of `specs` stands, with its quotes; likewise of `exclusions`.
    pub spec_spans: Vec<Range<usize>>,
    pub exclusion_spans: Vec<Range<usize>>,
    /// The names and owners of all blocks, also of those with faults.
    pub named: Vec<String>,
    pub owners: Vec<String>,
    /// For every watch its version.
    pub versions: BTreeMap<String, u64>,
    /// For every exclusion its version.
    pub exclusion_versions: BTreeMap<String, u64>,
    /// Every source that a scope names, with its place.
    pub scoped: Vec<ScopedSource>,
    /// The names of the lists with their places, for those that nothing uses.
    pub lists: Vec<(String, Range<usize>)>,
    /// Every query and list entry as it was written.
    pub texts: Vec<String>,
    /// Lists that were told to be wrong and are left out of `names`.
    pub broken_lists: Vec<String>,
}

/// A source that the scope of a watch names.
pub(super) struct ScopedSource {
    pub source: String,
    /// Dotted path of the list.
    pub key: String,
    /// Where it stands.
    pub span: Option<Range<usize>>,
}

impl Watches {
    /// The names that queries may use, and those that they cannot because their list is wrong.
    pub fn names_known(&self) -> (&Names, &[String]) {
        (&self.names, &self.broken_lists)
    }
}

/// Everything in the document of the watches.
pub(super) fn read(document: &mut Document<'_>) -> Watches {
    document.refuse_others(&["lists", "watch", "exclusion"]);
    let mut watches = Watches::default();
    lists::read(document, &mut watches);
    exclusions::read(document, &mut watches);
    let blocks = document.tables("watch");
    if !document.has("watch") {
        let fault = Fault::error("watch", None, "there is no watch: nothing that is read becomes a mention");
        document.faults([fault.hint("add a block [[watch]] with a name and a query").warning()]);
    }
    if blocks.len() > MAX_WATCHES {
        document.faults([Fault::error("watch", None, format!("there are more than {MAX_WATCHES} watches"))]);
        return watches;
    }
    let mut names = UniqueNames::default();
    for block in blocks {
        if let Some(spec) = read_watch(document, &block, &mut names, &mut watches) {
            watches.specs.push(spec);
            watches.spec_spans.push(block.span_of("query").unwrap_or_default());
        }
    }
    watches
}

fn read_watch(
    document: &mut Document<'_>,
    block: &Settings<'_>,
    names: &mut UniqueNames,
    watches: &mut Watches,
) -> Option<WatchSpec> {
    let text = |key| block::text_at(block, key).map(str::to_owned);
    watches.texts.extend(text("query"));
    watches.named.extend(text("name"));
    watches.owners.extend(text("owner"));
    let query = read_query(document, block, "query", Place::Watch, watches.names_known());
    let Read { value: keys, clean } = block::read::<WatchKeys>(document, block)?;
    let query = query.map(|query| match keys.scope.expr() {
        Some(scope) => query.within(scope),
        None => query,
    });
    let mut faults = names.check(document, block, &keys.name);
    faults.extend(check_owner(block, keys.owner.as_deref()));
    faults.extend(keys.scope.check(block));
    faults.extend(check_cap(block, keys.max_alerts_per_day));
    let examples = Examples { must_match: &keys.must_match, must_not_match: &keys.must_not_match, scope: &keys.scope };
    document.faults(faults);
    examples::try_on(document, query.as_ref(), block, &examples);
    watches.scoped.extend(scoped(block, &keys.scope));
    watches.versions.insert(keys.name.clone(), version(block, query.as_ref()));
    let WatchKeys { name, role, owner, priority, max_alerts_per_day, follow, .. } = keys;
    query.filter(|_| clean).map(|query| WatchSpec { name, role, owner, priority, query, max_alerts_per_day, follow })
}

/// Changes whenever the block does, or what its query means: a list that it names may change elsewhere.
pub(super) fn version(block: &Settings<'_>, query: Option<&Query>) -> u64 {
    let printed = query.map(Query::to_string).unwrap_or_default();
    block::version(&[block]) ^ xxhash_rust::xxh3::xxh3_64(printed.as_bytes())
}

fn scoped(block: &Settings<'_>, scope: &ScopeKeys) -> Vec<ScopedSource> {
    let place = |(index, source): (usize, &String)| {
        let fault = entry_fault(block, "sources", index, String::new());
        ScopedSource { source: source.clone(), key: fault.key, span: fault.span }
    };
    scope.sources.iter().flatten().enumerate().map(place).collect()
}

fn check_cap(block: &Settings<'_>, cap: Option<u32>) -> Option<Fault> {
    match cap? {
        1..=MAX_ALERTS_PER_DAY => None,
        0 => {
            let fault = block.fault("max_alerts_per_day", "a cap of 0 would tell nobody of anything before midnight");
            Some(fault.hint("leave it out for no cap; to be told of nothing, let no route take this watch"))
        }
        _ => Some(block.fault("max_alerts_per_day", format!("the cap is at most {MAX_ALERTS_PER_DAY}"))),
    }
}

/// The query at a key of a block; its fault points into the string.
pub(super) fn read_query(
    document: &mut Document<'_>,
    block: &Settings<'_>,
    key: &str,
    place: Place,
    (names, broken_lists): (&Names, &[String]),
) -> Option<Query> {
    let text = block::text_at(block, key)?;
    let error = match Query::parse(text, place, names) {
        Ok(query) => return Some(query),
        Err(error) => error,
    };
    // The list itself was told to be wrong; that it cannot be used is a consequence.
    let told =
        text.get(error.span.clone()).is_some_and(|part| broken_lists.iter().any(|list| part == format!("${list}")));
    if !told {
        document.faults([query_fault(document.text(), block, key, text, &error)]);
    }
    None
}

fn query_fault(text: &str, block: &Settings<'_>, key: &str, query: &str, error: &QueryError) -> Fault {
    let fault = block.fault(key, error.what());
    let span = fault.span.as_ref().map(|string| place::of_part(text, string, query, &error.span));
    Fault { span, hint: error.hint(), ..fault }
}

fn check_owner(block: &Settings<'_>, owner: Option<&str>) -> Option<Fault> {
    match owner {
        Some(owner) if owner.trim().is_empty() || owner.chars().count() > MAX_OWNER => {
            Some(block.fault("owner", format!("an owner has 1 to {MAX_OWNER} characters")))
        }
        Some(_) => None,
        None => {
            let fault =
                Fault::error(format!("{}.owner", block.path), Some(block.table.span()), "nobody owns this watch");
            Some(fault.hint("add owner = \"…\": who looks after what it finds").warning())
        }
    }
}
