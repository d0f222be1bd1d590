//! Does a query mean the same on the live stream and on the archive?

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::archive::record::Record;
use crate::archive::verify::ask;
use crate::model::{Author, Engagement, PostType};

/// Words and what stands between them, of many writing systems.
const PIECES: &[&str] = &[
    "acme",
    "Acme",
    "ACME",
    "Acme's",
    "acme-cloud",
    "@acme",
    "#acme",
    "@Cloud",
    "cloud",
    "Cloud",
    "down",
    "down!",
    "refund",
    "refunds",
    "refunding",
    "acme cloud down",
    "x y z",
    "@Acme-Cloud",
    "#acme cloud",
    "café été",
    "café",
    "cafe",
    "CAFÉ",
    "C++",
    "c",
    "$ACME",
    "$ACMEX",
    "node.js",
    "don't",
    "東京",
    "東",
    "京",
    "カタカナ",
    "한국어",
    "ไทย",
    "😀",
    "👨‍👩‍👧",
    "🇨🇭",
    "ß",
    "ss",
    "Straße",
    "ﬁne",
    "fine",
    "acme.example",
    "acmecloud",
    "и",
    "e\u{301}t\u{e9}",
    "ÉTÉ",
    ",",
    "\n",
    "(",
    "x",
    "y",
    "z",
    "_acme_",
    "(acme-cloud)",
    "C++ café",
    "Acme™",
    "ＡＣＭＥ",
    "1.5",
    "a",
];

/// Clauses of a query; the generator puts them together.
const TERMS: &[&str] = &[
    "acme",
    "cloud",
    "down",
    "refund",
    "refund*",
    "ac*",
    "ac?e",
    "acm*d",
    "re*s",
    "cafe",
    "c",
    "x",
    "東京",
    "京",
    "カタカナ",
    "한국어",
    "ไทย",
    "😀",
    "👨‍👩‍👧",
    "fine",
    "strasse",
    "acme.example",
    "node.js",
    "don't",
    "\"acme cloud\"",
    "\"acme down\"",
    "\"acme acme\"",
    "\"x y z\"",
    "\"acme cloud down\"~1",
    "\"x acme\"~2",
    "\"acme acme\"~3",
    "\"down acme cloud\"~0",
    "\"café été\"",
    "acme-cloud",
    "@acme",
    "#acme",
    "@cloud",
    "#\"acme cloud\"",
    "@acme-cloud",
    "{Acme}",
    "{Acme Cloud}",
    "{ACME}",
    "{café}",
    "raw:\"C++\"",
    "raw:\"$ACME\"",
    "raw:\"acme cloud down\"",
    "raw:\"x y z\"",
    "raw:\"é\"",
    "raw:\" $ACME\"",
    "raw:\"-cl\"",
    "raw:\"@Acme-C\"",
    "raw:\"me's\"",
    "raw:\" (acme-cloud\"",
    "raw:\"C++ c\"",
    "raw:\"\u{e9} \u{e9}\"",
    "raw:\" \"",
    "acme NEAR/1 cloud",
    "acme NEAR/3 down",
    "acme ONEAR/2 cloud",
    "cloud ONEAR/1 acme",
    "acme NEAR/2 acme",
    "refund* NEAR/4 (acme OR cloud)",
    "(x OR y) ONEAR/1 (y OR z)",
    "title:acme",
    "text:acme",
    "title:\"acme cloud\"",
    "title:ac*",
    "text:(acme OR down)",
    "title:{Acme}",
    "text:raw:\"C++\"",
    "title:(acme NEAR/2 cloud)",
    "title:@acme",
    "text:#acme",
    "title:refund*",
    "text:\"x acme\"~2",
    "title:(acme -cloud)",
    "text:(acme OR (x NEAR/1 y))",
    "text:-down",
    "-title:acme",
    "title:raw:C++",
    "\"acme cloud\" NEAR/2 (down OR x)",
    "東京 NEAR/3 (acme OR cloud)",
    "(\"x y\" OR acme) ONEAR/2 (z OR \"acme cloud\")",
    "\"acme cloud\" NEAR/2 acme",
    "(ac* OR 東京) ONEAR/3 \"acme cloud\"",
    "$names",
    "title:$names",
    "$words NEAR/3 $names",
    "$nested -$words",
    "site:$sites",
    "link:$sites",
    "-site:$sites",
    "(down OR -cloud) acme",
    "-(acme -(cloud -down))",
    "published=2026-01-01",
    "likes>=5",
    "replies<11",
    "author:anna",
    "author:bÖrk",
    "author:@ÅSA",
    "site:forum.example",
    "site:example",
    "site:old.forum.example",
    "site:rum.example",
    "site:forum.example/r/acme",
    "site:forum.example/r/ac",
    "site:example/r",
    "link:acme.example",
    "link:example",
    "link:acme.example/docs",
    "link:docs.acme.example",
    "source:our-forum",
    "source:hn",
    "kind:discourse",
    "kind:rss",
    "type:question",
    "type:story",
    "lang:en",
    "lang:de-CH",
    "tag:outage",
    "tag:ÜBER",
    "tag:#outage",
    "watch:brand",
    "watch:cloud",
    "owner:it-ops",
    "owner:community",
    "label:problem",
    "status:new",
    "outcome:mention",
    "outcome:suppressed",
    "outcome:unmatched",
    "outcome:edited",
    "url:https://forum.example/r/acme/1",
    "url:http://www.forum.example/r/Acme/1/",
    "url:https://forum.example",
    "url:https://forum.example/canonical/1",
    "url:https://forum.example/r/acme",
    "site:example/canonical",
    "thread:key:0",
    "thread:key:1",
    "score>=60",
    "score<60",
    "score>0",
    "score=60",
    "replies>10",
    "replies<=10",
    "likes>5",
    "likes=0",
    "likes<1",
    "sentiment<-0.3",
    "sentiment>=0",
    "published>2026-01-01",
    "published<=2026-01-01",
    "age<7d",
    "age>=7d",
    "age>0s",
    "age<0s",
];

