//! How is a JSON API asked, and what do its answers hold?
//!
//! APIs change under their readers: a number comes as a string, a field is missing, an error page comes
//! instead. So answers are read leniently, field by field, and what is not there is `None`.

use serde_json::Value;
use url::Url;

use super::{charset, wall};
use crate::model::{Fault, ReadError, Rejection, Response, Settings, Timestamp};

/// Largest answer that is parsed, in bytes. The door's cap on bodies is below it; recorded answers come past the door.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// How much of an answer is quoted in an error, in characters.
const MAX_QUOTED: usize = 60;
/// Longest beginning of an item in a rejection, in characters (see [`Rejection::what`]).
const MAX_WHAT: usize = 120;
/// Numbers from here on are milliseconds since the Unix epoch, below they are seconds (this one is the year 5138).
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// The answer as JSON, and what had to be mended to read it. `expected` names the API in errors.
///
/// Nesting is bounded by `serde_json` (128). What is no JSON at all is quoted, so that a consent page or a
/// login form shows itself as what it is.
pub fn parse(response: &Response, expected: &'static str) -> Result<(Value, Vec<String>), ReadError> {
    let body = response.body.as_ref();
    if body.len() > MAX_BYTES {
        return Err(ReadError::Hostile { why: format!("the answer has more than {MAX_BYTES} bytes") });
    }
    let Ok(text) = std::str::from_utf8(body) else {
        let (text, _) = charset::decode(body, response.header("content-type"));
        let value = value(&text, expected).map_err(|error| or_wall(error, &text, response))?;
        return Ok((value, vec!["the answer is not in UTF-8".to_owned()]));
    };
    Ok((value(text, expected).map_err(|error| or_wall(error, text, response))?, Vec::new()))
}

/// What is no JSON may be a page of consent, login or doubt that we are human.
fn or_wall(error: ReadError, text: &str, response: &Response) -> ReadError {
    let is_page = text.trim_start().starts_with('<');
    match is_page.then(|| wall::of(text, &response.url)).flatten() {
        Some(why) => ReadError::Wall { why },
        None => error,
    }
}

fn value(text: &str, expected: &'static str) -> Result<Value, ReadError> {
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let wrong = |why| Err(ReadError::WrongFormat { expected, why });
    if text.is_empty() {
        return wrong("the answer is empty".to_owned());
    }
    if !text.starts_with(['{', '[']) {
        return wrong(format!("it begins with `{}`", quoted(text, MAX_QUOTED)));
    }
    serde_json::from_str(text).or_else(|error| match error.classify() {
        serde_json::error::Category::Eof => wrong(format!("it is cut off after {} bytes", text.len())),
        _ if error.to_string().starts_with("recursion limit") => {
            Err(ReadError::Hostile { why: "its JSON is nested too deep".to_owned() })
        }
        _ => wrong(error.to_string()),
    })
}

/// The items of a list in an answer; `None` when there is no such list.
pub fn list<'v>(value: &'v Value, key: &str) -> Option<&'v [Value]> {
    value.get(key)?.as_array().map(Vec::as_slice)
}

/// A text that is there and not empty.
pub fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().filter(|text| !text.trim().is_empty())
}

/// An id: a number from 1, also when it comes as a string.
pub fn id(value: &Value, key: &str) -> Option<u64> {
    whole(value.get(key)?).and_then(|number| u64::try_from(number).ok()).filter(|id| *id > 0)
}

/// A count; what is below zero (a score after down-votes) counts as zero.
pub fn count(value: &Value, key: &str) -> Option<u64> {
    number(value.get(key)?)
}

/// A value as a count; see [`count`].
pub fn number(value: &Value) -> Option<u64> {
    whole(value).map(|number| u64::try_from(number).unwrap_or(0))
}

/// A date: seconds or milliseconds since the Unix epoch, or any form that [`super::date::parse`] reads.
pub fn date(value: &Value, key: &str) -> Option<Timestamp> {
    moment(value.get(key)?)
}

/// A value as a date; see [`date`].
pub fn moment(value: &Value) -> Option<Timestamp> {
    match whole(value) {
        Some(number) if number >= MILLISECONDS_FROM => Some(Timestamp(number)),
        Some(number) => Some(Timestamp::from_seconds(number)),
        None => super::date::parse(value.as_str()?),
    }
}

