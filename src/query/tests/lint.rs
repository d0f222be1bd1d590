//! Is what is said of a query without asking it true of every post?

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::query::ast::Expr;
use crate::query::lint::{Always, COMMON, Never, always, canonical, clauses, common_word, implies, never};

fn expr(text: &str) -> Expr {
    parsed(text, Place::Search).expr().clone()
}

#[test]
fn a_query_that_contradicts_itself_is_never_true_and_the_two_parts_are_named() {
    for (query, one, other) in [
        ("acme -acme", "acme", "NOT acme"),
        ("acme down -(acme down)", "acme AND down", "NOT (acme AND down)"),
        ("acme NOT (acme OR down)", "acme", "NOT (acme OR down)"),
        ("acme -ac*", "acme", "NOT ac*"),
        ("acme* -ac*", "acme*", "NOT ac*"),
        ("\"acme cloud\" -cloud", "\"acme cloud\"", "NOT cloud"),
        ("{Acme} -acme", "{Acme}", "NOT acme"),
        ("@acme -acme", "@acme", "NOT acme"),
        ("acme NEAR/3 down -down", "acme NEAR/3 down", "NOT down"),
        ("acme ONEAR/3 down -(down NEAR/5 ac*)", "acme ONEAR/3 down", "NOT down NEAR/5 ac*"),
        ("\"acme is down\" -(acme NEAR/2 down)", "\"acme is down\"", "NOT acme NEAR/2 down"),
        ("\"a b\"~1 -\"b a\"~3", "\"a b\"~1", "NOT \"b a\"~3"),
        ("title:acme -acme", "title:acme", "NOT acme"),
        ("raw:\"C++ x\" -raw:\"C++\"", "raw:\"C++ x\"", "NOT raw:\"C++\""),
        ("lang:en lang:de", "lang:en", "lang:de"),
        ("type:story type:question", "type:story", "type:question"),
        ("kind:rss source:a source:b", "source:a", "source:b"),
        ("site:a.b.example -site:b.example", "site:a.b.example", "NOT site:b.example"),
        ("site:a.example site:b.example", "site:a.example", "site:b.example"),
        ("site:a.example/x site:a.example/y", "site:a.example/x", "site:a.example/y"),
        ("label:problem/outage -label:problem", "label:problem/outage", "NOT label:problem"),
        ("score>80 score<20", "score>80", "score<20"),
        ("likes>5 likes<6", "likes>5", "likes<6"),
        ("age<1h age>=1h", "age<1h", "age>=1h"),
        ("(acme OR down) -acme -down", "acme OR down", "NOT acme"),
        ("(acme OR (down -down)) -acme", "acme OR down AND NOT down", "NOT acme"),
        ("(acme -acme) OR (down -down)", "acme", "NOT acme"),
        ("x (site:a.example (acme site:b.example))", "site:a.example", "site:b.example"),
    ] {
        assert_eq!(never(&expr(query)), Some(Never::Contradiction(one.to_owned(), other.to_owned())), "{query}");
    }
    for query in ["score>100", "score<0", "sentiment<-2", "likes=2.5", "acme replies<0"] {
        assert!(matches!(never(&expr(query)), Some(Never::Impossible(_))), "{query}");
    }
    for query in [
        "acme -acme_cloud",
        "acme -\"acme cloud\"",
        "acme -title:acme",
        "ac* -acme",
        "acme -@acme",
        "acme -{Acme}",
        "likes>5 likes<7",
        "author:a author:b",
        "tag:a tag:b",
        "watch:a watch:b",
        "link:a.example link:b.example",
        "site:a.example site:x.a.example",
        "a NEAR/5 b -(a NEAR/4 b)",
        "a NEAR/5 b -(a ONEAR/5 b)",
        "(acme OR down) -acme",
        "replies<=0 likes>=0",
        "url:a.b/c url:d.e/f",
        "(a OR b) NEAR/3 c -a",
        "\"a b\"~2 -\"a b\"~1",
    ] {
        assert_eq!(never(&expr(query)), None, "{query}");
    }
}

#[test]
fn a_query_that_is_true_of_nearly_every_post_is_known() {
    for query in ["acme OR NOT acme", "ac* OR NOT acme", "x OR (NOT (acme -acme))", "NOT (lang:en lang:de)"] {
        assert_eq!(always(&expr(query)), Some(Always::Every), "{query}");
    }
    for (query, clause) in [
        ("published>1970-01-01", "published>1970-01-01"),
        ("acme OR age>=0s", "age>=0ms"),
        ("age<20000d", "age<20000d"),
        ("score>=0 likes>=0", "score>=0"),
        ("sentiment<=1", "sentiment<=1"),
        ("NOT published<1990-01-01", "NOT published<1990-01-01"),
        ("likes>-1", "likes>-1"),
    ] {
        assert_eq!(always(&expr(query)), Some(Always::Nearly(clause.to_owned())), "{query}");
    }
    for query in ["acme", "acme age>=0s", "published>2020-01-01", "score>0", "age<7d", "NOT acme", "acme OR NOT down"] {
        assert_eq!(always(&expr(query)), None, "{query}");
    }
}

