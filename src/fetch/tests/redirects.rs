//! Where do redirects lead, and what do they never carry or reach?

use super::*;

#[tokio::test]
async fn no_redirect_leads_to_a_private_address() {
    let bench = Bench::new(settings());
    let private = Site::open(&bench.clock, |_| "secrets of the house".into_response()).await;
    let port = private.port;
    for (to, host) in [
        (format!("http://127.0.0.1:{port}/"), "127.0.0.1"),
        (format!("http://2130706433:{port}/"), "127.0.0.1"),
        (format!("http://0x7f.1:{port}/"), "127.0.0.1"),
        (format!("//0177.0.0.1:{port}/"), "127.0.0.1"),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), "[::ffff:7f00:1]"),
        (format!("http://localhost:{port}/"), "localhost"),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), "169.254.169.254"),
    ] {
        let site = Site::open(&bench.clock, move |_| redirect(302, to.clone())).await;
        let refused = FetchProblem::PrivateAddress { host: host.into() };
        for robots in [false, true] {
            // The source's own host is allowed to be private; that says nothing of where it redirects to.
            let policy = Policy { allow_private: true, ..Policy::default() };
            let request = Request { robots, ..Request::get(site.url("a.test", "/")) };
            assert_eq!(problem(bench.ask_with(request, None, policy).await), refused, "robots: {robots}");
        }
    }
    assert_eq!(private.asked(), Vec::<String>::new());
    let policy = Policy { allow_private: true, ..Policy::default() };
    let own = bench.ask_with(Request::get(private.url("127.0.0.1", "/")), None, policy).await;
    assert_eq!(answer(own).0.body, "secrets of the house");
    assert_eq!(
        problem(bench.ask(private.url("127.0.0.1", "/")).await),
        FetchProblem::PrivateAddress { host: "127.0.0.1".into() }
    );
}

#[tokio::test]
async fn redirects_end_somewhere_or_are_given_up() {
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, |asking| match asking.path.as_str() {
        "/loop" => redirect(301, "/loop"),
        "/relative/a" => redirect(302, "../caf\u{e9}?x=1#part"),
        "/caf%C3%A9?x=1" => "here".into_response(),
        "/mail" => redirect(302, "mailto:someone@example.com"),
        "/nowhere" => StatusCode::FOUND.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    })
    .await;
    assert_eq!(
        problem(bench.ask(site.url("a.test", "/loop")).await),
        FetchProblem::TooManyRedirects { limit: hops::MAX_REDIRECTS }
    );
    assert_eq!(site.asked().len(), hops::MAX_REDIRECTS + 1);
    let (response, _) = answer(bench.ask(site.url("a.test", "/relative/a")).await);
    assert_eq!(response.url, site.url("a.test", "/caf%C3%A9?x=1"));
    assert!(matches!(problem(bench.ask(site.url("a.test", "/mail")).await), FetchProblem::Unreachable { .. }));
    assert_eq!(problem(bench.ask(site.url("a.test", "/nowhere")).await), FetchProblem::Status { status: 302 });
}

#[tokio::test]
async fn a_redirect_to_another_host_carries_no_secret() {
    let bench = Bench::new(settings());
    let away = Site::open(&bench.clock, |_| "ok".into_response()).await;
    let there = away.url("away.test", "/there").to_string();
    let home = Site::open(&bench.clock, move |asking| match asking.path.split('?').next() {
        // Like some servers, it writes the whole query into the address that it redirects to.
        Some("/away") => {
            let query = asking.path.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
            redirect(307, format!("{there}{query}"))
        }
        Some("/near") => redirect(302, asking.path.replace("near", "here")),
        _ => "ok".into_response(),
    })
    .await;
    let secret = || Secret::new("hunter2");
    let header = Auth::Header { name: "private-token".into(), prefix: String::new(), secret: secret() };
    let query = Auth::Query { name: "key".into(), secret: secret() };
    let whole = Auth::Url { secret: Secret::new(home.url("home.test", "/away").to_string()) };
    for auth in [header, query, whole] {
        let request = Request { auth: auth.clone(), ..Request::get(home.url("home.test", "/away?q=1")) };
        let (response, validators) = answer(bench.ask_with(request, None, Policy::default()).await);
        assert!(!format!("{:?}", away.last()).contains("hunter2"), "{auth:?}: {:?}", away.last());
        assert!(!format!("{response:?} {validators:?}").contains("hunter2"), "{auth:?}");
        if matches!(auth, Auth::Url { .. }) {
            continue;
        }
        let request = Request { auth: auth.clone(), ..Request::get(home.url("home.test", "/near?q=1")) };
        let (response, _) = answer(bench.ask_with(request, None, Policy::default()).await);
        let told = format!("{:?}", home.last());
        assert_eq!(told.matches("hunter2").count(), 1, "{auth:?} once: {told}");
        assert_eq!(response.url, home.url("home.test", "/here?q=1"));
    }
}

#[tokio::test]
async fn a_move_for_good_is_remembered_until_it_proves_wrong() {
    let bench = Bench::new(settings());
    let works = Arc::new(Mutex::new(true));
    let (told, count) = (works.clone(), Arc::new(Mutex::new(0)));
    let site = Site::open(&bench.clock, move |asking| match asking.path.as_str() {
        "/old" => redirect(301, "/new"),
        "/new" if *told.lock().expect("a lock") => redirect(302, "/today"),
        "/new" => StatusCode::GONE.into_response(),
        _ => {
            *count.lock().expect("a lock") += 1;
            format!("body {}", count.lock().expect("a lock")).into_response()
        }
    })
    .await;
    let url = site.url("a.test", "/old");
    let (_, first) = answer(bench.ask(url.clone()).await);
    assert_eq!(first.moved_to, Some(site.url("a.test", "/new").to_string()), "only what was permanent");
    let (_, second) = answer(bench.again(&url, &first).await);
    assert_eq!(second.moved_to, first.moved_to);
    assert_eq!(site.asked(), ["/old", "/new", "/today", "/new", "/today"]);
    *works.lock().expect("a lock") = false;
    assert_eq!(problem(bench.again(&url, &second).await), FetchProblem::Gone, "the old address was tried too");
    assert_eq!(site.asked()[5..], ["/new", "/old", "/new"]);
}

#[tokio::test]
async fn a_temporary_redirect_is_not_remembered_and_what_it_points_to_is_not_gone_for_good() {
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, |asking| match asking.path.as_str() {
        "/gone" => StatusCode::GONE.into_response(),
        "/for-now" => redirect(302, "/gone"),
        "/now-then-good" => redirect(307, "/good"),
        "/good" => redirect(308, "/end"),
        _ => "ok".into_response(),
    })
    .await;
    assert_eq!(problem(bench.ask(site.url("a.test", "/gone")).await), FetchProblem::Gone);
    assert_eq!(problem(bench.ask(site.url("a.test", "/for-now")).await), FetchProblem::Status { status: 410 });
    let (_, validators) = answer(bench.ask(site.url("a.test", "/now-then-good")).await);
    assert_eq!(validators.moved_to, None);
}
