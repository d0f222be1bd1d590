//! Do foreign words stay words, and do our lines say what happened?

use super::*;
use crate::model::{Reason, Timestamp};
use crate::receiver::sample;

fn alert() -> Alert {
    sample::alert("it-ops", Timestamp(1_767_225_600_000))
}

#[test]
fn foreign_text_becomes_one_line_in_which_nothing_acts() {
    for (text, line) in [
        ("two\r\nlines\n\n and\ttabs ", "two lines and tabs"),
        ("\u{1b}[2J\u{1b}]0;owned\u{7}red", "[2J ]0;owned red"),
        ("\u{9b}31m C1", "31m C1"),
        ("user\u{202e}gnp.exe\u{202c} \u{2066}x\u{2069}", "usergnp.exe x"),
        ("line\u{2028}separator\u{85}next", "line separator next"),
        ("null\0byte", "null byte"),
        ("family 👩‍👩‍👧 and שלום\u{200f} stay", "family 👩‍👩‍👧 and שלום\u{200f} stay"),
        (" \n\t", ""),
    ] {
        assert_eq!(one_line(text), line, "{text:?}");
    }
}

#[test]
fn a_cut_text_ends_in_an_ellipsis_between_characters_as_people_see_them() {
    for (text, max, cut_text) in [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("two words", 5, "two…"),
        ("cafe\u{301} noir", 6, "cafe\u{301}…"),
        ("cafe\u{301} noir", 5, "caf…"),
        ("👩‍👩‍👧👩‍👩‍👧", 6, "👩‍👩‍👧…"),
        ("e\u{301}\u{301}\u{301}\u{301}\u{301}", 3, "…"),
    ] {
        assert_eq!(cut(text, max), cut_text, "{text} to {max}");
    }
}

#[test]
fn a_text_cut_in_another_form_never_ends_within_a_replacement() {
    let escape = |text: &str| text.replace('&', "&amp;");
    for (text, max, cut_text) in
        [("a&b", 7, "a&amp;b"), ("a&bc", 7, "a&amp;…"), ("&&&", 11, "&amp;&amp;…"), ("&&&", 9, "&amp;…")]
    {
        assert_eq!(cut_as(text, max, escape), cut_text, "{text} to {max}");
    }
}

#[test]
fn a_headline_names_the_watch_and_what_was_said() {
    let plain = |change: fn(&mut Alert)| {
        let mut alert = Alert { sample: false, ..alert() };
        alert.post.title = "Is Acme\ndown?".into();
        change(&mut alert);
        headline(&alert)
    };
    assert_eq!(headline(&alert()), "[sample] sample-watch: Sample: is Acme down for anyone else?");
    assert_eq!(plain(|_| {}), "sample-watch: Is Acme down?");
    assert_eq!(plain(|alert| alert.matches.push(alert.matches[0].clone())), "sample-watch +1: Is Acme down?");
    assert_eq!(plain(|alert| alert.post.title = " ".into()), plain(|alert| alert.post.title = alert.post.text.clone()));
    assert_eq!(
        plain(|alert| (alert.post.title, alert.post.text) = Default::default()),
        "sample-watch: https://community.acme.example/t/1"
    );
    let long = plain(|alert| alert.post.title = "word ".repeat(200));
    assert!(long.ends_with(" word…") && long.chars().count() <= 140, "{long}");
}

#[test]
fn a_digest_says_how_many_stories_were_held_back_and_which_come_first() {
    let alert = sample::digest("it-ops", Timestamp(1_767_225_600_000));
    let digest = alert.digest.as_ref().expect("a digest");
    let held_back = "sample-watch: 37 more stories on 2025-12-31 were held back by max_alerts_per_day = 20";
    assert_eq!(headline(&alert), format!("[sample] {held_back}"));
    assert_eq!(digest_intro(digest).as_deref(), Some("The 3 with the highest scores:"));
    assert_eq!(digest_line(&digest.listed[1]), "40 · Sample: Acme is slow today · community.acme.example");

    let one = Digest { stories: 1, listed: digest.listed[..1].to_vec(), ..digest.clone() };
    assert_eq!(
        (digest_headline(&one), digest_intro(&one)),
        ("sample-watch: 1 more story on 2025-12-31 was held back by max_alerts_per_day = 20".to_owned(), None)
    );
    let gone = DigestEntry { title: String::new(), site: String::new(), ..one.listed[0].clone() };
    assert_eq!(digest_line(&gone), "62 · post 602502368ea8544b8b50, which left the archive");
}

