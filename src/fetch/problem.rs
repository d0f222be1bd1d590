//! What does a failed exchange, a refusing status or an unreadable answer mean for a source?

use super::quota;
use crate::http::HttpError;
use crate::model::{Duration, FetchProblem, ReadError, Timestamp, receiver};

/// The wait when a host says "too many requests" without saying for how long.
pub(super) const DEFAULT_WAIT: Duration = Duration::minutes(1);
/// Most characters told of what a site says is wrong.
const MAX_WORDS: usize = 500;

/// What an exchange without an answer means.
pub(super) fn of_http(error: HttpError) -> FetchProblem {
    match error {
        HttpError::Unreachable { why } | HttpError::Malformed { why } => FetchProblem::Unreachable { why },
        HttpError::TimedOut { seconds } => FetchProblem::TimedOut { seconds },
        HttpError::PrivateAddress { host } => FetchProblem::PrivateAddress { host },
        HttpError::TooLarge { limit } => FetchProblem::TooLarge { limit },
        HttpError::Garbled { why } => FetchProblem::Unreadable { why },
    }
}

/// What a status says that is neither success nor a redirect.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Asks us to wait for so long.
    Wait(Duration),
    Problem(FetchProblem),
}

/// Reads a status with its headers. `for_good`: the page itself says so, not one that it points to for the moment.
pub(super) fn of_status<'h>(
    status: u16,
    header: impl Fn(&str) -> Option<&'h str>,
    for_good: bool,
    now: Timestamp,
) -> Refusal {
    let wait = wait_said(header, now);
    match (status, wait) {
        (429, wait) => Refusal::Wait(wait.unwrap_or(DEFAULT_WAIT)),
        // "Calm down" (an old API of Twitter), "security rejection" (Shopify), "bandwidth exceeded" (cPanel), "overloaded".
        (420 | 430 | 509 | 529, wait) => Refusal::Wait(wait.unwrap_or(DEFAULT_WAIT)),
        // Some sites say "forbidden" for a spent quota; the headers tell.
        (403 | 503, Some(wait)) => Refusal::Wait(wait),
        (401 | 402 | 403 | 407 | 451, _) => Refusal::Problem(FetchProblem::Refused { status }),
        (410, _) if for_good => Refusal::Problem(FetchProblem::Gone),
        _ => Refusal::Problem(FetchProblem::Status { status }),
    }
}

/// For how long an answer's headers ask us to wait; where both are said, the longer one counts.
pub(super) fn wait_said<'h>(header: impl Fn(&str) -> Option<&'h str>, now: Timestamp) -> Option<Duration> {
    let asked = header("retry-after").and_then(|value| receiver::retry_after(value, now));
    asked.max(quota::spent(&header, now))
}

/// What an answer means that its kind could not read, and the wait that the API asked for.
pub(super) fn of_reading(error: ReadError) -> (FetchProblem, Option<Duration>) {
    let unreadable = FetchProblem::Unreadable { why: shown(&error.to_string()) };
    match error {
        ReadError::WrongFormat { .. } | ReadError::Hostile { .. } | ReadError::Unauthorised { .. } => {
            (unreadable, None)
        }
        ReadError::Wall { why } => (FetchProblem::Wall { why: shown(&why) }, None),
        ReadError::FoundNothing { why } => (FetchProblem::FoundNothing { why: shown(&why) }, None),
        ReadError::ErrorItem { why } => (FetchProblem::ErrorItem { why: shown(&why) }, None),
        ReadError::Api { wait, .. } => (unreadable, wait),
    }
}

/// Words that may come from a site, as one line in which nothing acts on a terminal, and not too long.
pub fn shown(words: &str) -> String {
    let line = words.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty());
    let line: String = line.collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_WORDS { line } else { line.chars().take(MAX_WORDS).chain(['…']).collect() }
}

