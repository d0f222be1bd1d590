//! How are two queries that say the same written alike?

use std::collections::BTreeSet;

use crate::query::ast::Expr;

/// The query with its parts in a fixed order, each once, and nothing excluded twice: queries that differ in these only
/// have the same form. For comparing, not for reading.
pub fn canonical(expr: &Expr) -> String {
    match expr {
        Expr::And(parts) => joined('&', parts, conjuncts),
        Expr::Or(parts) => joined('|', parts, alternatives),
        Expr::Not(inner) => match &**inner {
            Expr::Not(twice) => canonical(twice),
            other => format!("!{}", canonical(other)),
        },
        Expr::Text { .. } | Expr::Is(_) | Expr::Compare { .. } => expr.to_string(),
    }
}

fn conjuncts(expr: &Expr) -> Option<&[Expr]> {
    match expr {
        Expr::And(parts) => Some(parts),
        _ => None,
    }
}

fn alternatives(expr: &Expr) -> Option<&[Expr]> {
    match expr {
        Expr::Or(parts) => Some(parts),
        _ => None,
    }
}

/// `inner` gives the parts of a part of the same sort: they stand among the others.
fn joined(sign: char, parts: &[Expr], inner: fn(&Expr) -> Option<&[Expr]>) -> String {
    let mut open: Vec<&Expr> = parts.iter().collect();
    let mut texts = BTreeSet::new();
    while let Some(part) = open.pop() {
        match inner(part) {
            Some(parts) => open.extend(parts),
            None => drop(texts.insert(canonical(part))),
        }
    }
    match texts.len() {
        1 => texts.into_iter().next().unwrap_or_default(),
        _ => format!("({sign}{})", texts.into_iter().collect::<Vec<_>>().join("\n")),
    }
}

/// The clauses of a query, each once and in a fixed order: queries that say the same mostly have the same.
pub fn clauses(expr: &Expr) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(expr, &mut found);
    found
}

fn collect(expr: &Expr, found: &mut BTreeSet<String>) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| collect(part, found)),
        Expr::Not(inner) => collect(inner, found),
        Expr::Text { .. } | Expr::Is(_) | Expr::Compare { .. } => {
            found.insert(expr.to_string());
        }
    }
}
