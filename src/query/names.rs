//! What does a `$name` in a query stand for?

use std::collections::BTreeMap;

use super::ast::{Expr, Scope};
use super::field::{Value, clause};
use super::lexer::{TokenKind, tokens};
use super::parser::parse;
use super::{Place, Problem, QueryError};
use crate::model::{Field, nearest};

/// The lists and fragments that queries may name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names(BTreeMap<String, List>);

/// One list: its entries, and the query that any of them makes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct List {
    entries: Vec<String>,
    pub expr: Expr,
    /// How deep brackets and NOT are nested in its entries.
    pub depth: usize,
}

/// One thing wrong in the lists.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct NameError {
    /// The list.
    pub name: String,
    /// Which of its entries, from 0.
    pub entry: usize,
    /// The span counts bytes of the entry.
    pub error: QueryError,
}

impl Names {
    /// Reads every list; each entry is a query (which may name other lists), the list is their OR.
    ///
    /// Fields of every place are read; whether they exist is seen where the list is used.
    pub fn new(lists: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<NameError>> {
        let mut names = Self::default();
        // Each round reads the lists whose names are known by then; it ends when a round reads no more of them.
        loop {
            let before = names.0.len();
            let mut errors = Vec::new();
            for (name, entries) in lists.iter().filter(|(name, _)| !names.0.contains_key(*name)).collect::<Vec<_>>() {
                match names.read(name, entries) {
                    Ok(list) => drop(names.0.insert(name.clone(), list)),
                    Err(wrong) => errors.extend(wrong),
                }
            }
            if errors.is_empty() {
                return Ok(names);
            }
            if names.0.len() == before {
                return Err(without_consequences(errors, lists));
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&List> {
        self.0.get(name)
    }

    pub(super) fn nearest(&self, name: &str) -> Option<String> {
        nearest(name, self.0.keys().map(String::as_str)).map(str::to_owned)
    }

    fn read(&self, name: &str, entries: &[String]) -> Result<List, Vec<NameError>> {
        let fault = |entry, error| NameError { name: name.to_owned(), entry, error };
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
            return Err(vec![fault(0, Problem::BadName { name: name.to_owned() }.at(0..0))]);
        }
        if entries.is_empty() {
            return Err(vec![fault(0, Problem::EmptyList.at(0..0))]);
        }
        let (mut parts, mut errors, mut depth) = (Vec::new(), Vec::new(), 0);
        for (index, entry) in entries.iter().enumerate() {
            match parse(entry, Place::Search, self) {
                Ok(parsed) => {
                    depth = depth.max(parsed.depth);
                    parts.push(parsed.expr);
                }
                Err(error) => errors.push(fault(index, error)),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(List { entries: entries.to_vec(), expr: Expr::any(parts), depth })
    }
}

/// The errors that are no mere consequence of others: a list that names a faulty list is not at fault itself.
fn without_consequences(errors: Vec<NameError>, lists: &BTreeMap<String, Vec<String>>) -> Vec<NameError> {
    let names_a_list = |error: &NameError| match &error.error.problem {
        Problem::UnknownName { name, .. } => lists.contains_key(name),
        _ => false,
    };
    let (circular, own): (Vec<_>, Vec<_>) = errors.into_iter().partition(names_a_list);
    if !own.is_empty() {
        return own;
    }
    let cycle = |fault: NameError| {
        let problem = Problem::NameCycle { name: fault.name.clone() };
        NameError { error: problem.at(fault.error.span), ..fault }
    };
    circular.into_iter().map(cycle).collect()
}

impl List {
    /// The list with every word looked for in one text; `Err` is the clause that cannot be.
    pub(super) fn words_in(&self, field: Field) -> Result<Expr, String> {
        only_in(&self.expr, field)
    }

    /// The entries as values of a field; `Err` is the entry that cannot be, and why.
    pub(super) fn values_of(&self, field: Value) -> Result<Expr, (String, String)> {
        let mut clauses = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let value = without_quotes(entry);
            clauses.push(Expr::Is(clause(field, value).map_err(|why| (value.to_owned(), why))?));
        }
        Ok(Expr::any(clauses))
    }
}

fn without_quotes(entry: &str) -> &str {
    let is_quoted = matches!(tokens(entry).as_deref(), Ok([token]) if matches!(token.what, TokenKind::Quoted { .. }));
    if is_quoted { entry.trim().trim_matches('"') } else { entry.trim() }
}

/// The same with every word looked for in one text; `Err` names the clause that cannot be.
fn only_in(expr: &Expr, field: Field) -> Result<Expr, String> {
    let each = |parts: &[Expr]| parts.iter().map(|part| only_in(part, field)).collect::<Result<Vec<_>, _>>();
    match expr {
        Expr::And(parts) => each(parts).map(Expr::And),
        Expr::Or(parts) => each(parts).map(Expr::Or),
        Expr::Not(inner) => Ok(Expr::Not(Box::new(only_in(inner, field)?))),
        Expr::Text { scope: Scope::Either, what } => Ok(Expr::Text { scope: Scope::Only(field), what: what.clone() }),
        Expr::Text { scope: Scope::Only(own), .. } if *own == field => Ok(expr.clone()),
        Expr::Text { .. } | Expr::Is(_) | Expr::Compare { .. } => Err(expr.to_string()),
    }
}

/// A field or quantity of an expression that does not exist in a place.
pub(super) fn missing_in(expr: &Expr, place: Place) -> Option<&'static str> {
    let (name, since) = match expr {
        Expr::And(parts) | Expr::Or(parts) => return parts.iter().find_map(|part| missing_in(part, place)),
        Expr::Not(inner) => return missing_in(inner, place),
        Expr::Text { .. } => return None,
        Expr::Is(clause) => {
            let (name, since, _) = clause.parts();
            (name, since)
        }
        Expr::Compare { what, .. } => what.parts(),
    };
    (since > place).then_some(name)
}
