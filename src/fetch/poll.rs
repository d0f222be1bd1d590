//! How is one poll of a source run, page by page?

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use url::Url;

use super::{Door, Fetched, Policy, quota};
use crate::model::event::Validators;
use crate::model::{
    Duration, FetchProblem, Next, Progress, Reading, Request, Response, Source, SourceState, Timestamp,
};

/// One page of a poll, read.
#[derive(Debug)]
pub struct Page {
    /// Where the answer came from after redirects; relative links are resolved against it.
    pub url: Url,
    pub received_at: Timestamp,
    /// Length of the body, decompressed.
    pub bytes: usize,
    /// How long the server says that the answer stays fresh.
    pub fresh_for: Option<Duration>,
    /// Its `progress` is where the source stands after this page.
    pub reading: Reading,
    /// The poll ends with this page: its progress and validators are to be kept.
    pub last: bool,
    /// The page bound was reached while the source wanted more: posts may be missing.
    pub gap: bool,
    /// Only with `last`: validators of the poll's first answer, for the next poll.
    pub validators: Option<Validators>,
}

/// What one step of a poll brought.
#[derive(Debug)]
pub enum Turned {
    /// A page; boxed because it is much larger than nothing new.
    Page(Box<Page>),
    /// The source answered that nothing changed since the last poll, which ends this one.
    Unchanged { received_at: Timestamp, fresh_for: Option<Duration> },
}

/// A poll under way. Dropping it ends it; nothing of the pages handed out is lost by that, and the cursor stays.
#[derive(Debug)]
pub struct Poll {
    door: Door,
    source: Arc<dyn Source>,
    policy: Policy,
    progress: Progress,
    /// What the last poll left for the first request of this one.
    known: Option<Validators>,
    /// What the first answer of this poll gave.
    first: Option<Validators>,
    /// What to do next, once known.
    next: Option<Next>,
    pages: u32,
    /// How often the source found another way in this poll.
    falls: u32,
}

/// Most other ways that a source takes in one poll, so that one that always knows another ends all the same.
const MAX_FALLS: u32 = 4;

impl Door {
    /// Begins a poll of a source that stands at `state`. Nothing is asked before [`Poll::turn`].
    pub fn poll(&self, source: Arc<dyn Source>, state: &SourceState, policy: Policy) -> Poll {
        Poll {
            door: self.clone(),
            source,
            policy,
            progress: state.progress.start_poll(),
            known: state.validators.clone(),
            first: None,
            next: None,
            pages: 0,
            falls: 0,
        }
    }

    /// Runs a reader on a thread of its own kind, as many at once as there are cores; a panic in it is only an
    /// answer that cannot be read.
    pub(super) async fn in_reader<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, FetchProblem> {
        let stopping = || FetchProblem::Unreadable { why: "the daemon is stopping".into() };
        let _reader = self.0.readers.clone().acquire_owned().await.map_err(|_| stopping())?;
        tokio::task::spawn_blocking(move || caught(read)).await.map_err(|_| stopping())?
    }
}

impl Poll {
    /// Asks and reads the next page; `None` when the poll is complete. Each page is the caller's to make durable before
    /// the next one is asked. Where the asking fails, the source may know another way ([`Source::fall_back`]). After an
    /// error the poll is over.
    pub async fn turn(&mut self) -> Result<Option<Turned>, FetchProblem> {
        loop {
            let next = match self.next.take() {
                Some(next) => next,
                None => caught(|| self.source.next(&self.progress))?,
            };
            let request = match next {
                Next::Http(request) => request,
                // What comes by itself is not polled for.
                Next::Subscribe(_) | Next::Done => return Ok(self.end()),
            };
            // Boxed, so that a task that only sleeps until its source is due keeps no room for a request under way.
            let turned = Box::pin(self.ask(&request)).await;
            if let Err(problem) = &turned
                && self.fall_back(problem)
            {
                continue;
            }
            if !matches!(&turned, Ok(Turned::Page(page)) if !page.last) {
                self.next = Some(Next::Done);
            }
            return turned.map(Some);
        }
    }

    /// Takes the other way that the source knows, if it knows one.
    fn fall_back(&mut self, problem: &FetchProblem) -> bool {
        if self.falls >= MAX_FALLS {
            return false;
        }
        let Ok(Some(progress)) = caught(|| self.source.fall_back(&self.progress, problem)) else { return false };
        self.falls += 1;
        self.progress = progress;
        true
    }

    fn end(&mut self) -> Option<Turned> {
        self.next = Some(Next::Done);
        None
    }

    async fn ask(&mut self, request: &Request) -> Result<Turned, FetchProblem> {
        // Only the first request of a poll is the same as that of the last poll; later pages are asked for in full.
        let known = self.known.take();
        let (fetched, slot) = self.door.ask_holding(request, known.as_ref(), &self.policy).await?;
        // Later pages follow one another, and are never late.
        self.policy.due = None;
        let (response, validators) = match fetched {
            Fetched::Unchanged { received_at, fresh_for } => return Ok(Turned::Unchanged { received_at, fresh_for }),
            Fetched::Answer { response, validators } => (response, validators),
        };
        self.first.get_or_insert(validators);
        let (url, received_at, bytes) = (response.url.clone(), response.received_at, response.body.len());
        let fresh_for = quota::fresh_for(|name| response.header(name));
        let (reading, next) = self.read(response).await?;
        drop(slot);
        self.pages += 1;
        let done = matches!(next, Next::Subscribe(_) | Next::Done);
        let last = done || self.pages >= self.policy.max_pages;
        self.progress = reading.progress.clone();
        self.next = Some(next);
        let validators = if last { self.first.take() } else { None };
        Ok(Turned::Page(Box::new(Page {
            url,
            received_at,
            bytes,
            fresh_for,
            reading,
            last,
            gap: last && !done,
            validators,
        })))
    }

    /// Reads an answer and asks the source what it wants next; keeps the wait that the site asked for.
    async fn read(&self, response: Response) -> Result<(Reading, Next), FetchProblem> {
        let told = self.door.told(&response, &self.policy);
        let (source, progress) = (self.source.clone(), self.progress.clone());
        let read = move || {
            let reading = source.read(&progress, &response)?;
            let next = source.next(&reading.progress);
            Ok((reading, next))
        };
        let (reading, next) = self.door.in_reader(read).await?.map_err(|error| self.door.unread(&told, Some(error)))?;
        if let Some(wait) = reading.wait {
            self.door.hold_after(&told, wait, "its answer says so");
        }
        // The kind may find no error in the body of a refusal; the status is one all the same.
        if told.is_refusal() { Err(self.door.unread(&told, None)) } else { Ok((reading, next)) }
    }
}

/// Runs what a kind wrote; a panic in it is told as an answer that cannot be read.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, FetchProblem> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let said = panic.downcast_ref::<&str>().map(|said| said.to_string());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        let said: String = said.chars().take(200).collect();
        FetchProblem::Unreadable { why: format!("its reader broke on it, which is a bug of Overheard: {said}") }
    })
}
