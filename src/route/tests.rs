//! Does the tree choose as its users expect?

use super::*;
use crate::model::{Post, Timestamp};
use crate::query::{Facts, Names, Place, Query, Subject, words};
use crate::receiver::sample;

/// A route as a table shows it: `match → receiver`, `…` for an inherited receiver, `+` for `continue`.
fn on(route: &str, routes: Vec<RouteSpec>) -> RouteSpec {
    let (match_text, receiver) = route.split_once(" → ").expect("match → receiver");
    let (receiver, continue_) = receiver.strip_suffix(" +").map_or((receiver, false), |receiver| (receiver, true));
    let query = |text: &str| Query::parse(text, Place::Route, &Names::default()).expect("a query");
    RouteSpec {
        query: (!match_text.is_empty()).then(|| query(match_text)),
        match_text: match_text.into(),
        receiver: (receiver != "…").then(|| receiver.into()),
        continue_,
        routes,
    }
}

fn root(routes: Vec<RouteSpec>) -> RouteSpec {
    on(" → community", routes)
}

/// A mention with this title, labels and score, told as `receiver: way > way`.
fn told(tree: &RouteSpec, (title, labels, score): (&str, &[&str], u8)) -> Vec<String> {
    let tree = Tree::new(tree.clone()).expect("a sound tree");
    let post = Post { title: title.into(), text: String::new(), ..sample::alert("x", Timestamp(0)).post };
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    let facts = Facts { labels, score: Some(f64::from(score)), ..Facts::default() };
    let (title, text) = (words(&post.title), words(&post.text));
    let subject = Subject { post: &post, title: &title, text: &text, now: Timestamp(0), facts: Some(&facts) };
    let tell = |routed: Routed| format!("{}: {}", routed.receiver, routed.reason.route.join(" > "));
    tree.decide(&subject).into_iter().map(tell).collect()
}

#[test]
fn a_mention_goes_where_its_way_through_the_tree_leads() {
    let teams = root(vec![
        on("acme → acme", vec![on("outage → pager", vec![]), on("label:problem → …", vec![])]),
        on("acme AND refund → never-reached", vec![]),
        on("globex → globex", vec![]),
    ]);
    let also = root(vec![
        on("label:problem → it-ops +", vec![]),
        on("score>=80 → urgent +", vec![]),
        on("acme → acme", vec![]),
        on(" → archive", vec![]),
    ]);
    let nested_continue = root(vec![
        on("acme → acme", vec![on("outage → pager +", vec![]), on("label:problem → it-ops", vec![])]),
        on("outage → second", vec![]),
    ]);
    let same_receiver =
        root(vec![on("acme → it-ops +", vec![]), on("outage → it-ops +", vec![]), on("down → it-ops", vec![])]);
    let falls_back = root(vec![on("acme → … +", vec![on("outage → pager", vec![])]), on("globex → globex", vec![])]);

    for (tree, mention, receivers) in [
        (&root(vec![]), ("anything", &[][..], 0), &["community: (default)"][..]),
        (&teams, ("hello world", &[], 0), &["community: (default)"]),
        (&teams, ("acme is nice", &[], 0), &["acme: (default) > acme"]),
        (&teams, ("acme outage", &[], 0), &["pager: (default) > acme > outage"]),
        (&teams, ("acme is odd", &["problem"], 0), &["acme: (default) > acme > label:problem"]),
        (&teams, ("acme refund", &[], 0), &["acme: (default) > acme"]),
        (&teams, ("globex outage", &[], 0), &["globex: (default) > globex"]),
        (&also, ("hello", &[], 10), &["archive: (default) > (every)"]),
        (&also, ("hello", &["problem"], 10), &["it-ops: (default) > label:problem", "archive: (default) > (every)"]),
        (
            &also,
            ("acme", &["problem"], 90),
            &["it-ops: (default) > label:problem", "urgent: (default) > score>=80", "acme: (default) > acme"],
        ),
        (
            &nested_continue,
            ("acme outage", &["problem"], 0),
            &["pager: (default) > acme > outage", "it-ops: (default) > acme > label:problem"],
        ),
        (&nested_continue, ("acme outage", &[], 0), &["pager: (default) > acme > outage"]),
        (&same_receiver, ("acme outage down", &[], 0), &["it-ops: (default) > acme"]),
        (&same_receiver, ("outage", &[], 0), &["it-ops: (default) > outage"]),
        (&falls_back, ("acme", &[], 0), &["community: (default) > acme"]),
        (
            &falls_back,
            ("acme globex outage", &[], 0),
            &["pager: (default) > acme > outage", "globex: (default) > globex"],
        ),
    ] {
        assert_eq!(told(tree, mention), receivers, "{mention:?} in {tree:?}");
    }
}

#[test]
fn a_tree_without_routes_tells_nobody() {
    let post = sample::alert("x", Timestamp(0)).post;
    let (title, text) = (words(&post.title), words(&post.text));
    let subject = Subject { post: &post, title: &title, text: &text, now: Timestamp(0), facts: None };
    assert_eq!(Tree::default().decide(&subject), []);
}

/// A tree of routes without matches, as deep as told.
fn deep(levels: usize) -> RouteSpec {
    (0..levels).fold(on(" → x", vec![]), |below, _| on(" → x", vec![below]))
}

#[test]
fn every_fault_of_a_tree_is_found_with_its_place() {
    let wide = |children| root(vec![on(" → x +", vec![]); children]);
    let upside_down = RouteSpec { receiver: None, ..on("acme → x +", vec![]) };
    for (name, tree, faults) in [
        ("bare", RouteSpec::default(), vec![(vec![], TreeError::NoReceiver)]),
        (
            "a child as root",
            upside_down,
            vec![
                (vec![], TreeError::NoReceiver),
                (vec![], TreeError::MatchAtRoot),
                (vec![], TreeError::ContinueAtRoot),
            ],
        ),
        ("as deep as can be", deep(Tree::MAX_DEPTH), vec![]),
        ("too deep", deep(Tree::MAX_DEPTH + 3), vec![(vec![0; Tree::MAX_DEPTH + 1], TreeError::TooDeep)]),
        ("as many as can be", wide(Tree::MAX_ROUTES - 1), vec![]),
        ("too many", wide(Tree::MAX_ROUTES + 2), vec![(vec![Tree::MAX_ROUTES - 1], TreeError::TooMany)]),
    ] {
        let found = Tree::new(tree).err().unwrap_or_default();
        let found: Vec<_> = found.into_iter().map(|fault| (fault.at, fault.error)).collect();
        assert_eq!(found, faults, "{name}");
    }
}

#[test]
fn a_tree_says_whether_it_needs_the_words_of_a_post() {
    for (route, reads) in [
        ("watch:acme → a", false),
        ("score>=60 NOT owner:kim → a", false),
        ("", false),
        ("acme → a", true),
        ("NOT (score<5 OR raw:\"C++\") → a", true),
    ] {
        let inner = if route.is_empty() { Vec::new() } else { vec![on(route, vec![])] };
        let tree = Tree::new(root(vec![on("watch:outer → outer", inner)])).expect("a sound tree");
        assert_eq!(tree.reads_text(), reads, "{route}");
    }
}
