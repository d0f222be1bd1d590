//! Which events and which stores do the tests of the store play with?

use std::collections::HashMap;
use std::path::Path;

use crate::model::event::{Decided, DeliveryAttempt, DeliveryResult, PageRead, Stub, ThreadRead, Validators};
use crate::model::{
    Alert, Correction, Counts, Day, DeafSource, Deafness, Digest, Engagement, Event, Feedback, Handle, Issue, JoinedBy,
    Label, Match, Memory, Outbox, Outcome, Position, Post, PostId, Progress, Reason, Score, SentimentClass,
    SourceState, StoryDecision, StoryId, SuppressedAlert, Timestamp, Update, View, flood_window,
};
use crate::store::memory::InMemory;
use crate::store::{Delivery, DeliveryFilter, Down, Flooded, Followed, HeldDay, Store, Story};

pub const DAY: i64 = 86_400_000;

/// Everything that the tests ask of a store.
pub trait AnyStore: View + Memory + Outbox {
    fn resolved(&self, story: StoryId) -> StoryId;
    fn told_story(&self, story: StoryId) -> Option<Story>;
    fn all_sources(&self) -> Vec<(String, SourceState)>;
    fn list(&self, filter: &DeliveryFilter) -> Vec<Delivery>;
    fn counted(&self, from: Timestamp) -> Vec<(Timestamp, String, Counts)>;
    fn swept(&self, now: Timestamp, configured: &dyn Fn(&str) -> bool);
    fn over(&self, today: Day) -> Vec<(String, Day)>;
    fn held_on(&self, watch: &str, day: Day) -> HeldDay;
    fn flooding(&self, now: Timestamp) -> Vec<(Timestamp, String)>;
    fn flooded_in(&self, receiver: &str, window: Timestamp) -> Flooded;
    fn all_issues(&self) -> Vec<Issue>;
    fn all_downs(&self) -> Vec<Down>;
    fn all_followed(&self) -> Vec<Followed>;
    fn all_blanked(&self) -> HashMap<PostId, Timestamp>;
}

impl AnyStore for Store {
    fn resolved(&self, story: StoryId) -> StoryId {
        self.resolve(story).unwrap()
    }
    fn told_story(&self, story: StoryId) -> Option<Story> {
        self.story(story).unwrap()
    }
    fn all_sources(&self) -> Vec<(String, SourceState)> {
        self.sources().unwrap()
    }
    fn list(&self, filter: &DeliveryFilter) -> Vec<Delivery> {
        self.deliveries(filter).unwrap()
    }
    fn counted(&self, from: Timestamp) -> Vec<(Timestamp, String, Counts)> {
        self.counts(from).unwrap()
    }
    fn swept(&self, now: Timestamp, configured: &dyn Fn(&str) -> bool) {
        self.sweep(now, configured).unwrap();
    }
    fn over(&self, today: Day) -> Vec<(String, Day)> {
        self.days_over(today).unwrap()
    }
    fn held_on(&self, watch: &str, day: Day) -> HeldDay {
        self.held(watch, day).unwrap()
    }
    fn flooding(&self, now: Timestamp) -> Vec<(Timestamp, String)> {
        self.floods_over(now).unwrap()
    }
    fn flooded_in(&self, receiver: &str, window: Timestamp) -> Flooded {
        self.flooded(receiver, window).unwrap()
    }
    fn all_issues(&self) -> Vec<Issue> {
        self.issues().unwrap()
    }
    fn all_downs(&self) -> Vec<Down> {
        self.downs().unwrap()
    }

    fn all_followed(&self) -> Vec<Followed> {
        self.followed().unwrap()
    }
    fn all_blanked(&self) -> HashMap<PostId, Timestamp> {
        self.blanked().unwrap()
    }
}

impl AnyStore for InMemory {
    fn resolved(&self, story: StoryId) -> StoryId {
        self.resolve(story)
    }
    fn told_story(&self, story: StoryId) -> Option<Story> {
        self.story(story)
    }
    fn all_sources(&self) -> Vec<(String, SourceState)> {
        self.sources()
    }
    fn list(&self, filter: &DeliveryFilter) -> Vec<Delivery> {
        self.deliveries(filter)
    }
    fn counted(&self, from: Timestamp) -> Vec<(Timestamp, String, Counts)> {
        self.counts(from)
    }
    fn swept(&self, now: Timestamp, configured: &dyn Fn(&str) -> bool) {
        self.sweep(now, configured);
    }
    fn over(&self, today: Day) -> Vec<(String, Day)> {
        self.days_over(today)
    }
    fn held_on(&self, watch: &str, day: Day) -> HeldDay {
        self.held(watch, day)
    }
    fn flooding(&self, now: Timestamp) -> Vec<(Timestamp, String)> {
        self.floods_over(now)
    }
    fn flooded_in(&self, receiver: &str, window: Timestamp) -> Flooded {
        self.flooded(receiver, window)
    }
    fn all_issues(&self) -> Vec<Issue> {
        self.issues()
    }
    fn all_downs(&self) -> Vec<Down> {
        self.downs()
    }

