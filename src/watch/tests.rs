//! Do all watches at once say the same as each watch alone?

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::model::{Author, Engagement, Field, Post, PostId, PostType, Span, Timestamp};
use crate::query::words;
use crate::query::{Names, Place};

fn spec(name: &str, query: &str) -> WatchSpec {
    let query = Query::parse(query, Place::Watch, &Names::default()).unwrap_or_else(|error| panic!("{query}: {error}"));
    WatchSpec {
        name: name.to_owned(),
        role: Role::Brand,
        owner: None,
        priority: Priority::Normal,
        query,
        max_alerts_per_day: None,
        follow: None,
    }
}

fn post(title: &str, text: &str) -> Post {
    Post {
        id: PostId::of("forum:1"),
        key: "forum:1".to_owned(),
        source: "our-forum".to_owned(),
        kind: "forum".to_owned(),
        site: "community.acme.example".to_owned(),
        url: "https://community.acme.example/t/1".to_owned(),
        canonical_url: "https://community.acme.example/t/1".to_owned(),
        target: Some("https://status.acme.example/today".to_owned()),
        thread: Some(PostId::of("forum:0")),
        post_type: PostType::Comment,
        title: title.to_owned(),
        text: text.to_owned(),
        author: Some(Author { name: "Wile E.".to_owned(), handle: "coyote".to_owned(), url: None }),
        published: Some(Timestamp(1_000)),
        updated: None,
        received: Timestamp(2_000),
        lang: Some("en".to_owned()),
        tags: vec!["help".to_owned()],
        links: vec!["https://www.anvil.example/shop".to_owned()],
        engagement: Engagement { likes: Some(3), replies: None, ..Engagement::default() },
    }
}

