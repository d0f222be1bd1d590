//! Does the journal keep what it said was durable, and only that?

use std::fs;
use std::io;
use std::path::Path;

use super::writer::AppendFile;
use super::*;
use crate::model::event::{Decided, DeliveryAttempt, DeliveryResult, PageRead};
use crate::model::{
    Alert, ClauseHit, Event, Field, Handle, JoinedBy, Match, Outcome, Post, PostId, Priority, Progress, Reason, Role,
    Score, ScorePart, Span, StoryDecision, StoryId, SuppressedAlert, Timestamp,
};

/// A frame of one small event.
fn frame(text: &str) -> Vec<Event> {
    vec![Event::SourceGone { source: "acme-blog".into(), at: Timestamp(1), why: text.into() }]
}

fn journal_with(dir: &Path, texts: &[&str]) -> Journal {
    let (mut journal, _) = Journal::open(dir).unwrap();
    let frames: Vec<_> = texts.iter().map(|text| frame(text)).collect();
    journal.append(&frames).unwrap();
    journal
}

/// The texts of all frames after `after`, with their positions.
fn replayed(history: &History, after: u64) -> Vec<(u64, String)> {
    let frames = history.replay(Position(after)).map(|frame| frame.unwrap());
    let text = |(position, events): (Position, Vec<Event>)| match events.as_slice() {
        [Event::SourceGone { why, .. }] => (position.0, why.clone()),
        other => panic!("not from here: {other:?}"),
    };
    frames.map(text).collect()
}

fn numbered(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected.iter().map(|(position, text)| (*position, (*text).to_owned())).collect()
}

fn decided() -> Decided {
    let id = PostId::of("hn:1");
    let post = Post {
        id,
        key: "hn:1".into(),
        source: "hn".into(),
        kind: "hacker_news".into(),
        site: "forum.example".into(),
        url: "https://forum.example/1".into(),
        canonical_url: "https://forum.example/1".into(),
        target: None,
        thread: Some(PostId::of("hn:0")),
        post_type: Default::default(),
        title: "Acme is down".into(),
        text: "again".into(),
        author: None,
        published: Some(Timestamp(-5)),
        updated: None,
        received: Timestamp(1_700_000_000_000),
        lang: Some("en".into()),
        tags: vec!["outage".into()],
        links: vec![],
        engagement: Default::default(),
    };
    let matches = vec![Match {
        watch: "acme".into(),
        version: "0011".into(),
        role: Role::Brand,
        owner: None,
        priority: Priority::High,
        clauses: vec![ClauseHit { clause: "acme".into(), spans: vec![Span { field: Field::Title, start: 0, end: 4 }] }],
    }];
    let score =
        Score { total: 60, parts: vec![ScorePart { signal: "freshness".into(), points: 0.1, why: "new".into() }] };
    let alert = Alert {
        id: "alert_1".into(),
        receiver: "it-ops".into(),
        story: StoryId(id),
        post: post.clone(),
        matches: matches.clone(),
        score: score.clone(),
        reason: Reason { route: vec!["(default)".into()] },
        decided_at: Timestamp(3),
        sample: false,
        digest: None,
        issue: None,
        sense: None,
    };
    let story = StoryDecision {
        story: StoryId(id),
        joined_by: Some(JoinedBy::SameText),
        absorbs: vec![StoryId(PostId::of("hn:2"))],
        keys: vec![[7; 16], [255; 16]],
        bands: crate::model::Bands(vec![1, u64::MAX]),
    };
    let held_back = vec![
        SuppressedAlert::StoryAlerted { receiver: "community".into(), story: StoryId(id) },
        SuppressedAlert::FirstPoll { published: Some(Timestamp(4)) },
        SuppressedAlert::NoRoute,
    ];
    Decided {
        post,
        outcome: Outcome::Mention,
        content_hash: u64::MAX,
        matches,
        story,
        score,
        alerts: vec![alert],
        held_back,
        day: None,
        follow: false,
        answers: Vec::new(),
        standing: Default::default(),
        sense: None,
        corrected: None,
    }
}

fn delivery(result: DeliveryResult) -> Event {
    let receiver = "it-ops".to_owned();
    Event::Delivery(DeliveryAttempt { alert: "alert_1".into(), receiver, at: Timestamp(5), took_ms: 12, result })
}

