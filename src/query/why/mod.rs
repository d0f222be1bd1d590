//! Which clauses decided that a query is true of a post, or that it is not?
//!
//! [`why_not`] follows a false query down to the clauses that are to blame, [`why`] names what decided either
//! way. A clause about words is not only said to be missing: what came near it is named with its place, so that
//! who wrote the query sees what to change.

mod actual;
mod text;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::Subject;
use super::ast::Expr;
use super::eval::holds;
use crate::model::{ClauseHit, Span};

/// Most alternatives that are explained one by one; those that came near first.
pub const MAX_ALTERNATIVES: usize = 8;
/// Longest clause that is printed whole, in characters.
const MAX_CLAUSE: usize = 200;

/// A clause that decided, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// As the query language prints it; a very long one is cut off.
    pub clause: String,
    /// In words, about the clause: `not in the title or the text`.
    pub why: String,
    /// Where it is, or what came near it; at most [`ClauseHit::MAX_SPANS`].
    #[serde(default)]
    pub spans: Vec<Span>,
    /// Of a clause none of whose alternatives is true: why each is not, at most [`MAX_ALTERNATIVES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Because>,
}

/// The smallest honest explanation of why an expression is false of a post; empty if and only if it is true.
pub fn why_not(expr: &Expr, subject: &Subject<'_>) -> Vec<Because> {
    if holds(expr, subject) {
        return Vec::new();
    }
    match expr {
        Expr::And(parts) => each(parts.iter().map(|part| why_not(part, subject))),
        Expr::Or(parts) => vec![no_alternative(expr, parts, subject)],
        Expr::Not(inner) => excluded(inner, subject),
        Expr::Text { scope, what } => {
            let (why, spans) = text::missing(*scope, what, subject);
            vec![Because::new(expr, why, spans)]
        }
        Expr::Is(clause) => vec![Because::new(expr, actual::value(clause, subject), Vec::new())],
        Expr::Compare { what, .. } => vec![Because::new(expr, actual::number(*what, subject), Vec::new())],
    }
}

/// What decided on an expression: the clauses that make it true, or [`why_not`]. Never empty.
pub fn why(expr: &Expr, subject: &Subject<'_>) -> Vec<Because> {
    if !holds(expr, subject) {
        return why_not(expr, subject);
    }
    let found = satisfied(expr, subject);
    match found.is_empty() {
        true => vec![Because::new(expr, "nothing of what it excludes is there".to_owned(), Vec::new())],
        false => found,
    }
}

/// The clauses that make a true expression true; nothing for what is only absent.
fn satisfied(expr: &Expr, subject: &Subject<'_>) -> Vec<Because> {
    match expr {
        Expr::And(parts) => each(parts.iter().map(|part| satisfied(part, subject))),
        Expr::Or(parts) => each(parts.iter().filter(|part| holds(part, subject)).map(|part| satisfied(part, subject))),
        Expr::Not(_) => Vec::new(),
        Expr::Text { scope, what } => {
            let spans = super::explain::spans(*scope, what, subject);
            vec![Because::new(expr, text::places(&spans), spans)]
        }
        Expr::Is(clause) => vec![Because::new(expr, actual::value(clause, subject), Vec::new())],
        Expr::Compare { what, .. } => vec![Because::new(expr, actual::number(*what, subject), Vec::new())],
    }
}

/// Why `NOT inner` is false: what of it is there. `NOT (a OR b)` is `NOT a AND NOT b`, and told so.
fn excluded(inner: &Expr, subject: &Subject<'_>) -> Vec<Because> {
    match inner {
        Expr::Or(parts) => each(parts.iter().filter(|part| holds(part, subject)).map(|part| excluded(part, subject))),
        Expr::Not(wanted) => why_not(wanted, subject),
        Expr::And(_) | Expr::Text { .. } | Expr::Is(_) | Expr::Compare { .. } => {
            let found = why(inner, subject);
            let said = match found.as_slice() {
                [only] => only.why.clone(),
                several => several.iter().map(Because::sentence).collect::<Vec<_>>().join("; "),
            };
            let spans = bounded(found.into_iter().flat_map(|because| because.spans));
            vec![Because {
                clause: printed(&Expr::Not(Box::new(inner.clone()))),
                why: said,
                spans,
                alternatives: vec![],
            }]
        }
    }
}

fn no_alternative(expr: &Expr, parts: &[Expr], subject: &Subject<'_>) -> Because {
    let mut alternatives: Vec<Because> = parts.iter().map(|part| as_one(part, why_not(part, subject))).collect();
    // What came near is what its reader looks for.
    alternatives.sort_by_key(|because| because.spans.is_empty());
    alternatives.truncate(MAX_ALTERNATIVES);
    let why = format!("none of its {} alternatives is true", parts.len());
    Because { alternatives, ..Because::new(expr, why, Vec::new()) }
}

/// Several reasons against one expression as one.
fn as_one(expr: &Expr, mut reasons: Vec<Because>) -> Because {
    match (reasons.pop(), reasons.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            reasons.extend(last);
            let why = reasons.iter().map(Because::sentence).collect::<Vec<_>>().join("; ");
            Because::new(expr, why, bounded(reasons.into_iter().flat_map(|because| because.spans)))
        }
    }
}

impl Because {
    fn new(expr: &Expr, why: String, spans: Vec<Span>) -> Self {
        Self { clause: printed(expr), why, spans, alternatives: Vec::new() }
    }

    /// The clause and why, in one line: `` `down`: not in the title or the text ``.
    pub fn sentence(&self) -> String {
        let Self { clause, why, .. } = self;
        let alternatives: Vec<String> = self.alternatives.iter().map(Self::sentence).collect();
        match alternatives.is_empty() {
            true => format!("`{clause}`: {why}"),
            false => format!("`{clause}`: {why} ({})", alternatives.join("; ")),
        }
    }
}

fn printed(expr: &Expr) -> String {
    let text = expr.to_string();
    match text.char_indices().nth(MAX_CLAUSE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// All reasons, each once.
fn each(reasons: impl Iterator<Item = Vec<Because>>) -> Vec<Because> {
    let mut found: Vec<Because> = Vec::new();
    for because in reasons.flatten() {
        if !found.contains(&because) {
            found.push(because);
        }
    }
    found
}

fn bounded(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut kept: Vec<Span> = Vec::new();
    for span in spans {
        if kept.len() < ClauseHit::MAX_SPANS && !kept.contains(&span) {
            kept.push(span);
        }
    }
    kept
}
