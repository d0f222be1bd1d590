//! Does the code keep to the walls that the design drew?
//!
//! Reads the sources as text: what a module imports, where the network and the clock are touched, where
//! names of kinds stand. What is told here is a rule of the house, not a style.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Module → the modules of ours that it may import. A module may always import itself.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("clock", &["model"]),
    ("query", &["model"]),
    ("parse", &["model"]),
    ("http", &["model"]),
    ("telemetry", &["model"]),
    ("source", &["model", "parse"]),
    ("receiver", &["model", "parse"]),
    ("normalize", &["model", "query", "parse"]),
    ("watch", &["model", "query"]),
    ("dedup", &["model", "query"]),
    ("score", &["model", "query"]),
    ("route", &["model", "query"]),
    ("fetch", &["model", "clock", "telemetry", "http", "source"]),
    ("deliver", &["model", "clock", "telemetry", "http", "receiver"]),
    ("journal", &["model"]),
    ("store", &["model", "journal"]),
    ("archive", &["model", "query", "clock"]),
    ("config", &["model", "clock", "query", "source", "receiver", "watch", "route"]),
    (
        "pipeline",
        &[
            "model",
            "clock",
            "query",
            "parse",
            "http",
            "telemetry",
            "source",
            "receiver",
            "normalize",
            "watch",
            "dedup",
            "score",
            "route",
            "fetch",
            "deliver",
            "journal",
            "store",
            "archive",
            "config",
        ],
    ),
    ("web", &["pipeline", "config", "query", "model", "clock", "telemetry"]),
    ("cli", &["pipeline", "config", "query", "model", "clock", "telemetry", "web", "source", "receiver", "http"]),
];

struct Source {
    /// Relative to the folder read, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// The top-level module that the file belongs to.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// The text before the unit tests, without comments.
    fn code(&self) -> String {
        let code = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources_in(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths = Vec::new();
    rust_files(&root, &mut paths);
    paths.sort();
    let read = |path: &PathBuf| Source {
        path: path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"),
        text: std::fs::read_to_string(path).unwrap(),
    };
    paths.iter().map(read).collect()
}

fn sources() -> Vec<Source> {
    sources_in("src")
}

/// Modules of ours named after `crate::` in the code.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let inner = group.split('}').next().unwrap_or_default();
            found.extend(inner.split(',').map(|part| part.trim().split("::").next().unwrap_or_default().to_owned()));
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found.retain(|module| !module.is_empty());
    found
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let table: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !["lib", "main"].contains(&source.module()) && !source.is_test()) {
        let allowed =
            table.get(source.module()).unwrap_or_else(|| panic!("{} has no row in the table", source.module()));
        for import in imports(&source.code()) {
            if import != source.module() && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_import_table_has_no_cycle() {
    fn visit<'a>(module: &'a str, table: &BTreeMap<&'a str, &'a [&'a str]>, path: &mut Vec<&'a str>) {
        assert!(!path.contains(&module), "cycle: {path:?} → {module}");
        path.push(module);
        for next in table.get(module).copied().unwrap_or_default() {
            visit(next, table, path);
        }
        path.pop();
    }
    let table: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    for (module, _) in MAY_IMPORT {
        visit(module, &table, &mut Vec::new());
    }
}

#[test]
fn every_file_says_which_question_it_answers() {
    let silent: Vec<String> = sources()
        .into_iter()
        .chain(sources_in("tests"))
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "no `//!` first line in {silent:#?}");
}

/// Finds `needles` in code outside of the files that are their home.
fn strays(needles: &[&str], at_home: impl Fn(&Source) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !at_home(source) && !source.is_test()) {
        let code = source.code();
        found.extend(
            needles.iter().filter(|needle| code.contains(**needle)).map(|needle| format!("{}: {needle}", source.path)),
        );
    }
    found
}

#[test]
fn only_the_doors_the_web_server_and_the_client_of_the_daemon_touch_the_network() {
    let needles = ["reqwest::", "tokio::net", "std::net::Tcp", "std::net::Udp", "hyper::"];
    let found = strays(&needles, |source| {
        ["http", "fetch", "deliver", "web"].contains(&source.module())
            || source.path == "pipeline/supervise.rs"
            || source.path.starts_with("cli/demo")
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn pure_parts_do_no_io() {
    let pure = ["model", "query", "source", "receiver", "normalize", "watch", "dedup", "score", "route", "parse"];
    let needles = ["std::fs", "std::io::stdin", "std::env::", "tokio::", "std::process", "std::thread", "File::open"];
    let found = strays(&needles, |source| !pure.contains(&source.module()));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn time_comes_from_the_clock() {
    let needles = ["SystemTime::now", "Timestamp::now()", "Zoned::now", "Utc::now", "Local::now"];
    let found = strays(&needles, |source| source.path == "clock.rs");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn names_of_kinds_stand_only_in_their_own_file() {
    let sources = overheard::source::KINDS.iter().map(|kind| kind.name());
    let names = sources.chain(overheard::receiver::KINDS.iter().map(|kind| kind.name()));
    let mut found = Vec::new();
    for name in names {
        let quoted = format!("\"{name}\"");
        let own = |source: &Source| {
            let kinds = ["source", "receiver"].contains(&source.module());
            kinds && source.path.trim_end_matches(".rs").split('/').any(|part| part == name)
        };
        // A format can have the name of a kind: there it is the word of a tag or a parameter.
        let of_formats = |source: &Source| ["parse", "normalize"].contains(&source.module());
        found.extend(strays(&[&quoted], |source| own(source) || of_formats(source)));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn tests_never_sleep() {
    // Assembled, so that this file does not find itself.
    let calls = ["thread::", "time::"].map(|module| [module, "sleep", "("].concat());
    let sleeping: Vec<String> = sources_in("tests")
        .into_iter()
        .chain(sources().into_iter().filter(Source::is_test))
        .filter(|source| calls.iter().any(|call| source.text.contains(call)))
        .map(|source| source.path)
        .collect();
    assert!(sleeping.is_empty(), "{sleeping:#?}");
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    let found = strays(&["#[allow(", "#![allow("], |_| false);
    assert!(found.is_empty(), "{found:#?}");
}
