//! Do the lists of feeds that people really have become sources, and come out the same?
//!
//! Reads the lists under the folder that `OVERHEARD_CORPORA` names, and says so when it is not set.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use overheard::config::Paths;
use overheard::config::append::{Growing, Wishes};
use overheard::parse::opml;
use overheard::pipeline::subscribe::{Import, export, import};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "opml" || extension == "xml") {
            found.push(path);
        }
    }
    found.sort();
}

/// The files of a suite; `None` where there are no corpora.
fn suite(name: &str) -> Option<Vec<PathBuf>> {
    let Some(corpora) = std::env::var_os("OVERHEARD_CORPORA") else {
        eprintln!("OVERHEARD_CORPORA is not set: nothing was read");
        return None;
    };
    let mut found = Vec::new();
    files(&PathBuf::from(corpora).join(name), &mut found);
    assert!(!found.is_empty(), "{name} is empty");
    Some(found)
}

fn empty_home() -> (tempfile::TempDir, Paths) {
    let root = tempfile::tempdir().unwrap();
    let paths = Paths { config: root.path().into(), sources: root.path().join("sources.toml"), data: None };
    std::fs::write(&paths.sources, "# ours\n").unwrap();
    std::fs::write(paths.watches(), "[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"acme\"\n").unwrap();
    std::fs::write(paths.routes(), "[[receiver]]\nname = \"out\"\nkind = \"console\"\n[route]\nreceiver = \"out\"\n")
        .unwrap();
    (root, paths)
}

/// What a list brings, and the list that an export makes of it.
fn through(list: &[u8], name: &Path) -> (Import, Vec<String>, String) {
    let (_root, paths) = empty_home();
    let (mut growing, config) = Growing::open(&paths).unwrap();
    let brought = import(list, &mut growing, &config, &Wishes::default()).unwrap();
    let grown = growing.check().unwrap_or_else(|faults| panic!("{}: {faults:#?}", name.display()));
    let addresses = grown.sources.iter().filter_map(|source| source.source.feed()).map(String::from).collect();
    (brought, addresses, export(&grown, &growing.text()).text)
}

#[test]
fn every_real_list_is_imported_and_exported_without_losing_a_feed() {
    let Some(files) = suite("opml-real") else { return };
    let (mut feeds, mut skipped, mut faults) = (0, 0, 0);
    for file in &files {
        let text = std::fs::read(file).unwrap();
        let (brought, addresses, exported) = through(&text, file);
        let told: Vec<String> = brought.faults.iter().map(|fault| fault.to_string()).collect();
        let read = opml::read(&text).unwrap();
        assert_eq!(brought.added.len() + brought.skipped.len(), read.entries.len(), "{}: {told:?}", file.display());
        // Another look at the list: nothing that has an address is missing.
        let written = String::from_utf8_lossy(&text).to_lowercase().matches("xmlurl=").count();
        assert_eq!(read.entries.len() + brought.faults.len(), written, "{}: {told:?}", file.display());
        assert!(brought.faults.iter().all(|fault| fault.line > 0), "{told:?}");
        let (again, same, _) = through(exported.as_bytes(), file);
        assert_eq!((again.skipped.len(), again.faults.len()), (0, 0), "{}", file.display());
        assert_eq!(same, addresses, "{}", file.display());
        feeds += addresses.len();
        skipped += brought.skipped.len();
        faults += brought.faults.len();
    }
    println!("{} lists: {feeds} feeds, {skipped} named twice, {faults} faults", files.len());
}

#[test]
fn small_lists_of_every_form_give_the_feeds_that_they_state() {
    let Some(files) = suite("opml-listparser") else { return };
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read(file).unwrap();
        let said = String::from_utf8_lossy(&text).into_owned();
        let (entries, faults) = match opml::read(&text) {
            Ok(list) => (list.entries, list.faults),
            Err(_) => (Vec::new(), Vec::new()),
        };
        let addresses: BTreeSet<String> =
            entries.iter().flat_map(|entry| &entry.address).map(ToString::to_string).collect();
        let name = file.display();
        for line in said.lines().filter_map(|line| line.trim().strip_prefix("Eval: ")) {
            let number = |of: &str| line.strip_prefix(&format!("len(result['{of}']) == "))?.parse::<usize>().ok();
            let text = |of: &str| Some(line.split_once(of)?.1.trim().trim_matches(['\'', '"']).to_owned());
            let holds = if let Some(feeds) = number("feeds") {
                addresses.len() == feeds
            } else if let Some(others) =
                number("lists").or(number("opportunities")).filter(|_| !said.contains("rdf:RDF"))
            {
                faults.len() >= others && faults.iter().all(|fault| fault.line > 0)
            } else if let Some(url) = text("['url'] == ").filter(|_| line.starts_with("result['feeds']")) {
                addresses.contains(&url)
            } else if let Some((tag, _)) = line.split_once(" in result['feeds'][0]['tags']") {
                // Groups of people (FOAF) are no folders.
                said.contains("rdf:RDF") || entries[0].folders.contains(&tag.trim_matches('\'').to_owned())
            } else {
                true
            };
            if !holds {
                wrong.push(format!("{name}: {line}: {addresses:?} {faults:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