/// Calls `ask` with the post as a subject.
fn with<T>(post: &Post, ask: impl FnOnce(&Subject<'_>) -> T) -> T {
    let (title, text) = (words(&post.title), words(&post.text));
    ask(&Subject { post, title: &title, text: &text, now: Timestamp(5_000), facts: None })
}

fn names(set: &WatchSet, post: &Post) -> Vec<String> {
    with(post, |subject| set.matches(subject)).into_iter().map(|found| found.watch).collect()
}

#[test]
fn a_post_gets_every_watch_that_it_satisfies_with_the_places() {
    let set = WatchSet::new(vec![
        spec("outage", "acme AND (down OR outage)"),
        spec("anvil", "anvil*"),
        spec("forum", "site:acme.example"),
    ]);
    let post = post("Is Acme down?", "It is down, down, down");
    let found = with(&post, |subject| set.matches(subject));
    assert_eq!(found.iter().map(|found| found.watch.as_str()).collect::<Vec<_>>(), ["outage", "forum"]);
    let title = |start, end| Span { field: Field::Title, start, end };
    let text = |start, end| Span { field: Field::Text, start, end };
    let clauses: Vec<_> = found[0].clauses.iter().map(|hit| (hit.clause.as_str(), hit.spans.clone())).collect();
    let down = vec![title(8, 12), text(6, 10), text(12, 16), text(18, 22)];
    assert_eq!(clauses, [("acme", vec![title(3, 7)]), ("down", down)]);
    assert_eq!(found[1].clauses, [crate::model::ClauseHit { clause: "site:acme.example".to_owned(), spans: vec![] }]);
}

#[test]
fn every_kind_of_clause_finds_its_way_through_the_index() {
    let post = post("C++ on the Acme Cloud", "@coyote ordered an anvil, in refunds #help");
    for query in [
        "cloud",
        "\"acme cloud\"",
        "\"cloud acme\"~0",
        "title:cloud",
        "text:anvil",
        "text:anv*",
        "refund?",
        "order* NEAR/3 (anvil OR rocket)",
        "{Acme Cloud}",
        "raw:\"C++\"",
        "@coyote",
        "#help",
        "author:coyote",
        "author:\"Wile E.\"",
        "site:acme.example",
        "url:community.acme.example/t/1",
        "link:anvil.example",
        "link:acme.example",
        "source:our-forum",
        "kind:forum",
        "type:comment",
        "lang:en",
        "tag:help",
        "thread:forum:0",
        "thread:forum:1",
        "likes>=3",
        "age<1h",
        "cloud OR likes>100",
        "likes>2 NOT rocket",
        "rocket OR site:community.acme.example",
    ] {
        assert_eq!(names(&WatchSet::new(vec![spec("w", query)]), &post), ["w"], "{query}");
    }
    for query in ["title:anvil", "text:cloud", "text:clou*", "raw:\"c++\"", "link:rocket.example", "NOT cloud anvil"] {
        assert_eq!(names(&WatchSet::new(vec![spec("w", query)]), &post), [""; 0], "{query}");
    }
}

#[test]
fn only_watches_whose_words_occur_are_evaluated() {
    let queries =
        ["acme AND the", "\"the anvil\"", "zeppelin OR rocket", "title:rocket", "likes>5", "the NEAR/5 anvil"];
    let set = WatchSet::new(queries.iter().map(|query| spec(query, query)).collect());
    let candidates = |title: &str, text: &str| with(&post(title, text), |subject| set.candidates(subject));
    assert_eq!(candidates("the", ""), [4]);
    assert_eq!(candidates("anvil", ""), [4]);
    assert_eq!(candidates("anvil", "the"), [1, 4, 5]);
    assert_eq!(candidates("", "rocket rocket"), [2, 3, 4]);
    assert_eq!(candidates("crocket", "the acme"), [0, 4]);
}

#[test]
fn the_version_changes_with_query_and_settings_and_nothing_else() {
    let base = spec("acme", "acme down");
    let same = [spec("renamed", "acme down"), spec("acme", "acme   AND <<< why >>> Down")];
    let different = [
        spec("acme", "acme OR down"),
        WatchSpec { role: Role::Topic, ..base.clone() },
        WatchSpec { owner: Some("it-ops".to_owned()), ..base.clone() },
        WatchSpec { priority: Priority::High, ..base.clone() },
    ];
    assert_eq!(base.version().len(), 16);
    assert!(same.iter().all(|spec| spec.version() == base.version()));
    let versions: BTreeSet<String> = different.iter().map(WatchSpec::version).collect();
    assert!(versions.len() == different.len() && !versions.contains(&base.version()));
}

#[test]
fn a_watch_is_found_by_its_name() {
    let set = WatchSet::new(vec![spec("a", "acme"), spec("b", "anvil")]);
    assert_eq!(set.get("b").map(|spec| spec.query.to_string()), Some("anvil".to_owned()));
    assert_eq!((set.get("c"), set.specs().len(), WatchSet::default().specs().len()), (None, 2, 0));
}

/// Words that posts and queries of the property tests share: common and rare ones, names that are hard, other scripts.
const WORDS: [&str; 20] = [
    "acme",
    "acmes",
    "cloud",
    "the",
    "down",
    "Café",
    "東京",
    "@acme",
    "#cloud",
    "Acme's",
    "C++",
    "node.js",
    "e-mail",
    "it",
    "is",
    "outage",
    "since",
    "acme.example",
    "🔥",
    "ไทย",
];

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(WORDS.as_slice())
}

/// Operands of NEAR.
fn plain() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        [
            "acme",
            "acmes",
            "cloud",
            "the",
            "down",
            "cafe",
            "it",
            "outage",
            "ac*",
            "clou?",
            "ou*ge",
            "node*",
            "\"acme cloud\"",
            "\"the acme\"",
        ]
        .as_slice(),
    )
}

fn group() -> impl Strategy<Value = String> {
    prop::collection::vec(plain(), 2..12).prop_map(|words| format!("({})", words.join(" OR ")))
}

