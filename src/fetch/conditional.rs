//! Has the answer changed since the last time, and may the server be believed when it says that it has not?

use url::Url;

use crate::model::event::Validators;
use crate::model::{Auth, Duration, Method, Request, Response, Timestamp};

/// Longest validator that is kept, and longest address: both go into the journal.
const MAX_VALIDATOR: usize = 1_024;
const MAX_ADDRESS: usize = 4_096;

/// One request in so many is made in full although it could be conditional: to a server whose validators never change
/// we would be deaf for ever, and never know.
const FULL_ONE_IN: u64 = 288;
/// Not before the door has been open so long: after a start everybody is asked anyway.
const FULL_AFTER: Duration = Duration::hours(24);

/// Names a request: validators of one are never sent with another.
pub(super) fn fingerprint(request: &Request) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(request.url.as_str().as_bytes());
    if let Some(body) = &request.body {
        hasher.update(b"\0").update(&body.bytes);
    }
    short(&hasher.finalize())
}

/// What a body is compared by.
pub(super) fn body_hash(body: &[u8]) -> String {
    short(&blake3::hash(body))
}

fn short(hash: &blake3::Hash) -> String {
    hash.to_hex().chars().take(32).collect()
}

/// What is known from the last answer to this very request.
pub(super) fn known<'a>(request: &Request, validators: Option<&'a Validators>) -> Option<&'a Validators> {
    validators.filter(|known| request.conditional && known.asked == fingerprint(request))
}

/// Whether it is time to ask in full. Decided by request and minute alone, so that nothing has to be kept in mind.
pub(super) fn is_full_due(known: &Validators, opened: Timestamp, now: Timestamp) -> bool {
    let seed = u64::from_str_radix(known.asked.get(..16).unwrap_or_default(), 16).unwrap_or_default();
    let minute = now.seconds().div_euclid(60) as u64;
    now.since(opened) >= FULL_AFTER && fastrand::Rng::with_seed(seed ^ minute).u64(..FULL_ONE_IN) == 0
}

/// The headers that make a request conditional; none when the server was caught changing the body under them.
pub(super) fn headers(known: Option<&Validators>) -> Vec<(String, String)> {
    let Some(known) = known.filter(|known| !known.distrusted) else { return Vec::new() };
    let etag = known.etag.iter().map(|etag| ("if-none-match".to_owned(), etag.clone()));
    let date = known.last_modified.iter().map(|date| ("if-modified-since".to_owned(), date.clone()));
    etag.chain(date).collect()
}

/// The address that the request was moved to for good, where that may be remembered: a plain GET, without a
/// secret that the server could have written into the new address.
pub(super) fn moved_to(request: &Request, moved: Option<&Url>) -> Option<String> {
    let plain = request.method == Method::Get && matches!(request.auth, Auth::None);
    let worth = |moved: &&Url| plain && **moved != request.url && moved.as_str().len() <= MAX_ADDRESS;
    moved.filter(worth).map(Url::to_string)
}

