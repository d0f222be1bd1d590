//! Which posts become one story, over edits of copies, restarts and kills?

mod common;

use std::collections::BTreeSet;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::Inside;
use common::web::{Page, Web};

const RELEASE: &str = "Acme Corporation announced today that its new anvil, the Anvil Pro, will be available in all regions \
    from the first of May. The company said that the product weighs half as much as its predecessor and falls twice as \
    fast. Analysts had expected the launch earlier this year, but supply problems in the foundry delayed it. Customers \
    who ordered before winter receive theirs first, free of charge.";

/// The release as ten outlets bring it.
fn copies() -> Vec<(&'static str, String)> {
    let words: Vec<&str> = RELEASE.split(' ').collect();
    vec![
        ("Acme announces Anvil Pro", RELEASE.to_owned()),
        ("Anvil Pro: lighter and faster", format!("{}…", words[..words.len() * 7 / 10].join(" "))),
        ("New anvil from Acme", format!("{RELEASE} (via The Daily Anvil)")),
        ("Acme's spring", RELEASE.replace("announced today", "said on Monday").replace("twice", "two times")),
        (
            "Press release",
            format!("{RELEASE}<br>This article first appeared on The Daily Anvil. Subscribe to our newsletter."),
        ),
        ("The anvil is here", RELEASE.replace("predecessor", "predecesor").replace("delayed", "dlayed")),
        ("Falling faster", RELEASE.to_uppercase()),
        ("What Acme says", format!("<p>coyote wrote:</p><blockquote>{RELEASE}</blockquote>")),
        ("Acme in May", words[words.len() * 3 / 10..].join(" ")),
        ("Anvils for all", format!("{RELEASE}<br>-- <br>coyote<br>Head of falling things")),
    ]
}

/// Markup as a feed carries it.
fn escaped(html: &str) -> String {
    html.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Ten outlets and one more; each has a feed of its own.
const OUTLETS: [&str; 11] = ["o0", "o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8", "o9", "late"];

async fn outlets() -> (Web, Collector, Home) {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let sources: String = OUTLETS.iter().map(|name| feed(&web, name)).collect();
    let home = Home::new(&sources, &collector);
    for name in OUTLETS {
        web.set(&format!("{name}.test"), "/feed.xml", Page::rss(&[]));
    }
    (web, collector, home)
}

fn publish(web: &Web) {
    for (name, (title, text)) in OUTLETS.iter().zip(copies()) {
        web.set(&format!("{name}.test"), "/feed.xml", Page::rss(&[(&format!("/{name}/page"), title, &escaped(&text))]));
    }
}

/// The stories of all mentions, and how many mentions there are.
fn stories(inside: &Inside) -> (BTreeSet<String>, usize) {
    let found = inside.search("watch:acme");
    (found.results.iter().map(|found| found.story.to_string()).collect(), found.results.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_outlets_that_copy_one_press_release_are_one_story_and_one_alert_and_the_eleventh_joins_after_a_restart() {
    let (web, collector, home) = outlets().await;
    publish(&web);
    let inside = Inside::start(&home).await;
    inside.until("all copies", async || (stories(&inside).1 == 10).then_some(())).await;
    inside
        .until("the delivery", async || (!collector.received().is_empty() && inside.nothing_waits()).then_some(()))
        .await;
    assert_eq!(stories(&inside).0.len(), 1, "{:?}", inside.titles("watch:acme"));
    assert_eq!(collector.received().len(), 1);

    let now = inside.stop().await;
    let late = RELEASE.replace("Analysts had expected", "Observers had hoped for");
    web.set("late.test", "/feed.xml", Page::rss(&[("/late/page", "Acme again", &late)]));
    let inside = Inside::start_at(&home, now).await.unwrap();
    inside.until("the late copy", async || (stories(&inside).1 == 11).then_some(())).await;
    assert_eq!(stories(&inside).0.len(), 1, "the archive knows what memory has lost");
    inside.next_poll("late").await;
    assert_eq!(collector.received().len(), 1, "one story alerts once");
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_posts_under_one_title_and_answers_that_quote_are_stories_of_their_own() {
    let (web, _collector, home) = outlets().await;
    let answer = format!(
        "coyote wrote:<br>&gt; {RELEASE}<br><br>I ordered mine from Acme in autumn and nothing has come so far; their \
         support does not even pick up the telephone. Does anybody here have one that really falls?"
    );
    let posts = [
        (
            "Weekly thread",
            "Acme users, what did you build this week? I repaired the painted tunnel and a pair of rocket skates.",
        ),
        (
            "Weekly thread",
            "My Acme magnet pulled the cutlery off the table, and then the neighbour's bicycle came through the door.",
        ),
        ("Build", "Your Acme build #123 failed on main"),
        ("Build", "Your Acme build #124 failed on main"),
        ("Anvil Pro", RELEASE),
        ("Re: Anvil Pro", &answer),
    ];
    for (name, (title, text)) in OUTLETS.iter().zip(posts) {
        web.set(&format!("{name}.test"), "/feed.xml", Page::rss(&[(&format!("/{name}/page"), title, &escaped(text))]));
    }
    let inside = Inside::start(&home).await;
    inside.until("all posts", async || (stories(&inside).1 == posts.len()).then_some(())).await;
    assert_eq!(stories(&inside).0.len(), posts.len(), "{:?}", inside.titles("watch:acme"));
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_edited_stays_and_brings_no_second_alert() {
    let (web, collector, home) = outlets().await;
    publish(&web);
    let inside = Inside::start(&home).await;
    inside.until("all copies", async || (stories(&inside).1 == 10).then_some(())).await;
    let other = "Acme takes it all back: there will be no Anvil Pro this year, and nobody knows why.";
    web.set("o3.test", "/feed.xml", Page::rss(&[("/o3/page", "Correction", other)]));
    inside.until("the edit", async || (inside.health("o3").counts.edited == 1).then_some(())).await;
    let (stories, mentions) = stories(&inside);
    assert_eq!((stories.len(), mentions), (1, 10));
    inside.until("the delivery", async || inside.nothing_waits().then_some(())).await;
    assert_eq!(collector.received().len(), 1);
    inside.stop().await;
}
