//! Does a back-test say what the daemon would have done, and what a change of a watch makes?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::Inside;
use common::spawned::{Ended, Spawned, overheard};
use common::until;
use common::web::{Page, Web};
use overheard::model::{Duration, Outcome, SuppressedAlert, Timestamp};
use overheard::pipeline::backtest::{BacktestError, DayData, Findings, Question, Report};
use serde_json::{Value, json};

const WATCHES: &str = r#"
[[watch]]
name = "acme"
owner = "kim"
query = "acme NOT anvil"

[[watch]]
name = "outages"
owner = "lee"
query = "down OR outage"
"#;

/// Outages go to the desk, and on to everybody else's receiver; what has a high score also to the board.
const ROUTES: &str = r#"
[[receiver]]
name = "everybody"
kind = "console"

[[receiver]]
name = "desk"
kind = "console"

[[receiver]]
name = "board"
kind = "console"

[route]
receiver = "everybody"

[[route.routes]]
match = "watch:outages"
receiver = "desk"
continue = true

[[route.routes]]
match = "score>=52"
receiver = "board"
continue = true

[[route.routes]]
match = "watch:acme"
"#;

fn question(watch: &str) -> Question {
    Question { watch: watch.to_owned(), file_text: None, file_name: None, since: "30d".to_owned(), samples: 10 }
}

fn backtest(inside: &Inside, question: &Question) -> Result<Report, BacktestError> {
    inside.daemon.archive.flush(std::time::Duration::from_secs(30)).unwrap();
    inside.daemon.backtest(question, &mut |_| ControlFlow::Continue(()))
}

/// Feeds `a`, `b` and `c`, and a daemon that has read what they say.
async fn reading(watches: &str, feeds: [&[(&str, &str, &str)]; 3]) -> (Inside, Web, Home) {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&["a", "b", "c"].map(|name| feed(&web, name)).concat(), &collector);
    home.write("config/watches.toml", watches);
    home.write("config/routes.toml", ROUTES);
    for (name, items) in ["a", "b", "c"].into_iter().zip(feeds) {
        web.set(&format!("{name}.test"), "/feed.xml", Page::rss(items));
    }
    let inside = Inside::start(&home).await;
    for name in ["a", "b", "c"] {
        let read = async || (inside.health(name).last_answered.is_some()).then_some(());
        inside.until("every feed", read).await;
    }
    (inside, web, home)
}

/// What became of the posts that a watch matched.
#[derive(Debug, Default, PartialEq)]
struct Done {
    mentions: usize,
    stories: usize,
    excluded: usize,
    /// Alerts by receiver.
    alerts: BTreeMap<String, usize>,
    /// Receivers, days and stories of which a daily cap held something back.
    capped: usize,
}

/// What the daemon did since a moment.
fn done_live(inside: &Inside, watch: &str, since: Timestamp) -> Done {
    let mut done = Done::default();
    let (mut stories, mut capped) = (BTreeSet::new(), BTreeSet::new());
    for post in inside.search(&format!("watch:{watch}")).results {
        let record = inside.daemon.archive.get(post.id).unwrap().unwrap();
        if record.post.received < since {
            continue;
        }
        if record.outcome == Outcome::Suppressed {
            done.excluded += 1;
            continue;
        }
        done.mentions += 1;
        stories.insert(record.story);
        record.alerts.into_iter().for_each(|told| *done.alerts.entry(told.receiver).or_default() += 1);
        for held_back in record.held_back {
            if let SuppressedAlert::DailyCap { receiver, day, .. } = held_back {
                capped.insert((receiver, day, record.story));
            }
        }
    }
    Done { stories: stories.len(), capped: capped.len(), ..done }
}

fn done_again(findings: &Findings) -> Done {
    let alerts = findings.receivers.iter().filter(|received| received.alerts > 0);
    let capped = findings.receivers.iter().flat_map(|received| &received.capped);
    Done {
        mentions: findings.mentions,
        stories: findings.stories,
        excluded: findings.excluded.iter().map(|counted| counted.posts).sum(),
        alerts: alerts.map(|received| (received.receiver.clone(), received.alerts)).collect(),
        capped: capped.map(|capped| capped.stories).sum(),
    }
}

