//! Is a word of a query written as another search would have it?
//!
//! People come from Lucene, Google, Brandwatch and programming. What means something there and nothing here is
//! refused with the right form, rather than read as words: `acme&&down` would be a phrase, `acme~2` too.

use crate::model::nearest;

/// A form of another language, and what to write in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Habit {
    /// What the form means elsewhere, as the end of a sentence.
    pub(super) what: &'static str,
    pub(super) instead: String,
}

/// The habit that a run of characters without spaces shows, if any.
pub(super) fn of(bare: &str) -> Option<Habit> {
    signs(bare).or_else(|| near(bare)).or_else(|| joined(bare)).or_else(|| suffix(bare)).or_else(|| enclosed(bare))
}

fn habit(what: &'static str, instead: impl Into<String>) -> Option<Habit> {
    Some(Habit { what, instead: instead.into() })
}

fn has_word(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

/// `acme&&down`, `acme|down`, `!down`, `score!`.
fn signs(bare: &str) -> Option<Habit> {
    if !has_word(bare) {
        return None;
    }
    let apart = |sign: &str, word: &str| {
        let parts: Vec<&str> = bare.split(sign).filter(|part| !part.is_empty()).collect();
        format!("write {}", parts.join(word))
    };
    if bare.contains("&&") {
        return habit("`&&` is no operator", apart("&&", " AND "));
    }
    if bare.contains('|') {
        return habit("`|` is no operator", apart("|", " OR "));
    }
    match bare.strip_prefix(['!', '！']) {
        Some(excluded) => habit("`!` is no operator", format!("to exclude it write -{excluded}")),
        None => None,
    }
}

/// `near/5`, `NEAR5`, `w/5`, `ADJ5`: NEAR with a distance, but not as it is written here.
fn near(bare: &str) -> Option<Habit> {
    let lower = bare.to_ascii_lowercase();
    let number = lower.trim_start_matches(|c: char| !c.is_ascii_digit());
    let is_number = !number.is_empty() && number.len() <= 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let operator = match &lower[..lower.len() - number.len()] {
        "near/" | "near" | "near:" | "near~" | "w/" | "adj/" | "adj" => "NEAR",
        "onear/" | "onear" | "onear:" | "onear~" | "pre/" => "ONEAR",
        _ => return None,
    };
    if !is_number {
        return None;
    }
    habit("that is no operator", format!("write {operator}/{number}; to look for the text itself put it in quotes"))
}

/// `ANDNOT`, `AND/OR`.
fn joined(bare: &str) -> Option<Habit> {
    match bare {
        "ANDNOT" | "AND-NOT" | "AND_NOT" => habit("that is no operator", "write NOT"),
        "ORNOT" | "OR-NOT" | "OR_NOT" => habit("that is no operator", "write OR NOT"),
        "AND/OR" | "OR/AND" => habit("that is no operator", "write OR, which is true of both together too"),
        _ => None,
    }
}

/// `acme~2`, `acme^2`.
fn suffix(bare: &str) -> Option<Habit> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if let Some((_, number)) = bare.rsplit_once('^')
        && is_number(number)
        && !number.is_empty()
    {
        return habit("no term counts more than another", format!("leave `^{number}` out"));
    }
    let (word, number) = bare.rsplit_once('~').filter(|(_, number)| is_number(number))?;
    if word.is_empty() && !number.is_empty() {
        return habit(
            "`~` belongs to a phrase",
            format!("write it directly behind the quotes, as in \"a b\"~{number}"),
        );
    }
    if !has_word(word) {
        return None;
    }
    habit("words are not guessed", format!("write {word}* for other endings, or each spelling, joined by OR"))
}

/// `/acm.*/`, `[acme`, `acme]`.
fn enclosed(bare: &str) -> Option<Habit> {
    let inner = bare.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).unwrap_or_default();
    if inner.contains(['*', '+', '?', '[', '\\', '^', '$', '|', '.']) {
        return habit(
            "there are no regular expressions",
            "write a wildcard, as in acme*, or each spelling, joined by OR",
        );
    }
    if has_word(bare) && bare.starts_with('[') != bare.ends_with(']') && (bare.starts_with('[') || bare.ends_with(']'))
    {
        return habit(
            "square brackets hold nothing together",
            "write ( ); a range is written score>=60 score<=80; else leave the bracket out",
        );
    }
    None
}

/// Names of fields elsewhere, and what is nearest to them here: a field, or a form with `…` for the value.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["from", "by", "user", "username", "handle", "account", "poster", "screen_name"], "author:…"),
    (&["body", "content", "description", "selftext", "intext", "allintext", "message"], "text:…"),
    (&["subject", "headline", "heading", "intitle", "allintitle"], "title:…"),
    (&["domain", "host", "hostname", "website", "insite"], "site:…"),
    (&["inurl", "allinurl", "address"], "site:acme.example/path"),
    (&["language", "langs", "locale"], "lang:…"),
    (&["hashtag", "hashtags", "topic", "category", "flair"], "tag:…"),
    (&["subreddit", "sub", "r"], "site:reddit.com/r/…"),
    (&["links", "linkto", "linksto", "outlink"], "link:…"),
    (&["feed", "channel", "forum", "community"], "source:…"),
    (&["platform", "network"], "site:reddit.com"),
    (&["is", "format", "posttype"], "type:…"),
    (&["date", "created", "time", "posted"], "published>=2026-01-31"),
    (&["since", "after", "newer"], "published>=…"),
    (&["until", "before", "older"], "published<…"),
    (&["newer_than", "within", "last"], "age<…"),
    (&["older_than"], "age>…"),
    (&["comments", "num_comments", "answers"], "replies>=…"),
    (&["upvotes", "points", "votes", "favorites", "favourites", "min_faves", "ups"], "likes>=…"),
    (&["conversation", "conversation_id"], "thread:…"),
    (&["alert", "rule", "monitor"], "watch:…"),
    (&["assignee", "assigned", "team"], "owner:…"),
    (&["state", "triage"], "status:…"),
    (&["exact", "exactly", "verbatim", "literal"], "raw:\"…\""),
];

/// What `name`, no field here, was most likely meant to be: a typing error of a field, or a field elsewhere.
pub(super) fn meant(name: &str, value: &str, known: impl Iterator<Item = &'static str>) -> Option<String> {
    let lower = name.to_lowercase();
    if let Some((_, form)) = ELSEWHERE.iter().find(|(names, _)| names.contains(&lower.as_str())) {
        return Some(form.replace('…', if value.is_empty() { "value" } else { value }));
    }
    nearest(name, known).map(str::to_owned)
}
