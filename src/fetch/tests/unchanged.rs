//! Is what did not change not sent, and what did change not missed?

use super::*;

#[tokio::test]
async fn an_unchanged_feed_is_not_sent_again() {
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, |asking| {
        let date = "Wed, 31 Dec 2025 00:00:00 GMT";
        if asking.header("if-none-match") == Some("\"v1\"") && asking.header("if-modified-since") == Some(date) {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        ([("etag", "\"v1\""), ("last-modified", date)], "feed").into_response()
    })
    .await;
    let url = site.url("a.test", "/feed");
    let (response, validators) = answer(bench.ask(url.clone()).await);
    assert_eq!((response.status, &response.body[..]), (200, &b"feed"[..]));
    assert!(is_unchanged(&bench.again(&url, &validators).await));
    let elsewhere = bench.again(&site.url("a.test", "/other"), &validators).await;
    assert_eq!(answer(elsewhere).0.status, 200, "validators are for the address that they came from");
    let forced = Request { conditional: false, ..Request::get(url) };
    assert_eq!(answer(bench.ask_with(forced, Some(&validators), Policy::default()).await).0.status, 200);
}

#[tokio::test]
async fn a_server_that_knows_no_validators_is_compared_by_its_body() {
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, |_| "always the same".into_response()).await;
    let url = site.url("a.test", "/feed");
    let (_, validators) = answer(bench.ask(url.clone()).await);
    assert!(is_unchanged(&bench.again(&url, &validators).await));
    // 304 to a request without conditions is nonsense.
    let odd = Site::open(&bench.clock, |_| StatusCode::NOT_MODIFIED.into_response()).await;
    assert_eq!(problem(bench.ask(odd.url("b.test", "/")).await), FetchProblem::Status { status: 304 });
}

#[tokio::test]
async fn a_server_that_changes_the_body_under_one_etag_is_not_believed_again() {
    let bench = Bench::new(settings());
    let count = Arc::new(Mutex::new(0));
    let site = Site::open(&bench.clock, move |_| {
        let mut count = count.lock().expect("a lock");
        *count += 1;
        ([("etag", "\"always\"")], format!("body {count}")).into_response()
    })
    .await;
    let url = site.url("a.test", "/feed");
    let (_, first) = answer(bench.ask(url.clone()).await);
    let (_, second) = answer(bench.again(&url, &first).await);
    assert_eq!(site.last().header("if-none-match"), Some("\"always\""));
    assert!(!first.distrusted && second.distrusted);
    let (_, third) = answer(bench.again(&url, &second).await);
    assert_eq!(site.last().header("if-none-match"), None);
    assert!(third.distrusted);
}
