//! Is what is wrong with a query told with its place, and what would be right?

use super::*;

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
        ("acme ()", "there is nothing between the brackets", "()", "take them out"),
        ("acme {}", "there is nothing between the braces", "{}", "take them out"),
        ("acme \" \"", "there is nothing between the quotes", "\" \"", "take them out"),
        ("acme）", "`）` closes nothing", "）", "open it"),
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
        ("scor>5", "unknown field `scor`", "scor", "did you mean `score`? To look for the text itself"),
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
        ("raw:", "`raw:` has no value directly after it", "raw:", "raw:\"some words\""),
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
        (
            "outcome:rejected",
            "`rejected` is no value for `outcome`: it is one of mention, suppressed, ",
            "rejected",
            "",
        ),
        ("status:open", "`open` is no value for `status`: it is one of new, ", "open", ""),
        (
            "age < 7d",
            "a comparison is written without spaces",
            "<",
            "age<7d or score>=60; to look for the characters write raw:\"<\"",
        ),
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
        ("site=reddit.com", "`site` is looked up, not compared", "site", "write site:reddit.com"),
        ("site>", "`site` is looked up, not compared", "site", "write site:value"),
        ("title:(a site:b)", "`site:` cannot stand inside `title:`", "site", ""),
        ("title:(a age<7d)", "`age` cannot stand inside `title:`", "age", ""),
        ("site:({A} OR b)", "`{}` cannot stand inside `site:`", "{A}", ""),
        ("a*", "`a*` needs at least two letters or digits before its first `*` or `?`", "a*", "in quotes"),
        ("acme *", "`*` needs at least two letters or digits before its first `*` or `?`", "*", "as in acme*"),
        ("acme-clou*", "`acme-clou*` is not one word", "acme-clou*", "acme ONEAR/1 clou*"),
        (
            "acme NEAR down",
            "`NEAR` has no distance",
            "NEAR",
            "write NEAR/5; to look for the word itself write \"near\"",
        ),
        ("acme NEAR/0 down", "`0` is no distance", "NEAR/0", "from 1 to 1000"),
        ("\"a b\"~x", "`x` is no distance", "~x", "\"a b\"~2"),
        ("\"a b\"~2 NEAR/5 c", "`NEAR/5` takes words, phrases", "\"a b\"~2", "(down OR outage) NEAR/5 acme"),
        ("a NEAR/5 (b c)", "`NEAR/5` takes words, phrases", "(b c)", ""),
        ("a NEAR/5 {B}", "`NEAR/5` takes words, phrases", "{B}", ""),
        ("a NEAR/5 @b", "`NEAR/5` takes words, phrases", "@b", ""),
        ("a NEAR/5 -b", "`NEAR/5` takes words, phrases", "-", ""),
        ("a NEAR/5 NOT b", "`NEAR/5` takes words, phrases", "NOT", ""),
        ("a NEAR/5 site:b.example", "`NEAR/5` takes words, phrases", "site:b.example", ""),
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
fn habits_from_other_searches_are_refused_with_the_right_form() {
    for (query, at, right) in [
        ("acme&&down", "acme&&down", "write acme AND down"),
        ("acme||down", "acme||down", "write acme OR down"),
        ("acme|down", "acme|down", "write acme OR down"),
        ("acme || down", "||", "write OR"),
        ("acme | down", "|", "write OR"),
        ("acme !down", "!down", "to exclude it write -down"),
        ("acme --down", "--", "write one `-` to exclude"),
        ("acme-(down OR out)", "acme-", "write a space before it: acme -(…)"),
        ("acme — down", "—", "write NOT"),
        ("acme ANDNOT down", "ANDNOT", "write NOT"),
        ("acme AND/OR down", "AND/OR", "write OR"),
        ("acme NEAR5 down", "NEAR5", "write NEAR/5"),
        ("acme near/5 down", "near/5", "write NEAR/5"),
        ("acme NEAR:5 down", "NEAR:5", "write NEAR/5"),
        ("acme ONear/3 down", "ONear/3", "write ONEAR/3"),
        ("acme w/5 down", "w/5", "write NEAR/5"),
        ("acme ADJ5 down", "ADJ5", "write NEAR/5"),
        ("acme~2", "acme~2", "write acme* for other endings"),
        ("acme~0.8", "acme~0.8", "write acme* for other endings"),
        ("\"acme down\" ~5", "~5", "directly behind the quotes, as in \"a b\"~5"),
        ("acme^2 down", "acme^2", "leave `^2` out"),
        ("\"acme cloud\"^3", "^3", "leave `^3` out"),
        ("[a TO b]", "[a", "write ( )"),
        ("[acme OR cloud] down", "[acme", "write ( )"),
        ("/acm.*/", "/acm.*/", "as in acme*"),
        ("*cloud", "*cloud", "found by its beginning"),
        ("'acme cloud' down", "'acme", "write \"acme cloud\""),
        ("‘acme cloud’ down", "‘acme", "write \"acme cloud\""),
        ("`acme cloud`", "`acme", "write \"acme cloud\""),
        ("score!=5", "score!=5", "write -score=5"),
        ("score<>5", "score<>5", "write -score=5"),
        ("type!=question", "type!=question", "write -type:question"),
        ("score:[60 TO 100]", "score:[60", "score>=5 score<10 for a range"),
        ("sentiment:negative", "sentiment:negative", "sentiment<-0.3 for negative"),
        ("published:2026-01-01", "published:2026-01-01", "published=2026-01-31 for one day"),
        ("likes:5", "likes:5", "likes>=5"),
        ("label=problem", "label", "write label:problem"),
        ("site:reddit.com,news.example", "reddit.com,news.example", "write site:(reddit.com OR news.example)"),
        ("lang:en|de", "en|de", "write lang:(en OR de)"),
        ("type:question,story", "question,story", "write type:(question OR story)"),
        ("from:bob", "from", "did you mean `author:bob`?"),
        ("is:question", "is", "did you mean `type:question`?"),
        ("body:acme", "body", "did you mean `text:acme`?"),
        ("intitle:acme", "intitle", "did you mean `title:acme`?"),
        ("domain:reddit.com", "domain", "did you mean `site:reddit.com`?"),
        ("subreddit:acme", "subreddit", "did you mean `site:reddit.com/r/acme`?"),
        ("language:en", "language", "did you mean `lang:en`?"),
        ("hashtag:acme", "hashtag", "did you mean `tag:acme`?"),
        ("date>2026", "date", "did you mean `published>=2026-01-31`?"),
        ("since:2026-01-01", "since", "did you mean `published>=2026-01-01`?"),
        ("before:2026-01-01", "before", "did you mean `published<2026-01-01`?"),
        ("comments>5", "comments", "did you mean `replies>=5`?"),
        ("upvotes>5", "upvotes", "did you mean `likes>=5`?"),
        ("has:link", "has", "in quotes: \"has:link\""),
        ("error:404", "error", "in quotes: \"error:404\""),
        ("acme=good", "acme", "in quotes: \"acme=good\""),
        ("acme # why", "#", "a comment is written <<< why >>>"),
        ("I <3 acme", "<3", "raw:\"<3\""),
        ("http://acme.example/x", "http://acme.example/x", "for posts there site:acme.example"),
    ] {
        let error = refused(query, Place::Search);
        assert_eq!(query.get(error.span.clone()), Some(at), "{query}: {error}");
        let told = error.hint().unwrap_or_default();
        assert!(told.contains(right), "{query}: {error}: hinted {told}");
    }
    for (query, why) in [
        ("published>2026", "write a day such as 2026-01-31"),
        ("published>01/02/2026", "write a day such as 2026-01-31"),
        ("published>now-7d", "for the last days write age<7d"),
        ("likes>1k", "write a number in digits"),
        ("likes>1,000", "write a number in digits"),
        ("score>60%", "write a number in digits"),
        ("age<7days", "write for example `90s`"),
        ("age<1y", "write for example `90s`"),
        ("url:*acme*", "write a whole address"),
        ("url:acme", "write a whole address"),
        ("site:acme!", "write a domain with an optional path"),
        ("site:x:y/https://acme.example", "write a domain with an optional path"),
    ] {
        let error = refused(query, Place::Search);
        assert!(matches!(error.problem, Problem::BadValue { .. }) && error.what().contains(why), "{query}: {error}");
    }
}

