//! Is the message one that Slack takes, and does nothing in it act?

use super::*;
use crate::model::{Auth, Author, SecretValue};
use crate::receiver::sample;

const DECIDED: Timestamp = Timestamp(1_767_225_600_000);

fn alert() -> Alert {
    sample::alert("it-ops", DECIDED)
}

fn load(address: &str) -> Result<Box<dyn Receiver>, Vec<Fault>> {
    let key = SecretValue::KEY.replace('\0', "\\u0000");
    let text = format!("url = {{ \"{key}\" = \"{address}\" }}");
    KIND.load(&Settings::parse("receiver.it-ops", &text).expect("TOML"))
}

/// Every text object of a message.
fn texts(value: &Value) -> Vec<(&str, &str)> {
    let own = value.get("type").zip(value.get("text")).and_then(|(kind, text)| Some((kind.as_str()?, text.as_str()?)));
    let inner: Vec<&Value> = match value {
        Value::Array(values) => values.iter().collect(),
        Value::Object(values) => values.values().collect(),
        _ => Vec::new(),
    };
    own.into_iter().chain(inner.into_iter().flat_map(texts)).collect()
}

/// An alert in which every word of a stranger says this.
fn saying(words: &str) -> Alert {
    let mut alert = Alert { sample: false, ..alert() };
    alert.post.title = words.into();
    alert.post.text = words.into();
    alert.post.site = words.into();
    alert.post.author = Some(Author { name: words.into(), ..Author::default() });
    alert.matches[0].clauses[0].spans[0].end = alert.matches[0].clauses[0].spans[0].start;
    alert.score.parts[0].why = words.into();
    alert
}

#[test]
fn an_alert_is_a_message_of_blocks_with_a_text_beside_them() {
    insta::with_settings!({ snapshot_path => "../../../tests/fixtures/slack", prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("alert", message(&alert()));
    });
}

#[test]
fn a_digest_is_a_message_with_a_block_for_each_story() {
    insta::with_settings!({ snapshot_path => "../../../tests/fixtures/slack", prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("digest", message(&sample::digest("it-ops", DECIDED)));
    });
}

#[test]
fn nothing_that_a_stranger_says_acts_in_a_digest() {
    for words in [
        "<!channel> <https://evil.example|click> @here #secret ~x",
        "[click](https://evil.example) www.evil.example *bold* _u_ `code`",
        "\u{202e}drow \u{1b}[31m \u{2028}> quote",
        &"&".repeat(5_000),
    ] {
        let mut alert = sample::digest("it-ops", DECIDED);
        for entry in alert.digest.iter_mut().flat_map(|digest| &mut digest.listed) {
            (entry.title, entry.site, entry.url) = (words.into(), words.into(), format!("https://x.example/{words}"));
        }
        let message = message(&alert);
        let (plain, marked): (Vec<_>, Vec<_>) =
            texts(&message).into_iter().partition(|(kind, _)| *kind == "plain_text");
        assert!(
            plain.iter().all(|(_, text)| !text.contains(['<', '>', '\n']) && text.chars().count() <= MAX_FIELD),
            "{words}"
        );
        let ends_early = |link: &str| link.matches(['<', '>', '|']).count() != 3 || link.chars().count() > MAX_FIELD;
        assert!(!marked.iter().any(|(_, link)| ends_early(link)), "{words}: {marked:?}");
        let fallback = message["text"].as_str().unwrap_or_default();
        let ours: Vec<&str> = fallback.lines().filter(|line| !line.starts_with("<https://x.example/")).collect();
        assert_eq!(ours.len(), 7, "a stranger adds no line: {ours:#?}");
        for active in ["<", "@h", "#s", "~", "](", "://", "www.", "*", "_u", "`"] {
            assert!(!ours.concat().contains(active), "{active} of {words}: {ours:#?}");
        }
    }
}

