//! Does the kind read what a refusal says in JSON, and does the status decide where it says nothing?

use super::*;

/// Reads the seconds to wait out of `{"wait": 7}`; takes every other JSON for good.
#[derive(Debug)]
struct Waits(Url);

impl Source for Waits {
    fn next(&self, progress: &Progress) -> Next {
        if progress.page > 0 { Next::Done } else { Next::Http(Box::new(Request::get(self.0.clone()))) }
    }

    fn read(&self, _: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let wrong = |error: serde_json::Error| ReadError::WrongFormat { expected: "JSON", why: error.to_string() };
        let answer: serde_json::Value = serde_json::from_slice(&response.body).map_err(wrong)?;
        if let Some(why) = answer["error"].as_str() {
            let wait = answer["wait"].as_u64().map(Duration::seconds);
            return Err(ReadError::Api { why: why.into(), wait });
        }
        Ok(Reading { progress: Progress { page: 1, ..Progress::default() }, ..Reading::default() })
    }
}

const WAIT: &str = r#"{"error": "quota spent", "wait": 600}"#;
const WORDS: &str = r#"{"error": "no such tag"}"#;
const NOTHING: &str = "{}";
const BROKEN: &str = "{";

#[tokio::test]
async fn a_wait_in_the_body_counts_with_every_status_and_the_longer_one_of_two() {
    for (status, retry_after, body, seconds, why) in [
        (400, None, WAIT, 600, "the API says: quota spent"),
        (401, None, WAIT, 600, "the API says: quota spent"),
        (403, None, WAIT, 600, "the API says: quota spent"),
        (429, None, WAIT, 600, "the API says: quota spent"),
        (429, Some("60"), WAIT, 600, "the API says: quota spent"),
        (429, Some("1200"), WAIT, 1200, "HTTP 429"),
        (403, Some("1200"), WAIT, 1200, "HTTP 403"),
        (429, None, r#"{"error": "slow down", "wait": 7}"#, 7, "the API says: slow down"),
        (429, Some("90"), WORDS, 90, "HTTP 429"),
        (429, None, WORDS, 60, "HTTP 429"),
        (429, None, NOTHING, 60, "HTTP 429"),
        (429, None, BROKEN, 60, "HTTP 429"),
        (403, Some("90"), NOTHING, 90, "HTTP 403"),
    ] {
        let (told, holds, now) = poll(status, retry_after, body).await;
        let FetchProblem::Limited { until, .. } = &told else { panic!("{status} {retry_after:?} {body}: {told:?}") };
        assert_eq!(*until, now + Duration::seconds(seconds), "{status} {retry_after:?} {body}");
        assert_eq!(holds, [("a.test".to_owned(), *until)], "{status} {body}: nobody else asks there meanwhile");
        if retry_after.is_none() {
            assert!(told.to_string().contains(why), "{told}");
        }
    }
}

#[tokio::test]
async fn without_a_wait_the_status_decides() {
    let unreadable = |why: &str| FetchProblem::Unreadable { why: why.into() };
    for (status, body, expected) in [
        (400, WORDS, unreadable("the API says: no such tag")),
        (400, NOTHING, FetchProblem::Status { status: 400 }),
        (401, WORDS, FetchProblem::Refused { status: 401 }),
        (403, WORDS, FetchProblem::Refused { status: 403 }),
        (403, NOTHING, FetchProblem::Refused { status: 403 }),
        (403, BROKEN, FetchProblem::Refused { status: 403 }),
        (404, WORDS, FetchProblem::Status { status: 404 }),
        (410, WORDS, FetchProblem::Gone),
        (410, WAIT, FetchProblem::Gone),
        (451, NOTHING, FetchProblem::Refused { status: 451 }),
        (500, WAIT, FetchProblem::Status { status: 500 }),
        (503, WAIT, FetchProblem::Status { status: 503 }),
    ] {
        let (told, holds, _) = poll(status, None, body).await;
        assert_eq!((told, holds.len()), (expected, 0), "{status} {body}");
    }
}

/// Polls a site that always answers so: the problem, who must wait, and when that was.
async fn poll(
    status: u16,
    retry_after: Option<&'static str>,
    body: &'static str,
) -> (FetchProblem, Vec<(String, Timestamp)>, Timestamp) {
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, move |_| {
        let status = StatusCode::from_u16(status).expect("a status");
        let mut told = (status, [("content-type", "application/problem+json")], body).into_response();
        if let Some(wait) = retry_after {
            told.headers_mut().insert("retry-after", wait.parse().expect("a header"));
        }
        told
    })
    .await;
    let source = Arc::new(Waits(site.url("a.test", "/")));
    let mut poll = bench.door.poll(source, &SourceState::default(), Policy::default());
    let turned = driven(&bench.clock, &bench.hands, async move { poll.turn().await }).await;
    let told = turned.map(|turned| format!("{turned:?}")).expect_err("a problem");
    (told, bench.door.holds(), bench.clock.now())
}

#[tokio::test]
async fn a_page_that_refuses_in_words_is_a_wait_or_a_wall() {
    let html = |status: u16, body: &'static str, challenge: bool| async move {
        let bench = Bench::new(settings());
        let site = Site::open(&bench.clock, move |_| {
            let mitigated = if challenge { "challenge" } else { "none" };
            let status = StatusCode::from_u16(status).expect("a status");
            (status, [("content-type", "text/html"), ("cf-mitigated", mitigated)], body).into_response()
        })
        .await;
        let told = problem(bench.ask(site.url("a.test", "/")).await);
        (told, bench.door.holds(), bench.clock.now())
    };
    for status in [403, 503] {
        let (told, holds, now) = html(status, "<h1>Too many requests</h1>", false).await;
        assert!(matches!(told, FetchProblem::Limited { .. }), "{status}: {told:?}");
        assert_eq!(holds, [("a.test".to_owned(), now + Duration::minutes(1))], "nobody else asks there meanwhile");
    }
    for (status, body, challenge) in [(403, "<title>Just a moment...</title>", false), (429, "", true), (503, "", true)]
    {
        let (told, ..) = html(status, body, challenge).await;
        assert!(matches!(told, FetchProblem::Wall { .. }), "{status}: {told:?}");
    }
    assert_eq!(html(403, "<h1>Forbidden</h1>", false).await.0, FetchProblem::Refused { status: 403 });
    assert_eq!(html(503, "<h1>Back soon</h1>", false).await.0, FetchProblem::Status { status: 503 });
    assert_eq!(html(404, "<h1>Slow down</h1>", false).await.0, FetchProblem::Status { status: 404 });
}
