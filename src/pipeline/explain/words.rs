//! How are outcomes and states said to people, on page, command line and API alike?
//!
//! Why an alert was held back, [`SuppressedAlert`](crate::model::SuppressedAlert) says itself.

use crate::model::{Health, JoinedBy, Outcome, SourceHealth, SuppressedAlert};
use crate::store::DeliveryState;

pub use crate::model::words::count;

/// In which way a post ended; `held_back` is why nobody was told of it.
pub fn outcome(outcome: Outcome, held_back: &[SuppressedAlert]) -> &'static str {
    match outcome {
        Outcome::Rejected => "it could not become a post",
        Outcome::AlreadySeen => "it was read before",
        Outcome::Edited => "it was read before and edited since; the new words are archived, and an edit alerts nobody",
        Outcome::Unmatched => "no watch matched it",
        Outcome::Suppressed if held_back.contains(&SuppressedAlert::OwnPost) => {
            "a watch matched it, but your own team wrote it (`team` in daemon.toml): that is no mention"
        }
        Outcome::Suppressed => "a watch matched it, and an exclusion held it back",
        Outcome::Mention => "a mention: at least one watch matched it",
    }
}

/// How far an alert came.
pub fn delivery(state: &DeliveryState, attempts: u32, receiver: &str) -> String {
    let tries = count(u64::from(attempts), "attempt");
    match state {
        DeliveryState::Pending { next, why: None } => {
            format!("waits to be sent to `{receiver}`, due {}", next.in_words())
        }
        DeliveryState::Pending { next, why: Some(why) } => {
            format!("`{receiver}` has not taken it after {tries}: {why}; tried again {}", next.in_words())
        }
        DeliveryState::Delivered { at, took_ms } => {
            format!("`{receiver}` took it on {} after {tries}, in {took_ms} ms", at.in_words())
        }
        DeliveryState::Dead { at, why } => {
            format!(
                "given up on {} after {tries}: {why}; `overheard deliveries --replay ALERT` sends it again",
                at.in_words()
            )
        }
    }
}

/// What made a post a member of its story.
pub fn joined(by: JoinedBy) -> &'static str {
    match by {
        JoinedBy::SameUrl => "it is the same page as",
        JoinedBy::SameTarget => "it is about the same page as",
        JoinedBy::SameText => "it says the same words as",
    }
}

/// How a source does.
pub fn health(source: &SourceHealth) -> String {
    let since = source.since.map_or_else(String::new, |since| format!(" since {}", since.in_words()));
    let why = source.last_error.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    match source.health {
        Health::Pending => "it was not asked yet since the daemon started".to_owned(),
        Health::Ok => match source.last_answered {
            Some(at) => format!("it answers; the last time on {}", at.in_words()),
            None => "it answers".to_owned(),
        },
        Health::Quiet => format!("it answers, but has brought nothing new for a week{since}"),
        Health::Limited => format!("it asks us to wait{since}{why}"),
        Health::Blocked => format!("it is blocked{since}{why}"),
        Health::Failing => format!("it fails{since}, {} in a row{why}", count(u64::from(source.failures), "time")),
        Health::Stale => format!("it should have been asked by now and was not{why}"),
        Health::Gone => format!("it said that it is gone for good{since}{why}"),
    }
}
