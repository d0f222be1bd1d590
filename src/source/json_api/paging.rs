//! Where is the next page of a JSON API?

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::path::Path;
use crate::model::{Fault, Response, Settings};

/// Most pages of one poll that can be allowed.
const MAX_PAGES: u32 = 50;
/// Longest cursor that is carried to the next page, in bytes.
const MAX_CURSOR: usize = 4_096;

/// How the pages behind the first one are asked for. Exactly one of `cursor`, `page`, `link` and `next`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    /// Finds the place of the next page in an answer: `$.meta.next_cursor`. It is given back as `parameter`, or
    /// as `{cursor}` in `body`.
    cursor: Option<Path>,
    /// Name of the query parameter that takes the cursor.
    #[serde(default = "cursor_parameter")]
    parameter: String,
    /// Name of the query parameter that takes the number of the page, or how many items to pass over. In
    /// `body` the number is `{page}`.
    page: Option<String>,
    /// Number of the first page.
    #[serde(default = "one")]
    start: u32,
    /// By how much the number grows from page to page: the number of items on a page, for APIs that count items.
    #[serde(default = "one")]
    step: u32,
    /// The address of the next page is in the header `Link`, as `rel="next"` (RFC 8288).
    #[serde(default)]
    link: bool,
    /// Finds the address of the next page in an answer: `$.links.next`. It must be on the same host.
    next: Option<Path>,
    /// Most pages of one poll: 1 to 50.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 50))]
    most: u32,
}

fn cursor_parameter() -> String {
    "cursor".to_owned()
}

fn one() -> u32 {
    1
}

fn ten() -> u32 {
    10
}

/// What the next request is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask<'p> {
    /// The first page.
    First,
    Cursor {
        parameter: &'p str,
        value: &'p str,
    },
    Page {
        parameter: &'p str,
        number: u64,
    },
    Address(Url),
}

impl Paging {
    pub(super) fn faults(&self, settings: &Settings<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        let ways = [self.cursor.is_some(), self.page.is_some(), self.link, self.next.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 {
            let fault = settings.fault("paging", "it names no way to the next page, or several");
            faults.push(
                fault.hint(
                    "exactly one of `cursor = \"$.next\"`, `page = \"page\"`, `link = true`, `next = \"$.next\"`",
                ),
            );
        }
        if !(1..=MAX_PAGES).contains(&self.most) {
            faults.push(settings.fault("paging.most", format!("`{}` is not from 1 to {MAX_PAGES}", self.most)));
        }
        if self.step == 0 {
            let fault = settings.fault("paging.step", "with 0 every page would be the first one");
            faults.push(fault.hint("1 for pages, the number of items on a page where items are counted"));
        }
        faults
    }

    /// The number of the first page, which a template of a body needs too.
    pub(super) fn start(&self) -> u64 {
        u64::from(self.start)
    }

    /// What stands in the progress for the page behind this one; `None` at the end.
    pub(super) fn after(&self, now: Option<&str>, pages: u32, answer: &Value, response: &Response) -> Option<String> {
        if pages >= self.most {
            return None;
        }
        let next = if let Some(path) = &self.cursor {
            path.text(answer)?
        } else if self.page.is_some() {
            let number = now.and_then(|now| now.parse().ok()).unwrap_or(self.start());
            number.checked_add(u64::from(self.step))?.to_string()
        } else if self.link {
            same_origin(&response.url, next_of(response.header("link")?)?)?
        } else {
            same_origin(&response.url, &self.next.as_ref()?.text(answer)?)?
        };
        (Some(next.as_str()) != now && next.len() <= MAX_CURSOR).then_some(next)
    }

    /// What a progress asks for; `None` for one that nobody wrote who knows these settings. `home` is the configured address.
    pub(super) fn ask<'p>(&'p self, next: &'p str, home: &Url) -> Option<Ask<'p>> {
        if self.cursor.is_some() {
            return Some(Ask::Cursor { parameter: &self.parameter, value: next });
        }
        if let Some(parameter) = &self.page {
            return Some(Ask::Page { parameter, number: next.parse().ok()? });
        }
        let url = Url::parse(next).ok()?;
        (url.origin() == home.origin()).then_some(Ask::Address(url))
    }
}

/// The address, if it is of the same host, scheme and port: a key is never carried elsewhere.
fn same_origin(from: &Url, address: &str) -> Option<String> {
    let url = from.join(address.trim()).ok()?;
    (url.origin() == from.origin()).then(|| url.into())
}

/// The address of the link of relation `next` in a header `Link` (RFC 8288).
pub(super) fn next_of(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, behind)) = rest.split_once('<') {
        let (address, behind) = behind.split_once('>')?;
        let link = before_unquoted(behind, ',');
        let mut parameters = link;
        while !parameters.is_empty() {
            let parameter = before_unquoted(parameters, ';');
            if is_next(parameter.trim()) {
                return Some(address);
            }
            parameters = parameters[parameter.len()..].trim_start_matches(';');
        }
        rest = &behind[link.len()..];
    }
    None
}

/// What stands before the first such sign outside of quotes.
fn before_unquoted(text: &str, sign: char) -> &str {
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        if letter == '"' {
            quoted = !quoted;
        } else if letter == sign && !quoted {
            return &text[..at];
        }
    }
    text
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let relations = value.trim().trim_matches('"');
    name.trim().eq_ignore_ascii_case("rel")
        && relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
}
