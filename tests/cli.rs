//! Do the commands do what README says, with the exit codes that scripts rely on?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::{Home, feed};
use common::spawned::{Ended, Spawned, binary, overheard};
use common::until;
use common::web::{Page, Web};
use serde_json::Value;

async fn with_one_mention() -> (Home, Web, Collector, Spawned) {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "news"), &collector);
    web.set(
        "news.test",
        "/feed.xml",
        Page::rss(&[("/1", "Acme is down", "=SUM(A1) since nine"), ("/2", "Weather", "Sunny")]),
    );
    let daemon = Spawned::start(&home).await;
    until("the webhook", async || collector.received().into_iter().next()).await;
    let indexed = async || (daemon.get("/api/v1/search").await["total"] == 2).then_some(());
    until("the posts to be searchable", indexed).await;
    (home, web, collector, daemon)
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_the_same_with_and_without_a_daemon() {
    let (home, _web, _collector, daemon) = with_one_mention().await;
    let json = ["search", "acme AND (down OR outage) age<7d", "--json"];
    let asked: Value = serde_json::from_str(&overheard(&home, &json).out).unwrap();
    assert_eq!(asked["results"][0]["title"]["text"], "Acme is down");
    assert_eq!(overheard(&home, &["search", "nothing-like-this"]).code, 1, "nothing found");
    let wrong = overheard(&home, &["search", "acme AND ("]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    assert!(daemon.stop());

    let looked: Value = serde_json::from_str(&overheard(&home, &json).out).unwrap();
    assert_eq!(looked["results"], asked["results"]);
    let table = overheard(&home, &["search", "acme"]).out;
    assert!(table.contains("*Acme* is down") && table.contains("1 of 1 found"), "{table}");
    let csv = overheard(&home, &["search", "acme", "--csv"]).out;
    assert!(csv.starts_with("id,story,") && csv.contains("'=SUM(A1)"), "no cell acts as a formula: {csv}");
    let wrong = overheard(&home, &["search", "sitee:a.example"]);
    assert!(wrong.code == 2 && wrong.err.contains("^") && wrong.err.contains("site"), "{}", wrong.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_backup_and_test_route_work_on_a_running_daemon() {
    let (home, _web, collector, daemon) = with_one_mention().await;
    assert!(overheard(&home, &["sources"]).out.contains("news"));
    let sources: Value = serde_json::from_str(&overheard(&home, &["sources", "--json"]).out).unwrap();
    assert_eq!(sources["sources"][0]["health"], "ok");
    let delivered = async || (overheard(&home, &["deliveries", "--state", "delivered"]).code == 0).then_some(());
    until("the verdict", delivered).await;
    assert_eq!(overheard(&home, &["deliveries", "--dead"]).code, 1, "no dead letters");

    let copy = home.dir.path().join("copy");
    let backup = overheard(&home, &["backup", copy.to_str().unwrap()]);
    assert_eq!(backup.code, 0, "{}", backup.err);
    assert_eq!(
        overheard(&home, &["backup", copy.to_str().unwrap()]).code,
        2,
        "never into a folder with something in it"
    );

    let tested = overheard(&home, &["test-route", "hook"]);
    assert_eq!(tested.code, 0, "{}{}", tested.out, tested.err);
    let sample = collector.received().pop().unwrap();
    assert!(sample.signed && sample.body.to_string().contains("\"sample\":true"), "{}", sample.body);
    assert_eq!(overheard(&home, &["test-route", "hok"]).code, 2);
    let refused = overheard(&home, &["rebuild"]);
    assert!(refused.code == 2 && refused.err.contains(&daemon.process.id().to_string()), "{}", refused.err);
    assert!(daemon.stop());
    assert_eq!(overheard(&home, &["rebuild"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_every_fault_and_poll_shows_what_a_source_brings() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "news"), &collector);
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", "")]));
    assert_eq!(overheard(&home, &["check"]).code, 0);
    let polled = overheard(&home, &["poll", "news"]);
    assert!(polled.code == 0 && polled.out.contains("matched: acme"), "{}{}", polled.out, polled.err);
    assert!(!home.data().exists(), "nothing is stored");
    assert!(overheard(&home, &["poll", "new"]).err.contains("`news`"), "the nearest name");

    home.write("config/watches.toml", "[[watch]]\nname = \"a\"\nquery = \"sitee:x.example\"\nownr = \"kim\"\n");
    let checked = overheard(&home, &["check"]);
    assert_eq!(checked.code, 1);
    assert!(checked.out.contains("watches.toml:3") && checked.out.contains("watches.toml:4"), "{}", checked.out);
    let run = overheard(&home, &["run"]);
    assert!(run.code == 2 && run.err.contains("watches.toml:4"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_measures_watches_on_the_archive_with_and_without_a_daemon() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "news"), &collector);
    home.write("config/watches.toml", "[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"acme\"\n");
    let items: Vec<(String, String)> =
        (0..220).map(|number| (format!("/{number}"), format!("Acme number {number}"))).collect();
    let items: Vec<(&str, &str, &str)> =
        items.iter().map(|(path, title)| (path.as_str(), title.as_str(), "")).collect();
    web.set("news.test", "/feed.xml", Page::rss(&items));
    let before = overheard(&home, &["check"]);
    assert!(before.code == 0 && !before.out.contains("archived posts"), "{}", before.out);
    let daemon = Spawned::start(&home).await;
    until("the posts", async || (daemon.get("/api/v1/search").await["total"] == 220).then_some(())).await;
    let measured = |checked: &Ended| checked.code == 0 && checked.out.contains("of 220 archived posts");
    let asked = overheard(&home, &["check"]);
    assert!(measured(&asked), "{}", asked.out);
    assert!(daemon.stop());
    let looked = overheard(&home, &["check"]);
    assert!(measured(&looked), "{}", looked.out);
}

#[test]
fn a_recorded_answer_is_read_by_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("feed.xml");
    let feed =
        "<rss version=\"2.0\"><channel><item><title>R&D</title><link>https://a.example/1</link></item></channel></rss>";
    std::fs::write(&file, feed).unwrap();
    let output = std::process::Command::new(binary())
        .args(["poll", "--kind", "rss", "--json", "--from"])
        .arg(&file)
        .output()
        .unwrap();
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines[0]["title"].as_str(), lines[0]["url"].as_str()), (Some("R&D"), Some("https://a.example/1")));
    assert!(lines.iter().any(|line| line["repaired"].is_string()), "says what it mended: {lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn init_writes_what_check_accepts_and_never_overwrites() {
    let collector = Collector::start().await;
    let home = Home::new("", &collector);
    let target = home.dir.path().join("mine");
    let arguments = [
        "init",
        "--brand",
        "Acme \"Cloud\" 3000",
        "--product",
        "C++ Kit",
        "--domain",
        "acme.example",
        "--competitor",
        "Umbrella",
        "--dir",
        target.to_str().unwrap(),
    ];
    let first = overheard(&home, &arguments);
    assert_eq!(first.code, 0, "{}{}", first.out, first.err);
    let check = std::process::Command::new(binary())
        .arg("check")
        .args([
            "--config",
            target.join("config").to_str().unwrap(),
            "--sources",
            target.join("sources.toml").to_str().unwrap(),
        ])
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    let again = overheard(&home, &arguments);
    assert_eq!(again.code, 2, "never overwrites");
    assert!(again.err.contains("sources.toml") || again.out.contains("sources.toml"), "{}{}", again.out, again.err);
}

/// Writes a folder for `evaluate matches`: two rules, two posts, and the pairs given.
fn judged(pairs: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("rules.tsv", "r1\tacme AND down\nr2\t\"acme cloud\" NOT jobs\n");
    write(
        "posts.jsonl",
        "{\"id\": \"p1\", \"title\": \"Acme Cloud is down\", \"text\": \"\"}\n{\"id\": \"p2\", \"title\": \"Jobs\", \"text\": \"at Acme Cloud\"}\n",
    );
    write("pairs.tsv", pairs);
    folder
}

fn evaluated(folder: &std::path::Path, more: &[&str]) -> Ended {
    let arguments = [&["evaluate", "matches", folder.to_str().unwrap()], more].concat();
    let output = std::process::Command::new(binary()).args(arguments).output().unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn evaluate_matches_agrees_with_right_pairs_and_names_the_wrong_ones() {
    let right = judged("r1\tp1\nr2\tp1\n");
    let agreed = evaluated(right.path(), &["--json"]);
    let report: Value = serde_json::from_str(&agreed.out).unwrap();
    assert_eq!(agreed.code, 0, "{report}");
    assert_eq!((&report["rules"], &report["posts"], &report["pairs"]), (&2.into(), &2.into(), &2.into()));
    assert_eq!((&report["missing"], &report["extra"]), (&0.into(), &0.into()));
    assert!(report["posts_per_second"].as_f64().unwrap() > 0.0);

    let wrong = judged("r1\tp1\nr1\tp2\n");
    let differed = evaluated(wrong.path(), &[]);
    assert_eq!(differed.code, 1, "{}", differed.out);
    assert!(differed.out.contains("missing: r1\tp2\n") && differed.out.contains("extra: r2\tp1\n"), "{}", differed.out);
    let report: Value = serde_json::from_str(&evaluated(wrong.path(), &["--json"]).out).unwrap();
    assert_eq!(report["missing_pairs"], serde_json::json!([{ "rule": "r1", "post": "p2" }]));
}

#[test]
fn evaluate_matches_says_which_file_and_line_is_wrong() {
    for (file, text, expected) in [
        ("rules.tsv", "r1\tacme\nr2 acme\n", "rules.tsv:2: a line is an id and a query"),
        ("rules.tsv", "r1\tacme\nr1\tacme\n", "rules.tsv:2: this id"),
        ("rules.tsv", "r1\tacme AND (down\n", "rules.tsv:1: `(` is never closed"),
        ("posts.jsonl", "{\"id\": \"p1\"}\n{\"title\": 1}\n", "posts.jsonl:2: "),
        ("pairs.tsv", "r1\tp1\nr9\tp1\n", "pairs.tsv:2: there is no rule `r9`"),
        ("pairs.tsv", "r1\tp9\n", "pairs.tsv:1: there is no post `p9`"),
    ] {
        let folder = judged("");
        std::fs::write(folder.path().join(file), text).unwrap();
        let ended = evaluated(folder.path(), &[]);
        assert!(ended.code == 2 && ended.err.contains(expected), "{text}: {}", ended.err);
    }
    let folder = judged("");
    std::fs::remove_file(folder.path().join("pairs.tsv")).unwrap();
    let ended = evaluated(folder.path(), &[]);
    assert!(ended.code == 2 && ended.err.contains("pairs.tsv"), "{}", ended.err);
}

/// Runs `evaluate WHAT` on a file with these lines.
fn evaluated_texts(what: &str, lines: &str, more: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("texts.jsonl");
    std::fs::write(&file, lines).unwrap();
    let arguments = [&["evaluate", what, file.to_str().unwrap()], more].concat();
    let output = std::process::Command::new(binary()).args(arguments).output().unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn evaluate_sentiment_and_problems_print_their_figures() {
    let texts = "{\"text\": \"I love Acme\", \"label\": \"positive\"}\n\n\
        {\"text\": \"Globex is terrible but Acme is great\", \"label\": \"Negative\", \"target\": \"Globex\"}\n\
        {\"text\": \"The shop opens at ten\", \"label\": \"neutral\", \"target\": null}\n\
        {\"text\": \"Ich habe das gestern bestellt und es ist nicht da\", \"label\": \"negative\"}\n";
    let ended = evaluated_texts("sentiment", texts, &["--json"]);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &report["texts"], &report["unclassified"]), (0, &4.into(), &1.into()), "{report}");
    assert_eq!((&report["accuracy"], &report["average_recall"]), (&0.75.into(), &(2.5 / 3.0).into()), "{report}");
    assert_eq!(report["classes"]["negative"]["called"]["neutral"], 1, "what was not classified counts as neutral");
    assert!(report["macro_f1"].as_f64().unwrap() > 0.7 && report["texts_per_second"].as_f64().unwrap() > 0.0);
    assert!(evaluated_texts("sentiment", texts, &[]).out.contains("macro-F1"));

    let texts = "{\"text\": \"Acme has been down for two hours, nobody answers\", \"problem\": true}\n\
        {\"text\": \"no problems at all\", \"problem\": false}\n";
    let ended = evaluated_texts("problems", texts, &["--json"]);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&report["auc"], &report["average_precision"]), (&1.0.into(), &1.0.into()), "{report}");
    assert_eq!((&report["precision_top_10"], &report["problems"]), (&1.0.into(), &1.into()), "{report}");
    assert!(evaluated_texts("problems", texts, &[]).out.contains("AUC"));
}

