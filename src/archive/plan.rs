//! Which query of the index finds what a query means?
//!
//! A plan finds every post that the query is true of. Where the index cannot tell, it finds too many, and
//! is not `exact`: then each is asked of the stored post. Under NOT the direction turns: what is taken away
//! must never be too much.

use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, EnableScoring, Occur, PhraseQuery, Query,
    TermQuery,
};
use tantivy::schema::{Field as IndexField, IndexRecordOption};
use tantivy::{BitSet, Score, SegmentReader, Term};

use crate::model::{Field, Timestamp};
use crate::query::ast::{Comparison, Expr, FieldClause, NearOperand, Quantity, Scope, TextClause};

use super::age::AgeTo;
use super::computed::Computed;
use super::each::Window;
use super::near::Near;
use super::raw;
use super::schema::{self, Fields, Key};
use super::terms::{insert_all, wildcard};
use super::tokens::with_sigil;
use super::values;

/// How much more a word in the title counts than one in the text.
const TITLE_BOOST: Score = 2.0;

/// What to ask the index.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) query: Box<dyn Query>,
    /// Characters that every post has which the query is true of: of each group at least one.
    pub(super) needles: Vec<Vec<String>>,
    /// The index finds exactly the posts that the query is true of.
    pub(super) exact: bool,
}

/// The plan for an expression.
pub(super) fn plan(expr: &Expr, fields: &Fields, age_to: AgeTo) -> Plan {
    let mut planner = Planner { fields, age_to, exact: true };
    let query = planner.expr(expr, Side::Above);
    Plan { query, needles: needles(expr), exact: planner.exact }
}

/// The characters of `raw:` without which the whole is not true.
fn needles(expr: &Expr) -> Vec<Vec<String>> {
    match expr {
        Expr::And(parts) => parts.iter().flat_map(needles).collect(),
        Expr::Or(parts) => {
            // One group of each part; together they say something only if every part has one.
            let groups: Option<Vec<_>> = parts.iter().map(|part| needles(part).into_iter().next()).collect();
            groups.map(|groups| groups.concat()).into_iter().collect()
        }
        Expr::Text { what: TextClause::Raw(characters), .. } => vec![vec![characters.clone()]],
        Expr::Text { .. } | Expr::Not(_) | Expr::Is(_) | Expr::Compare { .. } => Vec::new(),
    }
}

/// On which side of the truth a query may err.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// It may find too many posts.
    Above,
    /// It may find too few.
    Below,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Above => Self::Below,
            Self::Below => Self::Above,
        }
    }
}

struct Planner<'a> {
    fields: &'a Fields,
    age_to: AgeTo,
    exact: bool,
}

