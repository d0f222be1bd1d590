//! Does a daily cap hold back the rest of a day, and is it told once, after midnight where its users live?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::{Home, feed, routes};
use common::inside::Inside;
use common::web::{Page, Web};
use overheard::model::{Duration, Timestamp};
use overheard::pipeline::data::Data;

/// A watch that alerts so many stories a day.
fn watch(name: &str, query: &str, cap: u32) -> String {
    format!("[[watch]]\nname = \"{name}\"\nowner = \"kim\"\nquery = \"{query}\"\nmax_alerts_per_day = {cap}\n\n")
}

/// A daemon in Zurich. `hook` is told of everything, `cloud` of what is said about clouds.
struct Place {
    web: Web,
    hook: Collector,
    cloud: Collector,
    home: Home,
}

impl Place {
    async fn with(watches: &str) -> Self {
        let (web, hook, cloud) = (Web::start().await, Collector::start().await, Collector::start().await);
        let home = Home::new(&feed(&web, "news"), &hook);
        home.write("config/daemon.toml", &daemon("Europe/Zurich"));
        home.write("config/watches.toml", watches);
        let (url, first) = (cloud.url(), routes(&hook));
        let second =
            format!("[[receiver]]\nname = \"cloud\"\nkind = \"webhook\"\nallow_private = true\nurl = \"{url}\"\n");
        let below =
            "\n[[route.routes]]\nmatch = \"cloud\"\nreceiver = \"cloud\"\ncontinue = true\n\n[[route.routes]]\n";
        home.write("config/routes.toml", &format!("{second}\n{first}{below}"));
        let place = Self { web, hook, cloud, home };
        place.says(&[]);
        place
    }

    /// What the feed lists: a story for each title.
    fn says(&self, titles: &[&str]) {
        let item = |title: &&str| (format!("/{}", title.replace(' ', "-")), format!("All that is known: {title}."));
        let items: Vec<(String, String)> = titles.iter().map(item).collect();
        let items = titles.iter().zip(&items).map(|(title, (path, text))| (path.as_str(), *title, text.as_str()));
        self.web.set("news.test", "/feed.xml", Page::rss(&items.collect::<Vec<_>>()));
    }

    async fn start(&self, moment: &str) -> Inside {
        Inside::start_at(&self.home, at(moment)).await.unwrap()
    }
}

fn daemon(zone: &str) -> String {
    format!("listen = \"127.0.0.1:0\"\nresolve = {{ \"*.test\" = \"127.0.0.1\" }}\ntime_zone = \"{zone}\"\n")
}

fn at(moment: &str) -> Timestamp {
    Timestamp::parse(moment).unwrap()
}

/// Waits for so many mentions since the start, and for their deliveries.
async fn mentions(inside: &Inside, count: u64) {
    inside.until("the mentions", async || (inside.health("news").counts.mention == count).then_some(())).await;
    inside.until("the deliveries", async || inside.nothing_waits().then_some(())).await;
}

/// Moves the clock to a moment, then past a poll, so that what was due by then has happened.
async fn move_to(inside: &Inside, moment: &str) {
    inside.hands.advance(at(moment).since(inside.now()));
    inside.next_poll("news").await;
    inside.next_poll("news").await;
    inside.until("the deliveries", async || inside.nothing_waits().then_some(())).await;
}

/// Titles of the posts that were alerted, one by one, in the order of the alphabet: deliveries go side by side.
fn alerted(collector: &Collector) -> Vec<String> {
    let mut titles = titles_of(collector, "mention.alert", |data| vec![data["post"]["title"].clone()]);
    titles.sort();
    titles
}

/// Watch, day and number of stories of each digest, and the titles that it lists.
fn digests(collector: &Collector) -> Vec<String> {
    titles_of(collector, "mention.digest", |data| {
        let digest = &data["digest"];
        let listed = digest["listed"].as_array().unwrap().iter().map(|entry| entry["title"].as_str().unwrap());
        let mut listed: Vec<&str> = listed.collect();
        listed.sort_unstable();
        let word = |key: &str| digest[key].as_str().unwrap();
        vec![format!("{} {}: {} {}", word("watch"), word("day"), digest["stories"], listed.join(", ")).into()]
    })
}

