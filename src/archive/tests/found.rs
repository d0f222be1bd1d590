//! What does a search give back, in which order, and what does it refuse?

use super::*;
use crate::archive::{ArchiveError, MAX_EXPANSION, MAX_OFFSET, MAX_READ};

fn dated(seconds: i64, mut decided: Decided) -> Decided {
    decided.post.published = Some(Timestamp::from_seconds(seconds));
    decided
}

fn request(text: &str) -> SearchRequest {
    SearchRequest { query: query(text), sort: Sort::Newest, limit: 10, offset: 0, now: NOW }
}

#[test]
fn the_newest_come_first_or_the_most_relevant_and_of_these_the_newest() {
    let (_dir, archive) = archive_of(vec![
        dated(1, decided(post("in passing", "", "a long text that says acme once among a great many other words"))),
        dated(2, decided(post("in the title", "Acme", "a text that says it nowhere else"))),
        dated(3, decided(post("older twin", "", "acme cloud"))),
        dated(4, decided(post("newer twin", "", "acme cloud"))),
        dated(5, decided(post("another", "cloud", "cloud"))),
    ]);
    assert_eq!(keys(&archive, "acme"), ["newer twin", "older twin", "in the title", "in passing"]);
    let best = search(&archive, "acme", Sort::Best);
    let best: Vec<&str> = best.found.iter().map(|found| found.post.key.as_str()).collect();
    assert_eq!(best, ["in the title", "newer twin", "older twin", "in passing"]);
}

#[test]
fn pages_follow_each_other_and_know_the_total() {
    let posts = (0..25).map(|number| dated(number, decided(post(&number.to_string(), "acme", ""))));
    let (_dir, archive) = archive_of(posts.collect());
    let page = |offset| {
        let page = archive.search(&SearchRequest { offset, ..request("acme") }).unwrap();
        (page.total, page.found.into_iter().map(|found| found.post.key).collect::<Vec<_>>())
    };
    assert_eq!(page(0).1.first().map(String::as_str), Some("24"));
    assert_eq!(page(10), (25, (5..15).rev().map(|number| number.to_string()).collect()));
    assert_eq!(page(20).1, ["4", "3", "2", "1", "0"]);
    assert_eq!(page(30), (25, Vec::new()));
}

#[test]
fn a_found_post_says_where_the_query_is_true_and_what_was_decided() {
    let text = "Since this morning 東京 is slow.\nIs ACME down for anyone else?";
    let (_dir, archive) = archive_of(vec![mention(post("a", "Acme Cloud: Störung 😀", text), "brand", "it-ops", 60)]);
    // (query, title with highlights, text with highlights)
    let cases = [
        ("acme", "[Acme] Cloud: Störung 😀", "Since this morning 東京 is slow. Is [ACME] down for anyone else?"),
        (
            "stor* AND 東京",
            "Acme Cloud: [Störung] 😀",
            "Since this morning [東京] is slow. Is ACME down for anyone else?",
        ),
        (
            "\"acme cloud\" -gone",
            "[Acme Cloud]: Störung 😀",
            "Since this morning 東京 is slow. Is ACME down for anyone else?",
        ),
        ("{ACME}", "Acme Cloud: Störung 😀", "Since this morning 東京 is slow. Is [ACME] down for anyone else?"),
        (
            "raw:\"else?\" 😀",
            "Acme Cloud: Störung [😀]",
            "Since this morning 東京 is slow. Is ACME down for anyone [else?]",
        ),
        (
            "watch:brand score>50",
            "Acme Cloud: Störung 😀",
            "Since this morning 東京 is slow. Is ACME down for anyone else?",
        ),
    ];
    for (text, title, body) in cases {
        let found = search(&archive, text, Sort::Best).found.pop().unwrap();
        assert_eq!((marked(&found.title), marked(&found.text)), (title.to_owned(), body.to_owned()), "{text}");
        assert_eq!((found.outcome, found.score.total, found.matches.len()), (Outcome::Mention, 60, 1));
    }
}

fn marked(snippet: &crate::archive::Snippet) -> String {
    let mut text = snippet.text.clone();
    for highlight in snippet.highlights.iter().rev() {
        text.insert(highlight.end, ']');
        text.insert(highlight.start, '[');
    }
    text
}

#[test]
fn a_search_over_a_bound_is_refused_and_says_what_to_do() {
    let many = (0..=MAX_EXPANSION).map(|number| format!("word{number} ")).collect::<String>();
    let mut posts: Vec<Decided> = (0..=MAX_READ).map(|number| decided(post(&number.to_string(), "C++", ""))).collect();
    posts.push(decided(post("many", "", &many)));
    let (_dir, archive) = archive_of(posts);
    let limit = archive.search(&SearchRequest { limit: MAX_LIMIT + 1, ..request("acme") });
    assert_eq!(limit, Err(ArchiveError::TooFar { what: "limit", asked: MAX_LIMIT + 1, bound: MAX_LIMIT }));
    let offset = archive.search(&SearchRequest { offset: MAX_OFFSET + 1, ..request("acme") });
    assert_eq!(offset, Err(ArchiveError::TooFar { what: "offset", asked: MAX_OFFSET + 1, bound: MAX_OFFSET }));
    for (text, what) in [("word*", "`word*` stands for more than"), ("raw:\"C++\"", "read more than")] {
        let refused = archive.search(&request(text)).unwrap_err().to_string();
        assert!(refused.contains(what), "{text}: {refused}");
    }
    // With something that leaves fewer of them, both are answered.
    assert_eq!(keys(&archive, "word12*").len(), 1);
    assert_eq!(keys(&archive, "raw:\"C++\" url:https://forum.example/t/7"), ["7"]);
}
