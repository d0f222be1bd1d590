//! Which clauses ask for what some of the sources never give?
//!
//! Asked for each clause of the sources whose posts it can be asked of at all: those that the other parts of its query, a
//! scope among them, let through. What stands under NOT is true of posts without the field, and is passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::queries::{Placed, of_routes, of_watches};
use crate::config::document::Document;
use crate::config::place;
use crate::config::routes::Routes;
use crate::config::sources::{SourceConfig, Sources};
use crate::config::watches::Watches;
use crate::model::{Fault, Lack};
use crate::query::ast::{Expr, FieldClause, Quantity};

/// Most sources that a warning names.
const MAX_NAMED: usize = 3;

/// Most pairs of a query and a source that are looked at: what is beyond is not warned of.
const MAX_PAIRS: usize = 2_000_000;

/// Warnings about the queries of watches and routes that ask for fields which sources in their scope lack.
pub(super) fn clauses(
    watches_file: &mut Document<'_>,
    watches: &Watches,
    routes_file: &mut Document<'_>,
    routes: &Routes,
    sources: &Sources,
) {
    let asked: Vec<Asked<'_>> = sources
        .sources
        .iter()
        .filter(|source| source.enabled)
        .map(|source| Asked { source, lack: source.source.lacks() })
        .collect();
    if asked.iter().all(|asked| asked.lack.is_none()) {
        return;
    }
    let exprs = watches.specs.iter().map(|spec| (spec.name.to_lowercase(), spec.query.expr())).collect();
    let looker = Looker { asked: &asked, watches: exprs };
    let mut left = MAX_PAIRS;
    let text = watches_file.text();
    for placed in of_watches(watches) {
        watches_file.faults(looker.faults(text, &placed, &mut left));
    }
    let text = routes_file.text();
    for placed in of_routes(routes) {
        routes_file.faults(looker.faults(text, &placed, &mut left));
    }
}

/// A source that the daemon asks.
struct Asked<'s> {
    source: &'s SourceConfig,
    lack: Option<Lack>,
}

struct Looker<'a> {
    asked: &'a [Asked<'a>],
    /// What each watch asks, by its name in lower case: a route may be about one.
    watches: BTreeMap<String, &'a Expr>,
}

/// A field that a query asks for, with the sources that it can be asked of, as indexes.
type Wanted = BTreeMap<&'static str, BTreeSet<usize>>;

