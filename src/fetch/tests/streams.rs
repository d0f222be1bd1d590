//! Does a stream bring everything in order and within bounds, and does it say what broke it?

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::model::{RawPost, Subscription};

/// A post a line (of `data:`, in events); the cursor is the last line.
#[derive(Debug)]
struct Lines(Url);

impl Lines {
    fn subscription(&self, progress: &Progress) -> Subscription {
        let mut url = self.0.clone();
        url.set_query(progress.cursor.as_deref());
        let request = Request::get(url);
        if self.0.scheme().starts_with("ws") { Subscription::WebSocket(request) } else { Subscription::Events(request) }
    }
}

impl Source for Lines {
    fn next(&self, progress: &Progress) -> Next {
        Next::Subscribe(Box::new(self.subscription(progress)))
    }

    fn read(&self, _: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let lines = text.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
        let lines: Vec<String> = lines.filter(|line| !line.is_empty()).map(str::to_owned).collect();
        let progress = Progress { cursor: lines.last().cloned(), ..Progress::default() };
        let posts = lines.into_iter().map(|key| Ok(RawPost { key, ..RawPost::default() })).collect();
        Ok(Reading { posts, progress, ..Reading::default() })
    }
}

impl Bench {
    async fn listen(&self, url: Url, auth: Auth) -> Result<Stream, FetchProblem> {
        let (door, source, progress) = (self.door.clone(), Arc::new(Lines(url)), Progress::default());
        let with = |request: Request| Request { auth: auth.clone(), ..request };
        let subscription = match source.subscription(&progress) {
            Subscription::WebSocket(request) => Subscription::WebSocket(with(request)),
            Subscription::Events(request) => Subscription::Events(with(request)),
            Subscription::Push => Subscription::Push,
        };
        let work = async move { door.listen(source, progress, &subscription, Policy::default()).await };
        driven(&self.clock, &self.hands, work).await
    }

    /// Takes pages until the stream breaks: the posts of each, and the problem. The clock goes on while the network works.
    async fn pages(&self, mut stream: Stream) -> (Vec<Vec<String>>, FetchProblem) {
        let work = tokio::spawn(async move {
            let mut pages = Vec::new();
            loop {
                match stream.turn().await {
                    Ok(page) => pages.push(page.reading.posts.into_iter().flatten().map(|post| post.key).collect()),
                    Err(problem) => return (pages, problem),
                }
            }
        });
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(1));
        while !work.is_finished() {
            ticks.tick().await;
            self.hands.advance(Duration(20));
        }
        work.await.expect("the work ended well")
    }
}

fn problem_of(opened: Result<Stream, FetchProblem>) -> FetchProblem {
    opened.map(|stream| format!("{stream:?}")).expect_err("a problem")
}

fn closed() -> FetchProblem {
    FetchProblem::Unreachable { why: "it closed the stream".into() }
}

/// Sends these messages to the first who connects, and closes.
async fn socket(messages: Vec<Message>) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.expect("a connection");
        let mut socket = tokio_tungstenite::accept_async(tcp).await.expect("a handshake");
        for message in messages {
            let _ = socket.send(message).await;
        }
        let _ = socket.close(None).await;
        while socket.next().await.is_some_and(|came| came.is_ok()) {}
    });
    Url::parse(&format!("ws://ws.test:{port}/")).expect("a URL")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_a_socket_come_whole_and_in_order_in_frames_with_a_bound() {
    let bench = Bench::new(settings());
    let texts: Vec<String> = (0..1_200).map(|number| number.to_string()).collect();
    let stream = bench.listen(socket(texts.iter().map(Message::text).collect()).await, Auth::None).await;
    let (pages, problem) = bench.pages(stream.expect("a stream")).await;
    assert_eq!(pages.concat(), texts);
    assert!(pages.iter().all(|page| page.len() <= 500), "{:?}", pages.iter().map(Vec::len).collect::<Vec<_>>());
    assert_eq!(problem, closed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_message_may_be_breaks_the_stream_after_what_came_before() {
    let unreadable = FetchProblem::Unreadable { why: "its messages are no text".into() };
    for (message, page, expected) in [
        (Message::text("{\n\"a\":\r\n1}"), vec!["one", "{ \"a\":  1}"], closed()),
        (Message::binary(vec![0; 10]), vec!["one"], unreadable),
        (Message::text("a".repeat((1 << 20) + 1)), vec!["one"], FetchProblem::TooLarge { limit: 1 << 20 }),
    ] {
        let bench = Bench::new(settings());
        let stream = bench.listen(socket(vec![Message::text("one"), message]).await, Auth::None).await;
        let (pages, problem) = bench.pages(stream.expect("a stream")).await;
        assert_eq!((pages.concat(), problem), (page.into_iter().map(str::to_owned).collect(), expected));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_as_they_are_sent_and_the_secret_goes_along() {
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, |_| {
        let pieces = [":thump\n", "data: a\n\nda", "ta: b\n\n", "data: c"]
            .map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        ([("content-type", "text/event-stream")], body).into_response()
    })
    .await;
    let secret = Secret::new("hunter2");
    let auth = Auth::Header { name: "Authorization".into(), prefix: "Bearer ".into(), secret };
    let stream = bench.listen(site.url("a.test", "/"), auth).await.expect("a stream");
    let (pages, problem) = bench.pages(stream).await;
    assert_eq!(pages.concat(), ["a", "b"], "an event that was not ended is none");
    assert_eq!(problem, closed());
    assert_eq!(site.last().header("authorization"), Some("Bearer hunter2"));
    assert_eq!(site.last().header("accept"), Some("text/event-stream"));
}

#[tokio::test]
async fn a_stream_that_is_refused_says_so_and_a_wait_is_obeyed() {
    for scheme in ["ws", "http"] {
        for (status, expected) in [
            (403, FetchProblem::Refused { status: 403 }),
            (410, FetchProblem::Gone),
            (404, FetchProblem::Status { status: 404 }),
            (302, FetchProblem::TooManyRedirects { limit: 5 }),
        ] {
            let bench = Bench::new(settings());
            let site = Site::open(&bench.clock, move |_| redirect(status, "/again")).await;
            let url = Url::parse(&format!("{scheme}://a.test:{}/", site.port)).expect("a URL");
            assert_eq!(problem_of(bench.listen(url, Auth::None).await), expected, "{scheme}");
        }
        let bench = Bench::new(settings());
        let site =
            Site::open(&bench.clock, |_| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "120")]).into_response())
                .await;
        let url = Url::parse(&format!("{scheme}://a.test:{}/", site.port)).expect("a URL");
        let until = bench.clock.now() + Duration::seconds(120);
        for _ in 0..2 {
            let limited = FetchProblem::Limited { until, why: "HTTP 429".into() };
            assert_eq!(problem_of(bench.listen(url.clone(), Auth::None).await), limited, "{scheme}");
        }
        assert_eq!(site.asked().len(), 1, "{scheme}");
    }
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, |_| ([("content-type", "text/html")], "<html>").into_response()).await;
    let why = "it answers `text/html` instead of a stream of events".to_owned();
    let told = problem_of(bench.listen(site.url("a.test", "/"), Auth::None).await);
    assert_eq!(told, FetchProblem::Unreadable { why });
}

