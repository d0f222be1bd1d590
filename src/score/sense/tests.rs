//! Is a sentence read as a person would read it?

use super::*;
use crate::model::{Label, SentimentClass, Unclassified};

fn sense(text: &str) -> Sense {
    read(&Text { title: "", text, lang: None }, None)
}

fn about(name: &str, text: &str) -> Option<SentimentClass> {
    read(&Text { title: "", text, lang: None }, Some(&Names::new([name]))).sentiment.class()
}

/// Every sentence whose class is another one, with the words that moved it.
fn wrong(expected: SentimentClass, sentences: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for text in sentences {
        let sense = sense(text);
        if sense.sentiment.class() != Some(expected) {
            wrong.push(format!("{text} → {:?}, moved by {:?}", sense.sentiment, moved(text, &sense)));
        }
    }
    wrong
}

fn moved<'a>(text: &'a str, sense: &Sense) -> Vec<(&'a str, f32)> {
    sense.cues.iter().map(|cue| (&text[cue.span.start as usize..cue.span.end as usize], cue.sentiment)).collect()
}

#[test]
fn praise_is_positive() {
    let sentences = [
        "I love the new Initech editor",
        "Globex support was quick and friendly, thank you!",
        "Best router I have ever owned",
        "Works like a charm, highly recommend it",
        "no problems at all",
        "Had zero issues setting it up",
        "Never had an issue with Acme in five years",
        "Can't complain, it does what it should",
        "I couldn't be happier with my new bike",
        "Setup was easy and the docs are excellent",
        "Shout out to the team at Hooli, you made my day",
        "This update is sooo good",
        "Great job fixing that so fast :)",
        "The food was delicious and the staff friendly",
        "Honestly impressed by how well it runs",
        "It just works",
        "Kudos for the honest post-mortem",
        "👍 exactly what I needed",
        "The battery life is amazing",
        "Switched to Acme last year and never looked back, it's fantastic",
    ];
    assert_eq!(wrong(SentimentClass::Positive, &sentences), Vec::<String>::new());
}

#[test]
fn blame_is_negative() {
    let sentences = [
        "The app keeps crashing since the update",
        "Still waiting for a reply after three weeks",
        "I have been on hold for 2 hours",
        "My parcel never arrived and nobody answers",
        "Thanks for nothing, Globex",
        "This is not good at all",
        "I was charged twice for the same month",
        "Why is the dashboard so slow?",
        "Worst customer service ever",
        "You lost my suitcase again",
        "I'm done with this bank, closing my account",
        "The login page doesn't work",
        "It would have been nice if somebody had told us the shop is closed. Waste of time.",
        "What a joke",
        "Not happy with the quality",
        "The screen broke after two days",
        "never again",
        "Your website is down and I can't pay my bill",
        "The driver was rude and late",
        "I don't recommend this hotel",
        "It was great, but the last version is unusable",
        "Are you kidding me? Another price increase?",
        "😡 third time this week",
        "I expected better from you",
        "no response from support since Monday",
        "They refuse to refund me",
    ];
    assert_eq!(wrong(SentimentClass::Negative, &sentences), Vec::<String>::new());
}

#[test]
fn facts_questions_and_wishes_are_neutral() {
    let sentences = [
        "Support tickets are handled in the new portal",
        "The meeting is on Tuesday at ten",
        "Is Acme down?",
        "How do I export my data?",
        "Globex opens an office in Lisbon",
        "Version 3.2 adds a dark theme",
        "Does anybody know whether the shop is open today?",
        "What does the premium plan cost?",
        "We moved our servers to another rack",
        "I use Acme for backups and Globex for mail",
        "The security team publishes advisories on Mondays",
        "If it crashes, send us the log",
        "Please subscribe to the mailing list",
        "https://acme.example/notes",
    ];
    let classified: Vec<&str> = sentences.into_iter().filter(|text| !text.starts_with("https")).collect();
    assert_eq!(wrong(SentimentClass::Neutral, &classified), Vec::<String>::new());
}

#[test]
fn negation_turns_praise_and_softens_blame() {
    let value = |text: &str| sense(text).sentiment.value().unwrap();
    assert!(value("this is good") > 0.3 && value("this is not good") < -0.2);
    assert!(value("this is bad") < -0.3 && value("this is not bad") >= 0.0);
    assert!(value("I am happy") > 0.0 && value("I am not happy") < 0.0);
    assert!(value("there is a problem") < 0.0 && value("there is no problem") >= 0.0);
}

#[test]
fn emphasis_strengthens() {
    let value = |text: &str| sense(text).sentiment.value().unwrap();
    assert!(value("it is very good") > value("it is good"));
    assert!(value("it is GOOD") > value("it is good"));
    assert!(value("it is good!!!") > value("it is good"));
    assert!(value("it is slightly bad") > value("it is bad"));
    assert!(value("it is baaaad") < value("it is bad"));
}

