//! Which issues are there, and when did nobody listen at all?

use serde::{Deserialize, Serialize};

use super::codec::{pack, unpack};
use super::layers::Layers;
use super::read::wrong_key;
use super::{Store, key};
use crate::model::{Duration, Issue, Timestamp, ViewError};

/// How long a closed issue, and a time without the daemon, are remembered: as long as counts are.
pub(super) const ISSUES_KEPT: Duration = Duration::days(super::sweep::COUNT_DAYS as u64);

/// A time in which the daemon did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Down {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Store {
    /// Every issue that is remembered: the open ones, then the closed ones, each the newest first.
    pub fn issues(&self) -> Result<Vec<Issue>, ViewError> {
        let mut issues = self.read(|layers| {
            let entries = layers.scan(&[key::ISSUE])?;
            entries.map(|entry| unpack::<Issue>(&entry?.1)).collect::<Result<Vec<_>, _>>()
        })?;
        in_order(&mut issues);
        Ok(issues)
    }

    /// When the daemon did not run, the first time first.
    pub fn downs(&self) -> Result<Vec<Down>, ViewError> {
        self.read(|layers| layers.scan(&[key::DOWN])?.map(|entry| unpack(&entry?.1)).collect())
    }
}

/// The open ones first, then the closed ones, each the newest first.
pub(super) fn in_order(issues: &mut [Issue]) {
    issues.sort_by(|a, b| {
        let rank = |issue: &Issue| (issue.closed.is_some(), std::cmp::Reverse(issue.opened));
        rank(a).cmp(&rank(b)).then_with(|| a.id.cmp(&b.id))
    });
}

impl Layers {
    pub fn put_issue(&mut self, issue: &Issue) -> Result<(), ViewError> {
        self.put(&key::named(key::ISSUE, &issue.id), pack(issue)?);
        Ok(())
    }

    pub fn put_down(&mut self, down: Down) -> Result<(), ViewError> {
        self.put(&key::down(down.from), pack(&down)?);
        Ok(())
    }
}

/// Whether the record of an issue is needed no more.
pub(super) fn is_old_issue(value: &[u8], now: Timestamp) -> Result<bool, ViewError> {
    Ok(unpack::<Issue>(value)?.closed.is_some_and(|closed| closed < now - ISSUES_KEPT))
}

/// Whether a time without the daemon is needed no more.
pub(super) fn is_old_down(key: &[u8], now: Timestamp) -> Result<bool, ViewError> {
    let moment = key.get(1..).and_then(|moment| moment.try_into().ok()).ok_or_else(wrong_key)?;
    Ok(Timestamp(i64::from_be_bytes(moment)) < now - ISSUES_KEPT)
}
