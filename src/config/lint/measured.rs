//! Which watches find too much, as the archive tells?

use std::collections::HashSet;

use super::queries::{of_watches, with_context};
use crate::config::document::Document;
use crate::config::watches::Watches;
use crate::config::{Checked, Config};
use crate::model::Fault;
use crate::query::Query;
use crate::query::lint::common_word;

/// Most watches that are measured: each is a search of the archive.
pub const MAX_MEASURED: usize = 500;

/// Fewest archived posts that say anything about how common a word is.
const MIN_POSTS: usize = 200;

/// The part of all posts from which on a word by itself is common.
const COMMON_SHARE: f64 = 0.02;

/// The part of all posts from which on a watch finds nearly everything.
const NEARLY_ALL: f64 = 0.5;

/// Where the query of each watch stands: warnings about it without their words.
pub(in crate::config) fn places(document: &Document<'_>, watches: &Watches) -> Vec<Fault> {
    let place = |placed: super::queries::Placed<'_>| {
        let (line, column) = document.place(placed.span.start);
        let fault = placed.warning(String::new(), String::new());
        Fault { file: document.name().to_owned(), line, column, hint: None, ..fault }
    };
    of_watches(watches).map(place).collect()
}

impl Checked {
    /// Asks the archive how much each watch finds, and warns of those that find too much. `count` gives how many posts
    /// a query is true of, and how many there are; `None` where that cannot be told.
    ///
    /// Measures the first [`MAX_MEASURED`] watches, and returns how many it measured.
    pub fn measure(&mut self, count: &mut dyn FnMut(&Query) -> Option<(usize, usize)>) -> usize {
        let Some(Config { watches, .. }) = &self.config else { return 0 };
        let told: HashSet<&str> =
            self.faults.iter().filter(|fault| is_told(fault)).map(|fault| fault.key.as_str()).collect();
        let mut measured = 0;
        let mut found = Vec::new();
        for (spec, place) in watches.specs().iter().zip(&self.places).take(MAX_MEASURED) {
            let Some((matched, all)) = count(&spec.query) else { continue };
            measured += 1;
            if !told.contains(place.key.as_str()) {
                found.extend(too_much(place, &spec.query, matched, all));
            }
        }
        self.faults.extend(found);
        measured
    }
}

/// What was said about a query without the archive need not be said again.
fn is_told(fault: &Fault) -> bool {
    fault.what.contains("matches nearly every post") || fault.what.contains("is a common word")
}

fn too_much(place: &Fault, query: &Query, matched: usize, all: usize) -> Option<Fault> {
    if all < MIN_POSTS {
        return None;
    }
    let share = matched as f64 / all as f64;
    let measured = format!("this watch matches {matched} of {all} archived posts ({:.0} %)", share * 100.0);
    let fault = |what: String, hint: String| Fault { what, hint: Some(hint), ..place.clone() };
    if share >= COMMON_SHARE
        && let Some(word) = common_word(query.expr(), &|_| true)
    {
        return Some(fault(
            format!("{measured}: `{word}` is a single common word without context"),
            with_context(word),
        ));
    }
    (share >= NEARLY_ALL).then(|| {
        fault(
            format!("{measured}: nearly everything"),
            "add what to look for, as in `… AND (down OR refund*)`".to_owned(),
        )
    })
}
