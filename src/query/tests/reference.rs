//! Is what the page about the language claims true?

use std::collections::HashSet;
use std::mem::discriminant;

use super::*;
use crate::query::field;
use crate::query::reference::fields::{FIELD_DOCS, SAMPLE};
use crate::query::reference::forms::SECTIONS;
use crate::query::reference::mistakes::MISTAKES;
use crate::query::reference::{Found, names, page};

/// When the examples are asked: two days after the sample post was published.
const NOW: &str = "2026-02-02T12:00:00Z";

/// The sample as a post, what was decided on it, and the time.
struct Sample {
    post: Post,
    facts: Facts,
    now: Timestamp,
}

impl Sample {
    fn read() -> Self {
        let line = |name: &str| {
            let lines = SAMPLE.lines().filter_map(|line| line.split_once(": "));
            lines.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next().unwrap_or_default()
        };
        let (name, handle) = line("author")
            .split_once(" (")
            .map_or_else(Default::default, |(name, handle)| (name.to_owned(), handle.trim_end_matches(')').to_owned()));
        let moment = |text: &str| Timestamp::parse(text);
        let published = moment(&line("published"));
        let post_type = PostType::ALL.into_iter().find(|(_, word)| *word == line("type"));
        let url = line("url");
        let site = url.split('/').nth(2).unwrap_or_default().to_owned();
        let post = Post {
            id: PostId::of("sample"),
            key: "sample".to_owned(),
            source: line("source"),
            kind: line("kind"),
            site,
            canonical_url: url.clone(),
            url,
            target: None,
            thread: Some(PostId::of(&line("thread"))),
            post_type: post_type.expect("a type").0,
            title: line("title"),
            text: line("text"),
            author: Some(Author { name, handle, url: None }),
            published,
            updated: None,
            received: published.expect("a date"),
            lang: Some(line("lang")),
            tags: vec![line("tag")],
            links: vec![line("link")],
            engagement: Engagement { likes: None, replies: line("replies").parse().ok(), ..Engagement::default() },
        };
        let facts = Facts {
            watches: vec![line("watch")],
            owners: vec![line("owner")],
            labels: vec![line("label")],
            score: line("score").parse().ok(),
            sentiment: line("sentiment").parse().ok(),
            status: Some(line("status")),
            outcome: Outcome::ALL.into_iter().find(|(_, name)| *name == line("outcome")).map(|(outcome, _)| outcome),
        };
        Self { post, facts, now: moment(NOW).expect("a date") }
    }
}

/// Whether a query finds a post with a title, or the sample post.
fn finds(query: &str, title: Option<&str>) -> Result<bool, QueryError> {
    let query = Query::parse(query, Place::Search, &names())?;
    let sample = Sample::read();
    let (post, facts) = match title {
        Some(title) => (Post { title: title.to_owned(), text: String::new(), ..sample.post }, Facts::default()),
        None => (sample.post, sample.facts),
    };
    let (title, text) = (words(&post.title), words(&post.text));
    Ok(query.matches(&Subject { post: &post, title: &title, text: &text, now: sample.now, facts: Some(&facts) }))
}

fn as_found(is: bool) -> Found {
    if is { Found::Yes } else { Found::No }
}

#[test]
fn every_example_finds_what_the_page_says_and_nothing_else() {
    let examples: Vec<_> = SECTIONS.iter().flat_map(|section| section.forms).flat_map(|form| form.examples).collect();
    assert!(examples.len() > 70, "{} examples", examples.len());
    for example in examples {
        let found = finds(example.0, Some(example.1)).unwrap_or_else(|error| panic!("{}: {error}", example.0));
        assert_eq!(as_found(found), example.2, "`{}` in `{}`", example.0, example.1);
    }
}

#[test]
fn every_field_is_on_the_page_with_a_post_that_has_it_and_a_value_that_it_has_not() {
    let names: Vec<&str> = field::all_names().collect();
    let documented: Vec<&str> = FIELD_DOCS.iter().map(|doc| doc.name).collect();
    assert_eq!(documented, names);
    for doc in FIELD_DOCS {
        for (query, expected) in doc.examples {
            let found = finds(query, None).unwrap_or_else(|error| panic!("{query}: {error}"));
            assert_eq!(as_found(found), *expected, "{query}");
            assert!(query.contains(doc.name), "{query}");
        }
        assert!(doc.examples.iter().any(|(_, found)| *found == Found::No), "{}", doc.name);
        assert!(doc.examples.iter().any(|(_, found)| *found == Found::Yes), "{}", doc.name);
    }
}

