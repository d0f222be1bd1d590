//! Which watches say the same as another, or find only what an exclusion holds back?

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use super::queries::{Placed, of_watches};
use crate::config::document::Document;
use crate::config::watches::Watches;
use crate::model::Fault;
use crate::query::lint::{canonical, clauses, implies};
use crate::watch::Exclusion;

/// Most watches with the same clauses that are compared with each other.
const MAX_ALIKE: usize = 16;

/// Most pairs of a watch and an exclusion that are compared.
const MAX_PAIRS: usize = 2_000_000;

/// Warnings about watches that are the same as another one, or whose mentions an exclusion holds back.
pub(super) fn watches(document: &mut Document<'_>, watches: &Watches) {
    let mut faults = duplicates(watches);
    faults.extend(shadows(watches));
    document.faults(faults);
}

fn duplicates(watches: &Watches) -> Vec<Fault> {
    let mut same: HashMap<u64, usize> = HashMap::new();
    let mut alike: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut faults = Vec::new();
    for (number, (placed, spec)) in of_watches(watches).zip(&watches.specs).enumerate() {
        let expr = spec.query.expr();
        let form = xxh3_64(canonical(expr).as_bytes());
        if let Some(first) = same.get(&form).and_then(|first| watches.specs.get(*first)) {
            faults.push(duplicate(&placed, &first.name));
            continue;
        }
        same.insert(form, number);
        let group = alike.entry(hash_of(&clauses(expr))).or_default();
        let earlier = group.iter().filter_map(|earlier| watches.specs.get(*earlier));
        let mut equal = earlier.filter(|earlier| {
            let earlier = earlier.query.expr();
            implies(expr, earlier) && implies(earlier, expr)
        });
        if let Some(first) = equal.next() {
            faults.push(duplicate(&placed, &first.name));
        } else if group.len() < MAX_ALIKE {
            group.push(number);
        }
    }
    faults
}

fn hash_of(clauses: &BTreeSet<String>) -> u64 {
    xxh3_64(clauses.iter().map(String::as_str).collect::<Vec<_>>().join("\n").as_bytes())
}

fn duplicate(placed: &Placed<'_>, first: &str) -> Fault {
    placed.warning(
        format!("this watch finds the same posts as the watch `{first}`"),
        "take one of them out: each mention would be told of twice",
    )
}

fn shadows(watches: &Watches) -> Vec<Fault> {
    let shadows = Shadows::new(&watches.exclusions);
    let mut left = MAX_PAIRS;
    let mut faults = Vec::new();
    for (placed, spec) in of_watches(watches).zip(&watches.specs) {
        let candidates = shadows.candidates(&clauses(spec.query.expr()));
        let Some(after) = left.checked_sub(candidates.len()) else { break };
        left = after;
        let shadow = candidates.into_iter().find(|exclusion| implies(spec.query.expr(), exclusion.query.expr()));
        faults.extend(shadow.map(|exclusion| shadowed(&placed, &exclusion.name)));
    }
    faults
}

fn shadowed(placed: &Placed<'_>, exclusion: &str) -> Fault {
    placed.warning(
        format!("every post that this watch finds is held back by the exclusion `{exclusion}`: nobody is told of any"),
        "narrow the exclusion with NOT …, or take the watch out",
    )
}

/// The exclusions by the words in their clauses: a watch that shares none with one hardly implies it.
struct Shadows<'e> {
    by_word: BTreeMap<String, Vec<&'e Exclusion>>,
    /// Those without a word in them, and with a wildcard: asked of every watch.
    others: Vec<&'e Exclusion>,
}

impl<'e> Shadows<'e> {
    fn new(exclusions: &'e [Exclusion]) -> Self {
        let mut shadows = Self { by_word: BTreeMap::new(), others: Vec::new() };
        for exclusion in exclusions {
            let clauses = clauses(exclusion.query.expr());
            if clauses.iter().any(|clause| clause.contains(['*', '?', '<', '>', '=']) || clause.contains("raw:")) {
                shadows.others.push(exclusion);
                continue;
            }
            for word in clauses.iter().flat_map(|clause| words_of(clause)).collect::<HashSet<_>>() {
                shadows.by_word.entry(word.to_owned()).or_default().push(exclusion);
            }
        }
        shadows
    }

    fn candidates(&self, clauses: &BTreeSet<String>) -> Vec<&'e Exclusion> {
        if self.by_word.is_empty() && self.others.is_empty() {
            return Vec::new();
        }
        let mut seen = HashSet::new();
        let words: HashSet<&str> = clauses.iter().flat_map(|clause| words_of(clause)).collect();
        let by_word = words.into_iter().filter_map(|word| self.by_word.get(word)).flatten();
        by_word.chain(&self.others).copied().filter(|exclusion| seen.insert(exclusion.name.as_str())).collect()
    }
}

/// The words in a clause as it is printed, and the values of fields.
fn words_of(clause: &str) -> impl Iterator<Item = &str> {
    clause.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}