/// The texts of a list, without what is no text.
pub fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key).unwrap_or_default().iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|number| number as i64)),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Plain text as HTML, for APIs that give titles plainly and bodies as HTML.
pub fn as_html(plain: &str) -> String {
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An item that cannot become a post.
pub fn rejection(why: &str, item: &Value) -> Rejection {
    Rejection { why: why.to_owned(), what: quoted(&item.to_string(), MAX_WHAT) }
}

fn quoted(text: &str, most: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect();
    line.trim_end().to_owned()
}

/// The address of an API or a site from its settings, without the last slash, query and fragment.
pub fn base(settings: &Settings<'_>, key: &str, address: &str) -> Result<Url, Vec<Fault>> {
    let hint = "write it as in a browser's address bar: `https://community.acme.example`";
    let fault = |what: String| Err(vec![settings.fault(key, what).hint(hint)]);
    let mut url = match Url::parse(address.trim()) {
        Ok(url) => url,
        Err(error) => return fault(format!("`{address}` is not a web address: {error}")),
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return fault(format!("`{address}` is not a web address"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Never echoed: it may hold a password.
        return fault("a web address here has no user and no password".to_owned());
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// The address of one call below `base`, with its parameters. A path of the base (`…/api/v1`, `…/forum`) stays.
pub fn call<'p>(base: &Url, path: &str, parameters: impl IntoIterator<Item = (&'p str, &'p str)>) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    let mut pairs = parameters.into_iter().peekable();
    if pairs.peek().is_some() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(body: &[u8]) -> Response {
        Response {
            status: 200,
            url: Url::parse("https://api.acme.example/").expect("a URL"),
            headers: Vec::new(),
            body: body.to_vec().into(),
            received_at: Timestamp(0),
        }
    }

    fn error(body: &[u8]) -> String {
        parse(&answer(body), "an answer of the Acme API").expect_err("an error").to_string()
    }

    #[test]
    fn what_is_no_json_says_what_it_is() {
        for (body, expected) in [
            (&b"<!DOCTYPE html>\n<html>"[..], "not an answer of the Acme API: it begins with `<!DOCTYPE html> <html>`"),
            (b"", "not an answer of the Acme API: the answer is empty"),
            (b"{\"a\": [1, 2", "not an answer of the Acme API: it is cut off after 11 bytes"),
            (b"\"text\"", "not an answer of the Acme API: it begins with `\"text\"`"),
            (b"{a}", "not an answer of the Acme API: key must be a string at line 1 column 2"),
        ] {
            assert_eq!(error(body), expected);
        }
        assert_eq!(error(&[b'['; 1_000_000]), "refused before parsing: its JSON is nested too deep");
    }

    #[test]
    fn a_page_in_the_place_of_an_answer_is_told_as_such() {
        let page = b"<!DOCTYPE html><title>Just a moment...</title>";
        assert_eq!(
            error(page),
            "a page in place of the content: it asks whether a human is there (\u{201c}Just a moment...\u{201d})"
        );
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_and_another_charset_is_told() {
        let read = |body: &[u8]| parse(&answer(body), "JSON");
        assert_eq!(read(b"\xef\xbb\xbf {\"a\": 1}"), Ok((json!({"a": 1}), vec![])));
        let (value, repaired) = read(b"{\"a\": \"caf\xe9\"}").expect("JSON");
        assert_eq!((value, repaired.len()), (json!({"a": "café"}), 1));
    }

    #[test]
    fn fields_are_read_whatever_they_are_written_as() {
        let item = json!({
            "n": 7, "s": "7", "f": 7.9, "minus": -3, "zero": 0, "word": "x", "empty": " ", "null": null,
            "seconds": 1_790_000_000, "millis": 1_790_000_000_000_i64, "iso": "2026-09-21T14:13:20Z", "tags": ["a", 1, "b"]
        });
        for (key, expected) in [
            ("n", Some(7)),
            ("s", Some(7)),
            ("f", Some(7)),
            ("minus", None),
            ("zero", None),
            ("word", None),
            ("no", None),
        ] {
            assert_eq!(id(&item, key), expected, "{key}");
        }
        assert_eq!((count(&item, "minus"), count(&item, "zero"), count(&item, "null")), (Some(0), Some(0), None));
        assert_eq!((text(&item, "word"), text(&item, "empty"), text(&item, "n")), (Some("x"), None, None));
        for key in ["seconds", "millis", "iso"] {
            assert_eq!(date(&item, key), Some(Timestamp(1_790_000_000_000)), "{key}");
        }
        assert_eq!((date(&item, "word"), date(&item, "null")), (None, None));
        assert_eq!(texts(&item, "tags"), ["a", "b"]);
    }

    #[test]
    fn a_rejection_quotes_the_beginning_of_the_item() {
        let rejection = rejection("no id", &json!({"text": "ü".repeat(1000)}));
        assert_eq!((rejection.why.as_str(), rejection.what.chars().count()), ("no id", MAX_WHAT));
    }

    #[test]
    fn calls_stand_below_the_path_of_their_base() {
        let settings = Settings::parse("source.x", "").expect("TOML");
        for (address, called) in [
            ("https://acme.example", "https://acme.example/posts.json?q=a+b"),
            ("https://acme.example/forum/?x=1#y", "https://acme.example/forum/posts.json?q=a+b"),
        ] {
            let base = base(&settings, "url", address).expect("an address");
            assert_eq!(call(&base, "posts.json", [("q", "a b")]).as_str(), called);
        }
        for address in ["acme.example", "ftp://acme.example", "", "https://jane:hunter2@acme.example"] {
            let [fault] = &base(&settings, "url", address).expect_err("a fault")[..] else { panic!("one fault") };
            assert!(fault.hint.is_some() && !fault.what.contains("hunter2"), "{fault}");
        }
    }
}
