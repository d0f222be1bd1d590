//! What must hold of any text that is given to the query language?
//!
//! Compiled into the fuzz target, and into the program's tests, which try every file of the corpus.

use std::collections::BTreeMap;

use crate::model::{Engagement, Field, Post, PostId, PostType, Timestamp};
use crate::query::lint::{Always, always, implies, never};
use crate::query::{Names, Place, Query, Subject, words};

/// What parts the query from the post in a file of the corpus: a line of its own.
const BETWEEN: &str = "\n%%\n";

/// Reads the text as a query in every place, and asks it about a post.
pub fn query(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let (text, post) = data.split_once(BETWEEN).unwrap_or((&data, "Acme's Cloud is down\nC++ @acme #東京 🔥 e-mail"));
    let (title, body) = post.split_once('\n').unwrap_or((post, ""));
    let post = sample(title, body);
    let names = names();
    for place in [Place::Watch, Place::Route, Place::Search] {
        match Query::parse(text, place, &names) {
            Ok(query) => of_query(&query, place, &post),
            Err(error) => {
                assert!(text.get(error.span.clone()).is_some(), "{error:?} points outside of the text");
                assert!(!error.what().is_empty() && error.hint().is_none_or(|hint| !hint.is_empty()));
                let (line, column) = error.position(text);
                assert!(line > 0 && column > 0);
            }
        }
    }
}

fn of_query(query: &Query, place: Place, post: &Post) {
    let printed = query.to_string();
    match Query::parse(&printed, place, &Names::default()) {
        Ok(again) => {
            assert_eq!(again, *query, "printed as {printed}");
            assert_eq!(again.to_string(), printed);
        }
        // Spelled out, lists make a query longer than may be written.
        Err(error) => {
            assert!(query.source().contains('$') || printed.len() > query.source().len(), "{printed}: {error}")
        }
    }
    for doubt in query.doubts() {
        assert!(query.source().get(doubt.span.clone()).is_some(), "{doubt:?} points outside of the text");
    }
    let (title, text) = (words(&post.title), words(&post.text));
    let subject = Subject { post, title: &title, text: &text, now: Timestamp(86_400_000), facts: None };
    let hits = query.explain(&subject);
    assert_eq!(hits.is_some(), query.matches(&subject), "{printed}");
    assert!(hits.is_none() || never(query.expr()).is_none(), "{printed} never matches, and does");
    assert!(hits.is_some() || always(query.expr()) != Some(Always::Every), "{printed} always matches, and does not");
    let _ = implies(query.expr(), query.expr());
    for span in hits.iter().flatten().flat_map(|hit| &hit.spans) {
        let within = if span.field == Field::Title { &post.title } else { &post.text };
        let place = within.get(span.start as usize..span.end as usize);
        assert!(place.is_some_and(|place| !place.is_empty()), "{printed}: {span:?}");
    }
}

fn names() -> Names {
    let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect();
    let lists = BTreeMap::from([
        ("a".to_owned(), list(&["acme", "\"acme cloud\"", "{Anvilco}"])),
        ("b".to_owned(), list(&["$a", "down -out", "ac*"])),
        ("c".to_owned(), list(&["acme.example", "news.example/x"])),
    ]);
    Names::new(&lists).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn sample(title: &str, text: &str) -> Post {
    Post {
        id: PostId::of("sample"),
        key: "sample".to_owned(),
        source: "our-forum".to_owned(),
        kind: "forum".to_owned(),
        site: "forum.acme.example".to_owned(),
        url: "https://forum.acme.example/t/1".to_owned(),
        canonical_url: "https://forum.acme.example/t/1".to_owned(),
        target: None,
        thread: None,
        post_type: PostType::Question,
        title: title.to_owned(),
        text: text.to_owned(),
        author: None,
        published: Some(Timestamp(0)),
        updated: None,
        received: Timestamp(0),
        lang: Some("en".to_owned()),
        tags: vec!["help".to_owned()],
        links: vec!["https://news.example/x/1".to_owned()],
        engagement: Engagement { likes: Some(3), replies: None, ..Engagement::default() },
    }
}
