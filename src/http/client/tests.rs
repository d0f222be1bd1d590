//! Does an exchange keep secrets at home, bodies within bounds, and private addresses out of reach?

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request as Asked;
use axum::routing::get;
use futures_util::future::BoxFuture;
use futures_util::stream;
use tower_http::compression::CompressionLayer;

use super::*;
use crate::model::Secret;

/// Serves `router` on a loopback port of its own until the test ends.
async fn serve(router: Router) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

/// Every `.test` name is loopback.
fn settings() -> ClientSettings {
    let resolve = BTreeMap::from([("*.test".to_owned(), IpAddr::from([127, 0, 0, 1]))]);
    ClientSettings { user_agent: user_agent(Some("mailto:me@acme.example")), resolve, ..ClientSettings::default() }
}

fn client() -> Client {
    Client::new(&settings()).expect("a client")
}

fn soon() -> Deadline {
    Deadline::after(Duration::seconds(20))
}

fn at(host: &str, port: u16, path: &str) -> Url {
    Url::parse(&format!("http://{host}:{port}{path}")).expect("a URL")
}

/// Tells address and headers of what it was asked.
async fn echo(asked: Asked) -> String {
    let agent = asked.headers().get("user-agent").cloned();
    let token = asked.headers().get("private-token").and_then(|value| value.to_str().ok().map(str::to_owned));
    format!("{} {} {:?}", asked.uri(), token.unwrap_or_default(), agent)
}

#[tokio::test]
async fn a_secret_goes_to_its_own_home_only() {
    let home = serve(Router::new().fallback(echo)).await;
    let other = serve(Router::new().fallback(echo)).await;
    let secret = || Secret::new("hunter2");
    let header = Auth::Header { name: "private-token".into(), prefix: "Bearer ".into(), secret: secret() };
    let query = Auth::Query { name: "key".into(), secret: secret() };
    let whole = Auth::Url { secret: Secret::new(format!("http://a.test:{home}/hooks/hunter2")) };
    for auth in [header, query, whole] {
        let request = Request { auth: auth.clone(), ..Request::get(at("a.test", home, "/x?q=1")) };
        for (hop, told) in [
            (at("a.test", home, "/x?q=1"), true),
            (at("b.test", home, "/x"), false),
            (at("a.test", other, "/x"), false),
        ] {
            let outgoing = Outgoing { url: &hop, ..Outgoing::new(&request, soon()) };
            let answer = client().send(&outgoing).await.expect("an answer").start(1000).await.expect("a body");
            let answer = String::from_utf8_lossy(&answer);
            assert_eq!(answer.contains("hunter2"), told, "{auth:?} {hop}: {answer}");
            assert!(answer.contains("Overheard/") && answer.contains("mailto:me@acme.example"), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let moved = || async { (axum::http::StatusCode::FOUND, [("location", "/elsewhere")]) };
    let port = serve(Router::new().route("/", get(moved))).await;
    let request = Request::get(at("a.test", port, "/"));
    let answer = client().send(&Outgoing::new(&request, soon())).await.expect("an answer");
    assert_eq!((answer.status(), answer.header("location").as_deref()), (302, Some("/elsewhere")));
}

/// 32 MB of the same letter, announced by no length.
async fn flood() -> ([(&'static str, &'static str); 1], Body) {
    let piece = Bytes::from_static(&[b'a'; 16 * 1024]);
    let pieces = stream::iter((0..2_048).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
    ([("content-type", "text/plain")], Body::from_stream(pieces))
}

#[tokio::test]
async fn a_flood_or_a_bomb_is_refused_and_never_held_beyond_the_cap() {
    const CAP: usize = 1 << 20;
    let plain = Router::new().route("/", get(flood));
    for router in [plain.clone(), plain.layer(CompressionLayer::new())] {
        let request = Request::get(at("a.test", serve(router).await, "/"));
        let mut incoming = client().send(&Outgoing::new(&request, soon())).await.expect("an answer");
        let held = incoming.read(CAP).await.expect("the start of it").len();
        assert!((CAP + 1..CAP + 64 * 1024).contains(&held), "{held} bytes");
        let incoming = client().send(&Outgoing::new(&request, soon())).await.expect("an answer");
        assert_eq!(incoming.whole(CAP).await, Err(HttpError::TooLarge { limit: CAP }));
    }
}

#[tokio::test]
async fn a_length_over_the_cap_is_refused_unread_and_the_start_can_still_be_had() {
    let port = serve(Router::new().route("/", get(|| async { "x".repeat(5000) }))).await;
    let request = Request::get(at("a.test", port, "/"));
    let client = client();
    let incoming = client.send(&Outgoing::new(&request, soon())).await.expect("an answer");
    assert_eq!(incoming.whole(4999).await, Err(HttpError::TooLarge { limit: 4999 }));
    let incoming = client.send(&Outgoing::new(&request, soon())).await.expect("an answer");
    assert_eq!(incoming.whole(5000).await.map(|body| body.len()), Ok(5000));
    let incoming = client.send(&Outgoing::new(&request, soon())).await.expect("an answer");
    assert_eq!(incoming.start(100).await.map(|body| body.len()), Ok(100));
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_at_the_deadline() {
    use futures_util::StreamExt;
    let drip = || async {
        let first = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"<rss>")) });
        Body::from_stream(first.chain(stream::pending()))
    };
    let port = serve(Router::new().route("/", get(drip))).await;
    let request = Request::get(at("a.test", port, "/"));
    let deadline = Deadline::after(Duration(300));
    let incoming = client().send(&Outgoing::new(&request, deadline)).await.expect("an answer");
    assert_eq!(incoming.whole(1000).await, Err(HttpError::TimedOut { seconds: 1 }));
}

/// Answers every connection with these bytes and closes it.
async fn serve_bytes(answer: &'static [u8]) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 4096]).await;
            let _ = connection.write_all(answer).await;
            let _ = connection.shutdown().await;
        }
    });
    port
}

