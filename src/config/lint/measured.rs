//! Which watches find too much, as the archive tells?

use std::collections::HashSet;

use super::queries::{of_watches, with_context};
use crate::config::document::Document;
use crate::config::watches::Watches;
use crate::config::{Checked, Config};
use crate::model::Fault;
use crate::query::lint::lone_words;
use crate::query::{Names, Place, Query};

/// Most watches that are measured: each is a search of the archive.
pub const MAX_MEASURED: usize = 500;

/// Most alternatives of a watch that are measured by themselves.
const MAX_WORDS: usize = 8;

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
        let told = self.faults.iter().filter(|fault| is_told(fault)).map(|fault| fault.key.as_str());
        let told: HashSet<&str> = told.collect();
        let mut measured = 0;
        let mut found = Vec::new();
        for (spec, place) in watches.specs().iter().zip(&self.places).take(MAX_MEASURED) {
            let Some((matched, all)) = count(&spec.query) else { continue };
            measured += 1;
            if all >= MIN_POSTS && !told.contains(place.key.as_str()) {
                let warning = common(place, &spec.query, matched, count);
                found.extend(warning.or_else(|| everything(place, matched, all)));
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

/// A word that is all the watch asks of some posts, and that many of all have.
fn common(
    place: &Fault,
    query: &Query,
    matched: usize,
    count: &mut dyn FnMut(&Query) -> Option<(usize, usize)>,
) -> Option<Fault> {
    lone_words(query.expr()).into_iter().take(MAX_WORDS).find_map(|word| {
        let alone = Query::parse(&format!("\"{word}\""), Place::Search, &Names::default()).ok()?;
        let (having, all) = count(&alone)?;
        if share(having, all) < COMMON_SHARE {
            return None;
        }
        let what = if having == matched { "this watch".to_owned() } else { format!("`{word}` in this watch") };
        let what = format!("{what} matches {}: a single common word without context", of_all(having, all));
        Some(Fault { what, hint: Some(with_context(word)), ..place.clone() })
    })
}

fn everything(place: &Fault, matched: usize, all: usize) -> Option<Fault> {
    let what = format!("this watch matches {}: nearly everything", of_all(matched, all));
    let hint = Some("add what to look for, as in `… AND (down OR refund*)`".to_owned());
    (share(matched, all) >= NEARLY_ALL).then(|| Fault { what, hint, ..place.clone() })
}

fn share(part: usize, all: usize) -> f64 {
    part as f64 / all.max(1) as f64
}

/// `90 of 1000 archived posts (9 %)`.
fn of_all(part: usize, all: usize) -> String {
    format!("{part} of {all} archived posts ({:.0} %)", share(part, all) * 100.0)
}
