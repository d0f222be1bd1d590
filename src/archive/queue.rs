//! How do posts wait for the one thread that writes?

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::{Answered, Engagement, Feedback, Position, PostId, StoryId, Timestamp};

use super::error::ArchiveError;
use super::record::Record;

/// Most tasks that wait; whoever brings one more is held until there is room.
pub(super) const QUEUE_TASKS: usize = 32;

/// One thing for the writer to do, in the order of the journal.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// Apply the changes of one frame; `position` is committed with them.
    Frame { position: Position, changes: Vec<Change> },
    /// Remove posts so that no file holds them any more.
    Forget(Vec<PostId>),
}

/// What a frame changes in the archive.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// The post is there in exactly this form.
    Keep(Box<Record>),
    /// The post is gone.
    Drop(PostId),
    /// Posts of the story `from` belong to `into` from now on.
    Merge { from: StoryId, into: StoryId },
    /// Something became of a post that is there already, since it was read.
    Stand { post: PostId, news: Vec<News> },
}

/// What became of a post since it was read.
#[derive(Clone, Debug)]
pub(super) enum News {
    Thread {
        engagement: Option<Engagement>,
        accepted: Option<PostId>,
        closed: bool,
    },
    /// A source says this of it now; see [`Update`](crate::model::Update).
    Said {
        engagement: Engagement,
        tags: Vec<String>,
    },
    Answered(Answered),
    /// Somebody said what it is.
    Feedback(Box<Feedback>),
    /// Its words are not kept any more.
    Deleted(Timestamp),
}

impl Task {
    /// Posts that it brings.
    pub(super) fn posts(&self) -> usize {
        match self {
            Self::Frame { changes, .. } => changes.iter().filter(|change| matches!(change, Change::Keep(_))).count(),
            Self::Forget(_) => 0,
        }
    }
}

/// Writing fails at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// When it began.
    pub since: Timestamp,
    /// What the last attempt ran into.
    pub why: String,
    /// Attempts since it began.
    pub attempts: u32,
}

/// Tasks on their way to the writer, shared by those who bring them and the writer.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Task>,
    /// Tasks ever brought, and tasks ever made durable.
    brought: u64,
    done: u64,
    /// Posts brought and not durable yet.
    posts: usize,
    /// Somebody waits for all that was brought so far.
    hurry: bool,
    /// A failed attempt is to be repeated now, not after the pause.
    nudge: bool,
    stop: bool,
    /// The writer's thread has ended.
    ended: bool,
    problem: Option<Problem>,
}

/// What the writer gets when it asks for work.
#[derive(Debug)]
pub(super) enum Taken {
    Task(Task),
    /// Nothing came within the patience, or somebody waits for the commit.
    Nothing,
    Stop,
}

impl Queue {
    /// Adds a task and returns its number. Blocks while the queue is full; never drops a task.
    pub(super) fn bring(&self, task: Task) -> Result<u64, ArchiveError> {
        let full = |state: &mut State| state.waiting.len() >= QUEUE_TASKS && !state.stop && !state.ended;
        let mut state = self.changed.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        if state.stop || state.ended {
            return Err(ArchiveError::Closed);
        }
        state.posts += task.posts();
        state.waiting.push_back(task);
        state.brought += 1;
        self.changed.notify_all();
        Ok(state.brought)
    }

    /// Waits until the task with this number (and all before it) is durable, or the patience is over.
    pub(super) fn wait_for(&self, number: u64, patience: Duration) -> Result<(), ArchiveError> {
        let mut state = self.lock();
        if state.done < number {
            state.hurry = true;
            state.nudge = true;
            self.changed.notify_all();
        }
        let open = |state: &mut State| state.done < number && !state.ended;
        let (state, _) = self.changed.wait_timeout_while(state, patience, open).unwrap_or_else(PoisonError::into_inner);
        if state.done >= number {
            return Ok(());
        }
        if state.ended {
            return Err(ArchiveError::Closed);
        }
        let why = state.problem.as_ref().map_or("it is still busy", |problem| &problem.why);
        Err(ArchiveError::Behind { why: why.to_owned() })
    }

