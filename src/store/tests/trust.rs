//! When does the store trust what it finds, and what does it do when it does not?

use std::fs;
use std::path::Path;

use super::scene::*;
use crate::model::{Event, Memory, Outbox, Position, PostId, Timestamp, View};
use crate::store::snapshot::{Reader, Unusable};
use crate::store::{DeliveryFilter, Opened, Restored, Snapshot, Store, failed, restore};

/// Frames that leave something in every table.
fn frames() -> Vec<Vec<Event>> {
    let capped = on_day(alerting(opens(7, 30), "team"), 2, &["acme"]);
    vec![
        read(last_page("blog", 10, "c1", vec![alerting(opens(1, 10), "it-ops"), opens(2, 10), opens(3, 10)])),
        delivered(1, "it-ops", 20, Some("m1")),
        read(page(
            "blog",
            30,
            vec![absorbing(joins(4, 1, 30), &[2]), capped, held_back(opens(8, 30), "acme", "team", 2, 50)],
        )),
        read(last_page("planet", 40, "c2", vec![alerting(opens(5, 40), "it-ops"), alerting(opens(6, 40), "team")])),
        dead(6, "team", 50),
        gone("planet", 60),
    ]
}

fn fill(store: &Store, frames: &[Vec<Event>]) {
    for events in frames {
        store.apply(Position(store.position().0 + 1), events).unwrap();
    }
}

/// What a store answers about everything in [`frames`].
fn answers(store: &Store) -> String {
    let posts: Vec<_> = (1..=6).map(|number| store.seen(id(number)).unwrap()).collect();
    let stories: Vec<_> = (1..=6).map(|number| store.story(story(number)).unwrap()).collect();
    let keys: Vec<_> = (1..=6).map(key).collect();
    let candidates = store.candidates(&keys).unwrap();
    let deliveries = store.deliveries(&DeliveryFilter::default()).unwrap();
    let rest = (store.sources().unwrap(), store.counts(Timestamp(0)).unwrap(), store.next_due("it-ops").unwrap());
    let caps = (store.spent("acme", january(2), story(7)).unwrap(), store.held("acme", january(2)).unwrap());
    format!("{caps:?} {:?} {posts:?} {stories:?} {candidates:?} {deliveries:?} {rest:?}", store.position())
}

fn expected() -> String {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    fill(&store, &frames());
    answers(&store)
}

/// Restores from a journal of these frames.
fn restored(store: &Store, snapshots: &Path, frames: &[Vec<Event>]) -> Restored {
    let replay = |after: Position| {
        let numbered = frames.iter().enumerate().skip(after.0 as usize);
        numbered.map(|(index, events)| Ok::<_, String>((Position(index as u64 + 1), events.clone())))
    };
    restore(store, snapshots, Position(frames.len() as u64), replay).unwrap()
}

#[test]
fn a_clean_stop_is_trusted_and_answers_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("store");
    let (store, opened) = Store::open(&place).unwrap();
    assert_eq!(opened, Opened::Fresh);
    fill(&store, &frames());
    store.mark_clean().unwrap();
    let (store, opened) = Store::open(&place).unwrap();
    assert_eq!(opened, Opened::Clean { position: Position(6) });
    assert_eq!(answers(&store), expected());
    store.mark_clean().unwrap();
    let (store, opened) = Store::open(&place).unwrap();
    assert_eq!(opened, Opened::Clean { position: Position(6) });
    assert_eq!(answers(&store), expected());
}

#[test]
fn a_stopped_store_answers_with_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    store.mark_clean().unwrap();
    store.mark_clean().unwrap();
    assert_eq!(store.seen(id(1)), Err(failed("it is stopped")));
    assert_eq!(store.apply(Position(1), &[]), Err(failed("it is stopped")));
}

#[test]
fn a_store_that_was_not_stopped_is_set_aside_and_only_the_newest_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("store");
    for round in 1..=3 {
        let (store, opened) = Store::open(&place).unwrap();
        if round > 1 {
            let to = dir.path().join(format!("store.set-aside-{}", round - 1));
            assert_eq!(opened, Opened::SetAside { why: "it was not stopped cleanly".into(), to });
        }
        assert_eq!(store.position(), Position(0));
        fill(&store, &frames());
    }
    let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["store", "store.set-aside-2"]);
}

