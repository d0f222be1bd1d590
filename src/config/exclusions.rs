//! What does nobody want to be told of, whatever watch finds it?

use schemars::JsonSchema;
use serde::Deserialize;

use super::block::{self, Read, UniqueNames};
use super::document::Document;
use super::examples::{self, Example, Examples};
use super::scope::ScopeKeys;
use super::watches::{Watches, read_query, version};
use crate::model::{Fault, Settings};
use crate::query::Place;
use crate::watch::Exclusion;

/// Most exclusions of one configuration: each is asked about every mention.
pub const MAX_EXCLUSIONS: usize = 1_000;

/// The keys of an `[[exclusion]]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExclusionKeys {
    /// Its name, unlike any other exclusion's: small letters, digits, `-`, `_`, `.`. It stands with every post that it
    /// held back, as the reason.
    name: String,
    /// What a post must say to be held back, in the query language: `"we are hiring" OR tag:jobs`.
    #[expect(dead_code, reason = "read from the block itself, so that its faults have their place")]
    query: String,
    /// Posts that it must hold back; tried whenever the configuration is read.
    #[serde(default)]
    must_match: Vec<Example>,
    /// Posts that it must let through.
    #[serde(default)]
    must_not_match: Vec<Example>,
}

/// Every `[[exclusion]]` of the document of the watches; its lists are read by then.
pub(super) fn read(document: &mut Document<'_>, watches: &mut Watches) {
    let blocks = document.tables("exclusion");
    if blocks.len() > MAX_EXCLUSIONS {
        document.faults([Fault::error("exclusion", None, format!("there are more than {MAX_EXCLUSIONS} exclusions"))]);
        return;
    }
    let mut names = UniqueNames::default();
    for block in blocks {
        if let Some(exclusion) = read_exclusion(document, &block, &mut names, watches) {
            watches.exclusions.push(exclusion);
            watches.exclusion_spans.push(block.span_of("query").unwrap_or_default());
        }
    }
}

fn read_exclusion(
    document: &mut Document<'_>,
    block: &Settings<'_>,
    names: &mut UniqueNames,
    watches: &mut Watches,
) -> Option<Exclusion> {
    watches.texts.extend(block::text_at(block, "query").map(str::to_owned));
    let query = read_query(document, block, "query", Place::Watch, watches.names_known());
    let Read { value: keys, clean } = block::read::<ExclusionKeys>(document, block)?;
    let ExclusionKeys { name, must_match, must_not_match, .. } = keys;
    let faults = names.check(document, block, &name);
    let examples = Examples { must_match: &must_match, must_not_match: &must_not_match, scope: &ScopeKeys::default() };
    document.faults(faults);
    examples::try_on(document, query.as_ref(), block, &examples);
    watches.exclusion_versions.insert(name.clone(), version(block, query.as_ref()));
    query.filter(|_| clean).map(|query| Exclusion { name, query })
}
