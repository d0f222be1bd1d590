//! Does a poll of Stack Exchange ask for everything new, and no more than it may?

use super::*;
use serde_json::json;

/// 2026-11-20 11:00 UTC.
const NOW: Timestamp = Timestamp(1_795_172_400_000);
const SITE: &str = "site = \"stackoverflow\"";

fn source(settings: &str) -> Box<dyn Source> {
    KIND.load(&Settings::parse("source.so", settings).expect("TOML")).expect("a source")
}

fn asked(source: &dyn Source, progress: &Progress) -> Option<String> {
    match source.next(progress) {
        Next::Http(request) => Some(request.url.as_str().trim_start_matches(API).to_owned()),
        Next::Subscribe(_) | Next::Done => None,
    }
}

fn read(source: &dyn Source, progress: &Progress, body: Value) -> Result<Reading, ReadError> {
    let url = Url::parse(API).expect("a URL");
    let body = body.to_string().into();
    source.read(progress, &Response { status: 200, url, headers: Vec::new(), body, received_at: NOW })
}

fn question(id: u64, active: i64, answers: u64) -> Value {
    json!({"question_id": id, "last_activity_date": active, "answer_count": answers, "title": "t"})
}

#[test]
fn settings_become_the_question_asked() {
    let tail = "&filter=withbody&order=desc&sort=activity&page=1&pagesize=100";
    for (settings, url) in [
        (SITE.to_owned(), format!("/questions?site=stackoverflow{tail}")),
        (format!("{SITE}\ntagged = [\"c++\"]"), format!("/questions?site=stackoverflow{tail}&tagged=c%2B%2B")),
        (format!("{SITE}\ntagged = [\"a\", \"b\"]"), format!("/search/advanced?site=stackoverflow{tail}&tagged=a%3Bb")),
        (
            "site = \"Unix.StackExchange.com\"\nquery = \"acme cloud\"".to_owned(),
            format!("/search/advanced?site=unix{tail}&q=acme+cloud"),
        ),
    ] {
        assert_eq!(asked(&*source(&settings), &Progress::default()), Some(url));
    }
}

#[test]
fn wrong_settings_are_told_all_at_once_with_hints() {
    let settings = "site = \"acme.com\"\ntagged = [\"a b\", \"ok\"]\nquery = \"\"\nurl = \"api\"";
    let faults = KIND.load(&Settings::parse("source.so", settings).expect("TOML")).expect_err("faults");
    let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["source.so.tagged", "source.so.site", "source.so.query", "source.so.url"]);
    assert!(faults.iter().all(|fault| fault.hint.is_some()));
}

#[test]
fn a_poll_asks_for_active_questions_and_then_for_their_new_answers() {
    let source = source(SITE);
    let known = Progress { cursor: Some("1795160000".into()), ..Progress::default() };
    let url = asked(&*source, &known).expect("a request");
    assert!(url.starts_with("/questions?") && url.ends_with("&min=1795159100"), "{url}");

    let page = json!({"items": [question(3, 1_795_170_000, 2), question(2, 1_795_165_000, 0), question(1, 1_795_161_000, 1)],
                      "has_more": true});
    let progress = read(&*source, &known, page).expect("a reading").progress;
    let url = asked(&*source, &progress).expect("a request");
    assert!(url.starts_with("/questions/3;1/answers?") && url.ends_with("&fromdate=1795161000"), "{url}");

    let answers = json!({"items": [{"answer_id": 4, "question_id": 3, "body": "x"}], "has_more": false});
    let reading = read(&*source, &progress, answers).expect("a reading");
    let [Ok(answer)] = &reading.posts[..] else { panic!("an answer") };
    assert_eq!(
        (answer.thread.as_deref(), answer.url.as_str()),
        (Some("stackexchange:stackoverflow:3"), "https://stackoverflow.com/a/4")
    );
    let url = asked(&*source, &reading.progress).expect("a request");
    assert!(url.contains("&page=2&") && url.ends_with("&min=1795159100"), "{url}");

    let progress =
        read(&*source, &reading.progress, json!({"items": [], "has_more": true})).expect("a reading").progress;
    assert_eq!((asked(&*source, &progress), progress.cursor.as_deref()), (None, Some("1795170000")));
    assert!(progress.notes.is_empty());
}

#[test]
fn the_first_poll_reads_one_page_of_questions() {
    let source = source(SITE);
    let page = json!({"items": [question(3, 1_795_170_000, 0)], "has_more": true});
    let progress = read(&*source, &Progress::default(), page).expect("a reading").progress;
    assert_eq!((asked(&*source, &progress), progress.cursor.as_deref()), (None, Some("1795170000")));
}

