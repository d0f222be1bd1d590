//! Who decides, writes the journal and brings the views up to date, in which order?
//!
//! One thread. It takes all jobs that wait (bounded), decides their pages one after the other, appends all
//! frames with one sync, applies them to the views in order, and only then answers. So a decision sees every
//! earlier one, nothing is acknowledged before it is durable, and no view is ahead of the journal.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use metrics::{counter, gauge};
use tokio::sync::{mpsc, oneshot};

use super::data::Places;
use super::lessons::Lessons;
use super::{Decision, Learned, Nearby, Overlay, Page, Rules, decide};
use crate::archive::Archive;
use crate::journal::{Journal, JournalError};
use crate::model::{
    Alert, AlertId, Counts, Duration, Event, Ledger, LedgerError, Memory, PageRead, Position, PostId, View, ViewError,
};
use crate::store::Store;
use crate::telemetry::{ALERTS, HELD_BACK, INTAKE_STOPPED, JOURNAL_POSITION};

/// Jobs that may wait; then senders wait.
const QUEUE: usize = 256;
/// Jobs that share one write at most.
const GROUP: usize = 64;
/// How long until the disk is tried again.
const RETRY: Duration = Duration::seconds(1);
/// After this many failures in a row a store counts as broken.
const FAILURES_OF_A_BROKEN_STORE: u32 = 5;
/// Intake stops while less than this is free: the views need room too.
pub const MIN_FREE_BYTES: u64 = 64 << 20;

/// What a page brought, once it is durable.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    pub counts: Counts,
    /// Mentions of a first poll that alerted nobody for their age.
    pub held_back_by_age: u64,
    /// Posts known to us that the page said were deleted.
    pub deleted: usize,
}

/// The way to the writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    stopped: Arc<AtomicBool>,
}

enum Job {
    Page(Box<Page>, oneshot::Sender<Result<Kept, LedgerError>>),
    Events(Vec<Event>, oneshot::Sender<Result<Position, LedgerError>>),
    /// Runs between two writes, with the journal at rest.
    Aside(Box<dyn FnOnce(&mut Journal) + Send>),
    /// Nothing is taken after this.
    End,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Page(..) => "Page",
            Self::Events(..) => "Events",
            Self::Aside(..) => "Aside",
            Self::End => "End",
        })
    }
}

/// What the writer writes to.
pub struct Desk {
    pub journal: Journal,
    pub store: Arc<Store>,
    pub archive: Arc<Archive>,
    /// The data directory, whose free space is watched.
    pub dir: PathBuf,
    pub rules: Arc<ArcSwap<Rules>>,
    /// What people taught; kept up to date here.
    pub lessons: Arc<Lessons>,
    /// Called with a receiver's name when an alert for it is durable.
    pub wake: Box<dyn Fn(&str) + Send>,
}

impl Writer {
    /// Starts the thread; it ends, and gives the journal back, after [`Writer::close`].
    pub fn start(desk: Desk) -> std::io::Result<(Self, std::thread::JoinHandle<Journal>)> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let stopped = Arc::new(AtomicBool::new(false));
        let nearby = Nearby::before(desk.archive.clone());
        let learned = Learned { nearby, lessons: Some(desk.lessons.clone()), ..Learned::default() };
        let at_work = AtWork { desk, learned, stopped: stopped.clone() };
        let thread = std::thread::Builder::new().name("writer".into()).spawn(move || at_work.run(waiting))?;
        Ok((Self { jobs, stopped }, thread))
    }

    /// Hands a page in; returns when its posts are decided, durable and applied. While the disk takes no
    /// writes this waits: the page is not lost, and whoever brought it brings no more.
    pub async fn page(&self, page: Page) -> Result<Kept, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Page(Box::new(page), reply)).await.map_err(|_| LedgerError::Stopping)?;
        answer.await.map_err(|_| LedgerError::Stopping)?
    }

    /// Runs something on the journal between two writes and returns what it made.
    pub async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Journal) -> T + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        // Nobody waiting for the answer any more is no reason to fail.
        let job = Job::Aside(Box::new(move |journal| drop(reply.send(work(journal)))));
        self.jobs.send(job).await.map_err(|_| LedgerError::Stopping)?;
        answer.await.map_err(|_| LedgerError::Stopping)
    }

    /// Lets the thread finish what waits, take nothing more, and end.
    pub async fn close(&self) {
        // An error means that it has ended already.
        let _ = self.jobs.send(Job::End).await;
    }

    /// Whether the disk takes no writes and intake stands still.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

