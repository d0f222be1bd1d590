//! Does what people correct change what is read, as far as it should, and can it be told why?

use super::*;
use crate::model::{Correction, Feedback, PostId, Timestamp};

fn read(value: f32, problem: f32) -> Sense {
    let class = match value {
        value if value < -0.2 => SentimentClass::Negative,
        value if value > 0.2 => SentimentClass::Positive,
        _ => SentimentClass::Neutral,
    };
    Sense { sentiment: Sentiment::Classified(Valence { value, confidence: 0.6, class }), problem, ..Sense::default() }
}

fn corrected(key: &str, text: &str, corrections: Vec<Correction>) -> Corrected {
    let mut corrected = Corrected::new(PostId::of(key), Timestamp(0));
    corrected.take(&Feedback {
        post: PostId::of(key),
        at: Timestamp(0),
        by: "ann".into(),
        note: None,
        corrections,
        title: String::new(),
        text: text.into(),
        lang: None,
    });
    corrected
}

fn sentiment(class: SentimentClass) -> Vec<Correction> {
    vec![Correction::Sentiment { class: Some(class) }]
}

fn label(label: Label, applies: bool) -> Vec<Correction> {
    vec![Correction::Label { label, applies: Some(applies) }]
}

fn relevance(relevant: bool) -> Vec<Correction> {
    vec![Correction::Relevance { watch: "acme".into(), relevant: Some(relevant) }]
}

/// Posts of which those about a parcel are bad news, and nobody could know.
fn parcels() -> Learned {
    let mut learned = Learned::default();
    let places = ["Basel", "Bern", "Chur", "Genf", "Zug", "Thun", "Biel", "Olten", "Aarau", "Baden"];
    for (number, place) in places.iter().enumerate() {
        let parcel = format!("The Acme parcel from {place} sits in the depot");
        learned.learn(
            &corrected(&format!("parcel {number}"), &parcel, sentiment(SentimentClass::Negative)),
            &read(0.0, 0.2),
        );
        let talk = format!("The Acme talk in {place} begins at nine");
        learned
            .learn(&corrected(&format!("talk {number}"), &talk, sentiment(SentimentClass::Neutral)), &read(0.0, 0.2));
    }
    learned
}

#[test]
fn nothing_is_changed_before_anything_was_corrected() {
    let untrained = read(-0.4, 0.7);
    let adjusted = Learned::default().adjust("A title", "Some text", &untrained);
    assert_eq!(adjusted, Adjusted { sense: untrained.clone(), moved: Vec::new() });
    assert_eq!(Learned::default().relevance("acme", "A title", "Some text", &untrained), None);
}

#[test]
fn a_text_like_corrected_ones_is_read_as_they_were_corrected_and_the_words_are_told() {
    let learned = parcels();
    let adjusted = learned.adjust("", "My parcel sits in the depot in Davos", &read(0.0, 0.2));
    assert_eq!(adjusted.sense.sentiment.class(), Some(SentimentClass::Negative));
    assert!(adjusted.sense.sentiment.value().unwrap() < -0.1);
    let said: Vec<&str> =
        adjusted.moved.iter().filter(|moved| moved.by < 0.0).map(|moved| moved.words.as_str()).collect();
    assert!(said.iter().any(|words| ["parcel", "sits", "depot", "sits in", "the depot"].contains(words)), "{said:?}");
    assert!(adjusted.moved.iter().all(|moved| moved.question == "sentiment"));

    let other = learned.adjust("", "The talk begins at noon", &read(0.0, 0.2));
    assert_eq!(other.sense.sentiment.class(), Some(SentimentClass::Neutral));
}

#[test]
fn corrections_taken_back_leave_the_untrained_reading() {
    let mut learned = parcels();
    for number in 0..10 {
        for sort in ["parcel", "talk"] {
            learned.forget(&PostId::of(&format!("{sort} {number}")).0);
        }
    }
    assert!(learned.is_empty());
    let untrained = read(0.1, 0.2);
    assert_eq!(learned.adjust("", "My parcel sits in the depot", &untrained).sense, untrained);
}

#[test]
fn two_corrections_of_one_post_count_as_the_later_one() {
    let mut learned = Learned::default();
    let text = "The new dashboard is something else";
    learned.learn(&corrected("a", text, sentiment(SentimentClass::Positive)), &read(0.0, 0.2));
    learned.learn(&corrected("a", text, sentiment(SentimentClass::Negative)), &read(0.0, 0.2));
    assert_eq!(learned.corrections(), 1);
    let [bad, _, good] = learned.classes("", text, &read(0.0, 0.2));
    assert!(bad > good, "{bad} {good}");
}

#[test]
fn learning_again_from_the_same_corrections_gives_the_same() {
    let text = "Where is my parcel? It sits in the depot!";
    let untrained = read(0.05, 0.3);
    assert_eq!(parcels().adjust("", text, &untrained), parcels().adjust("", text, &untrained));
}

