//! What can be wrong with a query, where, and what would be right?

use std::ops::Range;

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
}

impl QueryError {
    /// What is wrong, as a sentence without full stop.
    pub fn what(&self) -> String {
        self.problem.to_string()
    }

    /// What would be right, where that can be told.
    pub fn hint(&self) -> Option<String> {
        None
    }

    /// Line and column of the error in the query's text, both from 1, the column in characters.
    pub fn position(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.span.start.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        (line, before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1)
    }
}
