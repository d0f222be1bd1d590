//! One test for each way in which a delivery can go, against a real server on loopback.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use overheard::clock::{Clock, Moved};
use overheard::deliver::{Deliverer, Destination, Output, Parts, ReceiverHealth};
use overheard::http::{Client, ClientSettings};
use overheard::model::event::{DeliveryAttempt, DeliveryResult};
use overheard::model::{Alert, Duration, LedgerError, PostId, SecretValue, Settings, StoryId, Timestamp};
use overheard::receiver::{KINDS, sample};
use tokio_util::sync::CancellationToken;

use super::book::{Book, lock};
use super::collector::{Collector, Reply};

/// 24 bytes each, in base64.
const KEY: &str = "dGhlIG5ldyBzZWNyZXQsIDI0IGJ5";
const OLD_KEY: &str = "dGhlIG9sZCBzZWNyZXQsIDI0IGJ5";
const START: Timestamp = Timestamp(1_767_225_600_000);

/// What outlives a deliverer: journal, outbox, time.
struct World {
    book: Arc<Book>,
    clock: Clock,
    hands: Moved,
    output: Output,
}

impl World {
    fn new() -> Self {
        let (clock, hands) = Clock::moved(START);
        Self { book: Arc::default(), clock, hands, output: Arc::new(Mutex::new(Vec::new())) }
    }

    /// A deliverer as a start of the daemon makes it.
    fn start(&self, destinations: Vec<Destination>) -> Deliverer {
        let parts = Parts {
            outbox: self.book.clone(),
            ledger: self.book.clone(),
            client: client(),
            output: self.output.clone(),
            clock: self.clock.clone(),
        };
        let deliverer = Deliverer::new(parts, CancellationToken::new());
        deliverer.reconfigure(client(), destinations);
        deliverer
    }

    /// An alert of a story of its own, decided now; the number is its id.
    fn alert(&self, receiver: &str, number: u32) -> Alert {
        let (id, story) = (format!("alert_{number}"), StoryId(PostId::of(&number.to_string())));
        Alert { id, story, sample: false, ..sample::alert(receiver, self.clock.now()) }
    }

    fn put(&self, receiver: &str, number: u32) {
        self.book.put(self.alert(receiver, number));
    }

    /// Moves the time to when the last attempt is to be repeated.
    fn go_to_next(&self, verdicts: &[DeliveryAttempt]) {
        let Some(DeliveryResult::Retry { next, .. }) = verdicts.last().map(|verdict| &verdict.result) else {
            panic!("not to be repeated: {verdicts:?}")
        };
        self.hands.advance(next.since(self.clock.now()));
    }

    /// Stops without waiting for anything, as a kill does.
    async fn kill(&self, deliverer: Deliverer) {
        assert!(!deliverer.stopped(Duration(0)).await, "something was still under way");
        self.settled().await;
    }

    /// Lets every task do what it can do now; what has not happened afterwards waits for something.
    async fn settled(&self) {
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    }
}

fn client() -> Client {
    Client::new(&ClientSettings::default()).expect("a client")
}

fn destination(name: &str, kind: &str, settings: &str) -> Destination {
    let kind = KINDS.iter().find(|known| known.name() == kind).expect("a kind");
    let settings = Settings::parse(&format!("receiver.{name}"), settings).expect("TOML");
    let receiver = kind.load(&settings).expect("sound settings");
    Destination { name: name.into(), allow_private: true, receiver: Arc::from(receiver) }
}

/// A signed webhook receiver at this address.
fn webhook(name: &str, url: &str) -> Destination {
    let secret = |key: &str| format!("{{ \"{}\" = \"whsec_{key}\" }}", SecretValue::KEY.replace('\0', "\\u0000"));
    let settings = format!("url = \"{url}\"\nsecret = {}\nprevious_secret = {}", secret(KEY), secret(OLD_KEY));
    destination(name, "webhook", &settings)
}

fn names(verdicts: &[DeliveryAttempt]) -> Vec<(&str, &'static str)> {
    let name = |result: &DeliveryResult| match result {
        DeliveryResult::Delivered { .. } => "delivered",
        DeliveryResult::Retry { .. } => "retry",
        DeliveryResult::Dead { .. } => "dead",
    };
    verdicts.iter().map(|verdict| (verdict.alert.as_str(), name(&verdict.result))).collect()
}

