//! Is a token got once, renewed once when it is not taken, and never shown to anybody else?

use super::*;
use crate::model::TokenGrant;

fn credentials(url: Url, in_form: bool) -> TokenGrant {
    TokenGrant::ClientCredentials {
        url,
        client_id: "acme id".into(),
        client_secret: Secret::new("hunter2:&"),
        scope: Some("read".into()),
        in_form,
    }
}

fn login(url: Url) -> TokenGrant {
    TokenGrant::Login {
        url,
        fields: vec![("identifier".into(), "acme.example".into())],
        secret: ("password".into(), Secret::new("hunter2")),
        token: "/accessJwt".into(),
    }
}

fn with(grant: TokenGrant, url: Url) -> Request {
    Request { auth: Auth::Token(Box::new(grant)), conditional: false, ..Request::get(url) }
}

/// Gives the tokens `t1`, `t2`, … and answers everything else only to those that `takes` takes.
async fn api(bench: &Bench, life: u64, takes: fn(&str) -> bool) -> Site {
    let given = Arc::new(std::sync::atomic::AtomicU64::new(0));
    Site::open(&bench.clock, move |asking| {
        if asking.path == "/token" {
            let number = given.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            let token = format!(r#"{{"access_token": "t{number}", "accessJwt": "t{number}", "expires_in": {life}}}"#);
            return ([("content-type", "application/json")], token).into_response();
        }
        match asking.header("authorization").and_then(|given| given.strip_prefix("Bearer ")) {
            Some(token) if takes(token) => "ok".into_response(),
            _ => StatusCode::UNAUTHORIZED.into_response(),
        }
    })
    .await
}

#[tokio::test]
async fn a_token_is_asked_for_in_each_of_the_three_ways() {
    let bench = Bench::new(settings());
    let site = api(&bench, 3600, |_| true).await;
    let token = site.url("token.test", "/token");
    let basic = Some("Basic YWNtZStpZDpodW50ZXIyJTNBJTI2");
    for (grant, header, body) in [
        (credentials(token.clone(), false), basic, "grant_type=client_credentials&scope=read"),
        (
            credentials(token.clone(), true),
            None,
            "grant_type=client_credentials&scope=read&client_id=acme+id&client_secret=hunter2%3A%26",
        ),
        (login(token.clone()), None, r#"{"identifier":"acme.example","password":"hunter2"}"#),
    ] {
        let before = site.asked().len();
        answer(bench.ask_with(with(grant, site.url("a.test", "/x")), None, Policy::default()).await);
        assert_eq!(site.asked()[before..], ["/token", "/x"]);
        let asking = site.log.lock().expect("a lock")[before].1.clone();
        assert_eq!((asking.header("authorization"), asking.body.as_str()), (header, body));
    }
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_its_end_and_shared() {
    let bench = Bench::new(settings());
    let site = api(&bench, 3600, |_| true).await;
    let grant = credentials(site.url("token.test", "/token"), false);
    let ask = async |path: &str| {
        answer(bench.ask_with(with(grant.clone(), site.url("a.test", path)), None, Policy::default()).await);
    };
    ask("/1").await;
    bench.hands.advance(Duration::minutes(58));
    ask("/2").await;
    assert_eq!(site.last().header("authorization"), Some("Bearer t1"));
    bench.hands.advance(Duration::minutes(1));
    ask("/3").await;
    assert_eq!(site.last().header("authorization"), Some("Bearer t2"));
    assert_eq!(site.asked(), ["/token", "/1", "/2", "/token", "/3"]);
}

#[tokio::test]
async fn many_who_need_the_same_token_at_once_ask_for_it_once() {
    let bench = Bench::new(settings());
    let site = api(&bench, 3600, |_| true).await;
    let asks: Vec<_> = (0..10)
        .map(|number| {
            let grant = credentials(site.url("token.test", "/token"), false);
            (bench.door.clone(), with(grant, site.url(&format!("{number}.test"), "/")))
        })
        .collect();
    let work = async move {
        let asks = asks.into_iter().map(async |(door, request)| door.ask(&request, None, &Policy::default()).await);
        futures_util::future::join_all(asks).await
    };
    assert!(driven(&bench.clock, &bench.hands, work).await.iter().all(Result::is_ok));
    assert_eq!(site.asked().iter().filter(|path| *path == "/token").count(), 1);
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_renewed_once_and_never_more() {
    for (takes, asked, ends_well) in [
        ((|token| token != "t1") as fn(&str) -> bool, vec!["/token", "/x", "/token", "/x"], true),
        (|_| false, vec!["/token", "/x", "/token", "/x"], false),
    ] {
        let bench = Bench::new(settings());
        let site = api(&bench, 3600, takes).await;
        let grant = credentials(site.url("token.test", "/token"), false);
        let asking = bench.ask_with(with(grant, site.url("a.test", "/x")), None, Policy::default()).await;
        assert_eq!(site.asked(), asked);
        match ends_well {
            true => drop(answer(asking)),
            false => assert_eq!(problem(asking), FetchProblem::Refused { status: 401 }),
        }
    }
}

#[tokio::test]
async fn an_address_that_gives_no_token_is_told_as_such_without_the_secret() {
    for (status, body, why) in [
        (401, r#"{"error": "invalid_client"}"#, "HTTP 401: invalid_client"),
        (400, r#"{"error": "invalid_client", "error_description": "no hunter2:& here"}"#, "HTTP 400"),
        (404, "{}", "HTTP 404"),
        (200, "<html>", "the answer is no JSON"),
        (
            200,
            r#"{"error": "locked", "message": "too\n often"}"#,
            "the answer has no token at `/access_token`: locked, too often",
        ),
    ] {
        let bench = Bench::new(settings());
        let status = StatusCode::from_u16(status).expect("a status");
        let site =
            Site::open(&bench.clock, move |_| (status, [("content-type", "application/json")], body).into_response())
                .await;
        let grant = credentials(site.url("token.test", "/token"), false);
        let request = with(grant, site.url("a.test", "/x"));
        for _ in 0..2 {
            let told = problem(bench.ask_with(request.clone(), None, Policy::default()).await);
            assert_eq!(told, FetchProblem::NoToken { why: why.into() });
        }
        assert_eq!(site.asked(), ["/token"], "a refusal is believed for a while, and nothing is asked without a token");
    }
}

#[tokio::test]
async fn a_token_is_asked_for_under_the_limit_of_its_host() {
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, |_| {
        (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "120"), ("content-type", "application/json")], "{}")
            .into_response()
    })
    .await;
    let until = bench.clock.now() + Duration::seconds(120);
    let request = with(credentials(site.url("token.test", "/token"), false), site.url("a.test", "/x"));
    for _ in 0..2 {
        let told = problem(bench.ask_with(request.clone(), None, Policy::default()).await);
        assert!(matches!(told, FetchProblem::Limited { until: told, .. } if told == until), "{told:?}");
    }
    assert_eq!(site.asked(), ["/token"]);
}

#[tokio::test]
async fn a_token_stays_at_the_origin_that_it_is_meant_for() {
    let bench = Bench::new(settings());
    let elsewhere = Site::open(&bench.clock, |_| "ok".into_response()).await;
    let there = elsewhere.url("b.test", "/there").to_string();
    let site = Site::open(&bench.clock, move |asking| match asking.path.as_str() {
        "/token" => ([("content-type", "application/json")], r#"{"access_token": "t1"}"#).into_response(),
        _ => redirect(302, there.clone()),
    })
    .await;
    let grant = credentials(site.url("token.test", "/token"), false);
    answer(bench.ask_with(with(grant, site.url("a.test", "/x")), None, Policy::default()).await);
    assert_eq!(site.last().header("authorization"), Some("Bearer t1"));
    assert_eq!(elsewhere.last().header("authorization"), None);
}

/// A source of a site whose API wants a token, and whose feeds stand in without one.
fn with_feeds(site: &Site) -> Arc<dyn Source> {
    let kind = crate::source::KINDS.iter().find(|kind| kind.name() == "reddit").expect("the kind");
    let secret = format!("{:?} = \"hunter2\"", crate::model::SecretValue::KEY).replace("\\0", "\\u0000");
    let block = format!(
        "subreddits = [\"acme\"]\ntypes = [\"story\"]\nurl = {:?}\napi_url = {:?}\nclient_id = \"x\"\n\
         client_secret = {{ {secret} }}\n",
        site.url("a.test", "").as_str(),
        site.url("api.test", "").as_str()
    );
    let settings = crate::model::Settings::parse("source.r", &block).expect("TOML");
    Arc::from(kind.load(&settings).expect("a source"))
}

const ENTRY: &str = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><id>t3_1acme01</id>\
    <link href=\"https://www.reddit.com/r/acme/comments/1acme01/x/\"/><title>Uploads fail</title>\
    <published>2025-12-31T23:00:00Z</published></entry></feed>";

#[tokio::test]
async fn where_the_token_is_refused_another_way_is_taken_and_the_first_one_is_tried_again_later() {
    let bench = Bench::new(settings());
    let gives = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let json = [("content-type", "application/json")];
    let site = Site::open(&bench.clock, {
        let gives = gives.clone();
        move |asking| match asking.path.split('?').next().unwrap_or_default() {
            "/api/v1/access_token" if gives.load(std::sync::atomic::Ordering::Relaxed) => {
                (json, r#"{"access_token": "t1", "expires_in": 3600}"#).into_response()
            }
            "/api/v1/access_token" => {
                (StatusCode::UNAUTHORIZED, json, r#"{"error": "invalid_client"}"#).into_response()
            }
            "/r/acme/new" => (json, r#"{"data": {"children": []}}"#).into_response(),
            _ => ([("content-type", "application/atom+xml"), ("etag", "\"feed\"")], ENTRY).into_response(),
        }
    })
    .await;
    let source = with_feeds(&site);
    let mut state = SourceState::default();
    // Half an hour on the feeds is read to its end; the poll behind it asks the API again.
    for (after, degraded) in [(0, true), (10, true), (30, true), (1, false)] {
        bench.hands.advance(Duration::minutes(after));
        gives.store(!degraded, std::sync::atomic::Ordering::Relaxed);
        let mut poll = bench.door.poll(source.clone(), &state, Policy::default());
        let turned = driven(&bench.clock, &bench.hands, async move { poll.turn().await }).await;
        let Ok(Some(Turned::Page(page))) = turned else { panic!("{turned:?}") };
        let said = page.reading.degraded.clone();
        assert_eq!(said.is_some(), degraded, "after {after} minutes: {said:?}");
        assert!(said.is_none_or(|said| said.contains("without likes") && said.contains("invalid_client")));
        assert!(page.last);
        state.progress = page.reading.progress;
    }
    let asked: Vec<String> =
        site.asked().iter().map(|path| path.split('?').next().unwrap_or_default().to_owned()).collect();
    let feed = "/r/acme/new/.rss";
    assert_eq!(asked, ["/api/v1/access_token", feed, feed, feed, "/api/v1/access_token", "/r/acme/new"]);
}
