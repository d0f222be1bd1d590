//! What is left of journal and store when their files are cut, zeroed or flipped?

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage fails")]

use std::fs;
use std::path::{Path, PathBuf};

use overheard::journal::{History, Journal};
use overheard::model::event::{Decided, PageRead};
use overheard::model::{
    Event, Memory, Outcome, Position, Post, PostId, Progress, Score, StoryDecision, StoryId, Timestamp, View,
};
use overheard::store::{Opened, Restored, Store, restore};

/// Bytes of a segment's header, and of a frame's.
const HEADER: usize = 40;
const FRAME_HEADER: usize = 28;

/// Frames of different lengths, the longest of several pages.
fn frames() -> Vec<Vec<Event>> {
    let mut dice = fastrand::Rng::with_seed(7);
    let text = |length: usize, dice: &mut fastrand::Rng| (0..length).map(|_| dice.alphanumeric()).collect::<String>();
    [5, 40, 300, 1, 80]
        .into_iter()
        .map(|length| {
            let why = text(length, &mut dice);
            vec![Event::SourceGone { source: "acme-blog".into(), at: Timestamp(1), why }]
        })
        .collect()
}

struct Written {
    _dir: tempfile::TempDir,
    dir: PathBuf,
    segment: PathBuf,
    bytes: Vec<u8>,
    /// Where each frame begins, and where the last ends.
    bounds: Vec<usize>,
}

/// A journal of one segment with [`frames`].
fn written() -> Written {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("journal");
    let (mut journal, _) = Journal::open(&dir).unwrap();
    let segment = dir.join("00000000000000000001.ohj");
    let mut bounds = vec![HEADER];
    for frame in frames() {
        journal.append(&[frame]).unwrap();
        bounds.push(fs::metadata(&segment).unwrap().len() as usize);
    }
    drop(journal);
    let bytes = fs::read(&segment).unwrap();
    Written { _dir: temp, dir, segment, bytes, bounds }
}

/// Positions that can be read, and how many damaged places were reported.
fn read(dir: &Path) -> (Vec<u64>, usize) {
    let (journal, _) = Journal::open(dir).unwrap();
    let expected = frames();
    let (mut positions, mut damaged) = (Vec::new(), 0);
    for frame in journal.history().replay(Position(0)) {
        match frame {
            Ok((position, events)) => {
                assert_eq!(Some(&events), expected.get(position.0 as usize - 1), "at {position:?}");
                positions.push(position.0);
            }
            Err(_) => damaged += 1,
        }
    }
    (positions, damaged)
}

#[test]
fn a_journal_cut_at_any_byte_of_its_last_frame_keeps_the_others_and_goes_on() {
    let written = written();
    let last = written.bounds[4];
    for length in last..written.bytes.len() {
        fs::write(&written.segment, &written.bytes[..length]).unwrap();
        let (mut journal, recovery) = Journal::open(&written.dir).unwrap();
        assert_eq!((recovery.last, recovery.cut_bytes), (Position(4), (length - last) as u64), "cut to {length}");
        assert_eq!(recovery.damage, [], "cut to {length}");
        assert_eq!(journal.append(&[frames().remove(4)]).unwrap(), [Position(5)]);
        drop(journal);
        assert_eq!(read(&written.dir), (vec![1, 2, 3, 4, 5], 0), "cut to {length}");
    }
}

#[test]
fn a_journal_zeroed_from_any_byte_of_its_last_frame_keeps_the_others_and_goes_on() {
    let written = written();
    let last = written.bounds[4];
    for from in last..written.bytes.len() {
        let mut bytes = written.bytes.clone();
        bytes[from..].fill(0);
        bytes.extend([0; 512]);
        fs::write(&written.segment, &bytes).unwrap();
        let (mut journal, recovery) = Journal::open(&written.dir).unwrap();
        // The very last byte of the frame may have been a zero anyway.
        let whole = bytes.starts_with(&written.bytes);
        assert_eq!(recovery.last, Position(if whole { 5 } else { 4 }), "zeroed from {from}");
        assert!(recovery.cut_bytes > 0 && recovery.damage.is_empty(), "zeroed from {from}");
        if !whole {
            assert_eq!(journal.append(&[frames().remove(4)]).unwrap(), [Position(5)]);
        }
        drop(journal);
        assert_eq!(read(&written.dir), (vec![1, 2, 3, 4, 5], 0), "zeroed from {from}");
    }
}

#[test]
fn a_journal_cut_inside_its_header_begins_anew() {
    let written = written();
    for length in 0..HEADER {
        fs::write(&written.segment, &written.bytes[..length]).unwrap();
        let (mut journal, recovery) = Journal::open(&written.dir).unwrap();
        assert_eq!(recovery.last, Position(0));
        assert_eq!(journal.append(&[frames().remove(0)]).unwrap(), [Position(1)]);
        drop(journal);
        assert_eq!(read(&written.dir), (vec![1], 0), "cut to {length}");
    }
}