fn why(verdict: &DeliveryAttempt) -> &str {
    match &verdict.result {
        DeliveryResult::Delivered { .. } => "",
        DeliveryResult::Retry { why, .. } | DeliveryResult::Dead { why } => why,
    }
}

#[tokio::test]
async fn an_alert_arrives_signed_with_both_secrets_and_is_recorded() {
    let (world, hook) = (World::new(), Collector::start([]).await);
    let deliverer = world.start(vec![webhook("tickets", &hook.url)]);
    world.put("tickets", 1);
    deliverer.wake("tickets");
    let [request] = &hook.heard(1).await[..] else { panic!("one request") };
    assert_eq!((request.id.as_str(), request.timestamp), ("alert_1", START.seconds()));
    assert!(
        request.is_signed_by(KEY) && request.is_signed_by(OLD_KEY) && !request.is_signed_by("c29tZSBvdGhlciBrZXk=")
    );
    assert_eq!(request.json()["data"]["alert_id"], "alert_1");
    assert_eq!(names(&world.book.verdicts(1).await), [("alert_1", "delivered")]);
    assert!(deliverer.stopped(Duration::seconds(10)).await);
}

#[tokio::test]
async fn what_waited_in_the_outbox_is_sent_after_the_start_without_being_told() {
    let (world, hook) = (World::new(), Collector::start([]).await);
    (1..=40).for_each(|number| world.put("tickets", number));
    let _deliverer = world.start(vec![webhook("tickets", &hook.url)]);
    let verdicts = world.book.verdicts(40).await;
    assert!(names(&verdicts).iter().all(|(_, result)| *result == "delivered"));
    assert_eq!((hook.so_far(), world.book.waiting("tickets")), (40, 0));
}

#[tokio::test]
async fn a_failed_attempt_is_repeated_later_with_the_same_id_and_body() {
    let (world, hook) = (World::new(), Collector::start([Reply::Status(500), Reply::Status(503)]).await);
    world.put("tickets", 1);
    let _deliverer = world.start(vec![webhook("tickets", &hook.url)]);
    world.go_to_next(&world.book.verdicts(1).await);
    world.go_to_next(&world.book.verdicts(2).await);
    let verdicts = world.book.verdicts(3).await;
    assert_eq!(names(&verdicts), [("alert_1", "retry"), ("alert_1", "retry"), ("alert_1", "delivered")]);
    let heard = hook.heard(3).await;
    assert!(heard.iter().all(|request| (&request.id, &request.body) == (&heard[0].id, &heard[0].body)));
    assert!(heard.iter().all(|request| request.is_signed_by(KEY)), "each attempt signs its own time");
    let waits: Vec<i64> = heard.windows(2).map(|pair| pair[1].timestamp - pair[0].timestamp).collect();
    assert!((5..=10).contains(&waits[0]) && (5..=20).contains(&waits[1]), "{waits:?}");
}

