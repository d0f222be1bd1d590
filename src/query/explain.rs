//! Which clauses of a query made it true of a post, and where?

use std::ops::Range;

use super::Subject;
use super::ast::{Expr, Scope, TextClause};
use super::eval::holds;
use super::find::{each_place, fields};
use crate::model::{ClauseHit, Field, Span};

/// The positive clauses of an expression that are true of a post, each once, in the order of the query.
pub(super) fn hits(expr: &Expr, subject: &Subject<'_>) -> Vec<ClauseHit> {
    let mut found = Vec::new();
    collect(expr, subject, &mut found);
    found
}

fn collect(expr: &Expr, subject: &Subject<'_>, found: &mut Vec<ClauseHit>) {
    match expr {
        Expr::And(parts) => parts.iter().for_each(|part| collect(part, subject, found)),
        Expr::Or(parts) => {
            // A text clause without a place adds nothing anyhow; asking it first would look twice.
            let is_true = |part: &&Expr| matches!(part, Expr::Text { .. }) || holds(part, subject);
            parts.iter().filter(is_true).for_each(|part| collect(part, subject, found));
        }
        // What is absent has no place.
        Expr::Not(_) => {}
        Expr::Text { scope, what } => {
            let spans = spans(*scope, what, subject);
            if !spans.is_empty() {
                add(expr, spans, found);
            }
        }
        Expr::Is(_) | Expr::Compare { .. } => {
            if holds(expr, subject) {
                add(expr, Vec::new(), found);
            }
        }
    }
}

fn add(expr: &Expr, spans: Vec<Span>, found: &mut Vec<ClauseHit>) {
    let clause = expr.to_string();
    if !found.iter().any(|hit| hit.clause == clause) {
        found.push(ClauseHit { clause, spans });
    }
}

/// The first places of a clause, title before text.
pub(super) fn spans(scope: Scope, what: &TextClause, subject: &Subject<'_>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for field in fields(scope) {
        let before = spans.len();
        each_place(what, subject.text_of(*field), &mut |place| {
            let span = span(*field, place);
            if !spans[before..].contains(&span) {
                spans.push(span);
            }
            spans.len() < ClauseHit::MAX_SPANS
        });
        spans[before..].sort_unstable_by_key(|span| (span.start, span.end));
        if spans.len() >= ClauseHit::MAX_SPANS {
            break;
        }
    }
    spans
}

fn span(field: Field, place: Range<usize>) -> Span {
    Span { field, start: place.start as u32, end: place.end as u32 }
}
