//! Have the watches of a mention had all their alerts of the day?

use super::{Overlay, Rules};
use crate::model::event::Decided;
use crate::model::{Day, Priority, StoryId, ViewError};

/// A daily cap that holds a mention back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// The watch that will tell of it in its digest.
    pub watch: String,
    /// Most stories that it alerts on one day.
    pub cap: u32,
    pub day: Day,
}

/// The cap that holds a mention back, of the watch with the highest priority, the first of equals. `None` while any of
/// its watches has no cap, has room left, or has alerted the story on this day already.
///
/// # Errors
/// When the memory cannot be asked.
pub fn exhausted(
    decided: &Decided,
    day: Day,
    rules: &Rules,
    memory: &Overlay<'_>,
) -> Result<Option<Exhausted>, ViewError> {
    let story = &decided.story;
    let stories: Vec<StoryId> = std::iter::once(story.story).chain(story.absorbs.iter().copied()).collect();
    let mut holds_back: Option<(Priority, Exhausted)> = None;
    for found in &decided.matches {
        let Some(cap) = rules.watches.get(&found.watch).and_then(|watch| watch.max_alerts_per_day) else {
            return Ok(None);
        };
        if has_room(&found.watch, cap, day, &stories, memory)? {
            return Ok(None);
        }
        if holds_back.as_ref().is_none_or(|(priority, _)| found.priority > *priority) {
            holds_back = Some((found.priority, Exhausted { watch: found.watch.clone(), cap, day }));
        }
    }
    Ok(holds_back.map(|(_, exhausted)| exhausted))
}

fn has_room(watch: &str, cap: u32, day: Day, stories: &[StoryId], memory: &Overlay<'_>) -> Result<bool, ViewError> {
    for story in stories {
        let spent = memory.spent(watch, day, *story)?;
        if spent.counted || spent.stories < cap {
            return Ok(true);
        }
    }
    Ok(false)
}
