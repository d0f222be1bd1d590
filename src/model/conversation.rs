//! How does a post stand since it was read: answered, closed, deleted, and when is its conversation read again?

use serde::{Deserialize, Serialize};

use super::{Duration, Post, PostId, Timestamp};

/// When the conversation of a mention is read again, counted from when the mention was read.
const READINGS: [Duration; 7] = [
    Duration::minutes(10),
    Duration::minutes(30),
    Duration::hours(2),
    Duration::hours(6),
    Duration::days(1),
    Duration::days(3),
    Duration::days(7),
];
/// Each reading comes up to one part in so many later, so that conversations found together are not read together.
const SPREAD: u64 = 10;

/// What became of a post at its site since it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The reply that the asker or the site took as the answer.
    #[serde(default)]
    pub accepted: Option<PostId>,
    /// The site takes no more replies.
    #[serde(default)]
    pub closed: bool,
    /// The first reply of the team in the conversation since the post.
    #[serde(default)]
    pub answered: Option<Answered>,
    /// When it was seen that the site deleted the post; its words are not kept since.
    #[serde(default)]
    pub deleted: Option<Timestamp>,
}

/// A reply by one of the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// When it was published, or read where the site does not say.
    pub at: Timestamp,
    /// `handle@site`.
    pub by: String,
    pub url: String,
}

impl Answered {
    /// What a reply of the team says of the posts that it answers.
    pub fn by(reply: &Post) -> Self {
        let handle = reply.author.as_ref().map_or("", |author| author.handle.as_str());
        let by = if handle.contains('@') { handle.to_owned() } else { format!("{handle}@{}", reply.site) };
        Self { at: reply.dated(), by, url: reply.url.clone() }
    }
}

impl Post {
    /// The root of its conversation: itself, unless it is a reply.
    pub fn conversation(&self) -> PostId {
        self.thread.unwrap_or(self.id)
    }

    /// Takes its words and its author away, for a post that its site deleted; id, address, dates and counts stay.
    pub fn blank(&mut self) {
        self.title.clear();
        self.text.clear();
        self.author = None;
        self.tags.clear();
        self.links.clear();
    }
}

/// When a conversation followed since `since` is read next after `at`; `None` when that is over. The same for the same
/// conversation, however often it is asked.
pub fn next_reading(conversation: PostId, since: Timestamp, at: Timestamp) -> Option<Timestamp> {
    let late = |after: Duration| Duration(after.0 + after.0 / SPREAD * u64::from(conversation.0[0]) / 256);
    READINGS.into_iter().map(|after| since + late(after)).find(|moment| *moment > at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_read_less_and_less_often_for_a_week_and_a_little_more() {
        let minute = 60_000;
        for (first, factor) in [(0, 1.0), (255, 1.1)] {
            let (conversation, mut at) = (PostId([first; 10]), Timestamp(0));
            let mut minutes = Vec::new();
            while let Some(next) = next_reading(conversation, Timestamp(0), at) {
                minutes.push((next.0 as f64 / minute as f64 / factor).round() as i64);
                at = next;
            }
            for (found, expected) in minutes.iter().zip([10, 30, 120, 360, 1440, 4320, 10_080]) {
                assert!((found - expected).abs() <= expected / 200 + 1, "{found} is not {expected} ({first})");
            }
            assert_eq!(minutes.len(), 7);
        }
    }

    #[test]
    fn readings_that_were_missed_are_left_out() {
        let next = next_reading(PostId([0; 10]), Timestamp(0), Timestamp(3 * 3_600_000));
        assert_eq!(next, Some(Timestamp(6 * 3_600_000)));
    }
}
