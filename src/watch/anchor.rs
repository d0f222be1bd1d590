//! Without what can a query not be true, and how rare is that?

use std::collections::HashMap;
use std::sync::LazyLock;

use super::plan::{Ask, Clauses, Plan};
use super::terms::{Term, Terms, stem};
use crate::model::Post;
use crate::query::ast::{Expr, FieldClause, TextClause};
use crate::query::eval::{bare_url, host_and_path};
use crate::query::hash;
use crate::query::lint::COMMON;

/// What a post must have for a clause that is not about words to be true; found without evaluating a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Key {
    /// These characters in title or text.
    Characters(String),
    /// A value of a field, by [`value_key`].
    Value(u64),
}

/// Something that a post has or has not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anchor {
    Term(Term),
    /// The key of a clause.
    Clause(u32),
}

/// Anchors of which at least one holds of every post that satisfies the plan.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Anchors {
    pub any_of: Vec<Anchor>,
    /// A guess at the share of posts of which one of them holds, to choose between ways to anchor a plan.
    pub share: f64,
}

/// How common terms and clauses are.
pub(super) struct Shares<'t> {
    pub terms: &'t [f64],
    pub clauses: &'t Clauses,
}

impl Shares<'_> {
    /// The rarest anchors of a plan; `None` when a post can satisfy it without having anything it names.
    pub(super) fn anchors(&self, plan: &Plan) -> Option<Anchors> {
        match plan {
            Plan::All(parts) => {
                parts.iter().filter_map(|part| self.anchors(part)).min_by(|a, b| a.share.total_cmp(&b.share))
            }
            Plan::Any(parts) => parts.iter().map(|part| self.anchors(part)).collect::<Option<Vec<_>>>().map(together),
            Plan::Is(ask) => self.of(ask),
            Plan::Not(_) => None,
        }
    }

    fn of(&self, ask: &Ask) -> Option<Anchors> {
        match ask {
            Ask::Term(_, term) => Some(self.term(*term)),
            Ask::Phrase(_, words) => {
                words.iter().map(|word| self.term(*word)).min_by(|a, b| a.share.total_cmp(&b.share))
            }
            Ask::Near { left, right, .. } => {
                let side = |terms: &[Term]| together(terms.iter().map(|term| self.term(*term)));
                let (left, right) = (side(left), side(right));
                Some(if left.share <= right.share { left } else { right })
            }
            Ask::Clause(number) => {
                let (_, share) = self.clauses.key(*number)?;
                Some(Anchors { any_of: vec![Anchor::Clause(*number)], share: *share })
            }
        }
    }

    fn term(&self, term: Term) -> Anchors {
        let share = self.terms.get(term as usize).copied().unwrap_or(1.0);
        Anchors { any_of: vec![Anchor::Term(term)], share }
    }
}

/// Most guards that a watch has in one bucket: with more, it waits there without.
const MAX_GUARDS: usize = 8;

impl Shares<'_> {
    /// Terms besides `known` of which a post must have at least one to satisfy a plan; the rarest there are.
    pub(super) fn guards(&self, plan: &Plan, known: Term) -> Option<Vec<Term>> {
        self.guards_of(plan, known).map(|(guards, _)| guards)
    }

    fn guards_of(&self, plan: &Plan, known: Term) -> Option<(Vec<Term>, f64)> {
        let rarest = |a: &(Vec<Term>, f64), b: &(Vec<Term>, f64)| a.1.total_cmp(&b.1);
        match plan {
            Plan::All(parts) => parts.iter().filter_map(|part| self.guards_of(part, known)).min_by(rarest),
            Plan::Any(parts) => {
                let parts = parts.iter().map(|part| self.guards_of(part, known)).collect::<Option<Vec<_>>>()?;
                let terms = parts.into_iter().flat_map(|(guards, _)| guards).collect();
                self.one_of(terms, known)
            }
            Plan::Is(Ask::Term(_, term)) => self.one_of(vec![*term], known),
            Plan::Is(Ask::Phrase(_, words)) => {
                words.iter().filter_map(|word| self.one_of(vec![*word], known)).min_by(rarest)
            }
            Plan::Is(Ask::Near { left, right, .. }) => {
                [left, right].into_iter().filter_map(|side| self.one_of(side.clone(), known)).min_by(rarest)
            }
            Plan::Is(Ask::Clause(_)) | Plan::Not(_) => None,
        }
    }

    /// These terms as guards, unless there are too many or they say nothing more.
    fn one_of(&self, mut terms: Vec<Term>, known: Term) -> Option<(Vec<Term>, f64)> {
        terms.sort_unstable();
        terms.dedup();
        if terms.is_empty() || terms.len() > MAX_GUARDS || terms.contains(&known) {
            return None;
        }
        let share = terms.iter().map(|term| self.term(*term).share).sum();
        Some((terms, share))
    }
}

