//! What is left of journal and store when their files are cut, zeroed or flipped?

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage fails")]

use std::fs;
use std::path::{Path, PathBuf};

use overheard::journal::Journal;
use overheard::model::{Event, Position, Timestamp};

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