/// Validators for the next time, out of a new answer. A server that sends another body under the validator that it
/// gave before is not believed any more.
pub(super) fn learn(
    request: &Request,
    known: Option<&Validators>,
    response: &Response,
    body_hash: String,
    moved: Option<&Url>,
) -> Validators {
    // What could not be sent back as a header is no validator.
    let sendable = |value: &&str| value.len() <= MAX_VALIDATOR && value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let header = |name| response.header(name).filter(sendable).map(str::to_owned);
    let (etag, last_modified) = (header("etag"), header("last-modified"));
    let changed_under_it = known.is_some_and(|known| {
        let same = if etag.is_some() { known.etag == etag } else { known.last_modified == last_modified };
        known.distrusted || (same && (etag.is_some() || last_modified.is_some()) && known.body_hash != body_hash)
    });
    Validators {
        version: 0,
        asked: fingerprint(request),
        etag,
        last_modified,
        body_hash,
        distrusted: changed_under_it,
        moved_to: moved_to(request, moved),
        degraded: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request::get(Url::parse("https://example.com/feed").expect("a URL"))
    }

    fn learned(known: Option<&Validators>, etag: &str, date: &str, body: &str) -> Validators {
        let headers = [("etag", etag), ("last-modified", date)].into_iter().filter(|(_, value)| !value.is_empty());
        let response = Response {
            status: 200,
            url: request().url,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: body.to_owned().into(),
            received_at: Timestamp(0),
        };
        learn(&request(), known, &response, body_hash(body.as_bytes()), None)
    }

    #[test]
    fn a_server_is_believed_until_the_body_changes_under_the_same_validator() {
        for (before, after, distrusted) in [
            (("e1", "", "a"), ("e2", "", "b"), false),
            (("e1", "", "a"), ("e1", "", "a"), false),
            (("e1", "", "a"), ("e1", "", "b"), true),
            (("", "d1", "a"), ("", "d2", "b"), false),
            (("", "d1", "a"), ("", "d1", "b"), true),
            (("e1", "d1", "a"), ("e2", "d1", "b"), false),
            (("e1", "d1", "a"), ("", "d1", "b"), true),
            (("", "", "a"), ("", "", "b"), false),
        ] {
            let first = learned(None, before.0, before.1, before.2);
            assert!(!first.distrusted);
            let second = learned(Some(&first), after.0, after.1, after.2);
            assert_eq!(second.distrusted, distrusted, "{before:?} {after:?}");
            assert_eq!(headers(Some(&second)).is_empty(), distrusted || (after.0.is_empty() && after.1.is_empty()));
            assert_eq!(learned(Some(&second), "e9", "d9", "z").distrusted, distrusted, "distrust stays");
        }
    }

    #[test]
    fn what_cannot_be_sent_back_is_no_validator() {
        for etag in ["caf\u{e9}", "line\nbreak", &"e".repeat(MAX_VALIDATOR + 1)] {
            assert_eq!(learned(None, etag, "", "a").etag, None, "{etag}");
        }
    }

    #[test]
    fn validators_are_sent_with_the_request_that_they_were_given_for_only() {
        let validators = learned(None, "e1", "d1", "a");
        let headers_for = |request: &Request| headers(known(request, Some(&validators)));
        let sent = [("if-none-match".to_owned(), "e1".to_owned()), ("if-modified-since".to_owned(), "d1".to_owned())];
        assert_eq!(headers_for(&request()), sent);
        let elsewhere = Request::get(Url::parse("https://example.com/feed?page=2").expect("a URL"));
        assert_eq!(headers_for(&elsewhere), []);
        assert_eq!(headers_for(&Request { conditional: false, ..request() }), []);
        assert_eq!(headers(known(&request(), Some(&Validators::default()))), []);
    }

    #[test]
    fn now_and_then_a_request_is_made_in_full_but_not_on_the_first_day() {
        let validators = learned(None, "e1", "d1", "a");
        let opened = Timestamp::parse("2026-01-01").expect("a date");
        let asks = |days: std::ops::Range<u64>| {
            let minutes = (days.start * 1440..days.end * 1440).step_by(5);
            minutes.filter(|minute| is_full_due(&validators, opened, opened + Duration::minutes(*minute))).count()
        };
        assert_eq!(asks(0..1), 0);
        let in_full = asks(1..101);
        assert!((50..200).contains(&in_full), "about once a day at a poll every five minutes: {in_full} in 100 days");
    }

    #[test]
    fn a_move_is_remembered_only_where_no_secret_can_be_in_the_new_address() {
        let there = Url::parse("https://example.org/feed?key=hunter2").expect("a URL");
        assert_eq!(moved_to(&request(), Some(&there)).as_deref(), Some("https://example.org/feed?key=hunter2"));
        assert_eq!(moved_to(&request(), Some(&request().url)), None);
        let secret = crate::model::Secret::new("hunter2");
        let auth = Auth::Query { name: "key".into(), secret };
        assert_eq!(moved_to(&Request { auth, ..request() }, Some(&there)), None);
        assert_eq!(moved_to(&Request { method: Method::Post, ..request() }, Some(&there)), None);
    }
}
