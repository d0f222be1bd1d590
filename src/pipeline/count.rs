//! Of how many archived posts is each of many queries true?

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::data::Places;
use crate::archive::{AgeTo, Archive, ArchiveError, Window};
use crate::clock::Clock;
use crate::journal::DataLock;
use crate::model::Duration;
use crate::query::{Names, Place, Query, QueryError};

/// Most queries of one question.
pub const MAX_QUERIES: usize = 1_000;
/// After this time no further query is begun.
pub const PATIENCE: Duration = Duration::seconds(10);

/// What to count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountQuestion {
    /// In the query language, without names of lists; at most [`MAX_QUERIES`].
    pub queries: Vec<String>,
}

/// What was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountAnswer {
    /// All archived posts.
    pub total: usize,
    /// For each query the posts that it is true of, with their age as of arrival; absent where the query is too broad
    /// for the index, or the time was over.
    pub counts: Vec<Option<usize>>,
}

/// Why nothing was counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    #[error("there are {given} queries; at most {MAX_QUERIES} are counted at once")]
    TooMany { given: usize },
    #[error("query {number}: {error}")]
    Query { number: usize, error: QueryError },
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// An archive that no daemon has open, for looking only.
#[derive(Debug)]
pub struct Alone {
    archive: Archive,
    _lock: DataLock,
}

impl Alone {
    /// Opens the archive of a data directory, if there is one and nobody else has it. What it lacks is brought by the
    /// next start, as always.
    pub fn open(dir: &Path, clock: &Clock) -> Option<Self> {
        let places = Places::of(dir);
        if !places.archive.is_dir() {
            return None;
        }
        let lock = DataLock::acquire(dir).ok()?;
        let (archive, _) = Archive::open(&places.archive, clock.clone()).ok()?;
        Some(Self { archive, _lock: lock })
    }

    /// As [`count`].
    pub fn count(&self, ask: &CountQuestion, clock: &Clock) -> Result<CountAnswer, CountError> {
        count(&self.archive, ask, clock)
    }
}

/// Counts over the whole archive, for a thread that may block.
///
/// # Errors
/// There are too many queries, one cannot be read, or the archive cannot.
pub fn count(archive: &Archive, ask: &CountQuestion, clock: &Clock) -> Result<CountAnswer, CountError> {
    if ask.queries.len() > MAX_QUERIES {
        return Err(CountError::TooMany { given: ask.queries.len() });
    }
    let queries = ask.queries.iter().enumerate().map(|(index, text)| {
        let parsed = Query::parse(text, Place::Search, &Names::default());
        parsed.map_err(|error| CountError::Query { number: index + 1, error })
    });
    let queries = queries.collect::<Result<Vec<_>, _>>()?;
    let total = archive.arrived(Window::ALWAYS)?;
    let started = clock.now();
    let count = |query: &Query| {
        let in_time = clock.now().since(started) < PATIENCE;
        in_time.then(|| archive.count_within(query, Window::ALWAYS, AgeTo::Arrival).ok()).flatten()
    };
    Ok(CountAnswer { total, counts: queries.iter().map(count).collect() })
}