#[tokio::test]
async fn a_body_that_cannot_be_decoded_is_told_apart_from_one_that_is_cut_off() {
    let mut told = Vec::new();
    for answer in [
        &b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 7\r\n\r\nno gzip"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 700\r\n\r\n<rss>",
        b"no HTTP at all, just some words that come when one connects",
        b"",
    ] {
        let request = Request::get(at("a.test", serve_bytes(answer).await, "/"));
        let (client, outgoing) = (client(), Outgoing::new(&request, soon()));
        let body = async { client.send(&outgoing).await?.whole(1000).await };
        told.push(body.await);
    }
    assert!(matches!(told[0], Err(HttpError::Garbled { .. })), "{told:?}");
    assert!(told[1..].iter().all(|told| matches!(told, Err(HttpError::Unreachable { .. }))), "{told:?}");
}

/// Gives the answers of a list, one for each asking, the last one for ever.
struct Turncoat(Vec<Vec<IpAddr>>, AtomicUsize);

impl Lookup for Turncoat {
    fn addresses(&self, _: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let turn = self.1.fetch_add(1, Ordering::SeqCst).min(self.0.len() - 1);
        let answer = self.0[turn].clone();
        Box::pin(async move { Ok(answer) })
    }
}

#[tokio::test]
async fn a_name_is_judged_by_the_very_answer_that_is_connected_to() {
    use reqwest::dns::Resolve;
    let public = IpAddr::from([8, 8, 8, 8]);
    let private = IpAddr::from([127, 0, 0, 1]);
    let lookup = Arc::new(Turncoat(vec![vec![private, public], vec![private]], AtomicUsize::new(0)));
    let resolver = Resolver { guard: Guard::default(), way: Way::Guarded, lookup: lookup.clone() };
    let name = || "turncoat.example".parse().expect("a name");
    let first: Vec<_> = resolver.resolve(name()).await.expect("one public address").map(|found| found.ip()).collect();
    assert_eq!(first, [public]);
    assert!(resolver.resolve(name()).await.is_err(), "the second answer is private only");
    assert_eq!(lookup.1.load(Ordering::SeqCst), 2, "one look-up for each connection, none beforehand");
}

#[tokio::test]
async fn a_name_with_private_addresses_is_refused_unless_it_is_allowed() {
    let port = serve(Router::new().fallback(echo)).await;
    let lookup = Arc::new(Turncoat(vec![vec![IpAddr::from([127, 0, 0, 1])]], AtomicUsize::new(0)));
    let client = Client::with_lookup(&ClientSettings::default(), lookup).expect("a client");
    let request = Request::get(at("intranet.example", port, "/"));
    let refused = client.send(&Outgoing::new(&request, soon())).await.map(|answer| answer.status());
    assert_eq!(refused, Err(HttpError::PrivateAddress { host: "intranet.example".into() }));
    let allowed = Outgoing { allow_private: true, ..Outgoing::new(&request, soon()) };
    assert_eq!(client.send(&allowed).await.map(|answer| answer.status()), Ok(200));
    // The open connection that now waits for reuse does not serve a guarded request.
    let refused = client.send(&Outgoing::new(&request, soon())).await.map(|answer| answer.status());
    assert_eq!(refused, Err(HttpError::PrivateAddress { host: "intranet.example".into() }));
}