    fn all_followed(&self) -> Vec<Followed> {
        self.followed()
    }
    fn all_blanked(&self) -> HashMap<PostId, Timestamp> {
        self.blanked()
    }
}

/// A store that moves everything down to sled before the next frame.
pub fn without_room(dir: &Path) -> Store {
    let (store, _) = Store::open(dir).unwrap();
    take_room(&store);
    store
}

pub fn take_room(store: &Store) {
    store
        .write(|layers| {
            layers.room = 0;
            Ok(())
        })
        .unwrap();
}

pub fn id(number: u8) -> PostId {
    PostId([number; 10])
}

pub fn story(number: u8) -> StoryId {
    StoryId(id(number))
}

pub fn key(number: u8) -> [u8; 16] {
    [number; 16]
}

pub fn post(number: u8, at: i64) -> Post {
    Post {
        id: id(number),
        key: format!("acme:{number}"),
        source: "acme-blog".into(),
        kind: "rss".into(),
        site: "acme.example".into(),
        url: format!("https://acme.example/{number}"),
        canonical_url: format!("https://acme.example/{number}"),
        target: None,
        thread: None,
        post_type: Default::default(),
        title: "Acme is down".into(),
        text: "again".into(),
        author: None,
        published: None,
        updated: None,
        received: Timestamp(at),
        lang: None,
        tags: Vec::new(),
        links: Vec::new(),
        engagement: Default::default(),
    }
}

/// A post that opens a story of its own, under the key of its number.
pub fn opens(number: u8, at: i64) -> Decided {
    joins(number, number, at)
}

/// A post that joins the story that another one opened.
pub fn joins(number: u8, to: u8, at: i64) -> Decided {
    Decided {
        post: post(number, at),
        outcome: Outcome::Mention,
        content_hash: u64::from(number) * 100,
        matches: Vec::new(),
        story: StoryDecision {
            story: story(to),
            joined_by: (number != to).then_some(JoinedBy::SameText),
            absorbs: Vec::new(),
            keys: vec![key(number)],
            bands: Default::default(),
        },
        score: Score::default(),
        alerts: Vec::new(),
        held_back: Vec::new(),
        day: None,
        follow: false,
        answers: Vec::new(),
        standing: Default::default(),
        sense: None,
        corrected: None,
    }
}

pub fn absorbing(mut decided: Decided, absorbed: &[u8]) -> Decided {
    decided.story.absorbs = absorbed.iter().copied().map(story).collect();
    decided
}

/// The post raises an alert to a receiver; its id tells the story and the receiver.
pub fn alerting(mut decided: Decided, receiver: &str) -> Decided {
    decided.alerts.push(Alert {
        id: alert_id(decided.story.story.0.0[0], receiver),
        receiver: receiver.into(),
        story: decided.story.story,
        post: decided.post.clone(),
        matches: Vec::new(),
        score: Score::default(),
        reason: Reason { route: vec!["(default)".into()] },
        decided_at: decided.post.received,
        sample: false,
        digest: None,
        issue: None,
        sense: None,
    });
    decided
}

/// The post, and with it the alerts that it raised, was matched by these watches and decided on a local day of January 1970.
pub fn on_day(mut decided: Decided, day: i8, watches: &[&str]) -> Decided {
    let found = |watch: &&str| Match {
        watch: (*watch).into(),
        version: String::new(),
        role: Default::default(),
        owner: None,
        priority: Default::default(),
        clauses: Vec::new(),
    };
    decided.matches = watches.iter().map(found).collect();
    decided.alerts.iter_mut().for_each(|alert| alert.matches.clone_from(&decided.matches));
    Decided { day: Some(january(day)), ..decided }
}

pub fn january(day: i8) -> Day {
    jiff::civil::date(1970, 1, day)
}

