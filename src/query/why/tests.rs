//! Is what is said about a query that failed true, and of use to who wrote it?

use proptest::prelude::*;

use super::*;
use crate::model::{Author, Engagement, Field, Post, PostId, PostType, Timestamp};
use crate::query::{Names, Place, Query, words};

const TITLE: &str = "Acme and its cloud";
const TEXT: &str = "We asked ACME Box support: the outage of acme.com is over, says @acme. Refunds follow; c++ too.";

fn post(title: &str, text: &str) -> Post {
    Post {
        id: PostId::of("forum:1"),
        key: "forum:1".to_owned(),
        source: "our-forum".to_owned(),
        kind: "forum".to_owned(),
        site: "jobs.acme.example".to_owned(),
        url: "https://jobs.acme.example/t/Help/1".to_owned(),
        canonical_url: "https://jobs.acme.example/t/help/1".to_owned(),
        target: Some("https://status.acme.example/today".to_owned()),
        thread: None,
        post_type: PostType::Comment,
        title: title.to_owned(),
        text: text.to_owned(),
        author: Some(Author { name: "Wile".to_owned(), handle: "coyote".to_owned(), url: None }),
        published: None,
        updated: None,
        received: Timestamp(0),
        lang: None,
        tags: vec!["help".to_owned()],
        links: Vec::new(),
        engagement: Engagement { likes: Some(3), replies: None, ..Engagement::default() },
    }
}