impl Ledger for Writer {
    fn record(&self, events: Vec<Event>) -> BoxFuture<'_, Result<Position, LedgerError>> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            self.jobs.send(Job::Events(events, reply)).await.map_err(|_| LedgerError::Stopping)?;
            answer.await.map_err(|_| LedgerError::Stopping)?
        })
    }
}

struct AtWork {
    desk: Desk,
    learned: Learned,
    stopped: Arc<AtomicBool>,
}

/// A frame that waits for its write, and who waits for it.
struct Frame {
    events: Vec<Event>,
    waits: Waits,
    /// Of a page: every post that it lists.
    listed: Vec<PostId>,
}

enum Waits {
    Page(Kept, oneshot::Sender<Result<Kept, LedgerError>>),
    Events(oneshot::Sender<Result<Position, LedgerError>>),
}

impl AtWork {
    fn run(mut self, mut waiting: mpsc::Receiver<Job>) -> Journal {
        while let Some(first) = waiting.blocking_recv() {
            let mut group = Vec::new();
            let mut next = Some(first);
            while let Some(job) = next {
                match job {
                    // What is in the queue behind it is still done; nothing new comes in.
                    Job::End => waiting.close(),
                    Job::Page(..) | Job::Events(..) | Job::Aside(_) => group.push(job),
                }
                next = if group.len() < GROUP { waiting.try_recv().ok() } else { None };
            }
            self.work(group);
        }
        self.desk.journal
    }

    fn work(&mut self, group: Vec<Job>) {
        self.wait_for_room();
        let mut frames = Vec::with_capacity(group.len());
        let mut asides = Vec::new();
        let store = self.desk.store.clone();
        let mut overlay = Overlay::new(store.as_ref());
        for job in group {
            match job {
                Job::Page(page, reply) => frames.extend(self.decide_page(*page, reply, &mut overlay)),
                Job::Events(events, reply) => {
                    overlay.forget(&events);
                    frames.push(Frame { events, waits: Waits::Events(reply), listed: Vec::new() })
                }
                Job::Aside(work) => asides.push(work),
                // Taken out of every group before.
                Job::End => {}
            }
        }
        if !frames.is_empty() {
            self.write(frames);
        }
        for aside in asides {
            aside(&mut self.desk.journal);
        }
    }

    fn decide_page(
        &mut self,
        page: Page,
        reply: oneshot::Sender<Result<Kept, LedgerError>>,
        overlay: &mut Overlay<'_>,
    ) -> Option<Frame> {
        match decide(page, &self.desk.rules.load(), overlay, &mut self.learned) {
            Ok(Decision { read, listed, deleted }) => {
                let held = read.posts.iter().flat_map(|post| &post.held_back);
                let kept = Kept {
                    counts: read.counts,
                    held_back_by_age: held.filter(|why| why.name() == "first_poll").count() as u64,
                    deleted: deleted.len(),
                };
                let deleted = (!deleted.is_empty()).then_some(Event::Deleted { posts: deleted, at: read.at });
                let events = std::iter::once(Event::Page(Box::new(read))).chain(deleted).collect();
                Some(Frame { events, waits: Waits::Page(kept, reply), listed })
            }
            Err(error) => {
                tracing::error!(%error, "cannot decide on a page; it will be asked for again");
                // The poller may be gone by now; the page is read again at the next poll either way.
                let _ = reply.send(Err(LedgerError::Unwritable { why: error.to_string() }));
                None
            }
        }
    }

    /// Appends until the disk takes it: decided pages stay here and nothing new is taken meanwhile.
    fn write(&mut self, frames: Vec<Frame>) {
        let mut events = Vec::with_capacity(frames.len());
        let mut rest = Vec::with_capacity(frames.len());
        for frame in frames {
            events.push(frame.events);
            rest.push((frame.waits, frame.listed));
        }
        let positions = loop {
            match self.desk.journal.append(&events) {
                Ok(positions) => break positions,
                // It would never be taken; the others must not wait for it.
                Err(JournalError::Unwritable { frame, why }) if frame < events.len() => {
                    tracing::error!(%why, "what was decided on a page cannot be written and is read again");
                    events.remove(frame);
                    refuse(rest.remove(frame).0, why);
                }
                Err(error) => self.stand_still(&error.to_string()),
            }
        };
        self.go_on();
        for ((position, events), (waits, listed)) in positions.into_iter().zip(events).zip(rest) {
            self.apply(position, &events);
            self.note_listed(&events, &listed);
            answer(waits, position);
        }
    }

