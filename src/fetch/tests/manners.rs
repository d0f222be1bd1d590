//! Is robots.txt obeyed?

use super::*;

#[tokio::test]
async fn robots_txt_is_obeyed_asked_once_a_day_and_sets_the_pace() {
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, |asking| match asking.path.as_str() {
        "/robots.txt" => "User-agent: *\nDisallow: /private\nCrawl-delay: 30\n".into_response(),
        "/out" => redirect(302, "/private/in"),
        _ => "ok".into_response(),
    })
    .await;
    let page = |path| Request { robots: true, ..Request::get(site.url("a.test", path)) };
    let ask = |path| bench.ask_with(page(path), None, Policy::default());
    let start = bench.clock.now();
    answer(ask("/one").await);
    answer(ask("/two").await);
    assert_eq!(problem(ask("/private").await), FetchProblem::Robots { path: "/private".into() });
    assert_eq!(problem(ask("/out").await), FetchProblem::Robots { path: "/private/in".into() });
    assert_eq!(site.asked(), ["/robots.txt", "/one", "/two", "/out"]);
    assert_eq!(site.times()[2].since(site.times()[1]), Duration::seconds(30));
    answer(bench.ask(site.url("a.test", "/private")).await);
    bench.hands.advance((start + Duration::hours(24)).since(bench.clock.now()));
    answer(ask("/three").await);
    assert_eq!(site.asked()[4..], ["/private", "/robots.txt", "/three"], "a feed or an API needs no leave");
}

#[tokio::test]
async fn a_missing_robots_txt_allows_and_a_broken_one_refuses_for_a_while() {
    for (status, outcome, asked_again) in [
        (404, None, vec!["/robots.txt", "/a", "/a"]),
        (403, None, vec!["/robots.txt", "/a", "/a"]),
        (500, Some(FetchProblem::Status { status: 500 }), vec!["/robots.txt"]),
        (429, Some(FetchProblem::Limited { until: Timestamp(0), why: String::new() }), vec!["/robots.txt"]),
    ] {
        let bench = Bench::new(settings());
        let site = Site::open(&bench.clock, move |asking| match asking.path.as_str() {
            "/robots.txt" => StatusCode::from_u16(status).expect("a status").into_response(),
            _ => "ok".into_response(),
        })
        .await;
        let page = Request { robots: true, ..Request::get(site.url("a.test", "/a")) };
        for _ in 0..2 {
            let policy = Policy { patience: Duration::default(), ..Policy::default() };
            let told = bench.ask_with(page.clone(), None, policy).await.err();
            assert_eq!(told.map(|told| told.name()), outcome.as_ref().map(|told| told.name()), "{status}");
        }
        assert_eq!(site.asked(), asked_again, "{status}");
        bench.hands.advance(Duration::minutes(10));
        let _ = bench.ask_with(page, None, Policy::default()).await;
        let robots = site.asked().iter().filter(|path| *path == "/robots.txt").count();
        assert_eq!(robots, if outcome.is_some() { 2 } else { 1 }, "{status}: asked again after ten minutes");
    }
}