#[test]
fn what_others_wrote_does_not_count() {
    let sentences = [
        "> this is terrible\nI love it",
        "Great tool!\n-- \nAngry Annie, worst mood in town",
        "Nice.\n```\nerror: crash\n```",
    ];
    assert_eq!(wrong(SentimentClass::Positive, &sentences), Vec::<String>::new());
}

#[test]
fn praise_of_another_is_not_praise_of_the_watched_name() {
    use SentimentClass::{Negative, Positive};
    let cases = [
        ("acme", "I love Acme but Globex is terrible", Positive),
        ("globex", "I love Acme but Globex is terrible", Negative),
        ("acme", "Globex is terrible. Acme is great.", Positive),
        ("globex", "Globex is terrible. Acme is great.", Negative),
        ("acme", "Globex is way better than Acme", Negative),
        ("globex", "Globex is way better than Acme", Positive),
        ("acme", "@acme thanks a lot! @globex you suck", Positive),
        ("acme cloud", "Acme Cloud is awesome", Positive),
        ("hooli", "@HooliSupport your service is awful", Negative),
    ];
    for (name, text, expected) in cases {
        assert_eq!(about(name, text), Some(expected), "{name}: {text}");
    }
}

#[test]
fn problems_are_likelier_than_what_is_none() {
    let problems = [
        "Site unreachable for an hour, 502 bad gateway everywhere",
        "I can't log in since this morning, please help",
        "Where is my order? It was promised for Friday",
        "You charged me twice and nobody replies",
        "The app crashes when I open the settings",
        "Our account was hacked and support does not answer",
        "Export stopped working after the latest update",
        "Been waiting 3 hours for a technician",
        "Anyone else having issues with Acme login?",
        "@globex why do I have to call again, this is the third time",
        "Received the wrong item and the return form gives an error",
    ];
    let others = [
        "no problems at all",
        "Support tickets are handled in the new portal",
        "Congrats on the launch!",
        "Love the new design",
        "Acme announces quarterly results https://acme.example/ir",
        "We are hiring a designer in Berlin",
        "Win a free ticket, follow us and retweet",
        "Works great, thank you",
        "Had a lovely day at the beach",
        "Globex and Acme sign a partnership",
        "Check out our new video",
    ];
    let likelihood = |text: &&str| (sense(text).problem, (*text).to_owned());
    let mut worst: Vec<_> = problems.iter().map(likelihood).collect();
    let mut best: Vec<_> = others.iter().map(likelihood).collect();
    worst.sort_by(|one, other| one.0.total_cmp(&other.0));
    best.sort_by(|one, other| other.0.total_cmp(&one.0));
    assert!(worst[0].0 >= 0.5, "{:?}", worst[0]);
    assert!(best[0].0 < 0.35, "{:?}", best[0]);
}