#[test]
fn nothing_that_a_stranger_says_acts_in_the_message() {
    for words in [
        "<!channel> <!here> <@U123> <#C1|x> <https://evil.example|click>",
        "@channel @here @all #secret ~town-square",
        "[click](https://evil.example) ![x](https://evil.example/p.png) www.evil.example WWW.evil.example",
        "*bold* _under_ ~gone~ `code` ```block``` \\*",
        "\u{202e}drow\u{202c} \u{1b}[31m \u{0} \u{2028}> quote",
    ] {
        let message = message(&saying(words));
        let (plain, marked): (Vec<_>, Vec<_>) =
            texts(&message).into_iter().partition(|(kind, _)| *kind == "plain_text");
        assert_eq!(marked, [("mrkdwn", "<https://community.acme.example/t/1|Open the post>")], "{words}");
        assert!(plain.iter().all(|(_, text)| !text.contains(['<', '>', '\n'])), "{words}: {plain:?}");
        let fallback = message["text"].as_str().unwrap_or_default();
        let ours = fallback.replace("<https://community.acme.example/t/1|Open the post>", "");
        for active in ["<", "@c", "@h", "@a", "#s", "~", "](", "://", "www.", "WWW.", "*", "_", "`", "\\"] {
            assert!(!ours.contains(active), "{active} of {words}: {ours}");
        }
        let acts = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2028}'));
        assert!(!plain.iter().any(|(_, text)| text.contains(acts)) && !ours.contains(acts), "{words}");
        assert_eq!(ours.lines().count(), fallback_lines(), "a stranger adds no line: {ours}");
    }
}

fn fallback_lines() -> usize {
    fallback(&saying("calm words")).replace("<https://community.acme.example/t/1|Open the post>", "").lines().count()
}

#[test]
fn every_block_keeps_slacks_limits_whatever_was_said() {
    for words in ["&".repeat(5_000), "x ".repeat(5_000), "👩‍👩‍👧".repeat(3_000), "\u{301}".repeat(9_000), String::new()]
    {
        let message = message(&saying(&words));
        let blocks = message["blocks"].as_array().expect("blocks");
        assert!(blocks.len() <= 50);
        for (kind, text) in texts(&message) {
            assert!((1..=3_000).contains(&text.chars().count()), "{kind}: {text}");
        }
        for block in blocks {
            let length = |text: &Value| text["text"].as_str().map_or(0, |text| text.chars().count());
            let list = |name: &str| block[name].as_array().cloned().unwrap_or_default();
            assert!(block["type"] != "header" || length(&block["text"]) <= 150, "{block}");
            assert!(list("fields").len() <= 10 && list("fields").iter().all(|field| length(field) <= 2_000), "{block}");
            assert!(
                list("elements").len() <= 10 && list("elements").iter().all(|text| length(text) <= 2_000),
                "{block}"
            );
        }
    }
}

#[test]
fn only_a_web_address_becomes_a_link_and_cannot_end_it_early() {
    for (url, expected) in [
        ("https://a.example/x?a=1&b=2", Some("<https://a.example/x?a=1&amp;b=2|Open the post>")),
        ("https://a.example/x|y>z<w", Some("<https://a.example/x%7Cy%3Ez%3Cw|Open the post>")),
        ("https://a.example/#f|<!channel>", Some("<https://a.example/#f%7C%3C!channel%3E|Open the post>")),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
    ] {
        assert_eq!(link(url).as_deref(), expected, "{url}");
    }
}

#[test]
fn an_answer_says_what_to_do() {
    let verdict = |status, body: &'static str| {
        let receiver = load("https://hooks.acme.example/services/T/B/x").expect("loads");
        receiver.verdict(&Answer { status, body: body.into(), ..Answer::default() })
    };
    let refused = |why: &str| Verdict::Refused { why: why.into() };
    for (status, body, expected) in [
        (200, "ok", Verdict::Delivered { handle: None }),
        (200, "", Verdict::Delivered { handle: None }),
        (200, "<!doctype html>", refused("HTTP 200, but with a page instead of `ok`: is the address right?")),
        (400, "invalid_payload", refused("HTTP 400: invalid_payload")),
        (
            404,
            "no_service",
            refused("HTTP 404: no_service (the webhook was removed; make a new one and set its address)"),
        ),
        (500, "rollup_error", Verdict::Retry { why: "HTTP 500: rollup_error".into(), after: None }),
        (429, "rate_limited", Verdict::Retry { why: "HTTP 429: rate_limited".into(), after: None }),
    ] {
        assert_eq!(verdict(status, body), expected, "{status} {body}");
    }
}

#[test]
fn the_address_is_a_secret_and_must_be_one() {
    let receiver = load("https://hooks.acme.example/services/T/B/hunter2").expect("loads");
    let Rendered::Http(request) = receiver.render(&alert(), None, DECIDED) else { panic!("a request") };
    assert!(matches!(request.auth, Auth::Url { .. }));
    assert!(!format!("{receiver:?}{request:?}").contains("hunter2"));
    let [fault] = &load("hunter2").expect_err("no address")[..] else { panic!("one fault") };
    assert_eq!((&*fault.key, &*fault.what), ("receiver.it-ops.url", "the secret is not an http or https address"));
}
