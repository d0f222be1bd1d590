//! What holds of every text, whether it is a query or not?

use proptest::prelude::*;

use super::*;

/// Texts that are often queries: pieces of the language in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(
        [
            "acme",
            "Acme's",
            "東京",
            "e-mail",
            "🔥",
            "½",
            "AND",
            "OR",
            "NOT",
            "-",
            "(",
            ")",
            "(a OR b)",
            " ",
            " ",
            " ",
            "\"",
            "\"acme cloud\"",
            "\"a b\"~2",
            "“x y”",
            "{Acme Cloud}",
            "{",
            "}",
            "{½ ﬁ}",
            "raw:\"C\\\\+ \\\"\"",
            "raw:x<<",
            "raw:",
            "title:",
            "text:",
            "title:(a NEAR/3 b)",
            "ad* NEAR/5 ab*",
            "NEAR/2",
            "ONEAR/3",
            "ref*nd?",
            "ab?",
            "@acme",
            "#\"a b\"",
            "#x-y",
            "$acme_names",
            "$sites",
            "site:",
            "acme.example/x",
            "author:\"A b\"",
            "tag:<<<",
            "tag:\"$x\"",
            "url:https://a.b/?c=(d",
            "lang:en",
            "type:story",
            "thread:a:b",
            "status:new",
            "outcome:suppressed",
            "age<90m",
            "published=2026-01-31",
            "score>=1.50",
            "likes=-0",
            "<<< x >>>",
            "<<<",
            "\\",
            "~",
            ":",
            "=",
            "ℵ",
            "letter:letter",
            "\"a:b\"",
            "x'y",
            "'s",
        ]
        .as_slice(),
    );
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn check_round_trip(text: &str) -> Result<(), TestCaseError> {
    let Ok(query) = Query::parse(text, Place::Search, &names()) else { return Ok(()) };
    let canonical = query.to_string();
    match Query::parse(&canonical, Place::Search, &Names::default()) {
        Ok(again) => {
            prop_assert_eq!(&again, &query, "{} printed as {}", text, canonical);
            prop_assert_eq!(again.to_string(), canonical);
        }
        Err(error) => prop_assert!(false, "{} printed as {}: {}", text, canonical, error),
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_the_same_query(text in pieces()) {
        check_round_trip(&text)?;
    }

    #[test]
    fn any_text_at_all_is_read_or_refused_at_a_place_in_it(
        text in "\\PC{0,60}|[a-c \"(){}:<>=*?$@#~\\-\\\\]{0,60}|[\u{0}-\u{10ffff}]{0,30}",
    ) {
        for place in [Place::Watch, Place::Route, Place::Search] {
            if let Err(error) = Query::parse(&text, place, &names()) {
                prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
                prop_assert!(!error.what().is_empty() && error.hint().is_none_or(|hint| !hint.is_empty()));
            }
        }
        check_round_trip(&text)?;
    }

    #[test]
    fn a_match_and_its_explanation_agree(query in pieces(), title in "[acme xy東京]{0,30}", text in "\\PC{0,30}") {
        if let Ok(query) = Query::parse(&query, Place::Search, &names()) {
            let post = post(&title, &text);
            let (title, text) = (words(&post.title), words(&post.text));
            let subject = Subject { post: &post, title: &title, text: &text, now: Timestamp(0), facts: None };
            let hits = query.explain(&subject);
            prop_assert_eq!(hits.is_some(), query.matches(&subject));
            for span in hits.iter().flatten().flat_map(|hit| &hit.spans) {
                let within = if span.field == Field::Title { &post.title } else { &post.text };
                prop_assert!(within.get(span.start as usize..span.end as usize).is_some_and(|place| !place.is_empty()));
            }
        }
    }
}

#[test]
fn every_file_of_the_fuzzers_corpus_keeps_the_promises() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/query");
    let files: Vec<_> =
        std::fs::read_dir(&folder).expect("a corpus").map(|entry| entry.expect("a file").path()).collect();
    assert!(files.len() >= 15, "{} files", files.len());
    for file in files {
        fuzzed::query(&std::fs::read(&file).expect("a file"));
    }
}
