//! What happens to posts that somebody sends us?

use serde::Serialize;
use url::Url;

use super::schedule::{Parts, page_of};
use super::stream;
use crate::config::SourceConfig;
use crate::fetch;
use crate::model::{
    Counts, Duration, FetchProblem, LedgerError, Memory, Progress, ReadError, Reading, Rejection, Response, Timestamp,
};

/// Largest body of one push, in bytes.
pub const MAX_BODY: usize = 4 << 20;
/// Pushes that are read and written at the same time.
pub const AT_ONCE: usize = 16;
/// Longest that a sender waits for the disk.
const PATIENCE: Duration = Duration::seconds(20);
/// Most rejections that are told to the sender in words; all are counted.
const MAX_REJECTED: usize = 20;

/// One push, as it came.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: bytes::Bytes,
    pub received_at: Timestamp,
}

/// What became of a push, once it is durable.
#[derive(Clone, Debug, Serialize)]
pub struct Taken {
    /// Posts by outcome.
    pub counts: Counts,
    /// Posts that are gone now: those that we knew and did not know to be deleted.
    pub deleted: usize,
    /// Why items were rejected, the first of them.
    pub rejected: Vec<Rejection>,
}

/// Why a push was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("no source of this name takes posts")]
    NoSuchSource,
    #[error("{0}")]
    Unauthorised(String),
    #[error("{0}")]
    Unreadable(String),
    /// The disk takes no writes, or the daemon stops, or too many push at once: to be sent again later.
    #[error("nothing can be taken at the moment")]
    Stopped,
}

impl Parts {
    /// Reads a push with the source's own reader; returns when its posts are decided and durable.
    pub(super) async fn push(&self, source: &SourceConfig, pushed: Pushed) -> Result<Taken, PushError> {
        if !stream::is_pushed(source) {
            return Err(PushError::NoSuchSource);
        }
        if self.writer.is_stopped() {
            return Err(PushError::Stopped);
        }
        let page = self.read_push(source, pushed).await?;
        let rejected = page.reading.posts.iter().filter_map(|post| post.as_ref().err());
        let rejected = rejected.take(MAX_REJECTED).cloned().collect();
        let repaired = page.reading.repaired.clone();
        // Whoever sends it says that it is new: what is old is no reason to alert nobody.
        let writing = self.writer.page(page_of(source, page, false));
        let kept = match tokio::time::timeout(PATIENCE.to_std(), writing).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(LedgerError::Stopping | LedgerError::Unwritable { .. })) | Err(_) => return Err(PushError::Stopped),
        };
        self.board.answered(&source.name);
        self.board.page(&source.name, &kept.counts, &repaired, false);
        Ok(Taken { counts: kept.counts, deleted: kept.deleted, rejected })
    }

    async fn read_push(&self, source: &SourceConfig, pushed: Pushed) -> Result<fetch::Page, PushError> {
        let Pushed { headers, body, received_at } = pushed;
        let (url, bytes) = (address(source)?, body.len());
        let progress = self.progress(source)?;
        let response = Response { status: 200, url: url.clone(), headers, body, received_at };
        let read = self.door.read_pushed(source.source.clone(), progress, response).await;
        let problem = match read {
            Ok(Ok(reading)) => return Ok(whole(url, received_at, bytes, reading)),
            // Anybody can knock: that says nothing of how the source does.
            Ok(Err(ReadError::Unauthorised { why })) => {
                tracing::debug!(source = source.name, why, "a push was not authorised");
                return Err(PushError::Unauthorised(why));
            }
            Ok(Err(error)) => FetchProblem::Unreadable { why: error.to_string() },
            Err(problem) => problem,
        };
        self.board.asked(&source.name);
        if self.board.failed(&source.name, &problem) == 1 {
            tracing::warn!(source = source.name, %problem, "a push could not be read and was refused");
        }
        Err(PushError::Unreadable(problem.to_string()))
    }

    fn progress(&self, source: &SourceConfig) -> Result<Progress, PushError> {
        let state = self.store.source(&source.name).map_err(|_| PushError::Stopped)?;
        self.board.asked(&source.name);
        Ok(state.progress.start_poll())
    }
}

fn whole(url: Url, received_at: Timestamp, bytes: usize, reading: Reading) -> fetch::Page {
    fetch::Page { url, received_at, bytes, reading, last: true, gap: false, validators: None, fresh_for: None }
}

/// What relative links of pushed posts are resolved against: nothing that exists.
fn address(source: &SourceConfig) -> Result<Url, PushError> {
    Url::parse(&format!("https://pushed.invalid/{}/", source.name)).map_err(|_| PushError::NoSuchSource)
}