impl Looker<'_> {
    fn faults(&self, text: &str, placed: &Placed<'_>, left: &mut usize) -> Vec<Fault> {
        let expr = placed.query.expr();
        if !wants(expr) {
            return Vec::new();
        }
        let Some(after) = left.checked_sub(self.asked.len()) else { return Vec::new() };
        *left = after;
        let mut wanted = Wanted::new();
        self.look(expr, &(0..self.asked.len()).collect(), &mut wanted);
        wanted.into_iter().filter_map(|(field, of)| self.fault(text, placed, field, &of)).collect()
    }

    /// Notes what an expression asks of these sources.
    fn look(&self, expr: &Expr, of: &BTreeSet<usize>, wanted: &mut Wanted) {
        match expr {
            Expr::And(parts) => {
                let through = |index: &usize| {
                    self.asked.get(*index).is_some_and(|asked| self.could(expr, asked.source, true).holds)
                };
                let of = of.iter().copied().filter(through).collect();
                parts.iter().for_each(|part| self.look(part, &of, wanted));
            }
            Expr::Or(parts) => parts.iter().for_each(|part| self.look(part, of, wanted)),
            Expr::Not(_) | Expr::Text { .. } => {}
            Expr::Is(_) | Expr::Compare { .. } => {
                if let Some(field) = field_of(expr) {
                    wanted.entry(field).or_default().extend(of);
                }
            }
        }
    }

    /// What a source's name and kind alone say of an expression. `inside`: watches that it names are looked into.
    fn could(&self, expr: &Expr, source: &SourceConfig, inside: bool) -> Could {
        let each =
            |parts: &[Expr]| -> Vec<Could> { parts.iter().map(|part| self.could(part, source, inside)).collect() };
        match expr {
            Expr::And(parts) => {
                let parts = each(parts);
                Could { holds: parts.iter().all(|part| part.holds), fails: parts.iter().any(|part| part.fails) }
            }
            Expr::Or(parts) => {
                let parts = each(parts);
                Could { holds: parts.iter().any(|part| part.holds), fails: parts.iter().all(|part| part.fails) }
            }
            Expr::Not(part) => {
                let part = self.could(part, source, inside);
                Could { holds: part.fails, fails: part.holds }
            }
            Expr::Is(FieldClause::Source(name)) => Could::known(source.name.eq_ignore_ascii_case(name)),
            Expr::Is(FieldClause::Kind(name)) => Could::known(source.kind.eq_ignore_ascii_case(name)),
            Expr::Is(FieldClause::Watch(name)) if inside => {
                let watch = self.watches.get(&name.to_lowercase());
                Could { holds: watch.is_none_or(|watch| self.could(watch, source, false).holds), fails: true }
            }
            Expr::Is(_) | Expr::Text { .. } | Expr::Compare { .. } => Could { holds: true, fails: true },
        }
    }

    fn fault(&self, text: &str, placed: &Placed<'_>, field: &'static str, of: &BTreeSet<usize>) -> Option<Fault> {
        let of: Vec<&Asked<'_>> = of.iter().filter_map(|index| self.asked.get(*index)).collect();
        let lacks = |asked: &&&Asked<'_>| asked.lack.is_some_and(|lack| lack.fields.contains(&field));
        let lacking: Vec<&&Asked<'_>> = of.iter().filter(lacks).collect();
        let why = lacking.first()?.lack?.why;
        let named: Vec<String> =
            lacking.iter().take(MAX_NAMED).map(|asked| format!("`{}`", asked.source.name)).collect();
        let more = if lacking.len() > named.len() { ", …" } else { "" };
        let named = format!("{}{more}", named.join(", "));
        let never = format!("what is asked of `{field}` can never be true");
        let what = match (lacking.len(), of.len()) {
            (1, 1) => format!("{never}: posts of {named} never have it"),
            (lacking, all) if lacking == all => {
                format!("{never}: posts of all {all} sources here ({named}) never have it")
            }
            (1, all) => format!("{never} of posts of {named}, 1 of {all} sources here"),
            (lacking, all) => format!("{never} of posts of {lacking} of {all} sources here ({named})"),
        };
        let span = part(placed, field)
            .map_or(placed.span.clone(), |part| place::of_part(text, &placed.span, placed.query.source(), &part));
        Some(Fault::error(&placed.key, Some(span), what).hint(why).warning())
    }
}

/// Whether an expression can be true, and whether it can be false.
struct Could {
    holds: bool,
    fails: bool,
}

impl Could {
    fn known(is: bool) -> Self {
        Self { holds: is, fails: !is }
    }
}

/// Whether an expression asks for any field that a source may lack.
fn wants(expr: &Expr) -> bool {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(wants),
        Expr::Not(_) | Expr::Text { .. } => false,
        Expr::Is(_) | Expr::Compare { .. } => field_of(expr).is_some(),
    }
}

/// The field that a clause asks for, if it is one that kinds may say they lack.
fn field_of(clause: &Expr) -> Option<&'static str> {
    match clause {
        Expr::Is(FieldClause::Author(_)) => Some("author"),
        Expr::Compare { what: Quantity::Likes, .. } => Some("likes"),
        Expr::Compare { what: Quantity::Replies, .. } => Some("replies"),
        Expr::Compare { what: Quantity::Score | Quantity::Sentiment | Quantity::Published | Quantity::Age, .. }
        | Expr::Is(_)
        | Expr::Text { .. }
        | Expr::And(_)
        | Expr::Or(_)
        | Expr::Not(_) => None,
    }
}

/// Where a field stands in a query's text, with something asked of it.
fn part(placed: &Placed<'_>, field: &str) -> Option<Range<usize>> {
    let text = placed.query.source().to_ascii_lowercase();
    let is_asked = |at: &usize| {
        let before = text[..*at].chars().next_back();
        let behind = text[at + field.len()..].trim_start();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '$') && behind.starts_with(['<', '>', '=', ':'])
    };
    let at = text.match_indices(field).map(|(at, _)| at).find(is_asked)?;
    Some(at..at + field.len())
}
