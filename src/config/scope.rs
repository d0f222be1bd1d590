//! To which posts is a watch kept, whatever words it looks for?

use schemars::JsonSchema;
use serde::Deserialize;

use super::examples::ExampleParts;
use crate::model::{Fault, Settings, nearest};
use crate::query::ast::{Expr, FieldClause};
use crate::source::KINDS;

/// Most entries in one list of a scope.
const MAX_ENTRIES: usize = 100;

/// The posts that a watch looks at. What is left out is not asked about.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScopeKeys {
    /// Only posts that one of these sources brings, by the names in `sources.toml`.
    pub sources: Option<Vec<String>>,
    /// Only posts of sources of one of these kinds; `overheard kinds` lists them.
    kinds: Option<Vec<String>>,
    /// Only posts whose site says that they are in one of these languages: `["en", "de"]`. A post whose site
    /// says nothing about its language is in none.
    languages: Option<Vec<String>>,
}

impl ScopeKeys {
    /// Everything wrong with it that can be told without the other files.
    pub fn check(&self, block: &Settings<'_>) -> Vec<Fault> {
        let lists = [("sources", &self.sources), ("kinds", &self.kinds), ("languages", &self.languages)];
        let mut faults: Vec<Fault> = lists
            .into_iter()
            .filter_map(|(key, entries)| check_length(block, &format!("scope.{key}"), entries.as_ref()?.len()))
            .collect();
        for (index, kind) in self.kinds.iter().flatten().enumerate() {
            if !KINDS.iter().any(|known| known.name() == kind) {
                faults.push(no_kind(block, index, kind));
            }
        }
        for (index, language) in self.languages.iter().flatten().enumerate() {
            if primary(language).is_none() {
                let fault = entry_fault(block, "languages", index, format!("`{language}` is no language"));
                faults.push(fault.hint("write a language tag such as en or de"));
            }
        }
        faults
    }

    /// What every post in the scope satisfies, in terms of the query language; `None` when nothing is asked.
    pub fn expr(&self) -> Option<Expr> {
        let any = |entries: &Option<Vec<String>>, clause: fn(&str) -> FieldClause| {
            let clauses: Vec<Expr> = entries.iter().flatten().map(|entry| Expr::Is(clause(entry))).collect();
            (!clauses.is_empty()).then(|| Expr::any(clauses))
        };
        let parts = [
            any(&self.sources, |name| FieldClause::Source(name.to_lowercase())),
            any(&self.kinds, |name| FieldClause::Kind(name.to_lowercase())),
            any(&self.languages, |tag| FieldClause::Lang(primary(tag).unwrap_or_default())),
        ];
        let parts: Vec<Expr> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| Expr::all(parts))
    }

    /// Puts an example into the scope: what it does not say is the first entry of each list.
    pub fn put_into(&self, example: &mut ExampleParts) {
        let said = [
            (&mut example.source, &self.sources),
            (&mut example.kind, &self.kinds),
            (&mut example.lang, &self.languages),
        ];
        for (said, entries) in said {
            if said.is_empty() {
                *said = entries.iter().flatten().next().cloned().unwrap_or_default();
            }
        }
    }
}

/// The primary subtag of a language tag.
fn primary(tag: &str) -> Option<String> {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    let is_tag = (2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_tag.then(|| primary.to_lowercase())
}

fn check_length(block: &Settings<'_>, key: &str, entries: usize) -> Option<Fault> {
    if entries == 0 {
        let fault = block.fault(key, "an empty list lets no post through");
        return Some(fault.hint("name at least one, or leave the key out"));
    }
    (entries > MAX_ENTRIES).then(|| block.fault(key, format!("there are more than {MAX_ENTRIES} entries")))
}

fn no_kind(block: &Settings<'_>, index: usize, kind: &str) -> Fault {
    let fault = entry_fault(block, "kinds", index, format!("there is no kind `{kind}`"));
    let names: Vec<&str> = KINDS.iter().map(|known| known.name()).collect();
    match nearest(kind, names.iter().copied()) {
        Some(word) => fault.hint(format!("did you mean `{word}`?")),
        None => fault.hint(format!("there are {}", names.join(", "))),
    }
}

/// A fault about one entry of a list of the scope, placed at it.
pub(super) fn entry_fault(block: &Settings<'_>, list: &str, index: usize, what: String) -> Fault {
    let key = format!("scope.{list}");
    let fault = block.fault(&key, what);
    let scope = block.table.get_ref().get("scope").and_then(|scope| scope.get_ref().as_table());
    let entries = scope.and_then(|scope| scope.get(list)).and_then(|list| list.get_ref().as_array());
    let entry = entries.and_then(|entries| entries.get(index)).map(toml::Spanned::span);
    Fault { span: entry.or(fault.span.clone()), ..fault }
}