fn together(parts: impl IntoIterator<Item = Anchors>) -> Anchors {
    let mut all = Anchors { any_of: Vec::new(), share: 0.0 };
    for part in parts {
        all.any_of.extend(part.any_of);
        all.share += part.share;
    }
    all
}

/// What a post must have for a clause to be true, and a guess at the share of posts that have it.
pub(super) fn key_of(expr: &Expr) -> Option<(Key, f64)> {
    match expr {
        Expr::Text { what: TextClause::Raw(characters), .. } => Some((Key::Characters(characters.clone()), RAW_SHARE)),
        Expr::Is(clause) => value_key(clause).map(|(key, share)| (Key::Value(key), share)),
        Expr::And(_) | Expr::Or(_) | Expr::Not(_) | Expr::Text { .. } | Expr::Compare { .. } => None,
    }
}

/// A guess for each term at the share of posts that have it: by what is known of the language, and by how often
/// the watches themselves name it.
pub(super) fn shares(terms: &Terms, watches: usize) -> Vec<f64> {
    let share = |term: Term| {
        let text = terms.text(term);
        let known = match stem(text) {
            word if word.len() == text.len() => word_share(word),
            stem => (length_share(stem) * STEM_FACTOR).min(1.0),
        };
        known + USE_WEIGHT * f64::from(terms.uses(term)) / (watches + FEW_WATCHES) as f64
    };
    (0..terms.len() as Term).map(share).collect()
}

/// How much a use counts: a word that a hundredth of the watches names is taken to be in so many hundredths of the posts.
const USE_WEIGHT: f64 = 1.0;

/// With fewer watches than this, what they name says little.
const FEW_WATCHES: usize = 1_000;

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

/// What the clauses of the watches ask for, a bit for each [`About`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked(u16);

impl Asked {
    /// Also for what a clause with this key asks for.
    pub(super) fn add(&mut self, key: &Key) {
        if let Key::Value(key) = key {
            self.0 |= 1 << (key & ABOUT);
        }
    }

    fn has(self, about: About) -> bool {
        self.0 & (1 << about as u16) != 0
    }
}

/// The bits of a key that say what it is about.
const ABOUT: u64 = 0xf;

fn key(about: About, value: &str) -> u64 {
    // Over all bytes at once, because it stops at nearly none.
    let is_lower = !value.bytes().fold(false, |found, byte| found | !byte.is_ascii() | byte.is_ascii_uppercase());
    let hash = if is_lower { hash(value) } else { hash(&value.to_lowercase()) };
    (hash & !ABOUT) | (about as u64)
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

/// Visits the key of every value that a clause could ask a post for, as far as any does.
pub(super) fn post_keys(post: &Post, asked: Asked, mut visit: impl FnMut(u64)) {
    let mut see = |about, value: &str| {
        if asked.has(about) {
            visit(key(about, value));
        }
    };
    if let Some(author) = &post.author {
        see(About::Author, &author.handle);
        see(About::Author, &author.name);
    }
    domains(&post.site, |domain| see(About::Site, domain));
    for url in [&post.url, &post.canonical_url].into_iter().filter(|_| asked.has(About::Url)) {
        see(About::Url, bare_url(url));
    }
    for link in post.links.iter().chain(&post.target).filter(|_| asked.has(About::Link)) {
        domains(host_and_path(link).0, |domain| see(About::Link, domain));
    }
    see(About::Source, &post.source);
    see(About::Kind, &post.kind);
    see(About::Type, post.post_type.word());
    post.tags.iter().for_each(|tag| see(About::Tag, tag));
    if let Some(lang) = post.lang.as_deref().and_then(|lang| lang.split(['-', '_']).next()) {
        see(About::Lang, lang);
    }
    if asked.has(About::Thread) {
        std::iter::once(post.id).chain(post.thread).for_each(|id| see(About::Thread, &id.to_string()));
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