/// The lists that the terms name.
fn names() -> Names {
    let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
    let lists = BTreeMap::from([
        ("names".to_owned(), list(&["refund", "\"acme cloud\"", "京", "re*s"])),
        ("words".to_owned(), list(&["down", "x", "cafe"])),
        ("nested".to_owned(), list(&["$names", "acme ONEAR/3 down", "{ACME}"])),
        ("sites".to_owned(), list(&["news.example", "\"forum.example/r/acme\"", "acme.example"])),
    ]);
    Names::new(&lists).unwrap()
}

fn query(text: &str) -> Query {
    Query::parse(text, Place::Search, &names()).unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn text() -> impl Strategy<Value = String> {
    vec((select(PIECES), select(&[" ", " ", " ", " ", "", "\n"][..])), 0..12)
        .prop_map(|pieces| pieces.into_iter().flat_map(|(piece, gap)| [piece, gap]).collect())
}

fn maybe<T: Clone + std::fmt::Debug + 'static>(values: &'static [T]) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(select(values))
}

prop_compose! {
    fn author()(name in select(&["Anna", "Börk", "Åsa Acme", ""][..]), handle in select(&["anna", "ÅSA", "bork"][..])) -> Author {
        Author { name: name.to_owned(), handle: handle.to_owned(), url: None }
    }
}

prop_compose! {
    fn fields()(
        author in proptest::option::of(author()),
        host in select(&["forum.example", "old.forum.example", "news.example", "blog.test"][..]),
        path in select(&["", "/", "/r/acme/1", "/R/Acme/1/", "/r/acme", "/r/acmecorp/2?x=1"][..]),
        canonical in maybe(&["/canonical/1", "/r/acme"]),
        links in subsequence(vec!["https://acme.example/docs/a", "https://docs.acme.example/", "http://other.example/docs"], 0..3),
        target in maybe(&["https://acme.example", "https://acme.example/documents"]),
        lang in maybe(&["en", "de", "DE-at"]),
        tags in subsequence(vec!["outage", "über", "Über"], 0..3),
        post_type in select(&[PostType::Story, PostType::Question, PostType::Comment][..]),
        thread in proptest::option::of(0..4usize),
        source in select(&["our-forum", "hn", "Our-Forum"][..]),
        kind in select(&["discourse", "rss"][..]),
    ) -> Post {
        Post {
            author,
            site: host.to_owned(),
            url: format!("https://{host}{path}"),
            canonical_url: format!("https://{host}{}", canonical.unwrap_or(path.trim_end_matches('/'))),
            links: links.into_iter().map(str::to_owned).collect(),
            target: target.map(str::to_owned),
            lang: lang.map(str::to_owned),
            tags: tags.into_iter().map(str::to_owned).collect(),
            post_type,
            thread: thread.map(|number| PostId::of(&format!("key:{number}"))),
            source: source.to_owned(),
            kind: kind.to_owned(),
            ..post("", "", "")
        }
    }
}

prop_compose! {
    fn decided_post()(
        fields in fields(),
        title in text(),
        text in text(),
        published in maybe(&[1_767_225_600_000, 1_799_999_999_000, 1_800_000_360_000, 1_799_395_200_000]),
        likes in maybe(&[0, 5, 6]),
        replies in maybe(&[0, 10, 11]),
        watch in maybe(&[("brand", "it-ops", 60), ("Cloud", "community", 10), ("brand", "Community", 0)]),
        excluded in proptest::bool::weighted(0.2),
        edited in proptest::bool::weighted(0.1),
    ) -> Decided {
        let engagement = Engagement { likes, replies, ..Engagement::default() };
        let post = Post { title, text, published: published.map(Timestamp), engagement, ..fields };
        let decided = match watch {
            Some((watch, owner, score)) if excluded => suppressed(mention(post, watch, owner, score)),
            Some((watch, owner, score)) => mention(post, watch, owner, score),
            None => decided(post),
        };
        Decided { outcome: if edited { Outcome::Edited } else { decided.outcome }, ..decided }
    }
}

