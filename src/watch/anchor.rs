//! Without what can a query not be true, and how rare is that?

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::{Field, Post};
use crate::query::ast::{Expr, FieldClause, NearOperand, Scope, TextClause};
use crate::query::eval::{bare_url, host_and_path};
use crate::query::hash;
use crate::query::lint::COMMON;

/// Something that a post has or has not, found without evaluating a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Anchor {
    /// A word, by its hash.
    Word { scope: Scope, hash: u64 },
    /// A word that starts so.
    Stem { scope: Scope, stem: String },
    /// These characters in title or text.
    Characters(String),
    /// A value of a field, by [`value_key`].
    Value(u64),
}

/// Anchors of which at least one holds of every post that satisfies the query.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Anchors {
    pub any_of: Vec<Anchor>,
    /// A guess at the share of posts of which one of them holds, to choose between ways to anchor a query.
    pub share: f64,
}

impl Anchors {
    /// The rarest anchors of a query; `None` when a post can satisfy it without having anything it names.
    pub(super) fn of(expr: &Expr) -> Option<Self> {
        match expr {
            Expr::And(parts) => parts.iter().filter_map(Self::of).min_by(|a, b| a.share.total_cmp(&b.share)),
            Expr::Or(parts) => parts.iter().map(Self::of).collect::<Option<Vec<_>>>().map(Self::together),
            Expr::Text { scope, what } => Some(Self::of_text(*scope, what)),
            Expr::Is(clause) => {
                let (key, share) = value_key(clause)?;
                Some(Self { any_of: vec![Anchor::Value(key)], share })
            }
            Expr::Not(_) | Expr::Compare { .. } => None,
        }
    }

    fn of_text(scope: Scope, what: &TextClause) -> Self {
        match what {
            TextClause::Phrase(words)
            | TextClause::Loose { words, .. }
            | TextClause::ExactCase { words, .. }
            | TextClause::Sigil { words, .. } => Self::rarest_word(scope, words),
            TextClause::Wildcard(pattern) => Self::stem(scope, pattern),
            TextClause::Near { left, right, .. } => {
                let (left, right) = (Self::side(scope, left), Self::side(scope, right));
                if left.share <= right.share { left } else { right }
            }
            TextClause::Raw(characters) => {
                Self { any_of: vec![Anchor::Characters(characters.clone())], share: RAW_SHARE }
            }
        }
    }

    fn rarest_word(scope: Scope, words: &[String]) -> Self {
        let share = |word: &&String| word_share(word);
        let rarest = words.iter().min_by(|a, b| share(a).total_cmp(&share(b))).map_or("", String::as_str);
        Self { any_of: vec![Anchor::Word { scope, hash: hash(rarest) }], share: word_share(rarest) }
    }

    fn stem(scope: Scope, pattern: &str) -> Self {
        let stem = &pattern[..pattern.find(['*', '?']).unwrap_or(pattern.len())];
        let share = (length_share(stem) * STEM_FACTOR).min(1.0);
        Self { any_of: vec![Anchor::Stem { scope, stem: stem.to_owned() }], share }
    }

    fn side(scope: Scope, operands: &[NearOperand]) -> Self {
        Self::together(operands.iter().map(|operand| match operand {
            NearOperand::Word(word) => Self::rarest_word(scope, std::slice::from_ref(word)),
            NearOperand::Phrase(words) => Self::rarest_word(scope, words),
            NearOperand::Wildcard(pattern) => Self::stem(scope, pattern),
        }))
    }

    fn together(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self { any_of: Vec::new(), share: 0.0 };
        for part in parts {
            all.any_of.extend(part.any_of);
            all.share += part.share;
        }
        all
    }
}

/// Share of posts that have exact characters. They are looked for in every byte of every post as soon as one
/// watch is anchored so; a word is the better anchor unless it is a very common one.
const RAW_SHARE: f64 = 0.05;

