//! Is everything there again after any kind of end?

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::archive::{ArchiveError, Opened, SCHEMA_VERSION};

/// Frames 1 to 3: two posts, one more, and the first one edited.
fn frames() -> Vec<(Position, Vec<Event>)> {
    let edited = Decided { outcome: Outcome::Edited, ..decided(post("a", "Acme is up again", "")) };
    let frames = [
        page(vec![decided(post("a", "Acme is down", "")), decided(post("b", "", "acme cloud"))]),
        page(vec![mention(post("c", "Refund from Acme", ""), "brand", "it-ops", 60)]),
        page(vec![edited]),
    ];
    (1..).map(Position).zip(frames).collect()
}

/// What a daemon does at its start: apply every frame that the archive does not have.
fn replay(archive: &Archive, opened: &Opened) {
    for (position, events) in frames().iter().filter(|(position, _)| *position > opened.position) {
        archive.apply(*position, events).unwrap();
    }
    archive.flush(PATIENCE).unwrap();
}

fn assert_all_there(archive: &Archive, after: &str) {
    let mut found = keys(archive, "acme");
    found.sort();
    assert_eq!(found, ["a", "b", "c"], "{after}");
    assert_eq!(keys(archive, "up"), ["a"], "{after}");
    assert_eq!(keys(archive, "down"), [""; 0], "{after}");
    assert_eq!(archive.position(), Position(3), "{after}");
}

/// The files of a directory as they are now: what a process that is killed leaves behind.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else if path.exists() {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

#[test]
fn what_was_applied_is_found_and_an_edited_post_replaces_the_old_one() {
    let dir = TempDir::new().unwrap();
    let (archive, opened) = open(&dir);
    assert_eq!(opened, Opened { position: Position(0), set_aside: None });
    replay(&archive, &opened);
    assert_all_there(&archive, "the first time");
    replay(&archive, &opened);
    assert_all_there(&archive, "applied twice");
}

#[test]
fn the_position_survives_closing_also_that_of_frames_without_posts() {
    let dir = TempDir::new().unwrap();
    let (archive, opened) = open(&dir);
    replay(&archive, &opened);
    let gone = Event::SourceGone { source: "our-forum".to_owned(), at: NOW, why: "410".to_owned() };
    archive.apply(Position(4), &[gone]).unwrap();
    drop(archive);
    let (archive, opened) = open(&dir);
    assert_eq!(opened, Opened { position: Position(4), set_aside: None });
    assert_eq!(keys(&archive, "up"), ["a"]);
}

#[test]
fn after_a_kill_the_replay_from_the_position_gives_everything() {
    let dir = TempDir::new().unwrap();
    let (archive, opened) = open(&dir);
    let frames = frames();
    archive.apply(frames[0].0, &frames[0].1).unwrap();
    archive.flush(PATIENCE).unwrap();
    let left = TempDir::new().unwrap();
    copy(dir.path(), left.path());
    replay(&archive, &opened);
    let (archive, opened) = open(&left);
    assert_eq!(opened, Opened { position: Position(1), set_aside: None });
    replay(&archive, &opened);
    assert_all_there(&archive, "the kill");
}

