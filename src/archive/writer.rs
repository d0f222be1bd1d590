//! How does the one thread write posts so that they are soon visible and none is lost?

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tantivy::collector::DocSetCollector;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::query::Query;
use tantivy::{Index, IndexReader, IndexWriter, TantivyDocument};

use crate::clock::Clock;
use crate::model::{Position, PostId, StoryId, Timestamp};

use super::queue::{Change, News, Queue, Taken, Task};
use super::schema::{Fields, Key};

/// Longest that a post waits for its commit.
const COMMIT_WAIT: Duration = Duration::from_millis(300);
/// Longest that a position without posts waits: it only saves a restart from looking at a few frames again.
const POSITION_WAIT: Duration = Duration::from_secs(10);
/// Most posts in one commit.
const BATCH_POSTS: usize = 5_000;
/// Most bytes of title and text in one commit: the batch is kept until it is durable, to be written again.
const BATCH_BYTES: usize = 4 << 20;
/// Memory for posts that tantivy has not written to a file yet, in bytes. Enough for a batch; a third of it is
/// cleared at every commit, so more of it makes small commits slower.
const WRITER_MEMORY: usize = 16_000_000;
/// Share of deleted posts from which a segment is written anew: without it retention never frees space.
const DELETED_BEFORE_MERGE: f32 = 0.3;
/// Segments with fewer posts than this are merged with each other whatever their sizes. tantivy's own figure is 10,000: a commit
/// of one post would then, every seventh time, rewrite up to 10,000.
const SMALL_SEGMENT: u32 = 256;
/// First and longest pause between attempts to write; it doubles from one to the other.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// What the writer's thread owns.
pub(super) struct Writer {
    pub(super) index: Index,
    pub(super) reader: IndexReader,
    pub(super) fields: Fields,
    pub(super) clock: Clock,
    pub(super) queue: Arc<Queue>,
    /// The position last made durable; read by everybody.
    pub(super) committed: Arc<AtomicU64>,
    /// `None` after a failure, until the next attempt.
    pub(super) tantivy: Option<IndexWriter>,
    pub(super) batch: Batch,
}

/// What was taken from the queue and is not durable yet.
#[derive(Default)]
pub(super) struct Batch {
    tasks: Vec<Task>,
    /// Tasks taken, also those that changed nothing and are not kept.
    taken: u64,
    posts: usize,
    bytes: usize,
    /// When the first of them was taken.
    since: Option<Timestamp>,
    position: Option<Position>,
}

/// Opens tantivy's writer: one thread that indexes, one that merges.
pub(super) fn open_writer(index: &Index) -> tantivy::Result<IndexWriter> {
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .memory_budget_per_thread(WRITER_MEMORY)
        .num_merge_threads(1)
        .build();
    let writer = index.writer_with_options(options)?;
    let mut merging = LogMergePolicy::default();
    merging.set_del_docs_ratio_before_merge(DELETED_BEFORE_MERGE);
    merging.set_min_layer_size(SMALL_SEGMENT);
    writer.set_merge_policy(Box::new(merging));
    Ok(writer)
}

impl Batch {
    fn add(&mut self, task: Task, now: Timestamp) {
        self.taken += 1;
        self.since.get_or_insert(now);
        if let Task::Frame { position, changes } = &task {
            self.position = Some(*position);
            self.posts += task.posts();
            self.bytes += changes.iter().map(Change::bytes).sum::<usize>();
            if changes.is_empty() {
                return;
            }
        }
        self.tasks.push(task);
    }

    /// How long its oldest task may wait.
    fn patience(&self) -> Duration {
        if self.tasks.is_empty() { POSITION_WAIT } else { COMMIT_WAIT }
    }

    /// How much of that is left. A clock that jumps back never makes it longer than the whole.
    fn left(&self, now: Timestamp) -> Option<Duration> {
        let waited = now.since(self.since?).to_std();
        Some(self.patience().saturating_sub(waited))
    }

    fn is_full(&self) -> bool {
        self.posts >= BATCH_POSTS || self.bytes >= BATCH_BYTES
    }
}

