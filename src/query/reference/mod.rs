//! What does the page about the query language say?
//!
//! Its tables are data: what is claimed of an example is tried by a test, and what is said about a mistake is
//! what the parser says about it.

pub(super) mod fields;
pub(super) mod forms;
pub(super) mod mistakes;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::lexer::MAX_DISTANCE;
use super::term::MIN_STEM;
use super::{MAX_CLAUSES, MAX_DEPTH, MAX_LENGTH, MAX_PHRASE, MAX_WORD, Names, Place};

use forms::SECTIONS;

/// A part of the page about one sort of forms.
pub(super) struct Section {
    pub title: &'static str,
    pub about: &'static str,
    pub forms: &'static [Form],
}

/// A form of the language.
pub(super) struct Form {
    pub written: &'static str,
    pub means: &'static str,
    pub examples: &'static [Example],
}

/// A query, a post's title, and whether it is found.
pub(super) struct Example(pub &'static str, pub &'static str, pub Found);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Yes,
    No,
}

/// The lists that the examples name.
const LISTS: [(&str, &[&str]); 3] = [
    ("acme_names", &["acme", "\"acme cloud\"", "acmecloud"]),
    ("our_domains", &["acme.example", "acme-status.example"]),
    ("not_the_cartoon", &["NOT (coyote OR anvil)"]),
];

/// The names of the examples.
pub(super) fn names() -> Names {
    let owned = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect();
    let lists: BTreeMap<String, Vec<String>> =
        LISTS.iter().map(|(name, entries)| ((*name).to_owned(), owned(entries))).collect();
    Names::new(&lists).unwrap_or_default()
}

/// The page, in Markdown.
pub fn page() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in SECTIONS {
        let _ = write!(text, "\n## {}\n\n{}\n", section.title, section.about);
        forms(&mut text, section.forms);
        if section.title == "Lists and fragments" {
            text.push_str(&lists());
        }
    }
    fields::write(&mut text);
    text.push_str(PRECEDENCE);
    bounds(&mut text);
    mistakes::write(&mut text);
    text
}

fn forms(text: &mut String, forms: &[Form]) {
    if forms.is_empty() {
        return;
    }
    text.push_str("\n| written | means | for example | finds | does not find |\n|---|---|---|---|---|\n");
    for form in forms {
        let mut queries: Vec<&str> = Vec::new();
        for example in form.examples {
            if !queries.contains(&example.0) {
                queries.push(example.0);
            }
        }
        for (row, query) in queries.iter().enumerate() {
            let (written, means) = if row == 0 { (code(form.written), form.means) } else { (String::new(), "") };
            let of = |found| {
                let titles = form.examples.iter().filter(|example| example.0 == *query && example.2 == found);
                titles.map(|example| cell(example.1)).collect::<Vec<_>>().join(" · ")
            };
            let (yes, no) = (of(Found::Yes), of(Found::No));
            let _ = writeln!(text, "| {written} | {} | {} | {yes} | {no} |", cell(means), code(query));
        }
    }
}

fn lists() -> String {
    let mut text = "\n```toml\n[lists]\n".to_owned();
    for (name, entries) in LISTS {
        let entries: Vec<String> = entries.iter().map(|entry| format!("'{entry}'")).collect();
        let _ = match entries.as_slice() {
            [only] => writeln!(text, "{name} = {only}"),
            several => writeln!(text, "{name} = [{}]", several.join(", ")),
        };
    }
    text + "```\n"
}

fn bounds(text: &mut String) {
    text.push_str("\n## Bounds\n\n| what | at most |\n|---|---|\n");
    for (what, bound) in [
        ("characters of a query", MAX_LENGTH),
        ("brackets and NOT inside each other, lists included", MAX_DEPTH),
        ("clauses (words, phrases, fields …), lists included", MAX_CLAUSES),
        ("words of a phrase", MAX_PHRASE),
        ("the number in `NEAR/5` and `\"a b\"~5`", MAX_DISTANCE as usize),
        ("bytes of a word: of a longer one, the beginning counts", MAX_WORD),
    ] {
        let _ = writeln!(text, "| {what} | {bound} |");
    }
    let _ = writeln!(text, "\nBefore its first `*` or `?` a wildcard has at least {MIN_STEM} letters or digits.");
}

/// A piece of a query, fit for a cell of a table.
fn code(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    let space = if text.contains('`') { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", cell(text))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

const INTRODUCTION: &str = r#"# The query language

One language says what to look for: in watches, in the `match` of routes, in silences, in the search box, on the
command line and in the API. Every example on this page is tried whenever the program is tested.

`acme AND (down OR outage) NOT site:jobs.acme.example` finds posts with the word *acme* and one of *down* and
*outage*, except those on that site. Words are looked for in title and text. Small or capital letters do not matter,
except for the operators AND, OR, NOT, NEAR and ONEAR, which are written in capitals.
"#;

const PRECEDENCE: &str = r#"
## What belongs together

From the tightest to the loosest: a field and its value (`title:acme`), NEAR and ONEAR, NOT and `-`, AND (or just a
space), OR. Brackets come before all of them. So

- `acme OR anvil cloud` is `acme OR (anvil AND cloud)`;
- `NOT acme NEAR/5 down` is `NOT (acme NEAR/5 down)`;
- `acme NOT down OR refund` is `(acme AND NOT down) OR refund`;
- `title:acme down` looks for *acme* in the title and for *down* in title or text: `title:(acme down)` for both in the title.
"#;
