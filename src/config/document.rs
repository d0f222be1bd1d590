//! How does one file become blocks of settings, with every fault in it placed?

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::examples::TriedBlock;
use super::plain;
use super::secrets::{Resolved, masked};
use crate::model::{Fault, SecretValue, Settings, nearest};

/// Largest configuration file that is read, in bytes: room for as many watches as there may be.
const MAX_FILE: u64 = 32 * 1024 * 1024;

/// Most syntax errors told of one file: after that many it is most likely no TOML at all.
const MAX_SYNTAX_ERRORS: usize = 20;

/// A file of the configuration as it was found on the disk.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// The path as the user gave it; faults carry it.
    pub name: String,
    pub text: String,
    /// Whether there is a file that could be read; if not, what it lacks is no fault of its text.
    pub there: bool,
}

impl File {
    /// A text that is in no file, as if it were.
    pub fn of(name: &str, text: &str) -> Result<Self, Fault> {
        if text.len() as u64 > MAX_FILE {
            let what = format!("is larger than {MAX_FILE} bytes");
            return Err(Fault { file: name.to_owned(), ..Fault::error("", None, what) });
        }
        Ok(Self { name: name.to_owned(), text: text.to_owned(), there: true })
    }

    /// The file at `path`; `None` when there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, Fault> {
        let name = path.display().to_string();
        let wrong = |what: String| Fault { file: name.clone(), ..Fault::error("", None, what) };
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(format!("cannot be read: {error}"))),
            Ok(about) if about.is_dir() => return Err(wrong("is a folder, not a file".to_owned())),
            Ok(about) if about.len() > MAX_FILE => return Err(wrong(format!("is larger than {MAX_FILE} bytes"))),
            Ok(_) => {}
        }
        match std::fs::read(path).map(String::from_utf8) {
            Err(error) => Err(wrong(format!("cannot be read: {error}"))),
            Ok(Err(_)) => Err(wrong("is not text in UTF-8".to_owned()).hint("save it as UTF-8 in your editor")),
            Ok(Ok(text)) => Ok(Some(Self { name, text, there: true })),
        }
    }
}

/// One parsed file, and the faults found in it so far.
pub(super) struct Document<'a> {
    file: &'a File,
    root: DeTable<'a>,
    /// Beginnings of the stretches of text (from one `[header]` to the next) with a syntax error.
    broken: Vec<usize>,
    faults: Vec<Fault>,
    tried: Vec<TriedBlock>,
    /// Places that are blanked when the file is shown.
    masks: Vec<Range<usize>>,
    /// Where each line begins, for quick placing.
    lines: Vec<usize>,
}

impl<'a> Document<'a> {
    /// Parses a file; what follows a syntax error is still read.
    pub fn parse(file: &'a File) -> Self {
        // Editors on Windows put a byte order mark there; TOML allows it, spans count it.
        let (root, errors) = DeTable::parse_recoverable(&file.text);
        let mut document = Self {
            file,
            root: root.into_inner(),
            broken: Vec::new(),
            faults: Vec::new(),
            tried: Vec::new(),
            masks: Vec::new(),
            lines: std::iter::once(0).chain(file.text.match_indices('\n').map(|(at, _)| at + 1)).collect(),
        };
        for error in errors.into_iter().take(MAX_SYNTAX_ERRORS) {
            let span = error.span();
            document.broken.push(document.header_before(span.as_ref().map_or(0, |span| span.start)));
            document.fault(Fault::error("", span, error.message()));
        }
        document.refuse_resolved();
        document
    }

    /// Whether the file was read and has no syntax error: only then is what it names all that it names.
    pub fn is_whole(&self) -> bool {
        self.file.there && self.broken.is_empty()
    }

    /// Whether the file has a key on its top level; a syntax error may have swallowed any.
    pub fn has(&self, key: &str) -> bool {
        self.root.contains_key(key) || !self.is_whole()
    }

