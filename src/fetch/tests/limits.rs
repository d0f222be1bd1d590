//! Is a host asked no more often, and held up no longer, than is right?

use super::*;

#[tokio::test]
async fn a_host_that_says_wait_is_not_asked_before_its_time() {
    for (value, seconds) in [("120", 120), ("Thu, 01 Jan 2026 00:05:00 GMT", 300), ("999999999", 30 * 86_400)] {
        let bench = Bench::new(settings());
        let site = Site::open(&bench.clock, move |_| {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", value)]).into_response()
        })
        .await;
        let until = bench.clock.now() + Duration::seconds(seconds);
        let limited = FetchProblem::Limited { until, why: "HTTP 429".into() };
        assert_eq!(problem(bench.ask(site.url("a.test", "/1")).await), limited, "{value}");
        assert_eq!(problem(bench.ask(site.url("a.test", "/2")).await), limited, "{value}");
        assert_eq!(bench.door.holds(), [("a.test".to_owned(), until)]);
        problem(bench.ask(site.url("b.test", "/other")).await);
        bench.hands.advance(until.since(bench.clock.now()));
        problem(bench.ask(site.url("a.test", "/3")).await);
        assert_eq!(site.asked(), ["/1", "/other", "/3"], "{value}");
    }
}

#[tokio::test]
async fn holds_survive_in_another_door() {
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, |_| "ok".into_response()).await;
    let until = bench.clock.now() + Duration::hours(1);
    bench.door.hold("a.test", until, "HTTP 429");
    let second = Bench::new(settings());
    for (key, until) in bench.door.holds() {
        second.door.hold(&key, until, "asked before the restart");
    }
    let why = "asked before the restart".to_owned();
    assert_eq!(problem(second.ask(site.url("a.test", "/")).await), FetchProblem::Limited { until, why });
    assert_eq!(site.asked(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_own_log_shows_no_two_requests_nearer_than_the_limit() {
    let bench = Bench::new(DoorSettings { jitter: 0.2, per_second: 0.5, ..settings() });
    let site = Site::open(&bench.clock, |_| "ok".into_response()).await;
    let (door, url) = (bench.door.clone(), site.url("a.test", "/"));
    let work = async move {
        let asks = (0..30).map(|_| {
            let (door, request) = (door.clone(), Request::get(url.clone()));
            tokio::spawn(async move { door.ask(&request, None, &Policy::default()).await.is_ok() })
        });
        futures_util::future::join_all(asks.collect::<Vec<_>>()).await
    };
    let answers = driven(&bench.clock, &bench.hands, work).await;
    assert!(answers.into_iter().all(|answered| answered.expect("an answer")));
    let times = site.times();
    assert_eq!(times.len(), 30);
    let nearest = times.windows(2).map(|pair| pair[1].since(pair[0])).min();
    assert!(nearest >= Some(Duration::seconds(2)), "{nearest:?}");
    let all = times[29].since(times[0]);
    assert!(all <= Duration::seconds(29 * 2 * 12 / 10), "jitter is at most a fifth: {all}");
}

#[tokio::test]
async fn a_reload_keeps_in_mind_who_was_asked_when() {
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, |_| "ok".into_response()).await;
    let start = bench.clock.now();
    answer(bench.ask(site.url("a.test", "/1")).await);
    bench.door.reconfigure(DoorSettings { per_second: 0.1, ..settings() }).expect("good settings");
    answer(bench.ask(site.url("a.test", "/2")).await);
    assert_eq!(site.times(), [start, start + Duration::seconds(10)]);
    let hold = start + Duration::hours(1);
    bench.door.hold("a.test", hold, "HTTP 429");
    bench.door.reconfigure(settings()).expect("good settings");
    assert!(matches!(problem(bench.ask(site.url("a.test", "/3")).await), FetchProblem::Limited { .. }));
}

#[tokio::test]
async fn a_host_that_hangs_holds_up_nobody_else_and_is_given_up() {
    let bench = Bench::new(DoorSettings { concurrent: 2, ..settings() });
    let hangs = |_| Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>()).into_response();
    let hanging = Site::open(&bench.clock, hangs).await;
    let lively = Site::open(&bench.clock, |_| "ok".into_response()).await;
    let stuck: Vec<_> = (0..10)
        .map(|_| {
            let (door, request) = (bench.door.clone(), Request::get(hanging.url("hangs.test", "/")));
            tokio::spawn(async move { door.ask(&request, None, &Policy::default()).await.map(drop) })
        })
        .collect();
    while hanging.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    for number in 0..20 {
        answer(bench.ask(lively.url(&format!("{number}.test"), "/")).await);
    }
    assert_eq!(hanging.asked().len(), 1, "still the first one");
    stuck.iter().for_each(|asker| asker.abort());
    for asker in stuck {
        let _ = asker.await;
    }
    let policy = Policy { time: Duration(300), ..Policy::default() };
    let given_up = bench.ask_with(Request::get(hanging.url("hangs.test", "/")), None, policy).await;
    assert_eq!(problem(given_up), FetchProblem::TimedOut { seconds: 1 });
}

#[tokio::test]
async fn floods_and_bombs_are_too_large() {
    let bench = Bench::new(settings());
    let flood = |megabytes: usize| {
        let piece = Bytes::from_static(&[b'a'; 16 * 1024]);
        move |_| {
            let piece = piece.clone();
            let pieces = (0..megabytes * 64).map(move |_| Ok::<_, std::io::Error>(piece.clone()));
            let body = Body::from_stream(futures_util::stream::iter(pieces));
            ([("content-type", "text/xml")], body).into_response()
        }
    };
    let site = Site::open(&bench.clock, flood(200)).await;
    let limit = Policy::default().max_body;
    assert_eq!(problem(bench.ask(site.url("flood.test", "/")).await), FetchProblem::TooLarge { limit });

    let gzip = |router: Router| router.layer(tower_http::compression::CompressionLayer::new());
    let bomb = Site::open_with(&bench.clock, flood(16), gzip).await;
    let policy = Policy { max_body: 1 << 20, ..Policy::default() };
    let refused = bench.ask_with(Request::get(bomb.url("bomb.test", "/")), None, policy).await;
    assert_eq!(problem(refused), FetchProblem::TooLarge { limit: 1 << 20 });
}

#[test]
fn requests_and_bytes_are_counted_and_never_by_address() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let bench = Bench::new(settings());
            let site = Site::open(&bench.clock, |asking| match asking.path.as_str() {
                "/missing" => StatusCode::NOT_FOUND.into_response(),
                _ => "12345".into_response(),
            })
            .await;
            let url = site.url("a.test", "/");
            let (_, validators) = answer(bench.ask(url.clone()).await);
            assert!(is_unchanged(&bench.again(&url, &validators).await));
            problem(bench.ask(site.url("a.test", "/missing")).await);
        });
    });
    let told = recorder.handle().render();
    let mut counters: Vec<_> = told.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    counters.sort_unstable();
    assert_eq!(
        counters,
        [
            "overheard_fetch_bytes_total 10",
            "overheard_fetch_requests_total{result=\"answer\"} 1",
            "overheard_fetch_requests_total{result=\"status\"} 1",
            "overheard_fetch_requests_total{result=\"unchanged\"} 1",
        ]
    );
}
