//! What can be said of a query without asking it about a post?
//!
//! Everything here is sound and incomplete: what is said to be never true is true of no post, what is said to imply
//! another is true of no post that the other is not true of; but not all of it is seen. A budget of steps keeps
//! the work small; past it nothing more is seen.

mod canonical;
mod clause;
mod common;
mod imply;
mod range;
mod text;

use std::cell::Cell;

use super::ast::{Comparison, Expr, Quantity};

pub use canonical::{canonical, clauses};
pub use common::{COMMON, common_word, lone_words};
use range::Range;

/// Most pairs of sub-expressions that one question looks at.
const MAX_STEPS: u32 = 20_000;

/// Why a query is true of no post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Never {
    /// Two parts of it are never true together; as the language prints them.
    Contradiction(String, String),
    /// This clause by itself is never true: a number that nothing has.
    Impossible(String),
}

/// Of which posts a query is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Always {
    /// Of every post.
    Every,
    /// Of nearly every post (that has the value), because of this clause.
    Nearly(String),
}

/// Why the query is true of no post; `None` where that is not seen.
pub fn never(expr: &Expr) -> Option<Never> {
    Reasoner::new().never(expr)
}

/// Whether the query is true of every post, or all but a few; `None` where that is not seen.
pub fn always(expr: &Expr) -> Option<Always> {
    let reasoner = Reasoner::new();
    if reasoner.is_always(expr) { Some(Always::Every) } else { nearly(expr).map(Always::Nearly) }
}

/// Whether every post that `one` is true of is one that `other` is true of; `false` also where that is not seen.
pub fn implies(one: &Expr, other: &Expr) -> bool {
    Reasoner::new().implies(one, other)
}

/// Answers one question within a budget.
struct Reasoner {
    steps: Cell<u32>,
}

impl Reasoner {
    fn new() -> Self {
        Self { steps: Cell::new(0) }
    }

    /// Whether there is budget for another step.
    fn step(&self) -> bool {
        self.steps.set(self.steps.get() + 1);
        self.steps.get() <= MAX_STEPS
    }

    fn never(&self, expr: &Expr) -> Option<Never> {
        if !self.step() {
            return None;
        }
        match expr {
            Expr::And(parts) => parts.iter().find_map(|part| self.never(part)).or_else(|| self.contradiction(parts)),
            // The first reason stands for all: each alternative has one.
            Expr::Or(parts) => {
                let mut reasons = parts.iter().map(|part| self.never(part));
                let first = reasons.next()??;
                reasons.all(|reason| reason.is_some()).then_some(first)
            }
            Expr::Not(inner) => self.is_always(inner).then(|| Never::Impossible(expr.to_string())),
            Expr::Compare { what, op, value } => {
                Range::of(*what, *op, *value).is_empty().then(|| Never::Impossible(expr.to_string()))
            }
            Expr::Text { .. } | Expr::Is(_) => None,
        }
    }

    /// Two parts of a conjunction that are never true together.
    fn contradiction(&self, parts: &[Expr]) -> Option<Never> {
        for (index, one) in parts.iter().enumerate() {
            let others = parts.get(index + 1..).unwrap_or_default();
            if let Some(other) = others.iter().find(|other| self.is_disjoint(one, other)) {
                return Some(Never::Contradiction(one.to_string(), other.to_string()));
            }
        }
        self.excluded_as_a_whole(parts).or_else(|| self.no_alternative_left(parts))
    }

    /// `a AND b AND NOT (a AND b)`.
    fn excluded_as_a_whole(&self, parts: &[Expr]) -> Option<Never> {
        parts.iter().find_map(|part| {
            let Expr::Not(excluded) = part else { return None };
            let Expr::And(whole) = &**excluded else { return None };
            let is_asked =
                |one: &Expr| parts.iter().any(|other| !std::ptr::eq(other, part) && self.implies(other, one));
            let is_excluded = whole.iter().all(is_asked);
            is_excluded.then(|| Never::Contradiction(excluded.to_string(), part.to_string()))
        })
    }

    /// `(a OR b) AND NOT a AND NOT b`: each alternative contradicts another part, or itself.
    fn no_alternative_left(&self, parts: &[Expr]) -> Option<Never> {
        parts.iter().find_map(|part| {
            let Expr::Or(alternatives) = part else { return None };
            let others = || parts.iter().filter(|other| !std::ptr::eq(*other, part));
            let against = |alternative: &Expr| others().find(|other| self.is_disjoint(alternative, other));
            let left = alternatives.iter().filter(|alternative| self.never(alternative).is_none());
            let other = left.map(against).collect::<Option<Vec<_>>>()?.into_iter().next()?;
            Some(Never::Contradiction(part.to_string(), other.to_string()))
        })
    }

    /// Whether the query is true of every post.
    fn is_always(&self, expr: &Expr) -> bool {
        if !self.step() {
            return false;
        }
        match expr {
            Expr::And(parts) => parts.iter().all(|part| self.is_always(part)),
            Expr::Or(parts) => parts.iter().any(|part| self.is_always(part)) || self.covers_all(parts),
            Expr::Not(inner) => self.never(inner).is_some(),
            Expr::Text { .. } | Expr::Is(_) | Expr::Compare { .. } => false,
        }
    }

    /// `a OR NOT a`: what one alternative excludes is in another.
    fn covers_all(&self, parts: &[Expr]) -> bool {
        parts.iter().any(|part| match part {
            Expr::Not(inner) => parts.iter().any(|other| !std::ptr::eq(other, part) && self.implies(inner, other)),
            _ => false,
        })
    }
}

/// The clause that makes a query true of nearly every post.
fn nearly(expr: &Expr) -> Option<String> {
    match expr {
        Expr::And(parts) => {
            let all: Option<Vec<String>> = parts.iter().map(nearly).collect();
            all?.into_iter().next()
        }
        Expr::Or(parts) => parts.iter().find_map(nearly),
        Expr::Compare { what, op, value } => is_nearly_all(*what, *op, *value).then(|| expr.to_string()),
        Expr::Not(inner) => match &**inner {
            Expr::Compare { what, op, value } => is_hardly_any(*what, *op, *value).then(|| expr.to_string()),
            _ => None,
        },
        Expr::Text { .. } | Expr::Is(_) => None,
    }
}

/// 2000-01-01: hardly anything that is read is older.
const LONG_AGO: f64 = 946_684_800_000.0;
/// Ten years.
const LONG: f64 = 10.0 * 365.25 * 86_400_000.0;
const MINUTE: f64 = 60_000.0;

/// Whether nearly everything that has the value is on this side of the bound.
fn is_nearly_all(what: Quantity, op: Comparison, value: f64) -> bool {
    use Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
    match (what, op) {
        (Quantity::Published, Greater | GreaterOrEqual) => value <= LONG_AGO,
        (Quantity::Age, Greater | GreaterOrEqual) => value <= MINUTE,
        (Quantity::Age, Less | LessOrEqual) => value >= LONG,
        _ => Range::of(what, op, value).is_whole(what),
    }
}

fn is_hardly_any(what: Quantity, op: Comparison, value: f64) -> bool {
    use Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
    match (what, op) {
        (Quantity::Published, Less | LessOrEqual) => value <= LONG_AGO,
        (Quantity::Age, Less | LessOrEqual) => value <= MINUTE,
        (Quantity::Age, Greater | GreaterOrEqual) => value >= LONG,
        _ => false,
    }
}