type Damage = (&'static str, fn(&Path));

/// Ways in which a disk loses what was written.
const DAMAGES: [Damage; 4] = [
    ("missing", |file| fs::remove_file(file).unwrap()),
    ("empty", |file| fs::write(file, "").unwrap()),
    ("cut", |file| {
        let bytes = fs::read(file).unwrap();
        fs::write(file, &bytes[..bytes.len() - bytes.len().min(7)]).unwrap();
    }),
    ("zeroed", |file| {
        let mut bytes = fs::read(file).unwrap();
        let half = bytes.len() / 2;
        bytes[half..].fill(0);
        fs::write(file, bytes).unwrap();
    }),
];

#[test]
fn whatever_file_is_damaged_everything_is_there_after_a_replay() {
    let dir = TempDir::new().unwrap();
    let (archive, opened) = open(&dir);
    replay(&archive, &opened);
    // Still open: a copy has no mark of an orderly end.
    let names = files(dir.path()).into_iter().map(|file| file.strip_prefix(dir.path()).unwrap().to_owned());
    for name in names {
        for (damage, inflict) in DAMAGES {
            let after = format!("{} {damage}", name.display());
            let left = TempDir::new().unwrap();
            copy(dir.path(), left.path());
            inflict(&left.path().join(&name));
            let (archive, opened) = open(&left);
            replay(&archive, &opened);
            assert_all_there(&archive, &after);
            drop(archive);
            assert_eq!(open(&left).1, Opened { position: Position(3), set_aside: None }, "{after}");
        }
    }
}

#[test]
fn damage_is_told_and_the_files_are_kept() {
    let dir = TempDir::new().unwrap();
    let (archive, opened) = open(&dir);
    replay(&archive, &opened);
    drop(archive);
    fs::write(dir.path().join("index/meta.json"), "{").unwrap();
    let (_archive, opened) = open(&dir);
    assert_eq!(opened.position, Position(0));
    assert!(opened.set_aside.is_some());
    assert!(dir.path().join("damaged/meta.json").exists());
}

#[test]
fn another_version_is_refused_when_newer_and_made_anew_when_older() {
    let dir = TempDir::new().unwrap();
    let (archive, opened) = open(&dir);
    replay(&archive, &opened);
    drop(archive);
    fs::write(dir.path().join("version"), format!("{}\n", SCHEMA_VERSION + 1)).unwrap();
    let refused = Archive::open(dir.path(), Clock::default()).unwrap_err();
    let newer = ArchiveError::Newer { dir: dir.path().to_owned(), found: SCHEMA_VERSION + 1, known: SCHEMA_VERSION };
    assert_eq!(refused, newer);
    assert!(refused.to_string().contains("overheard rebuild"), "{refused}");
    fs::write(dir.path().join("version"), format!("{}\n", SCHEMA_VERSION - 1)).unwrap();
    let (archive, opened) = open(&dir);
    assert_eq!(opened.position, Position(0));
    assert!(opened.set_aside.as_ref().is_some_and(|why| why.contains("older")));
    replay(&archive, &opened);
    assert_all_there(&archive, "a new version");
}

#[test]
fn a_second_one_is_refused_while_the_first_is_open() {
    let dir = TempDir::new().unwrap();
    let (archive, _) = open(&dir);
    let in_use = ArchiveError::InUse { dir: dir.path().to_owned() };
    assert_eq!(Archive::open(dir.path(), Clock::default()).unwrap_err(), in_use);
    drop(archive);
    open(&dir);
}

#[test]
fn discarding_leaves_nothing() {
    let dir = TempDir::new().unwrap();
    let (archive, opened) = open(&dir);
    replay(&archive, &opened);
    drop(archive);
    Archive::discard(dir.path()).unwrap();
    assert_eq!(open(&dir).1, Opened { position: Position(0), set_aside: None });
}

#[test]
fn while_the_disk_refuses_posts_wait_and_are_written_when_it_takes_them_again() {
    let dir = TempDir::new().unwrap();
    let (archive, opened) = open(&dir);
    let frames = frames();
    archive.apply(frames[0].0, &frames[0].1).unwrap();
    archive.flush(PATIENCE).unwrap();
    let (index, away) = (dir.path().join("index"), dir.path().join("away"));
    fs::rename(&index, &away).unwrap();
    archive.apply(frames[1].0, &frames[1].1).unwrap();
    archive.queue.wait_for_problem(true);
    let health = archive.health();
    assert_eq!((health.position, health.waiting), (Position(1), 1));
    assert_eq!(health.problem.as_ref().map(|problem| problem.since), Some(NOW));
    let behind = archive.flush(Duration::ZERO);
    assert!(matches!(behind, Err(ArchiveError::Behind { .. })), "{behind:?}");
    // What was committed before is still found.
    assert_eq!(keys(&archive, "down"), ["a"]);
    fs::rename(&away, &index).unwrap();
    replay(&archive, &opened);
    assert_all_there(&archive, "the disk came back");
    assert_eq!(archive.health().problem, None);
}

#[test]
fn closing_does_not_wait_for_a_disk_that_refuses() {
    let dir = TempDir::new().unwrap();
    let (archive, opened) = open(&dir);
    fs::rename(dir.path().join("index"), dir.path().join("away")).unwrap();
    let (position, events) = &frames()[0];
    archive.apply(*position, events).unwrap();
    archive.queue.wait_for_problem(true);
    drop(archive);
    fs::rename(dir.path().join("away"), dir.path().join("index")).unwrap();
    let (archive, again) = open(&dir);
    assert_eq!(again, opened);
    replay(&archive, &again);
    assert_all_there(&archive, "closing");
}
