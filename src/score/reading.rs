//! What do a mention's words say of what was asked for?

use super::sense::{self, Names, Text};
use crate::model::{Field, Match, Post, Role, Sense, Span};

/// Most different names that a text is aimed at.
const MAX_NAMES: usize = 16;

/// Sentiment, labels and problem likelihood of a post, aimed at the words that its watches found: at those of watches
/// for a brand or a product where there are any, since a post that also names a competitor may praise one and curse the
/// other.
pub fn read(post: &Post, matches: &[Match]) -> Sense {
    let ours = |found: &&Match| matches!(found.role, Role::Brand | Role::Product);
    let mut names: Vec<&str> = Vec::new();
    for found in matches.iter().filter(|found| ours(found) || !matches.iter().any(|other| ours(&other))) {
        for span in found.clauses.iter().flat_map(|hit| &hit.spans) {
            let name = words_at(post, *span).filter(|name| sense::is_name(name) && !names.contains(name));
            names.extend(name.filter(|_| names.len() < MAX_NAMES));
        }
    }
    let text = Text { title: &post.title, text: &post.text, lang: post.lang.as_deref() };
    match names.is_empty() {
        true => sense::read(&text, None),
        false => sense::read(&text, Some(&Names::new(names))),
    }
}

fn words_at(post: &Post, span: Span) -> Option<&str> {
    let text = match span.field {
        Field::Title => &post.title,
        Field::Text => &post.text,
    };
    text.get(span.start as usize..span.end as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClauseHit, PostId, PostType, Priority, SentimentClass, Timestamp};

    fn post(text: &str) -> Post {
        Post {
            id: PostId::of("k"),
            key: "k".into(),
            source: "forum".into(),
            kind: "discourse".into(),
            site: "a.example".into(),
            url: "https://a.example/1".into(),
            canonical_url: "https://a.example/1".into(),
            target: None,
            thread: None,
            post_type: PostType::Comment,
            title: String::new(),
            text: text.into(),
            author: None,
            published: None,
            updated: None,
            received: Timestamp(0),
            lang: None,
            tags: Vec::new(),
            links: Vec::new(),
            engagement: Default::default(),
        }
    }

    /// A watch that found these words in the text.
    fn found(role: Role, text: &str, words: &[&str]) -> Match {
        let span = |word: &&str| {
            let start = text.find(word).expect("the word") as u32;
            Span { field: Field::Text, start, end: start + word.len() as u32 }
        };
        let hit = ClauseHit { clause: words.join(" "), spans: words.iter().map(span).collect() };
        let (watch, version) = ("w".to_owned(), "0".to_owned());
        Match { watch, version, role, owner: None, priority: Priority::Normal, clauses: vec![hit] }
    }

    #[test]
    fn a_post_that_praises_one_and_curses_the_other_is_read_for_the_one_that_is_ours() {
        let text = "I love Quillon, it just works. But Globex is terrible, it crashes all the time.";
        let class = |matches: &[Match]| read(&post(text), matches).sentiment.class();
        let ours = |name| found(Role::Brand, text, &[name]);
        assert_eq!(class(&[ours("Quillon")]), Some(SentimentClass::Positive));
        assert_eq!(class(&[ours("Globex")]), Some(SentimentClass::Negative));
        let theirs = found(Role::Competitor, text, &["Globex"]);
        assert_eq!(class(&[theirs, ours("Quillon")]), Some(SentimentClass::Positive), "ours goes before theirs");
    }

    #[test]
    fn what_a_watch_complains_of_is_no_name() {
        let text = "Quillon is terrible today";
        assert_eq!(
            read(&post(text), &[found(Role::Brand, text, &["Quillon", "terrible"])]),
            read(&post(text), &[found(Role::Brand, text, &["Quillon"])])
        );
    }
}