#[test]
fn labels_say_what_a_post_is_about() {
    let cases = [
        ("Is Acme down for anyone else? 503 service unavailable", Label::Outage),
        ("Major outage at Globex, everything offline", Label::Outage),
        ("Editor crashes with a null pointer exception when I save", Label::Bug),
        ("Steps to reproduce: open the menu, the app freezes", Label::Bug),
        ("My account got hacked and my data leaked", Label::Security),
        ("There is an XSS vulnerability in the comment form, please fix", Label::Security),
        ("I was charged twice, I want my money back", Label::Billing),
        ("Still no refund, you overcharged me last month", Label::Billing),
        ("Your customer service is terrible, nobody answers the phone", Label::Support),
        ("On hold for two hours, then they hung up on me", Label::Support),
        ("My package is late, tracking hasn't moved for a week", Label::Shipping),
        ("The parcel never arrived", Label::Shipping),
        ("How do I reset my password?", Label::Question),
        ("Does anyone know a good alternative?", Label::Question),
        ("It would be great if you could add an export to CSV", Label::Idea),
        ("Feature request: please support dark mode", Label::Idea),
        ("I love it, best app I have ever used", Label::Praise),
        ("Acme vs Globex: which one scales better?", Label::Comparison),
        ("Compared to Globex it is much faster than before", Label::Comparison),
        ("You idiots, go to hell", Label::Abuse),
        ("I'm cancelling my subscription and switching to Globex", Label::IntentToLeave),
        ("Never flying with you again", Label::IntentToLeave),
        ("Acme announces acquisition of Globex, shares rise", Label::News),
        ("Retweet to win a free trial, limited time giveaway", Label::Promotion),
        ("We're hiring! Apply now: senior engineer, remote position", Label::Job),
        ("Earn money from home fast, click here for free bitcoin", Label::Spam),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let found = sense(text);
        if !found.labels.iter().any(|labelled| labelled.label == expected) {
            wrong.push((text, expected.name(), found.label_names(), found.problem));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn labels_are_not_given_for_what_is_not_meant() {
    let cases = [
        ("no problems at all", Label::Problem),
        ("Support tickets are handled in the new portal", Label::Support),
        ("Never had an outage in five years", Label::Outage),
        ("This is not a bug", Label::Bug),
        ("I ordered lunch", Label::Shipping),
        ("The site is great", Label::Outage),
        ("What a lovely day", Label::Question),
        ("The launch video shows the new phone", Label::Promotion),
    ];
    for (text, unexpected) in cases {
        let found = sense(text);
        assert!(!found.labels.iter().any(|labelled| labelled.label == unexpected), "{text}: {:?}", found.labels);
    }
}

#[test]
fn a_label_tells_its_words() {
    let text = "I was charged twice and want my money back";
    let found = sense(text);
    let billing = found.labels.iter().find(|labelled| labelled.label == Label::Billing).unwrap();
    let words: Vec<&str> = billing.cues.iter().map(|span| &text[span.start as usize..span.end as usize]).collect();
    assert!(words.contains(&"charged twice"), "{words:?}");
}

#[test]
fn what_cannot_be_read_is_unclassified() {
    let why = |text: &str| match sense(text).sentiment {
        Sentiment::Unclassified(why) => Some(why),
        Sentiment::Classified(_) => None,
    };
    assert_eq!(why(""), Some(Unclassified::NoWords));
    assert_eq!(why("https://acme.example/1"), Some(Unclassified::NoWords));
    assert_eq!(why("> quoted only"), Some(Unclassified::NoWords));
    assert_eq!(why("Ich habe das gestern bestellt und es ist noch nicht da"), Some(Unclassified::NotEnglish));
    assert_eq!(why("Je ne suis pas content de la livraison"), Some(Unclassified::NotEnglish));
    assert_eq!(why("このアプリはとても便利です"), Some(Unclassified::NotEnglish));
    assert_eq!(why("приложение не работает"), Some(Unclassified::NotEnglish));
    assert_eq!(why("The café was great"), None);
    assert_eq!(why("great"), None);
    let stated = Text { title: "", text: "Acme Globex Initech", lang: Some("pl") };
    assert_eq!(read(&stated, None).sentiment, Sentiment::Unclassified(Unclassified::NotEnglish));
}

#[test]
fn a_title_is_read_with_its_text() {
    let found = read(&Text { title: "Acme is down again", text: "Since nine o'clock.", lang: Some("en") }, None);
    assert_eq!(found.sentiment.class(), Some(SentimentClass::Negative));
    assert_eq!(found.cues[0].span.field, Field::Title);
    assert!(found.labels.iter().any(|labelled| labelled.label == Label::Outage), "{:?}", found.labels);
}

#[test]
fn a_quarrel_has_two_sides_and_enough_voices() {
    let said = |values: &[f32]| values.iter().map(|value| Some(*value)).collect::<Vec<_>>();
    let quarrel = said(&[0.8, -0.7, 0.5, -0.9, -0.6, 0.7, -0.8, 0.6]);
    assert_eq!(controversial(&quarrel, None).unwrap().label, Label::Controversial);
    assert_eq!(controversial(&quarrel[..4], None), None, "four voices are no quarrel");
    assert_eq!(controversial(&said(&[0.8; 12]), None), None, "all agree");
    assert_eq!(controversial(&said(&[0.0; 12]), None), None, "nobody takes a side");
    let angry = said(&[-0.8; 12]);
    assert_eq!(controversial(&angry, Some(200)), None);
    assert!(controversial(&angry, Some(1)).is_some(), "twelve angry replies and one like");
    assert_eq!(controversial(&[None; 20], Some(0)), None, "nothing was read");
}

#[test]
fn any_bytes_are_read_without_harm() {
    let odd = [
        "a",
        "A",
        "1",
        "!",
        "?",
        "(",
        "but ",
        "a.",
        "not ",
        "#A",
        "\u{0}",
        "@",
        "#",
        "&",
        "&lt;3",
        "\\u2019",
        "\\u",
        ":",
        ":-",
        "''''",
        "…",
        "#'s",
        "don\\u2019t",
        "@@a",
        "#_",
        "a\u{301}",
        "🇨🇭👨‍👩‍👧",
        "`",
        "```",
        "> ",
        "-- \n",
        "3,",
        "1.2.3",
        "N'T",
        "n't",
        "\u{202e}abc",
        "ﬃ İ ß",
        "#Ü",
        "x'é",
    ];
    for text in odd {
        for around in [text.to_owned(), format!("it {text} is"), text.repeat(5_000)] {
            let found = sense(&around);
            assert!((0.0..=1.0).contains(&found.problem), "{text}");
            for cue in &found.cues {
                assert!(around.get(cue.span.start as usize..cue.span.end as usize).is_some(), "{text}");
            }
        }
    }
}

#[test]
fn of_a_long_text_the_start_and_the_end_are_read() {
    let filler = "the meeting went on and on. ".repeat(2_000);
    let end = format!("{filler} The app is terrible and crashes");
    let middle = format!("{filler} The app is terrible and crashes {filler}");
    assert!(!sense(&end).cues.is_empty());
    assert!(sense(&middle).cues.is_empty());
}