#[test]
fn one_flipped_byte_anywhere_costs_at_most_the_frame_that_it_is_in() {
    let written = written();
    for at in 0..written.bytes.len() {
        let mut bytes = written.bytes.clone();
        bytes[at] ^= 0x41;
        fs::write(&written.segment, &bytes).unwrap();
        let hurt = written.bounds.iter().rposition(|start| *start <= at).map_or(0, |index| index as u64 + 1);
        let expected: Vec<u64> = (1..=5).filter(|position| *position != hurt).collect();
        let reported = usize::from((1..5).contains(&hurt));
        assert_eq!(read(&written.dir), (expected, reported), "flipped byte {at}");
        // Opening again finds the same: what was cut stays cut, what was skipped is still reported.
        fs::remove_dir_all(&written.dir).unwrap();
        fs::create_dir_all(&written.dir).unwrap();
    }
}

#[test]
fn a_zeroed_page_anywhere_costs_only_the_frames_that_it_touches() {
    let temp = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(temp.path()).unwrap();
    let segment = temp.path().join("00000000000000000001.ohj");
    let mut ends = vec![HEADER];
    let mut dice = fastrand::Rng::with_seed(3);
    for _ in 0..60 {
        let why: String = (0..dice.usize(1..2_000)).map(|_| dice.alphanumeric()).collect();
        journal.append(&[vec![Event::SourceGone { source: "s".into(), at: Timestamp(0), why }]]).unwrap();
        ends.push(fs::metadata(&segment).unwrap().len() as usize);
    }
    drop(journal);
    let whole = fs::read(&segment).unwrap();
    for page in 0..whole.len() / 4096 {
        let zeroed = page * 4096..(page + 1) * 4096;
        let mut bytes = whole.clone();
        bytes[zeroed.clone()].fill(0);
        fs::write(&segment, &bytes).unwrap();
        let untouched = |index: &usize| ends[*index + 1] <= zeroed.start || ends[*index] >= zeroed.end;
        let expected: Vec<u64> = (0..60).filter(untouched).map(|index| index as u64 + 1).collect();
        let (journal, recovery) = Journal::open(temp.path()).unwrap();
        let frames = journal.history().replay(Position(0)).filter_map(Result::ok);
        assert_eq!(frames.map(|(position, _)| position.0).collect::<Vec<_>>(), expected, "page {page}");
        let reported = recovery.damage.iter().map(|damage| damage.bytes).sum::<u64>();
        assert!(reported >= 4096 - (FRAME_HEADER + HEADER) as u64, "page {page}: {recovery:?}");
        drop(journal);
        for entry in fs::read_dir(temp.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
}

/// Posts in the journal of the tests of the store.
const POSTS: u32 = 3_000;
/// Posts on a page.
const PAGE: u32 = 25;

fn decided(number: u32) -> Decided {
    let key = format!("acme:{number}");
    let id = PostId::of(&key);
    let address = format!("https://acme.example/{number}");
    let post = Post {
        id,
        key,
        source: "acme-blog".into(),
        kind: "rss".into(),
        site: "acme.example".into(),
        url: address.clone(),
        canonical_url: address,
        target: None,
        thread: None,
        post_type: Default::default(),
        title: "Acme is down".into(),
        text: "again".into(),
        author: None,
        published: None,
        updated: None,
        received: Timestamp(i64::from(number)),
        lang: None,
        tags: Vec::new(),
        links: Vec::new(),
        engagement: Default::default(),
    };
    // Every third post joins the story of the one before it.
    let joined = if number % 3 == 2 { PostId::of(&format!("acme:{}", number - 1)) } else { id };
    let story = StoryDecision {
        story: StoryId(joined),
        joined_by: None,
        absorbs: Vec::new(),
        keys: vec![key_of(number)],
        bands: Default::default(),
    };
    Decided {
        post,
        outcome: Outcome::Unmatched,
        content_hash: u64::from(number),
        matches: Vec::new(),
        story,
        score: Score::default(),
        alerts: Vec::new(),
        held_back: Vec::new(),
        day: None,
        follow: false,
        answers: Vec::new(),
        standing: Default::default(),
        sense: None,
        corrected: None,
    }
}

fn key_of(number: u32) -> [u8; 16] {
    let mut key = [7; 16];
    key[..4].copy_from_slice(&number.to_le_bytes());
    key
}

/// A journal with all posts, and a store that was stopped cleanly behind them, with a snapshot on the way.
fn stopped(dir: &Path) -> History {
    let (mut journal, _) = Journal::open(&dir.join("journal")).unwrap();
    let (store, _) = Store::open(&dir.join("store")).unwrap();
    for first in (0..POSTS).step_by(PAGE as usize) {
        let page = PageRead {
            source: "acme-blog".into(),
            at: Timestamp(i64::from(first)),
            progress: Some(Progress { cursor: Some(first.to_string()), ..Progress::default() }),
            posts: (first..first + PAGE).map(decided).collect(),
            ..PageRead::default()
        };
        let frame = vec![Event::Page(Box::new(page))];
        let position = journal.append(std::slice::from_ref(&frame)).unwrap().remove(0);
        store.apply(position, &frame).unwrap();
        if first == POSTS / 2 {
            store.snapshot(&dir.join("snapshots")).unwrap();
        }
    }
    store.mark_clean().unwrap();
    journal.history()
}

fn assert_complete(store: &Store, why: &str) {
    assert_eq!(store.position(), Position(u64::from(POSTS / PAGE)), "{why}");
    for number in 0..POSTS {
        let expected = decided(number);
        let seen = store.seen(expected.post.id).unwrap();
        let seen = seen.map(|seen| (seen.content_hash, seen.story));
        assert_eq!(seen, Some((expected.content_hash, expected.story.story)), "{why}: post {number}");
        let candidate = store.candidates(&[key_of(number)]).unwrap().remove(0);
        assert_eq!(candidate.map(|found| found.story), Some(expected.story.story), "{why}: key {number}");
    }
    let cursor = store.source("acme-blog").unwrap().progress.cursor;
    assert_eq!(cursor, Some((POSTS - PAGE).to_string()), "{why}");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_damaged_store_is_set_aside_and_made_again_with_the_same_answers() {
    let temp = tempfile::tempdir().unwrap();
    let history = stopped(temp.path());
    let (clean, place) = (temp.path().join("clean"), temp.path().join("store"));
    fs::rename(&place, &clean).unwrap();
    let database = Path::new("sled/db");
    let length = fs::metadata(clean.join(database)).unwrap().len() as usize;
    let zero_page = |page: usize| move |bytes: &mut Vec<u8>| bytes[page * 4096..(page + 1) * 4096].fill(0);
    type Damage = Box<dyn Fn(&mut Vec<u8>)>;
    let mut damages: Vec<(&str, Damage)> = vec![
        ("a flipped byte at its start", Box::new(|bytes| bytes[3] ^= 1)),
        ("a cut last byte", Box::new(|bytes| bytes.truncate(bytes.len() - 1))),
        ("cut by half", Box::new(|bytes| bytes.truncate(bytes.len() / 2))),
        ("empty", Box::new(Vec::clear)),
        ("a longer file", Box::new(|bytes| bytes.extend([0; 4096]))),
    ];
    // A page that was zero before is no damage, so the pages are those at the beginning, where data is.
    damages.extend([0, 3, 17].map(|page| ("a zeroed page", Box::new(zero_page(page)) as Damage)));
    assert!(length > 18 * 4096, "{length}");
    for (what, damage) in damages {
        copy_folder(&clean, &place);
        let mut bytes = fs::read(place.join(database)).unwrap();
        damage(&mut bytes);
        fs::write(place.join(database), bytes).unwrap();
        assert_set_aside_and_made_again(&place, &temp.path().join("snapshots"), &history, what);
    }
    for gone in ["sled/db", "sled/conf", "clean"] {
        copy_folder(&clean, &place);
        fs::remove_file(place.join(gone)).unwrap();
        // Without a snapshot this time: from the journal alone.
        assert_set_aside_and_made_again(&place, &temp.path().join("no-snapshots"), &history, gone);
    }
    copy_folder(&clean, &place);
    let (store, opened) = Store::open(&place).unwrap();
    assert_eq!(opened, Opened::Clean { position: history.last() }, "what is not damaged is trusted");
    assert_complete(&store, "clean");
}

fn assert_set_aside_and_made_again(place: &Path, snapshots: &Path, history: &History, what: &str) {
    let (store, opened) = Store::open(place).unwrap();
    assert!(matches!(opened, Opened::SetAside { .. }), "{what}: {opened:?}");
    let done = restore(&store, snapshots, history.last(), |after| history.replay(after)).unwrap();
    let from = snapshots.is_dir().then_some(Position(u64::from(POSTS / PAGE / 2 + 1)));
    let frames = u64::from(POSTS / PAGE) - from.unwrap_or_default().0;
    assert_eq!(done, Restored { snapshot: from, frames, position: history.last(), ..Restored::default() }, "{what}");
    assert_complete(&store, what);
    drop(store);
    fs::remove_dir_all(place).unwrap();
}
