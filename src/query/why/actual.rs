//! What has a post where a clause asks for something else (or for just this)?

use crate::model::{Duration, Post, Timestamp};
use crate::query::Subject;
use crate::query::ast::{FieldClause, Quantity};
use crate::query::eval::{host_and_path, quantity};

/// Most values that are listed.
const MAX_LISTED: usize = 5;

/// The post's own value of the field that a clause asks for, as a sentence.
pub(super) fn value(clause: &FieldClause, subject: &Subject<'_>) -> String {
    let Subject { post, facts, .. } = *subject;
    match clause {
        FieldClause::Author(_) => author(post),
        FieldClause::Site { path: None, .. } => known("the site", &post.site),
        FieldClause::Site { path: Some(_), .. } => {
            let (host, path) = host_and_path(&post.url);
            known("its address", &format!("{host}{path}"))
        }
        FieldClause::Url(_) => known("its address", &post.canonical_url),
        FieldClause::Link { .. } => listed("it links to", &links(post), "it links to nothing"),
        FieldClause::Source(_) => known("the source", &post.source),
        FieldClause::Kind(_) => known("the kind of its source", &post.kind),
        FieldClause::Type(_) => known("its type", post.post_type.word()),
        FieldClause::Lang(_) => match &post.lang {
            Some(lang) => known("the language", lang),
            None => "the language is not known: the site does not state it".to_owned(),
        },
        FieldClause::Tag(_) => listed("its tags are", &post.tags, "it has no tags"),
        FieldClause::Thread(_) => match post.thread {
            Some(root) => format!("it is a reply in the conversation {root}"),
            None => format!("it is no reply; its own id is {}", post.id),
        },
        FieldClause::Watch(_) => match facts {
            Some(facts) => listed("the watches that match are", &facts.watches, "no watch matches"),
            None => not_asked("the watches that match"),
        },
        FieldClause::Owner(_) => match facts {
            Some(facts) => listed("the owners are", &facts.owners, "it has no owner"),
            None => not_asked("its owners"),
        },
        FieldClause::Label(_) => match facts {
            Some(facts) => listed("its labels are", &facts.labels, "it has no label"),
            None => not_asked("its labels"),
        },
        FieldClause::Status(_) => match facts.and_then(|facts| facts.status.as_deref()) {
            Some(status) => known("the status", status),
            None => not_asked("its status"),
        },
        FieldClause::Outcome(_) => match facts.and_then(|facts| facts.outcome) {
            Some(outcome) => known("the outcome", outcome.name()),
            None => not_asked("its outcome"),
        },
    }
}

/// The post's own number where a comparison asks for one, as a sentence.
pub(super) fn number(what: Quantity, subject: &Subject<'_>) -> String {
    let Some(number) = quantity(what, subject) else { return none(what).to_owned() };
    match what {
        Quantity::Score => format!("the score is {number}"),
        Quantity::Sentiment => format!("the sentiment is {number}"),
        Quantity::Replies => format!("it has {number} replies"),
        Quantity::Likes => format!("it has {number} likes"),
        Quantity::Published => format!("it was published on {}", Timestamp(number as i64)),
        Quantity::Age if number < 0.0 => "it is dated in the future".to_owned(),
        Quantity::Age => format!("it was {} old", Duration(number as u64)),
    }
}

fn none(what: Quantity) -> &'static str {
    match what {
        Quantity::Score => "it has no score",
        Quantity::Sentiment => "its sentiment is not known",
        Quantity::Replies => "the site does not count its replies",
        Quantity::Likes => "the site does not count its likes",
        Quantity::Published => "the site does not say when it was published",
        Quantity::Age => "its age is not known",
    }
}

fn author(post: &Post) -> String {
    match &post.author {
        Some(author) if author.name == author.handle => known("the author", &author.handle),
        Some(author) => format!("the author is `{}` (`{}`)", author.handle, author.name),
        None => "the author is not known".to_owned(),
    }
}

/// Where a post links to, its target first; each address once.
fn links(post: &Post) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for link in post.target.iter().chain(&post.links) {
        let (host, path) = host_and_path(link);
        let address = format!("{host}{path}");
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

fn known(what: &str, value: &str) -> String {
    if value.is_empty() { format!("{what} is not known") } else { format!("{what} is `{value}`") }
}

fn not_asked(what: &str) -> String {
    format!("{what} cannot be known here")
}

fn listed(what: &str, values: &[String], none: &str) -> String {
    if values.is_empty() {
        return none.to_owned();
    }
    let shown: Vec<String> = values.iter().take(MAX_LISTED).map(|value| format!("`{value}`")).collect();
    let more = values.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{what} {}{more}", shown.join(", "))
}
