//! Are copies known whatever was done to them, and do strangers stay strangers?

use super::*;

fn sketch(text: &str) -> Sketch {
    Sketch::new(&Words::new("", text), &Commons::default())
}

fn same(a: &str, b: &str) -> bool {
    let (a, b) = (sketch(a), sketch(b));
    let (there, back) = (verify(&a, &b).is_some(), verify(&b, &a).is_some());
    assert_eq!(there, back, "both ways");
    there
}

const TITLE: &str = "Acme Cloud confirms that customer anvils were lost during the migration";
const RELEASE: &str = "Acme Corporation announced today that its new anvil, the Anvil Pro, will be available in all \
    regions from the first of May. The company said that the product weighs half as much as its predecessor and \
    falls twice as fast. Analysts had expected the launch earlier this year, but supply problems in the foundry \
    delayed it. Customers who ordered before winter receive theirs first, free of charge. The chief executive \
    called it the most important release since the rocket skates, and thanked the team in the desert.";

#[test]
fn what_was_done_to_a_copy_does_not_hide_it() {
    for (edit, copy) in [
        ("cut", "Acme Cloud confirms that customer anvils were lost…"),
        ("mistyped", "Acme Clodu confrms that custmer anvils were lost durign the migrationn"),
        ("a space lost", "Acme Cloud confirms that customeranvils were lost during themigration"),
        ("another word", "Acme Cloud admits that customer anvils were lost during the migration"),
        ("via", "Acme Cloud confirms that customer anvils were lost during the migration via @roadrunner"),
        ("site", "Acme Cloud confirms that customer anvils were lost during the migration | The Daily Anvil"),
        ("retweet", "RT @coyote: Acme Cloud confirms that customer anvils were lost during the migration"),
        ("said", "The Daily Anvil said: \"Acme Cloud confirms that customer anvils were lost during the migration\""),
        ("quoted", "coyote wrote:\n> Acme Cloud confirms that customer anvils were lost during the migration"),
        ("address", "Acme Cloud confirms that customer anvils were lost during the migration https://t.example/1f"),
        ("capitals", "ACME CLOUD CONFIRMS THAT CUSTOMER ANVILS WERE LOST DURING THE MIGRATION!!!"),
    ] {
        assert!(same(TITLE, copy), "{edit}");
    }
}

#[test]
fn strangers_with_words_in_common_stay_strangers() {
    for (why, a, b) in [
        ("another build", "Your build #123 failed on main", "Your build #124 failed on main"),
        ("another month", "Ask: who is hiring engineers? (July)", "Ask: who is hiring engineers? (June)"),
        ("another version", "Anvil Pro 4.1 released for all platforms", "Anvil Pro 4.2 released for all platforms"),
        ("one phrase", "Visual Anvil Studio is now open source", "Visual Anvil Studio for beginners"),
        ("both go on", "State of emergency in the foundry", "Coyote declares state of emergency after a fall"),
        ("politeness", "@acme thanks for your help", "@acme thanks for your quick answer"),
        (
            "the opposite",
            "The anvil dashboard in Frankfurt is up again, thanks to everyone",
            "The anvil dashboard in Frankfurt is down again, thanks to everyone",
        ),
        (
            "denied",
            "The support answered and I would recommend the anvil to others",
            "The support answered and I would not recommend the anvil to others",
        ),
        (
            "another release",
            "Anvil CLI v1.0.0 released. Download it from the usual place",
            "Anvil CLI v1.1.0 released. Download it from the usual place",
        ),
        ("a form", "Acme is down\nAll that is known: Acme is down.", "Acme one\nAll that is known: Acme one."),
        ("a name", "@acme", "@acme"),
        ("nothing", "", ""),
        ("other words", "東京でアクメの新製品が発表された", "大阪で別の会社の本が出版された"),
    ] {
        assert!(!same(a, b), "{why}");
    }
}

#[test]
fn a_long_text_is_known_by_most_of_its_words() {
    let words: Vec<&str> = RELEASE.split(' ').collect();
    let cut = words[..words.len() * 6 / 10].join(" ");
    let quoted = format!("On Monday, coyote wrote:\n\n> {}\n", RELEASE.replace(". ", ".\n> "));
    let signed = format!("{RELEASE}\n-- \ncoyote\nHead of falling things\n");
    let worded: Vec<&str> =
        words.iter().enumerate().map(|(at, word)| if at % 20 == 7 { "roughly" } else { word }).collect();
    for (edit, copy) in [("cut", cut), ("quoted", quoted), ("signed", signed), ("other words", worded.join(" "))] {
        assert!(same(RELEASE, &copy), "{edit}");
    }
}