#[tokio::test]
async fn a_receiver_that_asks_for_patience_gets_it_for_all_its_alerts() {
    let (world, hook) = (World::new(), Collector::start([Reply::With(429, "retry-after", "120".into())]).await);
    world.put("tickets", 1);
    let deliverer = world.start(vec![webhook("tickets", &hook.url)]);
    let verdicts = world.book.verdicts(1).await;
    assert_eq!(
        verdicts[0].result,
        DeliveryResult::Retry { why: "HTTP 429".into(), next: START + Duration::seconds(120) }
    );
    world.put("tickets", 2);
    deliverer.wake("tickets");
    world.settled().await;
    world.hands.advance(Duration::seconds(119));
    world.settled().await;
    assert_eq!(hook.so_far(), 1);
    world.hands.advance(Duration::seconds(1));
    world.book.verdicts(3).await;
    let seconds: Vec<i64> = hook.heard(3).await.iter().map(|request| request.timestamp - START.seconds()).collect();
    assert_eq!(seconds, [0, 120, 120]);
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_no_other() {
    let (world, slow, quick) = (World::new(), Collector::start(vec![Reply::Hang; 9]).await, Collector::start([]).await);
    let deliverer = world.start(vec![webhook("slow", &slow.url), webhook("quick", &quick.url)]);
    for number in 0..10 {
        world.put("slow", number);
        world.put("quick", 100 + number);
    }
    deliverer.wake("slow");
    deliverer.wake("quick");
    assert!(world.book.verdicts(10).await.iter().all(|verdict| verdict.receiver == "quick"));
    slow.heard(4).await;
    world.settled().await;
    assert_eq!(slow.so_far(), 4, "no more at a time");
    world.kill(deliverer).await;
}

#[tokio::test]
async fn a_refused_alert_is_a_dead_letter_that_a_person_may_replay() {
    let (world, hook) = (World::new(), Collector::start([Reply::Status(400)]).await);
    world.put("tickets", 1);
    let deliverer = world.start(vec![webhook("tickets", &hook.url)]);
    let verdicts = world.book.verdicts(1).await;
    assert_eq!((names(&verdicts), why(&verdicts[0])), (vec![("alert_1", "dead")], "HTTP 400"));
    world.hands.advance(Duration::days(1));
    world.settled().await;
    assert_eq!(hook.so_far(), 1, "not asked again by itself");
    world.book.replay("alert_1", world.clock.now());
    deliverer.wake("tickets");
    assert_eq!(names(&world.book.verdicts(2).await)[1], ("alert_1", "delivered"));
    assert_eq!(hook.heard(2).await[1].id, "alert_1");
}

#[tokio::test]
async fn a_restart_between_attempts_changes_neither_id_nor_schedule() {
    let (world, hook) = (World::new(), Collector::start([Reply::Status(500)]).await);
    world.put("tickets", 1);
    let before = world.start(vec![webhook("tickets", &hook.url)]);
    let verdicts = world.book.verdicts(1).await;
    assert!(before.stopped(Duration::seconds(10)).await);
    let after = world.start(vec![webhook("tickets", &hook.url)]);
    after.wake("tickets");
    world.settled().await;
    assert_eq!(hook.so_far(), 1, "not before its time");
    world.go_to_next(&verdicts);
    assert_eq!(names(&world.book.verdicts(2).await)[1], ("alert_1", "delivered"));
    let heard = hook.heard(2).await;
    assert_eq!((heard[0].id.as_str(), &heard[0].body), (heard[1].id.as_str(), &heard[1].body));
}

#[tokio::test]
async fn later_alerts_of_a_story_wait_for_the_earlier_one_also_after_a_restart() {
    let (world, hook) = (World::new(), Collector::start([Reply::Status(500)]).await);
    world.put("tickets", 1);
    let before = world.start(vec![webhook("tickets", &hook.url)]);
    let failed = world.book.verdicts(1).await;
    let first = world.alert("tickets", 1);
    world.book.put(Alert { id: "alert_1_follow_up".into(), decided_at: first.decided_at + Duration(1), ..first });
    world.hands.advance(Duration(1));
    world.put("tickets", 2);
    before.wake("tickets");
    assert_eq!(names(&world.book.verdicts(2).await)[1], ("alert_2", "delivered"));
    assert!(before.stopped(Duration::seconds(10)).await);
    let after = world.start(vec![webhook("tickets", &hook.url)]);
    after.wake("tickets");
    world.settled().await;
    world.go_to_next(&failed);
    world.book.verdicts(4).await;
    let order: Vec<String> = hook.heard(4).await.into_iter().map(|request| request.id).collect();
    assert_eq!(order, ["alert_1", "alert_2", "alert_1", "alert_1_follow_up"]);
}

#[tokio::test]
async fn a_kill_between_sending_and_recording_repeats_the_attempt_with_the_same_id() {
    let (world, hook) = (World::new(), Collector::start([]).await);
    world.put("tickets", 1);
    world.book.hangs.send_replace(true);
    let killed = world.start(vec![webhook("tickets", &hook.url)]);
    hook.heard(1).await;
    world.kill(killed).await;
    assert_eq!((world.book.recorded(), world.book.waiting("tickets")), (0, 1));
    world.book.hangs.send_replace(false);
    let _restarted = world.start(vec![webhook("tickets", &hook.url)]);
    assert_eq!(names(&world.book.verdicts(1).await), [("alert_1", "delivered")]);
    let heard = hook.heard(2).await;
    assert_eq!((heard[0].id.as_str(), &heard[0].body), (heard[1].id.as_str(), &heard[1].body));
}

#[tokio::test]
async fn a_full_disk_delays_the_verdict_and_never_repeats_the_sending() {
    let (world, hook) = (World::new(), Collector::start([]).await);
    world.put("tickets", 1);
    lock(&world.book.refusals).extend([1, 2].map(|_| LedgerError::Unwritable { why: "no space left".into() }));
    let deliverer = world.start(vec![webhook("tickets", &hook.url)]);
    hook.heard(1).await;
    while world.book.recorded() == 0 {
        deliverer.wake("tickets");
        tokio::task::yield_now().await;
        world.hands.advance(Duration::seconds(1));
    }
    assert_eq!((hook.so_far(), world.book.waiting("tickets")), (1, 0));
}

#[tokio::test]
async fn a_removed_receiver_keeps_its_alerts_until_it_is_back() {
    let (world, hook) = (World::new(), Collector::start([]).await);
    let deliverer = world.start(vec![webhook("tickets", &hook.url)]);
    deliverer.reconfigure(client(), Vec::new());
    world.put("tickets", 1);
    deliverer.wake("tickets");
    world.settled().await;
    assert_eq!((hook.so_far(), world.book.waiting("tickets"), deliverer.health()), (0, 1, vec![]));
    deliverer.reconfigure(client(), vec![webhook("tickets", &hook.url)]);
    assert_eq!(names(&world.book.verdicts(1).await), [("alert_1", "delivered")]);
}

#[tokio::test]
async fn an_alert_under_way_is_not_sent_twice_when_its_receiver_goes_and_comes_back() {
    let (world, hook) = (World::new(), Collector::start([Reply::Hang]).await);
    world.put("tickets", 1);
    let deliverer = world.start(vec![webhook("tickets", &hook.url)]);
    hook.heard(1).await;
    deliverer.reconfigure(client(), Vec::new());
    deliverer.reconfigure(client(), vec![webhook("tickets", &hook.url)]);
    world.put("tickets", 2);
    assert_eq!(names(&world.book.verdicts(1).await), [("alert_2", "delivered")]);
    world.settled().await;
    assert_eq!(hook.so_far(), 2);
    world.kill(deliverer).await;
}

#[tokio::test]
async fn a_changed_receiver_is_asked_at_once_and_at_its_new_address() {
    let (world, new) = (World::new(), Collector::start([]).await);
    let old = Collector::start([Reply::With(503, "retry-after", "7200".into())]).await;
    world.put("tickets", 1);
    let deliverer = world.start(vec![webhook("tickets", &old.url)]);
    world.book.verdicts(1).await;
    world.put("tickets", 2);
    deliverer.reconfigure(client(), vec![webhook("tickets", &new.url)]);
    world.book.verdicts(2).await;
    assert_eq!((old.so_far(), new.heard(1).await[0].id.as_str()), (1, "alert_2"));
}

#[tokio::test]
async fn a_redirect_is_refused_and_says_where_it_leads() {
    let elsewhere = Collector::start([]).await;
    let (world, hook) = (World::new(), Collector::start([Reply::With(307, "location", elsewhere.url.clone())]).await);
    world.put("tickets", 1);
    let _deliverer = world.start(vec![webhook("tickets", &hook.url)]);
    let verdicts = world.book.verdicts(1).await;
    assert_eq!(names(&verdicts), [("alert_1", "dead")]);
    assert!(
        why(&verdicts[0]).starts_with(&format!("HTTP 307: it redirects to {}", elsewhere.url)),
        "{}",
        why(&verdicts[0])
    );
    assert_eq!(elsewhere.so_far(), 0);
}

#[tokio::test]
async fn a_private_address_is_asked_only_with_leave_and_says_how_to_give_it() {
    let (world, hook) = (World::new(), Collector::start([]).await);
    world.put("tickets", 1);
    let guarded = Destination { allow_private: false, ..webhook("tickets", &hook.url) };
    let deliverer = world.start(vec![guarded]);
    let verdicts = world.book.verdicts(1).await;
    assert_eq!(names(&verdicts), [("alert_1", "retry")]);
    assert!(why(&verdicts[0]).contains("allow_private = true"), "{}", why(&verdicts[0]));
    assert_eq!(hook.so_far(), 0);
    deliverer.reconfigure(client(), vec![webhook("tickets", &hook.url)]);
    world.go_to_next(&verdicts);
    assert_eq!(names(&world.book.verdicts(2).await)[1], ("alert_1", "delivered"));
}

#[tokio::test]
async fn nobody_listening_is_tried_again_and_told_in_words() {
    let world = World::new();
    world.put("tickets", 1);
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/hook", closed.local_addr().expect("bound"));
    drop(closed);
    let deliverer = world.start(vec![webhook("tickets", &url)]);
    let verdicts = world.book.verdicts(1).await;
    assert_eq!(names(&verdicts), [("alert_1", "retry")]);
    assert!(why(&verdicts[0]).starts_with("cannot reach it: "), "{}", why(&verdicts[0]));
    let [health]: [ReceiverHealth; 1] = deliverer.health().try_into().expect("one receiver");
    let last = health.last.expect("an attempt");
    assert_eq!((last.result, last.why.as_deref(), health.last_delivered), ("retry", Some(why(&verdicts[0])), None));
}

#[tokio::test]
async fn a_failing_receiver_is_asked_with_one_alert_until_it_is_back() {
    let (world, hook) = (World::new(), Collector::start(vec![Reply::Status(503); 6]).await);
    (1..=9).for_each(|number| world.put("tickets", number));
    let deliverer = world.start(vec![webhook("tickets", &hook.url)]);
    world.book.verdicts(6).await;
    world.settled().await;
    assert_eq!(hook.so_far(), 6, "after the third failure in a row nothing new is started");
    assert_eq!(deliverer.health()[0].failures, 6);
    hook.then(Reply::Hang);
    world.hands.advance(Duration::minutes(5));
    hook.heard(7).await;
    world.settled().await;
    assert_eq!(hook.so_far(), 7, "one alert shows whether it is back");
    world.kill(deliverer).await;
}

#[tokio::test]
async fn a_sample_goes_the_real_way_is_marked_and_leaves_no_trace() {
    let (world, hook) = (World::new(), Collector::start([Reply::Status(200), Reply::Status(404)]).await);
    let deliverer = world.start(vec![webhook("tickets", &hook.url)]);
    let told = deliverer.send_sample("tickets").await.expect("a receiver");
    let request = &hook.heard(1).await[0];
    assert!(request.is_signed_by(KEY) && request.json()["data"]["sample"] == true);
    assert_eq!(told.to_string(), "delivered in 0s");
    let refused = deliverer.send_sample("tickets").await.expect("a receiver");
    assert_eq!(refused.to_string(), "not delivered: HTTP 404; an alert would become a dead letter");
    assert_eq!(deliverer.send_sample("nobody").await, None);
    assert_eq!((world.book.recorded(), deliverer.health()[0].last.clone()), (0, None));
}

#[tokio::test]
async fn a_console_prints_a_block_for_each_alert() {
    let (mut world, printed) = (World::new(), Arc::new(Mutex::new(Vec::new())));
    world.output = printed.clone();
    world.put("screen", 1);
    let _deliverer = world.start(vec![destination("screen", "console", "")]);
    assert_eq!(names(&world.book.verdicts(1).await), [("alert_1", "delivered")]);
    let text = String::from_utf8(lock(&printed).clone()).expect("text");
    assert!(text.starts_with("▌ sample-watch: ") && text.contains("\n  alert  alert_1\n"), "{text}");
}

/// A pipe whose reader has gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_closed_standard_output_is_tried_again() {
    let world = World { output: Arc::new(Mutex::new(Gone)), ..World::new() };
    world.put("screen", 1);
    let _deliverer = world.start(vec![destination("screen", "console", "")]);
    let verdicts = world.book.verdicts(1).await;
    assert_eq!(names(&verdicts), [("alert_1", "retry")]);
    assert_eq!(why(&verdicts[0]), "cannot write to standard output: broken pipe");
}