#[tokio::test]
async fn no_stream_leads_to_a_private_address() {
    let bench = Bench::new(DoorSettings { resolve: BTreeMap::new(), ..settings() });
    let site = Site::open(&bench.clock, |_| "ok".into_response()).await;
    for host in ["127.0.0.1", "[::1]", "2130706433", "localhost", "169.254.169.254"] {
        for scheme in ["ws", "wss", "http"] {
            let url = Url::parse(&format!("{scheme}://{host}:{}/", site.port)).expect("a URL");
            let told = problem_of(bench.listen(url.clone(), Auth::None).await);
            assert!(matches!(told, FetchProblem::PrivateAddress { .. }), "{url}: {told:?}");
        }
    }
    assert_eq!(site.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn silence_is_taken_for_death_after_a_minute() {
    let bench = Bench::new(settings());
    let silent = |_| {
        let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        ([("content-type", "text/event-stream")], body).into_response()
    };
    let site = Site::open(&bench.clock, silent).await;
    let mut stream = bench.listen(site.url("a.test", "/"), Auth::None).await.expect("a stream");
    let began = bench.clock.now();
    let turned = driven(&bench.clock, &bench.hands, async move { stream.turn().await.map(|page| page.bytes) }).await;
    assert_eq!(turned, Err(FetchProblem::Unreachable { why: "nothing came for 60 s".into() }));
    assert_eq!(bench.clock.now().since(began), Duration::seconds(60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_moved_is_opened_where_it_is_now_and_the_secret_stays_at_home() {
    let bench = Bench::new(settings());
    let moved_to = socket(vec![Message::text("one")]).await;
    let to = moved_to.as_str().replace("ws:", "http:").replace("ws.test", "other.test");
    let site = Site::open(&bench.clock, move |_| redirect(307, &to)).await;
    let url = Url::parse(&format!("ws://a.test:{}/", site.port)).expect("a URL");
    let stream = bench.listen(url, Auth::None).await.expect("a stream");
    assert_eq!(bench.pages(stream).await.0.concat(), ["one"]);

    let bench = Bench::new(settings());
    let there =
        Site::open(&bench.clock, |_| ([("content-type", "text/event-stream")], "data: a\n\n").into_response()).await;
    let to = there.url("other.test", "/now").to_string();
    let here = Site::open(&bench.clock, move |_| redirect(308, &to)).await;
    let auth = Auth::Header { name: "Authorization".into(), prefix: "Bearer ".into(), secret: Secret::new("hunter2") };
    let stream = bench.listen(here.url("a.test", "/"), auth).await.expect("a stream");
    assert_eq!(bench.pages(stream).await.0.concat(), ["a"]);
    assert_eq!(here.last().header("authorization"), Some("Bearer hunter2"));
    assert_eq!(there.last().header("authorization"), None);
}

#[tokio::test]
async fn no_stream_is_redirected_to_a_private_address() {
    let public = settings().resolve;
    for scheme in ["ws", "http"] {
        let bench = Bench::new(DoorSettings { resolve: public.clone(), ..settings() });
        let site = Site::open(&bench.clock, |_| redirect(302, "http://169.254.169.254/")).await;
        let url = Url::parse(&format!("{scheme}://a.test:{}/", site.port)).expect("a URL");
        let told = problem_of(bench.listen(url, Auth::None).await);
        assert!(matches!(told, FetchProblem::PrivateAddress { .. }), "{scheme}: {told:?}");
    }
}