#[test]
fn what_implies_what_is_seen_whatever_the_order_and_the_spelling() {
    for (one, other) in [
        ("acme down", "down acme"),
        ("acme down", "acme"),
        ("acme", "acme OR down"),
        ("acme (down OR out)", "acme out OR acme down"),
        ("acme out OR acme down", "acme (down OR out)"),
        ("-(a OR b)", "-a"),
        ("a -(b OR c)", "-b a"),
        ("\"acme cloud down\"", "\"cloud down\""),
        ("likes>5", "likes>=6"),
        ("likes=7", "likes>5"),
        ("age<1h", "age<2h"),
        ("lang:en", "-lang:de"),
        ("site:a.b.example/x/y", "site:b.example"),
        ("acme NEAR/2 (down OR out)", "(do* OR out) NEAR/3 acme"),
    ] {
        assert!(implies(&expr(one), &expr(other)), "{one} implies {other}");
    }
    for (one, other) in [
        ("acme", "acme down"),
        ("acme OR down", "acme"),
        ("acme", "title:acme"),
        ("\"acme cloud\"", "\"cloud acme\""),
        ("a NEAR/3 b", "a ONEAR/3 b"),
        ("-a", "-(a OR b)"),
        ("-(a b)", "-a"),
        ("likes>=5", "likes>5"),
        ("-lang:de", "lang:en"),
        ("(a OR b) NEAR/2 c", "a NEAR/2 c"),
    ] {
        assert!(!implies(&expr(one), &expr(other)), "{one} does not imply {other}");
    }
}

#[test]
fn a_large_query_is_given_up_and_not_followed_for_ever() {
    let many: Vec<String> = (0..500).map(|number| format!("(a{number} OR b{number})")).collect();
    let (one, other) = (expr(&many.join(" ")), expr(&many.iter().rev().cloned().collect::<Vec<_>>().join(" ")));
    // Whatever comes of it, it comes.
    let _ = (never(&one), always(&one), implies(&one, &other));
}

#[test]
fn queries_that_differ_in_order_only_have_one_canonical_form() {
    for (one, other) in [
        ("a b OR c", "c OR (b a)"),
        ("a a b", "b a"),
        ("NOT NOT a", "a"),
        ("a (b c)", "c AND b AND a"),
        ("Acme ACME'S", "acme"),
        ("-(b OR a)", "NOT (a OR b)"),
    ] {
        assert_eq!(canonical(&expr(one)), canonical(&expr(other)), "{one} {other}");
    }
    assert_ne!(canonical(&expr("a b")), canonical(&expr("a OR b")));
    assert_ne!(canonical(&expr("a -b")), canonical(&expr("a b")));
    assert_eq!(clauses(&expr("b (a OR -b)")).into_iter().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_common_word_without_context_is_known() {
    let is_common = |word: &str| COMMON.split_whitespace().any(|common| common == word);
    for (query, found) in [
        ("the", Some("the")),
        ("title:App", Some("app")),
        ("acme OR best", Some("best")),
        ("the AND people -acme", Some("the")),
        ("the acme", None),
        ("\"the best\"", None),
        ("-the acme", None),
        ("the site:a.example", None),
        ("acme", None),
    ] {
        assert_eq!(common_word(&expr(query), &is_common), found, "{query}");
    }
}

/// Clauses that often imply or exclude each other.
const CLAUSES: &[&str] = &[
    "a",
    "b",
    "ab",
    "abc",
    "title:a",
    "text:a",
    "ab*",
    "abc*",
    "ab?",
    "\"a b\"",
    "\"a b a\"",
    "\"b a\"",
    "\"a b\"~0",
    "\"a b\"~1",
    "\"b a\"~2",
    "\"a a\"~2",
    "a NEAR/1 b",
    "a NEAR/2 b",
    "b NEAR/2 a",
    "a ONEAR/2 b",
    "b ONEAR/2 a",
    "(a OR ab*) NEAR/2 b",
    "ab NEAR/2 b",
    "\"a b\" NEAR/1 a",
    "a NEAR/3 a",
    "{a}",
    "{A}",
    "{A b}",
    "@a",
    "#a",
    "@\"a b\"",
    "raw:\"a\"",
    "raw:\"a b\"",
    "raw:\"A\"",
    "title:ab*",
    "title:\"a b\"",
    "lang:en",
    "lang:de",
    "type:story",
    "type:comment",
    "kind:x",
    "kind:y",
    "source:x",
    "source:y",
    "site:a.example",
    "site:b.a.example",
    "site:a.example/x",
    "site:a.example/x/y",
    "site:a.example/z",
    "site:c.example",
    "link:a.example",
    "link:b.a.example/x",
    "tag:t",
    "tag:u",
    "author:x",
    "author:y",
    "label:p",
    "label:p/o",
    "label:o",
    "status:new",
    "status:closed",
    "watch:x",
    "owner:y",
    "url:https://a.example/x",
    "url:a.example/x/",
    "likes>1",
    "likes>=2",
    "likes<2",
    "likes<=1",
    "likes=1",
    "likes>0",
    "replies>1",
    "replies<1",
    "score>50",
    "score>=50",
    "score<50",
    "score<=0",
    "score>=0",
    "sentiment<0",
    "sentiment>=0",
    "age<1d",
    "age>=1d",
    "published>1970-01-05",
    "published<1970-01-05",
    "published=1970-01-05",
];

fn queries() -> impl Strategy<Value = String> {
    select(CLAUSES).prop_map(str::to_owned).prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} AND {other})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} OR {other})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} AND NOT ({other}))")),
            inner.prop_map(|part| format!("(NOT ({part}))")),
        ]
    })
}