/// The daily cap of a watch holds the post back from a receiver.
pub fn held_back(mut decided: Decided, watch: &str, receiver: &str, day: i8, score: u8) -> Decided {
    decided.score.total = score;
    let route = Reason { route: vec![format!("watch:{watch}")] };
    let (watch, receiver) = (watch.into(), receiver.into());
    decided.held_back.push(SuppressedAlert::DailyCap { receiver, watch, cap: 2, day: january(day), route });
    decided
}

/// The bound of a receiver holds the post back.
pub fn flooded(mut decided: Decided, receiver: &str, score: u8) -> Decided {
    decided.score.total = score;
    let window = flood_window(decided.post.received);
    let route = Reason { route: vec!["(default)".into()] };
    decided.held_back.push(SuppressedAlert::Flood { receiver: receiver.into(), cap: 2, window, route });
    decided
}

/// These are taken in again.
pub fn readmitted(marks: &[u8]) -> Vec<Event> {
    vec![Event::Readmitted { marks: marks.iter().map(|number| id(*number)).collect(), at: Timestamp(0) }]
}

/// A digest tells what the frames up to `through` held back from a receiver in the ten minutes of a moment.
pub fn flood_over(receiver: &str, at: i64, through: u64, alerts: Vec<Alert>) -> Vec<Event> {
    let (window, receiver) = (flood_window(Timestamp(at)), receiver.into());
    vec![Event::FloodOver { receiver, window, at: Timestamp(at), through: Position(through), alerts }]
}

/// A digest tells what the frames up to `through` held back.
pub fn day_over(watch: &str, day: i8, through: u64, alerts: Vec<Alert>) -> Vec<Event> {
    let at = Timestamp(i64::from(day) * DAY);
    vec![Event::DayOver { watch: watch.into(), day: january(day), at, through: Position(through), alerts }]
}

/// A digest to a receiver that stands for one story.
pub fn digest(of: u8, receiver: &str, day: i8) -> Alert {
    let mut decided = alerting(opens(of, i64::from(day) * DAY), receiver);
    let digest = Digest {
        watch: "acme".into(),
        cap: 2,
        day: january(day),
        stories: 1,
        listed: Vec::new(),
        coverage: None,
        flood: None,
    };
    let alert = decided.alerts.remove(0);
    Alert { id: format!("digest_{of:03}_{receiver}"), digest: Some(digest), ..alert }
}

pub fn alert_id(of: u8, receiver: &str) -> String {
    format!("alert_{of:03}_{receiver}")
}

/// A page in the middle of a poll.
pub fn page(source: &str, at: i64, posts: Vec<Decided>) -> PageRead {
    let counts = Counts { mention: posts.len() as u64, already_seen: 1, ..Counts::default() };
    PageRead { source: source.into(), at: Timestamp(at), posts, counts, ..PageRead::default() }
}

/// The last page of a poll, which leaves a cursor.
pub fn last_page(source: &str, at: i64, cursor: &str, posts: Vec<Decided>) -> PageRead {
    let progress = Some(Progress { cursor: Some(cursor.into()), ..Progress::default() });
    let validators = Some(Validators { etag: Some(format!("\"{cursor}\"")), ..Validators::default() });
    PageRead { progress, validators, ..page(source, at, posts) }
}

/// The page after compaction let go of these posts.
pub fn stubbed(page: PageRead, posts: &[u8]) -> PageRead {
    let stub = |number: &u8| Stub { post: id(*number), content_hash: u64::from(*number) * 100, story: story(*number) };
    PageRead { stubs: posts.iter().map(stub).collect(), ..page }
}

/// What is said anew of a post.
pub fn update(number: u8, replies: u64) -> Update {
    let engagement = Engagement { replies: Some(replies), ..Engagement::default() };
    Update { post: id(number), engagement, tags: Vec::new() }
}

/// The page says anew how many replies posts have that were seen already.
pub fn updating(page: PageRead, posts: &[(u8, u64)]) -> PageRead {
    PageRead { updates: posts.iter().map(|(number, replies)| update(*number, *replies)).collect(), ..page }
}

pub fn read(page: PageRead) -> Vec<Event> {
    vec![Event::Page(Box::new(page))]
}

pub fn delivery(of: u8, receiver: &str, at: i64, result: DeliveryResult) -> Vec<Event> {
    let alert = alert_id(of, receiver);
    vec![Event::Delivery(DeliveryAttempt { alert, receiver: receiver.into(), at: Timestamp(at), took_ms: 5, result })]
}

pub fn delivered(of: u8, receiver: &str, at: i64, handle: Option<&str>) -> Vec<Event> {
    let handle = handle.map(|handle| Handle(handle.into()));
    delivery(of, receiver, at, DeliveryResult::Delivered { handle })
}