#[test]
fn every_event_comes_back_as_it_was_written() {
    let progress =
        Progress { cursor: Some("c".into()), notes: [("id".into(), "4".into())].into(), ..Progress::default() };
    let page = PageRead {
        source: "hn".into(),
        progress: Some(progress),
        validators: Some(Default::default()),
        posts: vec![decided()],
        ..PageRead::default()
    };
    let events = vec![
        Event::Page(Box::new(page)),
        Event::SourceGone { source: "hn".into(), at: Timestamp(2), why: "HTTP 410".into() },
        delivery(DeliveryResult::Delivered { handle: Some(Handle("ts.1".into())) }),
        delivery(DeliveryResult::Retry { why: "HTTP 503".into(), next: Timestamp(9) }),
        delivery(DeliveryResult::Dead { why: "HTTP 400".into() }),
        Event::Replayed { alert: "alert_1".into(), at: Timestamp(6), by: "ana".into() },
        Event::Expired { posts: vec![PostId::of("hn:1")], at: Timestamp(7) },
    ];
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path()).unwrap();
    journal.append(std::slice::from_ref(&events)).unwrap();
    let read: Vec<_> = journal.history().replay(Position(0)).collect();
    assert_eq!(read, [Ok((Position(1), events))]);
}

#[test]
fn positions_count_on_over_appends_segments_and_openings() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_with(dir.path(), &["a", "b"]);
    journal.roll().unwrap();
    journal.roll().unwrap();
    assert_eq!(journal.append(&[frame("c")]).unwrap(), [Position(3)]);
    drop(journal);
    let (mut journal, recovery) = Journal::open(dir.path()).unwrap();
    assert_eq!(recovery, Recovery { segments: 2, last: Position(3), ..Recovery::default() });
    assert_eq!(journal.append(&[frame("d"), frame("e")]).unwrap(), [Position(4), Position(5)]);
    assert_eq!(journal.append(&[]).unwrap(), []);
    let history = journal.history();
    assert_eq!(replayed(&history, 0), numbered(&[(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]));
    assert_eq!(replayed(&history, 2), numbered(&[(3, "c"), (4, "d"), (5, "e")]));
    assert_eq!(replayed(&history, 5), []);
    assert_eq!(replayed(&history, 99), []);
}

#[test]
fn a_full_segment_gives_way_to_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path()).unwrap();
    journal.roll_at = 200;
    for _ in 0..10 {
        journal.append(&[frame("one of many")]).unwrap();
    }
    assert!(segments_in(dir.path()).unwrap().len() > 2);
    assert_eq!(replayed(&journal.history(), 0).len(), 10);
}

#[test]
fn a_replay_sees_what_was_durable_when_it_began() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_with(dir.path(), &["a", "b"]);
    let mut replay = journal.history().replay(Position(0));
    replay.next();
    journal.roll().unwrap();
    journal.append(&[frame("c")]).unwrap();
    assert_eq!(replay.next(), Some(Ok((Position(2), frame("b")))));
    assert_eq!(replay.next(), None);
}

/// A file that goes wrong where it is told to.
#[derive(Debug)]
struct Failing {
    file: fs::File,
    /// Bytes of the next append that still reach the file.
    room: usize,
    sync: bool,
    cut: bool,
}

impl AppendFile for Failing {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = self.room.min(bytes.len());
        self.file.append(&bytes[..room])?;
        if room < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.sync { self.file.sync() } else { Err(io::Error::other("the disk is gone")) }
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        // From here on it works again, as a disk does once somebody made room.
        self.room = usize::MAX;
        let failed = !std::mem::replace(&mut self.sync, true);
        if failed && !self.cut { Err(io::Error::other("read-only by now")) } else { self.file.cut(length) }
    }
}

fn failing(journal: &mut Journal, room: usize, sync: bool, cut: bool) {
    let path = journal.shared.dir.join(file_name(Position(1)));
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.cut(journal.open.length).unwrap();
    journal.open.file = Box::new(Failing { file, room, sync, cut });
}

#[test]
fn a_full_disk_loses_nothing_and_the_next_append_starts_clean() {
    for room in [0, 1, 27, 28, 60, 130] {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = journal_with(dir.path(), &["kept"]);
        failing(&mut journal, room, true, true);
        let error = journal.append(&[frame("not this"), frame("nor this, which is longer than the room")]).unwrap_err();
        assert!(error.is_full(), "{error}");
        assert_eq!(replayed(&journal.history(), 0), numbered(&[(1, "kept")]), "room for {room} bytes");
        assert_eq!(journal.append(&[frame("when there is room")]).unwrap(), [Position(2)]);
        drop(journal);
        let (journal, recovery) = Journal::open(dir.path()).unwrap();
        assert_eq!((recovery.cut_bytes, recovery.damage), (0, vec![]), "room for {room} bytes");
        assert_eq!(replayed(&journal.history(), 0), numbered(&[(1, "kept"), (2, "when there is room")]));
    }
}

