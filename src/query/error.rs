//! What can be wrong with a query, where, and what would be right?

use std::ops::Range;

use super::Place;
use super::eval::host_and_path;

/// Why a text is no query, and which part of it is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct QueryError {
    pub problem: Problem,
    /// Bytes of the query's text.
    pub span: Range<usize>,
}

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("there is nothing to look for")]
    Empty,
    #[error("the query has {characters} characters; at most {bound} are read")]
    TooLong { characters: usize, bound: usize },
    #[error("brackets and NOT are nested deeper than {bound}")]
    TooDeep { bound: usize },
    #[error("the query has more than {bound} clauses, lists included")]
    TooManyClauses { bound: usize },
    #[error("the phrase has {words} words; at most {bound} are read")]
    PhraseTooLong { words: usize, bound: usize },
    #[error("the quote is never closed")]
    OpenQuote,
    #[error("`{bracket}` is never closed")]
    OpenBracket { bracket: char },
    #[error("`{bracket}` closes nothing")]
    StrayBracket { bracket: char },
    #[error("the comment is never closed")]
    OpenComment,
    #[error("there is nothing between the {marks}")]
    EmptyGroup { marks: &'static str },
    #[error("{operator} has nothing on one side")]
    MissingOperand { operator: String },
    #[error("`{text}` has no letters or digits to look for")]
    NoWord { text: String },
    #[error("unknown field `{name}`")]
    UnknownField { name: String, text: String, meant: Option<String> },
    #[error("`{text}` cannot be read: {what}")]
    Foreign { text: String, what: &'static str, instead: String },
    #[error("`{url}` is a URL, not a word")]
    BareUrl { url: String },
    #[error("`{name}` does not exist {}", .place.describe())]
    NotHere { name: &'static str, place: Place },
    #[error("`{name}` cannot stand inside `{outer}:`")]
    NestedField { name: String, outer: &'static str },
    #[error("`{name}:` has no value directly after it")]
    MissingValue { name: &'static str },
    #[error("`{value}` is no value for `{name}`: {why}")]
    BadValue { name: &'static str, value: String, why: String },
    #[error("a comparison is written without spaces")]
    SpacedComparison { text: String },
    #[error("`{name}` is compared, not looked up")]
    ComparedField { name: &'static str },
    #[error("`{name}` is looked up, not compared")]
    LookedUpField { name: &'static str, value: String },
    #[error("`{pattern}` needs at least two letters or digits before its first `*` or `?`")]
    ShortStem { pattern: String },
    #[error("`{pattern}` is not one word, so `*` and `?` cannot stand in it")]
    PatternOfSeveralWords { pattern: String },
    #[error("`{operator}` has no distance")]
    MissingDistance { operator: String },
    #[error("`{text}` is no distance")]
    BadDistance { text: String, bound: u32 },
    #[error("`{operator}` takes words, phrases, wildcards or an OR group of them on each side")]
    NearOperand { operator: String },
    #[error("`{operator}` cannot follow another one")]
    NearChain { operator: String },
    #[error("both sides of `{operator}` must be in one field")]
    NearFields { operator: String },
    #[error("there is no list `${name}`")]
    UnknownName { name: String, nearest: Option<String> },
    #[error("`${name}` contains `{inner}`, which cannot stand here")]
    NameNotHere { name: String, inner: String },
    #[error("`${name}` is defined through itself")]
    NameCycle { name: String },
    #[error("`{name}` is no name for a list")]
    BadName { name: String },
    #[error("the list has no entries")]
    EmptyList,
    #[error("the query only excludes, so it would match nearly everything")]
    OnlyExcludes,
}

impl Problem {
    /// The problem at its place.
    pub(super) fn at(self, span: Range<usize>) -> QueryError {
        QueryError { problem: self, span }
    }
}

impl QueryError {
    /// What is wrong, as a sentence without full stop.
    pub fn what(&self) -> String {
        self.problem.to_string()
    }

    /// What would be right, where that can be told.
    pub fn hint(&self) -> Option<String> {
        self.problem.hint()
    }

    /// Line and column of the error in the query's text, both from 1, the column in characters.
    pub fn position(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.span.start.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        (line, before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1)
    }
}

impl Place {
    /// Where a query runs, as part of a sentence.
    fn describe(self) -> &'static str {
        match self {
            Self::Watch => "in a watch: it is only known after the watches were asked",
            Self::Route => "in routes and silences: it is only known later",
            Self::Search => "in a search",
        }
    }
}

impl Problem {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Empty => "write for example `acme AND (down OR outage)`".to_owned(),
            Self::OpenQuote => "close it with `\"`; to look for a quotation mark itself write raw:\"\\\"\"".to_owned(),
            Self::OpenBracket { bracket: '{' } => "close it with `}`".to_owned(),
            Self::OpenBracket { .. } => "close it with `)`".to_owned(),
            Self::EmptyGroup { .. } => "write what to look for between them, or take them out".to_owned(),
            Self::StrayBracket { .. } => "open it, take it out, or put the text in quotes".to_owned(),
            Self::OpenComment => "a comment is written <<< why >>>".to_owned(),
            Self::MissingOperand { operator } => {
                format!("to look for the word itself write \"{}\"", operator.to_lowercase())
            }
            Self::NoWord { text } => without_words(text),
            Self::UnknownField { text, meant: Some(meant), .. } => {
                format!("did you mean `{meant}`? To look for the text itself put it in quotes: \"{text}\"")
            }
            Self::UnknownField { text, meant: None, .. } => {
                format!("to look for the text itself put it in quotes: \"{text}\"")
            }
            Self::Foreign { instead, .. } => instead.clone(),
            Self::BareUrl { url } => {
                let (host, _) = host_and_path(url);
                format!("for the page itself write url:{url}; for posts there site:{host}; for links to it link:{host}")
            }
            Self::NestedField { .. } => "close the bracket before it".to_owned(),
            Self::NotHere { place: Place::Watch, .. } => "leave it to a route's `match`, or search for it".to_owned(),
            Self::NotHere { .. } => "search for it".to_owned(),
            Self::MissingValue { name } => format!("write {name}:value, or {name}:\"some words\", without a space"),
            Self::SpacedComparison { text } => {
                format!("write for example age<7d or score>=60; to look for the characters write raw:\"{text}\"")
            }
            Self::ComparedField { name } => format!("write for example {}", example(name)),
            Self::LookedUpField { name, value } => format!("write {name}:{value}"),
            Self::ShortStem { pattern } if pattern.starts_with(['*', '?']) => {
                "a word is found by its beginning, as in acme*; to look for the characters themselves write raw:\"…\""
                    .to_owned()
            }
            Self::ShortStem { .. } => {
                "write more of the word; to look for the characters themselves put them in quotes".to_owned()
            }
            Self::PatternOfSeveralWords { .. } => {
                "write the words apart, as in `acme ONEAR/1 clou*`, or put the text in quotes".to_owned()
            }
            Self::BadDistance { bound, .. } => format!("write a number from 1 to {bound}, as in NEAR/5 or \"a b\"~2"),
            Self::MissingDistance { operator } => {
                format!("write {operator}/5; to look for the word itself write \"{}\"", operator.to_lowercase())
            }
            Self::NearOperand { operator } => format!("write for example (down OR outage) {operator} acme"),
            Self::NearChain { operator } => {
                format!("write `a {operator} b AND b {operator} c`, or \"a b c\"~5 for all of them close together")
            }
            Self::NearFields { operator } => format!("write title:(a {operator} b)"),
            Self::UnknownName { nearest: Some(nearest), .. } => format!("did you mean `${nearest}`?"),
            Self::UnknownName { name, nearest: None } => {
                format!("name it under [lists], or for a cash tag write raw:\"${name}\"")
            }
            Self::BadName { .. } => "use letters, digits, `_` and `-`".to_owned(),
            Self::OnlyExcludes => "add what to look for, as in `acme NOT coyote`".to_owned(),
            Self::TooLong { .. } | Self::TooManyClauses { .. } => {
                "make several of it, each with its own part".to_owned()
            }
            Self::TooDeep { .. } => "take out brackets that hold a single term".to_owned(),
            Self::PhraseTooLong { .. } => "a part of it is enough to find it".to_owned(),
            Self::NameNotHere { name, .. } => format!("write ${name} by itself"),
            Self::NameCycle { .. } => "take it out of the entries that lead back to it".to_owned(),
            Self::EmptyList => "write for example [\"acme\", '\"acme cloud\"']".to_owned(),
            // What would be right is in the reason.
            Self::BadValue { .. } => return None,
        })
    }
}

/// What was most likely meant by characters in which there is no word.
fn without_words(text: &str) -> String {
    match text {
        "&&" | "&" | "+" => "write AND, or just a space".to_owned(),
        "||" | "|" => "write OR".to_owned(),
        "-" | "–" | "—" | "−" | "!" => "write NOT, or put `-` directly before what is excluded".to_owned(),
        "#" | "//" | "--" | "/*" | "*/" => {
            format!("a comment is written <<< why >>>; to look for these very characters write raw:\"{text}\"")
        }
        _ => format!("to look for these very characters write raw:\"{text}\""),
    }
}

/// A comparison with this quantity, and a range of it.
fn example(name: &str) -> String {
    match name {
        "age" => "age<7d, or age>=1d age<7d for a range".to_owned(),
        "published" => "published>=2026-01-01, or published=2026-01-31 for one day".to_owned(),
        "sentiment" => "sentiment<-0.3 for negative, sentiment>0.3 for positive".to_owned(),
        other => format!("{other}>=5, or {other}>=5 {other}<10 for a range"),
    }
}
