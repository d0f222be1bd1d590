//! Does a score add up, and does each signal say what it should?

use super::*;
use crate::model::{
    Author, ClauseHit, Duration, Engagement, Field, Label, Labelled, PostId, PostType, Priority, Role, Sentiment,
    SentimentClass, Span, Unclassified, Valence,
};

fn post(age: Duration, likes: Option<u64>) -> Post {
    let now = Timestamp(0) + Duration::days(100);
    Post {
        id: PostId::of("k"),
        key: "k".into(),
        source: "forum".into(),
        kind: "discourse".into(),
        site: "a.example".into(),
        url: "https://a.example/1".into(),
        canonical_url: "https://a.example/1".into(),
        target: None,
        thread: None,
        post_type: PostType::Story,
        title: "Acme is down".into(),
        text: String::new(),
        author: Some(Author { name: "Kim".into(), handle: "kim".into(), url: None }),
        published: Some(now - age),
        updated: None,
        received: now,
        lang: None,
        tags: Vec::new(),
        links: Vec::new(),
        engagement: Engagement { likes, ..Engagement::default() },
    }
}

fn hit(clause: &str, field: Field, start: u32, end: u32) -> ClauseHit {
    ClauseHit { clause: clause.into(), spans: vec![Span { field, start, end }] }
}

fn found(role: Role, priority: Priority, clauses: Vec<ClauseHit>) -> Match {
    Match { watch: "w".into(), version: "0".into(), role, owner: None, priority, clauses }
}

/// A sight of nothing but a post that a usual watch found.
struct Scene {
    post: Post,
    matches: Vec<Match>,
    baselines: Baselines,
    sense: Option<Sense>,
    story: StoryPace,
    answered: bool,
    own_link: Option<&'static str>,
    scoring: Scoring,
}

impl Scene {
    fn new(post: Post) -> Self {
        Self {
            matches: vec![found(Role::Brand, Priority::Normal, Vec::new())],
            baselines: Baselines::default(),
            sense: None,
            story: StoryPace { others: 0, opened_at: post.received },
            answered: false,
            own_link: None,
            scoring: Scoring::default(),
            post,
        }
    }

    fn score(&self) -> Score {
        score(&Sight {
            post: &self.post,
            matches: &self.matches,
            now: self.post.received,
            baselines: &self.baselines,
            sense: self.sense.as_ref(),
            story: self.story,
            answered: self.answered,
            own_link: self.own_link,
            scoring: &self.scoring,
        })
    }

    /// Points and reason of one signal.
    fn part(&self, signal: &str) -> Option<(f32, String)> {
        let score = self.score();
        score.parts.into_iter().find(|part| part.signal == signal).map(|part| (part.points, part.why))
    }

    fn points(&self, signal: &str) -> Option<f32> {
        self.part(signal).map(|(points, _)| points)
    }
}

fn with_clauses(clauses: Vec<ClauseHit>) -> Score {
    let scene = Scene::new(post(Duration(0), None));
    Scene { matches: vec![found(Role::Brand, Priority::Normal, clauses)], ..scene }.score()
}

fn felt(value: f32, class: SentimentClass) -> Option<Sense> {
    let valence = Valence { value, confidence: 0.5, class };
    Some(Sense { sentiment: Sentiment::Classified(valence), ..Sense::default() })
}

fn labelled(labels: &[Label]) -> Option<Sense> {
    let labels = labels.iter().map(|label| Labelled { label: *label, confidence: 1.0, cues: Vec::new() });
    Some(Sense { labels: labels.collect(), ..Sense::default() })
}

#[test]
fn the_total_is_the_rounded_sum_of_the_parts() {
    let scene = Scene::new(post(Duration::hours(12), Some(31)));
    let score = scene.score();
    let sum: f32 = score.parts.iter().map(|part| part.points).sum();
    assert_eq!(f32::from(score.total), sum.round());
    assert_eq!(scene.points("freshness"), Some(5.0));
}

#[test]
fn the_weights_share_a_hundred_points_and_nought_leaves_a_signal_out() {
    let mut scene = Scene::new(post(Duration(0), None));
    let only = Weights { freshness: 3.0, priority: 1.0, ..none() };
    scene.scoring.weights = only;
    assert_eq!(scene.points("freshness"), Some(75.0));
    assert_eq!(scene.points("relevance"), None);
}

/// No signal counts.
fn none() -> Weights {
    Weights {
        relevance: 0.0,
        priority: 0.0,
        sentiment: 0.0,
        label: 0.0,
        engagement: 0.0,
        velocity: 0.0,
        authority: 0.0,
        freshness: 0.0,
        question: 0.0,
        own_link: 0.0,
    }
}

#[test]
fn a_title_weighs_more_than_a_text_and_closeness_adds() {
    let in_text = with_clauses(vec![hit("acme", Field::Text, 0, 4)]);
    let in_title = with_clauses(vec![hit("acme", Field::Title, 0, 4)]);
    let close = with_clauses(vec![hit("acme", Field::Title, 0, 4), hit("down", Field::Title, 8, 12)]);
    let far = with_clauses(vec![hit("acme", Field::Title, 0, 4), hit("down", Field::Title, 80, 84)]);
    let inside = with_clauses(vec![hit("acme", Field::Title, 0, 4), hit("\"acme is\"", Field::Title, 0, 7)]);
    assert!(!inside.parts[0].why.contains("close"), "{}", inside.parts[0].why);
    let points = [&in_text, &in_title, &far, &close].map(|score| score.parts[0].points);
    assert!(points.is_sorted_by(|less, more| less < more), "{points:?}");
    assert!(close.parts[0].why.contains("acme close to down"), "{}", close.parts[0].why);
}

