//! How many posts a day does each source bring, and does one bring far less than it did?

use std::collections::{BTreeMap, HashMap};

use super::coverage::Silences;
use crate::model::{Counts, Duration, Timestamp};

/// Days that a rate is the average of.
pub const DAYS: i64 = 28;
/// Whole days that must be known before a source can be said to bring less.
const HISTORY: usize = 16;
/// Days that are compared with all others as long: a weekend must not be news.
const WINDOW: usize = 2;
/// Fewer posts than this in the quietest window say nothing.
const ENOUGH: u64 = 12;
/// Far less: this part of the quietest window, or below.
const LESS: u64 = 3;
/// A window in which the source was not heard for this part of the time is not compared.
const HEARD: f64 = 0.9;

/// What is expected of each source.
#[derive(Clone, Debug, Default)]
pub struct Rates(HashMap<String, Rate>);

/// What is expected of one source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rate {
    /// New posts a day over the last whole days, at most [`DAYS`].
    pub per_day: f64,
    /// It brings far less than it did: in words how much.
    pub shrunk: Option<String>,
}

impl Rates {
    /// From the counts by UTC day and source, without today: it is not over.
    pub fn of(counts: &[(Timestamp, String, Counts)], silences: &Silences, now: Timestamp) -> Self {
        let today = now.seconds().div_euclid(86_400);
        let mut by_source: HashMap<&str, BTreeMap<i64, u64>> = HashMap::new();
        for (day, source, counts) in counts {
            let day = day.seconds().div_euclid(86_400);
            if (today - DAYS..today).contains(&day) {
                *by_source.entry(source).or_default().entry(day).or_default() += counts.news();
            }
        }
        let rate = |(source, days): (&str, BTreeMap<i64, u64>)| {
            let first = days.keys().next().copied().unwrap_or(today);
            let all: Vec<u64> = (first..today).map(|day| days.get(&day).copied().unwrap_or_default()).collect();
            let per_day = all.iter().sum::<u64>() as f64 / all.len().max(1) as f64;
            let heard = |at: usize| is_heard(source, first + at as i64, silences);
            (source.to_owned(), Rate { per_day, shrunk: shrunk(&all, heard) })
        };
        Self(by_source.into_iter().map(rate).collect())
    }

    /// What is expected of a source; none of one that has not been read for a whole day.
    pub fn get(&self, source: &str) -> Option<&Rate> {
        self.0.get(source)
    }
}

/// Whether a source was heard in the window that begins on this day.
fn is_heard(source: &str, day: i64, silences: &Silences) -> bool {
    let from = Timestamp::from_seconds(day * 86_400);
    silences.coverage(source, Some(from), from, from + Duration::days(WINDOW as u64)) >= HEARD
}

/// Whether the last window has far fewer posts than the quietest one before; `heard` says of each day whether the window
/// that begins there can be compared.
fn shrunk(days: &[u64], heard: impl Fn(usize) -> bool) -> Option<String> {
    if days.len() < HISTORY {
        return None;
    }
    let mut windows: Vec<Option<u64>> =
        days.windows(WINDOW).enumerate().map(|(at, days)| heard(at).then(|| days.iter().sum())).collect();
    let last = windows.pop().flatten()?;
    // Those that share a day with the last one say nothing of it.
    windows.truncate(windows.len().saturating_sub(WINDOW - 1));
    let quietest = windows.into_iter().flatten().min()?;
    let less = quietest >= ENOUGH && last.saturating_mul(LESS) <= quietest;
    less.then(|| format!("{last} new posts in the last two days, never fewer than {quietest} in four weeks before"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(quiet_days: &[u64]) -> Option<String> {
        let usual = [20, 22, 18, 25, 21, 7, 8];
        let mut days: Vec<u64> = usual.iter().copied().cycle().take(21).collect();
        days.extend(quiet_days);
        shrunk(&days, |_| true)
    }

    #[test]
    fn a_weekend_is_not_far_less_and_a_site_that_shows_hardly_anything_is() {
        assert_eq!(after(&[20, 22]), None);
        assert_eq!(after(&[7, 8]), None);
        assert_eq!(after(&[20, 0]), None, "one day is chance");
        let words = "5 new posts in the last two days, never fewer than 15 in four weeks before";
        assert_eq!(after(&[20, 3, 2]).as_deref(), Some(words));
        assert_eq!(after(&[3, 2, 3, 2]), None, "after four days it is the quietest of before that counts");
    }

    #[test]
    fn what_is_little_or_short_or_unheard_says_nothing() {
        let mut little = vec![3; 20];
        little.extend([0, 0]);
        assert_eq!(shrunk(&little, |_| true), None);
        assert_eq!(shrunk(&[20, 20, 20, 0, 0], |_| true), None);
        let mut days = vec![20; 20];
        days.extend([0, 0]);
        assert!(shrunk(&days, |_| true).is_some());
        assert_eq!(shrunk(&days, |at| at != 20), None, "the daemon did not run on those days");
    }

    #[test]
    fn a_rate_is_the_average_of_the_whole_days() {
        let now = Timestamp::from_seconds(100 * 86_400 + 3_600);
        let day = |day: i64, posts: u64| {
            let counts = Counts { unmatched: posts, already_seen: 1_000, ..Counts::default() };
            (Timestamp::from_seconds(day * 86_400), "news".to_owned(), counts)
        };
        let counts = [day(50, 900), day(96, 8), day(97, 0), day(99, 4), day(100, 70)];
        let rates = Rates::of(&counts, &Silences::default(), now);
        assert_eq!(rates.get("news").map(|rate| rate.per_day), Some(3.0));
        assert_eq!(rates.get("other"), None);
    }
}