impl Change {
    /// Bytes of title and text.
    fn bytes(&self) -> usize {
        match self {
            Self::Keep(record) => record.post.title.len() + record.post.text.len(),
            Self::Drop(_) | Self::Merge { .. } | Self::Stand { .. } => 0,
        }
    }
}

impl Batch {
    /// Whether a task looks at something in the index that waits here to be there.
    fn holds_back(&self, task: &Task) -> bool {
        let Task::Frame { changes, .. } = task else { return true };
        let mut looked_at = HashSet::new();
        for change in changes {
            match change {
                Change::Merge { .. } => return true,
                Change::Stand { post, .. } => drop(looked_at.insert(*post)),
                Change::Keep(_) | Change::Drop(_) => {}
            }
        }
        !looked_at.is_empty() && self.tasks.iter().any(|task| task.touches(&looked_at))
    }
}

impl Task {
    /// Whether it changes one of these posts, or which ones cannot be told.
    fn touches(&self, posts: &HashSet<PostId>) -> bool {
        let Self::Frame { changes, .. } = self else { return true };
        changes.iter().any(|change| match change {
            Change::Keep(record) => posts.contains(&record.post.id),
            Change::Drop(post) | Change::Stand { post, .. } => posts.contains(post),
            Change::Merge { .. } => true,
        })
    }
}

impl Writer {
    /// Works until it is told to stop; what was taken by then is durable, unless writing fails.
    pub(super) fn run(mut self) {
        loop {
            match self.queue.take(self.batch.left(self.clock.now())) {
                Taken::Task(task) => {
                    if self.batch.holds_back(&task) && !self.settle(Ok(())) {
                        return;
                    }
                    if !self.accept(task) {
                        return;
                    }
                }
                Taken::Nothing => {
                    if !self.settle(Ok(())) {
                        return;
                    }
                }
                Taken::Stop => {
                    self.settle(Ok(()));
                    return;
                }
            }
        }
    }

    /// Adds a task to the batch, and settles the batch when it is time. False when told to stop.
    fn accept(&mut self, task: Task) -> bool {
        let added = self.guarded(|writer| writer.add(&task));
        self.batch.add(task, self.clock.now());
        let due = self.batch.is_full() || self.batch.left(self.clock.now()) == Some(Duration::ZERO);
        if added.is_ok() && !due {
            return true;
        }
        self.settle(added)
    }

    /// Makes the batch durable, however many attempts it takes. False when told to stop before.
    fn settle(&mut self, so_far: Result<(), String>) -> bool {
        if self.batch.taken == 0 {
            return true;
        }
        let mut attempt = so_far.and_then(|()| self.guarded(Self::commit));
        let mut pause = PAUSE.0;
        while let Err(why) = attempt {
            // A writer that failed once refuses everything after; a new one starts from the last commit.
            self.tantivy = None;
            self.queue.failed(why, self.clock.now());
            if !self.queue.pause(pause) {
                return false;
            }
            pause = (pause * 2).min(PAUSE.1);
            attempt = self.guarded(Self::write_again);
        }
        let batch = std::mem::take(&mut self.batch);
        self.queue.committed(batch.taken, batch.posts);
        true
    }

    fn write_again(&mut self) -> Result<(), String> {
        let tasks = std::mem::take(&mut self.batch.tasks);
        let added = tasks.iter().try_for_each(|task| self.add(task));
        self.batch.tasks = tasks;
        added?;
        self.commit()
    }

    /// Hands a task to tantivy. Doing it twice is the same as doing it once.
    fn add(&mut self, task: &Task) -> Result<(), String> {
        match task {
            Task::Frame { changes, .. } => changes.iter().try_for_each(|change| self.change(change, changes)),
            Task::Forget(posts) => posts.iter().try_for_each(|post| self.replace(*post, None)),
        }
    }

    /// Makes one of the changes `all` of a frame.
    fn change(&mut self, change: &Change, all: &[Change]) -> Result<(), String> {
        match change {
            Change::Keep(record) => {
                let document = self.fields.document(record)?;
                self.replace(record.post.id, Some(document))
            }
            Change::Drop(post) => self.replace(*post, None),
            Change::Merge { from, into } => self.merge_story(*from, *into),
            Change::Stand { post, news } => self.stand(*post, news, all),
        }
    }

