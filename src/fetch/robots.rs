//! What does a host's robots.txt (RFC 9309) allow us?

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use self::rules::Rules;
use crate::model::{Duration, FetchProblem, Timestamp};

mod rules;

/// The name that we answer to in robots.txt.
const AGENT: &str = "overheard";
/// Bytes of a robots.txt that are read (RFC 9309 asks for at least these); the rest is not looked at.
pub(super) const MAX_BYTES: usize = 500 * 1024;
/// How long an answer is believed, and how long a failure to get one.
const KEPT: Duration = Duration::hours(24);
const FAILURE_KEPT: Duration = Duration::minutes(10);
/// Hosts kept in mind; the one to be asked again soonest goes first.
const MAX_HOSTS: usize = 1_000;

/// What is known of the hosts asked lately.
#[derive(Default)]
pub(super) struct Robots(Mutex<HashMap<String, (Timestamp, Verdict)>>);

/// What a host lets us do.
#[derive(Clone)]
pub(super) enum Verdict {
    /// It has no robots.txt: everything.
    Free,
    /// What its rules say.
    Rules(Arc<Rules>),
    /// Its robots.txt could not be had, which counts as a refusal of everything.
    Closed(FetchProblem),
}

impl Robots {
    /// What is known of a host, unless it was too long ago.
    pub fn known(&self, origin: &str, now: Timestamp) -> Option<Verdict> {
        let (until, verdict) = self.hosts().get(origin)?.clone();
        (now < until).then_some(verdict)
    }

