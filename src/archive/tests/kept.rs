//! What stays in the archive, for how long, and under which story?

use super::*;
use crate::model::{Correction, Counts, Engagement, Feedback, Label, SentimentClass, Update};

fn ids(keys: &[&str]) -> Vec<PostId> {
    keys.iter().map(|key| PostId::of(key)).collect()
}

fn read_at(seconds: i64, mut decided: Decided) -> Decided {
    decided.post.received = Timestamp::from_seconds(seconds);
    decided
}

/// A post that joined a story and proved others to be the same.
fn joining(key: &str, story: &str, absorbs: &[&str]) -> Decided {
    let absorbs = ids(absorbs).into_iter().map(StoryId).collect();
    let decided = decided(post(key, key, ""));
    Decided { story: StoryDecision { story: StoryId(PostId::of(story)), absorbs, ..decided.story }, ..decided }
}

fn members(archive: &Archive, story: &str) -> Vec<String> {
    let members = archive.members(StoryId(PostId::of(story))).unwrap();
    let mut keys: Vec<String> = members.into_iter().map(|record| record.post.key).collect();
    keys.sort();
    keys
}

#[test]
fn old_posts_expire_and_mentions_later() {
    let suppressed = suppressed(mention(post("suppressed", "", ""), "brand", "it", 1));
    let (_dir, archive) = archive_of(vec![
        read_at(10, decided(post("old", "", ""))),
        read_at(11, suppressed),
        read_at(10, mention(post("old mention", "", ""), "brand", "it", 1)),
        read_at(1, mention(post("very old mention", "", ""), "brand", "it", 1)),
        read_at(20, decided(post("new", "", ""))),
    ]);
    let (posts_before, mentions_before) = (Timestamp::from_seconds(20), Timestamp::from_seconds(5));
    let expired = archive.expired(posts_before, mentions_before).unwrap();
    assert_eq!(expired, ids(&["very old mention", "old", "suppressed"]));
    assert_eq!(archive.oldest(), Ok(Some(Timestamp::from_seconds(1))));
    archive.apply(Position(2), &[Event::Expired { posts: expired, at: NOW }]).unwrap();
    archive.flush(PATIENCE).unwrap();
    assert_eq!(archive.expired(posts_before, mentions_before), Ok(Vec::new()));
    assert_eq!(archive.oldest(), Ok(Some(Timestamp::from_seconds(10))));
    assert_eq!(archive.counts(), Ok(Counts { unmatched: 1, mention: 1, ..Counts::default() }));
    assert_eq!(archive.get(PostId::of("old")), Ok(None));
    assert_eq!(archive.get(PostId::of("new")).unwrap().map(|record| record.post.key), Some("new".to_owned()));
}

/// The frame of a page that says something anew of posts seen already.
fn said(updates: Vec<Update>) -> Vec<Event> {
    let read = PageRead { source: "planet".to_owned(), at: NOW, updates, ..PageRead::default() };
    vec![Event::Page(Box::new(read))]
}

#[test]
fn what_is_said_anew_of_a_post_joins_what_is_known_of_it() {
    let mut known = post("a", "Acme is down", "");
    known.engagement = Engagement { likes: Some(3), replies: Some(1), ..Engagement::default() };
    known.tags = vec!["outage".to_owned()];
    let (_dir, archive) = archive_of(vec![mention(known, "brand", "it", 60), decided(post("b", "", ""))]);
    let anew = |key: &str, engagement: Engagement, tag: &str| Update {
        post: PostId::of(key),
        engagement,
        tags: vec![tag.to_owned()],
    };
    let ranked = Engagement { likes: Some(9), rank: Some(4), ..Engagement::default() };
    let unranked = Engagement { replies: Some(7), ..Engagement::default() };
    let frames = [
        said(vec![anew("a", ranked, "front-page"), anew("nobody knows it", ranked, "x")]),
        said(vec![anew("a", unranked, "outage")]),
    ];
    // Twice, as after a crash between journal and view; and none waits for the other's commit to be seen.
    for _ in 0..2 {
        for (position, frame) in (2..).map(Position).zip(&frames) {
            archive.apply(position, frame).unwrap();
        }
        archive.flush(PATIENCE).unwrap();
        let found = archive.get(PostId::of("a")).unwrap().unwrap();
        let engagement = Engagement { likes: Some(9), replies: Some(7), shares: None, rank: Some(4) };
        assert_eq!(
            (found.post.engagement, &found.post.tags[..]),
            (engagement, &["outage", "front-page"].map(str::to_owned)[..])
        );
        assert_eq!((found.score.total, found.outcome), (60, Outcome::Mention));
        assert_eq!(keys(&archive, "tag:front-page likes>5 replies>5"), ["a"]);
        assert_eq!(archive.counts(), Ok(Counts { unmatched: 1, mention: 1, ..Counts::default() }));
    }
    // What its site deleted keeps its counts and gets no tag back.
    archive.apply(Position(4), &[Event::Deleted { posts: ids(&["a"]), at: NOW }]).unwrap();
    archive.apply(Position(5), &said(vec![anew("a", Engagement { likes: Some(90), ..ranked }, "outage")])).unwrap();
    archive.flush(PATIENCE).unwrap();
    let found = archive.get(PostId::of("a")).unwrap().unwrap();
    assert_eq!((found.post.engagement.likes, found.post.tags.len()), (Some(90), 0));
}

