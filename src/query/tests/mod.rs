//! With which post, lists and facts are queries tried?

mod errors;
#[path = "../../../tests/fuzz/check.rs"]
mod fuzzed;
mod lint;
mod meaning;
mod properties;
mod reference;

use std::collections::BTreeMap;

use super::*;
use crate::model::{Author, Engagement, Field, PostId, PostType};

const DAY: i64 = 86_400_000;

fn names() -> Names {
    let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect();
    let lists = BTreeMap::from([
        ("acme_names".to_owned(), list(&["acme", "\"acme cloud\"", "{Anvilco}"])),
        ("acme_words".to_owned(), list(&["acme", "anvilco", "acm?"])),
        ("everything".to_owned(), list(&["$acme_words", "down outage"])),
        ("sites".to_owned(), list(&["acme.example", "\"anvil.example/shop\""])),
        ("done".to_owned(), list(&["status:closed"])),
    ]);
    Names::new(&lists).expect("the lists are right")
}

fn parsed(text: &str, place: Place) -> Query {
    Query::parse(text, place, &names()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str, place: Place) -> QueryError {
    match Query::parse(text, place, &names()) {
        Ok(query) => panic!("{text} is read as {query}"),
        Err(error) => error,
    }
}

fn post(title: &str, text: &str) -> Post {
    Post {
        id: PostId::of("forum:1"),
        key: "forum:1".to_owned(),
        source: "Our-Forum".to_owned(),
        kind: "forum".to_owned(),
        site: "community.acme.example".to_owned(),
        url: "https://www.community.acme.example:8080/t/Help/1?page=2#reply".to_owned(),
        canonical_url: "https://community.acme.example/t/help/1".to_owned(),
        target: Some("https://status.acme.example/today".to_owned()),
        thread: Some(PostId::of("forum:0")),
        post_type: PostType::Comment,
        title: title.to_owned(),
        text: text.to_owned(),
        author: Some(Author { name: "Wile É.".to_owned(), handle: "Coyote_1".to_owned(), url: None }),
        published: Some(Timestamp(10 * DAY)),
        updated: None,
        received: Timestamp(11 * DAY),
        lang: Some("en".to_owned()),
        tags: vec!["help wanted".to_owned(), "c++".to_owned()],
        links: vec!["https://www.anvil.example/shop/heavy".to_owned()],
        engagement: Engagement { likes: Some(3), replies: None, ..Engagement::default() },
    }
}

fn matches(query: &Query, post: &Post) -> bool {
    let facts = Facts {
        watches: vec!["acme-problems".to_owned()],
        owners: vec!["it-ops".to_owned()],
        labels: vec!["problem/outage".to_owned(), "question".to_owned()],
        score: Some(60.0),
        sentiment: None,
        status: Some("new".to_owned()),
        outcome: Some(crate::model::Outcome::Mention),
    };
    let (title, text) = (words(&post.title), words(&post.text));
    let now = Timestamp(17 * DAY);
    query.matches(&Subject { post, title: &title, text: &text, now, facts: Some(&facts) })
}

/// The clauses of a query that are true of a post, each with the texts at its places.
fn explained(query: &str, title: &str, text: &str) -> Option<Vec<(String, Vec<String>)>> {
    let post = post(title, text);
    let (title, text) = (words(&post.title), words(&post.text));
    let subject = Subject { post: &post, title: &title, text: &text, now: Timestamp(17 * DAY), facts: None };
    let at = |span: &crate::model::Span| {
        let text = if span.field == Field::Title { &post.title } else { &post.text };
        text[span.start as usize..span.end as usize].to_owned()
    };
    let hits = parsed(query, Place::Search).explain(&subject)?;
    Some(hits.iter().map(|hit| (hit.clause.clone(), hit.spans.iter().map(at).collect())).collect())
}
