//! Which queries run, but say nothing, everything, or something else than was most likely meant?

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use crate::config::document::Document;
use crate::config::place;
use crate::config::routes::Routes;
use crate::config::watches::Watches;
use crate::model::Fault;
use crate::query::Query;
use crate::query::lint::{Always, COMMON, Never, always, common_word, never};

/// A query in a file.
pub(super) struct Placed<'q> {
    pub query: &'q Query,
    /// Dotted path of its key.
    pub key: String,
    /// Of the string, with its quotes.
    pub span: Range<usize>,
    pub of: Of,
}

/// What a query is of, for the words that are said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Watch,
    Exclusion,
    Route,
}

/// Every watch's query with its place.
pub(super) fn of_watches(watches: &Watches) -> impl Iterator<Item = Placed<'_>> {
    watches.specs.iter().zip(&watches.spec_spans).map(|(spec, span)| Placed {
        query: &spec.query,
        key: format!("watch.{}.query", spec.name),
        span: span.clone(),
        of: Of::Watch,
    })
}

/// Warnings about the queries of watches and exclusions, each by itself.
pub(super) fn watches(document: &mut Document<'_>, watches: &Watches) {
    let exclusions = watches.exclusions.iter().zip(&watches.exclusion_spans).map(|(exclusion, span)| Placed {
        query: &exclusion.query,
        key: format!("exclusion.{}.query", exclusion.name),
        span: span.clone(),
        of: Of::Exclusion,
    });
    let text = document.text();
    for placed in exclusions.chain(of_watches(watches)) {
        document.faults(faults(text, &placed));
    }
}

/// Every route's query with its place.
pub(super) fn of_routes(routes: &Routes) -> impl Iterator<Item = Placed<'_>> {
    routes.queries.iter().map(|route| Placed {
        query: &route.query,
        key: route.key.clone(),
        span: route.span.clone(),
        of: Of::Route,
    })
}

/// Warnings about the queries of routes, each by itself.
pub(super) fn routes(document: &mut Document<'_>, routes: &Routes) {
    let text = document.text();
    for placed in of_routes(routes) {
        document.faults(faults(text, &placed));
    }
}

fn faults(text: &str, placed: &Placed<'_>) -> Vec<Fault> {
    let doubts = placed.query.doubts().into_iter().map(|doubt| {
        let part = place::of_part(text, &placed.span, placed.query.source(), &doubt.span);
        Fault::error(&placed.key, Some(part), doubt.what).hint(doubt.hint).warning()
    });
    let mut faults: Vec<Fault> = doubts.collect();
    faults.extend(says_nothing(placed).or_else(|| says_everything(placed)).or_else(|| is_common(placed)));
    faults
}

impl Placed<'_> {
    pub(super) fn warning(&self, what: impl Into<String>, hint: impl Into<String>) -> Fault {
        Fault::error(&self.key, Some(self.span.clone()), what).hint(hint).warning()
    }
}

impl Of {
    fn nothing(self) -> &'static str {
        match self {
            Self::Watch => "this watch never matches",
            Self::Exclusion => "this exclusion holds nothing back",
            Self::Route => "no mention comes here",
        }
    }

    fn everything(self) -> &'static str {
        match self {
            Self::Watch => "this watch matches nearly every post",
            Self::Exclusion => "this exclusion holds nearly every mention back",
            Self::Route => "nearly every mention comes here",
        }
    }
}

fn says_nothing(placed: &Placed<'_>) -> Option<Fault> {
    let nothing = placed.of.nothing();
    Some(match never(placed.query.expr())? {
        Never::Contradiction(one, other) => placed.warning(
            format!("{nothing}: `{}` and `{}` are never true together", short(&one), short(&other)),
            "take one of them out, or join them with OR",
        ),
        Never::Impossible(clause) => {
            placed.warning(format!("{nothing}: `{}` is never true", short(&clause)), "no post has such a value")
        }
    })
}

fn says_everything(placed: &Placed<'_>) -> Option<Fault> {
    let everything = placed.of.everything();
    let what = match always(placed.query.expr())? {
        Always::Every => format!("{everything}: nothing is asked of it"),
        Always::Nearly(clause) => format!("{everything}: `{}` is true of nearly all", short(&clause)),
    };
    let hint = match placed.of {
        Of::Watch | Of::Exclusion => "add what to look for, as in `acme AND …`",
        Of::Route => "narrow it, or leave `match` out",
    };
    Some(placed.warning(what, hint))
}

static COMMON_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| COMMON.split_ascii_whitespace().collect());

fn is_common(placed: &Placed<'_>) -> Option<Fault> {
    if placed.of == Of::Route {
        return None;
    }
    let word = common_word(placed.query.expr(), &|word| COMMON_WORDS.contains(word))?;
    let what = format!("`{word}` is a common word: by itself it is in a good part of all posts");
    Some(placed.warning(what, with_context(word)))
}

/// What to write in place of a word alone.
pub(super) fn with_context(word: &str) -> String {
    format!("say what stands beside it, as in `{word} NEAR/5 (outage OR refund*)`, or write it in its case: {{{word}}}")
}

/// Longest clause that a warning shows, in characters.
const MAX_SHOWN: usize = 80;

/// A clause short enough for a line.
fn short(clause: &str) -> String {
    match clause.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}…", &clause[..at]),
        None => clause.to_owned(),
    }
}