    /// The file's name, as faults carry it.
    pub fn name(&self) -> &'a str {
        &self.file.name
    }

    /// Keeps what came of the examples of a block.
    pub fn tried(&mut self, block: TriedBlock) {
        self.tried.push(block);
    }

    /// What came of all examples of the file.
    pub fn take_tried(&mut self) -> Vec<TriedBlock> {
        std::mem::take(&mut self.tried)
    }

    /// The file's text, where spans point into.
    pub fn text(&self) -> &'a str {
        &self.file.text
    }

    /// Adds a fault found in this file.
    ///
    /// Where a stretch of the file has a syntax error, that is all that is said about it: what is missing
    /// or wrong there may only be a consequence.
    pub fn fault(&mut self, fault: Fault) {
        let mut fault = plain::reword(fault);
        fault.file.clone_from(&self.file.name);
        fault.key = fault.key.trim_start_matches('.').to_owned();
        if let Some(span) = &fault.span {
            (fault.line, fault.column) = self.place(span.start);
        }
        self.faults.push(fault);
    }

    /// Line and column of a byte of the text, both from 1, the column in characters.
    pub fn place(&self, at: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        (line, self.file.text.get(start..at).map_or(0, |before| before.chars().count()) + 1)
    }

    /// Adds several faults; see [`Document::fault`].
    pub fn faults(&mut self, faults: impl IntoIterator<Item = Fault>) {
        for fault in faults {
            if self.broken.is_empty() || !self.is_consequence(&fault) {
                self.fault(fault);
            }
        }
    }

    /// Adds what was wrong with the secrets of a block.
    pub fn secrets(&mut self, resolved: Resolved) {
        self.masks.extend(resolved.written);
        self.faults(resolved.faults);
    }

    /// Everything found wrong, and the file's text as it may be shown.
    pub fn finish(self) -> (Vec<Fault>, String) {
        (self.faults, masked(&self.file.text, &self.masks))
    }

    /// The whole file as one block.
    pub fn whole(&self) -> Settings<'a> {
        Settings { path: String::new(), table: Spanned::new(0..0, self.root.clone()) }
    }

    /// The block `[key]`, if it is there.
    pub fn table(&mut self, key: &str) -> Option<Settings<'a>> {
        let value = self.root.get(key)?.clone();
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(table) => Some(Settings { path: key.to_owned(), table: Spanned::new(span, table) }),
            other => {
                let what = format!("`{key}` must be a block `[{key}]`, not {}", a(other.type_str()));
                self.faults([Fault::error(key, Some(span), what)]);
                None
            }
        }
    }

    /// Every block `[[key]]`, each with its `name` in its path, or its number where it has no name.
    pub fn tables(&mut self, key: &str) -> Vec<Settings<'a>> {
        let Some(value) = self.root.get(key).cloned() else { return Vec::new() };
        let span = value.span();
        let DeValue::Array(entries) = value.into_inner() else {
            let fault = Fault::error(key, Some(span), format!("`{key}` must be blocks `[[{key}]]`"));
            self.faults([fault.hint(format!("write [[{key}]] with two brackets before each"))]);
            return Vec::new();
        };
        let mut blocks = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let span = entry.span();
            let DeValue::Table(table) = entry.into_inner() else {
                self.faults([Fault::error(key, Some(span), format!("each `{key}` must be a block `[[{key}]]`"))]);
                continue;
            };
            let name = table.get("name").and_then(|name| name.get_ref().as_str());
            let path = name.map_or_else(|| format!("{key}[{}]", index + 1), |name| format!("{key}.{name}"));
            blocks.push(Settings { path, table: Spanned::new(span, table) });
        }
        blocks
    }

    /// Faults for the top-level keys that are none of `known`.
    pub fn refuse_others(&mut self, known: &[&str]) {
        let unknown: Vec<Fault> = self
            .root
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .map(|key| unknown_key(key.get_ref(), key.span(), "", known.iter().copied()))
            .collect();
        self.faults(unknown);
    }

    /// The key that carries secrets which were read is for the loader alone.
    fn refuse_resolved(&mut self) {
        let mut spans = Vec::new();
        take_resolved_out(&mut self.root, &mut spans);
        let what = "a secret is named, not written: { env = \"NAME\" } or { file = \"path\" }";
        self.faults(spans.into_iter().map(|span| Fault::error("", Some(span), what)));
    }

    fn is_consequence(&self, fault: &Fault) -> bool {
        fault.span.as_ref().is_some_and(|span| self.broken.contains(&self.header_before(span.start)))
    }

    /// Where the last line before `at` that begins with `[` begins; 0 if there is none.
    fn header_before(&self, at: usize) -> usize {
        let lines = self.lines.get(..self.place(at).0).unwrap_or_default();
        let is_header = |start: &&usize| self.file.text.get(**start..).is_some_and(begins_block);
        lines.iter().rev().find(is_header).copied().unwrap_or_default()
    }
}

fn begins_block(line: &str) -> bool {
    line.trim_start_matches([' ', '\t']).starts_with('[')
}

/// A fault about a key that does not exist, with the nearest one that does.
pub(super) fn unknown_key<'k>(
    key: &str,
    span: Range<usize>,
    path: &str,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Fault {
    let fault = Fault::error(format!("{path}.{key}"), Some(span), format!("unknown key `{key}`"));
    match nearest(key, known.clone()) {
        Some(word) => fault.hint(format!("did you mean `{word}`?")),
        None => fault.hint(format!("known here: {}", known.collect::<Vec<_>>().join(", "))),
    }
}

fn a(type_name: &str) -> String {
    let article = if type_name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {type_name}")
}

fn take_resolved_out(table: &mut DeTable<'_>, spans: &mut Vec<Range<usize>>) {
    if let Some((key, _)) = table.remove_entry(SecretValue::KEY) {
        spans.push(key.span());
    }
    for (_, value) in table.iter_mut() {
        take_resolved_out_of(value.get_mut(), spans);
    }
}

fn take_resolved_out_of(value: &mut DeValue<'_>, spans: &mut Vec<Range<usize>>) {
    match value {
        DeValue::Table(table) => take_resolved_out(table, spans),
        DeValue::Array(entries) => entries.iter_mut().for_each(|entry| take_resolved_out_of(entry.get_mut(), spans)),
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}
