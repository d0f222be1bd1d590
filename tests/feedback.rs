//! Is what people say of posts kept, learned from, taken back and forgotten?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::Inside;
use common::spawned::overheard;
use common::web::{Page, Web};
use overheard::http::{Client, ClientSettings, Deadline, Outgoing};
use overheard::model::{Auth, Duration, Event, Ledger, Request, Secret, SentimentClass, Timestamp};
use overheard::pipeline::data::Data;
use overheard::pipeline::forget;
use serde_json::{Value, json};
use url::Url;

/// A daemon with a feed of posts that mention Acme: ten about parcels, ten about talks, and one more of each.
struct Place {
    _web: Web,
    _hook: Collector,
    home: Home,
}

const TOWNS: [&str; 11] =
    ["Basel", "Bern", "Chur", "Genf", "Zug", "Thun", "Biel", "Olten", "Aarau", "Baden", "quokkaberry"];

impl Place {
    async fn new() -> Self {
        let (web, hook) = (Web::start().await, Collector::start().await);
        let home = Home::new(&feed(&web, "news"), &hook);
        let mut items = Vec::new();
        for (number, town) in TOWNS.iter().enumerate() {
            items.push((format!("/parcel/{number}"), format!("Acme parcel from {town} sits in the depot")));
            items.push((format!("/talk/{number}"), format!("Acme talk in {town} begins at nine")));
        }
        let items: Vec<(&str, &str, &str)> =
            items.iter().map(|(path, title)| (path.as_str(), title.as_str(), "")).collect();
        web.set("news.test", "/feed.xml", Page::rss(&items));
        Self { _web: web, _hook: hook, home }
    }

    async fn start(&self, now: Option<Timestamp>) -> Inside {
        let inside = match now {
            Some(now) => Inside::start_at(&self.home, now).await.unwrap(),
            None => Inside::start(&self.home).await,
        };
        inside.until("the mentions", async || (inside.search("watch:acme").total == 22).then_some(())).await;
        inside
    }
}

/// The id of the post with this path.
fn post(inside: &Inside, path: &str) -> String {
    let found = inside.search("watch:acme").results;
    found.iter().find(|found| found.url.ends_with(path)).unwrap().id.to_string()
}

async fn ask(inside: &Inside, body: Option<Value>, path: &str, token: bool) -> (u16, Value) {
    let address = Url::parse(&format!("http://{}{path}", inside.daemon.address)).unwrap();
    let mut request = match body {
        Some(body) => Request::post_json(address, body.to_string()),
        None => Request::get(address),
    };
    if token {
        let secret = Secret::new(inside.daemon.token().expose().to_owned());
        request.auth = Auth::Header { name: "Authorization".into(), prefix: "Bearer ".into(), secret };
    }
    let client = Client::new(&ClientSettings::default()).unwrap();
    let outgoing = Outgoing { allow_private: true, ..Outgoing::new(&request, Deadline::after(Duration::seconds(20))) };
    let answer = client.send(&outgoing).await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&answer.whole(1 << 20).await.unwrap()).unwrap())
}