#[test]
fn after_a_backoff_the_next_poll_goes_on_where_this_one_stopped() {
    let source = source(SITE);
    let known = Progress { cursor: Some("1795160000".into()), ..Progress::default() };
    let page = json!({"items": [question(3, 1_795_170_000, 2)], "has_more": true, "backoff": 10});
    let reading = read(&*source, &known, page).expect("a reading");
    assert_eq!((reading.wait, asked(&*source, &reading.progress)), (Some(Duration::seconds(10)), None));

    let resumed = reading.progress.start_poll();
    assert!(asked(&*source, &resumed).is_some_and(|url| url.starts_with("/questions/3/answers?")));
    let progress = read(&*source, &resumed, json!({"items": []})).expect("a reading").progress;
    let url = asked(&*source, &progress).expect("a request");
    assert!(url.contains("&page=2&") && url.ends_with("&min=1795159100"), "{url}");
    let progress = read(&*source, &progress, json!({"items": []})).expect("a reading").progress;
    assert_eq!(asked(&*source, &progress), None);
    let again = asked(&*source, &progress.start_poll()).expect("a request");
    assert!(again.contains("&page=1&") && again.ends_with("&min=1795169100"), "{again}");
}

#[test]
fn a_spent_quota_waits_for_the_next_day() {
    let page = json!({"items": [], "quota_remaining": 0, "backoff": 5});
    let reading = read(&*source(SITE), &Progress::default(), page).expect("a reading");
    assert_eq!(reading.wait, Some(Duration::hours(13)));
}

#[test]
fn pages_that_never_end_are_bounded() {
    let source = source(SITE);
    let mut progress = Progress { cursor: Some("1".into()), ..Progress::default() };
    let mut requests = 0;
    while asked(&*source, &progress).is_some() {
        requests += 1;
        assert!(requests <= MAX_PAGES * (MAX_PAGES + 1), "no end");
        let page = json!({"items": [question(3, 1_795_170_000, 2)], "has_more": true});
        progress = read(&*source, &progress, page).expect("a reading").progress;
    }
    assert_eq!(requests, MAX_PAGES * (MAX_PAGES + 1));
}

#[test]
fn errors_of_the_api_are_told_with_the_wait_that_they_ask_for() {
    for (body, error, wait) in [
        (
            json!({"error_id": 502, "error_name": "throttle_violation",
                   "error_message": "too many requests from this IP, more requests available in 3600 seconds"}),
            "the API says: too many requests from this IP, more requests available in 3600 seconds",
            Some(Duration::hours(1)),
        ),
        (
            json!({"error_id": 502, "error_name": "throttle_violation", "error_message": "Violation of backoff parameter"}),
            "the API says: Violation of backoff parameter",
            Some(DEFAULT_WAIT),
        ),
        (
            json!({"items": [], "error_id": 400, "error_name": "bad_parameter", "error_message": "site is required"}),
            "the API says: site is required",
            None,
        ),
        (json!({}), "not an answer of the Stack Exchange API: it has no list `items`", None),
    ] {
        let told = read(&*source(SITE), &Progress::default(), body).expect_err("an error");
        let waits = if let ReadError::Api { wait, .. } = &told { *wait } else { None };
        assert_eq!((told.to_string().as_str(), waits), (error, wait));
    }
}

#[test]
fn steps_survive_being_written_down() {
    for step in [
        Step::Questions { page: 2 },
        Step::Answers { page: 1, since: 7, then: None, of: "3;4".into() },
        Step::Answers { page: 3, since: -7, then: Some(2), of: "3".into() },
    ] {
        assert_eq!(step.to_string().parse(), Ok(step));
    }
    for text in ["", "questions", "questions x", "answers 1 2 3", "other 1"] {
        assert_eq!(text.parse::<Step>(), Err(()), "{text}");
    }
}

#[test]
fn sites_are_known_by_name_and_host() {
    for (given, name, host) in [
        ("stackoverflow", Some("stackoverflow"), "stackoverflow.com"),
        ("stackoverflow.com", Some("stackoverflow"), "stackoverflow.com"),
        ("unix", Some("unix"), "unix.stackexchange.com"),
        ("gaming.meta.stackexchange.com", Some("gaming.meta"), "gaming.meta.stackexchange.com"),
        ("pt.stackoverflow.com", Some("pt.stackoverflow"), "pt.stackoverflow.com"),
        ("mathoverflow.net", Some("mathoverflow.net"), "mathoverflow.net"),
        ("acme.com", None, ""),
        ("a/b", None, ""),
        ("", None, ""),
    ] {
        let found = api_name(given);
        assert_eq!(found.as_deref(), name, "{given}");
        assert_eq!(found.map(|name| host_of(&name)).unwrap_or_default(), host);
    }
}

#[test]
fn its_pages_are_recognised() {
    for (url, last) in [
        ("https://stackoverflow.com/questions/tagged/acme+or+c%23", Some("tagged = [\"acme\", \"c#\"]")),
        ("https://unix.stackexchange.com/", Some("every = \"15m\"")),
        ("https://api.stackexchange.com/docs", None),
        ("https://acme.example/", None),
    ] {
        let block = KIND.recognise(&Url::parse(url).expect("a URL"));
        assert_eq!(block.as_deref().and_then(|block| block.lines().last()), last, "{url}");
    }
}