#[tokio::test]
async fn metadata_addresses_stay_closed_behind_an_allowed_name() {
    let lookup = Arc::new(Turncoat(vec![vec![IpAddr::from([169, 254, 169, 254])]], AtomicUsize::new(0)));
    let client = Client::with_lookup(&ClientSettings::default(), lookup).expect("a client");
    let request = Request::get(at("intranet.example", 80, "/"));
    let allowed = Outgoing { allow_private: true, ..Outgoing::new(&request, soon()) };
    assert_eq!(client.send(&allowed).await.map(|answer| answer.status()), Err(HttpError::reserved("intranet.example")));
}

/// Environment variables cannot be set safely in a running process, so this test runs itself again with them.
#[tokio::test]
async fn proxies_of_the_environment_are_ignored() {
    const SECOND_RUN: &str = "OVERHEARD_TEST_SECOND_RUN";
    if std::env::var_os(SECOND_RUN).is_none() {
        let name = "http::client::tests::proxies_of_the_environment_are_ignored";
        let mut run = std::process::Command::new(std::env::current_exe().expect("this test's binary"));
        run.args(["--exact", name]).env(SECOND_RUN, "1");
        for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"] {
            run.env(variable, "http://127.0.0.1:9");
        }
        let output = run.output().expect("the second run");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
        return;
    }
    let port = serve(Router::new().fallback(echo)).await;
    let request = Request::get(at("a.test", port, "/"));
    assert_eq!(client().send(&Outgoing::new(&request, soon())).await.map(|answer| answer.status()), Ok(200));
    let lookup = Arc::new(Turncoat(vec![vec![IpAddr::from([127, 0, 0, 1])]], AtomicUsize::new(0)));
    let guarded = Client::with_lookup(&ClientSettings::default(), lookup).expect("a client");
    let request = Request::get(at("intranet.example", port, "/"));
    let refused = guarded.send(&Outgoing::new(&request, soon())).await.map(|answer| answer.status());
    assert_eq!(refused, Err(HttpError::PrivateAddress { host: "intranet.example".into() }));
}

#[tokio::test]
async fn a_configured_proxy_is_asked_for_public_names_and_not_for_open_ones() {
    let proxy = serve(Router::new().fallback(|| async { "from the proxy" })).await;
    let direct = serve(Router::new().fallback(|| async { "direct" })).await;
    let settings = ClientSettings { proxy: Some(at("127.0.0.1", proxy, "/")), ..settings() };
    let client = Client::new(&settings).expect("a client");
    for (url, told) in [
        (Url::parse("http://public.example/").expect("a URL"), "from the proxy"),
        (at("a.test", direct, "/"), "direct"),
    ] {
        let request = Request::get(url);
        let answer = client.send(&Outgoing::new(&request, soon())).await.expect("an answer");
        assert_eq!(answer.whole(100).await.expect("a body"), told);
    }
    let literal = Request::get(at("127.0.0.1", direct, "/"));
    let refused = client.send(&Outgoing::new(&literal, soon())).await.map(|answer| answer.status());
    assert_eq!(refused, Err(HttpError::PrivateAddress { host: "127.0.0.1".into() }));
}

#[tokio::test]
async fn errors_name_the_cause_and_no_secret() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let auth = Auth::Query { name: "key".into(), secret: Secret::new("hunter2") };
    let request = Request { auth, ..Request::get(at("a.test", port, "/x?token=hunter2")) };
    let error = client().send(&Outgoing::new(&request, soon())).await.map(|answer| answer.status());
    let Err(HttpError::Unreachable { why }) = &error else { panic!("{error:?}") };
    assert!(why.to_lowercase().contains("connection refused"), "{why}");
    assert!(!why.contains("hunter2"), "{why}");

    let auth = Auth::Header { name: "x".into(), prefix: String::new(), secret: Secret::new("hunter2\n") };
    let request = Request { auth, ..Request::get(at("a.test", port, "/")) };
    let error = client().send(&Outgoing::new(&request, soon())).await.map(|answer| answer.status());
    assert_eq!(error, Err(HttpError::Malformed { why: "header `x` cannot be sent as it is".into() }));
}
