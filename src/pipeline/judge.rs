//! What does a mention say, and what is it worth?

use super::{Overlay, Rules};
use crate::model::{Match, Post, Score, Sense, Sentiment, StoryDecision, Timestamp, ViewError};
use crate::score::{self, Baselines, Sight, StoryPace};

/// What must be known of a mention beyond itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    pub story: StoryPace,
    /// The team has answered in its conversation.
    pub answered: bool,
}

impl Around {
    /// What the memory says; the story was opened at `opened_at`.
    pub(super) fn of(
        post: &Post,
        story: &StoryDecision,
        opened_at: Timestamp,
        memory: &Overlay<'_>,
    ) -> Result<Self, ViewError> {
        // A post that opens its story, as most do, needs no asking.
        let others = if story.story.0 == post.id { 0 } else { memory.members(story.story)? };
        let answered = memory.standing(post.conversation())?.answered;
        let answered = answered.is_some_and(|answered| answered.at >= post.dated());
        Ok(Self { story: StoryPace { others, opened_at }, answered })
    }
}

/// The score of a mention whose words were read.
pub(super) fn score(
    post: &Post,
    matches: &[Match],
    sense: Option<&Sense>,
    now: Timestamp,
    around: Around,
    rules: &Rules,
    baselines: &Baselines,
) -> Score {
    let Around { story, answered } = around;
    let own_link = rules.team.linked(post);
    let scoring = &rules.scoring;
    score::score(&Sight { post, matches, now, baselines, sense, story, answered, own_link, scoring })
}

/// A reading whose value says what its class says.
pub(super) fn settled(mut sense: Sense) -> Sense {
    if let Sentiment::Classified(valence) = &mut sense.sentiment {
        *valence = valence.settled();
    }
    sense
}
