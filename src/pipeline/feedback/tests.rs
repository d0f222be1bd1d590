//! Is feedback checked before it is taken, and is precision counted right?

use super::*;
use crate::model::{Match, Outcome, Post, Priority, Role, Score, Standing, StoryId};

fn record(watches: &[&str]) -> Record {
    let post = Post { text: "Acme is down".into(), ..Post::bare("hn:1", Timestamp(0)) };
    let found = |watch: &&str| Match {
        watch: (*watch).to_owned(),
        version: String::new(),
        role: Role::Brand,
        owner: None,
        priority: Priority::Normal,
        clauses: Vec::new(),
    };
    Record {
        story: StoryId(post.id),
        post,
        outcome: Outcome::Mention,
        score: Score::default(),
        matches: watches.iter().map(found).collect(),
        alerts: Vec::new(),
        held_back: Vec::new(),
        standing: Standing::default(),
        sense: None,
        corrected: None,
        bands: Default::default(),
    }
}

fn order() -> FeedbackOrder {
    FeedbackOrder { post: "hn:1".into(), ..FeedbackOrder::default() }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_contradicts_itself_or_means_nothing_is_refused_with_a_reason() {
    let none = order();
    let both = FeedbackOrder { labels: names(&["bug"]), not_labels: names(&["problem/bug"]), ..order() };
    let child = FeedbackOrder { labels: names(&["outage"]), not_labels: names(&["problem"]), ..order() };
    let word = FeedbackOrder { sentiment: Some("angry".into()), ..order() };
    let label = FeedbackOrder { labels: names(&["outtage"]), ..order() };
    let watch = FeedbackOrder { relevant: Some(true), watch: Some("beta".into()), ..order() };
    let alone = FeedbackOrder { watch: Some("acme".into()), ..order() };
    let more = FeedbackOrder { take_back: true, relevant: Some(true), ..order() };
    let long = FeedbackOrder { relevant: Some(true), note: Some("x".repeat(2_001)), ..order() };
    let cases = [
        (none, "nothing is said of the post: say whether it is relevant, its sentiment, or a label"),
        (both, "the post cannot both have and not have the label `problem/bug`"),
        (
            child,
            "the post cannot have the label `problem/outage` and not `problem`: whatever has the one has the other",
        ),
        (
            word,
            "there is no sentiment `angry`; it is negative, neutral or positive, or none to take back what was said",
        ),
        (label, "there is no label `outtage`"),
        (watch, "watch `beta` did not find this post; it was found by acme"),
        (alone, "`watch` says for which watch the post is relevant or not, and goes with one of the two"),
        (more, "take_back stands alone: it takes back everything that was said of the post"),
        (long, "a note or a name is longer than 2000 bytes"),
    ];
    for (order, expected) in cases {
        assert_eq!(checked(&order, &record(&["acme"]), Timestamp(1)).unwrap_err().to_string(), expected);
    }
    let unmatched = FeedbackOrder { relevant: Some(false), ..order() };
    assert!(matches!(checked(&unmatched, &record(&[]), Timestamp(1)), Err(FeedbackError::NoWatch)));
}

#[test]
fn an_unknown_label_hints_at_the_one_that_was_meant() {
    let order = FeedbackOrder { labels: names(&["outtage"]), ..order() };
    let error = checked(&order, &record(&["acme"]), Timestamp(1)).unwrap_err();
    assert_eq!(error.hint(), Some("did you mean `outage`?".to_owned()));
}

#[test]
fn without_a_watch_all_that_found_the_post_are_meant() {
    let order = FeedbackOrder { relevant: Some(false), by: Some(" ann ".into()), ..order() };
    let feedback = checked(&order, &record(&["acme", "cloud"]), Timestamp(1)).unwrap();
    let said = |watch: &str| Correction::Relevance { watch: watch.into(), relevant: Some(false) };
    assert_eq!(feedback.corrections, [said("acme"), said("cloud")]);
    assert_eq!((feedback.by.as_str(), feedback.text.as_str()), ("ann", "Acme is down"));
}

#[test]
fn precision_is_counted_for_each_watch_with_its_interval() {
    let mut all = Vec::new();
    for number in 0..10 {
        let mut corrected = Corrected::new(PostId::of(&number.to_string()), Timestamp(number));
        let said = Said { what: number < 8, at: Timestamp(number), by: "ann".into(), note: None };
        corrected.relevance.insert("acme".into(), said);
        all.push(corrected);
    }
    let found = precision(&all, &["acme", "quiet"]);
    assert_eq!((found[0].relevant, found[0].not_relevant, found[0].precision), (8, 2, Some(0.8)));
    // By the formula of Wilson (1927) for 8 of 10.
    let (low, high) = (found[0].low.unwrap(), found[0].high.unwrap());
    assert!((low - 0.4902).abs() < 1e-4 && (high - 0.9433).abs() < 1e-4, "{low} {high}");
    assert_eq!((found[1].watch.as_str(), found[1].precision, found[1].low), ("quiet", None, None));
}
