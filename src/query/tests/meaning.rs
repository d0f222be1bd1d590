//! Does a query mean what the language says?

use super::*;

#[test]
fn hard_names_are_found_and_what_only_looks_like_them_is_not() {
    let table = include_str!("../../../tests/fixtures/query/names.tsv");
    let rows: Vec<&str> = table.lines().filter(|line| !line.starts_with("# ")).collect();
    assert!(rows.len() > 250, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let [query, title, expected, why] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("four columns: {row}")
        };
        let answer = match Query::parse(query, Place::Search, &names()) {
            Ok(query) if matches(&query, &post(title, "")) => "yes",
            Ok(_) => "no",
            Err(_) => "refused",
        };
        if answer != expected {
            wrong.push(format!("`{query}` in `{title}` is {answer}: {why}"));
        }
        if answer != "refused" {
            assert_eq!(
                explained(query, title, "").is_some(),
                answer == "yes",
                "`{query}` in `{title}` explains itself"
            );
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn title_and_text_are_searched_apart_and_and_or_not_over_both() {
    for (query, expected) in [
        ("acme down", true),
        ("\"acme down\"", false),
        ("acme NEAR/5 down", false),
        ("title:acme text:down", true),
        ("title:down", false),
        ("title:(acme OR down)", true),
        ("title:(acme -down)", true),
        ("text:(acme OR (is NEAR/1 down))", true),
        ("title:-down", true),
        ("title:-acme", false),
        ("title:ac* text:raw:\"It is\"", true),
        ("text:{It} -title:{It}", true),
        ("title:$acme_names", true),
        ("text:$acme_names", false),
    ] {
        assert_eq!(matches(&parsed(query, Place::Search), &post("Acme", "It is down")), expected, "{query}");
    }
}

#[test]
fn fields_ask_for_values_without_case() {
    let post = post("Acme", "");
    for (query, expected) in [
        ("author:coyote_1", true),
        ("author:@Coyote_1", true),
        ("author:\"wile é.\"", true),
        ("author:coyote", false),
        ("site:acme.example", true),
        ("site:https://www.Community.ACME.example/", true),
        ("site:cme.example", false),
        ("site:other.acme.example", false),
        ("site:acme.example/t", true),
        ("site:acme.example/T/help/", true),
        ("site:acme.example/t/hel", false),
        ("site:(news.example OR acme.example)", true),
        ("site:$sites", true),
        ("-site:$sites", false),
        ("url:https://community.acme.example/t/help/1/", true),
        ("url:community.acme.example/t/help/1#top", true),
        ("url:community.acme.example/t/help", false),
        ("url:other.example/?to=https://community.acme.example/t/help/1", false),
        ("link:anvil.example", true),
        ("link:anvil.example/shop", true),
        ("link:anvil.example/sho", false),
        ("link:acme.example", true),
        ("link:news.example", false),
        ("link:$sites", true),
        ("source:our-forum", true),
        ("kind:FORUM", true),
        ("type:comment", true),
        ("type:story", false),
        ("lang:EN-us", true),
        ("lang:de", false),
        ("tag:\"Help Wanted\"", true),
        ("tag:c++", true),
        ("tag:help", false),
        ("thread:forum:0", true),
        ("thread:forum:1", true),
        ("thread:forum:2", false),
        ("watch:acme-problems", true),
        ("owner:it-ops", true),
        ("label:problem", true),
        ("label:outage", true),
        ("label:problem/outage", true),
        ("label:prob", false),
        ("label:question", true),
        ("status:new", true),
        ("outcome:Mention", true),
        ("outcome:suppressed", false),
        ("status:closed", false),
        ("$done", false),
    ] {
        assert_eq!(matches(&parsed(query, Place::Search), &post), expected, "{query}");
    }
}

#[test]
fn comparisons_are_false_of_what_is_missing_and_their_not_is_true() {
    let post = post("Acme", "");
    for (query, expected) in [
        ("likes>=3", true),
        ("likes>3", false),
        ("likes=3", true),
        ("likes<=2.5", false),
        ("replies<5", false),
        ("replies>=0", false),
        ("NOT replies<5", true),
        ("score>=60", true),
        ("score>60", false),
        ("sentiment<-0.3", false),
        ("-sentiment<-0.3", true),
        ("age<8d", true),
        ("age<7d", false),
        ("age>=1w", true),
        ("age<=7d0h", true),
        ("published>1970-01-10", true),
        ("published>1970-01-11", false),
        ("published>=1970-01-11", true),
        ("published=1970-01-11", true),
        ("published=1970-01-12", false),
        ("published<1970-01-11T01:00:00+00:30", true),
        ("published<1970-01-11T01:00:00+01:00", false),
    ] {
        assert_eq!(matches(&parsed(query, Place::Search), &post), expected, "{query}");
    }
}

#[test]
fn an_explanation_names_what_is_true_and_where() {
    let hits = |clauses: &[(&str, &[&str])]| {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Some(clauses.iter().map(|(clause, texts)| ((*clause).to_owned(), owned(texts))).collect::<Vec<_>>())
    };
    let title = "Ist Acme’s Café—Cloud down? ACME®!";
    let text = "DOWN, down and broken. C++ 東京タワー";
    for (query, expected) in [
        ("acme", hits(&[("acme", &["Acme", "ACME"])])),
        ("acme down -coyote", hits(&[("acme", &["Acme", "ACME"]), ("down", &["down", "DOWN", "down"])])),
        ("rocket OR \"cafe cloud\"", hits(&[("\"cafe cloud\"", &["Café—Cloud"])])),
        ("\"cloud acme cafe\"~1", hits(&[("\"cloud acme cafe\"~1", &["Acme", "Café", "Cloud", "ACME"])])),
        ("down NEAR/2 br*", hits(&[("down NEAR/2 br*", &["down", "broken"])])),
        ("title:(acme OR rocket)", hits(&[("title:acme", &["Acme", "ACME"])])),
        ("raw:C++", hits(&[("raw:\"C++\"", &["C++"])])),
        ("東京", hits(&[("\"東京\"", &["東京"])])),
        ("{ACME} acme acme", hits(&[("{ACME}", &["ACME"]), ("acme", &["Acme", "ACME"])])),
        ("site:acme.example likes>1", hits(&[("site:acme.example", &[]), ("likes>1", &[])])),
        ("NOT rocket", hits(&[])),
        ("rocket", None),
        ("acme -down", None),
    ] {
        assert_eq!(explained(query, title, text), expected, "{query}");
    }
    let many = explained("down", &"down ".repeat(5), &"down ".repeat(50)).expect("it matches");
    assert_eq!(many[0].1.len(), ClauseHit::MAX_SPANS);
}

#[test]
fn the_canonical_form_spells_out_what_was_meant() {
    for (query, canonical) in [
        ("Acme  DOWN", "acme AND down"),
        ("a OR b c", "a OR b AND c"),
        ("(a OR b) c", "(a OR b) AND c"),
        ("((a (b)) c)", "a AND b AND c"),
        ("a NOT b", "a AND NOT b"),
        ("a -(b OR c)", "a AND NOT (b OR c)"),
        ("NOT a NEAR/5 b", "NOT a NEAR/5 b"),
        ("(a OR (b OR cc*)) ONEAR/2 \"d\"", "(a OR b OR cc*) ONEAR/2 d"),
        ("title:(a OR bb*)", "title:a OR title:bb*"),
        ("title:(a NEAR/2 b)", "title:(a NEAR/2 b)"),
        ("title:a NEAR/2 title:b", "title:(a NEAR/2 b)"),
        ("E-Mail", "\"e mail\""),
        ("“Acme Cloud”", "\"acme cloud\""),
        ("\"东京 Acme 東京\"~2", "\"东京 acme 東京\"~2"),
        ("\"acme\"~2", "acme"),
        ("\"letter:letter\"", "\"letter:letter\""),
        ("{ Acme   Cloud }", "{Acme Cloud}"),
        ("raw:\"a \\\"b\\\" \\\\ c\"", "raw:\"a \\\"b\\\" \\\\ c\""),
        ("@Acme #\"acme cloud\" #acme-cloud", "@acme AND #\"acme cloud\" AND #\"acme cloud\""),
        ("$acme_names", "acme OR \"acme cloud\" OR {Anvilco}"),
        ("title:$acme_names x", "(title:acme OR title:\"acme cloud\" OR title:{Anvilco}) AND x"),
        ("$everything", "acme OR anvilco OR acm? OR down AND outage"),
        ("-site:$sites", "NOT (site:acme.example OR site:anvil.example/shop)"),
        ("SITE:WWW.Acme.example/A/", "site:acme.example/a"),
        ("site:bücher.example", "site:xn--bcher-kva.example"),
        ("author:\"Wile E.\" tag:#Help", "author:\"wile e.\" AND tag:help"),
        ("thread:forum:0", "thread:0f42b078ba47b83af040"),
        ("age<1h30m age<48h age<1500ms", "age<90m AND age<2d AND age<1500ms"),
        ("published>=2026-01-31T12:00:00+01:00", "published>=2026-01-31T11:00:00Z"),
        ("published=2026-01-31", "published>=2026-01-31 AND published<2026-02-01"),
        ("score>=60.0 sentiment<-.5", "score>=60 AND sentiment<-0.5"),
        ("a <<< why >>> b", "a AND b"),
    ] {
        assert_eq!(parsed(query, Place::Search).to_string(), canonical, "{query}");
    }
}

#[test]
fn wildcards_fit_as_in_file_names() {
    for (pattern, word, expected) in [
        ("ab*", "ab", true),
        ("ab*", "a", false),
        ("ab*cd", "abcd", true),
        ("ab*cd", "abxcdxcd", true),
        ("ab*cd", "abcdx", false),
        ("ab?d*f", "abcdeef", true),
        ("ab?", "abé", true),
        ("ab??", "abé", false),
        ("ab*?x*", "abx", false),
        ("ab*?x*", "abyxz", true),
    ] {
        assert_eq!(eval::wildcard_matches(pattern, word), expected, "{pattern} {word}");
    }
}
