//! Under which keys do records lie in the one sled tree?
//!
//! The first byte is the table. Numbers are big-endian, so that keys sort as what they say. What ends in a
//! name has nothing behind it; a name in the middle carries its length in front.

use crate::model::{Day, PostId, StoryId, Timestamp};

/// How far applying has come; one record.
pub const META: &[u8] = b"0";
/// Source name → where it stands.
pub const SOURCE: u8 = b's';
/// Source name → its number, and on which day a page of it was last read.
pub const LISTER: u8 = b'l';
/// Post id → what is remembered of it.
pub const POST: u8 = b'p';
/// Dedup key → story that a post with this key joined last.
pub const DEDUP: u8 = b'k';
/// Story id → the story, if it has or had more than its first member.
pub const STORY: u8 = b't';
/// Story id that was absorbed → the story that survived.
pub const ALIAS: u8 = b'r';
/// Story id, post id → nothing.
pub const MEMBER: u8 = b'm';
/// Story id → the receivers that were told of it, with the handle of the last delivery.
pub const TOLD: u8 = b'a';
/// Alert id → the alert and how far it has come.
pub const DELIVERY: u8 = b'd';
/// Receiver, moment, alert id → nothing: the next attempts in order.
pub const DUE: u8 = b'q';
/// Stage, moment (newest first), alert id → story and receiver.
pub const LOG: u8 = b'i';
/// Day, source name → posts by outcome.
pub const COUNTS: u8 = b'c';
/// Local day, watch → how many of its stories were alerted, and how many digests told of that day.
pub const SPENT: u8 = b'w';
/// Local day, watch, story → nothing: it was alerted.
pub const ALERTED: u8 = b'x';
/// Local day, watch, receiver, story → what a daily cap held back.
pub const HELD: u8 = b'h';
/// Moment, receiver → how many alerts to it were decided in the ten minutes that began then.
pub const SENT: u8 = b'j';
/// Moment, receiver, story → what the receiver's bound held back in the ten minutes that began then.
pub const FLOODED: u8 = b'g';
/// Conversation's root → how it is followed.
pub const FOLLOWED: u8 = b'f';
/// Post id → what became of the post since it was read.
pub const STANDING: u8 = b'n';
/// Conversation's root, post id → the date of this mention in it.
pub const MENTIONED: u8 = b'v';

/// Post id, or mark of an author, that is to be forgotten → nothing.
pub const FORGOTTEN: u8 = b'z';

pub fn forgotten(mark: PostId) -> [u8; 11] {
    tagged(FORGOTTEN, mark)
}

pub fn followed(conversation: PostId) -> [u8; 11] {
    tagged(FOLLOWED, conversation)
}

pub fn standing(id: PostId) -> [u8; 11] {
    tagged(STANDING, id)
}

/// Prefix of the mentions in a conversation.
pub fn mentions_in(root: PostId) -> [u8; 11] {
    tagged(MENTIONED, root)
}

pub fn mentioned(root: PostId, post: PostId) -> Vec<u8> {
    [&mentions_in(root)[..], &post.0].concat()
}

/// Issue id → the issue.
pub const ISSUE: u8 = b'e';
/// Post id → what stands of what people said of the post.
pub const FEEDBACK: u8 = b'b';

pub fn feedback(post: PostId) -> [u8; 11] {
    tagged(FEEDBACK, post)
}

/// Moment at which nobody listened any more → when somebody did again.
pub const DOWN: u8 = b'o';

pub fn down(from: Timestamp) -> [u8; 9] {
    let mut bytes = [DOWN; 9];
    bytes[1..].copy_from_slice(&from.0.to_be_bytes());
    bytes
}

pub fn post(id: PostId) -> [u8; 11] {
    tagged(POST, id)
}

pub fn story(id: StoryId) -> [u8; 11] {
    tagged(STORY, id.0)
}

pub fn alias(id: StoryId) -> [u8; 11] {
    tagged(ALIAS, id.0)
}

/// Prefix of a story's members.
pub fn members(story: StoryId) -> [u8; 11] {
    tagged(MEMBER, story.0)
}

pub fn told(story: StoryId) -> [u8; 11] {
    tagged(TOLD, story.0)
}

pub fn dedup(key: &[u8; 16]) -> [u8; 17] {
    let mut bytes = [DEDUP; 17];
    bytes[1..].copy_from_slice(key);
    bytes
}

