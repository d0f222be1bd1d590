//! In which order does a walk visit posts, of which time, and when does it end?

use super::*;
use crate::archive::{MAX_ASKED, MAX_VISITED};

const SECOND: i64 = 1_000;

/// A post that arrived so many seconds after the beginning of time.
fn arrived(seconds: i64, key: &str, title: &str) -> Decided {
    let mut post = post(key, title, "");
    post.received = Timestamp::from_seconds(seconds);
    decided(post)
}

fn seconds(from: i64, until: i64) -> Window {
    Window { from: Timestamp(from * SECOND), until: Timestamp(until * SECOND) }
}

/// An archive in several segments, of which the later ones hold older posts.
fn scattered() -> (TempDir, Archive) {
    let dir = TempDir::new().unwrap();
    let (archive, _) = open(&dir);
    for (position, posts) in [(1, [40, 41, 42]), (2, [10, 30, 20]), (3, [50, 1, 35])] {
        let posts = posts.map(|second| arrived(second, &second.to_string(), if second == 30 { "C++" } else { "acme" }));
        archive.apply(Position(position), &page(posts.to_vec())).unwrap();
        archive.flush(PATIENCE).unwrap();
    }
    (dir, archive)
}

#[test]
fn posts_are_visited_in_the_order_of_their_arrival_within_the_window() {
    let (_dir, archive) = scattered();
    let walked = |text, window| walked(&archive, text, window, AgeTo::Arrival).unwrap();
    assert_eq!(walked("acme", ALWAYS), ["1", "10", "20", "35", "40", "41", "42", "50"]);
    assert_eq!(walked("acme", seconds(20, 42)), ["20", "35", "40", "41"]);
    assert_eq!(walked("raw:\"C++\"", seconds(20, 42)), ["30"]);
    assert_eq!(walked("raw:\"C++\" OR raw:\"acm\"", seconds(20, 41)), ["20", "30", "35", "40"]);
    assert_eq!(walked("nowhere", ALWAYS), [""; 0]);
    assert_eq!(archive.arrived(seconds(20, 42)), Ok(5));
}

#[test]
fn the_age_of_a_post_counts_to_its_arrival_or_to_one_moment() {
    let mut late = arrived(86_400 * 9, "read late", "acme");
    late.post.published = Some(Timestamp::from_seconds(86_400));
    let mut fresh = arrived(86_400 * 9, "fresh", "acme");
    fresh.post.published = Some(Timestamp::from_seconds(86_400 * 9 - 60));
    let (_dir, archive) = archive_of(vec![late, fresh]);
    for (text, on_arrival, much_later) in [
        ("acme age<1d", vec!["fresh"], vec![]),
        ("acme age>7d", vec!["read late"], vec!["read late", "fresh"]),
        ("acme NOT age<1d", vec!["read late"], vec!["read late", "fresh"]),
        ("raw:\"acme\" age<1d", vec!["fresh"], vec![]),
    ] {
        assert_eq!(walked(&archive, text, ALWAYS, AgeTo::Arrival).unwrap(), on_arrival, "{text}");
        assert_eq!(walked(&archive, text, ALWAYS, AgeTo::Moment(NOW)).unwrap(), much_later, "{text}");
    }
}

#[test]
fn a_visitor_can_break_off_at_every_step() {
    let (_dir, archive) = scattered();
    let (query, window, age_to) = (query("acme"), ALWAYS, AgeTo::Arrival);
    let walk = Walk { query: &query, window, age_to };
    let mut all = Vec::new();
    let ended = archive.each(walk, &|_| (), &mut |step| {
        all.push(matches!(step, Step::Found(_)));
        ControlFlow::Continue(())
    });
    assert_eq!(ended, Ok(ControlFlow::Continue(())));
    assert!(!all[0] && !all[all.len() - 1], "how far it is, is told at the beginning and at the end: {all:?}");
    for last in 1..=all.len() {
        let mut steps = 0;
        let ended = archive.each(walk, &|_| (), &mut |_| {
            steps += 1;
            if steps == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((ended, steps), (Ok(ControlFlow::Break(())), last));
    }
}

#[test]
fn bounds_are_told_with_what_to_do() {
    let posts = (0..=MAX_VISITED as i64).map(|number| arrived(number, &number.to_string(), "acme c++"));
    let (_dir, archive) = archive_of(posts.collect());
    for (text, bound, hint) in [("acme", MAX_VISITED, "shorter time"), ("raw:\"c++\"", MAX_ASKED, "add a word")] {
        let why = walked(&archive, text, ALWAYS, AgeTo::Arrival).unwrap_err().to_string();
        assert!(why.contains(&bound.to_string()) && why.contains(hint), "{text}: {why}");
        let bound = bound as i64;
        assert_eq!(
            walked(&archive, text, seconds(1, bound + 1), AgeTo::Arrival).unwrap().len(),
            bound as usize,
            "{text}"
        );
    }
}
