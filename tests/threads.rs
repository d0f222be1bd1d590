//! Are the conversations of mentions that matter read again, and is it known who answered?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::Home;
use common::inside::{Inside, START};
use common::web::{Page, Web};
use overheard::model::event::ThreadRead;
use overheard::model::{Duration, Engagement, Event, Ledger, Outcome, PostId};
use overheard::pipeline::look::FoundPost;

/// A daemon that listens to a site of questions and answers, and follows every mention.
struct Place {
    web: Web,
    hook: Collector,
    home: Home,
}

const DAEMON: &str = "listen = \"127.0.0.1:0\"\nresolve = { \"*.test\" = \"127.0.0.1\" }\nfollow_score = 0\n\
    team = { handles = [\"Acme Support@stackoverflow.com\"] }\n";

impl Place {
    async fn new() -> Self {
        let (web, hook) = (Web::start().await, Collector::start().await);
        let url = web.url("qa.test", "/2.3");
        let source = format!(
            "[[source]]\nname = \"qa\"\nkind = \"stack_exchange\"\nsite = \"stackoverflow\"\nurl = \"{url}\"\nevery = \"5m\"\n"
        );
        let home = Home::new(&source, &hook);
        home.write("config/daemon.toml", DAEMON);
        let place = Self { web, hook, home };
        place.asks(&[]);
        place.answers(1, &[]);
        place
    }

    /// What the site lists as questions: number, title and number of answers.
    fn asks(&self, questions: &[(u64, &str, u64)]) {
        let question = |(id, title, answers): &(u64, &str, u64)| {
            serde_json::json!({ "question_id": id, "title": title, "body": "<p>See the title.</p>", "answer_count": answers,
                "owner": { "display_name": "Sam" }, "creation_date": START.seconds(), "last_activity_date": START.seconds(),
                "link": format!("https://stackoverflow.com/questions/{id}/x"), "score": 3, "tags": [] })
        };
        self.web.set("qa.test", "/2.3/questions", page(questions.iter().map(question).collect()));
    }

    /// What the site lists as answers to a question: number, author, text, minutes after the start, accepted.
    fn answers(&self, question: u64, answers: &[(u64, &str, &str, i64, bool)]) {
        let answer = |(id, author, text, minutes, accepted): &(u64, &str, &str, i64, bool)| {
            serde_json::json!({ "answer_id": id, "question_id": question, "body": text, "is_accepted": accepted,
                "owner": { "display_name": author }, "creation_date": START.seconds() + minutes * 60, "score": 0 })
        };
        self.web.set(
            "qa.test",
            &format!("/2.3/questions/{question}/answers"),
            page(answers.iter().map(answer).collect()),
        );
    }

    /// How often the answers to a question were asked for, polls aside.
    fn readings(&self, question: u64) -> usize {
        let path = format!("/2.3/questions/{question}/answers?");
        let asked = self.web.asked();
        asked.iter().filter(|asked| asked.path.starts_with(&path) && !asked.path.contains("fromdate")).count()
    }
}

fn page(items: Vec<serde_json::Value>) -> Page {
    Page::json(&serde_json::json!({ "items": items, "has_more": false, "quota_remaining": 9000 }).to_string())
}

/// Lets time pass until a question was read so many times.
async fn read(inside: &Inside, place: &Place, question: u64, times: usize) {
    inside.until("the reading", async || (place.readings(question) >= times).then_some(())).await;
    inside.until("its end", async || settled(inside, place, question).then_some(())).await;
}

/// Every reading that was asked for is in the journal.
fn settled(inside: &Inside, place: &Place, question: u64) -> bool {
    let root = PostId::of(&format!("stackexchange:stackoverflow:{question}"));
    let followed = inside.daemon.store.followed_in(root).unwrap();
    followed.is_none_or(|followed| followed.readings as usize == place.readings(question))
}

async fn mentions(inside: &Inside, count: u64) {
    inside.until("the mentions", async || (inside.health("qa").counts.mention == count).then_some(())).await;
}

fn only(inside: &Inside, query: &str) -> FoundPost {
    let mut found = inside.search(query).results;
    assert_eq!(found.len(), 1, "{query}");
    found.remove(0)
}