/// Whether an address that was remembered from a permanent redirect is to blame, so that the first one is worth a try.
pub(super) fn blames_address(problem: &FetchProblem) -> bool {
    match problem {
        FetchProblem::Unreachable { .. }
        | FetchProblem::Refused { .. }
        | FetchProblem::PrivateAddress { .. }
        | FetchProblem::TooManyRedirects { .. }
        | FetchProblem::Gone
        | FetchProblem::Status { .. } => true,
        FetchProblem::TimedOut { .. }
        | FetchProblem::Limited { .. }
        | FetchProblem::Robots { .. }
        | FetchProblem::TooLarge { .. }
        | FetchProblem::NoToken { .. }
        | FetchProblem::Wall { .. }
        | FetchProblem::FoundNothing { .. }
        | FetchProblem::ErrorItem { .. }
        | FetchProblem::Unreadable { .. } => false,
    }
}

/// [`blames_address`] of a refusal in JSON.
pub(super) fn status_blames_address(status: u16) -> bool {
    match of_status(status, |_| None, true, Timestamp(0)) {
        Refusal::Problem(problem) => status > 400 && blames_address(&problem),
        Refusal::Wait(_) => false,
    }
}

/// The name, in metrics, of the problem that a status is.
pub(super) fn name_of_status(status: u16) -> &'static str {
    match of_status(status, |_| None, true, Timestamp(0)) {
        Refusal::Problem(problem) => problem.name(),
        Refusal::Wait(_) => "limited",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_quota_makes_a_refusal_a_wait_and_the_longer_of_two_asks_counts() {
        let now = Timestamp::parse("2026-01-01T00:00:00Z").expect("a date");
        let quota = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "300"), ("retry-after", "20")];
        let header = |name: &str| quota.iter().find(|(have, _)| *have == name).map(|(_, value)| *value);
        for status in [403, 429, 503] {
            assert_eq!(of_status(status, header, true, now), Refusal::Wait(Duration::seconds(300)));
        }
        assert_eq!(of_status(401, header, true, now), Refusal::Problem(FetchProblem::Refused { status: 401 }));
    }

    #[test]
    fn words_of_a_site_become_one_line_that_does_nothing_and_has_an_end() {
        assert_eq!(shown(" not\u{1b}[31m a\r\n feed\u{7} "), "not [31m a feed");
        let long = shown(&"é ".repeat(MAX_WORDS));
        assert_eq!((long.chars().count(), long.ends_with('…')), (MAX_WORDS + 1, true));
    }

    #[test]
    fn every_status_has_its_meaning() {
        let now = Timestamp::parse("2026-01-01T00:00:00Z").expect("a date");
        let wait = |seconds| Refusal::Wait(Duration::seconds(seconds));
        let problem = Refusal::Problem;
        for (status, retry_after, for_good, meaning) in [
            (429, None, true, wait(60)),
            (429, Some("120"), true, wait(120)),
            (429, Some("Thu, 01 Jan 2026 00:05:00 GMT"), true, wait(300)),
            (429, Some("Wed, 31 Dec 2025 00:00:00 GMT"), true, wait(0)),
            (429, Some("soon"), true, wait(60)),
            (429, Some("99999999999999999999999"), true, wait(100 * 365 * 86_400)),
            (429, Some("Fri, 31 Dec 9999 23:59:59 GMT"), true, wait(100 * 365 * 86_400)),
            (503, Some("30"), true, wait(30)),
            (503, None, true, problem(FetchProblem::Status { status: 503 })),
            (403, Some("30"), true, wait(30)),
            (420, None, true, wait(60)),
            (509, Some("3600"), true, wait(3600)),
            (403, None, true, problem(FetchProblem::Refused { status: 403 })),
            (401, None, true, problem(FetchProblem::Refused { status: 401 })),
            (451, None, true, problem(FetchProblem::Refused { status: 451 })),
            (410, None, true, problem(FetchProblem::Gone)),
            (410, None, false, problem(FetchProblem::Status { status: 410 })),
            (404, None, true, problem(FetchProblem::Status { status: 404 })),
            (500, None, true, problem(FetchProblem::Status { status: 500 })),
        ] {
            let header = |name: &str| retry_after.filter(|_| name == "retry-after");
            assert_eq!(of_status(status, header, for_good, now), meaning, "{status} {retry_after:?} {for_good}");
        }
    }
}
