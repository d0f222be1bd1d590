//! What is listened for, and do the watches do what their examples say?

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::de::DeValue;

use super::block::{self, Read, UniqueNames};
use super::document::Document;
use super::examples::{self, Example};
use super::place;
use crate::model::{Fault, Priority, Role, Settings};
use crate::query::{NameError, Names, Place, Query, QueryError};
use crate::watch::WatchSpec;

/// Most watches of one configuration.
pub const MAX_WATCHES: usize = 100_000;
/// Longest name of an owner, in characters.
const MAX_OWNER: usize = 100;

/// Named words and fragments that queries use as `$name`: `acme_names = ["acme", '"acme cloud"']`. Several
/// stand for any of them; a single text is a named part of a query.
#[derive(JsonSchema)]
#[schemars(transparent)]
#[expect(dead_code, reason = "only its schema is read")]
pub(super) struct Lists(BTreeMap<String, List>);

/// The entries of a list; read by hand, so that each entry has its place.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is read")]
pub(super) enum List {
    One(String),
    Many(Vec<String>),
}

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
    /// The names and owners of all blocks, also of those with faults.
    pub named: Vec<String>,
    pub owners: Vec<String>,
    /// For every watch its version.
    pub versions: BTreeMap<String, u64>,
    /// The names of the lists with their places, for those that nothing uses.
    pub lists: Vec<(String, Range<usize>)>,
    /// Every query and list entry as it was written.
    pub texts: Vec<String>,
    /// Lists that were told to be wrong and are left out of `names`.
    pub broken_lists: Vec<String>,
}

impl Watches {
    /// The names that queries may use, and those that they cannot because their list is wrong.
    pub fn names_known(&self) -> (&Names, &[String]) {
        (&self.names, &self.broken_lists)
    }
}

/// Everything in the document of the watches.
pub(super) fn read(document: &mut Document<'_>) -> Watches {
    document.refuse_others(&["lists", "watch"]);
    let mut watches = Watches::default();
    read_lists(document, &mut watches);
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
        let spec = read_watch(document, &block, &mut names, &mut watches);
        watches.specs.extend(spec);
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
    let mut faults = names.check(document, block, &keys.name);
    faults.extend(check_owner(block, keys.owner.as_deref()));
    faults.extend(
        query
            .as_ref()
            .map(|query| examples::try_on(query, block, &keys.must_match, &keys.must_not_match))
            .into_iter()
            .flatten(),
    );
    document.faults(faults);
    // The query as it prints itself, because it changes when a list that it names does.
    let printed = query.as_ref().map(Query::to_string).unwrap_or_default();
    watches
        .versions
        .insert(keys.name.clone(), block::version(&[block]) ^ xxhash_rust::xxh3::xxh3_64(printed.as_bytes()));
    let WatchKeys { name, role, owner, priority, .. } = keys;
    query.filter(|_| clean).map(|query| WatchSpec { name, role, owner, priority, query, max_alerts_per_day: None })
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

fn read_lists(document: &mut Document<'_>, watches: &mut Watches) {
    let Some(block) = document.table("lists") else { return };
    let mut lists = BTreeMap::new();
    for (key, value) in block.table.get_ref() {
        let name = key.get_ref().to_string();
        let Some(entries) = entries(value.get_ref()) else {
            let fault = block.fault(&name, "a list is a text in quotes or several in square brackets");
            document.faults([fault.hint(format!("write for example {name} = [\"acme\", '\"acme cloud\"']"))]);
            watches.broken_lists.push(name);
            continue;
        };
        watches.lists.push((name.clone(), key.span()));
        watches.texts.extend(entries.iter().cloned());
        lists.insert(name, entries);
    }
    watches.names = names_of(document, &block, lists, &mut watches.broken_lists);
}

/// The names of all lists that are right; the others are told and noted.
fn names_of(
    document: &mut Document<'_>,
    block: &Settings<'_>,
    mut lists: BTreeMap<String, Vec<String>>,
    broken: &mut Vec<String>,
) -> Names {
    // Each round takes at least one list out: at most as many rounds as lists.
    loop {
        let errors = match Names::new(&lists) {
            Ok(names) => return names,
            Err(errors) => errors,
        };
        let before = lists.len();
        for error in errors {
            // A list that names a broken one is not wrong itself.
            let consequence = names_broken(&lists, &error, broken);
            if !consequence {
                document.faults([list_fault(document.text(), block, &error)]);
            }
            lists.remove(&error.name);
            broken.push(error.name);
        }
        if lists.len() == before {
            return Names::default();
        }
    }
}

fn names_broken(lists: &BTreeMap<String, Vec<String>>, wrong: &NameError, broken: &[String]) -> bool {
    let entry = lists.get(&wrong.name).and_then(|entries| entries.get(wrong.entry));
    let part = entry.and_then(|entry| entry.get(wrong.error.span.clone()));
    part.is_some_and(|part| broken.iter().any(|list| part == format!("${list}")))
}

fn entries(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Array(texts) => texts.iter().map(|text| text.get_ref().as_str().map(str::to_owned)).collect(),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Table(_) => {
            None
        }
    }
}

fn list_fault(text: &str, block: &Settings<'_>, wrong: &NameError) -> Fault {
    let fault = block.fault(&wrong.name, wrong.error.what());
    let Some((key, value)) = block.table.get_ref().iter().find(|(key, _)| key.get_ref().as_ref() == wrong.name) else {
        return fault;
    };
    let entry = match value.get_ref().as_array() {
        Some(entries) => entries.get(wrong.entry),
        None => Some(value),
    };
    let span = entry.map_or_else(
        || key.span(),
        |entry| place::of_part(text, &entry.span(), entry.get_ref().as_str().unwrap_or_default(), &wrong.error.span),
    );
    Fault { span: Some(span), hint: wrong.error.hint(), ..fault }
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