#[test]
fn frames_whose_sync_failed_do_not_count_even_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_with(dir.path(), &["kept"]);
    failing(&mut journal, usize::MAX, false, true);
    journal.append(&[frame("written but not synced")]).unwrap_err();
    drop(journal);
    let (journal, recovery) = Journal::open(dir.path()).unwrap();
    assert_eq!((recovery.last, recovery.cut_bytes), (Position(1), 0));
    assert_eq!(replayed(&journal.history(), 0), numbered(&[(1, "kept")]));
}

#[test]
fn a_write_that_cannot_be_taken_back_closes_the_journal_until_it_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_with(dir.path(), &["kept"]);
    failing(&mut journal, usize::MAX, false, false);
    journal.append(&[frame("neither in nor out")]).unwrap_err();
    let refused = journal.append(&[frame("refused")]).unwrap_err();
    assert!(matches!(refused, JournalError::Broken { .. }), "{refused}");
    assert_eq!(replayed(&journal.history(), 0), numbered(&[(1, "kept")]));
    drop(journal);
    let (mut journal, _) = Journal::open(dir.path()).unwrap();
    let last = journal.last().0;
    assert_eq!(journal.append(&[frame("again")]).unwrap(), [Position(last + 1)]);
}

#[test]
fn a_segment_that_cannot_be_made_fails_the_append_and_leaves_the_old_one_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_with(dir.path(), &["kept"]);
    let works = std::mem::replace(&mut journal.create, |_| Err(io::ErrorKind::StorageFull.into()));
    journal.roll_at = 1;
    assert!(journal.append(&[frame("no room for a segment")]).unwrap_err().is_full());
    journal.create = works;
    assert_eq!(journal.append(&[frame("room again")]).unwrap(), [Position(2)]);
    assert_eq!(replayed(&journal.history(), 0), numbered(&[(1, "kept"), (2, "room again")]));
}

#[test]
fn a_frame_that_can_never_be_written_is_named_and_takes_no_other_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_with(dir.path(), &[]);
    let huge = "x".repeat(format::MAX_RAW);
    let error = journal.append(&[frame("small"), frame(&huge)]).unwrap_err();
    assert!(matches!(error, JournalError::Unwritable { frame: 1, .. }), "{error}");
    assert_eq!(journal.append(&[frame("small")]).unwrap(), [Position(1)]);
    assert_eq!(replayed(&journal.history(), 0), numbered(&[(1, "small")]));
}

#[test]
fn data_of_a_newer_binary_is_refused_untouched_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    drop(journal_with(dir.path(), &["a"]));
    let path = dir.path().join(file_name(Position(1)));
    let mut bytes = fs::read(&path).unwrap();
    bytes[8..10].copy_from_slice(&(format::VERSION + 1).to_be_bytes());
    let sum = xxhash_rust::xxh3::xxh3_64(&bytes[..32]).to_be_bytes();
    bytes[32..40].copy_from_slice(&sum);
    fs::write(&path, &bytes).unwrap();
    let error = Journal::open(dir.path()).unwrap_err().to_string();
    assert!(error.ends_with("(version 2; this one reads up to 1): upgrade overheard or restore a backup"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn bytes_of_another_journals_frame_inside_a_text_never_pass_for_a_frame() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    drop(journal_with(other.path(), &["forged"]));
    let forged = fs::read(other.path().join(file_name(Position(1)))).unwrap().split_off(format::HEADER as usize);
    drop(journal_with(dir.path(), &["a", &"a frame that is longer than the forged one ".repeat(9), "c"]));
    let path = dir.path().join(file_name(Position(1)));
    let mut bytes = fs::read(&path).unwrap();
    let inside = bytes.len() - 2 * forged.len();
    bytes[inside..inside + forged.len()].copy_from_slice(&forged);
    fs::write(&path, bytes).unwrap();
    let (journal, _) = Journal::open(dir.path()).unwrap();
    let frames: Vec<_> = journal.history().replay(Position(0)).filter_map(Result::ok).collect();
    assert_eq!(frames, [(Position(1), frame("a")), (Position(3), frame("c"))]);
}

/// Drops every event whose text is among `texts`.
fn dropping(texts: &'static [&'static str]) -> impl FnMut(Position, &Event) -> Keep {
    move |_, event| match event {
        Event::SourceGone { why, .. } if texts.contains(&why.as_str()) => Keep::Drop,
        _ => Keep::Whole,
    }
}