fn clause() -> impl Strategy<Value = String> {
    let field = prop::sample::select(
        [
            "site:acme.example",
            "site:acme.example/t",
            "site:other.example",
            "url:community.acme.example/t/1",
            "link:anvil.example",
            "link:anvil.example/shoe",
            "tag:help",
            "tag:other",
            "author:coyote",
            "source:our-forum",
            "kind:forum",
            "type:comment",
            "type:story",
            "lang:en",
            "thread:forum:0",
            "likes>2",
            "likes>9",
            "replies<5",
            "age<1h",
            "published>2026-01-01",
        ]
        .as_slice(),
    );
    prop_oneof![
        3 => word().prop_map(|word| if word == "C++" { "raw:\"C++\"".to_owned() } else { word.to_owned() }),
        3 => plain().prop_map(str::to_owned),
        3 => prop::collection::vec(word(), 2..5).prop_map(|words| format!("\"{}\"", words.join(" "))),
        1 => (word(), word(), 0..3_u32).prop_map(|(a, b, extra)| format!("\"{a} {b} the\"~{extra}")),
        2 => (plain(), plain(), 1..4_u32).prop_map(|(a, b, n)| format!("{a} NEAR/{n} {b}")),
        1 => (plain(), plain(), 1..4_u32).prop_map(|(a, b, n)| format!("{a} ONEAR/{n} {b}")),
        1 => (group(), group(), 1..4_u32).prop_map(|(a, b, n)| format!("{a} ONEAR/{n} {b}")),
        1 => (group(), plain(), 1..4_u32).prop_map(|(a, b, n)| format!("text:({a} NEAR/{n} {b})")),
        1 => (plain(), plain(), 1..4_u32).prop_map(|(a, b, n)| format!("title:({a} ONEAR/{n} {b})")),
        1 => word().prop_map(|word| format!("title:\"{word} is\"")),
        1 => plain().prop_map(|word| format!("title:{word}")),
        1 => plain().prop_map(|word| format!("text:{word}")),
        1 => word().prop_map(|word| format!("{{{word}}}")),
        1 => word().prop_map(|word| format!("raw:\"{word}\"")),
        1 => group(),
        2 => field.prop_map(str::to_owned),
    ]
}

fn query() -> impl Strategy<Value = String> {
    clause().prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} AND {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} NOT {b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} NOT ({b} AND ({c})))")),
            inner.prop_map(|a| format!("(NOT NOT {a})")),
        ]
    })
}

fn sentence() -> impl Strategy<Value = String> {
    let other = prop::sample::select(["nobody", "looks", "for", "this", "-", "a.b", "acmeish", "“", "—"].as_slice());
    prop::collection::vec(prop_oneof![3 => word(), 1 => other], 0..14).prop_map(|words| words.join(" "))
}

/// Watches with these queries, the word for word same ones under one name.
fn specs(queries: &[String]) -> Vec<WatchSpec> {
    queries.iter().map(|query| spec(query, query)).collect()
}