pub fn member(story: StoryId, post: PostId) -> [u8; 21] {
    let mut bytes = [0; 21];
    bytes[..11].copy_from_slice(&members(story));
    bytes[11..].copy_from_slice(&post.0);
    bytes
}

pub fn named(table: u8, name: &str) -> Vec<u8> {
    [&[table], name.as_bytes()].concat()
}

/// The name in a key made by [`named`].
pub fn name(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.get(1..)?).ok()
}

/// Prefix of a receiver's next attempts.
pub fn due_all(receiver: &str) -> Vec<u8> {
    [&[DUE], &(receiver.len() as u32).to_be_bytes()[..], receiver.as_bytes()].concat()
}

pub fn due(receiver: &str, next: Timestamp, alert: &str) -> Vec<u8> {
    [&due_all(receiver), &moment(next)[..], alert.as_bytes()].concat()
}

/// The moment and the alert of a key made by [`due`].
pub fn due_parts<'a>(receiver: &str, key: &'a [u8]) -> Option<(Timestamp, &'a str)> {
    moment_and_name(key.get(5 + receiver.len()..)?)
}

/// Newest first within a stage.
pub fn log(stage: u8, at: Timestamp, alert: &str) -> Vec<u8> {
    [&[LOG, stage], &moment(Timestamp(!at.0))[..], alert.as_bytes()].concat()
}

/// The moment and the alert of a key made by [`log`].
pub fn log_parts(key: &[u8]) -> Option<(Timestamp, &str)> {
    let (at, alert) = moment_and_name(key.get(2..)?)?;
    Some((Timestamp(!at.0), alert))
}

pub fn counts(day: u16, source: &str) -> Vec<u8> {
    [&[COUNTS], &day.to_be_bytes()[..], source.as_bytes()].concat()
}

/// The day and the source of a key made by [`counts`].
pub fn counts_parts(key: &[u8]) -> Option<(u16, &str)> {
    let (day, source) = key.get(1..)?.split_first_chunk()?;
    Some((u16::from_be_bytes(*day), std::str::from_utf8(source).ok()?))
}

/// Prefix of everything that a table has about a watch and a local day.
pub fn of_day(table: u8, day: Day, watch: &str) -> Vec<u8> {
    [&[table][..], &local_day(day).to_be_bytes(), &sized(watch)].concat()
}

pub fn alerted(day: Day, watch: &str, story: StoryId) -> Vec<u8> {
    [&of_day(ALERTED, day, watch), &story.0.0[..]].concat()
}

pub fn held(day: Day, watch: &str, receiver: &str, story: StoryId) -> Vec<u8> {
    [&of_day(HELD, day, watch)[..], &sized(receiver), &story.0.0].concat()
}

/// The day and the watch of a key that begins as [`of_day`] makes it.
pub fn of_day_parts(key: &[u8]) -> Option<(Day, &str)> {
    let (day, rest) = key.get(1..)?.split_first_chunk()?;
    Some((from_local_day(u16::from_be_bytes(*day))?, take_sized(rest)?.0))
}

/// The receiver and the story of a key made by [`held`].
pub fn held_parts(key: &[u8]) -> Option<(&str, StoryId)> {
    let (_, rest) = take_sized(key.get(3..)?)?;
    let (receiver, story) = take_sized(rest)?;
    Some((receiver, StoryId(PostId(story.try_into().ok()?))))
}

/// Prefix of everything that a table has about a receiver and the ten minutes that began at `window`.
pub fn of_window(table: u8, window: Timestamp, receiver: &str) -> Vec<u8> {
    [&[table][..], &moment(window), &sized(receiver)].concat()
}

pub fn flooded(window: Timestamp, receiver: &str, story: StoryId) -> Vec<u8> {
    [&of_window(FLOODED, window, receiver)[..], &story.0.0].concat()
}

/// The moment and the receiver of a key that begins as [`of_window`] makes it.
pub fn of_window_parts(key: &[u8]) -> Option<(Timestamp, &str)> {
    let (at, rest) = key.get(1..)?.split_first_chunk()?;
    let at = Timestamp((u64::from_be_bytes(*at) ^ (1 << 63)) as i64);
    Some((at, take_sized(rest)?.0))
}

fn sized(name: &str) -> Vec<u8> {
    [&(name.len() as u32).to_be_bytes()[..], name.as_bytes()].concat()
}

