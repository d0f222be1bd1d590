//! What does a refusal mean that says why only in the words of its page: are we too fast, or doubted to be human?
//!
//! Many sites answer 403 or 503, without a header about it, where 429 was meant, and walls against robots answer the same.
//! Words are looked for where a reader sees them, at the beginning of a page that says little else: an ordinary page may
//! speak of limits and captchas too.

use super::problem::{DEFAULT_WAIT, Refusal};
use crate::model::FetchProblem;

/// How much of such a page is read, in bytes.
pub(super) const MAX_READ: usize = 4 * 1024;
/// A page that says more than this, in characters, has another matter; its first words, its title among them, still count.
const FEW_WORDS: usize = 1_200;
/// How many characters of a page with more to say are looked at.
const FIRST_WORDS: usize = 160;

/// What says that we ask too often; in lower case.
const TOO_FAST: [&str; 18] = [
    "too many requests",
    "too many connections",
    "rate limit exceeded",
    "rate limit reached",
    "exceeded the rate limit",
    "exceeded a secondary rate limit",
    "exceeded your rate limit",
    "rate limited",
    "rate-limited",
    "ratelimited",
    "request quota",
    "quota exceeded",
    "request limit exceeded",
    "slow down",
    "whoa there",
    "abuse detection mechanism",
    "making requests too",
    "requests too quickly",
];

/// What asks whether a human is there; in lower case.
const DOUBTS: [&str; 13] = [
    "just a moment",
    "checking your browser",
    "checking if the site connection is secure",
    "enable javascript and cookies to continue",
    "verify you are human",
    "verify that you are human",
    "verify you are not a robot",
    "are you a robot",
    "captcha",
    "pardon our interruption",
    "making sure you're not a bot",
    "ddos protection by",
    "performing security verification",
];

/// Beside "access denied", what says that it is for being a robot.
const ROBOTS: [&str; 4] = ["automated", "bots", " bot ", "robot"];

/// Scripts that only such pages have.
const SCRIPTS: [&str; 4] = ["_cf_chl_opt", "/cdn-cgi/challenge-platform/", "captcha-delivery.com", "px-captcha"];

/// Whether a refusal is one that may say in its words what it means. One that says in its headers for how long to wait does not.
pub(super) fn may_tell(status: u16, refusal: &Refusal) -> bool {
    matches!((status, refusal), (403 | 429 | 503, Refusal::Problem(_)) | (429, Refusal::Wait(_)))
}

/// Whether the headers say that a page which asks for a proof of being human stands in the way.
pub(super) fn is_challenge<'h>(header: impl Fn(&str) -> Option<&'h str>) -> bool {
    header("cf-mitigated").is_some_and(|what| what.trim().eq_ignore_ascii_case("challenge"))
}

/// The problem of being doubted.
pub(super) fn wall(status: u16) -> Refusal {
    Refusal::Problem(FetchProblem::Wall { why: format!("it asks whether a human is there (HTTP {status})") })
}

/// What the beginning of a page says; `None` where it says neither.
pub(super) fn told(status: u16, beginning: &[u8]) -> Option<Refusal> {
    let page = String::from_utf8_lossy(beginning).to_lowercase();
    if SCRIPTS.iter().any(|script| page.contains(script)) {
        return Some(wall(status));
    }
    let mut seen = visible(&page);
    if seen.chars().count() > FEW_WORDS {
        seen = seen.chars().take(FIRST_WORDS).collect();
    }
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| seen.contains(phrase));
    if says(&DOUBTS) || (seen.contains("access denied") && says(&ROBOTS)) {
        return Some(wall(status));
    }
    says(&TOO_FAST).then_some(Refusal::Wait(DEFAULT_WAIT))
}

/// What a reader sees of a page in lower case, and its title, with one space between words.
fn visible(page: &str) -> String {
    let mut seen = String::new();
    let mut rest = page;
    while let Some((before, behind)) = rest.split_once('<') {
        seen.push_str(before);
        seen.push(' ');
        let unseen = [("script", "</script"), ("style", "</style"), ("!--", "--")];
        let behind = match unseen.iter().find_map(|(begins, end)| Some((behind.strip_prefix(begins)?, end))) {
            Some((behind, end)) => behind.split_once(end).map_or("", |(_, after)| after),
            None => behind,
        };
        rest = behind.split_once('>').map_or("", |(_, after)| after);
    }
    seen.push_str(rest);
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: &str = "wall";
    const WAIT: &str = "wait";
    const NEITHER: &str = "neither";

    fn means(page: &str) -> &'static str {
        match told(403, page.as_bytes()) {
            Some(Refusal::Wait(wait)) if wait == DEFAULT_WAIT => WAIT,
            Some(Refusal::Problem(FetchProblem::Wall { .. })) => WALL,
            None => NEITHER,
            Some(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn refusals_without_json_are_known_by_their_words_and_others_are_left_alone() {
        let long = format!("<title>Forbidden</title>{}<p>Read of rate limited APIs and captchas", "words ".repeat(300));
        let long_limit = format!("<title>429 Too Many Requests</title>{}", "words ".repeat(300));
        for (page, meaning) in [
            ("Rate limit exceeded", WAIT),
            ("<html><head><title>Too Many Requests</title></head><body>Try again", WAIT),
            ("<h1>whoa there, pardner!</h1><p>Your request has been blocked", WAIT),
            ("You have triggered an abuse detection mechanism. Please wait", WAIT),
            ("<p>Please <b>slow\n down</b>.", WAIT),
            ("You are being rate limited (error 1015)", WAIT),
            ("Your request quota is used up", WAIT),
            (&long_limit, WAIT),
            ("<title>Just a moment...</title><p>Enable JavaScript", WALL),
            ("<script>window._cf_chl_opt = {}</script>", WALL),
            ("<h1>Access Denied</h1><p>Our systems detected automated traffic", WALL),
            ("<p>Solve the CAPTCHA to go on", WALL),
            ("<h1>403 Forbidden</h1><hr>nginx", NEITHER),
            ("<h1>Access denied</h1><p>You need an account for this forum", NEITHER),
            ("<p>Service unavailable. We are updating.", NEITHER),
            ("<!-- no <b>captcha</b>, no rate limited --><p>Forbidden", NEITHER),
            ("<style>.captcha{}</style><a href=\"/rate-limited\">Help</a><p>Forbidden", NEITHER),
            (&long, NEITHER),
            ("<script>captcha", NEITHER),
            ("a < b", NEITHER),
            ("", NEITHER),
        ] {
            assert_eq!(means(page), meaning, "{page}");
        }
        for bytes in [&b"\xff\xfe<"[..], b"<!--", b"<script", b"<style></style", b"<>"] {
            assert!(told(403, bytes).is_none());
        }
    }

    #[test]
    fn only_a_challenge_of_cloudflare_is_one_by_its_header() {
        for (value, is) in [(Some("challenge"), true), (Some(" Challenge"), true), (Some("log"), false), (None, false)]
        {
            assert_eq!(is_challenge(|name| value.filter(|_| name == "cf-mitigated")), is, "{value:?}");
        }
    }
}
