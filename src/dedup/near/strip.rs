//! Which part of a text did those add who pass it on: who said it, via whom, sent from what?

use super::fold::{begin, end};

/// Most bytes that a credit in front, or a signature behind, may have.
const MAX_CREDIT: usize = 80;
const MAX_SIGNATURE: usize = 500;
/// Most words of a name behind `via`, `|` or a dash.
const MAX_NAME: usize = 3;
/// Most closing lines that are looked at.
const MAX_LINES: usize = 4;

/// Lines that begin so at the end of a text say nothing of it. In lower case.
const CLOSINGS: [&str; 26] = [
    "sent from my",
    "sent from ",
    "sent via",
    "get outlook",
    "read more",
    "read the full",
    "read on",
    "continue reading",
    "originally posted",
    "originally published",
    "originally appeared",
    "this article first",
    "this article originally",
    "this article was originally",
    "this post first",
    "this post originally",
    "this story first",
    "this story originally",
    "first published",
    "first appeared",
    "the post ",
    "subscribe to",
    "sign up",
    "follow us",
    "via ",
    "source:",
];

/// What stands between the words and whom they came from.
const TAILS: [&str; 6] = [" via ", "(via ", " | ", " - ", " – ", " — "];

/// A verb that names whose words follow, if a colon is behind it.
const SAYS: [&str; 7] = [" wrote:", " writes:", " said:", " says:", " schrieb:", " a écrit :", " escribió:"];

/// The text without what is not its author's at both ends.
pub(super) fn strip(text: &str) -> &str {
    let text = head(signature(text.trim()));
    tail(closing(text.trim_end()))
}

/// Everything before a line of two dashes, where what follows is short.
fn signature(text: &str) -> &str {
    let from = text.len() - end(text, MAX_SIGNATURE).len();
    let Some(at) = text[from..].rfind("\n--").map(|at| from + at) else { return text };
    let line = text[at + 1..].lines().next().unwrap_or_default().trim_end();
    if line == "--" { text[..at].trim_end() } else { text }
}

/// Without the closing lines.
fn closing(text: &str) -> &str {
    let mut text = text;
    for _ in 0..MAX_LINES {
        let Some(at) = text.rfind('\n') else { break };
        let line = text[at + 1..].trim_start();
        if !CLOSINGS.iter().any(|closing| starts(line, closing)) {
            break;
        }
        text = text[..at].trim_end();
    }
    text
}

fn starts(line: &str, lower: &str) -> bool {
    line.get(..lower.len()).is_some_and(|start| start.eq_ignore_ascii_case(lower))
}

/// Without `RT @somebody:`, `[quote=somebody]` or `somebody said:` in front, on one line with the words themselves.
fn head(text: &str) -> &str {
    if text.starts_with("[quote")
        && let Some(at) = text.find(']').filter(|at| *at <= MAX_CREDIT)
    {
        return text[at + 1..].trim_end().trim_end_matches("[/quote]");
    }
    let window = begin(text, MAX_CREDIT);
    if starts(text, "rt @")
        && let Some(at) = window.find(' ').and_then(|rt| window[rt + 1..].find([' ', ':']).map(|at| rt + 1 + at))
    {
        return text[at + 1..].trim_start();
    }
    let window = window.lines().next().unwrap_or_default();
    let Some(at) = window.find(':').map(|colon| colon + 1) else { return text };
    if SAYS.iter().any(|says| window[..at].ends_with(says)) {
        let rest = &text[at..];
        // What stands on the next line is marked there.
        return if rest.starts_with(['\n', '\r']) { text } else { rest.trim_start() };
    }
    text
}

/// Without `via somebody`, `(via somebody)`, `| Site` or `- Site` at the end of the last line.
fn tail(text: &str) -> &str {
    let window = end(text, MAX_CREDIT);
    let offset = text.len() - window.len();
    for (at, byte) in window.bytes().enumerate().rev() {
        if byte == b'\n' {
            break;
        }
        let Some(mark) = TAILS.iter().find(|mark| byte == mark.as_bytes()[0] && window[at..].starts_with(*mark)) else {
            continue;
        };
        let name = window[at + mark.len()..].trim();
        let short = !name.is_empty() && name.split_whitespace().count() <= MAX_NAME;
        // Something has to be left to say.
        let rest = text[..offset + at].trim_end();
        return if short && rest.split_whitespace().nth(MAX_NAME).is_some() { rest } else { text };
    }
    text
}