#[test]
fn what_keyboards_and_programs_make_of_signs_is_read_as_it_was_meant() {
    for (query, meant) in [
        ("«acme cloud» OR »anvil co«", "\"acme cloud\" OR \"anvil co\""),
        ("‹acme cloud›", "\"acme cloud\""),
        ("„acme cloud“ ”acme cloud” ‟acme cloud”", "\"acme cloud\" AND \"acme cloud\" AND \"acme cloud\""),
        ("「acme cloud」『acme down』《acme up》", "\"acme cloud\" AND \"acme down\" AND \"acme up\""),
        ("＂acme cloud＂~2", "\"acme cloud\"~2"),
        ("（acme OR anvil）down", "(acme OR anvil) AND down"),
        ("site：acme.example", "site:acme.example"),
        ("title：（acme　down）", "title:acme AND title:down"),
        ("acme –down", "acme AND NOT down"),
        ("acme —\"shut down\"", "acme AND NOT \"shut down\""),
        ("acme −down －out", "acme AND NOT down AND NOT out"),
        ("title:–down acme", "NOT title:down AND acme"),
        ("acme—cloud–down", "\"acme cloud down\""),
        ("likes≥5 likes≤9 likes＞5 likes＜9", "likes>=5 AND likes<=9 AND likes>5 AND likes<9"),
        ("likes=>5 likes=<9 likes==7", "likes>=5 AND likes<=9 AND likes=7"),
        ("+acme +down", "acme AND down"),
        ("site:.example", "site:example"),
        ("'acme' rock 'n' roll", "acme AND rock AND n AND roll"),
        ("'twas acme's", "twas AND acme"),
        ("author:\"Smith, Bob\" tag:\"a|b\"", "author:\"smith, bob\" AND tag:\"a|b\""),
        ("site:https://acme.example/to:https://other.example", "site:acme.example/to:https://other.example"),
        ("site:acme.example/a,b", "site:\"acme.example/a,b\""),
        ("\"near5\" \"adj5\"", "\"near5\" AND \"adj5\""),
        ("[acme] r/acme 24/7", "acme AND \"r acme\" AND \"24 7\""),
        ("acme NEAR/5 \"is down\"", "acme NEAR/5 \"is down\""),
    ] {
        assert_eq!(parsed(query, Place::Search).to_string(), meant, "{query}");
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
            "title:a text:a raw:a author:a site:a.b url:a.b link:a.b source:a kind:a type:story lang:en tag:a thread:a:b",
            Place::Watch,
        ),
        ("age<7d published>2026-01-01 likes>1 replies>1", Place::Watch),
        ("score>60", Place::Route),
        ("sentiment<0", Place::Route),
        ("watch:a", Place::Route),
        ("label:a", Place::Route),
        ("owner:a", Place::Route),
        ("status:new", Place::Search),
        ("outcome:mention", Place::Search),
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