#[test]
fn a_record_of_the_time_before_ranks_is_read() {
    #[derive(serde::Serialize)]
    struct Before(Option<u64>, Option<u64>, Option<u64>);
    let bytes = rmp_serde::to_vec(&Before(Some(3), None, Some(5))).unwrap();
    let read: Engagement = rmp_serde::from_slice(&bytes).unwrap();
    assert_eq!(read, Engagement { likes: Some(3), replies: None, shares: Some(5), rank: None });
    for engagement in [read, Engagement { rank: Some(2), ..read }] {
        let bytes = rmp_serde::to_vec(&engagement).unwrap();
        assert_eq!(rmp_serde::from_slice::<Engagement>(&bytes).unwrap(), engagement);
    }
}

#[test]
fn forgotten_posts_are_in_no_file() {
    let (_dir, archive) = archive_of(vec![decided(post("a", "secret", "")), decided(post("b", "", ""))]);
    archive.forget(ids(&["a"]), PATIENCE).unwrap();
    assert_eq!(archive.get(PostId::of("a")), Ok(None));
    let searcher = archive.reader.searcher();
    let held: u32 = searcher.segment_readers().iter().map(|segment| segment.max_doc()).sum();
    assert_eq!(held, 1);
    assert_eq!(archive.position(), Position(1));
}

#[test]
fn members_of_an_absorbed_story_move_along() {
    // (frames, members of the story `a` at the end)
    let cases = [
        (
            "later",
            vec![
                vec![joining("a", "a", &[]), joining("b", "b", &[]), joining("b2", "b", &[])],
                vec![joining("c", "a", &["b"])],
            ],
        ),
        (
            "in the same frame",
            vec![vec![
                joining("a", "a", &[]),
                joining("b", "b", &[]),
                joining("b2", "b", &[]),
                joining("c", "a", &["b"]),
            ]],
        ),
        (
            "one after the other",
            vec![
                vec![joining("a", "a", &[]), joining("b", "b", &[]), joining("b2", "b2", &[])],
                vec![joining("x", "b", &["b2"]), joining("c", "a", &["b"])],
            ],
        ),
        (
            "one after the other in two frames",
            vec![
                vec![joining("a", "a", &[]), joining("b", "b", &[]), joining("b2", "b2", &[])],
                vec![joining("x", "b", &["b2"])],
                vec![joining("c", "a", &["b"])],
            ],
        ),
    ];
    for (name, frames) in cases {
        let dir = TempDir::new().unwrap();
        let (archive, _) = open(&dir);
        for (position, frame) in (1..).map(Position).zip(frames) {
            archive.apply(position, &page(frame)).unwrap();
        }
        archive.flush(PATIENCE).unwrap();
        let mut expected = vec!["a", "b", "b2", "c"];
        expected.extend(name.starts_with("one after").then_some("x"));
        assert_eq!(members(&archive, "a"), expected, "{name}");
        assert_eq!(members(&archive, "b"), [""; 0], "{name}");
    }
}

#[test]
fn a_post_edited_in_the_frame_that_moves_its_story_keeps_its_new_words() {
    let (_dir, archive) = archive_of(vec![joining("a", "a", &[]), joining("b", "b", &[])]);
    let mut edited = joining("b", "b", &[]);
    edited.post.title = "new words".to_owned();
    archive.apply(Position(2), &page(vec![edited, joining("c", "a", &["b"])])).unwrap();
    archive.flush(PATIENCE).unwrap();
    assert_eq!(members(&archive, "a"), ["a", "b", "c"]);
    assert_eq!(keys(&archive, "\"new words\""), ["b"]);
}

/// The frame of what somebody said of a post.
fn corrected(key: &str, corrections: Vec<Correction>) -> Vec<Event> {
    let feedback = Feedback {
        post: PostId::of(key),
        at: NOW,
        by: "ann".to_owned(),
        note: None,
        corrections,
        title: "Acme is up".to_owned(),
        text: String::new(),
        lang: None,
    };
    vec![Event::Feedback(Box::new(feedback))]
}

#[test]
fn a_mention_is_found_by_what_people_say_it_is_until_they_take_it_back() {
    let (_dir, archive) = archive_of(vec![mention(post("a", "Acme is up", ""), "brand", "it", 60)]);
    let found = |query: &str| {
        archive.flush(PATIENCE).unwrap();
        keys(&archive, query).len()
    };
    assert_eq!(found("label:problem"), 0);
    let bug = Correction::Label { label: Label::Bug, applies: Some(true) };
    let bad = Correction::Sentiment { class: Some(SentimentClass::Negative) };
    archive.apply(Position(2), &corrected("a", vec![bug, bad])).unwrap();
    assert_eq!((found("label:problem"), found("sentiment<0")), (1, 1));
    // An edit brings along what people said before.
    let said = archive.get(PostId::of("a")).unwrap().and_then(|record| record.corrected);
    let edited = mention(post("a", "Acme is up again", ""), "brand", "it", 60);
    let edited = Decided { outcome: Outcome::Edited, corrected: said, ..edited };
    let read = PageRead { posts: vec![edited], ..PageRead::default() };
    archive.apply(Position(3), &[Event::Page(Box::new(read))]).unwrap();
    assert_eq!((found("again label:bug"), found("sentiment<0")), (1, 1));
    archive.apply(Position(4), &corrected("a", vec![Correction::Everything])).unwrap();
    assert_eq!((found("label:problem"), found("sentiment<0")), (0, 0));
}