#[test]
fn a_newer_store_is_refused_with_what_to_do_and_an_older_one_is_made_anew() {
    for (schema, refused) in [(2u16, true), (0, false)] {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("store");
        let (store, _) = Store::open(&place).unwrap();
        store.mark_clean().unwrap();
        let mark = place.join("clean");
        let mut bytes = fs::read(&mark).unwrap();
        bytes.truncate(bytes.len() - 8);
        bytes[..2].copy_from_slice(&schema.to_be_bytes());
        bytes.extend(xxhash_rust::xxh3::xxh3_64(&bytes).to_be_bytes());
        fs::write(&mark, bytes).unwrap();
        match Store::open(&place) {
            Err(error) => {
                assert!(refused);
                let error = error.to_string();
                assert!(error.ends_with("upgrade overheard or restore a backup"), "{error}");
                assert!(mark.exists(), "nothing was touched");
            }
            Ok((_, opened)) => assert!(!refused && matches!(opened, Opened::SetAside { .. }), "{opened:?}"),
        }
    }
}

#[test]
fn a_restart_loads_the_newest_snapshot_and_replays_only_what_came_after() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&dir.path().join("first")).unwrap();
    fill(&store, &frames()[..4]);
    let Snapshot { position, records, bytes, .. } = store.snapshot(dir.path()).unwrap();
    assert_eq!((position, records > 20, bytes > 100), (Position(4), true, true));
    fill(&store, &frames()[4..]);
    let (store, _) = Store::open(&dir.path().join("second")).unwrap();
    let done = restored(&store, dir.path(), &frames());
    let all = Restored { snapshot: Some(Position(4)), frames: 2, position: Position(6), ..Restored::default() };
    assert_eq!(done, all);
    assert_eq!(answers(&store), expected());
}

#[test]
fn a_snapshot_holds_what_is_in_sled_and_what_is_not_yet() {
    let dir = tempfile::tempdir().unwrap();
    let first = without_room(&dir.path().join("first"));
    fill(&first, &frames());
    first.snapshot(dir.path()).unwrap();
    let second = without_room(&dir.path().join("second"));
    assert_eq!(restored(&second, dir.path(), &frames()).snapshot, Some(Position(6)));
    assert_eq!(answers(&second), expected());
}

#[test]
fn the_newest_two_snapshots_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&dir.path().join("store")).unwrap();
    let snapshots = dir.path().join("snapshots");
    for events in frames() {
        fill(&store, &[events]);
        store.snapshot(&snapshots).unwrap();
    }
    let mut names: Vec<_> = fs::read_dir(&snapshots).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["00000000000000000005.ohs", "00000000000000000006.ohs"]);
}

#[test]
fn a_snapshot_damaged_anywhere_gives_way_to_the_older_one_and_both_to_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&dir.path().join("first")).unwrap();
    fill(&store, &frames()[..2]);
    let older = store.snapshot(dir.path()).unwrap();
    fill(&store, &frames()[2..]);
    let newer = store.snapshot(dir.path()).unwrap();
    let whole = fs::read(&newer.path).unwrap();
    let (restored_store, _) = Store::open(&dir.path().join("second")).unwrap();
    let restore_now = || {
        restored_store.write(crate::store::layers::Layers::clear).unwrap();
        let done = restored(&restored_store, dir.path(), &frames());
        assert_eq!(answers(&restored_store), expected());
        done
    };
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        fs::write(&newer.path, bytes).unwrap();
        let whole = Reader::open(&newer.path).and_then(Reader::verify);
        assert!(matches!(whole, Err(Unusable::Damaged(_))), "byte {at}: {whole:?}");
    }
    for length in [0, 5, 34, 60, whole.len() - 1] {
        fs::write(&newer.path, &whole[..length]).unwrap();
        let done = restore_now();
        let found = (done.snapshot, done.bad_snapshots.len(), done.frames);
        assert_eq!(found, (Some(older.position), 1, 4), "cut to {length}");
    }
    fs::write(&older.path, b"garbage").unwrap();
    let done = restore_now();
    assert_eq!((done.snapshot, done.bad_snapshots.len(), done.frames), (None, 2, 6));
}