#[test]
fn the_watch_that_matters_most_speaks_for_the_post() {
    let scene = Scene::new(post(Duration(0), None));
    let matches = vec![
        found(Role::Topic, Priority::Low, Vec::new()),
        found(Role::Competitor, Priority::High, Vec::new()),
        found(Role::Brand, Priority::Normal, Vec::new()),
    ];
    let scene = Scene { matches, ..scene };
    assert_eq!(scene.part("priority"), Some((9.0, "w watches a competitor with high priority".to_owned())));
}

#[test]
fn bad_weighs_more_than_good_and_what_is_not_read_weighs_nothing() {
    let points = |sense| Scene { sense, ..Scene::new(post(Duration(0), None)) }.points("sentiment");
    assert_eq!(points(felt(-1.0, SentimentClass::Negative)), Some(4.0));
    assert_eq!(points(felt(1.0, SentimentClass::Positive)), Some(1.6));
    assert_eq!(points(felt(0.0, SentimentClass::Neutral)), None);
    let foreign = Sense { sentiment: Sentiment::Unclassified(Unclassified::NotEnglish), ..Sense::default() };
    assert_eq!(points(Some(foreign)), None);
    assert_eq!(points(None), None);
}

#[test]
fn the_gravest_label_counts() {
    let part =
        |labels: &[Label]| Scene { sense: labelled(labels), ..Scene::new(post(Duration(0), None)) }.part("label");
    assert_eq!(part(&[Label::Praise, Label::Outage]), Some((14.0, "problem/outage (100 % sure)".to_owned())));
    assert_eq!(part(&[Label::Job]), None);
    assert_eq!(part(&[]), None);
}

#[test]
fn a_story_is_fast_by_posts_an_hour_and_its_first_post_is_not() {
    let scene = |others, age: Duration| {
        let post = post(Duration(0), None);
        let opened_at = post.received - age;
        Scene { story: StoryPace { others, opened_at }, ..Scene::new(post) }
    };
    assert_eq!(scene(0, Duration::hours(1)).points("velocity"), None);
    let (slow, fast) = (scene(8, Duration::hours(48)), scene(8, Duration::hours(2)));
    assert!(slow.points("velocity") < fast.points("velocity"));
    assert_eq!(scene(400, Duration::hours(1)).points("velocity"), Some(8.0));
    assert_eq!(scene(1, Duration(0)).part("velocity").unwrap().1, "1 other post of its story in 1h");
}

#[test]
fn engagement_is_rated_within_its_source_once_that_is_known() {
    let mut popular = Scene::new(post(Duration(0), Some(30)));
    for likes in 0..40 {
        popular.baselines.learn(&post(Duration(0), Some(likes)));
    }
    let (points, why) = popular.part("engagement").unwrap();
    assert_eq!(points, 9.0);
    assert!(why.contains("more than 75 %"), "{why}");
}

#[test]
fn a_site_without_counts_gives_no_engagement_part() {
    assert_eq!(Scene::new(post(Duration(0), None)).points("engagement"), None);
}

#[test]
fn authority_is_configured_or_earned_and_strangers_have_none() {
    let mut scene = Scene::new(post(Duration(0), Some(30)));
    assert_eq!(scene.points("authority"), None);
    let stranger = |likes| Post { author: None, ..post(Duration(0), Some(likes)) };
    (0..40).for_each(|likes| scene.baselines.learn(&stranger(likes)));
    (0..4).for_each(|_| scene.baselines.learn(&post(Duration(0), Some(39))));
    let earned = scene.part("authority").unwrap();
    assert_eq!(earned.0, 4.0);
    assert!(earned.1.starts_with("4 of the author's last 4 posts"), "{}", earned.1);
    scene.scoring.authority.insert("a.example".to_owned(), 0.5);
    assert_eq!(scene.points("authority"), Some(2.0));
    scene.scoring.authority.insert("kim@a.example".to_owned(), 0.0);
    assert_eq!(scene.points("authority"), Some(0.0), "an author goes before a site");
}

#[test]
fn a_question_counts_until_the_team_answers() {
    let asked = |replies, answered| {
        let mut scene = Scene { sense: labelled(&[Label::Question]), answered, ..Scene::new(post(Duration(0), None)) };
        scene.post.engagement.replies = replies;
        scene.points("question")
    };
    assert_eq!(asked(Some(0), false), Some(4.0));
    assert_eq!(asked(Some(3), false), Some(1.2));
    assert_eq!(asked(None, false), Some(4.0));
    assert_eq!(asked(Some(0), true), None);
    assert_eq!(Scene::new(post(Duration(0), None)).points("question"), None);
}

#[test]
fn a_link_to_a_page_of_ours_counts() {
    let scene = Scene { own_link: Some("https://acme.example/status"), ..Scene::new(post(Duration(0), None)) };
    assert_eq!(scene.part("own_link"), Some((2.0, "links to https://acme.example/status".to_owned())));
}
