//! Which of some watches does a post satisfy, judging first by what it has?

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use aho_corasick::AhoCorasick;

use super::anchor::{post_keys, shares};
use super::layout::Sorter;
use super::plan::{Clauses, Known, Planner};
use super::program::Question;
use super::seen::Seen;
use super::terms::{Hashed, NO_TERM, Term, Terms};
use crate::query::Subject;
use crate::query::ast::Expr;

/// Some watches, numbered from 0, prepared once and not altered any more. What it costs to ask grows with the
/// post and with the watches that name something it has, not with the watches there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Segment {
    pub(super) terms: Terms,
    pub(super) clauses: Clauses,
    /// Another term that the post must have as well, for each entry of each bucket. Apart from the entries,
    /// because most are looked at in vain.
    pub(super) guards: Vec<Term>,
    pub(super) entries: Vec<Entry>,
    /// The length of a program, the program, the length of the next, and so on.
    pub(super) code: Vec<u32>,
    /// The bucket of each term.
    pub(super) by_term: Vec<Bucket>,
    pub(super) by_value: HashMap<u64, Bucket, BuildHasherDefault<Hashed>>,
    pub(super) characters: Option<AhoCorasick>,
    /// The bucket for each pattern of `characters`.
    pub(super) by_characters: Vec<Bucket>,
    /// Of the watches that no anchor can rule out.
    pub(super) always: Bucket,
}

/// A watch to be asked, and what is left to ask.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub watch: u32,
    pub question: Question,
}

/// The term that a bucket is of and the guard of an entry; [`NO_TERM`] where there is none.
type Pair = (Term, Term);

/// Where entries begin and end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    pub start: u32,
    /// Entries from here on have a guard; equal ones stand side by side.
    pub guarded: u32,
    pub end: u32,
}

impl Segment {
    /// The segment over queries, numbered from 0.
    pub(super) fn new<'a>(queries: impl Iterator<Item = &'a Expr> + Clone) -> Self {
        let (mut terms, mut clauses) = (Terms::default(), Clauses::default());
        let mut planner = Planner { terms: &mut terms, clauses: &mut clauses, known: Known::default() };
        // Once for the words alone: how common they are must be known before anchors are chosen.
        let count = queries.clone().map(|query| planner.plan(query, false)).count();
        let shares = shares(planner.terms, count);
        let mut sorter = Sorter::new(&shares);
        for (watch, query) in queries.enumerate() {
            let plan = planner.plan(query, false);
            sorter.sort(watch as u32, plan, planner.clauses);
        }
        terms.fit();
        sorter.finish(Self { terms, clauses, ..Self::default() })
    }

    /// Visits the numbers of the queries that are true of a post; one may come several times.
    pub(super) fn matching(&self, subject: &Subject<'_>, mut visit: impl FnMut(u32)) {
        let seen = Seen::new(&self.terms, subject);
        self.each_candidate(&seen, &mut |entry, pair| {
            if entry.question.holds(pair, &self.code, &seen, &self.clauses) {
                visit(entry.watch);
            }
        });
    }

    /// Visits the numbers of the queries that could be true of a post; one may come several times.
    pub(super) fn candidates(&self, subject: &Subject<'_>, mut visit: impl FnMut(u32)) {
        self.each_candidate(&Seen::new(&self.terms, subject), &mut |entry, _| visit(entry.watch));
    }

    fn each_candidate(&self, seen: &Seen<'_>, visit: &mut impl FnMut(Entry, Pair)) {
        for term in seen.terms() {
            self.by_term.get(*term as usize).into_iter().for_each(|bucket| self.open(*bucket, *term, seen, visit));
        }
        if !self.by_value.is_empty() {
            post_keys(seen.subject.post, self.clauses.asked(), |key| {
                self.by_value.get(&key).into_iter().for_each(|bucket| self.open(*bucket, NO_TERM, seen, visit));
            });
        }
        if let Some(characters) = &self.characters {
            self.open_by_characters(characters, seen, visit);
        }
        self.open(self.always, NO_TERM, seen, visit);
    }

    /// Visits the entries of a bucket whose guard, if any, the post has.
    fn open(&self, bucket: Bucket, anchor: Term, seen: &Seen<'_>, visit: &mut impl FnMut(Entry, Pair)) {
        let (start, guarded, end) = (bucket.start as usize, bucket.guarded as usize, bucket.end as usize);
        self.entries.get(start..guarded).unwrap_or_default().iter().for_each(|entry| visit(*entry, (anchor, NO_TERM)));
        let guards = self.guards.get(guarded..end).unwrap_or_default();
        let entries = self.entries.get(guarded..end).unwrap_or_default();
        // The last guard that the post has: those that are equal follow each other.
        let mut had = NO_TERM;
        for (guard, entry) in guards.iter().zip(entries) {
            if seen.may_have(*guard) && (had == *guard || seen.has(*guard)) {
                had = *guard;
                visit(*entry, (anchor, *guard));
            }
        }
    }

    fn open_by_characters(&self, characters: &AhoCorasick, seen: &Seen<'_>, visit: &mut impl FnMut(Entry, Pair)) {
        let mut opened = Vec::new();
        for text in [&seen.subject.post.title, &seen.subject.post.text] {
            for place in characters.find_overlapping_iter(text) {
                // Each pattern counts once, however often a text repeats it.
                if let Err(at) = opened.binary_search(&place.pattern()) {
                    opened.insert(at, place.pattern());
                    let bucket = self.by_characters.get(place.pattern().as_usize());
                    bucket.into_iter().for_each(|bucket| self.open(*bucket, NO_TERM, seen, visit));
                }
            }
        }
    }
}
