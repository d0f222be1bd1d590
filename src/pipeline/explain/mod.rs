//! What happened to a post, and why?
//!
//! [`Evidence::explain`] tells everything that was decided on a post and what came of it, [`Evidence::why_not`] why
//! a watch did not bring it; of a post that is not there, [`Unknown`] says what is known. The same answers for the
//! command line, the API and the page. Nothing here decides anything: what is recorded is told, and beside it
//! what the configuration of now would do.

mod differs;
mod find;
mod sense;
mod shown;
mod story;
mod unknown;
mod why_not;
pub mod words;

use serde::{Deserialize, Serialize};

use super::data::Data;
use super::look::DeliveryRow;
use super::supervise::Daemon;
use crate::archive::{Archive, ArchiveError, Record, Told};
use crate::config::Config;
use crate::journal::History;
use crate::model::{
    AlertId, Outcome, PostId, Score, SourceHealth, Sources, Standing, SuppressedAlert, Timestamp, ViewError,
};
use crate::store::{DeliveryFilter, Store};

pub use differs::{Change, Difference};
pub use find::find_post;
pub use sense::{CueTold, LabelTold, SenseTold};
pub use shown::{ClauseShown, Currency, MatchShown, Member, PostShown};
pub use story::{Joined, StoryShown};
pub use unknown::{Kept, Listed, SeenBefore, SourceKnown, Unknown};
pub use why_not::WhyNot;

/// Most alerts of one story that are told of.
pub const MAX_ALERTS: usize = 100;

/// What an explanation is made from.
pub struct Evidence<'a> {
    pub archive: &'a Archive,
    pub store: &'a Store,
    pub history: &'a History,
    /// The configuration that runs, or that would; `None` where it has faults.
    pub config: Option<&'a Config>,
    /// How the sources do; `None` where no daemon runs.
    pub health: Option<Vec<SourceHealth>>,
    pub now: Timestamp,
}

/// What is asked for, or what is known without it.
#[derive(Clone, Debug)]
pub enum Answer<T> {
    Found(Box<T>),
    Unknown(Box<Unknown>),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    #[error("there is no watch `{name}`")]
    NoWatch { name: String, nearest: Option<String> },
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Store(#[from] ViewError),
}

impl ExplainError {
    /// What would be right.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoWatch { nearest, .. } => nearest.as_ref().map(|name| format!("did you mean `{name}`?")),
            Self::Archive(_) | Self::Store(_) => None,
        }
    }
}

/// Everything that was decided on a post, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What ages are counted to.
    pub as_of: Timestamp,
    pub post: PostShown,
    /// Other posts at the same address.
    pub also: Vec<Member>,
    pub outcome: Outcome,
    /// The outcome as a sentence.
    pub ended: String,
    /// What became of it since: answered, accepted, closed, deleted.
    #[serde(default)]
    pub standing: Standing,
    /// When its conversation is read again; `None` where it is not followed.
    #[serde(default)]
    pub read_again: Option<Timestamp>,
    /// Every watch that matched, as it was recorded when the post was read.
    pub matches: Vec<MatchShown>,
    /// `None` for what no watch matched.
    pub score: Option<Score>,
    /// What its words say; `None` for what no watch matched.
    #[serde(default)]
    pub sense: Option<SenseTold>,
    pub story: StoryShown,
    /// The alerts of its story, those that this post raised first.
    pub alerts: Vec<AlertShown>,
    /// Why nothing more was sent, as it was recorded.
    pub held_back: Vec<HeldBack>,
    /// What the configuration of now would do otherwise; empty also where it has faults.
    pub differs: Vec<Difference>,
}

/// A reason why a receiver was not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    #[serde(flatten)]
    pub reason: SuppressedAlert,
    /// The reason as a sentence.
    pub words: String,
}

impl From<&SuppressedAlert> for HeldBack {
    fn from(reason: &SuppressedAlert) -> Self {
        Self { reason: reason.clone(), words: reason.to_string() }
    }
}

/// An alert of the story, how it found its receiver, and how far it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertShown {
    pub id: AlertId,
    pub receiver: String,
    /// Every route taken, from the root down.
    pub route: Vec<String>,
    /// The member of the story that raised it.
    pub raised_by: PostId,
    /// It tells of several stories that a daily cap held back.
    pub digest: bool,
    /// How far it came; `None` where the log of deliveries does not go back so far.
    pub delivery: Option<DeliveryRow>,
    /// How far it came, as a sentence.
    pub words: String,
}