/// What posts that are not replayed (of `acme` alone, for another watch; of the same day, before the window) took of the
/// daily cap of `acme` is not known: only `everybody` depends on it.
fn without_the_cap_of_acme(mut done: Done) -> Done {
    done.alerts.remove("everybody");
    Done { capped: 0, ..done }
}

/// A made-up post: its text is one of a few, so that some are copies of each other.
fn made_up(number: usize, random: &mut fastrand::Rng) -> (String, String, String) {
    let pick = |random: &mut fastrand::Rng, from: &[&str]| from[random.usize(..from.len())].to_owned();
    let title = pick(random, &["Acme", "Down", "Acme is down", "Outage at Acme", "Anvil", "Weather"]);
    let text = pick(
        random,
        &[
            "",
            "The dashboard of Acme shows errors since nine o'clock and nobody answers at the desk",
            "Everything is down since this morning and nobody at all knows why that is so",
            "An anvil by Acme fell from a great height today and a coyote was near it",
            "It will be sunny in the north and rainy in the south for all of the week",
            "There was an outage, says the status page, and Acme is working on it all night",
        ],
    );
    (format!("/{number}"), format!("{title} {}", random.u8(..4)), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backtest_of_a_live_watch_reports_what_the_daemon_did() {
    let capped = WATCHES.replace("owner = \"kim\"", "owner = \"kim\"\nmax_alerts_per_day = 2");
    let watches = format!("{capped}\n[[exclusion]]\nname = \"status\"\nquery = '\"status page\"'\n");
    for seed in 0..3 {
        let mut random = fastrand::Rng::with_seed(seed);
        let posts: Vec<(String, String, String)> = (0..90).map(|number| made_up(number, &mut random)).collect();
        let borrowed: Vec<(&str, &str, &str)> =
            posts.iter().map(|(path, title, text)| (path.as_str(), title.as_str(), text.as_str())).collect();
        let (inside, web, _home) = reading(&watches, [&borrowed[..10], &[], &[]]).await;
        // One feed at a time: which of two posts of the same millisecond came first, the archive need not know.
        for (name, first) in [("b", 10), ("c", 20), ("a", 30), ("b", 40), ("c", 50), ("b", 60), ("a", 70), ("c", 80)] {
            inside.hands.advance(Duration::hours(7));
            web.set(&format!("{name}.test"), "/feed.xml", Page::rss(&borrowed[first..first + 10]));
            inside.next_poll(name).await;
            inside.next_poll(name).await;
        }
        for (watch, since) in [("acme", "30d"), ("outages", "30d"), ("acme", "20h"), ("outages", "20h")] {
            let report = backtest(&inside, &Question { since: since.to_owned(), ..question(watch) }).unwrap();
            let live = done_live(&inside, watch, report.since);
            let enough = live.mentions > live.stories && live.stories > 3 && live.alerts.len() > 1 && live.excluded > 2;
            assert!(
                enough && ((watch, since) != ("acme", "30d") || live.capped > 0),
                "seed {seed} shows little: {live:?}"
            );
            let known =
                |done: Done| if (watch, since) == ("acme", "30d") { done } else { without_the_cap_of_acme(done) };
            let again = known(done_again(&report.current.unwrap()));
            assert_eq!(again, known(live), "seed {seed}, {watch} since {since}");
        }
        inside.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_sources_samples_and_overlaps_are_told() {
    let (inside, web, _home) = reading(
        WATCHES,
        [
            &[("/1", "Acme one", ""), ("/2", "Acme is down", "")],
            &[("/3", "Acme", "all is well")],
            &[("/4", "Weather", "")],
        ],
    )
    .await;
    inside.hands.advance(Duration::days(2));
    web.set("a.test", "/feed.xml", Page::rss(&[("/5", "An outage", ""), ("/6", "Acme two", "")]));
    inside.until("the later posts", async || (inside.health("a").counts.mention == 4).then_some(())).await;
    let report = backtest(&inside, &Question { since: "4d".to_owned(), samples: 2, ..question("acme") }).unwrap();

    assert_eq!(report.archive.posts, 6);
    let findings = report.current.as_ref().unwrap();
    let days: Vec<_> = findings.days.iter().map(|day| (day.data, day.mentions, day.stories)).collect();
    assert_eq!(
        days,
        [
            (DayData::None, 0, 0),
            (DayData::None, 0, 0),
            (DayData::Partial, 3, 3),
            (DayData::Whole, 0, 0),
            (DayData::Whole, 1, 1)
        ]
    );
    let sources: Vec<_> = findings.sources.iter().map(|counted| (counted.name.as_str(), counted.posts)).collect();
    assert_eq!(sources, [("a", 3), ("b", 1)]);
    assert_eq!((findings.sites[0].name.as_str(), findings.sites[0].posts), ("site.test", 4));
    let samples: Vec<&str> = findings.samples.iter().map(|sample| sample.title.text.as_str()).collect();
    assert_eq!((samples.len(), samples[0]), (2, "Acme two"), "the newest first");
    assert_eq!(findings.samples[0].title.pieces()[0], ("Acme", true));
    assert_eq!(findings.samples[0].why, ["acme"]);
    let overlap = &findings.overlaps[0];
    assert_eq!((overlap.watch.as_str(), overlap.both, overlap.share_of_this), ("outages", 1, 0.25));
    assert_eq!(overlap.share_of_other, Some(0.5));
    let desk = findings.receivers.iter().find(|received| received.receiver == "desk").unwrap();
    assert_eq!((desk.alerts, desk.only_this_watch), (1, 0), "it would hear of the outage anyhow");
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_shows_what_comes_and_what_goes_and_why() {
    let first = [("/1", "Acme Cloud", ""), ("/2", "Acme shoes", ""), ("/3", "Umbrella", ""), ("/4", "Acme jobs", "")];
    let (inside, _web, _home) = reading(WATCHES, [&first, &[], &[]]).await;
    let changed = r#"
        [lists]
        brands = ["acme", "umbrella"]

        [[watch]]
        name = "acme"
        owner = "kim"
        query = "$brands NOT shoes"

        [[exclusion]]
        name = "jobs"
        query = "jobs"
    "#;
    let ask = |watch: &str| Question { file_text: Some(changed.to_owned()), ..question(watch) };
    let report = backtest(&inside, &ask("acme")).unwrap();
    let titles = |samples: &[overheard::pipeline::backtest::Sample]| {
        samples.iter().map(|sample| sample.title.text.clone()).collect::<BTreeSet<_>>()
    };
    let change = report.change.unwrap();
    assert_eq!((change.added.posts, change.removed.posts, change.kept.posts), (1, 2, 1));
    assert_eq!((change.added.stories, change.removed.stories, change.kept.stories), (1, 2, 1));
    assert_eq!(titles(&change.added.samples), ["Umbrella".to_owned()].into());
    assert_eq!(change.added.samples[0].why, ["umbrella"]);
    assert_eq!(titles(&change.removed.samples), ["Acme jobs".to_owned(), "Acme shoes".to_owned()].into());
    let jobs = change.removed.samples.iter().find(|sample| sample.title.text == "Acme jobs").unwrap();
    assert_eq!(jobs.why, ["held back by the exclusion `jobs`"]);
    let shoes = change.removed.samples.iter().find(|sample| sample.title.text == "Acme shoes").unwrap();
    assert!(shoes.why[0].contains("shoes"), "names the clause that fails: {:?}", shoes.why);
    let (before, after) = (report.current.unwrap(), report.proposed.unwrap());
    assert_eq!((before.mentions, after.mentions, after.found), (3, 2, 3));
    assert_eq!((after.excluded[0].name.as_str(), after.excluded[0].posts), ("jobs", 1));
    let everybody = |findings: &Findings| {
        findings.receivers.iter().find(|received| received.receiver == "everybody").unwrap().alerts
    };
    assert_eq!((everybody(&before), everybody(&after)), (3, 2));

    let gone = backtest(&inside, &ask("outages")).unwrap();
    assert!(gone.current.is_some() && gone.proposed.is_none(), "only the current file has it");
    let renamed = Question { file_text: Some(changed.replace("\"acme\"\n", "\"brands\"\n")), ..question("brands") };
    let added = backtest(&inside, &renamed).unwrap();
    assert_eq!((added.current, added.change.unwrap().added.posts), (None, 2), "only the changed file has it");
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_say_what_would_be_right() {
    let (inside, _web, _home) = reading(WATCHES, [&[("/1", "Acme", "")], &[], &[]]).await;
    let said = |question: Question| backtest(&inside, &question).unwrap_err().to_string();
    assert!(said(question("acne")).contains("did you mean `acme`?"));
    assert!(said(question("something")).contains("there are: acme, outages"));
    assert!(said(Question { since: "soon".to_owned(), ..question("acme") }).contains("30d"));
    assert!(said(Question { samples: 101, ..question("acme") }).contains("up to 100"));
    let broken =
        Question { file_text: Some("[[watch]]\nname = 'acme'\nquery = 'acme AND ('".to_owned()), ..question("acme") };
    match backtest(&inside, &broken) {
        Err(BacktestError::Faults(faults)) => assert!(faults.iter().any(|fault| fault.line == 3), "{faults:?}"),
        other => panic!("{other:?}"),
    }
    let broken_off = inside.daemon.backtest(&question("acme"), &mut |_| ControlFlow::Break(()));
    assert!(matches!(broken_off, Err(BacktestError::Stopped)), "{broken_off:?}");
    inside.stop().await;
}

/// The lines that the API answers, or what it says instead.
async fn post(address: &str, token: &str, path: &str, body: &Value) -> (u16, Vec<Value>) {
    let request =
        overheard::model::Request::post_json(format!("http://{address}{path}").parse().unwrap(), body.to_string());
    let client = overheard::http::Client::new(&Default::default()).unwrap();
    let bearer = [("Authorization".to_owned(), format!("Bearer {token}"))];
    let deadline = overheard::http::Deadline::after(Duration::minutes(1));
    let outgoing = overheard::http::Outgoing {
        allow_private: true,
        headers: &bearer,
        ..overheard::http::Outgoing::new(&request, deadline)
    };
    let incoming = client.send(&outgoing).await.unwrap();
    let (status, body) = (incoming.status(), incoming.whole(64 << 20).await.unwrap());
    let lines = String::from_utf8(body.to_vec()).unwrap();
    (status, lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_tells_progress_then_the_report_and_refuses_a_third_one() {
    let (inside, _web, _home) = reading(WATCHES, [&[("/1", "Acme", "")], &[], &[]]).await;
    inside.search("");
    let (address, token) = (inside.daemon.address.to_string(), inside.daemon.token().expose().to_owned());
    let ask = async |token: &str, body: Value| post(&address, token, "/api/v1/backtest", &body).await;
    let (status, lines) = ask(&token, json!({ "watch": "acme" })).await;
    assert_eq!((status, lines.len()), (200, 2), "{lines:?}");
    assert_eq!(lines[0]["progress"]["of"], 1);
    assert_eq!(lines[1]["report"]["current"]["mentions"], 1);

    assert_eq!(ask("wrong", json!({ "watch": "acme" })).await.0, 401);
    assert_eq!(ask(&token, json!({ "wach": "acme" })).await.0, 422);
    let (status, unknown) = ask(&token, json!({ "watch": "acne" })).await;
    assert_eq!((status, &unknown[0]["error"]["hint"]), (404, &json!("did you mean `acme`?")));
    let (status, empty) = ask(&token, json!({ "watch": "acme", "file_text": "" })).await;
    assert!(status == 400 && format!("{empty:?}").contains("no watch in watches.toml"), "{empty:?}");
    let large = format!("{}\n[[watch]]\nname = 'acme'\nquery = 'acme AND ('", "#".repeat(2 << 20));
    let (status, faulty) = ask(&token, json!({ "watch": "acme", "file_text": large })).await;
    assert!(status == 422 && format!("{faulty:?}").contains("watches.toml:4"), "{status} {faulty:?}");

    let taken = inside.daemon.desks.clone().acquire_many_owned(2).await.unwrap();
    let (status, refused) = ask(&token, json!({ "watch": "acme" })).await;
    assert_eq!((status, &refused[0]["error"]["code"]), (429, &json!("busy")));
    drop(taken);
    assert_eq!(ask(&token, json!({ "watch": "acme" })).await.0, 200);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_counted_over_the_archive() {
    let posts = [("/1", "Acme", ""), ("/2", "Acme C++", ""), ("/3", "Rain", "")];
    let (inside, _web, _home) = reading(WATCHES, [&posts, &[], &[]]).await;
    inside.search("");
    let (address, token) = (inside.daemon.address.to_string(), inside.daemon.token().expose().to_owned());
    let ask = async |queries: Value| post(&address, &token, "/api/v1/count", &json!({ "queries": queries })).await;
    let (status, counted) = ask(json!(["acme", "raw:\"C++\"", "nowhere", "acme NOT raw:\"C++\""])).await;
    assert_eq!((status, &counted[0]), (200, &json!({ "total": 3, "counts": [2, 1, 0, 1] })));
    let (status, wrong) = ask(json!(["acme", "sitee:x.example"])).await;
    assert_eq!((status, &wrong[0]["error"]["code"]), (400, &json!("bad_query")));
    assert!(wrong[0]["error"]["message"].as_str().unwrap().starts_with("query 2:"), "{wrong:?}");
    assert_eq!(ask(json!(vec!["acme"; 1_001])).await.0, 400);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_reports_the_same_with_and_without_a_daemon() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "a"), &collector);
    home.write(
        "config/watches.toml",
        &format!("{WATCHES}\n[[watch]]\nname = \"nobody\"\nowner = \"kim\"\nquery = \"nobody\"\n"),
    );
    home.write("config/routes.toml", ROUTES);
    home.write("new.toml", &WATCHES.replace("acme NOT anvil", "acme down"));
    home.write("faults.toml", "[[watch]]\nname = \"acme\"\nquery = \"sitee:acme.example\"\n");
    assert!(overheard(&home, &["backtest", "acme"]).err.contains("there is no data"));
    web.set(
        "a.test",
        "/feed.xml",
        Page::rss(&[("/1", "Acme is down", "=1+1"), ("/2", "Acme", "well"), ("/3", "Rain", "")]),
    );
    let daemon = Spawned::start(&home).await;
    until("the posts", async || (daemon.get("/api/v1/search").await["total"] == 3).then_some(())).await;

    let new = home.dir.path().join("new.toml");
    let asked = overheard(&home, &["backtest", "acme", "--file", new.to_str().unwrap(), "--since", "1d", "--json"]);
    assert_eq!((asked.code, asked.err.as_str()), (0, ""));
    let unknown = overheard(&home, &["backtest", "acne"]);
    assert!(unknown.code == 2 && unknown.err.contains("did you mean `acme`?"), "{}", unknown.err);
    assert!(daemon.stop());
    let looked = overheard(&home, &["backtest", "acme", "--file", new.to_str().unwrap(), "--since", "1d", "--json"]);
    let report = |ended: &Ended| {
        let mut report: Value =
            serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}{}", ended.out, ended.err));
        assert!(report["since"].take().is_string() && report["until"].take().is_string());
        report
    };
    assert_eq!(report(&looked), report(&asked));
    assert_eq!(report(&looked)["change"]["removed"]["posts"], 1);

    let text = overheard(&home, &["backtest", "acme"]).out;
    for part in ["2 mentions in 2 stories", "no data", "*Acme* is down", "everybody", "outages"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let compared = overheard(&home, &["backtest", "acme", "--file", new.to_str().unwrap()]).out;
    assert!(compared.contains("Changed  1 mention in 1 story") && compared.contains("Removed"), "{compared}");
    let csv = overheard(&home, &["backtest", "acme", "--since", "12h", "--csv"]).out;
    assert!(csv.starts_with("day,data,mentions,stories") && csv.contains(",partial,2,2,,"), "{csv}");

    let unknown = overheard(&home, &["backtest", "acne"]);
    assert!(unknown.code == 2 && unknown.err.contains("did you mean `acme`?"), "{}", unknown.err);
    let listed = overheard(&home, &["backtest"]);
    assert!(listed.code == 2 && listed.err.contains("acme, outages"), "{}", listed.err);
    let nothing = overheard(&home, &["backtest", "nobody"]);
    assert!(nothing.code == 1 && nothing.out.contains("Nothing was found"), "{}", nothing.out);
    let faults = home.dir.path().join("faults.toml");
    let refused = overheard(&home, &["backtest", "acme", "--file", faults.to_str().unwrap()]);
    let checked = refused.out.contains("faults.toml:3:") && refused.out.contains("did you mean `site`?");
    assert!(refused.code == 2 && checked, "{}{}", refused.out, refused.err);
}