    /// Keeps what was found out about a host.
    pub fn learn(&self, origin: String, verdict: Verdict, now: Timestamp) {
        let kept = if matches!(verdict, Verdict::Closed(_)) { FAILURE_KEPT } else { KEPT };
        let mut hosts = self.hosts();
        if hosts.len() >= MAX_HOSTS && !hosts.contains_key(&origin) {
            let soonest = hosts.iter().min_by_key(|(_, (until, _))| *until).map(|(origin, _)| origin.clone());
            soonest.and_then(|origin| hosts.remove(&origin));
        }
        hosts.insert(origin, (now + kept, verdict));
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, (Timestamp, Verdict)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verdict {
    /// Reads a robots.txt, or its start: what the cap cut in two is no line.
    pub fn read(text: &[u8]) -> Self {
        let whole = match text.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')) {
            Some(end) if text.len() >= MAX_BYTES => &text[..end],
            _ => text,
        };
        Self::Rules(Arc::new(Rules::read(whole, AGENT)))
    }

    /// What it means that a robots.txt was not to be had: `None` when that says nothing for the next asking.
    pub fn without(problem: &FetchProblem) -> Option<Self> {
        match problem {
            FetchProblem::Refused { .. } | FetchProblem::Gone | FetchProblem::TooManyRedirects { .. } => {
                Some(Self::Free)
            }
            FetchProblem::Status { status: 400..=499 } => Some(Self::Free),
            FetchProblem::Limited { .. } | FetchProblem::PrivateAddress { .. } | FetchProblem::Robots { .. } => None,
            FetchProblem::Unreachable { .. }
            | FetchProblem::TimedOut { .. }
            | FetchProblem::TooLarge { .. }
            | FetchProblem::Status { .. }
            | FetchProblem::NoToken { .. }
            | FetchProblem::Wall { .. }
            | FetchProblem::FoundNothing { .. }
            | FetchProblem::ErrorItem { .. }
            | FetchProblem::Unreadable { .. } => Some(Self::Closed(problem.clone())),
        }
    }

    /// Whether a URL may be asked.
    pub fn permits(&self, url: &Url) -> Result<(), FetchProblem> {
        match self {
            Self::Free => Ok(()),
            Self::Rules(rules) if rules.allow(url) => Ok(()),
            Self::Rules(_) => Err(FetchProblem::Robots { path: url.path().to_owned() }),
            Self::Closed(problem) => Err(problem.clone()),
        }
    }

    /// How long the host wants us to wait between two requests.
    pub fn delay(&self) -> Option<Duration> {
        match self {
            Self::Rules(rules) => rules.delay,
            Self::Free | Self::Closed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(text: &str, path: &str) -> bool {
        let url = Url::parse("https://example.com").and_then(|host| host.join(path)).expect(path);
        Verdict::read(text.as_bytes()).permits(&url).is_ok()
    }

    #[test]
    fn rules_for_us_come_before_rules_for_all_and_the_longest_rule_wins() {
        let text = "User-agent: *\nDisallow: /\n\nUser-agent: Overheard\nDisallow: /private\nAllow: /private/open\n";
        for (path, allowed) in [
            ("/", true),
            ("/private", false),
            ("/private/x?q=1", false),
            ("/private/open/x", true),
            ("/robots.txt", true),
        ] {
            assert_eq!(permits(text, path), allowed, "{path}");
        }
        assert!(!permits("User-agent: *\nDisallow: /*.php$\n", "/a.php"));
        assert!(permits("User-agent: *\nDisallow: /*.php$\n", "/a.php5"));
        assert!(!permits("User-agent: otherbot\nDisallow:\n\nUser-agent: *\r\nDisallow: /\r\n", "/a"));
    }

    #[test]
    fn what_is_no_robots_txt_forbids_nothing() {
        for text in ["", "<!doctype html><html><body>Not found</body></html>", "\0\0\0\u{feff}", "Disallow", ":::"] {
            assert!(permits(text, "/a"), "{text:?}");
        }
    }

    #[test]
    fn what_stands_behind_the_cap_is_not_read_and_the_line_that_it_cuts_neither() {
        let start = "User-agent: *\nDisallow: /private\n";
        let padding = "#".repeat(MAX_BYTES - start.len() - "\nAllow: /private/o".len());
        let text = format!("{start}{padding}\nAllow: /private/open\nDisallow: /last\n");
        let cut = &text[..MAX_BYTES];
        assert!(cut.ends_with("Allow: /private/o"));
        assert!(!permits(cut, "/private/other") && !permits(cut, "/private/open") && permits(cut, "/last"));
    }

    #[test]
    fn the_delay_is_read_where_it_makes_sense() {
        for (text, delay) in [
            ("User-agent: *\nCrawl-delay: 10\n", Some(Duration::seconds(10))),
            ("User-agent: *\nCrawl-delay: 0.5\n", Some(Duration(500))),
            ("User-agent: *\nCrawl-delay: -1\n", None),
            ("User-agent: *\nCrawl-delay: NaN\n", None),
            ("User-agent: *\nCrawl-delay: soon\n", None),
            ("User-agent: other\nCrawl-delay: 10\nDisallow: /\n\nUser-agent: *\nDisallow: /x\n", None),
            ("User-agent: *\nCrawl-delay: 10\nDisallow: /\n\nUser-agent: overheard\nDisallow: /x\n", None),
        ] {
            assert_eq!(Verdict::read(text.as_bytes()).delay(), delay, "{text}");
        }
    }

    #[test]
    fn answers_are_kept_a_day_failures_ten_minutes_and_never_too_many() {
        let robots = Robots::default();
        let down = FetchProblem::TimedOut { seconds: 30 };
        robots.learn("https://a".into(), Verdict::Free, Timestamp(0));
        robots.learn("https://b".into(), Verdict::Closed(down.clone()), Timestamp(0));
        let url = Url::parse("https://b/x").expect("a URL");
        let closed = robots.known("https://b", Timestamp(599_999)).map(|verdict| verdict.permits(&url));
        assert_eq!(closed, Some(Err(down)));
        assert!(robots.known("https://b", Timestamp(600_000)).is_none());
        assert!(robots.known("https://a", Timestamp(86_399_999)).is_some());
        assert!(robots.known("https://a", Timestamp(86_400_000)).is_none());
        for number in 0..3 * MAX_HOSTS {
            robots.learn(format!("https://{number}"), Verdict::Free, Timestamp(number as i64));
        }
        assert_eq!(robots.hosts().len(), MAX_HOSTS);
        assert!(robots.known("https://2999", Timestamp(3000)).is_some());
    }
}