impl<'a> Evidence<'a> {
    /// What a running daemon knows.
    pub fn of_daemon(daemon: &'a Daemon, config: &'a Config) -> Self {
        Self {
            archive: &daemon.archive,
            store: &daemon.store,
            history: daemon.history(),
            config: Some(config),
            health: Some(daemon.board.health()),
            now: daemon.clock.now(),
        }
    }

    /// What the data says while no daemon runs.
    pub fn of_data(data: &'a Data, history: &'a History, config: Option<&'a Config>, now: Timestamp) -> Self {
        Self { archive: &data.archive, store: &data.store, history, config, health: None, now }
    }
}

impl Evidence<'_> {
    /// Everything about the post that an address or an id (of a post, a story or an alert) names.
    ///
    /// # Errors
    /// A view cannot be read.
    pub fn explain(&self, asked: &str) -> Result<Answer<Explanation>, ExplainError> {
        let Some((record, also)) = self.find(asked)? else {
            return Ok(Answer::Unknown(Box::new(self.unknown(asked)?)));
        };
        let alerts = self.alerts(&record)?;
        let explanation = Explanation {
            as_of: self.now,
            post: PostShown::from(&record),
            also: also.iter().map(Member::from).collect(),
            outcome: record.outcome,
            ended: words::outcome(record.outcome, &record.held_back).to_owned(),
            standing: record.standing.clone(),
            read_again: self.store.followed_in(record.post.conversation())?.map(|followed| followed.next),
            matches: self.matches(&record),
            score: (!record.matches.is_empty()).then(|| record.score.clone()),
            sense: SenseTold::of(&record),
            story: self.story(&record)?,
            held_back: record.held_back.iter().map(HeldBack::from).collect(),
            differs: self.differs(&record, &alerts),
            alerts,
        };
        Ok(Answer::Found(Box::new(explanation)))
    }

    fn matches(&self, record: &Record) -> Vec<MatchShown> {
        let watches = self.config.map(|config| config.watches.as_ref());
        record.matches.iter().map(|found| MatchShown::new(&record.post, found, watches)).collect()
    }

    /// The alerts of a post's story, its own first. Of those that the log does not know any more, what the post says.
    fn alerts(&self, record: &Record) -> Result<Vec<AlertShown>, ExplainError> {
        let filter = DeliveryFilter { story: Some(record.story), limit: MAX_ALERTS, ..DeliveryFilter::default() };
        let mut alerts: Vec<AlertShown> = Vec::new();
        for delivery in self.store.deliveries(&filter)? {
            let said = words::delivery(&delivery.state, delivery.attempts, &delivery.alert.receiver);
            let alert = &delivery.alert;
            alerts.push(AlertShown {
                id: alert.id.clone(),
                receiver: alert.receiver.clone(),
                route: alert.reason.route.clone(),
                raised_by: alert.post.id,
                digest: alert.digest.is_some(),
                words: said,
                delivery: Some(DeliveryRow::from(delivery)),
            });
        }
        let forgotten = |told: &&Told| alerts.iter().all(|alert| alert.id != told.alert);
        let forgotten: Vec<AlertShown> = record
            .alerts
            .iter()
            .filter(forgotten)
            .map(|told| AlertShown {
                id: told.alert.clone(),
                receiver: told.receiver.clone(),
                route: told.reason.route.clone(),
                raised_by: record.post.id,
                digest: false,
                delivery: None,
                words: format!("an alert went to `{}`; how its delivery ended is not kept any more", told.receiver),
            })
            .collect();
        alerts.extend(forgotten);
        alerts.sort_by_key(|alert| alert.raised_by != record.post.id);
        Ok(alerts)
    }
}

/// What a caller who asked for something that is not there gets, with the one shape of errors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NotThere {
    pub error: NotThereError,
    pub known: Unknown,
}

/// See [`NotThere`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NotThereError {
    /// Always `not_found`.
    pub code: String,
    pub message: String,
}

impl From<Unknown> for NotThere {
    fn from(known: Unknown) -> Self {
        let message = known.words.first().cloned().unwrap_or_default();
        Self { error: NotThereError { code: "not_found".to_owned(), message }, known }
    }
}
