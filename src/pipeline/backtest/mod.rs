//! What would a watch have found and told, had it run over what the archive holds?
//!
//! The archive finds the posts by its index ([`Archive::each`]), and each passes once, in the order of arrival,
//! through the stages of the line: all watches, exclusions, score, routes, daily caps, one alert for each story and
//! receiver. Nothing is journaled. What is not simulated: the silence of a first poll; versions of a post before its
//! last edit; what posts of other watches alone raised meanwhile, in a story that the watch was in before or under the
//! cap of their own watch. A changed file runs beside the current one.

mod question;
mod replay;
mod report;
mod sample;
mod side;
mod tally;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::Rules;
use super::supervise::rules_of;
use crate::archive::{AgeTo, Archive, Record, Step, Walk, Window};
use crate::config::Config;
use crate::model::Timestamp;
use crate::query::Query;

use replay::{Watched, watched};
use side::{Place, Side, Versus};

pub use question::{
    BacktestError, DEFAULT_SAMPLES, DEFAULT_SINCE, MAX_BACK, MAX_SAMPLES, Question, no_watch, with_watches,
};
pub use report::{
    Amount, Capped, Change, Counted, DayData, DayFound, Delta, Findings, Overlap, Received, Report, Sample, Searched,
};

/// How far a back-test is: posts that the index found and that were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub done: usize,
    pub of: usize,
}

/// Told how far it is; breaks off when it says so.
pub type Tell<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// Runs a watch over the archive, as of `now`; with a changed configuration, also that one.
///
/// # Errors
/// The question is wrong, the query is too broad for the archive, or whoever listens to the progress broke off.
pub fn run(
    question: &Question,
    (current, proposed): (&Config, Option<&Config>),
    archive: &Archive,
    now: Timestamp,
    tell: Tell<'_>,
) -> Result<Report, BacktestError> {
    question.check()?;
    let zone = &current.daemon.time_zone;
    let window = question.window(&zone.zone, now)?;
    let rules = (rules_of(current), proposed.map(rules_of));
    let place = |changed| Place { archive, watch: &question.watch, window, samples: question.samples, changed };
    let mut sides = Sides {
        current: Side::new(place(proposed.is_some()), &rules.0),
        proposed: rules.1.as_ref().and_then(|rules| Side::new(place(true), rules)),
        versus: Versus::new(question.samples),
    };
    let Some(query) = sides.query() else {
        let configs: Vec<&Config> = proposed.into_iter().chain([current]).collect();
        return Err(no_watch(&question.watch, &configs));
    };
    let searched = searched(archive, window, current)?;
    let path = Walk { query: &query, window, age_to: AgeTo::Arrival };
    walk(archive, path, (&rules.0, rules.1.as_ref()), &mut sides, tell)?;
    let Sides { current, proposed: changed, versus } = sides;
    let change = proposed.map(|_| versus.finish(current.as_ref(), changed.as_ref()));
    Ok(Report {
        watch: question.watch.clone(),
        since: window.from,
        until: now,
        time_zone: zone.name.clone(),
        current: current.map(|side| side.finish(&searched)).transpose()?,
        proposed: changed.map(|side| side.finish(&searched)).transpose()?,
        archive: searched,
        change,
    })
}

/// What there is to search, and from when on it is complete.
fn searched(archive: &Archive, window: Window, config: &Config) -> Result<Searched, BacktestError> {
    let oldest = archive.oldest()?;
    let kept_from = window.until - config.daemon.retention.posts;
    Ok(Searched { posts: archive.arrived(window)?, oldest, complete_from: oldest.map(|oldest| oldest.max(kept_from)) })
}

/// The watch under the current configuration and under the changed one.
struct Sides<'a> {
    current: Option<Side<'a>>,
    proposed: Option<Side<'a>>,
    versus: Versus,
}

impl Sides<'_> {
    /// What both sides look for; `None` when neither has the watch.
    fn query(&self) -> Option<Query> {
        match (&self.current, &self.proposed) {
            (Some(current), Some(proposed)) if current.query() != proposed.query() => {
                Some(current.query().or(proposed.query()))
            }
            (Some(side), _) | (None, Some(side)) => Some(side.query().clone()),
            (None, None) => None,
        }
    }

    fn see(&mut self, seen: Seen) -> Result<(), BacktestError> {
        let Seen { record, current, proposed } = seen;
        let judge = |side: &mut Option<Side<'_>>, watched: Option<Watched>| {
            side.as_mut().zip(watched).map(|(side, watched)| side.see(&record, watched)).transpose()
        };
        let (before, after) = (judge(&mut self.current, current)?, judge(&mut self.proposed, proposed)?);
        self.versus.compare(&record, before, after);
        Ok(())
    }
}

/// A post, and which watches of each side match it.
struct Seen {
    record: Record,
    current: Option<Watched>,
    proposed: Option<Watched>,
}

fn walk(
    archive: &Archive,
    path: Walk<'_>,
    (current, proposed): (&Rules, Option<&Rules>),
    sides: &mut Sides<'_>,
    tell: Tell<'_>,
) -> Result<(), BacktestError> {
    // What a side without the watch matches does not matter.
    let (has_current, has_proposed) = (sides.current.is_some(), sides.proposed.is_some());
    let prepare = |record: Record| Seen {
        current: has_current.then(|| watched(&record.post, current)),
        proposed: proposed.filter(|_| has_proposed).map(|rules| watched(&record.post, rules)),
        record,
    };
    let mut failed = None;
    let ended = archive.each(path, &prepare, &mut |step| match step {
        Step::Looked { done, of } => tell(Progress { done, of }),
        Step::Found(seen) => match sides.see(seen) {
            Ok(()) => ControlFlow::Continue(()),
            Err(why) => {
                failed = Some(why);
                ControlFlow::Break(())
            }
        },
    })?;
    match (failed, ended) {
        (Some(why), _) => Err(why),
        (None, ControlFlow::Break(())) => Err(BacktestError::Stopped),
        (None, ControlFlow::Continue(())) => Ok(()),
    }
}