fn titles_of(
    collector: &Collector,
    kind: &str,
    shown: fn(&serde_json::Value) -> Vec<serde_json::Value>,
) -> Vec<String> {
    let received = collector.received().into_iter().filter(|received| received.body["type"] == kind);
    received
        .flat_map(|received| shown(&received.body["data"]))
        .filter_map(|title| Some(title.as_str()?.to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cap_held_back_is_told_once_after_local_midnight() {
    let place = Place::with(&watch("acme", "acme", 2)).await;
    place.says(&["Acme one", "Acme two", "Acme three"]);
    let inside = place.start("2026-11-20T20:00:00Z").await;
    mentions(&inside, 3).await;
    assert_eq!(alerted(&place.hook), ["Acme one", "Acme two"]);
    let found = inside.search("three").results.remove(0);
    assert_eq!(found.held_back, ["acme has had its 2 alerts of 2026-11-20: hook is told after midnight"]);

    move_to(&inside, "2026-11-20T22:59:00Z").await;
    assert_eq!(digests(&place.hook), [""; 0], "not before midnight");
    inside.until("the digest", async || digests(&place.hook).pop()).await;
    assert!(inside.now() < at("2026-11-20T23:01:00Z"), "in Zurich, not in Greenwich");
    let last = place.hook.received().pop().unwrap();
    assert!(last.signed && last.body["data"]["post"]["title"] == "Acme three" && last.body["data"]["owner"] == "kim");

    // The new day has room again.
    place.says(&["Acme one", "Acme two", "Acme three", "Acme four"]);
    mentions(&inside, 4).await;
    move_to(&inside, "2026-11-23T12:00:00Z").await;
    assert_eq!(digests(&place.hook), ["acme 2026-11-20: 1 Acme three"]);
    assert_eq!(alerted(&place.hook), ["Acme four", "Acme one", "Acme two"]);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_ended_while_the_daemon_stood_still_is_told_at_the_next_start() {
    let place = Place::with(&watch("acme", "acme", 1)).await;
    place.says(&["Acme one", "Acme two"]);
    let inside = place.start("2026-11-20T20:00:00Z").await;
    mentions(&inside, 2).await;
    inside.stop().await;
    Data::discard_views(&place.home.data()).unwrap();

    let inside = place.start("2026-11-25T12:00:00Z").await;
    inside.until("the digest", async || digests(&place.hook).pop()).await;
    inside.until("the verdict", async || inside.nothing_waits().then_some(())).await;
    inside.stop().await;
    for moment in ["2026-11-25T13:00:00Z", "2026-11-27T13:00:00Z"] {
        Data::discard_views(&place.home.data()).unwrap();
        let inside = place.start(moment).await;
        move_to(&inside, moment).await;
        inside.stop().await;
    }
    assert_eq!(digests(&place.hook), ["acme 2026-11-20: 1 Acme two"]);
    assert_eq!(alerted(&place.hook), ["Acme one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_of_a_day_is_remembered_over_a_restart() {
    let place = Place::with(&watch("acme", "acme", 1)).await;
    place.says(&["Acme one"]);
    let inside = place.start("2026-11-20T20:00:00Z").await;
    mentions(&inside, 1).await;
    inside.stop().await;
    place.says(&["Acme one", "Acme two"]);
    let inside = place.start("2026-11-20T21:00:00Z").await;
    mentions(&inside, 1).await;
    assert_eq!(alerted(&place.hook), ["Acme one"]);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_has_23_hours_in_spring_and_25_in_autumn() {
    for (start, before, after, day) in [
        ("2027-03-28T12:00:00Z", "2027-03-28T21:59:00Z", "2027-03-28T22:01:00Z", "2027-03-28"),
        ("2026-10-25T12:00:00Z", "2026-10-25T22:59:00Z", "2026-10-25T23:01:00Z", "2026-10-25"),
    ] {
        let place = Place::with(&watch("acme", "acme", 1)).await;
        place.says(&["Acme one", "Acme two"]);
        let inside = place.start(start).await;
        mentions(&inside, 2).await;
        move_to(&inside, before).await;
        assert_eq!(digests(&place.hook), [""; 0], "{before}");
        inside.until("the digest", async || digests(&place.hook).pop()).await;
        assert!(inside.now() < at(after), "{after}");
        assert_eq!(digests(&place.hook), [format!("acme {day}: 1 Acme two")]);
        inside.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_receiver_is_told_of_its_own_stories() {
    let place = Place::with(&watch("acme", "acme", 1)).await;
    place.says(&["Acme one", "Acme cloud two", "Acme three"]);
    let inside = place.start("2026-11-20T22:58:00Z").await;
    mentions(&inside, 3).await;
    inside.until("the digests", async || digests(&place.hook).pop().and(digests(&place.cloud).pop())).await;
    assert_eq!(digests(&place.hook), ["acme 2026-11-20: 2 Acme cloud two, Acme three"]);
    assert_eq!(digests(&place.cloud), ["acme 2026-11-20: 1 Acme cloud two"]);
    assert_eq!((alerted(&place.hook).len(), alerted(&place.cloud).len()), (1, 0));
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_is_held_back_only_when_every_watch_that_found_it_is_exhausted() {
    let high = "priority = \"high\"\n";
    let open = "[[watch]]\nname = \"down\"\nowner = \"kim\"\nquery = \"down\"\n\n";
    let watches = [watch("acme", "acme", 1), open.to_owned(), watch("cloud", "cloud", 1), high.to_owned()].concat();
    let place = Place::with(&watches).await;
    place.says(&["Acme one", "Acme is down", "Acme cloud two", "Acme cloud three", "Acme four"]);
    let inside = place.start("2026-11-20T22:58:00Z").await;
    mentions(&inside, 5).await;
    assert_eq!(alerted(&place.hook), ["Acme cloud two", "Acme is down", "Acme one"]);
    inside.until("the digests", async || digests(&place.hook).get(1).cloned()).await;
    let mut told = digests(&place.hook);
    told.sort();
    let expected = ["acme 2026-11-20: 1 Acme four", "cloud 2026-11-20: 1 Acme cloud three"];
    assert_eq!(told, expected, "the watch with the highest priority tells");
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_watch_chooses_no_receiver_for_what_another_one_alerts() {
    let open = "[[watch]]\nname = \"down\"\nowner = \"kim\"\nquery = \"down\"\n\n";
    let place = Place::with(&[&watch("acme", "acme", 1), open].concat()).await;
    let routes = std::fs::read_to_string(place.home.config().join("routes.toml")).unwrap();
    place.home.write("config/routes.toml", &routes.replace("match = \"cloud\"", "match = \"watch:acme\""));
    place.says(&["Acme one", "Acme is down"]);
    let inside = place.start("2026-11-20T22:58:00Z").await;
    mentions(&inside, 2).await;
    assert_eq!(alerted(&place.cloud), ["Acme one"]);
    assert_eq!(alerted(&place.hook), ["Acme is down", "Acme one"]);
    inside.until("the digest", async || digests(&place.cloud).pop()).await;
    assert_eq!(digests(&place.cloud), ["acme 2026-11-20: 1 Acme is down"]);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_removed_watch_held_back_is_still_told_and_another_time_zone_ends_its_own_day() {
    let place = Place::with(&watch("acme", "acme", 1)).await;
    place.says(&["Acme one", "Acme two"]);
    let inside = place.start("2026-11-20T20:00:00Z").await;
    mentions(&inside, 2).await;
    place.home.write("config/watches.toml", &watch("globex", "globex", 1));
    place.home.write("config/daemon.toml", &daemon("Pacific/Auckland"));
    inside.daemon.reload().await.unwrap();
    inside.until("the digest", async || digests(&place.hook).pop()).await;
    assert!(inside.now() < at("2026-11-20T20:10:00Z"), "there the day is over");
    assert_eq!(digests(&place.hook), ["acme 2026-11-20: 1 Acme two"]);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_higher_cap_has_room_at_once() {
    let place = Place::with(&watch("acme", "acme", 1)).await;
    place.says(&["Acme one", "Acme two"]);
    let inside = place.start("2026-11-20T12:00:00Z").await;
    mentions(&inside, 2).await;
    place.home.write("config/watches.toml", &watch("acme", "acme", 2));
    assert_eq!(inside.daemon.reload().await.unwrap().to_string(), "watches: 1 altered (acme)");
    place.says(&["Acme one", "Acme two", "Acme three", "Acme four"]);
    mentions(&inside, 4).await;
    assert_eq!(alerted(&place.hook), ["Acme one", "Acme three"]);
    inside.hands.advance(Duration::hours(12));
    inside.until("the digest", async || digests(&place.hook).pop()).await;
    assert_eq!(digests(&place.hook), ["acme 2026-11-20: 2 Acme four, Acme two"]);
    inside.stop().await;
}
