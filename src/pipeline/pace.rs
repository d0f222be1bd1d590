//! How soon is a source asked again that answered?

use crate::config::SourceConfig;
use crate::model::Duration;

/// After so many polls without anything new, the wait has doubled.
const POLLS_TO_DOUBLE: u64 = 8;

/// What the answers of one poll say of how often to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// How long the server says that its answer stays fresh (Cache-Control).
    fresh_for: Option<Duration>,
    /// How often the site says that it changes (`ttl`, `sy:updatePeriod`).
    every: Option<Duration>,
}

impl Hints {
    /// Takes what one more answer says; the longest word counts.
    pub fn add(&mut self, fresh_for: Option<Duration>, every: Option<Duration>) {
        self.fresh_for = self.fresh_for.max(fresh_for);
        self.every = self.every.max(every);
    }
}

/// How a source has done lately.
#[derive(Debug, Default)]
pub struct Pace {
    /// Polls in a row that brought nothing new.
    quiet: u64,
}

impl Pace {
    /// The wait after a poll, always between the source's `every` and its `slowest`.
    ///
    /// One that brought something new is asked again at its full pace, unless the server says that its answer stays
    /// fresh for longer. Without anything new the wait grows by an eighth of `every` with each poll, or at once to what the site
    /// says of itself.
    pub fn after(&mut self, source: &SourceConfig, news: bool, hints: &Hints) -> Duration {
        self.quiet = if news { 0 } else { self.quiet.saturating_add(1) };
        let grown = source.every.0.saturating_add((source.every.0 / POLLS_TO_DOUBLE).saturating_mul(self.quiet));
        let said = hints.every.filter(|_| !news).unwrap_or_default();
        let fresh = hints.fresh_for.unwrap_or_default();
        Duration(grown).max(said).max(fresh).min(source.slowest).max(source.every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sample::source_of;

    fn source(more: &str) -> SourceConfig {
        let block =
            "[[source]]\nname = \"x\"\nkind = \"rss\"\nurl = \"https://blog.acme.example/feed\"\nevery = \"8m\"\n";
        source_of(&format!("{block}{more}")).expect("a source")
    }

    #[test]
    fn a_quiet_source_is_asked_less_and_less_often_and_at_once_at_full_pace_when_it_speaks() {
        let source = source("slowest = \"12m\"");
        let mut pace = Pace::default();
        let mut after = |news: bool| pace.after(&source, news, &Hints::default()).to_string();
        let quiet: Vec<String> = (0..6).map(|_| after(false)).collect();
        assert_eq!(quiet, ["9m", "10m", "11m", "12m", "12m", "12m"]);
        assert_eq!(after(true), "8m");
        assert_eq!(after(false), "9m");
    }

    #[test]
    fn what_a_site_says_of_its_own_pace_counts_up_to_the_slowest() {
        let minutes = |minutes| Some(Duration::minutes(minutes));
        for (more, news, fresh_for, every, wait) in [
            ("", true, None, None, "8m"),
            ("", true, minutes(10), None, "10m"),
            ("", true, minutes(1), minutes(1), "8m"),
            ("", true, None, minutes(20), "8m"),
            ("", false, None, minutes(20), "20m"),
            ("", false, minutes(600), minutes(600), "32m"),
            ("slowest = \"8m\"", false, minutes(600), minutes(600), "8m"),
        ] {
            let mut hints = Hints::default();
            hints.add(fresh_for, every);
            assert_eq!(
                Pace::default().after(&source(more), news, &hints).to_string(),
                wait,
                "{more} {fresh_for:?} {every:?}"
            );
        }
    }
}