    /// The next task, for the writer; waits at most `patience` (for ever without one).
    pub(super) fn take(&self, patience: Option<Duration>) -> Taken {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.stop && !state.hurry;
        let state = self.lock();
        let mut state = match patience {
            None => self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner),
            Some(patience) => {
                self.changed.wait_timeout_while(state, patience, idle).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if let Some(task) = state.waiting.pop_front() {
            self.changed.notify_all();
            return Taken::Task(task);
        }
        if state.stop { Taken::Stop } else { Taken::Nothing }
    }

    /// Tells those who wait that this many more tasks, with this many posts, are durable.
    pub(super) fn committed(&self, tasks: u64, posts: usize) {
        let mut state = self.lock();
        state.done += tasks;
        state.posts = state.posts.saturating_sub(posts);
        state.hurry = state.hurry && state.done < state.brought;
        state.problem = None;
        self.changed.notify_all();
    }

    /// Notes a failed attempt.
    pub(super) fn failed(&self, why: String, now: Timestamp) {
        let mut state = self.lock();
        let (since, attempts) = state.problem.as_ref().map_or((now, 0), |old| (old.since, old.attempts));
        state.problem = Some(Problem { since, why, attempts: attempts.saturating_add(1) });
        self.changed.notify_all();
    }

    /// The writer's pause between attempts; somebody who waits ends it early. False when it is to stop.
    pub(super) fn pause(&self, length: Duration) -> bool {
        let calm = |state: &mut State| !state.stop && !state.nudge;
        let (mut state, _) =
            self.changed.wait_timeout_while(self.lock(), length, calm).unwrap_or_else(PoisonError::into_inner);
        state.nudge = false;
        !state.stop
    }

    /// Asks the writer to finish what is there and end.
    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.changed.notify_all();
    }

    /// The writer has ended; nobody is held any more.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Number of the last task brought.
    pub(super) fn brought(&self) -> u64 {
        self.lock().brought
    }

    /// Posts brought and not durable yet, and what is wrong if writing fails.
    pub(super) fn state(&self) -> (usize, Option<Problem>) {
        let state = self.lock();
        (state.posts, state.problem.clone())
    }

    /// Waits until writing fails or works again: tests need no clock for it.
    #[cfg(test)]
    pub(super) fn wait_for_problem(&self, wanted: bool) {
        let other = |state: &mut State| state.problem.is_some() != wanted;
        drop(self.changed.wait_while(self.lock(), other).unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(position: u64) -> Task {
        Task::Frame { position: Position(position), changes: Vec::new() }
    }

    #[test]
    fn a_full_queue_holds_whoever_brings_more_until_there_is_room() {
        let queue = Queue::default();
        let bound = QUEUE_TASKS as u64;
        for number in 1..=bound {
            assert_eq!(queue.bring(frame(number)), Ok(number));
        }
        std::thread::scope(|scope| {
            let held = scope.spawn(|| queue.bring(frame(bound + 1)));
            assert!(matches!(queue.take(None), Taken::Task(Task::Frame { position: Position(1), .. })));
            assert_eq!(held.join().unwrap(), Ok(bound + 1));
        });
        // Full again: the next one is held for good, and let go only because the queue is closed.
        std::thread::scope(|scope| {
            let held = scope.spawn(|| queue.bring(frame(bound + 2)));
            queue.stop();
            assert_eq!(held.join().unwrap(), Err(ArchiveError::Closed));
        });
        assert_eq!(queue.brought(), bound + 1);
    }

    #[test]
    fn what_is_queued_is_taken_before_the_stop() {
        let queue = Queue::default();
        queue.bring(frame(1)).unwrap();
        queue.stop();
        assert!(matches!(queue.take(None), Taken::Task(_)));
        assert!(matches!(queue.take(None), Taken::Stop));
    }

    #[test]
    fn somebody_who_waits_ends_the_writers_patience_and_its_pause() {
        let queue = Queue::default();
        let number = queue.bring(frame(1)).unwrap();
        assert!(matches!(queue.take(None), Taken::Task(_)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.wait_for(number, Duration::from_secs(60)));
            assert!(matches!(queue.take(None), Taken::Nothing));
            assert!(queue.pause(Duration::from_secs(60)));
            queue.committed(1, 0);
            assert_eq!(waiting.join().unwrap(), Ok(()));
        });
    }
}
