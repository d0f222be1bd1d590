//! Which of some watches does a post satisfy, judging first by what it has?

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use aho_corasick::AhoCorasick;

use super::anchor::{post_keys, shares};
use super::layout::Sorter;
use super::plan::{Clauses, Known, Planner};
use super::program::all_hold;
use super::seen::Seen;
use super::terms::{Hashed, Terms};
use crate::query::Subject;
use crate::query::ast::Expr;

/// Some watches, numbered from 0, prepared once and not altered any more. What it costs to ask grows with the
/// post and with the watches that name something it has, not with the watches there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Segment {
    pub(super) terms: Terms,
    pub(super) clauses: Clauses,
    /// Programs, bucket by bucket: the number of a watch, the length of its program, the program.
    pub(super) code: Vec<u32>,
    /// Where the bucket of each term begins in `code`; one more for the end of the last.
    pub(super) term_buckets: Vec<u32>,
    pub(super) values: HashMap<u64, Bucket, BuildHasherDefault<Hashed>>,
    pub(super) characters: Option<AhoCorasick>,
    /// The bucket for each pattern of `characters`.
    pub(super) character_buckets: Vec<Bucket>,
    /// Of the watches that no anchor can rule out.
    pub(super) always: Bucket,
    /// Programs too large to stand in each of their buckets, and where each begins and ends.
    pub(super) far_code: Vec<u32>,
    pub(super) far: Vec<Bucket>,
}

/// Where the programs of a bucket begin and end.
pub(super) type Bucket = (u32, u32);

/// Marks, in place of a length, the number of a program that stands elsewhere.
pub(super) const FAR: u32 = 1 << 31;

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
        sorter.finish(Self { terms, clauses, ..Self::default() })
    }

    /// Visits the numbers of the queries that are true of a post; one may come several times.
    pub(super) fn matching(&self, subject: &Subject<'_>, mut visit: impl FnMut(u32)) {
        let seen = Seen::new(&self.terms, subject);
        self.each_candidate(&seen, |watch, code| {
            if all_hold(code, &seen, &self.clauses) {
                visit(watch);
            }
        });
    }

    /// Visits the numbers of the queries that could be true of a post; one may come several times.
    pub(super) fn candidates(&self, subject: &Subject<'_>, mut visit: impl FnMut(u32)) {
        self.each_candidate(&Seen::new(&self.terms, subject), |watch, _| visit(watch));
    }

    fn each_candidate(&self, seen: &Seen<'_>, mut visit: impl FnMut(u32, &[u32])) {
        for term in seen.terms() {
            if let Some(&[start, end]) = self.term_buckets.get(term as usize..term as usize + 2) {
                self.open((start, end), &mut visit);
            }
        }
        if !self.values.is_empty() {
            post_keys(seen.subject.post, |key| {
                self.values.get(&key).into_iter().for_each(|bucket| self.open(*bucket, &mut visit));
            });
        }
        if let Some(characters) = &self.characters {
            self.by_characters(characters, seen.subject, &mut visit);
        }
        self.open(self.always, &mut visit);
    }

    /// Visits every program of a bucket with the number of its watch.
    fn open(&self, (start, end): Bucket, visit: &mut impl FnMut(u32, &[u32])) {
        let mut rest = self.code.get(start as usize..end as usize).unwrap_or_default();
        while let [watch, length, after @ ..] = rest {
            if length & FAR != 0 {
                let (start, end) = self.far.get((length & !FAR) as usize).copied().unwrap_or_default();
                visit(*watch, self.far_code.get(start as usize..end as usize).unwrap_or_default());
                rest = after;
                continue;
            }
            let Some((own, next)) = after.split_at_checked(*length as usize) else { return };
            visit(*watch, own);
            rest = next;
        }
    }

    fn by_characters(&self, characters: &AhoCorasick, subject: &Subject<'_>, visit: &mut impl FnMut(u32, &[u32])) {
        let mut opened = Vec::new();
        for text in [&subject.post.title, &subject.post.text] {
            for place in characters.find_overlapping_iter(text) {
                // Each pattern counts once, however often a text repeats it.
                if let Err(at) = opened.binary_search(&place.pattern()) {
                    opened.insert(at, place.pattern());
                    let bucket = self.character_buckets.get(place.pattern().as_usize());
                    bucket.into_iter().for_each(|bucket| self.open(*bucket, visit));
                }
            }
        }
    }
}
