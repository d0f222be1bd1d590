//! What runs, but most likely does not do what was meant, because of what another block or file says?

mod lacks;
mod measured;
mod pairs;
mod queries;

use std::collections::BTreeSet;
use std::ops::Range;

use super::document::Document;
use super::place;
use super::routes::Routes;
use super::sources::Sources;
use super::watches::{ScopedSource, Watches};
use crate::model::{Fault, nearest};
use crate::query::ast::{Expr, FieldClause};
use crate::source::KINDS;

pub use measured::MAX_MEASURED;
pub(super) use measured::places;

/// Warnings about what queries mean. They take a while where there are many watches: for `overheard check`. `sources` is
/// none where their file could not be read whole.
pub(super) fn meanings(
    watches_file: &mut Document<'_>,
    watches: &Watches,
    routes_file: &mut Document<'_>,
    routes: &Routes,
    sources: Option<&Sources>,
) {
    queries::watches(watches_file, watches);
    pairs::watches(watches_file, watches);
    queries::routes(routes_file, routes);
    if let Some(sources) = sources {
        lacks::clauses(watches_file, watches, routes_file, routes, sources);
    }
}

/// Warnings about `watches.toml`: lists that nothing uses.
pub(super) fn watches(document: &mut Document<'_>, watches: &Watches, routes: &Routes) {
    let in_routes = routes.queries.iter().map(|route| route.text.as_str());
    let texts: Vec<&str> = watches.texts.iter().map(String::as_str).chain(in_routes).collect();
    for (list, span) in &watches.lists {
        if !texts.iter().any(|text| names_list(text, list)) {
            let fault =
                Fault::error(format!("lists.{list}"), Some(span.clone()), format!("no query uses the list `{list}`"));
            document.faults([fault.hint(format!("write ${list} in a query, or take the list out")).warning()]);
        }
    }
}

/// Warnings about scopes in `watches.toml`: sources that nothing has.
pub(super) fn scopes(document: &mut Document<'_>, watches: &Watches, sources: &Sources) {
    let known: BTreeSet<String> = sources.named.iter().map(|name| name.to_lowercase()).collect();
    for ScopedSource { source, key, span } in &watches.scoped {
        if known.contains(&source.to_lowercase()) {
            continue;
        }
        let what = format!("there is no source `{source}`: nothing comes from it");
        let fault = Fault::error(key, span.clone(), what).warning();
        document.faults([match nearest(source, known.iter().map(String::as_str)) {
            Some(word) => fault.hint(format!("did you mean `{word}`?")),
            None => fault,
        }]);
    }
}

/// Warnings about the queries of `watches.toml`: sources and kinds that there are none of.
pub(super) fn names(document: &mut Document<'_>, watches: &Watches, sources: &Sources) {
    let known = Known::of(watches, sources);
    for placed in queries::of_watches(watches) {
        let mut clauses = Vec::new();
        fields(placed.query.expr(), &mut clauses);
        let text = document.text();
        let written = Written { key: &placed.key, text: placed.query.source(), span: &placed.span };
        // What only the scope names is not written here, and was told of where it is.
        let faults = clauses.into_iter().filter_map(|clause| unknown_name(text, &written, clause, &known));
        document.faults(faults.filter(|fault| fault.span.as_ref() != Some(&placed.span)));
    }
}

/// Whether `$list` stands in a query's text, and not as the beginning of a longer name.
fn names_list(text: &str, list: &str) -> bool {
    let goes_on = |letter: char| letter.is_alphanumeric() || letter == '_';
    let name = format!("${list}");
    text.match_indices(&name).any(|(at, _)| !text[at + name.len()..].starts_with(goes_on))
}

/// Warnings about `routes.toml`: receivers that no route names, names that nothing has.
///
/// Names are only missed where the files that would give them could be read whole.
pub(super) fn routes(
    document: &mut Document<'_>,
    routes: &Routes,
    watches: &Watches,
    sources: &Sources,
    others_whole: bool,
) {
    for (name, span) in &routes.receiver_spans {
        if !routes.named.contains(name) {
            let what = format!("no route names the receiver `{name}`: it is told of nothing");
            let fault = Fault::error(format!("receiver.{name}"), Some(span.clone()), what);
            document.faults([fault.hint("name it in a route, or take it out").warning()]);
        }
    }
    if !others_whole {
        return;
    }
    let known = Known::of(watches, sources);
    for route in &routes.queries {
        let mut clauses = Vec::new();
        fields(route.query.expr(), &mut clauses);
        let text = document.text();
        let written = Written { key: &route.key, text: &route.text, span: &route.span };
        document.faults(clauses.into_iter().filter_map(|clause| unknown_name(text, &written, clause, &known)));
    }
}

/// What other files give names to, in lower case: queries compare so.
struct Known {
    watches: BTreeSet<String>,
    owners: BTreeSet<String>,
    sources: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Known {
    fn of(watches: &Watches, sources: &Sources) -> Self {
        let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect();
        let kinds = KINDS.iter().map(|kind| kind.name().to_owned()).collect();
        let (watches, owners) = (lower(&watches.named), lower(&watches.owners));
        Self { watches, owners, sources: lower(&sources.named), kinds }
    }
}

/// A query as it stands in its file.
struct Written<'q> {
    key: &'q str,
    text: &'q str,
    /// Of the string, with its quotes.
    span: &'q Range<usize>,
}

fn unknown_name(text: &str, query: &Written<'_>, clause: &FieldClause, known: &Known) -> Option<Fault> {
    let (field, name, there_are) = match clause {
        FieldClause::Watch(name) => ("watch", name, &known.watches),
        FieldClause::Owner(name) => ("owner", name, &known.owners),
        FieldClause::Source(name) => ("source", name, &known.sources),
        FieldClause::Kind(name) => ("kind", name, &known.kinds),
        _ => return None,
    };
    if there_are.contains(&name.to_lowercase()) {
        return None;
    }
    let what = format!("there is no {field} `{name}`: this part of the query is never true");
    let fault = Fault::error(query.key, Some(part_of(text, query, name)), what).warning();
    Some(match nearest(name, there_are.iter().map(String::as_str)) {
        Some(word) => fault.hint(format!("did you mean `{word}`?")),
        None => fault,
    })
}

/// Where a name stands in a query, or the whole query where it is written otherwise.
fn part_of(text: &str, query: &Written<'_>, name: &str) -> Range<usize> {
    match query.text.to_ascii_lowercase().find(&name.to_ascii_lowercase()) {
        Some(at) => place::of_part(text, query.span, query.text, &(at..at + name.len())),
        None => query.span.clone(),
    }
}

/// Every clause about a field in an expression.
fn fields<'e>(expr: &'e Expr, clauses: &mut Vec<&'e FieldClause>) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| fields(part, clauses)),
        Expr::Not(part) => fields(part, clauses),
        Expr::Is(clause) => clauses.push(clause),
        Expr::Text { .. } | Expr::Compare { .. } => {}
    }
}