#[test]
fn what_is_ahead_of_the_journal_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&dir.path().join("store")).unwrap();
    fill(&store, &frames());
    store.snapshot(dir.path()).unwrap();
    // The journal has only the first two frames, and another third one.
    let mut journal = frames()[..2].to_vec();
    journal.push(read(page("blog", 70, vec![opens(9, 70)])));
    let done = restored(&store, dir.path(), &journal);
    assert!(done.was_ahead && done.snapshot.is_none(), "{done:?}");
    assert_eq!((done.frames, store.position()), (3, Position(3)));
    assert_eq!(store.seen(id(4)), Ok(None));
    assert!(store.seen(id(9)).unwrap().is_some());
}

#[test]
fn damage_of_the_journal_is_reported_and_the_rest_applied() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&dir.path().join("store")).unwrap();
    let replay = |_| {
        let first = (Position(1), frames().remove(0));
        let third = (Position(3), read(page("blog", 30, vec![opens(7, 30)])));
        [Ok(first), Err("one frame is damaged"), Ok(third)].into_iter()
    };
    let done = restore(&store, dir.path(), Position(4), replay).unwrap();
    assert_eq!((done.frames, done.damage), (2, vec!["one frame is damaged".to_owned()]));
    assert_eq!(store.position(), Position(4), "the fourth will not come either");
    assert!(store.seen(id(7)).unwrap().is_some());
}

#[test]
fn a_snapshot_is_of_one_moment_though_others_write_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = dir.path().join("snapshots");
    let store = without_room(&dir.path().join("store"));
    let numbered = |number: u32| {
        let mut decided = opens(0, 10);
        decided.post.id = PostId::of(&number.to_string());
        decided.story.story.0 = decided.post.id;
        read(page("blog", 10, vec![decided]))
    };
    let last = std::thread::scope(|scope| {
        let writing = scope.spawn(|| (0..3_000).for_each(|number| fill(&store, &[numbered(number)])));
        loop {
            let over = writing.is_finished();
            let taken = store.snapshot(&snapshots).unwrap();
            if over || taken.position > Position(2_000) {
                return taken.position;
            }
        }
    });
    let (copy, _) = Store::open(&dir.path().join("copy")).unwrap();
    assert_eq!(
        restore(&copy, &snapshots, last, |_| std::iter::empty::<Result<_, String>>()).unwrap().snapshot,
        Some(last)
    );
    for number in 0..3_000u32 {
        let seen = copy.seen(PostId::of(&number.to_string())).unwrap();
        assert_eq!(seen.is_some(), u64::from(number) < last.0, "{number} of {last:?}");
    }
}

#[test]
fn a_change_that_fails_half_way_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    fill(&store, &frames());
    let before = answers(&store);
    let half = store.write(|layers| {
        layers.whole(|layers| {
            layers.merge(story(1), story(3), Timestamp(80))?;
            layers.meta.position = Position(99);
            Err::<(), _>(failed("the disk is gone"))
        })
    });
    assert_eq!(half, Err(failed("the disk is gone")));
    assert_eq!(answers(&store), before);
}

#[test]
fn a_store_that_breaks_at_work_is_made_anew_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let store = without_room(&dir.path().join("store"));
    fill(&store, &frames()[..4]);
    store.snapshot(dir.path()).unwrap();
    fill(&store, &frames()[4..]);
    let broken = store.write(|layers| layers.break_disk("page 7 is torn"));
    assert_eq!(broken, Err(failed("sled panicked: page 7 is torn")));
    assert!(store.apply(Position(7), &gone("blog", 70)).is_err() && store.seen(id(1)).is_err());
    let journal = frames();
    let replay = |after: Position| {
        let numbered = journal.iter().enumerate().skip(after.0 as usize);
        numbered.map(|(index, events)| Ok::<_, String>((Position(index as u64 + 1), events.clone())))
    };
    let done = store.make_anew(dir.path(), Position(6), replay).unwrap();
    assert_eq!((done.snapshot, done.frames), (Some(Position(4)), 2));
    assert_eq!(answers(&store), expected());
    assert!(dir.path().join("store.set-aside-1").exists());
}

#[test]
fn a_panic_of_sled_is_an_error_and_nothing_more_is_asked_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let disk = crate::store::disk::Disk::open(dir.path()).unwrap();
    disk.put(b"a", b"b").unwrap();
    let panicked: Result<(), _> = disk.ask(|| panic!("page 7 is torn"));
    assert_eq!(panicked, Err(failed("sled panicked: page 7 is torn")));
    assert_eq!(disk.at_or_before(b"a"), Err(failed("sled panicked: page 7 is torn")));
}
