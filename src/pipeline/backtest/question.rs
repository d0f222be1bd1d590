//! What may be asked of a back-test, and what is wrong with the question?

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::archive::{ArchiveError, Window};
use crate::config::{Config, Paths};
use crate::model::{Duration, Fault, Timestamp, ViewError, nearest, words};

/// Samples of a back-test where nobody asked for a number.
pub const DEFAULT_SAMPLES: usize = 10;
/// Most samples of one back-test.
pub const MAX_SAMPLES: usize = 100;
/// How far back a back-test looks where nobody said.
pub const DEFAULT_SINCE: &str = "30d";
/// Longest time that a back-test looks back: nothing is kept for longer.
pub const MAX_BACK: Duration = Duration::days(3_650);

/// Most names of watches in an error.
const MAX_NAMED: usize = 20;

/// What to try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The name of a watch.
    pub watch: String,
    /// The text of a changed `watches.toml` to compare with.
    #[serde(default)]
    pub file_text: Option<String>,
    /// What that file is called in faults.
    #[serde(default)]
    pub file_name: Option<String>,
    /// How far back to look: a length of time (`30d`), a day (`2026-01-31`, from its local midnight) or a moment.
    #[serde(default = "default_since")]
    pub since: String,
    /// How many samples to show, at most [`MAX_SAMPLES`].
    #[serde(default = "default_samples")]
    pub samples: usize,
}

fn default_since() -> String {
    DEFAULT_SINCE.to_owned()
}

fn default_samples() -> usize {
    DEFAULT_SAMPLES
}

/// Why a back-test gave no report.
#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    #[error("there is no watch `{name}`; {hint}")]
    NoWatch { name: String, hint: String },
    #[error("`since` is `{given}`: {why}; write for example 30d, 12h or 2026-01-31")]
    Since { given: String, why: &'static str },
    #[error("`samples` is {given}; it goes up to {MAX_SAMPLES}")]
    Samples { given: usize },
    #[error("there is no watch in {file}: nothing to compare with")]
    NoWatches { file: String },
    #[error("the changed file has {}", words::count(.0.len() as u64, "fault"))]
    Faults(Vec<Fault>),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    View(#[from] ViewError),
    /// Whoever asked went away.
    #[error("the back-test was broken off")]
    Stopped,
}

impl Question {
    /// The time to look at, as of `now`.
    pub(super) fn window(&self, zone: &TimeZone, now: Timestamp) -> Result<Window, BacktestError> {
        let wrong = |why| BacktestError::Since { given: self.since.clone(), why };
        let text = self.since.trim();
        let from = match (text.parse::<Duration>(), day_begins(text, zone)) {
            (Ok(length), _) => now - length,
            (_, Some(midnight)) => midnight,
            (Err(_), None) => Timestamp::parse(text).ok_or_else(|| wrong("it is no length of time, day or moment"))?,
        };
        if from >= now {
            return Err(wrong("nothing can have arrived since then"));
        }
        if now.since(from) > MAX_BACK {
            return Err(wrong("nothing is kept for longer than 3650 days"));
        }
        // What arrived in this very millisecond has arrived.
        Ok(Window { from, until: now + Duration(1) })
    }

    /// The configuration with the changed file in it, if there is one.
    ///
    /// # Errors
    /// The changed file has faults, or other files have.
    pub fn changed(&self, paths: &Paths) -> Result<Option<Config>, BacktestError> {
        let Some(text) = &self.file_text else { return Ok(None) };
        let name = self.file_name.as_deref().unwrap_or("watches.toml");
        let checked = Config::check_changed(paths, &|name| std::env::var(name).ok(), name, text);
        match checked.config {
            Some(config) => with_watches(config, name).map(Some),
            None => Err(BacktestError::Faults(checked.faults)),
        }
    }

    pub(super) fn check(&self) -> Result<(), BacktestError> {
        if self.samples > MAX_SAMPLES { Err(BacktestError::Samples { given: self.samples }) } else { Ok(()) }
    }
}

/// A changed configuration has something to compare with; else it is most likely a pipe that brought nothing.
pub fn with_watches(config: Config, file: &str) -> Result<Config, BacktestError> {
    match config.watches.specs() {
        [] => Err(BacktestError::NoWatches { file: file.to_owned() }),
        [_, ..] => Ok(config),
    }
}

/// The midnight with which a day begins.
fn day_begins(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let day: jiff::civil::Date = text.parse().ok().filter(|_| text.len() == "2026-01-31".len())?;
    let midnight = day.to_zoned(zone.clone()).ok()?;
    Some(Timestamp(midnight.timestamp().as_millisecond()))
}

/// Says which watches there are instead.
pub fn no_watch(name: &str, configs: &[&Config]) -> BacktestError {
    let known: Vec<&str> =
        configs.iter().flat_map(|config| config.watches.specs()).map(|spec| spec.name.as_str()).collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => listed(known),
    };
    BacktestError::NoWatch { name: name.to_owned(), hint }
}

/// `there are: a, b, c and 7 more`.
fn listed(mut known: Vec<&str>) -> String {
    known.sort_unstable();
    known.dedup();
    let more = known.len().saturating_sub(MAX_NAMED);
    known.truncate(MAX_NAMED);
    match (known.is_empty(), more) {
        (true, _) => "watches.toml has none".to_owned(),
        (false, 0) => format!("there are: {}", known.join(", ")),
        (false, more) => format!("there are: {} and {more} more", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(since: &str, zone: &str) -> Result<Timestamp, String> {
        let question =
            Question { watch: String::new(), file_text: None, file_name: None, since: since.to_owned(), samples: 0 };
        let now = Timestamp::parse("2026-03-10T12:00:00Z").expect("a moment");
        let zone = TimeZone::get(zone).expect("a zone");
        question.window(&zone, now).map(|window| window.from).map_err(|why| why.to_string())
    }

    #[test]
    fn since_is_a_length_a_local_day_or_a_moment() {
        for (since, zone, expected) in [
            ("30d", "UTC", "2026-02-08T12:00:00Z"),
            ("12h", "Europe/Zurich", "2026-03-10T00:00:00Z"),
            ("2026-03-01", "UTC", "2026-03-01T00:00:00Z"),
            ("2026-03-01", "Europe/Zurich", "2026-02-28T23:00:00Z"),
            ("2026-03-01T06:00:00Z", "Europe/Zurich", "2026-03-01T06:00:00Z"),
        ] {
            assert_eq!(from(since, zone), Ok(Timestamp::parse(expected).expect("a moment")), "{since} in {zone}");
        }
    }

    #[test]
    fn a_wrong_since_says_what_is_right() {
        for (since, why) in [
            ("30", "no length of time"),
            ("yesterday", "no length of time"),
            ("0s", "nothing can have arrived"),
            ("2026-04-01", "nothing can have arrived"),
            ("4000d", "3650 days"),
        ] {
            let said = from(since, "UTC").expect_err(since);
            assert!(said.contains(why) && said.contains("for example 30d"), "{since}: {said}");
        }
    }
}
