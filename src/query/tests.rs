//! Does a query mean what the language says, and is what is wrong with one told well?

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{Author, Engagement, Field, PostId, PostType};

const DAY: i64 = 86_400_000;

fn names() -> Names {
    let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect();
    let lists = BTreeMap::from([
        ("acme_names".to_owned(), list(&["acme", "\"acme cloud\"", "{Anvilco}"])),
        ("acme_words".to_owned(), list(&["acme", "anvilco", "acm?"])),
        ("everything".to_owned(), list(&["$acme_words", "down outage"])),
        ("sites".to_owned(), list(&["acme.example", "\"anvil.example/shop\""])),
        ("done".to_owned(), list(&["status:closed"])),
    ]);
    Names::new(&lists).expect("the lists are right")
}

fn parsed(text: &str, place: Place) -> Query {
    Query::parse(text, place, &names()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str, place: Place) -> QueryError {
    match Query::parse(text, place, &names()) {
        Ok(query) => panic!("{text} is read as {query}"),
        Err(error) => error,
    }
}

fn post(title: &str, text: &str) -> Post {
    Post {
        id: PostId::of("forum:1"),
        key: "forum:1".to_owned(),
        source: "Our-Forum".to_owned(),
        kind: "forum".to_owned(),
        site: "community.acme.example".to_owned(),
        url: "https://www.community.acme.example:8080/t/Help/1?page=2#reply".to_owned(),
        canonical_url: "https://community.acme.example/t/help/1".to_owned(),
        target: Some("https://status.acme.example/today".to_owned()),
        thread: Some(PostId::of("forum:0")),
        post_type: PostType::Comment,
        title: title.to_owned(),
        text: text.to_owned(),
        author: Some(Author { name: "Wile É.".to_owned(), handle: "Coyote_1".to_owned(), url: None }),
        published: Some(Timestamp(10 * DAY)),
        updated: None,
        received: Timestamp(11 * DAY),
        lang: Some("en".to_owned()),
        tags: vec!["help wanted".to_owned(), "c++".to_owned()],
        links: vec!["https://www.anvil.example/shop/heavy".to_owned()],
        engagement: Engagement { likes: Some(3), replies: None, shares: None },
    }
}

fn matches(query: &Query, post: &Post) -> bool {
    let facts = Facts {
        watches: vec!["acme-problems".to_owned()],
        owners: vec!["it-ops".to_owned()],
        labels: vec!["problem/outage".to_owned(), "question".to_owned()],
        score: Some(60.0),
        sentiment: None,
        status: Some("new".to_owned()),
    };
    let (title, text) = (words(&post.title), words(&post.text));
    let now = Timestamp(17 * DAY);
    query.matches(&Subject { post, title: &title, text: &text, now, facts: Some(&facts) })
}

/// The clauses of a query that are true of a post, each with the texts at its places.
fn explained(query: &str, title: &str, text: &str) -> Option<Vec<(String, Vec<String>)>> {
    let post = post(title, text);
    let (title, text) = (words(&post.title), words(&post.text));
    let subject = Subject { post: &post, title: &title, text: &text, now: Timestamp(17 * DAY), facts: None };
    let at = |span: &crate::model::Span| {
        let text = if span.field == Field::Title { &post.title } else { &post.text };
        text[span.start as usize..span.end as usize].to_owned()
    };
    let hits = parsed(query, Place::Search).explain(&subject)?;
    Some(hits.iter().map(|hit| (hit.clause.clone(), hit.spans.iter().map(at).collect())).collect())
}

#[test]
fn hard_names_are_found_and_what_only_looks_like_them_is_not() {
    let table = include_str!("../../tests/fixtures/query/names.tsv");
    let rows: Vec<&str> = table.lines().filter(|line| !line.starts_with("# ")).collect();
    assert!(rows.len() > 100, "{} rows", rows.len());
    for row in rows {
        let [query, title, expected, why] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("four columns: {row}")
        };
        let found = matches(&parsed(query, Place::Search), &post(title, ""));
        assert_eq!(if found { "yes" } else { "no" }, expected, "`{query}` in `{title}`: {why}");
        assert_eq!(explained(query, title, "").is_some(), found, "`{query}` in `{title}` explains itself");
    }
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
fn what_is_wrong_is_told_with_its_place_and_what_would_be_right() {
    let deep = format!("{}a{}", "(".repeat(51), ")".repeat(51));
    let long = "a ".repeat(5_001);
    let phrase = format!("\"{}\"", "東".repeat(201));
    for (query, what, at, hint) in [
        ("", "there is nothing to look for", "", "write for example `acme AND (down OR outage)`"),
        ("  <<< nothing >>> ", "there is nothing to look for", "  <<< nothing >>> ", "write for example"),
        ("acme \"down", "the quote is never closed", "\"", "close it with `\"`"),
        ("acme (down", "`(` is never closed", "(", "close it with `)`"),
        ("acme {down", "`{` is never closed", "{", "close it with `}`"),
        ("acme) down", "`)` closes nothing", ")", "open it"),
        ("acme} down", "`}` closes nothing", "}", "open it"),
        ("acme <<< why", "the comment is never closed", "<<<", "<<< why >>>"),
        ("acme ()", "there is nothing between the brackets", "()", ""),
        ("acme AND", "AND has nothing on one side", "AND", "\"and\""),
        ("OR acme", "OR has nothing on one side", "OR", "\"or\""),
        ("acme (down OR)", "OR has nothing on one side", "OR", "\"or\""),
        ("acme AND OR down", "OR has nothing on one side", "OR", "\"or\""),
        ("NOT", "NOT has nothing on one side", "NOT", "\"not\""),
        ("NEAR/5 acme", "NEAR/5 has nothing on one side", "NEAR/5", ""),
        ("acme - down", "`-` has no letters or digits to look for", "-", "directly before what is excluded"),
        ("acme && down", "`&&` has no letters or digits to look for", "&&", "AND"),
        ("acme \"++\"", "`++` has no letters or digits to look for", "\"++\"", "raw:\"++\""),
        ("sitee:acme.example", "unknown field `sitee`", "sitee", "did you mean `site`?"),
        ("scor>5", "unknown field `scor`", "scor", "did you mean `score`?"),
        ("acme re:down", "unknown field `re`", "re", "put it in quotes: \"re:down\""),
        ("a=b", "unknown field `a`", "a", "put it in quotes: \"a=b\""),
        (
            "https://acme.example/x?y=1",
            "`https://acme.example/x?y=1` is a URL, not a word",
            "https://acme.example/x?y=1",
            "url:https://acme.example/x?y=1",
        ),
        ("title:", "`title:` has no value directly after it", "title:", "without a space"),
        ("title: acme", "`title:` has no value directly after it", "title:", "without a space"),
        ("(site:)", "`site:` has no value directly after it", "site:", "without a space"),
        ("raw:(a)", "`raw:` has no value directly after it", "(", "raw:\"some words\""),
        ("author:\"\"", "`author:` has no value directly after it", "\"\"", ""),
        ("type:storry", "`storry` is no value for `type`: did you mean `story`?", "storry", ""),
        ("lang:english", "`english` is no value for `lang`: write a language tag such as en or de", "english", ""),
        (
            "site:*.acme.example",
            "`*.acme.example` is no value for `site`: a domain covers its subdomains; leave `*.` out",
            "*.acme.example",
            "",
        ),
        ("site:acme.example:8080", "`acme.example:8080` is no value", "", ""),
        ("author:coy*", "`coy*` is no value for `author`: wildcards stand in words only", "coy*", ""),
        ("thread:1", "`1` is no value for `thread`", "1", ""),
        ("status:open", "`open` is no value for `status`: it is one of new, ", "open", ""),
        ("age < 7d", "a comparison is written without spaces", "<", "age<7d"),
        ("age <7d", "a comparison is written without spaces", "<7d", "age<7d"),
        ("age< 7d", "a comparison is written without spaces", "age<", "age<7d"),
        ("age<7", "`7` is no value for `age`: `7` is not a length of time", "7", ""),
        ("score>high", "`high` is no value for `score`: write a number", "high", ""),
        ("score>1e300", "`1e300` is no value for `score`: the number is too large", "1e300", ""),
        ("score>NaN", "`NaN` is no value for `score`", "NaN", ""),
        (
            "published>yesterday",
            "`yesterday` is no value for `published`: write a day such as 2026-01-31",
            "yesterday",
            "",
        ),
        (
            "published>2026-01-31T10:00",
            "`2026-01-31T10:00` is no value for `published`: write its time zone",
            "2026-01-31T10:00",
            "",
        ),
        ("score:60", "`score` is compared, not looked up", "score:60", "score>=5"),
        ("site>5", "`site` is looked up, not compared", "site", "write site:value"),
        ("title:(a site:b)", "`site:` cannot stand inside `title:`", "site", ""),
        ("title:(a age<7d)", "`age` cannot stand inside `title:`", "age", ""),
        ("site:({A} OR b)", "`{}` cannot stand inside `site:`", "{A}", ""),
        ("a*", "`a*` needs at least two letters or digits before its first `*` or `?`", "a*", "in quotes"),
        ("acme *", "`*` needs at least two letters or digits before its first `*` or `?`", "*", "in quotes"),
        ("acme-clou*", "`acme-clou*` is not one word", "acme-clou*", "acme ONEAR/1 clou*"),
        ("acme NEAR down", "`` is no distance", "NEAR", "NEAR/5"),
        ("acme NEAR/0 down", "`0` is no distance", "NEAR/0", "from 1 to 1000"),
        ("\"a b\"~x", "`x` is no distance", "~x", "\"a b\"~2"),
        ("\"a b\" NEAR/5 c", "`NEAR/5` takes single words", "\"a b\"", "(down OR outage) NEAR/5 acme"),
        ("a NEAR/5 (b c)", "`NEAR/5` takes single words", "(b c)", ""),
        ("a NEAR/5 -b", "`NEAR/5` takes single words", "-", ""),
        ("a NEAR/5 NOT b", "`NEAR/5` takes single words", "NOT", ""),
        ("a NEAR/5 site:b.example", "`NEAR/5` takes single words", "site:b.example", ""),
        ("a NEAR/5 b NEAR/5 c", "`NEAR/5` cannot follow another one", "NEAR/5", "a NEAR/5 b AND b NEAR/5 c"),
        ("title:a NEAR/5 b", "both sides of `NEAR/5` must be in one field", "NEAR/5", "title:(a NEAR/5 b)"),
        ("$acme_name", "there is no list `$acme_name`", "$acme_name", "did you mean `$acme_names`?"),
        ("$XYZ", "there is no list `$XYZ`", "$XYZ", "raw:\"$XYZ\""),
        ("title:$done", "`$done` contains `status:closed`, which cannot stand here", "$done", ""),
        ("lang:$sites", "`acme.example` of `$sites` is no value for `lang`", "$sites", ""),
        (deep.as_str(), "brackets and NOT are nested deeper than 50", "(", ""),
        (long.as_str(), "the query has 10002 characters; at most 10000 are read", long.as_str(), ""),
        (phrase.as_str(), "the phrase has 201 words; at most 200 are read", phrase.as_str(), ""),
    ] {
        let error = refused(query, Place::Search);
        assert!(error.what().starts_with(what), "{query}: {}", error.what());
        let marked = query.get(error.span.clone());
        assert!(marked.is_some_and(|marked| marked == at || at.is_empty()), "{query}: marked {marked:?}");
        let told = error.hint().unwrap_or_default();
        assert!(told.contains(hint), "{query}: hinted {told}");
    }
}

#[test]
fn a_query_has_a_bounded_number_of_clauses() {
    let many = |count: usize| vec!["a"; count].join(" ");
    assert!(Query::parse(&many(MAX_CLAUSES), Place::Search, &names()).is_ok());
    let error = refused(&many(MAX_CLAUSES + 1), Place::Search);
    assert_eq!(error.what(), "the query has more than 2000 clauses, lists included");
    let list = BTreeMap::from([("many".to_owned(), vec![many(1_500)])]);
    let names = Names::new(&list).expect("the list is right");
    let error = Query::parse("$many OR $many", Place::Search, &names).expect_err("3,000 clauses");
    assert_eq!((error.problem, error.span), (Problem::TooManyClauses { bound: MAX_CLAUSES }, 9..14));
}

#[test]
fn fields_exist_only_where_their_values_are_known() {
    for (query, first) in [
        (
            "title:a text:a raw:a author:a site:a.b url:a link:a.b source:a kind:a type:story lang:en tag:a thread:a:b",
            Place::Watch,
        ),
        ("age<7d published>2026-01-01 likes>1 replies>1", Place::Watch),
        ("score>60", Place::Route),
        ("sentiment<0", Place::Route),
        ("watch:a", Place::Route),
        ("label:a", Place::Route),
        ("owner:a", Place::Route),
        ("status:new", Place::Search),
        ("$done", Place::Search),
    ] {
        for place in [Place::Watch, Place::Route, Place::Search] {
            let read = Query::parse(query, place, &names());
            assert_eq!(read.is_ok(), place >= first, "{query} in {place:?}: {read:?}");
        }
    }
    let error = refused("acme score>60", Place::Watch);
    assert_eq!(error.what(), "`score` does not exist in a watch: it is only known after the watches were asked");
    assert_eq!(error.span, 5..10);
}

#[test]
fn a_watch_must_look_for_something() {
    for (query, is_watch) in [
        ("acme NOT down", true),
        ("NOT acme", false),
        ("-acme -down", false),
        ("acme OR NOT down", false),
        ("acme AND (down OR NOT up)", true),
        ("NOT NOT acme", true),
        ("NOT (acme NOT down)", false),
        ("age<7d", true),
    ] {
        let read = Query::parse(query, Place::Watch, &names());
        assert_eq!(read.is_ok(), is_watch, "{query}");
        assert!(Query::parse(query, Place::Route, &names()).is_ok(), "{query}");
        if let Err(error) = read {
            assert_eq!((error.problem, error.span), (Problem::OnlyExcludes, 0..query.len()));
        }
    }
}

#[test]
fn ten_thousand_brackets_are_refused_and_not_followed() {
    for query in [
        "(".repeat(10_000),
        ")".repeat(10_000),
        format!("{}a{}", "(".repeat(4_999), ")".repeat(4_999)),
        "(".repeat(5_000) + &")".repeat(5_000),
        "-".repeat(9_999) + "a",
        "NOT ".repeat(2_000) + "a",
        "title:".repeat(1_500) + "a",
        "a OR (".repeat(1_500),
    ] {
        refused(&query, Place::Search);
    }
}

#[test]
fn a_place_is_a_line_and_a_column_in_characters() {
    let text = "acme\nÄcme sitee:x";
    let error = refused(text, Place::Watch);
    assert_eq!(error.position(text), (2, 6));
}

#[test]
fn lists_are_read_whole_or_every_fault_is_told() {
    let read = |lists: &[(&str, &[&str])]| {
        let owned = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<String>>();
        let lists = lists.iter().map(|(name, entries)| ((*name).to_owned(), owned(entries))).collect();
        let told = |fault: NameError| format!("{}[{}]: {}", fault.name, fault.entry, fault.error);
        Names::new(&lists).map_err(|faults| faults.into_iter().map(told).collect::<Vec<_>>()).map(|_| ())
    };
    assert_eq!(read(&[("b", &["$a down"]), ("a", &["acme", "\"acme cloud\""])]), Ok(()));
    assert_eq!(
        read(&[("a", &["acme", "(b", "sitee:x"]), ("c", &["$a"]), ("e", &[]), ("n n", &["x"])]),
        Err(vec![
            "a[1]: `(` is never closed".to_owned(),
            "a[2]: unknown field `sitee`".to_owned(),
            "e[0]: the list has no entries".to_owned(),
            "n n[0]: `n n` is no name for a list".to_owned(),
        ])
    );
    assert_eq!(
        read(&[("a", &["x", "$b"]), ("b", &["$a"]), ("c", &["$c"])]),
        Err(vec![
            "a[1]: `$a` is defined through itself".to_owned(),
            "b[0]: `$b` is defined through itself".to_owned(),
            "c[0]: `$c` is defined through itself".to_owned(),
        ])
    );
    assert_eq!(read(&[("a", &["$nowhere"])]), Err(vec!["a[0]: there is no list `$nowhere`".to_owned()]));
}

#[test]
fn lists_within_lists_count_towards_the_depth() {
    let deep = format!("{}a{}", "(".repeat(40), ")".repeat(40));
    let lists =
        BTreeMap::from([("deep".to_owned(), vec![deep]), ("deeper".to_owned(), vec!["-(-($deep))".to_owned()])]);
    let names = Names::new(&lists).expect("the lists are right");
    assert!(Query::parse("((((($deeper)))))", Place::Search, &names).is_err());
    assert!(Query::parse("$deeper", Place::Search, &names).is_ok());
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