/// Every reason as `clause: why [places]`.
fn told(query: &str, reasons: fn(&Expr, &Subject<'_>) -> Vec<Because>) -> Vec<String> {
    let query = Query::parse(query, Place::Search, &Names::default()).expect("a query");
    let post = post(TITLE, TEXT);
    let (title, text) = (words(&post.title), words(&post.text));
    let subject = Subject { post: &post, title: &title, text: &text, now: Timestamp(0), facts: None };
    let at = |span: &Span| {
        let text = if span.field == Field::Title { &post.title } else { &post.text };
        text[span.start as usize..span.end as usize].to_owned()
    };
    let line = |because: &Because| {
        let places: Vec<String> = because.spans.iter().map(at).collect();
        format!("{} {places:?}", because.sentence())
    };
    reasons(query.expr(), &subject).iter().map(line).collect()
}

#[test]
fn every_clause_that_fails_says_what_came_near_it() {
    for (query, expected) in [
        ("down", "`down`: not in the title or the text []"),
        ("boxes", "`boxes`: not in the title or the text []"),
        ("acme.co", "`acme.co`: not in the title or the text; only as part of `acme.com` [\"acme.com\"]"),
        ("suport", "`suport`: not in the title or the text; `support` is there [\"support\"]"),
        ("outages", "`outages`: not in the title or the text; `outage` is there [\"outage\"]"),
        ("title:outage", "`title:outage`: only in the text, not in the title [\"outage\"]"),
        ("text:cloud", "`text:cloud`: only in the title, not in the text [\"cloud\"]"),
        (
            "\"acme cloud\"",
            "`\"acme cloud\"`: its words are in the title, but not next to each other: `acme` is word 1, `cloud` is word 4 [\"Acme\", \"cloud\"]",
        ),
        ("\"box acme\"", "`\"box acme\"`: its words are in the text, but in another order [\"ACME\", \"Box\"]"),
        ("\"acme down\"", "`\"acme down\"`: `acme` is there, `down` is not [\"Acme\"]"),
        (
            "\"cloud outage\"",
            "`\"cloud outage\"`: its words are partly in the title and partly in the text [\"cloud\", \"outage\"]",
        ),
        ("\"down dead\"", "`\"down dead\"`: not in the title or the text []"),
        (
            "\"acme outage\"~1",
            "`\"acme outage\"~1`: its words are spread over 5 words of the text; 3 are the most [\"ACME\", \"outage\"]",
        ),
        (
            "acme NEAR/2 outage",
            "`acme NEAR/2 outage`: both are in the text, but 4 words apart; 2 are the most [\"ACME\", \"outage\"]",
        ),
        ("acme NEAR/2 down", "`acme NEAR/2 down`: `down` not in the title or the text []"),
        (
            "outage ONEAR/9 support",
            "`outage ONEAR/9 support`: both are in the text, but in the other order [\"outage\", \"support\"]",
        ),
        (
            "cloud NEAR/2 outage",
            "`cloud NEAR/2 outage`: one is in the title and the other in the text, or both are the same word []",
        ),
        ("refund?d", "`refund?d`: no word fits; `Refunds` begins with `refund`, but does not fit [\"Refunds\"]"),
        ("umbrel*", "`umbrel*`: no word begins with `umbrel` []"),
        ("{Box support}", "true"),
        ("{box Support}", "`{box Support}`: there, but written `Box support` [\"Box support\"]"),
        ("#acme", "`#acme`: `Acme` is there, but without `#` [\"Acme\", \"ACME\", \"acme\"]"),
        ("@outage", "`@outage`: `outage` is there, but without `@` [\"outage\"]"),
        ("raw:\"C++\"", "`raw:\"C++\"`: not in these very characters; `c++` is there [\"c++\"]"),
        ("raw:\"C#\"", "`raw:\"C#\"`: not in these very characters; `c` is there [\"c\"]"),
        ("site:forum.example", "`site:forum.example`: the site is `jobs.acme.example` []"),
        ("site:acme.example/faq", "`site:acme.example/faq`: its address is `jobs.acme.example/t/Help/1` []"),
        ("lang:en", "`lang:en`: the language is not known: the site does not state it []"),
        ("author:kim", "`author:kim`: the author is `coyote` (`Wile`) []"),
        ("link:a.example", "`link:a.example`: it links to `status.acme.example/today` []"),
        ("tag:question", "`tag:question`: its tags are `help` []"),
        ("type:story", "`type:story`: its type is `comment` []"),
        ("replies>10", "`replies>10`: the site does not count its replies []"),
        ("likes>10", "`likes>10`: it has 3 likes []"),
        ("published>2026-01-01", "`published>2026-01-01`: the site does not say when it was published []"),
        ("score>=60", "`score>=60`: it has no score []"),
    ] {
        let said = told(query, why_not);
        assert_eq!(if said.is_empty() { "true" } else { said[0].as_str() }, expected, "{query}");
        assert!(said.len() < 2, "{said:?}");
    }
}

#[test]
fn of_a_conjunction_only_the_parts_that_failed_are_told_and_of_alternatives_all() {
    assert_eq!(
        told("acme AND (down OR dead) AND cloud AND NOT site:jobs.acme.example", why_not),
        [
            "`down OR dead`: none of its 2 alternatives is true (`down`: not in the title or the text; `dead`: not in the title or the text) []",
            "`NOT site:jobs.acme.example`: the site is `jobs.acme.example` []",
        ]
    );
    assert_eq!(
        told("nothing OR (acme AND title:outage AND dead) OR outages", why_not),
        [
            "`nothing OR acme AND title:outage AND dead OR outages`: none of its 3 alternatives is true (`acme AND title:outage AND dead`: `title:outage`: only in the text, not in the title; `dead`: not in the title or the text; `outages`: not in the title or the text; `outage` is there; `nothing`: not in the title or the text) []"
        ]
    );
}

#[test]
fn what_excludes_is_told_with_its_place() {
    for (query, expected) in [
        (
            "acme NOT (cloud OR down OR outage)",
            ["`NOT cloud`: in the title [\"cloud\"]", "`NOT outage`: in the text [\"outage\"]"].as_slice(),
        ),
        (
            "acme NOT (cloud AND type:comment)",
            &[
                "`NOT (cloud AND type:comment)`: `cloud`: in the title; `type:comment`: its type is `comment` [\"cloud\"]",
            ],
        ),
        ("NOT NOT down", &["`down`: not in the title or the text []"]),
        (
            "NOT (acme NOT down)",
            &["`NOT (acme AND NOT down)`: in the title and in the text, 2 times [\"Acme\", \"ACME\", \"acme\"]"],
        ),
    ] {
        let said = told(query, why_not);
        assert!(
            said.len() == expected.len() && said.iter().zip(expected).all(|(said, expected)| said == expected),
            "{query}: {said:#?}"
        );
    }
}

#[test]
fn what_makes_a_query_true_is_told_too() {
    assert_eq!(
        told("acme AND (down OR outage OR site:acme.example) NOT dead", why),
        [
            "`acme`: in the title and in the text, 2 times [\"Acme\", \"ACME\", \"acme\"]",
            "`outage`: in the text [\"outage\"]",
            "`site:acme.example`: the site is `jobs.acme.example` []",
        ]
    );
    assert_eq!(told("NOT dead", why), ["`NOT dead`: nothing of what it excludes is there []"]);
    assert_eq!(told("dead", why), told("dead", why_not));
}

/// Expressions of every form over few words, so that many are true.
fn queries() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        [
            "a",
            "b",
            "c",
            "title:a",
            "text:(a OR b)",
            "\"a b\"",
            "\"a b c\"",
            "\"c a\"~1",
            "a NEAR/1 b",
            "a ONEAR/2 c",
            "title:(b NEAR/3 a)",
            "ab*",
            "ab?",
            "{A b}",
            "{a}",
            "@a",
            "#b",
            "raw:\"A B\"",
            "raw:a",
            "site:a.example",
            "site:acme.example/t",
            "lang:en",
            "author:coyote",
            "link:acme.example",
            "tag:help",
            "type:comment",
            "thread:a:b",
            "likes>2",
            "replies<1",
            "published>2026-01-01",
            "age<1d",
            "score>1",
            "watch:x",
            "label:x",
            "owner:x",
            "status:new",
            "url:a.example/x",
            "source:our-forum",
            "kind:rss",
            "sentiment<0",
        ]
        .as_slice(),
    )
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" AND "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" OR "))),
            inner.prop_map(|part| format!("NOT ({part})")),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_failed_exactly_when_the_query_is_true(
        query in queries(),
        title in "([aAbcBC@#]|abc|abd| ){0,8}",
        text in "([aAbcBC@#é東]| ){0,20}",
    ) {
        let query = Query::parse(&query, Place::Search, &Names::default()).expect("a query");
        let post = post(&title, &text);
        let (title, text) = (words(&post.title), words(&post.text));
        let subject = Subject { post: &post, title: &title, text: &text, now: Timestamp(0), facts: None };
        let failed = why_not(query.expr(), &subject);
        prop_assert_eq!(failed.is_empty(), query.matches(&subject), "{}: {:?}", query, failed);
        let decided = why(query.expr(), &subject);
        prop_assert!(!decided.is_empty());
        for because in decided.iter().chain(decided.iter().flat_map(|because| &because.alternatives)) {
            prop_assert!(!because.why.is_empty() && because.spans.len() <= ClauseHit::MAX_SPANS);
            for span in &because.spans {
                let within = if span.field == Field::Title { &post.title } else { &post.text };
                prop_assert!(within.get(span.start as usize..span.end as usize).is_some_and(|part| !part.is_empty()));
            }
        }
    }
}