#[test]
fn the_page_names_a_mistake_of_every_sort() {
    let told: Vec<(String, Option<QueryError>)> = MISTAKES.iter().map(|mistake| mistake.told()).collect();
    for (written, error) in &told {
        assert!(error.is_some(), "{written} is no mistake");
    }
    let sorts: HashSet<_> =
        told.iter().flat_map(|(_, error)| error).map(|error| discriminant(&error.problem)).collect();
    // Each variant of `Problem` has its words; so has `QueryError`, whose words they are.
    let variants = include_str!("../error.rs").matches("#[error(").count() - 1;
    assert_eq!(sorts.len(), variants, "a variant of Problem is in no row of MISTAKES");
}

#[test]
fn what_was_most_likely_meant_otherwise_is_doubted() {
    for (query, what, hint) in [
        ("acme or down", "`or` is looked for as a word", "write OR in capitals"),
        ("acme And down", "`And` is looked for as a word", "write AND in capitals"),
        ("acme not down", "`not` is looked for as a word", "write NOT in capitals"),
        ("acme WITHOUT down", "`WITHOUT` is no operator", "the operators are AND, OR, NOT"),
        ("is acme down?", "`down?` finds down with exactly one character more", "write down, or down*"),
        ("title:down?", "`down?` finds down with exactly one character more", "write down, or down*"),
        ("C++", "`C++` means the word `c`", "write raw:\"C++\""),
        ("\"C#\"", "`C#` means the word `c`", "write raw:\"C#\""),
        ("title:C++", "`C++` means the word `c`", "write raw:\"C++\""),
        (".NET", "`.NET` means the word `net`", "write raw:\".NET\""),
        ("R&D", "`R&D` means the phrase `r d`", "write raw:\"R&D\""),
        ("acme -AT&T", "`AT&T` means the phrase `at t`", "write raw:\"AT&T\""),
        ("Disney+", "`Disney+` means the word `disney`", "write raw:\"Disney+\""),
        ("site:reddit acme", "`reddit` has no dot", "write the whole domain, as in site:reddit.com"),
        (
            "site:reddit.com OR news.example",
            "`news.example` is looked for as a word",
            "site:(reddit.com OR news.example)",
        ),
        ("source:hn OR reddit", "`reddit` is looked for as a word", "write source:(hn OR reddit)"),
        ("lang:en OR de", "`de` is looked for as a word", "write lang:(en OR de)"),
        ("type:story OR question", "`question` is looked for as a word", "write type:(story OR question)"),
    ] {
        let doubts = parsed(query, Place::Search).doubts();
        assert_eq!(doubts.len(), 1, "{query}: {doubts:?}");
        assert!(doubts[0].what.starts_with(what) && doubts[0].hint.contains(hint), "{query}: {doubts:?}");
        assert!(query.get(doubts[0].span.clone()).is_some_and(|part| !part.is_empty()), "{query}: {doubts:?}");
    }
    for query in [
        "acme OR down",
        "acme \"and\" down",
        "\"acme or down\"",
        "acme's Acme! (acme), \"Acme.\" #acme @acme $acme_names",
        "raw:\"C++\" raw:C++ {C}",
        "24/7 3.14 e-mail U.S. node.js r/acme",
        "site:com site:acme.example/a?",
        "site:(reddit.com OR news.example)",
        "site:acme.example OR acme",
        "lang:en OR acme",
        "author:C++ tag:c# author:(C++ OR R&D)",
        "refund* acm?e ac??",
        "or acme",
    ] {
        assert_eq!(doubts(query), [], "{query}");
    }
}

#[test]
fn the_page_has_no_broken_table() {
    for table in page().split("\n\n").filter(|part| part.starts_with('|')) {
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let first = table.lines().next().map(columns);
        assert!(table.trim().lines().all(|line| Some(columns(line)) == first), "{table}");
    }
}