    /// A post as last committed, with what became of it. One that is not there stays away.
    fn stand(&mut self, post: PostId, news: &[News], all: &[Change]) -> Result<(), String> {
        let found = self.documents(&self.fields.having(Key::Id, &post.0)).map_err(|why| why.to_string())?;
        let Some(document) = found.first() else { return Ok(()) };
        let mut record = self.fields.record_of(document).map_err(|why| why.to_string())?;
        let before = record.clone();
        news.iter().for_each(|news| record.take(news));
        if record == before {
            return Ok(());
        }
        // Its story may move in the same frame, and what is committed does not know.
        for change in all {
            if let Change::Merge { from, into } = change
                && record.story == *from
            {
                record.story = *into;
            }
        }
        let document = self.fields.document(&record)?;
        self.replace(post, Some(document))
    }

    /// Every post of a story, as last committed, moves to another story.
    fn merge_story(&mut self, from: StoryId, into: StoryId) -> Result<(), String> {
        for document in self.members(from).map_err(|why| why.to_string())? {
            let mut record = self.fields.record_of(&document).map_err(|why| why.to_string())?;
            if record.story == from {
                record.story = into;
                let document = self.fields.document(&record)?;
                self.replace(record.post.id, Some(document))?;
            }
        }
        Ok(())
    }

    fn members(&self, story: StoryId) -> tantivy::Result<Vec<TantivyDocument>> {
        self.documents(&self.fields.in_story(story))
    }

    fn documents(&self, query: &dyn Query) -> tantivy::Result<Vec<TantivyDocument>> {
        let searcher = self.reader.searcher();
        let found = searcher.search(query, &DocSetCollector)?;
        found.into_iter().map(|address| searcher.doc(address)).collect()
    }

    fn replace(&mut self, post: PostId, document: Option<TantivyDocument>) -> Result<(), String> {
        let id = self.fields.term(Key::Id, &post.0);
        let writer = self.writer().map_err(|why| why.to_string())?;
        writer.delete_term(id);
        if let Some(document) = document {
            writer.add_document(document).map_err(|why| why.to_string())?;
        }
        Ok(())
    }

    fn writer(&mut self) -> tantivy::Result<&mut IndexWriter> {
        let writer = match self.tantivy.take() {
            Some(writer) => writer,
            None => open_writer(&self.index)?,
        };
        Ok(self.tantivy.insert(writer))
    }

    /// Makes durable and visible what was added, together with the position reached.
    fn commit(&mut self) -> Result<(), String> {
        let position = self.batch.position.map_or(self.committed.load(Ordering::Acquire), |position| position.0);
        self.commit_at(position).map_err(|why| why.to_string())?;
        if self.batch.tasks.iter().any(|task| matches!(task, Task::Forget(_))) {
            self.expunge().map_err(|why| why.to_string())?;
        }
        self.committed.store(position, Ordering::Release);
        Ok(())
    }

    fn commit_at(&mut self, position: u64) -> tantivy::Result<()> {
        let mut prepared = self.writer()?.prepare_commit()?;
        prepared.set_payload(&position.to_string());
        prepared.commit()?;
        self.reader.reload()
    }

    /// Writes every segment anew that still holds deleted posts.
    fn expunge(&mut self) -> tantivy::Result<()> {
        let segments = self.index.searchable_segment_metas()?;
        for segment in segments.iter().filter(|segment| segment.has_deletes()) {
            // A merge that runs already does the same; it is left to it.
            let _ = self.writer()?.merge(&[segment.id()]).wait();
        }
        self.reader.reload()?;
        self.writer()?.garbage_collect_files().wait()?;
        Ok(())
    }

    /// Runs a step; a panic of the library is an error like others.
    fn guarded(&mut self, step: impl FnOnce(&mut Self) -> Result<(), String>) -> Result<(), String> {
        catch_unwind(AssertUnwindSafe(|| step(self))).unwrap_or_else(|panic| Err(panic_text(panic.as_ref())))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.tantivy = None;
        self.queue.end();
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without words"))
}
