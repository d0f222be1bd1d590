//! Does one query imply another, and can two be true together?

use super::{Reasoner, clause};
use crate::query::ast::Expr;

impl Reasoner {
    /// Whether `other` is true whenever `one` is.
    pub(super) fn implies(&self, one: &Expr, other: &Expr) -> bool {
        if !self.step() {
            return false;
        }
        if one == other {
            return true;
        }
        match (one, other) {
            (Expr::Or(parts), _) => parts.iter().all(|part| self.implies(part, other)),
            (_, Expr::And(parts)) => parts.iter().all(|part| self.implies(one, part)),
            (Expr::And(parts), _) => {
                parts.iter().any(|part| self.implies(part, other))
                    || any_of(other, |part| self.implies(one, part))
                    || self.implies_by_cases(parts, other)
            }
            (_, Expr::Or(parts)) => parts.iter().any(|part| self.implies(one, part)),
            (_, Expr::Not(excluded)) => match one {
                Expr::Not(inner) => self.implies(excluded, inner),
                _ => self.is_disjoint(one, excluded),
            },
            (Expr::Not(_), _) => false,
            (Expr::Text { .. } | Expr::Is(_) | Expr::Compare { .. }, _) => clause::implies(one, other),
        }
    }

    /// `a AND (b OR c)` implies what `a AND b` and `a AND c` imply.
    fn implies_by_cases(&self, parts: &[Expr], other: &Expr) -> bool {
        let Some(at) = parts.iter().position(|part| matches!(part, Expr::Or(_))) else { return false };
        let Some(Expr::Or(alternatives)) = parts.get(at) else { return false };
        alternatives.iter().all(|alternative| {
            let rest = parts.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, part)| part.clone());
            self.step() && self.implies(&Expr::all(rest.chain([alternative.clone()]).collect()), other)
        })
    }

    /// Whether the two are never true together.
    pub(super) fn is_disjoint(&self, one: &Expr, other: &Expr) -> bool {
        if !self.step() {
            return false;
        }
        match (one, other) {
            (Expr::Or(parts), third) | (third, Expr::Or(parts)) => {
                parts.iter().all(|part| self.is_disjoint(part, third))
            }
            (Expr::And(parts), third) | (third, Expr::And(parts)) => {
                parts.iter().any(|part| self.is_disjoint(part, third)) || self.is_excluded(one, other)
            }
            (Expr::Not(_), _) | (_, Expr::Not(_)) => self.is_excluded(one, other),
            _ => clause::are_disjoint(one, other),
        }
    }

    /// Whether one of them excludes what the other implies.
    fn is_excluded(&self, one: &Expr, other: &Expr) -> bool {
        let excludes = |one: &Expr, other: &Expr| match other {
            Expr::Not(inner) => self.implies(one, inner),
            _ => false,
        };
        excludes(one, other) || excludes(other, one)
    }
}

fn any_of(expr: &Expr, is: impl Fn(&Expr) -> bool) -> bool {
    match expr {
        Expr::Or(parts) => parts.iter().any(is),
        _ => false,
    }
}
