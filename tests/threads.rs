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
async fn what_a_poll_says_anew_of_a_known_post_reaches_the_record_once_and_outlives_a_rebuild() {
    let place = Place::new().await;
    // A conversation that is followed has counts of its own.
    place.home.write("config/daemon.toml", &DAEMON.replace("follow_score = 0", "follow_score = 100"));
    place.asks(&[(1, "Acme is down", 0), (2, "Something else", 200)]);
    let inside = Inside::start(&place.home).await;
    mentions(&inside, 1).await;
    place.asks(&[(1, "Acme is down", 4), (2, "Something else", 201)]);
    inside.until("the second poll", async || (inside.health("qa").counts.total() >= 4).then_some(())).await;
    let counts = inside.health("qa").counts;
    assert_eq!((counts.already_seen, counts.edited, counts.total()), (2, 0, 4));
    assert_eq!(inside.search("replies=4").total, 1);
    assert_eq!(inside.search("replies=200").total, 1, "one more of many is not worth writing it anew");
    let updates = |inside: &Inside| {
        let events =
            inside.daemon.history().replay(overheard::model::Position(0)).flatten().flat_map(|(_, events)| events);
        events.map(|event| if let Event::Page(read) = event { read.updates.len() } else { 0 }).sum::<usize>()
    };
    inside.next_poll("qa").await;
    assert_eq!(updates(&inside), 1, "and the next poll says nothing new");
    let now = inside.stop().await;

    overheard::pipeline::data::Data::discard_views(&place.home.data()).unwrap();
    let inside = Inside::start_at(&place.home, now).await.unwrap();
    assert_eq!(inside.search("replies=4").total, 1);
    inside.next_poll("qa").await;
    assert_eq!(updates(&inside), 1);
    inside.stop().await;
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
        engagement: Some(Engagement { likes: Some(70), replies: Some(9), ..Engagement::default() }),
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

/// A daemon with one source that follows every mention, and where its posts stand.
async fn follows(source: &str) -> (Web, Home, Collector) {
    let (web, hook) = (Web::start().await, Collector::start().await);
    let source = source.replace("FORUM", &web.url("forum.test", "")).replace("HN", &web.url("hn.test", "/api/v1"));
    let home = Home::new(&source, &hook);
    home.write("config/daemon.toml", DAEMON);
    (web, home, hook)
}

/// Lets time pass until the conversation with this root is followed no more.
async fn over(inside: &Inside, root: PostId) {
    let over = async || inside.daemon.store.followed_in(root).unwrap().is_none().then_some(());
    inside.until("the end of the conversation", over).await;
}

fn json(value: &serde_json::Value) -> Page {
    Page::json(&value.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forum_says_what_was_accepted_that_a_topic_is_closed_and_that_one_was_deleted() {
    let source = "[[source]]\nname = \"qa\"\nkind = \"discourse\"\nurl = \"FORUM\"\nevery = \"5m\"\n";
    let (web, home, _hook) = follows(source).await;
    let post = |topic: u64, number: u64, text: &str| {
        serde_json::json!({ "id": topic * 100 + number, "topic_id": topic, "post_number": number, "post_type": 1,
            "username": "sam", "topic_title": format!("Acme {topic}"), "topic_slug": "acme", "cooked": text,
            "created_at": "2026-09-21T14:13:20.000Z", "updated_at": "2026-09-21T14:13:20.000Z" })
    };
    let topics = [post(1, 1, "<p>It does not start.</p>"), post(2, 1, "<p>Who else?</p>")];
    web.set("forum.test", "/posts.json", json(&serde_json::json!({ "latest_posts": topics })));
    let topic = |topic: u64, posts: &[serde_json::Value]| {
        serde_json::json!({ "id": topic, "title": format!("Acme {topic}"), "slug": "acme", "posts_count": posts.len(),
            "closed": false, "archived": false, "post_stream": { "posts": posts } })
    };
    web.set("forum.test", "/t/1.json", json(&topic(1, &topics[..1])));
    web.set("forum.test", "/t/2.json", json(&topic(2, &topics[1..])));
    let inside = Inside::start(&home).await;
    mentions(&inside, 2).await;
    let (first, second) = (only(&inside, "starts OR start"), only(&inside, "else"));
    assert!(!first.standing.closed && inside.daemon.store.followed().unwrap().len() == 2);

    let mut closed = topic(1, &[topics[0].clone(), post(1, 2, "<p>Switch it on.</p>")]);
    closed["closed"] = true.into();
    closed["accepted_answer"] = serde_json::json!({ "post_number": 2, "username": "sam" });
    web.set("forum.test", "/t/1.json", json(&closed));
    let mut deleted = topic(2, &topics[1..]);
    deleted["deleted_at"] = "2026-09-21T15:00:00.000Z".into();
    web.set("forum.test", "/t/2.json", json(&deleted));
    inside.hands.advance(minutes(11));
    over(&inside, first.id).await;
    over(&inside, second.id).await;

    let reply = only(&inside, "switch");
    let first = only(&inside, "start");
    assert_eq!((first.standing.closed, first.standing.accepted), (true, Some(reply.id)));
    assert_eq!((first.engagement.replies, inside.search(&format!("thread:{}", first.id)).total), (Some(1), 2));
    assert_eq!(inside.search("else").total, 0, "its words are not kept");
    let second = inside.search("").results.into_iter().find(|found| found.id == second.id).unwrap();
    assert!(second.standing.deleted.is_some() && second.title.text.is_empty() && second.author.is_none());
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_hacker_news_took_away_loses_its_words_and_is_followed_no_more() {
    let source = "[[source]]\nname = \"qa\"\nkind = \"hacker_news\"\nurl = \"HN\"\nevery = \"5m\"\n";
    let (web, home, _hook) = follows(source).await;
    let hits = serde_json::json!({ "nbPages": 1, "hits": [{ "objectID": "7", "title": "Acme is down", "author": "sam",
        "points": 3, "num_comments": 0, "created_at_i": START.seconds(), "_tags": ["story"] }] });
    web.set("hn.test", "/api/v1/search_by_date", json(&hits));
    let comment = serde_json::json!({ "id": 8, "text": "Works for me", "author": "kim", "story_id": 7, "parent_id": 7,
        "created_at_i": START.seconds() + 60, "children": [] });
    let item = serde_json::json!({ "id": 7, "type": "story", "title": "Acme is down", "author": "sam", "points": 40,
        "story_id": 7, "children": [comment] });
    web.set("hn.test", "/api/v1/items/7", json(&item));
    let inside = Inside::start(&home).await;
    mentions(&inside, 1).await;
    let root = PostId::of("hn:7");
    inside.hands.advance(minutes(11));
    inside.until("the reading", async || (inside.search("likes=40").total == 1).then_some(())).await;
    assert_eq!(inside.search(&format!("thread:{root}")).total, 2);

    let dead = serde_json::json!({ "id": 7, "type": "story", "title": null, "author": null, "text": null, "url": null,
        "points": null, "story_id": 7, "children": [comment] });
    web.set("hn.test", "/api/v1/items/7", json(&dead));
    inside.hands.advance(minutes(25));
    over(&inside, root).await;
    let found = inside.search("").results.into_iter().find(|found| found.id == root).unwrap();
    assert!(found.standing.deleted.is_some() && found.title.text.is_empty() && found.author.is_none());
    assert_eq!((found.engagement.likes, inside.search("works").total), (Some(40), 1), "counts and replies stay");
    inside.stop().await;
}