impl Planner<'_> {
    fn expr(&mut self, expr: &Expr, side: Side) -> Box<dyn Query> {
        match expr {
            Expr::And(parts) => {
                let parts = parts.iter().map(|part| match part {
                    Expr::Not(inner) => (Occur::MustNot, self.excluded(inner, side)),
                    other => (Occur::Must, self.expr(other, side)),
                });
                all(parts.collect())
            }
            Expr::Or(parts) => any(parts.iter().map(|part| self.expr(part, side)).collect()),
            Expr::Not(inner) => all(vec![(Occur::MustNot, self.excluded(inner, side))]),
            Expr::Text { scope, what } => self.text(*scope, what, side),
            Expr::Is(clause) => filter(self.field(clause, side)),
            Expr::Compare { what, op, value } => self.compare(*what, *op, *value),
        }
    }

    /// The posts that NOT takes away, found beforehand: taking away while going along, tantivy asks its phrases for
    /// posts behind the one they stand at, which they do not promise to answer (and refuse in debug builds).
    fn excluded(&mut self, inner: &Expr, side: Side) -> Box<dyn Query> {
        let query = self.expr(inner, side.other());
        let schema = self.fields.schema.clone();
        Box::new(Computed::new("excluded", move |segment, posts| {
            let weight = query.weight(EnableScoring::disabled_from_schema(&schema))?;
            weight.for_each_no_score(segment, &mut |found| insert_all(found, posts))
        }))
    }

    fn text(&mut self, scope: Scope, what: &TextClause, side: Side) -> Box<dyn Query> {
        match scope {
            Scope::Either => any(vec![self.text_in(Field::Title, what, side), self.text_in(Field::Text, what, side)]),
            Scope::Only(field) => self.text_in(field, what, side),
        }
    }

    fn text_in(&mut self, field: Field, what: &TextClause, side: Side) -> Box<dyn Query> {
        match field {
            Field::Title => Box::new(BoostQuery::new(self.clause(self.fields.title, what, side), TITLE_BOOST)),
            Field::Text => self.clause(self.fields.text, what, side),
        }
    }

    fn clause(&mut self, field: IndexField, what: &TextClause, side: Side) -> Box<dyn Query> {
        match what {
            TextClause::Phrase(words) => phrase(field, words),
            TextClause::Sigil { sigil, words } => match words.split_first() {
                None => Box::new(EmptyQuery),
                Some((first, rest)) => {
                    let first = std::iter::once(with_sigil(*sigil, first));
                    phrase(field, &first.chain(rest.iter().cloned()).collect::<Vec<_>>())
                }
            },
            TextClause::Wildcard(pattern) => Box::new(wildcard(field, pattern)),
            TextClause::Loose { words, .. } => {
                let words = words.iter().map(|word| (Occur::Must, phrase(field, std::slice::from_ref(word))));
                self.candidates(all(words.collect()), side)
            }
            TextClause::Near { left, right, distance, ordered } => {
                let words = left.iter().chain(right).filter_map(|operand| near_word(field, operand));
                let (left, right) = (left.clone(), right.clone());
                let near = Near { left, right, distance: *distance, ordered: *ordered }.in_field(field);
                let near: Box<dyn Query> = Box::new(near);
                all(std::iter::once((Occur::Must, near)).chain(words).collect())
            }
            TextClause::ExactCase { words, .. } => self.candidates(phrase(field, words), side),
            TextClause::Raw(characters) => self.candidates(holding(field, characters), side),
        }
    }

    /// A query that may find too many.
    fn candidates(&mut self, query: Box<dyn Query>, side: Side) -> Box<dyn Query> {
        self.exact = false;
        match side {
            Side::Above => query,
            Side::Below => Box::new(EmptyQuery),
        }
    }

    fn field(&mut self, clause: &FieldClause, side: Side) -> Box<dyn Query> {
        match clause {
            FieldClause::Author(name) => self.value(Key::Author, name),
            FieldClause::Site { domain, path: None } => self.value(Key::Site, domain),
            FieldClause::Site { domain, path: Some(path) } => {
                let site = self.value(Key::Site, domain);
                match values::under(path) {
                    Some(paths) => all(vec![(Occur::Must, site), (Occur::Must, self.any_path(&paths))]),
                    None => self.candidates(site, side),
                }
            }
            FieldClause::Url(url) => self.candidates(self.any_path(&values::at(url)), side),
            FieldClause::Link { domain, path: None } => self.value(Key::Link, domain),
            FieldClause::Link { domain, path: Some(_) } => self.candidates(self.value(Key::Link, domain), side),
            FieldClause::Source(name) => self.value(Key::Source, name),
            FieldClause::Kind(name) => self.value(Key::Kind, name),
            FieldClause::Type(kind) => self.value(Key::Type, kind.word()),
            FieldClause::Lang(tag) => self.value(Key::Lang, tag),
            FieldClause::Tag(tag) => self.value(Key::Tag, tag),
            FieldClause::Thread(root) => match root.parse() {
                Ok(root) => Box::new(self.fields.in_thread(root)),
                Err(_) => Box::new(EmptyQuery),
            },
            FieldClause::Watch(name) => self.value(Key::Watch, name),
            FieldClause::Label(label) => self.value(Key::Label, label),
            FieldClause::Status(status) => self.value(Key::Status, status),
            FieldClause::Outcome(outcome) => self.value(Key::Outcome, outcome.name()),
            FieldClause::Owner(owner) => self.value(Key::Owner, owner),
        }
    }

    fn value(&self, key: Key, wanted: &str) -> Box<dyn Query> {
        Box::new(self.fields.having(key, values::wanted(wanted).as_bytes()))
    }

    fn any_path(&self, paths: &[String]) -> Box<dyn Query> {
        any(paths.iter().map(|path| self.value(Key::Path, path)).collect())
    }

    fn compare(&self, what: Quantity, op: Comparison, bound: f64) -> Box<dyn Query> {
        match what {
            Quantity::Score => number(schema::SCORE, op, bound),
            Quantity::Sentiment => number(schema::SENTIMENT, op, bound),
            Quantity::Replies => number(schema::REPLIES, op, bound),
            Quantity::Likes => number(schema::LIKES, op, bound),
            Quantity::Published => number(schema::PUBLISHED, op, bound),
            Quantity::Age => aged(self.age_to, op, bound),
        }
    }
}