#[test]
fn a_template_with_other_numbers_is_another_message() {
    let mail = |build: u32, commit: &str, minutes: u32| {
        format!(
            "Your build #{build} of the anvil foundry failed on the main branch after {minutes} minutes. The last commit \
             was {commit}. Please look at the log of the failed step, repair what is broken, and push again. If you think \
             that the machine itself is at fault, answer this message and the team of the build farm will have a look at \
             it within a day. You get this message because you watch the repository of the anvil foundry."
        )
    };
    assert!(!same(&mail(123, "a81f3", 12), &mail(124, "77be0", 9)));
    assert!(same(&mail(123, "a81f3", 12), &mail(123, "a81f3", 12).replace("repair what is broken, ", "")));
}

#[test]
fn who_quotes_a_post_and_answers_it_says_something_else() {
    let answer = format!(
        "coyote wrote:\n> {}\n\nI ordered mine in autumn and nothing has come so far, and their support does not even \
         answer the telephone. Has anybody here got one that really falls?",
        RELEASE.replace(". ", ".\n> ")
    );
    assert!(!same(RELEASE, &answer));
    let other = answer.replace(
        "I ordered mine in autumn and nothing has come so far",
        "Half the weight means half the fun if you ask me",
    );
    let other = other.replace("support does not even answer the telephone", "prices went up again by a third");
    assert!(!same(&answer, &other.replace("Has anybody here got one that really falls?", "I will keep my old one.")));
}

#[test]
fn texts_without_spaces_and_in_other_scripts_are_read() {
    assert!(same("東京でアクメの新しい製品が今日発表されました", "東京でアクメの新しい製品が今日発表され…"));
    assert!(same(
        "Компания Акме объявила о выпуске новой наковальни в мае",
        "Компания АКМЕ объявила о выпуске новой наковальни в мае (via roadrunner)"
    ));
}

#[test]
fn what_many_stories_have_in_common_is_no_evidence() {
    let footer = "\nYou get this letter because you once bought an anvil from one of our partners in the desert";
    let news = [
        "Rocket skates recalled",
        "Foundry closes gates",
        "Coyote sues again",
        "Desert road reopened",
        "Birdseed prices double",
        "Magnet demand falls",
        "Painted tunnel collapses",
        "Parachute fails test",
    ];
    let mut commons = Commons::default();
    for title in &news[..6] {
        Words::new("", &format!("{title}{footer}")).teach(&mut commons);
    }
    let sketch = |title: &str| Sketch::new(&Words::new("", &format!("{title}{footer}")), &commons);
    assert_eq!(verify(&sketch(news[6]), &sketch(news[7])), None);
}

#[test]
fn the_newest_posts_find_their_copies_and_the_oldest_make_room() {
    let mut hot = Hot::new(1 << 16);
    hot.add(sketch(TITLE), 0);
    let copy = sketch("Acme Cloud confirms that customer anvils were lost…");
    assert_eq!(hot.near(&copy).iter().map(|near| near.of).collect::<Vec<_>>(), [0]);
    for number in 1..1_000 {
        hot.add(
            sketch(&format!("{number} anvils of type {} fell on coyote number {}", number * 7, number * 13)),
            number,
        );
    }
    assert!(hot.len() < 999, "{} are kept", hot.len());
    assert_eq!(hot.near(&copy), []);
}

#[test]
fn a_text_without_end_costs_no_more_than_a_long_one() {
    let endless = "anvil rocket skates ".repeat(100_000);
    let sketch = sketch(&endless);
    assert!(sketch.words.len() <= super::sketch::MAX_WORDS && sketch.terms().len() <= super::sketch::TERMS);
    assert!(sketch.bytes() < 4_096);
    let strange = "\u{0}>>>>\n|>\n: : :\n[quote\n--\n\u{202e}é\u{301}".repeat(1_000);
    assert!(verify(&super::tests::sketch(&strange), &sketch).is_none());
}
