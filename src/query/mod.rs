//! What does a query mean, and is it true of a post?
//!
//! One language for watches, routes, silences, the search box, the command line and the API. A text goes
//! through the lexer and the parser into an [`ast::Expr`], whose clauses hold words as [`words()`] makes
//! them; the evaluator asks it about one post, the archive turns it into a plan for its index. Both mean
//! the same, because posts and queries are split into words by the same function.

pub mod ast;
mod doubt;
mod error;
pub mod eval;
mod explain;
mod field;
mod find;
mod habit;
mod lexer;
pub mod lint;
mod names;
mod parser;
mod print;
pub mod reference;
mod term;
mod why;
mod words;

#[cfg(test)]
mod tests;

use std::fmt;

pub use doubt::{Doubt, doubts};
pub use error::{Problem, QueryError};
pub use names::{NameError, Names};
pub use parser::{MAX_CLAUSES, MAX_DEPTH, MAX_LENGTH};
pub use term::MAX_PHRASE;
pub use why::{Because, MAX_ALTERNATIVES, why, why_not};
pub use words::{MAX_WORD, Word, WordList, hash, words};

use crate::model::{ClauseHit, Outcome, Post, Timestamp};
use ast::Expr;

/// Where a query runs; decides which fields exist. Each place has the fields of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// On every new post: text and source fields, and age, replies and likes as of arrival.
    Watch,
    /// On every mention (routes, silences): also score, label, sentiment, watch and owner.
    Route,
    /// On the archive: also status and outcome.
    Search,
}

/// A parsed query. Prints its canonical form, which parses to an equal query.
#[derive(Clone, Debug)]
pub struct Query {
    expr: Expr,
    source: String,
}

/// What a query is asked about: a post with its words, the time, and what was decided on it so far.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub post: &'a Post,
    /// The words of `post.title`.
    pub title: &'a WordList,
    /// The words of `post.text`.
    pub text: &'a WordList,
    pub now: Timestamp,
    /// Unknown facts make clauses about them false.
    pub facts: Option<&'a Facts>,
}

/// What was decided on a post.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Names of the watches it satisfied.
    pub watches: Vec<String>,
    /// Owners of these watches.
    pub owners: Vec<String>,
    /// `problem`, or with the child after a slash: `problem/outage`.
    pub labels: Vec<String>,
    /// 0–100.
    pub score: Option<f64>,
    /// −1…1.
    pub sentiment: Option<f64>,
    /// Of its triage: `new`, `acknowledged`, …
    pub status: Option<String>,
    /// How it ended when it was read last.
    pub outcome: Option<Outcome>,
}

impl Query {
    /// Reads a query as a user wrote it.
    pub fn parse(text: &str, place: Place, names: &Names) -> Result<Self, QueryError> {
        let expr = parser::parse(text, place, names)?.expr;
        if place == Place::Watch && expr.holds_of_nothing() {
            return Err(Problem::OnlyExcludes.at(0..text.len()));
        }
        Ok(Self { expr, source: text.to_owned() })
    }

    /// The same kept to posts of which `scope` is true too; [`Query::source`] stays as it was written.
    pub fn within(self, scope: Expr) -> Self {
        Self { expr: Expr::all(vec![self.expr, scope]), source: self.source }
    }

    /// True of every post that one of the two is true of.
    pub fn or(&self, other: &Query) -> Self {
        let source = format!("({self}) OR ({other})");
        Self { expr: Expr::any(vec![self.expr.clone(), other.expr.clone()]), source }
    }

    /// What it says.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The query as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the query is true of a post.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        eval::holds(&self.expr, subject)
    }

    /// The positive clauses that are true of a post and where; `None` when the query is not true of it.
    pub fn explain(&self, subject: &Subject<'_>) -> Option<Vec<ClauseHit>> {
        self.matches(subject).then(|| self.hits(subject))
    }

    /// The same of a post of which the query is known to be true.
    pub fn hits(&self, subject: &Subject<'_>) -> Vec<ClauseHit> {
        explain::hits(&self.expr, subject)
    }
}

impl PartialEq for Query {
    /// Two queries are equal when they mean the same, however they were written.
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.expr)
    }
}
