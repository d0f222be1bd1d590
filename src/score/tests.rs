//! Does a score add up, and does each signal say what it should?

use super::*;
use crate::model::{ClauseHit, Duration, Engagement, Field, PostId, PostType, Priority, Role, Span};

fn post(age: Duration, likes: Option<u64>) -> Post {
    let now = Timestamp(0) + Duration::days(100);
    Post {
        id: PostId::of("k"),
        key: "k".into(),
        source: "forum".into(),
        kind: "discourse".into(),
        site: "a.example".into(),
        url: "https://a.example/1".into(),
        canonical_url: "https://a.example/1".into(),
        target: None,
        thread: None,
        post_type: PostType::Story,
        title: "Acme is down".into(),
        text: String::new(),
        author: None,
        published: Some(now - age),
        updated: None,
        received: now,
        lang: None,
        tags: Vec::new(),
        links: Vec::new(),
        engagement: Engagement { likes, ..Engagement::default() },
    }
}

fn hit(clause: &str, field: Field, start: u32, end: u32) -> ClauseHit {
    ClauseHit { clause: clause.into(), spans: vec![Span { field, start, end }] }
}

fn scored(post: &Post, clauses: Vec<ClauseHit>, baselines: &Baselines) -> Score {
    let found = Match {
        watch: "w".into(),
        version: "0".into(),
        role: Role::Brand,
        owner: None,
        priority: Priority::Normal,
        clauses,
    };
    score(&Sight { post, matches: &[found], now: post.received, baselines })
}

fn points(score: &Score, signal: &str) -> Option<f32> {
    score.parts.iter().find(|part| part.signal == signal).map(|part| part.points)
}

#[test]
fn the_total_is_the_rounded_sum_of_the_parts() {
    let scored =
        scored(&post(Duration::hours(12), Some(31)), vec![hit("acme", Field::Title, 0, 4)], &Baselines::default());
    let sum: f32 = scored.parts.iter().map(|part| part.points).sum();
    assert_eq!(f32::from(scored.total), sum.round());
    assert_eq!(points(&scored, "freshness"), Some(10.0));
}

#[test]
fn a_title_weighs_more_than_a_text_and_closeness_adds() {
    let none = Baselines::default();
    let post = post(Duration(0), None);
    let in_text = scored(&post, vec![hit("acme", Field::Text, 0, 4)], &none);
    let in_title = scored(&post, vec![hit("acme", Field::Title, 0, 4)], &none);
    let close = scored(&post, vec![hit("acme", Field::Title, 0, 4), hit("down", Field::Title, 8, 12)], &none);
    let far = scored(&post, vec![hit("acme", Field::Title, 0, 4), hit("down", Field::Title, 80, 84)], &none);
    let inside = scored(&post, vec![hit("acme", Field::Title, 0, 4), hit("\"acme is\"", Field::Title, 0, 7)], &none);
    assert!(!inside.parts[0].why.contains("close"), "{}", inside.parts[0].why);
    assert!(in_text.total < in_title.total && in_title.total < far.total && far.total < close.total);
    assert!(close.parts[0].why.contains("acme close to down"), "{}", close.parts[0].why);
}

#[test]
fn engagement_is_rated_within_its_source_once_that_is_known() {
    let mut baselines = Baselines::default();
    for likes in 0..40 {
        baselines.learn(&post(Duration(0), Some(likes)));
    }
    let popular = scored(&post(Duration(0), Some(30)), Vec::new(), &baselines);
    assert_eq!(points(&popular, "engagement"), Some(22.5));
    assert!(popular.parts.iter().any(|part| part.why.contains("more than 75 %")));
}

#[test]
fn a_site_without_counts_gives_no_engagement_part() {
    assert_eq!(points(&scored(&post(Duration(0), None), Vec::new(), &Baselines::default()), "engagement"), None);
}