prop_compose! {
    fn posts()(
        title in "(([aA]|[bB]|ab|abc|@a|#a|Ab) ){0,4}",
        text in "(([aA]|[bB]|ab|abc|@a|#a|A b) ){0,5}",
        site in select(&["a.example", "b.a.example", "c.example"][..]),
        path in select(&["/x", "/x/y", "/z", "/X"][..]),
        link in select(&["https://a.example/x", "https://b.a.example/x/1"][..]),
        lang in proptest::option::of(select(&["en", "de", "EN-us"][..])),
        post_type in select(&[PostType::Story, PostType::Comment][..]),
        names in (select(&["x", "y", "X"][..]), select(&["x", "y"][..]), select(&["x", "y"][..]), select(&["x", "y"][..])),
        tags in subsequence(vec!["t", "u"], 0..=2),
        counts in (proptest::option::of(0..4_u64), proptest::option::of(0..3_u64)),
        published in proptest::option::of(select(&[3 * DAY, 4 * DAY, 5 * DAY][..])),
    ) -> Post {
        let url = format!("https://{site}{path}");
        Post {
            site: site.to_owned(), canonical_url: url.clone(), url, links: vec![link.to_owned()], target: None,
            lang: lang.map(str::to_owned), post_type, source: names.0.to_owned(), kind: names.1.to_owned(),
            author: Some(Author { name: names.2.to_owned(), handle: names.3.to_owned(), url: None }),
            tags: tags.into_iter().map(str::to_owned).collect(),
            engagement: Engagement { likes: counts.0, replies: counts.1, ..Engagement::default() },
            published: published.map(Timestamp), received: Timestamp(5 * DAY),
            ..post(&title, &text)
        }
    }
}

prop_compose! {
    fn facts()(
        labels in subsequence(vec!["p", "p/o", "o", "q/o"], 0..=3),
        score in proptest::option::of(select(&[0.0, 49.0, 50.0, 51.0, 100.0][..])),
        sentiment in proptest::option::of(select(&[-1.0, -0.1, 0.0, 1.0][..])),
        status in proptest::option::of(select(&["new", "closed"][..])),
        named in (any::<bool>(), any::<bool>()),
    ) -> Facts {
        let given = |is: bool, name: &str| is.then(|| name.to_owned()).into_iter().collect();
        Facts {
            watches: given(named.0, "x"), owners: given(named.1, "y"), labels: labels.into_iter().map(str::to_owned).collect(), score,
            sentiment, status: status.map(str::to_owned), ..Facts::default()
        }
    }
}

fn is_true(query: &Query, post: &Post, facts: &Facts) -> bool {
    let (title, text) = (words(&post.title), words(&post.text));
    query.matches(&Subject { post, title: &title, text: &text, now: Timestamp(6 * DAY), facts: Some(facts) })
}

proptest! {
    #[test]
    fn what_is_said_of_queries_is_true_of_posts(one in queries(), other in queries(), post in posts(), facts in facts()) {
        let (query, wide) = (parsed(&one, Place::Search), parsed(&other, Place::Search));
        let (is, is_wide) = (is_true(&query, &post, &facts), is_true(&wide, &post, &facts));
        prop_assert!(!is || never(query.expr()).is_none(), "{} is true and never is", one);
        prop_assert!(is || always(query.expr()) != Some(Always::Every), "{} is false and always true", one);
        prop_assert!(!is || is_wide || !implies(query.expr(), wide.expr()), "{} implies {}", one, other);
        prop_assert!(is == is_wide || canonical(query.expr()) != canonical(wide.expr()), "{} is {}", one, other);
    }

    #[test]
    fn one_clause_that_implies_another_is_never_true_without_it(
        one in select(CLAUSES), other in select(CLAUSES), all in prop::collection::vec((posts(), facts()), 8),
    ) {
        let (query, wide) = (parsed(one, Place::Search), parsed(other, Place::Search));
        let (implied, both) = (implies(query.expr(), wide.expr()), expr(&format!("({one}) AND ({other})")));
        for (post, facts) in all {
            let (is, is_wide) = (is_true(&query, &post, &facts), is_true(&wide, &post, &facts));
            prop_assert!(!implied || !is || is_wide, "{} implies {}", one, other);
            prop_assert!(!(is && is_wide) || never(&both).is_none(), "{} and {} are both true", one, other);
        }
    }
}