#[test]
fn evaluate_says_which_line_cannot_be_judged() {
    for (what, text, expected) in [
        (
            "sentiment",
            "{\"text\": \"a\", \"label\": \"neutral\"}\n{\"text\": \"a\", \"label\": \"fine\"}\n",
            "texts.jsonl:2: `fine`",
        ),
        ("sentiment", "{\"label\": \"neutral\"}\n", "texts.jsonl:1: missing field `text`"),
        ("problems", "{\"text\": \"a\", \"problem\": \"yes\"}\n", "texts.jsonl:1: invalid type"),
    ] {
        let ended = evaluated_texts(what, text, &[]);
        assert!(ended.code == 2 && ended.err.contains(expected), "{text}: {}", ended.err);
    }
    assert_eq!(evaluated_texts("sentiment", "", &["--json"]).code, 0, "nothing to judge");
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_and_why_not_tell_the_same_with_and_without_a_daemon() {
    let (home, _web, collector, daemon) = with_one_mention().await;
    let delivered = async || (overheard(&home, &["deliveries", "--state", "delivered"]).code == 0).then_some(());
    until("the verdict", delivered).await;
    // Scheme, `www.`, a slash at the end and the fragment do not matter.
    let told = overheard(&home, &["explain", "https://www.site.test/1/#top"]);
    assert_eq!(told.code, 0, "{}", told.err);
    for part in [
        "Acme is down\n  http://site.test/1\n",
        "A mention: at least one watch matched it.",
        "Watch acme (owner kim), version ",
        "  │ *Acme* is down\n  acme: “Acme”\n",
        "relevance: acme in the title",
        "it is the only post of its story",
        "hook by the route (default) [alert_",
        "`hook` took it on ",
    ] {
        assert!(told.out.contains(part), "{part}: {}", told.out);
    }
    let near = overheard(&home, &["why-not", "http://site.test/2", "acme"]);
    assert_eq!(near.code, 0, "{}", near.err);
    assert!(near.out.contains("`acme` does not match it.") && near.out.contains("acme: not in the title or the text"));
    let wrong = overheard(&home, &["why-not", "http://site.test/2", "acm"]);
    assert!(wrong.code == 2 && wrong.err.contains("did you mean `acme`?"), "{}", wrong.err);
    let unknown = overheard(&home, &["explain", "http://news.test/nothing"]);
    assert_eq!(unknown.code, 1, "{}", unknown.err);
    assert!(unknown.out.contains("Source news (rss) could have brought it"), "{}", unknown.out);
    assert!(unknown.out.contains("listed 2 posts"), "{}", unknown.out);

    let json = |arguments: &[&str]| {
        let mut answer: Value =
            serde_json::from_str(&overheard(&home, &[arguments, &["--json"]].concat()).out).unwrap();
        answer.as_object_mut().unwrap().remove("as_of");
        answer
    };
    let ids = json(&["explain", "http://site.test/1"]);
    let alert = collector.received()[0].id.clone();
    for named in [ids["post"]["id"].as_str().unwrap(), ids["story"]["id"].as_str().unwrap(), &alert] {
        assert_eq!(json(&["explain", named]), ids, "{named}");
    }
    let why = json(&["why-not", "site.test/2", "acme"]);
    assert!(daemon.stop());
    assert_eq!(json(&["explain", "http://site.test/1"]), ids);
    assert_eq!(json(&["why-not", "site.test/2", "acme"]), why);
    assert_eq!(overheard(&home, &["why-not", "http://site.test/2", "acm"]).code, 2);
    let unknown = json(&["explain", "http://news.test/nothing"]);
    assert_eq!(
        (&unknown["error"]["code"], &unknown["known"]["sources"][0]["name"]),
        (&"not_found".into(), &"news".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn test_tries_every_example_and_names_the_clause_that_decided() {
    let collector = Collector::start().await;
    let home = Home::new("", &collector);
    let watches = |example: &str| {
        format!(
            "[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"acme NOT site:jobs.acme.example\"\nmust_match = [\"Acme is down\"]\nmust_not_match = [{{ text = \"acme\", url = \"https://jobs.acme.example/1\" }}]\n\n[[watch]]\nname = \"bare\"\nowner = \"kim\"\nquery = \"anvil\"\n\n[[exclusion]]\nname = \"jobs\"\nquery = '\"is hiring\"'\nmust_match = [{example}]\n"
        )
    };
    home.write("config/watches.toml", &watches("\"Acme is hiring\""));
    let good = overheard(&home, &["test"]);
    assert_eq!(good.code, 0, "{}{}", good.out, good.err);
    for line in [
        "watch acme: 2 of 2 examples passed",
        "exclusion jobs: 1 of 1 example passed",
        "1 watch has no examples: bare",
        "3 examples passed, 0 failed.",
    ] {
        assert!(good.out.contains(line), "{line}: {}", good.out);
    }
    home.write("config/watches.toml", &watches("\"Acme hires\", \"We are hiring: is that you?\""));
    assert_eq!(overheard(&home, &["check"]).code, 1, "the configuration is refused");
    let bad = overheard(&home, &["test"]);
    assert_eq!(bad.code, 1, "{}", bad.err);
    assert!(bad.out.contains("watches.toml:16:15: “Acme hires” must be found, and is not\n"), "{}", bad.out);
    assert!(bad.out.contains("    \"is hiring\": its words are in the title, but in another order\n"), "{}", bad.out);
    assert!(!bad.out.contains("What else is wrong"), "{}", bad.out);
    let json: Value = serde_json::from_str(&overheard(&home, &["test", "--json"]).out).unwrap();
    assert_eq!((json["passed"].as_u64(), json["failed"].as_u64()), (Some(2), Some(2)));
    assert_eq!(overheard(&home, &["test", "acme"]).code, 0, "only this one");
    let wrong = overheard(&home, &["test", "acm"]);
    assert!(wrong.code == 2 && wrong.err.contains("did you mean `acme`?"), "{}", wrong.err);

    home.write("config/watches.toml", "[[watch]]\nname = \"a\"\nowner = \"kim\"\nquery = \"acme AND (\"\n");
    let broken = overheard(&home, &["test"]);
    assert!(broken.code == 1 && broken.out.contains("watches.toml:4:"), "what else is wrong is told: {}", broken.out);
}
