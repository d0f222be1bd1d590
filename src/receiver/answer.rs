//! What does a receiver's answer say, in words for the person who runs this?

use super::text::{cut, one_line};
use crate::model::{Answer, Verdict};

/// Most bytes of a body that are looked at, and most characters that are repeated.
const MAX_BYTES: usize = 1_024;
const MAX_CHARS: usize = 120;

/// How the body begins, as one line; empty for none and for a page of HTML, which says little in one line.
pub fn words(answer: &Answer) -> String {
    let beginning = &answer.body[..answer.body.len().min(MAX_BYTES)];
    let text = one_line(&String::from_utf8_lossy(beginning));
    if is_page(answer) { String::new() } else { cut(&text, MAX_CHARS) }
}

/// Whether the body is HTML or XML: a login page, an error page of a proxy.
pub fn is_page(answer: &Answer) -> bool {
    answer.body.trim_ascii_start().starts_with(b"<")
}

/// What the status says, with the words of the body: `HTTP 400: invalid_payload`.
pub fn by_status(answer: &Answer) -> Verdict {
    let said = words(answer);
    let with_words = |why: String| if said.is_empty() { why } else { format!("{why}: {said}") };
    match Verdict::of_status(answer) {
        Verdict::Delivered { handle } => Verdict::Delivered { handle },
        Verdict::Retry { why, after } => Verdict::Retry { why: with_words(why), after },
        Verdict::Refused { why } => Verdict::Refused { why: with_words(why) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Duration, Timestamp};

    fn answer(status: u16, headers: &[(&str, &str)], body: &'static str) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status, headers, body: body.into(), received_at: Timestamp(0) }
    }

    #[test]
    fn a_status_decides_and_the_body_explains() {
        let refused = |why: &str| Verdict::Refused { why: why.into() };
        let retry = |why: &str, after| Verdict::Retry { why: why.into(), after };
        for (status, headers, body, verdict) in [
            (204, &[][..], "", Verdict::Delivered { handle: None }),
            (400, &[], "invalid_payload\n", refused("HTTP 400: invalid_payload")),
            (404, &[], "<!doctype html><title>Not here</title>", refused("HTTP 404")),
            (410, &[], "", refused("HTTP 410")),
            (408, &[], "", retry("HTTP 408", None)),
            (425, &[], "", retry("HTTP 425", None)),
            (429, &[("retry-after", "7")], "slow\u{1b}[31m", retry("HTTP 429: slow [31m", Some(Duration::seconds(7)))),
            (503, &[], "", retry("HTTP 503", None)),
        ] {
            assert_eq!(by_status(&answer(status, headers, body)), verdict, "{status} {body}");
        }
    }
}
