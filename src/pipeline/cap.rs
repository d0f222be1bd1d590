//! Which watches of a mention have had all their alerts of the day, and which receivers all of ten minutes?

use super::{Overlay, Rules};
use crate::model::event::Decided;
use crate::model::{Day, Match, StoryId, Timestamp, ViewError, flood_window};

/// A daily cap that holds a mention back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// The watch that will tell of it in its digest.
    pub watch: String,
    /// Most stories that it alerts on one day.
    pub cap: u32,
    pub day: Day,
}

/// What daily caps leave of the watches of a mention.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Room {
    /// Those that have no cap, room left, or alerted the story on this day already.
    pub open: Vec<Match>,
    /// Of the others the one with the highest priority, the first of equals.
    pub exhausted: Option<Exhausted>,
}

/// Parts the watches of a mention into those that may alert on a day and those that may not.
///
/// # Errors
/// When the memory cannot be asked.
pub fn room(decided: &Decided, day: Day, rules: &Rules, memory: &Overlay<'_>) -> Result<Room, ViewError> {
    let story = &decided.story;
    let stories: Vec<StoryId> = std::iter::once(story.story).chain(story.absorbs.iter().copied()).collect();
    let (mut open, mut full) = (Vec::new(), Vec::new());
    for found in &decided.matches {
        match rules.watches.get(&found.watch).and_then(|watch| watch.max_alerts_per_day) {
            Some(cap) if !has_room(&found.watch, cap, day, &stories, memory)? => full.push((found, cap)),
            Some(_) | None => open.push(found.clone()),
        }
    }
    // Of equals the first is the greatest when they are looked at from the end.
    let first = full.into_iter().rev().max_by_key(|(found, _)| found.priority);
    let exhausted = first.map(|(found, cap)| Exhausted { watch: found.watch.clone(), cap, day });
    Ok(Room { open, exhausted })
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

/// The bound of a receiver, with the ten minutes that it counts, if it has had all its alerts of them at a moment.
///
/// # Errors
/// When the memory cannot be asked.
pub fn flooded(
    receiver: &str,
    at: Timestamp,
    rules: &Rules,
    memory: &Overlay<'_>,
) -> Result<Option<(u32, Timestamp)>, ViewError> {
    let Some(cap) = rules.max_alerts.get(receiver).copied() else { return Ok(None) };
    let window = flood_window(at);
    Ok((memory.sent(receiver, window)? >= cap).then_some((cap, window)))
}
