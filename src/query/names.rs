//! What does a `$name` in a query stand for?

use std::collections::BTreeMap;

use super::QueryError;

/// The lists and fragments that queries may name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {}

/// One thing wrong in the lists.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct NameError {
    /// The list.
    pub name: String,
    /// Which of its entries, from 0.
    pub entry: usize,
    /// The span counts bytes of the entry.
    pub error: QueryError,
}

impl Names {
    /// Reads every list; each entry is a query, the list is their OR.
    pub fn new(lists: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<NameError>> {
        let _ = lists;
        Ok(Self::default())
    }
}
