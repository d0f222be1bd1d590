//! Do posts fall into the words that a reader would see?

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::*;

fn texts(text: &str) -> Vec<String> {
    words(text).iter().map(|word| word.text.to_owned()).collect()
}

#[test]
fn words_are_what_a_reader_would_call_words() {
    for (text, expected) in [
        ("Is Acme down?", vec!["is", "acme", "down"]),
        ("", vec![]),
        ("--- !!! ...", vec![]),
        ("e-mail", vec!["e", "mail"]),
        (
            "node.js foo_bar don't 3.14 1,000 letter:letter",
            vec!["node.js", "foo_bar", "don't", "3.14", "1,000", "letter:letter"],
        ),
        ("C++ and C#", vec!["c", "and", "c"]),
        ("https://acme.example/a_b?c=d", vec!["https", "acme.example", "a_b", "c", "d"]),
        ("_acme_ __init__", vec!["acme", "init"]),
        ("Acme's ACME'S Acme’s boss's", vec!["acme", "acme", "acme", "boss"]),
        ("don’t rock ʼn’ roll", vec!["don't", "rock", "n", "roll"]),
        ("Acme™ Acme® Acme℠ Acme®'s Acme™️", vec!["acme"; 5]),
        ("Acme®Cloud", vec!["acme", "cloud"]),
        ("Café CAFÉ cafe\u{301}", vec!["cafe"; 3]),
        ("Ελλάδα ΟΔΟΣ οδός", vec!["ελλαδα", "οδοσ", "οδοσ"]),
        ("Straße STRASSE STRAẞE", vec!["strasse"; 3]),
        ("İstanbul ISTANBUL", vec!["istanbul"; 2]),
        ("й и ё", vec!["й", "и", "ё"]),
        ("Ａｃｍｅ ﬁnance", vec!["acme", "finance"]),
        ("東京タワー", vec!["東", "京", "タ", "ワ", "ー"]),
        ("ｱｸﾒ が", vec!["ア", "ク", "メ", "が"]),
        ("삼성's 갤럭시S25", vec!["삼", "성", "갤", "럭", "시", "s25"]),
        ("สวัสดี", vec!["ส", "วั", "ส", "ดี"]),
        ("हिन्दी भाषा", vec!["हिन्दी", "भाषा"]),
        ("so\u{ad}ft zero\u{200b}width\u{feff}", vec!["soft", "zero", "width"]),
        ("down 🔥🔥 ❤️ ❤ 👩‍👩‍👧 🇨🇭🇦🇹", vec!["down", "🔥", "🔥", "❤", "❤", "👩‍👩‍👧", "🇨🇭", "🇦🇹"]),
        ("© 2026 → “Acme” — «x»…", vec!["2026", "acme", "x"]),
    ] {
        assert_eq!(texts(text), expected, "{text}");
    }
}

#[test]
fn a_word_stands_where_it_was_read() {
    for (text, places) in [
        ("Is Acme's _cloud_ up", vec!["Is", "Acme", "cloud", "up"]),
        ("Über CAFE\u{301}’s: ﬁn", vec!["Über", "CAFE\u{301}", "ﬁn"]),
        ("a\u{3000}東京—ｱｸﾒ®", vec!["a", "東", "京", "ｱ", "ｸ", "ﾒ"]),
        ("½ ㍿", vec!["½", "㍿", "㍿", "㍿", "㍿"]),
    ] {
        let found: Vec<&str> = words(text).iter().map(|word| text.get(word.start..word.end).unwrap_or("?")).collect();
        assert_eq!(found, places, "{text}");
    }
}

#[test]
fn a_sigil_belongs_to_the_word_it_stands_before() {
    for (text, sigils) in [
        ("@acme #acme acme", vec![Some('@'), Some('#'), None]),
        ("(@acme) ＃acmé", vec![Some('@'), Some('#')]),
        ("info@acme.example", vec![None, None]),
        ("@acme@social.example", vec![Some('@'), None]),
        ("#acme-cloud", vec![Some('#'), None]),
        ("#東京", vec![Some('#'), None]),
        ("@ acme @_acme", vec![None, Some('@')]),
    ] {
        let found: Vec<Option<char>> = words(text).iter().map(|word| word.sigil).collect();
        assert_eq!(found, sigils, "{text}");
    }
}

#[test]
fn a_word_has_a_longest_length() {
    let list = words(&"é".repeat(400));
    assert_eq!(list.iter().map(|word| (word.text.len(), word.start, word.end)).collect::<Vec<_>>(), [(255, 0, 800)]);
    assert_eq!(texts(&format!("{}'s", "a".repeat(254))), ["a".repeat(254)]);
}

#[test]
fn a_word_is_found_at_its_positions() {
    let list = words("Acme, acme and ACME's");
    assert_eq!(list.positions("acme").collect::<Vec<_>>(), [0, 1, 3]);
    assert_eq!(list.positions("acm").count(), 0);
}

/// What the ASCII way must agree with: the segmenter's words, lower-cased.
fn segmented(text: &str) -> Vec<String> {
    let trimmed = text.unicode_words().map(|word| word.trim_matches('_').to_ascii_lowercase());
    trimmed.map(|word| tidy(&word).to_owned()).filter(|word| !word.is_empty()).collect()
}

proptest! {
    #[test]
    fn plain_ascii_falls_into_the_words_of_the_segmenter(text in "[a-cs0-2'.:,;_@# \\-\t/]{0,40}|[ -~]{0,40}") {
        prop_assert_eq!(texts(&text), segmented(&text));
    }

    #[test]
    fn the_quick_way_and_the_general_way_agree(text in "[a-cs0-2'.:,;_@#\\-/]{1,40}|[!-~]{1,40}") {
        let mut general = WordList::default();
        unicode::split(&text, 0, &mut unicode::Scratch::default(), &mut general);
        prop_assert_eq!(words(&text), general);
    }

    #[test]
    fn the_words_of_a_word_are_the_word_itself(text in "\\PC{0,20}|[\u{0}-\u{10ffff}]{0,20}") {
        for word in words(&text).iter() {
            prop_assert_eq!(texts(word.text), [word.text]);
        }
    }

    #[test]
    fn places_lie_in_the_text_and_in_order(text in "\\PC{0,40}|[\u{0}-\u{10ffff}]{0,40}") {
        let mut last = 0;
        for word in words(&text).iter() {
            prop_assert!(text.get(word.start..word.end).is_some_and(|place| !place.is_empty()));
            prop_assert!(word.start >= last);
            last = word.start;
        }
    }
}