fn posts() -> impl Strategy<Value = Vec<Decided>> {
    vec(decided_post(), 1..12).prop_map(numbered)
}

fn numbered(mut posts: Vec<Decided>) -> Vec<Decided> {
    for (number, decided) in posts.iter_mut().enumerate() {
        decided.post.key = format!("key:{number}");
        decided.post.id = PostId::of(&decided.post.key);
    }
    posts
}

/// Words looked for in one text: everything about words may stand there.
fn in_one_text() -> impl Strategy<Value = String> {
    let words = |term: &&str| !term.contains([':', '<', '>', '=']) && !term.starts_with('$');
    let words: Vec<&str> = TERMS.iter().copied().filter(words).collect();
    (
        select(&["title", "text"][..]),
        vec((select(&["", "-", "NOT "][..]), select(words)), 1..4),
        select(&[" ", " OR "][..]),
    )
        .prop_map(|(field, parts, between)| {
            let parts: Vec<String> = parts.into_iter().map(|(not, part)| format!("{not}({part})")).collect();
            format!("{field}:({})", parts.join(between))
        })
}

fn query_text() -> impl Strategy<Value = String> {
    let term = prop_oneof![5 => select(TERMS).prop_map(str::to_owned), 1 => in_one_text()];
    term.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" AND "))),
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" OR "))),
            inner.clone().prop_map(|part| format!("(NOT ({part}))")),
            inner.clone().prop_map(|part| format!("NOT NOT ({part})")),
            (inner.clone(), inner.clone()).prop_map(|(one, not)| format!("({one} OR NOT ({not}))")),
            (inner.clone(), inner).prop_map(|(wanted, not)| format!("(({wanted}) -({not}))")),
        ]
    })
}

fn found_live(posts: &[Decided], query: &Query) -> Vec<String> {
    let is_true =
        |decided: &&Decided| ask(&Record::from(*decided), AgeTo::Moment(NOW), |subject| query.matches(subject));
    let mut keys: Vec<String> = posts.iter().filter(is_true).map(|decided| decided.post.key.clone()).collect();
    keys.sort();
    keys
}

fn found_in_archive(archive: &Archive, text: &str, sort: Sort) -> Vec<String> {
    let request = SearchRequest { query: query(text), sort, limit: MAX_LIMIT, offset: 0, now: NOW };
    let page = archive.search(&request).unwrap();
    let mut keys: Vec<String> = page.found.into_iter().map(|found| found.post.key).collect();
    assert_eq!(page.total, keys.len(), "{text}");
    keys.sort();
    keys
}

fn found_by_walking(archive: &Archive, text: &str) -> Vec<String> {
    let mut keys = walked_for(archive, &query(text), ALWAYS, AgeTo::Moment(NOW)).unwrap();
    keys.sort();
    keys
}

/// True of nothing: facts that no post of the archive can have yet, and parts of a domain and of a path.
const NOTHING: &[&str] = &[
    "label:problem",
    "status:new",
    "sentiment<-0.3",
    "sentiment>=0",
    "site:rum.example",
    "site:forum.example/r/ac",
    "site:example/canonical",
];

#[test]
fn every_construct_finds_in_the_archive_what_it_matches_on_the_live_stream() {
    let mut runner = TestRunner::deterministic();
    let posts: Vec<Decided> = (0..60).flat_map(|_| posts().new_tree(&mut runner).unwrap().current()).collect();
    let posts = numbered(posts);
    let (_dir, archive) = archive_of(posts.clone());
    for text in TERMS {
        let live = found_live(&posts, &query(text));
        assert_eq!(found_in_archive(&archive, text, Sort::Newest), live, "{text}");
        assert_eq!(found_in_archive(&archive, text, Sort::Best), live, "{text}");
        assert_eq!(found_by_walking(&archive, text), live, "{text}");
        // A term that is true of all or none would show little.
        assert!(live.len() < posts.len(), "{text}");
        assert_eq!(live.is_empty(), NOTHING.contains(text), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_query_finds_in_the_archive_what_it_matches_on_the_live_stream(
        posts in posts(),
        queries in vec(query_text(), 48),
    ) {
        let (_dir, archive) = archive_of(posts.clone());
        for text in queries {
            let live = found_live(&posts, &query(&text));
            prop_assert_eq!(&found_in_archive(&archive, &text, Sort::Newest), &live, "{}", text);
            prop_assert_eq!(&found_in_archive(&archive, &text, Sort::Best), &live, "{}", text);
            prop_assert_eq!(archive.count(&query(&text), NOW), Ok(live.len()), "{}", text);
            prop_assert_eq!(&found_by_walking(&archive, &text), &live, "{}", text);
        }
    }
}