#[test]
fn what_contradicts_itself_is_not_trusted() {
    let mut learned = Learned::default();
    // The same words with both answers by turns: there is nothing to learn.
    for number in 0..60 {
        let class = if number % 2 == 0 { SentimentClass::Negative } else { SentimentClass::Positive };
        let post = corrected(&number.to_string(), "The release is out", sentiment(class));
        learned.learn(&post, &read(0.0, 0.2));
    }
    let untrained = read(0.6, 0.1);
    let adjusted = learned.adjust("", "A fine release", &untrained);
    assert_eq!(adjusted.sense.sentiment.class(), Some(SentimentClass::Positive));
}

#[test]
fn an_outage_is_a_problem_too() {
    let mut learned = Learned::default();
    for number in 0..12 {
        let post = corrected(&format!("down {number}"), "The status page is all red", label(Label::Outage, true));
        learned.learn(&post, &read(0.0, 0.1));
        let post = corrected(&format!("up {number}"), "The blog has a new look", label(Label::Outage, false));
        learned.learn(&post, &read(0.0, 0.1));
    }
    let adjusted = learned.adjust("", "Is the status page red for you", &read(0.0, 0.1));
    assert!(adjusted.sense.problem > 0.5, "{adjusted:?}");
    let names = adjusted.sense.label_names();
    assert!(names.contains(&"problem".to_owned()) && names.contains(&"problem/outage".to_owned()), "{names:?}");
}

#[test]
fn a_label_that_people_take_away_goes_with_its_children() {
    let mut learned = Learned::default();
    let mut untrained = read(0.0, 0.7);
    for label in [Label::Problem, Label::Bug] {
        untrained.labels.push(Labelled { label, confidence: 0.7, cues: Vec::new() });
    }
    for number in 0..20 {
        let post = corrected(&number.to_string(), "A crash course in Acme", label(Label::Problem, false));
        learned.learn(&post, &untrained);
    }
    let adjusted = learned.adjust("", "Another crash course", &untrained);
    assert!(adjusted.sense.problem < 0.5);
    assert!(adjusted.sense.labels.is_empty(), "{:?}", adjusted.sense.labels);
}

#[test]
fn relevance_is_learned_for_each_watch() {
    let mut learned = Learned::default();
    for number in 0..10 {
        let anvil = corrected(&format!("anvil {number}"), "The coyote ordered an Acme anvil", relevance(false));
        learned.learn(&anvil, &read(0.0, 0.1));
        let cloud = corrected(&format!("cloud {number}"), "Acme Cloud has a new region", relevance(true));
        learned.learn(&cloud, &read(0.0, 0.1));
    }
    let of = |text: &str| learned.relevance("acme", "", text, &read(0.0, 0.1)).unwrap();
    let (anvil, cloud) = (of("Another coyote with an anvil"), of("Which cloud region"));
    assert!(anvil.likely < 0.5 && cloud.likely > 0.7, "{anvil:?} {cloud:?}");
    assert!(anvil.moved.iter().any(|moved| moved.by < 0.0 && moved.words.contains("anvil")), "{anvil:?}");
    assert_eq!(learned.relevance("other", "", "Another coyote", &read(0.0, 0.1)), None);
}

#[test]
fn a_correction_whose_words_are_gone_teaches_nothing_any_more() {
    let mut learned = parcels();
    let before = learned.corrections();
    let mut blank = corrected("parcel 1", "The Acme parcel from Bern sits", sentiment(SentimentClass::Negative));
    blank.blank();
    learned.learn(&blank, &read(0.0, 0.2));
    assert_eq!(learned.corrections(), before - 1);
}

#[test]
fn strange_texts_are_survived() {
    let mut learned = parcels();
    let long = "wörd ".repeat(5_000);
    for text in ["", " ", "@", "https://", "!!!", "not", "🙂🙃", "ﷺ\u{202e}abc", long.as_str()] {
        learned.learn(&corrected(text, text, sentiment(SentimentClass::Positive)), &Sense::default());
        let adjusted = learned.adjust(text, text, &read(0.0, 0.0));
        assert!(adjusted.sense.sentiment.value().unwrap().is_finite());
    }
}

#[test]
fn the_oldest_correction_goes_when_there_are_too_many() {
    let mut model: Linear<2> = Linear::default();
    model.room = 5;
    let features = Stream::new("", "acme").features(&Known(&Sense::default()));
    let key = |number: usize| PostId::of(&number.to_string()).0;
    for number in 0..6 {
        model.learn(key(number), &features, [0.0; 2], number % 2);
    }
    assert_eq!(model.len(), 5);
    assert_eq!((model.answer(&key(0)), model.answer(&key(1))), (None, Some(1)));
}