#[test]
fn clauses_tell_the_words_as_they_stand_in_the_post() {
    let mut alert = alert();
    alert.matches[0].clauses.push(ClauseHit { clause: "site:acme.example".into(), spans: Vec::new() });
    let found = clauses(&alert);
    let told: Vec<_> = found.iter().map(|clause| (clause.clause, &clause.words[..])).collect();
    assert_eq!(told, [("acme", &["Acme"][..]), ("down", &["down"]), ("site:acme.example", &[])]);
    assert_eq!(found[0].snippet.as_deref(), Some("Sample: is Acme down for anyone else?"));
    assert_eq!(found[2].snippet, None);
    assert_eq!(why_line(&alert), "sample-watch: acme (Acme), down (down), site:acme.example");
}

#[test]
fn a_snippet_shows_a_match_within_its_surroundings_only() {
    let mut alert = alert();
    alert.post.text = format!("{}\u{1b}the\ndashboard is down{}", "ä ".repeat(200), " ö".repeat(200));
    let start = u32::try_from(alert.post.text.find("down").expect("there")).expect("small");
    let spans = vec![Span { field: Field::Text, start, end: start + 4 }];
    alert.matches[0].clauses = vec![ClauseHit { clause: "down".into(), spans }];
    let snippet = clauses(&alert)[0].snippet.clone().expect("a snippet");
    assert!(snippet.contains("ä the dashboard is down ö ö"), "{snippet}");
    assert!(snippet.starts_with('…') && snippet.ends_with('…') && snippet.chars().count() < 180, "{snippet}");
}

#[test]
fn spans_that_do_not_fit_the_post_are_passed_over() {
    let mut alert = alert();
    alert.post.title = "né".into();
    for (start, end) in [(0, 99), (99, 99), (2, 1), (1, 2), (2, 3), (u32::MAX, u32::MAX)] {
        let spans = vec![Span { field: Field::Title, start, end }];
        alert.matches[0].clauses = vec![ClauseHit { clause: "x".into(), spans }];
        let found = clauses(&alert);
        assert_eq!((found[0].words.len(), &found[0].snippet), (0, &None), "{start}..{end}");
    }
}

#[test]
fn score_and_route_are_told_in_full() {
    let mut alert = alert();
    assert_eq!(score_line(&alert), "62 = relevance 42 (acme in the title) + freshness 20 (just published)");
    alert.score.parts.clear();
    assert_eq!(score_line(&alert), "62");
    alert.reason = Reason { route: vec!["(default)".into(), "label:problem".into(), "score>=80".into()] };
    assert_eq!(route_line(&alert), "(default) › label:problem › score>=80");
}

#[test]
fn the_owner_is_that_of_the_weightiest_watch_that_has_one() {
    let found = |owner: Option<&str>, priority| {
        let mut found = alert().matches[0].clone();
        (found.owner, found.priority) = (owner.map(str::to_owned), priority);
        found
    };
    for (matches, expected) in [
        (vec![], (None, Priority::Normal)),
        (vec![found(Some("low"), Priority::Low), found(None, Priority::High)], (Some("low"), Priority::High)),
        (
            vec![found(Some("first"), Priority::Normal), found(Some("second"), Priority::Normal)],
            (Some("first"), Priority::Normal),
        ),
        (vec![found(Some("low"), Priority::Low), found(Some("high"), Priority::High)], (Some("high"), Priority::High)),
    ] {
        let alert = Alert { matches, ..alert() };
        assert_eq!((owner(&alert), priority(&alert)), expected);
    }
}

#[test]
fn only_web_addresses_are_links() {
    for (url, is_link) in
        [("https://a.example/x", true), ("http://a.example", true), ("javascript:alert(1)", false), ("/t/1", false)]
    {
        assert_eq!(link(url).is_some(), is_link, "{url}");
    }
}