fn minutes(minutes: u64) -> Duration {
    Duration::minutes(minutes)
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_read_seven_times_in_a_week_also_over_a_restart() {
    let place = Place::new().await;
    place.asks(&[(1, "Acme is down", 0), (2, "Something else", 0)]);
    let mut inside = Inside::start(&place.home).await;
    mentions(&inside, 1).await;
    let followed = inside.daemon.store.followed().unwrap();
    let since = followed[0].since;
    let first = followed[0].next.since(since);
    assert!(first >= minutes(10) && first <= minutes(11), "{first}");
    assert_eq!((followed.len(), place.readings(1)), (1, 0), "not at once");
    // Each reading comes up to a tenth later than its time, for the sake of the site.
    for (times, after) in [(1, 11), (2, 33), (3, 132), (4, 396), (5, 1584), (6, 4752), (7, 11_088)] {
        inside.hands.advance((since + minutes(after)).since(inside.now()));
        read(&inside, &place, 1, times).await;
        assert_eq!(place.readings(1), times);
        if times == 2 {
            let now = inside.stop().await;
            inside = Inside::start_at(&place.home, now).await.unwrap();
        }
    }
    assert_eq!(inside.daemon.store.followed().unwrap(), [], "the last one ends it");
    assert_eq!((place.readings(1), place.readings(2)), (7, 0));
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_join_the_conversation_and_one_of_the_team_marks_it_answered() {
    let place = Place::new().await;
    place.asks(&[(1, "Acme is down", 0)]);
    let inside = Inside::start(&place.home).await;
    mentions(&inside, 1).await;
    place.answers(
        1,
        &[
            (11, "Robin", "Acme works for me.", 5, false),
            (12, "Acme Support", "Acme is up again, sorry.", 8, true),
            (13, "Alex", "No idea.", 9, false),
        ],
    );
    inside.hands.advance(minutes(11));
    read(&inside, &place, 1, 1).await;
    inside.until("the deliveries", async || inside.nothing_waits().then_some(())).await;

    let question = only(&inside, "type:question");
    let answered = question.standing.answered.unwrap();
    assert_eq!((answered.by.as_str(), answered.at), ("Acme Support@stackoverflow.com", START + minutes(8)));
    assert_eq!(answered.url, "https://stackoverflow.com/a/12");
    assert_eq!(question.standing.accepted, Some(PostId::of("stackexchange:stackoverflow:12")));
    let mut told: Vec<String> =
        place.hook.received().iter().map(|told| told.body["data"]["post"]["url"].to_string()).collect();
    told.sort();
    assert_eq!(told, ["\"https://stackoverflow.com/a/11\"", "\"https://stackoverflow.com/questions/1/x\""]);
    let thread = format!("thread:{}", question.id);
    assert_eq!(inside.search(&thread).total, 4);

    let own = only(&inside, "author:\"Acme Support\"");
    assert_eq!((own.outcome, own.held_back), (Outcome::Suppressed, vec!["the team wrote it".to_owned()]));
    let robin = only(&inside, "author:Robin");
    assert_eq!(
        robin.standing.answered.map(|answered| answered.at),
        Some(START + minutes(8)),
        "said before the team's reply"
    );
    assert_eq!(robin.outcome, Outcome::Mention);
    // A reply is a mention of a conversation that is followed already.
    assert_eq!(inside.daemon.store.followed().unwrap().len(), 1);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_of_the_team_that_a_poll_brings_answers_too() {
    let place = Place::new().await;
    place.asks(&[(1, "Acme is down", 1)]);
    place.answers(1, &[(12, "Acme Support", "We look into it.", 3, false)]);
    let inside = Inside::start_at(&place.home, START + minutes(5)).await.unwrap();
    mentions(&inside, 1).await;
    inside.until("the reply", async || (inside.health("qa").counts.total() >= 2).then_some(())).await;
    let by = only(&inside, "type:question").standing.answered.map(|answered| answered.by);
    assert_eq!(by.as_deref(), Some("Acme Support@stackoverflow.com"));

    // An edit takes nothing of it away.
    place.asks(&[(1, "Acme is still down", 1)]);
    inside.until("the edit", async || (inside.health("qa").counts.edited == 1).then_some(())).await;
    let edited = only(&inside, "still");
    assert!(edited.standing.answered.is_some());
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_says_whether_its_mentions_are_followed_whatever_their_score() {
    let place = Place::new().await;
    for (question, score, follow, followed) in
        [(1, 0, "", 1), (2, 100, "", 0), (3, 0, "follow = false\n", 0), (4, 100, "follow = true\n", 1)]
    {
        place.home.write("config/daemon.toml", &DAEMON.replace("follow_score = 0", &format!("follow_score = {score}")));
        let watch = format!("[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"acme\"\n{follow}");
        place.home.write("config/watches.toml", &watch);
        place.asks(&[(question, "Acme is down", 0)]);
        let data = place.home.data();
        let _ = std::fs::remove_dir_all(data);
        let inside = Inside::start(&place.home).await;
        mentions(&inside, 1).await;
        assert_eq!(inside.daemon.store.followed().unwrap().len(), followed, "score {score}, {follow}");
        inside.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_and_the_end_of_a_conversation_reach_the_record_and_outlive_a_rebuild() {
    let place = Place::new().await;
    place.asks(&[(1, "Acme is down", 0)]);
    let inside = Inside::start(&place.home).await;
    mentions(&inside, 1).await;
    let post = only(&inside, "acme").id;
    let read = ThreadRead {
        source: "qa".to_owned(),
        post,
        conversation: post,
        at: inside.now(),
        next: None,
        ended: Some(overheard::model::event::ThreadEnd::Closed),
        engagement: Some(Engagement { likes: Some(70), replies: Some(9), shares: None }),
        accepted: None,
        closed: true,
        validators: None,
    };
    inside.daemon.writer.record(vec![Event::Thread(Box::new(read))]).await.unwrap();
    assert_eq!(inside.search("likes>60 replies=9").total, 1);
    let as_it_is = only(&inside, "acme");
    assert!(as_it_is.standing.closed);
    assert_eq!(inside.daemon.store.followed().unwrap(), []);
    let now = inside.stop().await;

    overheard::pipeline::data::Data::discard_views(&place.home.data()).unwrap();
    let inside = Inside::start_at(&place.home, now).await.unwrap();
    let rebuilt = only(&inside, "acme");
    assert_eq!(serde_json::to_value(rebuilt).unwrap(), serde_json::to_value(as_it_is).unwrap());
    assert_eq!(inside.daemon.store.followed().unwrap(), []);
    inside.stop().await;
}
