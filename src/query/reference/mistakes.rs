//! What is said about each mistake?

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Place, code, names};
use crate::query::{Names, Query, QueryError};

/// A text that is refused.
pub(in crate::query) enum Mistake {
    /// A query, and where it runs.
    Query(Place, &'static str),
    /// A query that consists of the second text repeated, between the first and the third.
    Long(&'static str, &'static str, usize, &'static str),
    /// A list: its name and its entries.
    List(&'static str, &'static [&'static str]),
}

use Mistake::{List, Long, Query as Q};

/// At least one for everything that can be wrong.
pub(in crate::query) const MISTAKES: &[Mistake] = &[
    Q(Place::Search, ""),
    Q(Place::Watch, "NOT coyote"),
    Q(Place::Watch, "acme score>=60"),
    Q(Place::Route, "acme status:new"),
    Q(Place::Watch, "acme \"down"),
    Q(Place::Watch, "acme (down OR outage"),
    Q(Place::Watch, "acme {Cloud"),
    Q(Place::Watch, "acme) down"),
    Q(Place::Watch, "acme <<< the brand"),
    Q(Place::Watch, "acme ()"),
    Q(Place::Watch, "acme AND"),
    Q(Place::Watch, "acme - down"),
    Q(Place::Watch, "acme && down"),
    Q(Place::Watch, "acme \"++\""),
    Q(Place::Watch, "sitee:reddit.com"),
    Q(Place::Watch, "from:bob"),
    Q(Place::Watch, "error:404"),
    Q(Place::Watch, "acme||anvilco"),
    Q(Place::Watch, "acme !down"),
    Q(Place::Watch, "acme NEAR5 down"),
    Q(Place::Watch, "acme~2"),
    Q(Place::Watch, "acme^2"),
    Q(Place::Watch, "'acme cloud'"),
    Q(Place::Watch, "lang:en,de"),
    Q(Place::Watch, "https://acme.example/docs"),
    Q(Place::Watch, "title: acme"),
    Q(Place::Watch, "title:(acme site:reddit.com)"),
    Q(Place::Watch, "lang:english"),
    Q(Place::Watch, "age<7"),
    Q(Place::Watch, "age < 7d"),
    Q(Place::Search, "sentiment:negative"),
    Q(Place::Watch, "site=reddit.com"),
    Q(Place::Watch, "a*"),
    Q(Place::Watch, "*cloud"),
    Q(Place::Watch, "acme-clou*"),
    Q(Place::Watch, "acme NEAR down"),
    Q(Place::Watch, "acme NEAR/0 down"),
    Q(Place::Watch, "acme NEAR/5 (down AND out)"),
    Q(Place::Watch, "acme NEAR/5 down NEAR/5 again"),
    Q(Place::Watch, "title:acme NEAR/5 down"),
    Q(Place::Watch, "$acme_name"),
    Q(Place::Watch, "$ACME"),
    Q(Place::Watch, "title:$with_a_site"),
    Long("acme ", "down ", 2_500, ""),
    Long("", "a ", 2_001, ""),
    Long("", "(", 51, "acme)))…"),
    Long("\"", "acme ", 201, "\""),
    List("acme names", &["acme"]),
    List("nothing", &[]),
    List("itself", &["acme OR $itself"]),
];

impl Mistake {
    /// What is refused, as it was written and shortened for the page, and what the program says about it.
    pub(in crate::query) fn told(&self) -> (String, Option<QueryError>) {
        match self {
            Q(place, text) => ((*text).to_owned(), refused(text, *place)),
            Long(before, part, times, after) => {
                let text = format!("{before}{}{}", part.repeat(*times), after.replace("…", &")".repeat(*times - 3)));
                (format!("{before}{}…{after}", part.repeat(3)), refused(&text, Place::Watch))
            }
            List(name, entries) => {
                let owned = entries.iter().map(|entry| (*entry).to_owned()).collect();
                let faults = Names::new(&BTreeMap::from([((*name).to_owned(), owned)])).err();
                let error = faults.and_then(|faults| faults.into_iter().next()).map(|fault| fault.error);
                (format!("{name} = {entries:?}"), error)
            }
        }
    }
}

fn refused(text: &str, place: Place) -> Option<QueryError> {
    let lists = BTreeMap::from([("with_a_site".to_owned(), vec!["site:reddit.com".to_owned()])]);
    let names = if text.contains("$with") { Names::new(&lists).unwrap_or_default() } else { names() };
    Query::parse(text, place, &names).err()
}

/// The section about mistakes.
pub(super) fn write(text: &mut String) {
    text.push_str(ABOUT);
    for mistake in MISTAKES {
        let (written, Some(error)) = mistake.told() else { continue };
        let is_query = matches!(mistake, Q(..));
        let marked = written.get(error.span.clone()).filter(|part| is_query && !part.is_empty() && *part != written);
        let marked = marked.map(code).unwrap_or_default();
        let hint = error.hint().unwrap_or_default();
        let written = if written.is_empty() { "(nothing)".to_owned() } else { code(&written) };
        let _ = writeln!(text, "| {written} | {marked} | {} | {} |", super::cell(&error.what()), super::cell(&hint));
    }
}

const ABOUT: &str = r#"
## What is refused

Nothing is guessed: what cannot be read is told with its place, and with what would be right. This is what the program says; where nothing is
said about the place, the whole is meant.

| written | wrong is | what is said | hint |
|---|---|---|---|
"#;