#[test]
fn compaction_drops_what_it_is_told_and_keeps_positions() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_with(dir.path(), &["a", "b", "c"]);
    journal.roll().unwrap();
    journal.append(&[frame("d")]).unwrap();
    let history = journal.history();
    let before = history.bytes();
    let done = history.compact(&mut dropping(&["b", "d"])).unwrap();
    assert_eq!(done.segments, 1, "the open segment is left alone");
    assert_eq!(before - history.bytes(), done.freed);
    assert_eq!(replayed(&history, 0), numbered(&[(1, "a"), (3, "c"), (4, "d")]));
    assert_eq!(history.compact(&mut dropping(&["b", "d"])).unwrap(), Compacted::default());
    drop(journal);
    let (mut journal, recovery) = Journal::open(dir.path()).unwrap();
    assert_eq!((recovery.cut_bytes, recovery.last), (0, Position(4)));
    assert_eq!(journal.append(&[frame("e")]).unwrap(), [Position(5)]);
}

#[test]
fn compaction_puts_another_event_in_the_place_of_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_with(dir.path(), &["keep", "a name", "keep too"]);
    journal.roll().unwrap();
    let blank = |_, event: &Event| match event {
        Event::SourceGone { why, .. } if why == "a name" => Keep::Instead(Box::new(frame("(forgotten)").remove(0))),
        _ => Keep::Whole,
    };
    journal.history().compact(&mut { blank }).unwrap();
    assert_eq!(replayed(&journal.history(), 0), numbered(&[(1, "keep"), (2, "(forgotten)"), (3, "keep too")]));
    let bytes = fs::read(dir.path().join(file_name(Position(1)))).unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"a name"));
}

#[test]
fn a_segment_without_frames_vanishes_even_under_a_reader() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_with(dir.path(), &["a"]);
    for text in ["b", "c"] {
        journal.roll().unwrap();
        journal.append(&[frame(text)]).unwrap();
    }
    let history = journal.history();
    let mut replay = history.replay(Position(0));
    assert_eq!(replay.next(), Some(Ok((Position(1), frame("a")))));
    let done = history.compact(&mut dropping(&["a", "b"])).unwrap();
    assert_eq!(done.segments, 2);
    assert_eq!(segments_in(dir.path()).unwrap(), [Position(3)]);
    assert_eq!(replay.next(), Some(Ok((Position(3), frame("c")))));
    assert_eq!(replay.next(), None);
}

#[test]
fn what_a_crash_left_half_compacted_is_swept_away() {
    let dir = tempfile::tempdir().unwrap();
    let journal = journal_with(dir.path(), &["a"]);
    let unfinished = dir.path().join(file_name(Position(1))).with_extension(UNFINISHED);
    fs::write(&unfinished, b"half").unwrap();
    drop(journal);
    let (journal, _) = Journal::open(dir.path()).unwrap();
    assert!(!unfinished.exists());
    assert_eq!(replayed(&journal.history(), 0), numbered(&[(1, "a")]));
}

#[test]
fn a_copy_holds_what_was_durable_and_is_touched_by_nothing_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal_with(dir.path(), &["a", "b"]);
    journal.roll().unwrap();
    journal.append(&[frame("c")]).unwrap();
    let copy = dir.path().join("backup");
    assert_eq!(journal.history().copy_to(&copy).unwrap(), Position(3));
    journal.append(&[frame("d")]).unwrap();
    journal.history().compact(&mut dropping(&["a", "b"])).unwrap();
    let (mut copied, recovery) = Journal::open(&copy).unwrap();
    assert_eq!((recovery.last, recovery.cut_bytes, recovery.segments), (Position(3), 0, 2));
    copied.append(&[frame("another d")]).unwrap();
    let expected = [(1, "a"), (2, "b"), (3, "c"), (4, "another d")];
    assert_eq!(replayed(&copied.history(), 0), numbered(&expected));
    assert_eq!(replayed(&journal.history(), 0), numbered(&[(3, "c"), (4, "d")]));
    journal.history().copy_to(&copy).unwrap_err();
}