/// All of `parts`; where they only exclude, of everything.
fn all(mut parts: Vec<(Occur, Box<dyn Query>)>) -> Box<dyn Query> {
    if parts.iter().all(|(occur, _)| *occur == Occur::MustNot) {
        parts.push((Occur::Must, filter(Box::new(AllQuery))));
    }
    Box::new(BooleanQuery::new(parts))
}

fn any(parts: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    Box::new(BooleanQuery::union(parts))
}

/// A query that says nothing about how relevant a post is.
fn filter(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

/// Words next to each other, scored.
fn phrase(field: IndexField, words: &[String]) -> Box<dyn Query> {
    let mut terms: Vec<Term> = words.iter().map(|word| Term::from_field_text(field, word)).collect();
    match terms.pop() {
        None => Box::new(EmptyQuery),
        Some(only) if terms.is_empty() => Box::new(TermQuery::new(only, IndexRecordOption::WithFreqs)),
        Some(last) => {
            terms.push(last);
            Box::new(PhraseQuery::new(terms))
        }
    }
}

/// What an operand of NEAR adds to the score of a post that is found anyway.
fn near_word(field: IndexField, operand: &NearOperand) -> Option<(Occur, Box<dyn Query>)> {
    match operand {
        NearOperand::Word(word) => Some((Occur::Should, phrase(field, std::slice::from_ref(word)))),
        NearOperand::Phrase(words) => Some((Occur::Should, phrase(field, words))),
        NearOperand::Wildcard(_) => None,
    }
}

/// Posts that may have these characters in a text.
fn holding(field: IndexField, characters: &str) -> Box<dyn Query> {
    let parts = raw::candidates(field, characters, phrase);
    let everything = parts.is_empty().then(|| filter(Box::new(AllQuery)));
    all(parts.into_iter().chain(everything).map(|part| (Occur::Must, part)).collect())
}

/// Posts whose number is on the right side of a bound; never those without one.
fn number(column: &'static str, op: Comparison, bound: f64) -> Box<dyn Query> {
    Box::new(Computed::new(column, move |segment, posts| {
        let numbers = segment.fast_fields().f64(column)?;
        each_post(segment, posts, |post| numbers.first(post).is_some_and(|number| op.holds(number, bound)));
        Ok(())
    }))
}

/// Posts with a moment before a bound.
pub(super) fn before(column: &'static str, bound: Timestamp) -> Box<dyn Query> {
    moments(column, move |moment| moment < bound.0)
}

/// Posts whose age is on the right side of a bound.
fn aged(age_to: AgeTo, op: Comparison, bound: f64) -> Box<dyn Query> {
    let now = match age_to {
        AgeTo::Moment(now) => now.0 as f64,
        AgeTo::Arrival => return aged_on_arrival(op, bound),
    };
    moments(schema::DATED, move |dated| op.holds(now - dated as f64, bound))
}

fn aged_on_arrival(op: Comparison, bound: f64) -> Box<dyn Query> {
    Box::new(Computed::new("age on arrival", move |segment, posts| {
        let dated = segment.fast_fields().i64(schema::DATED)?;
        let received = segment.fast_fields().i64(schema::RECEIVED)?;
        let age = |post| Some(received.first(post)? as f64 - dated.first(post)? as f64);
        each_post(segment, posts, |post| age(post).is_some_and(|age| op.holds(age, bound)));
        Ok(())
    }))
}

/// Posts that arrived in a window.
pub(super) fn arrived(window: Window) -> Box<dyn Query> {
    moments(schema::RECEIVED, move |moment| window.holds(Timestamp(moment)))
}

fn moments(column: &'static str, wanted: impl Fn(i64) -> bool + Send + Sync + 'static) -> Box<dyn Query> {
    Box::new(Computed::new(column, move |segment, posts| {
        let moments = segment.fast_fields().i64(column)?;
        each_post(segment, posts, |post| moments.first(post).is_some_and(&wanted));
        Ok(())
    }))
}

fn each_post(segment: &SegmentReader, posts: &mut BitSet, wanted: impl Fn(u32) -> bool) {
    (0..segment.max_doc()).filter(|post| wanted(*post)).for_each(|post| {
        posts.insert(post);
    });
}