async fn say(inside: &Inside, order: Value) -> Value {
    let (status, answer) = ask(inside, Some(order), "/api/v1/feedback", true).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// Ten parcels are bad news, ten talks are not.
async fn teach(inside: &Inside) {
    for number in 0..10 {
        let parcel = post(inside, &format!("/parcel/{number}"));
        say(
            inside,
            json!({ "post": parcel, "sentiment": "negative", "labels": ["shipping"], "relevant": true, "by": "ann" }),
        )
        .await;
        let talk = post(inside, &format!("/talk/{number}"));
        say(
            inside,
            json!({ "post": talk, "sentiment": "neutral", "not_labels": ["problem"], "relevant": false, "by": "ann" }),
        )
        .await;
    }
}

async fn read(inside: &Inside, path: &str) -> Value {
    let (status, answer) = ask(inside, None, &format!("/api/v1/feedback?post={}", post(inside, path)), false).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn class(read: &Value) -> &str {
    read["sense"]["sentiment"]["classified"]["class"].as_str().unwrap()
}

/// A parcel of which nobody said anything is bad news by what was said of others.
async fn assert_learned(inside: &Inside) {
    let parcel = read(inside, "/parcel/10").await;
    assert_eq!(class(&parcel), "negative", "{parcel}");
    assert!(parcel["sense"]["problem"].as_f64().unwrap() > 0.5, "{parcel}");
    assert_eq!(parcel["feedback"], Value::Null);
    let moved: Vec<&str> =
        parcel["moved"].as_array().unwrap().iter().filter_map(|moved| moved["words"].as_str()).collect();
    assert!(moved.iter().any(|words| words.contains("parcel") || words.contains("depot")), "{moved:?}");
    let talk = read(inside, "/talk/10").await;
    assert_eq!(class(&talk), "neutral", "{talk}");
    let likely = |read: &Value| read["relevance"][0]["likely"].as_f64().unwrap();
    assert!(likely(&parcel) > 0.7 && likely(&talk) < 0.5, "{} {}", likely(&parcel), likely(&talk));
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_change_how_like_posts_are_read_over_restart_and_rebuild() {
    let place = Place::new().await;
    let inside = place.start(None).await;
    assert_eq!(class(&read(&inside, "/parcel/10").await), "neutral", "its words alone say nothing");
    teach(&inside).await;
    assert_learned(&inside).await;
    let (_, list) = ask(&inside, None, "/api/v1/feedback", false).await;
    let acme = &list["precision"][0];
    assert_eq!((&acme["watch"], &acme["relevant"], &acme["not_relevant"]), (&json!("acme"), &json!(10), &json!(10)));
    assert_eq!((&list["total"], acme["precision"].as_f64()), (&json!(20), Some(0.5)));
    let now = inside.stop().await;

    let inside = place.start(Some(now)).await;
    assert_learned(&inside).await;
    let now = inside.stop().await;
    Data::discard_views(&place.home.data()).unwrap();
    let inside = place.start(Some(now)).await;
    assert_learned(&inside).await;
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_later_word_of_a_post_counts_and_search_shows_it_until_it_is_taken_back() {
    let place = Place::new().await;
    let inside = place.start(None).await;
    let one = post(&inside, "/talk/1");
    say(&inside, json!({ "post": one, "sentiment": "negative", "by": "ann" })).await;
    let answer =
        say(&inside, json!({ "post": one, "sentiment": "positive", "by": "bob", "note": "they loved it" })).await;
    assert_eq!(class(&answer), "positive");
    let found = inside.search("quokkaberry OR bern").results;
    let shown = found.into_iter().find(|found| found.id.to_string() == one).unwrap().feedback.unwrap();
    let said = shown.sentiment.unwrap();
    assert_eq!(
        (said.what, said.by.as_str(), said.note.as_deref()),
        (SentimentClass::Positive, "bob", Some("they loved it"))
    );

    let undone = say(&inside, json!({ "post": one, "take_back": true })).await;
    assert_eq!((class(&undone), &undone["feedback"], &undone["moved"]), ("neutral", &Value::Null, &json!([])));
    assert_eq!(undone["sense"], undone["untrained"]);
    let (_, list) = ask(&inside, None, "/api/v1/feedback", false).await;
    assert_eq!(
        (&list["total"], &list["learned_from"], &list["precision"][0]["precision"]),
        (&json!(0), &json!(0), &Value::Null)
    );
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_meant_is_refused_and_nothing_is_kept() {
    let place = Place::new().await;
    let inside = place.start(None).await;
    let one = post(&inside, "/talk/1");
    let cases = [
        (json!({ "post": "https://elsewhere.example/1", "relevant": true }), 404, "there is no post"),
        (json!({ "post": one, "labels": ["outtage"] }), 400, "there is no label `outtage`"),
        (
            json!({ "post": one, "labels": ["bug"], "not_labels": ["problem/bug"] }),
            400,
            "cannot both have and not have",
        ),
        (json!({ "post": one }), 400, "nothing is said"),
        (json!({ "post": one, "relevant": true, "watch": "beta" }), 400, "it was found by acme"),
        (json!({ "post": one, "relevannt": true }), 400, "relevannt"),
    ];
    for (order, status, words) in cases {
        let (answered, answer) = ask(&inside, Some(order), "/api/v1/feedback", true).await;
        assert_eq!(answered, status, "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(words), "{answer}");
    }
    let order = json!({ "post": one, "relevant": true });
    assert_eq!(ask(&inside, Some(order), "/api/v1/feedback", false).await.0, 401, "a write needs the token");
    let (_, list) = ask(&inside, None, "/api/v1/feedback", false).await;
    assert_eq!(list["total"], 0);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_of_a_forgotten_post_is_forgotten_with_it() {
    let place = Place::new().await;
    let inside = place.start(None).await;
    let one = post(&inside, "/parcel/10");
    say(&inside, json!({ "post": one, "sentiment": "negative", "note": "quokkaberry again" })).await;
    let found = forget::find(inside.daemon.history(), &one);
    forget::running(&inside.daemon, &found).await.unwrap();
    assert_eq!(inside.daemon.lessons.corrections(), 0);
    assert_eq!(inside.daemon.store.all_corrected().unwrap(), []);
    inside.stop().await;
    let (journal, _) = overheard::journal::Journal::open(&place.home.data().join("journal")).unwrap();
    let frames: String =
        journal.history().replay(overheard::model::Position(0)).map(|frame| format!("{frame:?}")).collect();
    assert!(!frames.contains("quokkaberry again"), "the note is in the journal");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_deleted_post_the_words_go_and_what_was_said_stays() {
    let place = Place::new().await;
    let inside = place.start(None).await;
    let one = post(&inside, "/parcel/10");
    say(&inside, json!({ "post": one, "relevant": false, "sentiment": "negative", "note": "quokkaberry again" })).await;
    let event = Event::Deleted { posts: vec![one.parse().unwrap()], at: inside.now() };
    inside.daemon.writer.record(vec![event]).await.unwrap();
    assert_eq!(inside.daemon.lessons.corrections(), 0, "nothing is learned from words that are gone");
    let stands = inside.daemon.store.all_corrected().unwrap().remove(0);
    assert_eq!((stands.title.as_str(), stands.relevance["acme"].what), ("", false));
    assert_eq!(stands.sentiment.unwrap().note, None);
    inside.hands.advance(Duration::hours(25));
    inside.next_poll("news").await;
    inside.next_poll("news").await;
    inside.stop().await;
    let (journal, _) = overheard::journal::Journal::open(&place.home.data().join("journal")).unwrap();
    let frames: String =
        journal.history().replay(overheard::model::Position(0)).map(|frame| format!("{frame:?}")).collect();
    assert!(frames.contains("Feedback") && !frames.contains("quokkaberry again"), "the note is in the journal");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_lists_and_tells_the_precision_without_a_daemon_too() {
    let place = Place::new().await;
    let inside = place.start(None).await;
    let one = post(&inside, "/parcel/1");
    inside.stop().await;
    let run = |arguments: &[&str]| overheard(&place.home, arguments);
    let nothing = run(&["feedback"]);
    assert_eq!(nothing.code, 1, "{}{}", nothing.out, nothing.err);
    let precision = run(&["precision"]);
    assert!(precision.code == 1 && precision.out.contains("no data"), "{}{}", precision.out, precision.err);

    let said =
        run(&["feedback", &one, "--not-relevant", "--sentiment", "negative", "--label", "shipping", "--by", "ann"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("not relevant to acme, says ann"), "{}", said.out);
    assert!(said.out.contains("problem/shipping, says ann"), "{}", said.out);
    let precision = run(&["precision", "--json"]);
    let precision: Value = serde_json::from_str(&precision.out).unwrap();
    assert_eq!((&precision[0]["precision"], &precision[0]["not_relevant"]), (&json!(0.0), &json!(1)));
    let found = run(&["search", "bern", "--json"]);
    let found: Value = serde_json::from_str(&found.out).unwrap();
    let shown = found["results"].as_array().unwrap().iter().find(|found| found["id"] == json!(one)).unwrap();
    assert_eq!(shown["feedback"]["sentiment"]["what"], "negative");

    let wrong = run(&["feedback", &one, "--label", "outtage"]);
    assert!(wrong.code == 2 && wrong.err.contains("did you mean `outage`?"), "{}{}", wrong.out, wrong.err);
    let both = run(&["feedback", &one, "--relevant", "--not-relevant"]);
    assert!(both.code == 2 && both.err.contains("cannot be used with"), "{}{}", both.out, both.err);
}

#[test]
fn the_learning_curve_is_measured_on_texts_that_were_never_fed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("texts.jsonl");
    let line = |number: usize| {
        let (problem, words) =
            if number.is_multiple_of(2) { (true, "sits in the depot") } else { (false, "begins at nine") };
        json!({ "text": format!("It {words}, number {number}"), "problem": problem }).to_string()
    };
    std::fs::write(&file, (0..200).map(|number| line(number) + "\n").collect::<String>()).unwrap();
    let run = |arguments: &[&str]| {
        std::process::Command::new(common::spawned::binary())
            .arg("evaluate")
            .arg("learning")
            .args(arguments)
            .output()
            .unwrap()
    };
    let path = file.display().to_string();
    let told = run(&[&path, "--seed", "3", "--json"]);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&told["texts"], &told["held_back"], &told["seed"]), (&json!(200), &json!(100), &json!(3)));
    let curve = told["curve"].as_array().unwrap();
    let corrections: Vec<u64> = curve.iter().filter_map(|mark| mark["corrections"].as_u64()).collect();
    assert_eq!(corrections, [0, 50, 100], "half of the file is fed at most");
    assert!(curve[1]["auc"].as_f64().unwrap() > 0.99, "{told}");

    std::fs::write(&file, "{\"text\": \"a\", \"label\": \"angry\"}\n").unwrap();
    let wrong = run(&[&path]);
    let words = String::from_utf8_lossy(&wrong.stderr);
    assert!(wrong.status.code() == Some(2) && words.contains("texts.jsonl:1: `angry` is not"), "{words}");
}
