//! Does one clause imply another, and can two be true of one post?

use super::range::Range;
use super::text;
use crate::query::ast::{Expr, FieldClause, Scope};
use crate::query::eval::{bare_url, domain_covers, path_covers};

/// Whether every post that one clause is true of is one that the other is true of.
pub(super) fn implies(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::Text { scope: own, what }, Expr::Text { scope, what: wanted }) => {
            (own == scope || *scope == Scope::Either) && text::implies(what, wanted)
        }
        (Expr::Is(one), Expr::Is(other)) => one == other || value_implies(one, other),
        (Expr::Compare { what, op, value }, Expr::Compare { what: other, op: other_op, value: bound }) => {
            what == other && Range::of(*what, *op, *value).is_within(Range::of(*other, *other_op, *bound))
        }
        _ => false,
    }
}

/// Whether no post can satisfy both.
pub(super) fn are_disjoint(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::Is(one), Expr::Is(other)) => values_are_disjoint(one, other),
        (Expr::Compare { what, op, value }, Expr::Compare { what: other, op: other_op, value: bound }) => {
            what == other && Range::of(*what, *op, *value).and(Range::of(*other, *other_op, *bound)).is_empty()
        }
        _ => false,
    }
}

fn value_implies(one: &FieldClause, other: &FieldClause) -> bool {
    use FieldClause::{Label, Link, Site, Url};
    match (one, other) {
        (Site { domain, path }, Site { domain: wide, path: wide_path })
        | (Link { domain, path }, Link { domain: wide, path: wide_path }) => {
            let is_under = |wide: &String| path.as_ref().is_some_and(|path| path_covers(wide, path));
            domain_covers(wide, domain) && wide_path.as_ref().is_none_or(is_under)
        }
        (Label(one), Label(wide)) => {
            one.strip_prefix(wide.as_str()).is_some_and(|rest| rest.starts_with('/'))
                || one.strip_suffix(wide.as_str()).is_some_and(|rest| rest.ends_with('/'))
        }
        (Url(one), Url(other)) => bare_url(one).eq_ignore_ascii_case(bare_url(other)),
        _ => false,
    }
}

/// Of fields that have one value: two values that differ.
fn values_are_disjoint(one: &FieldClause, other: &FieldClause) -> bool {
    use FieldClause::{Kind, Lang, Outcome, Site, Source, Status, Type};
    match (one, other) {
        (Site { domain, path }, Site { domain: other, path: other_path }) => {
            let apart = |one: &String, other: &String| !path_covers(one, other) && !path_covers(other, one);
            let paths_apart = path.as_ref().zip(other_path.as_ref()).is_some_and(|(one, other)| apart(one, other));
            let domains_apart = !domain_covers(domain, other) && !domain_covers(other, domain);
            domains_apart || paths_apart
        }
        (Source(one), Source(other))
        | (Kind(one), Kind(other))
        | (Lang(one), Lang(other))
        | (Status(one), Status(other)) => !one.eq_ignore_ascii_case(other),
        (Type(one), Type(other)) => one != other,
        (Outcome(one), Outcome(other)) => one != other,
        _ => false,
    }
}