fn take_sized(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (name, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    Some((std::str::from_utf8(name).ok()?, rest))
}

/// Days of the calendar since 1970-01-01, whatever the time zone; clamped as [`day`] is.
pub fn local_day(day: Day) -> u16 {
    let hours = day.duration_since(EPOCH).as_hours();
    hours.div_euclid(24).clamp(0, i64::from(u16::MAX)) as u16
}

fn from_local_day(days: u16) -> Option<Day> {
    EPOCH.checked_add(jiff::Span::new().days(days)).ok()
}

const EPOCH: Day = jiff::civil::date(1970, 1, 1);

/// The post id that a key ends in.
pub fn last_post(key: &[u8]) -> Option<PostId> {
    key.last_chunk().copied().map(PostId)
}

/// Days since the Unix epoch (UTC); clamped to what sixteen bits hold, which is until the year 2149.
pub fn day(at: Timestamp) -> u16 {
    at.0.div_euclid(86_400_000).clamp(0, i64::from(u16::MAX)) as u16
}

fn tagged(table: u8, id: PostId) -> [u8; 11] {
    let mut bytes = [table; 11];
    bytes[1..].copy_from_slice(&id.0);
    bytes
}

/// Eight bytes that sort as moments do, those before 1970 too.
fn moment(at: Timestamp) -> [u8; 8] {
    (at.0 as u64 ^ (1 << 63)).to_be_bytes()
}

fn moment_and_name(bytes: &[u8]) -> Option<(Timestamp, &str)> {
    let (at, name) = bytes.split_first_chunk()?;
    let at = Timestamp((u64::from_be_bytes(*at) ^ (1 << 63)) as i64);
    Some((at, std::str::from_utf8(name).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_what_they_say() {
        let moments = [i64::MIN, -5, 0, 5, i64::MAX].map(Timestamp);
        let due: Vec<_> = moments.iter().map(|at| due("it-ops", *at, "alert_1")).collect();
        assert!(due.is_sorted());
        let log: Vec<_> = moments.iter().map(|at| log(0, *at, "alert_1")).collect();
        assert!(log.iter().rev().is_sorted(), "the newest comes first");
    }

    #[test]
    fn keys_give_back_what_they_were_made_of() {
        for at in [i64::MIN, -5, 0, 1_700_000_000_000, i64::MAX].map(Timestamp) {
            assert_eq!(due_parts("it-ops", &due("it-ops", at, "alert_1")), Some((at, "alert_1")));
            assert_eq!(log_parts(&log(2, at, "alert_1")), Some((at, "alert_1")));
        }
        assert_eq!(counts_parts(&counts(19_000, "hn")), Some((19_000, "hn")));
        assert_eq!(day(Timestamp(-1)), 0);
        assert_eq!(day(Timestamp(86_400_000)), 1);
    }

    #[test]
    fn keys_of_a_local_day_sort_by_day_and_give_back_what_they_were_made_of() {
        let (day, story) = (jiff::civil::date(2026, 11, 20), StoryId(PostId::of("hn:1")));
        let key = held(day, "acme", "it-ops", story);
        assert_eq!(of_day_parts(&key), Some((day, "acme")));
        assert_eq!(held_parts(&key), Some(("it-ops", story)));
        assert!(key.starts_with(&of_day(HELD, day, "acme")) && !key.starts_with(&of_day(HELD, day, "acm")));
        let days = [(1970, 1, 1), (2026, 11, 20), (2026, 11, 21), (2027, 1, 1)];
        let days = days.map(|(year, month, day)| of_day(SPENT, jiff::civil::date(year, month, day), "acme"));
        assert!(days.is_sorted());
    }

    #[test]
    fn keys_of_ten_minutes_sort_by_moment_and_give_back_what_they_were_made_of() {
        let story = StoryId(PostId::of("hn:1"));
        for at in [i64::MIN, -5, 0, 1_700_000_000_000, i64::MAX].map(Timestamp) {
            let key = flooded(at, "it-ops", story);
            assert_eq!((of_window_parts(&key), last_post(&key)), (Some((at, "it-ops")), Some(story.0)));
            assert!(!key.starts_with(&of_window(FLOODED, at, "it")));
        }
        assert!([-5, 0, 5].map(|at| of_window(SENT, Timestamp(at), "it-ops")).is_sorted());
    }

    #[test]
    fn a_receiver_whose_name_begins_as_anothers_does_not_see_its_attempts() {
        assert!(!due("it-ops", Timestamp(0), "a").starts_with(&due_all("it")));
    }
}