/// What each watch says by itself.
fn one_by_one(specs: &[WatchSpec], post: &Post) -> Vec<usize> {
    with(post, |subject| (0..specs.len()).filter(|number| specs[*number].query.matches(subject)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn all_at_once_and_one_by_one_agree(
        queries in prop::collection::vec(query(), 1..20),
        title in sentence(),
        text in sentence(),
    ) {
        let specs = specs(&queries);
        let post = post(&title, &text);
        let expected = one_by_one(&specs, &post);
        let set = WatchSet::new(specs);
        let all = with(&post, |subject| set.matching(subject));
        prop_assert_eq!(&all, &expected);
        let candidates = with(&post, |subject| set.candidates(subject));
        prop_assert!(all.iter().all(|number| candidates.contains(number)));
        let explained = with(&post, |subject| set.matches(subject));
        let names = |numbers: &[usize]| numbers.iter().map(|number| queries[*number].clone()).collect::<Vec<_>>();
        prop_assert_eq!(explained.iter().map(|found| found.watch.clone()).collect::<Vec<_>>(), names(&all));
        for found in &explained {
            let alone = with(&post, |subject| set.get(&found.watch).and_then(|spec| spec.query.explain(subject)));
            prop_assert_eq!(Some(&found.clauses), alone.as_ref());
        }
    }

    #[test]
    fn a_set_that_was_updated_says_the_same_as_a_new_one(
        before in prop::collection::vec(query(), 0..12),
        changes in prop::collection::vec((0..14_usize, prop::option::of(query())), 1..6),
        title in sentence(),
        text in sentence(),
    ) {
        let post = post(&title, &text);
        let mut set = WatchSet::new(specs(&before));
        let mut queries = before;
        for (place, change) in changes {
            let place = place.min(queries.len());
            // One is put in, or taken out: those behind it get other numbers.
            match change {
                Some(query) => queries.insert(place, query),
                None => drop(queries.drain(place..queries.len().min(place + 1))),
            }
            set = set.updated(specs(&queries));
            let new = WatchSet::new(specs(&queries));
            prop_assert_eq!(with(&post, |subject| set.matches(subject)), with(&post, |subject| new.matches(subject)));
            prop_assert_eq!(set.specs(), new.specs());
        }
    }
}

#[test]
fn a_word_that_fits_both_sides_is_not_near_itself() {
    for (query, title, expected) in [
        ("acme NEAR/3 ac*", "acme is here", 0),
        ("acme NEAR/3 ac*", "acme is acme", 1),
        ("acme NEAR/3 ac*", "acme is acting", 1),
        ("acme NEAR/3 ac*", "acting is acme", 1),
        ("acme ONEAR/3 ac*", "acme is acme", 1),
        ("acme ONEAR/3 ac*", "acting is acme", 0),
        ("ac* NEAR/2 acme", "acme is not what acme acme", 1),
        ("acme NEAR/1 ac*", "acme is acme", 0),
    ] {
        assert_eq!(names(&WatchSet::new(vec![spec("w", query)]), &post(title, "")).len(), expected, "{query}: {title}");
    }
}

#[test]
fn an_altered_watch_is_found_by_its_new_query_only() {
    let many = |last: &str| {
        let mut specs: Vec<WatchSpec> = (0..2_000).map(|number| spec(&format!("w{number}"), "acme down")).collect();
        specs[1_999] = spec("w1999", last);
        specs
    };
    let old = WatchSet::new(many("zeppelin"));
    let new = old.updated(many("rocket"));
    for (set, title, expected) in
        [(&old, "zeppelin", 1), (&old, "rocket", 0), (&new, "zeppelin", 0), (&new, "rocket", 1)]
    {
        assert_eq!(names(set, &post(title, "")).len(), expected, "{title}");
    }
    assert_eq!(names(&new, &post("Acme is down", "")).len(), 1_999);
    let version = with(&post("rocket", ""), |subject| new.matches(subject)[0].version.clone());
    assert_eq!(version, new.specs()[1_999].version());
}

#[test]
fn a_list_of_very_many_words_is_kept_once_and_found_by_each() {
    let list =
        |start: usize| (start..start + 400).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" OR ");
    let set = WatchSet::new(vec![spec("w", &format!("({}) AND ({}) NOT word7", list(0), list(400)))]);
    for (title, expected) in
        [("word3 word500", 1), ("word399 word799", 1), ("word3 word4", 0), ("word3 word500 word7", 0)]
    {
        assert_eq!(names(&set, &post(title, "")).len(), expected, "{title}");
    }
}

/// Runs over `match-pairs` of the folder that `OVERHEARD_CORPORA` names, where there is one.
#[test]
fn every_pair_of_the_corpus_is_found_and_no_other() {
    let Some(folder) = std::env::var_os("OVERHEARD_CORPORA").map(|folder| PathBuf::from(folder).join("match-pairs"))
    else {
        println!("skipped: OVERHEARD_CORPORA is not set");
        return;
    };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("the corpus is readable");
    let rules = read("rules.tsv");
    let specs: Vec<WatchSpec> =
        rules.lines().filter_map(|line| line.split_once('\t')).map(|(id, query)| spec(id, query)).collect();
    let rules: BTreeMap<String, String> =
        specs.iter().map(|spec| (spec.name.clone(), spec.query.to_string())).collect();
    let set = WatchSet::new(specs);
    let mut found = BTreeSet::new();
    for line in read("posts.jsonl").lines() {
        let read: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let field = |name: &str| read[name].as_str().unwrap_or_default();
        let post = post(field("title"), field("text"));
        for number in with(&post, |subject| set.matching(subject)) {
            found.insert(format!("{}\t{}", set.specs()[number].name, field("id")));
        }
    }
    let expected: BTreeSet<String> = read("pairs.tsv").lines().map(str::to_owned).collect();
    let show = |pair: &String| format!("{pair}\t{}", rules[pair.split('\t').next().unwrap_or_default()]);
    let missing: Vec<String> = expected.difference(&found).map(show).collect();
    let extra: Vec<String> = found.difference(&expected).map(show).collect();
    println!("{} rules, {} pairs, {} missing, {} extra", rules.len(), found.len(), missing.len(), extra.len());
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:#?}\nextra: {extra:#?}");
}