/// How many times more posts have a word with a stem than have a word of the stem's length.
const STEM_FACTOR: f64 = 8.0;

/// The rank of each common word, from 0: no anchors if there is another.
static RANKS: LazyLock<HashMap<&str, usize>> =
    LazyLock::new(|| COMMON.split_ascii_whitespace().enumerate().map(|(rank, word)| (word, rank)).collect());

/// A guess at the share of posts that have a word.
fn word_share(word: &str) -> f64 {
    match RANKS.get(word) {
        Some(rank) => 0.6 / (1.0 + *rank as f64 / 20.0),
        None => length_share(word),
    }
}

/// Longer words are rarer.
fn length_share(word: &str) -> f64 {
    0.04 * 0.75_f64.powi(word.chars().count().min(40) as i32)
}

/// What kind of value a key is about, and a guess at the share of posts that have any one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Author,
    Site,
    Url,
    Link,
    Source,
    Kind,
    Type,
    Lang,
    Tag,
    Thread,
}

fn key(about: About, value: &str) -> u64 {
    hash(&value.to_lowercase()).rotate_left(8) ^ (about as u64)
}

/// The key of a clause about a field, and a guess at the share of posts that satisfy it; `None` for what is
/// not known when watches are asked.
fn value_key(clause: &FieldClause) -> Option<(u64, f64)> {
    Some(match clause {
        FieldClause::Author(name) => (key(About::Author, name), 0.001),
        FieldClause::Site { domain, .. } => (key(About::Site, domain), 0.05),
        FieldClause::Url(url) => (key(About::Url, bare_url(url)), 0.0001),
        FieldClause::Link { domain, .. } => (key(About::Link, domain), 0.01),
        FieldClause::Source(name) => (key(About::Source, name), 0.05),
        FieldClause::Kind(name) => (key(About::Kind, name), 0.2),
        FieldClause::Type(kind) => (key(About::Type, kind.word()), 0.3),
        FieldClause::Lang(tag) => (key(About::Lang, tag), 0.4),
        FieldClause::Tag(tag) => (key(About::Tag, tag), 0.01),
        FieldClause::Thread(root) => (key(About::Thread, root), 0.0001),
        FieldClause::Watch(_)
        | FieldClause::Label(_)
        | FieldClause::Status(_)
        | FieldClause::Owner(_)
        | FieldClause::Outcome(_) => return None,
    })
}

/// Visits the key of every value that a clause could ask a post for.
pub(super) fn post_keys(post: &Post, mut visit: impl FnMut(u64)) {
    if let Some(author) = &post.author {
        visit(key(About::Author, &author.handle));
        visit(key(About::Author, &author.name));
    }
    domains(&post.site, |domain| visit(key(About::Site, domain)));
    for url in [&post.url, &post.canonical_url] {
        visit(key(About::Url, bare_url(url)));
    }
    for link in post.links.iter().chain(&post.target) {
        domains(host_and_path(link).0, |domain| visit(key(About::Link, domain)));
    }
    visit(key(About::Source, &post.source));
    visit(key(About::Kind, &post.kind));
    visit(key(About::Type, post.post_type.word()));
    for tag in &post.tags {
        visit(key(About::Tag, tag));
    }
    if let Some(lang) = post.lang.as_deref().and_then(|lang| lang.split(['-', '_']).next()) {
        visit(key(About::Lang, lang));
    }
    for id in std::iter::once(post.id).chain(post.thread) {
        visit(key(About::Thread, &id.to_string()));
    }
}

/// A host and every domain above it.
fn domains(host: &str, mut visit: impl FnMut(&str)) {
    let mut domain = host;
    loop {
        visit(domain);
        let Some((_, above)) = domain.split_once('.') else { return };
        domain = above;
    }
}

/// Whether an anchor in this scope is looked for in this text.
pub(super) fn covers(scope: Scope, field: Field) -> bool {
    match scope {
        Scope::Either => true,
        Scope::Only(only) => only == field,
    }
}
