//! What is wrong in a configuration file, where, and what would be right?

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One thing wrong in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub severity: Severity,
    /// The file as the user named it; empty until the loader knows it.
    pub file: String,
    /// From 1; 0 when the fault is about the file as a whole.
    pub line: usize,
    /// From 1, in characters; 0 as for `line`.
    pub column: usize,
    /// Bytes of the file's text that the fault is about, where known.
    pub span: Option<Range<usize>>,
    /// Dotted path of the key: `watch.acme-problems.query`.
    pub key: String,
    /// What is wrong, as a sentence without full stop.
    pub what: String,
    /// What would be right: the nearest known word, the expected form.
    pub hint: Option<String>,
}

/// Whether a configuration with this fault can run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    #[default]
    Error,
    /// Runs, but most likely does not do what was meant.
    Warning,
}

impl Fault {
    /// An error about `key`, at a place of the file's text (bytes) where it is known.
    pub fn error(key: impl Into<String>, span: Option<Range<usize>>, what: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: String::new(),
            line: 0,
            column: 0,
            span,
            key: key.into(),
            what: what.into(),
            hint: None,
        }
    }

    /// The same fault with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same fault as a warning.
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same fault with file, line and column filled in from the file's name and text.
    pub fn placed(mut self, file: &str, text: &str) -> Self {
        self.file = file.to_owned();
        if let Some(span) = &self.span {
            let before = text.get(..span.start.min(text.len())).unwrap_or(text);
            self.line = before.matches('\n').count() + 1;
            self.column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        }
        self
    }
}

impl fmt::Display for Fault {
    /// `config/watches.toml:12:9: watch.acme.query: unknown field `sitee` (did you mean `site`?)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.what)?;
        self.hint.iter().try_for_each(|hint| write!(f, " ({hint})"))
    }
}

/// The word of `known` that `word` was most likely meant to be, if any is near enough (a typing
/// error for every three letters).
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
