//! What does an alert look like that was made up to try a receiver?

use crate::model::{
    Alert, Author, ClauseHit, Coverage, Digest, DigestEntry, Duration, Engagement, Field, Heard, Match, Post, PostId,
    PostType, Priority, Reason, Role, Score, ScorePart, Span, StoryId, Timestamp,
};

const KEY: &str = "overheard:sample";
const TITLE: &str = "Sample: is Acme down for anyone else?";
const TEXT: &str = "This alert was made by `overheard test-route` to show that alerts arrive here. \
                    Nobody wrote it: Acme is a made-up brand, and nothing is down.";

/// A marked sample alert to this receiver, decided at `now`. It has everything that a real one has.
pub fn alert(receiver: &str, now: Timestamp) -> Alert {
    let id = format!("alert_{}", &blake3::hash(format!("{KEY}:{receiver}:{}", now.0).as_bytes()).to_hex()[..24]);
    Alert {
        id,
        receiver: receiver.to_owned(),
        story: StoryId(PostId::of(KEY)),
        post: post(now),
        matches: vec![found()],
        score: score(),
        reason: Reason { route: vec!["(test-route)".into()] },
        decided_at: now,
        sample: true,
        digest: None,
        issue: None,
    }
}

/// A marked sample digest to this receiver, sent at `now` for the day before.
pub fn digest(receiver: &str, now: Timestamp) -> Alert {
    let alert = alert(receiver, now);
    let titles = [(TITLE, 62), ("Sample: Acme is slow today", 40), ("Sample: Acme again", 12)];
    let listed = titles.into_iter().map(|(title, score)| DigestEntry {
        story: alert.story,
        post: alert.post.id,
        title: title.into(),
        url: alert.post.url.clone(),
        site: alert.post.site.clone(),
        score,
    });
    let digest = Digest {
        watch: "sample-watch".into(),
        cap: 20,
        day: (now - Duration::days(1)).day(&jiff::tz::TimeZone::UTC),
        stories: 37,
        listed: listed.collect(),
        coverage: Coverage::of(vec![
            Heard { source: "sample-feed".into(), share: 1.0 },
            Heard { source: "sample-forum".into(), share: 0.5 },
        ]),
        flood: None,
    };
    Alert { digest: Some(digest), ..alert }
}

fn post(now: Timestamp) -> Post {
    let url = "https://community.acme.example/t/1";
    Post {
        id: PostId::of(KEY),
        key: KEY.into(),
        source: "sample".into(),
        kind: "sample".into(),
        site: "community.acme.example".into(),
        url: url.into(),
        canonical_url: url.into(),
        target: None,
        thread: None,
        post_type: PostType::Question,
        title: TITLE.into(),
        text: TEXT.into(),
        author: Some(Author { name: "Sample Author".into(), handle: "sample".into(), url: None }),
        published: Some(now),
        updated: None,
        received: now,
        lang: Some("en".into()),
        tags: vec!["sample".into()],
        links: Vec::new(),
        engagement: Engagement { likes: Some(3), replies: Some(0), shares: None },
    }
}

fn found() -> Match {
    Match {
        watch: "sample-watch".into(),
        version: "0000000000000000".into(),
        role: Role::Brand,
        owner: Some("sample-owner".into()),
        priority: Priority::Normal,
        clauses: vec![
            ClauseHit { clause: "acme".into(), spans: places("Acme") },
            ClauseHit { clause: "down".into(), spans: places("down") },
        ],
    }
}

/// The first place of a word in title and in text.
fn places(word: &str) -> Vec<Span> {
    [(Field::Title, TITLE), (Field::Text, TEXT)]
        .into_iter()
        .filter_map(|(field, text)| {
            let start = u32::try_from(text.find(word)?).ok()?;
            Some(Span { field, start, end: start + u32::try_from(word.len()).ok()? })
        })
        .collect()
}

fn score() -> Score {
    let part = |signal: &str, points, why: &str| ScorePart { signal: signal.into(), points, why: why.into() };
    Score {
        total: 62,
        parts: vec![part("relevance", 42.0, "acme in the title"), part("freshness", 20.0, "just published")],
    }
}