pub fn retry(of: u8, receiver: &str, at: i64, next: i64) -> Vec<Event> {
    delivery(of, receiver, at, DeliveryResult::Retry { why: "HTTP 503".into(), next: Timestamp(next) })
}

pub fn dead(of: u8, receiver: &str, at: i64) -> Vec<Event> {
    delivery(of, receiver, at, DeliveryResult::Dead { why: "HTTP 400".into() })
}

pub fn replayed(of: u8, receiver: &str, at: i64) -> Vec<Event> {
    vec![Event::Replayed { alert: alert_id(of, receiver), at: Timestamp(at), by: "ana".into() }]
}

pub fn expired(posts: &[u8], at: i64) -> Vec<Event> {
    vec![Event::Expired { posts: posts.iter().copied().map(id).collect(), at: Timestamp(at) }]
}

pub fn issue(number: u8, closed: Option<i64>) -> Vec<Event> {
    let source = DeafSource {
        source: "blog".into(),
        kind: "rss".into(),
        reason: Deafness::Blocked,
        why: "HTTP 403".into(),
        since: Timestamp(i64::from(number)),
        until: closed.map(Timestamp),
    };
    let issue = Issue {
        id: format!("issue_{number}"),
        subject: "acme.example".into(),
        sources: vec![source],
        opened: Timestamp(i64::from(number)),
        closed: closed.map(Timestamp),
    };
    let mut decided = alerting(opens(number, i64::from(number)), "it");
    let id = format!("alert_of_{}", issue.id);
    let alert = Alert { id, issue: Some(issue.clone()), ..decided.alerts.remove(0) };
    vec![Event::Issue { issue: Box::new(issue), alerts: vec![alert] }]
}

pub fn down(from: i64, until: i64) -> Vec<Event> {
    vec![Event::Down { from: Timestamp(from), until: Timestamp(until) }]
}

pub fn forgotten(posts: &[u8], authors: &[u8]) -> Vec<Event> {
    let ids = |numbers: &[u8]| numbers.iter().copied().map(id).collect();
    vec![Event::Forgotten { posts: ids(posts), authors: ids(authors), at: Timestamp(0) }]
}

/// A person says something of a post; `what` tells which.
pub fn feedback(post: u8, at: i64, what: u8) -> Vec<Event> {
    let correction = match what {
        0 => Correction::Relevance { watch: "acme".into(), relevant: Some(true) },
        1 => Correction::Sentiment { class: Some(SentimentClass::Negative) },
        2 => Correction::Label { label: Label::Bug, applies: Some(false) },
        3 => Correction::Sentiment { class: None },
        _ => Correction::Everything,
    };
    vec![Event::Feedback(Box::new(Feedback {
        post: id(post),
        at: Timestamp(at),
        by: "ana".into(),
        note: Some("seen".into()),
        corrections: vec![correction],
        title: String::new(),
        text: format!("post {post}"),
        lang: None,
    }))]
}

pub fn deleted(posts: &[u8], at: i64) -> Vec<Event> {
    vec![Event::Deleted { posts: posts.iter().copied().map(id).collect(), at: Timestamp(at) }]
}

/// The post is a mention whose conversation, that of `root`, is to be followed.
pub fn following(mut decided: Decided, root: u8) -> Decided {
    decided.post.thread = (decided.post.id != id(root)).then(|| id(root));
    let decided = on_day(decided, 1, &["acme"]);
    Decided { follow: true, day: None, ..decided }
}

/// The post is a reply of the team that answers others.
pub fn answering(mut decided: Decided, root: u8, answers: &[u8]) -> Decided {
    decided.post.thread = Some(id(root));
    decided.answers = answers.iter().copied().map(id).collect();
    decided
}

/// A conversation was read again, and is next at some moment.
pub fn thread(root: u8, at: i64, next: Option<i64>, accepted: Option<u8>, closed: bool) -> Vec<Event> {
    vec![Event::Thread(Box::new(ThreadRead {
        source: "blog".into(),
        post: id(root),
        conversation: id(root),
        at: Timestamp(at),
        next: next.map(Timestamp),
        ended: None,
        engagement: accepted.map(|replies| update(root, u64::from(replies)).engagement),
        accepted: accepted.map(id),
        closed,
        validators: Some(Validators { etag: Some(at.to_string()), ..Validators::default() }),
    }))]
}

pub fn gone(source: &str, at: i64) -> Vec<Event> {
    vec![Event::SourceGone { source: source.into(), at: Timestamp(at), why: "HTTP 410".into() }]
}