    /// Brings both views up to date; a view that cannot be written holds everything up until it can, since
    /// a decision on an old view could alert twice.
    fn apply(&self, position: Position, events: &[Event]) {
        let mut failures = 0;
        while let Err(error) = self.desk.store.apply(position, events) {
            self.stand_still(&error.to_string());
            failures += 1;
            if failures % FAILURES_OF_A_BROKEN_STORE == 0 {
                self.make_store_anew();
            }
        }
        while let Err(error) = self.desk.archive.apply(position, events) {
            self.stand_still(&error.to_string());
        }
        self.go_on();
        gauge!(JOURNAL_POSITION).set(position.0 as f64);
        for event in events {
            self.desk.lessons.take(event, &self.desk.store);
            match event {
                Event::Page(read) => self.announce(read),
                Event::Replayed { alert, .. } => self.wake_for(alert),
                Event::DayOver { alerts, .. } | Event::FloodOver { alerts, .. } | Event::Issue { alerts, .. } => {
                    alerts.iter().for_each(|alert| self.told(alert))
                }
                Event::Delivery(_)
                | Event::SourceGone { .. }
                | Event::Expired { .. }
                | Event::Down { .. }
                | Event::Thread(_)
                | Event::Deleted { .. }
                | Event::Forgotten { .. }
                | Event::Readmitted { .. }
                | Event::Feedback(_) => {}
            }
        }
    }

    /// A store that takes nothing any more is broken: the journal has everything to make another one.
    fn make_store_anew(&self) {
        let history = self.desk.journal.history();
        let snapshots = Places::of(&self.desk.dir).snapshots;
        match self.desk.store.make_anew(&snapshots, history.last(), |after| history.replay(after)) {
            Ok(restored) => {
                tracing::warn!(frames = restored.frames, "the store was broken and made anew from the journal")
            }
            Err(error) => tracing::error!(%error, "the store is broken and cannot be made anew yet"),
        }
    }

    fn note_listed(&self, events: &[Event], listed: &[PostId]) {
        for event in events {
            if let Event::Page(read) = event
                && let Err(error) = self.desk.store.listed(&read.source, listed, read.at)
            {
                // Remembered a little shorter than it should be; the next poll notes it again.
                tracing::debug!(%error, source = read.source, "cannot note what a page lists");
            }
        }
    }

    fn announce(&self, read: &PageRead) {
        for decided in &read.posts {
            for why in &decided.held_back {
                counter!(HELD_BACK, "reason" => why.name()).increment(1);
            }
            decided.alerts.iter().for_each(|alert| self.told(alert));
        }
    }

    fn told(&self, alert: &Alert) {
        counter!(ALERTS, "receiver" => alert.receiver.clone()).increment(1);
        (self.desk.wake)(&alert.receiver);
    }

    fn wake_for(&self, alert: &AlertId) {
        match self.desk.store.delivery(alert) {
            Ok(Some(delivery)) => (self.desk.wake)(&delivery.alert.receiver),
            Ok(None) => {}
            Err(ViewError { why, .. }) => tracing::warn!(%why, "cannot find the replayed alert"),
        }
    }

    fn wait_for_room(&self) {
        // A disk that cannot be asked is not known to be full; the append will tell.
        while fs4::available_space(&self.desk.dir).is_ok_and(|free| free < MIN_FREE_BYTES) {
            self.stand_still("less than 64 MiB are free on the disk of the data directory");
        }
        self.go_on();
    }

    fn stand_still(&self, why: &str) {
        if !self.stopped.swap(true, Ordering::Relaxed) {
            tracing::error!(why, "intake stopped: nothing can be written; it goes on by itself when there is room");
            gauge!(INTAKE_STOPPED).set(1.0);
        }
        std::thread::sleep(RETRY.to_std());
    }

    fn go_on(&self) {
        if self.stopped.swap(false, Ordering::Relaxed) {
            tracing::info!("intake goes on: the disk takes writes again");
            gauge!(INTAKE_STOPPED).set(0.0);
        }
    }
}

fn refuse(waits: Waits, why: String) {
    match waits {
        Waits::Page(_, reply) => drop(reply.send(Err(LedgerError::Unwritable { why }))),
        Waits::Events(reply) => drop(reply.send(Err(LedgerError::Unwritable { why }))),
    }
}

/// Whoever asked may be gone; what was written stays written.
fn answer(waits: Waits, position: Position) {
    match waits {
        Waits::Page(kept, reply) => drop(reply.send(Ok(kept))),
        Waits::Events(reply) => drop(reply.send(Ok(position))),
    }
}
