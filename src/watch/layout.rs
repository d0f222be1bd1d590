//! In which buckets does a watch wait for a post, and which program waits with it?

use std::collections::HashMap;
use std::num::NonZeroU32;

use aho_corasick::AhoCorasick;

use super::anchor::{Anchor, Key, Shares};
use super::plan::{Clauses, Plan};
use super::program::{Question, Writer};
use super::segment::{Bucket, Entry, Segment};
use super::terms::{NO_TERM, Term};

/// Most numbers that the programs of one watch may take; one that would take more is written once, for all its buckets.
const MAX_COPIES: usize = 1 << 12;

/// The bucket that an entry is put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Term(Term),
    Value(u64),
    /// By number of the pattern.
    Characters(u32),
    Always,
}

/// An entry before it is put into its bucket.
#[derive(Clone, Copy)]
struct Loose {
    place: Place,
    /// [`NO_TERM`] for none.
    guard: Term,
    entry: Entry,
}

/// Writes programs and notes their buckets.
pub(super) struct Sorter<'s> {
    loose: Vec<Loose>,
    writer: Writer<'s>,
    /// Characters that are looked for, with the number of each.
    characters: HashMap<String, u32>,
}

impl<'s> Sorter<'s> {
    /// `shares` says how common each term is, as a share of posts.
    pub(super) fn new(shares: &'s [f64]) -> Self {
        Self { loose: Vec::new(), writer: Writer { shares, code: Vec::new() }, characters: HashMap::new() }
    }

    /// Notes what is to be asked about a watch wherever a post gives reason to ask.
    pub(super) fn sort(&mut self, watch: u32, plan: Plan, clauses: &Clauses) {
        let shares = Shares { terms: self.writer.shares, clauses };
        let Some(anchors) = shares.anchors(&plan) else {
            let question = self.writer.question(plan, (NO_TERM, NO_TERM));
            return self.note(Place::Always, NO_TERM, Entry { watch, question });
        };
        let mut places: Vec<Place> = anchors.any_of.iter().map(|anchor| self.place(*anchor, clauses)).collect();
        places.sort_unstable();
        places.dedup();
        if places.len() > 1 && places.len() * plan.size() > MAX_COPIES {
            let question = self.writer.question(plan, (NO_TERM, NO_TERM));
            return places.into_iter().for_each(|place| self.note(place, NO_TERM, Entry { watch, question }));
        }
        for place in places {
            let guards = shares.guards(&plan, place.term());
            self.sort_given(place, watch, plan.clone().given(place.term()), guards);
        }
    }

    /// Notes a watch in one bucket: once, or once for each guard of which a post must have one.
    fn sort_given(&mut self, place: Place, watch: u32, plan: Plan, guards: Option<Vec<Term>>) {
        let anchor = place.term();
        for guard in guards.unwrap_or_else(|| vec![NO_TERM]) {
            let left = plan.clone().given(guard);
            if !left.is_never() {
                let question = self.writer.question(left, (anchor, guard));
                self.note(place, guard, Entry { watch, question });
            }
        }
    }

    fn note(&mut self, place: Place, guard: Term, entry: Entry) {
        self.loose.push(Loose { place, guard, entry });
    }

    fn place(&mut self, anchor: Anchor, clauses: &Clauses) -> Place {
        match anchor {
            Anchor::Term(term) => Place::Term(term),
            Anchor::Clause(number) => match clauses.key(number) {
                Some((Key::Value(key), _)) => Place::Value(*key),
                Some((Key::Characters(text), _)) => {
                    let next = self.characters.len() as u32;
                    Place::Characters(*self.characters.entry(text.clone()).or_insert(next))
                }
                None => Place::Always,
            },
        }
    }

    /// Puts entries that are looked at together side by side, and their programs too.
    pub(super) fn finish(mut self, mut segment: Segment) -> Segment {
        self.look_for_characters(&mut segment);
        let Self { mut loose, writer, .. } = self;
        // Entries without a guard come first, because no term has a larger number.
        let without_first = |guard: Term| guard.wrapping_sub(NO_TERM);
        loose.sort_unstable_by_key(|entry| (entry.place, without_first(entry.guard), entry.entry.watch));
        segment.guards = loose.iter().map(|entry| entry.guard).collect();
        segment.by_term = vec![Bucket::default(); segment.terms.len()];
        let mut start = 0;
        for entries in loose.chunk_by(|a, b| a.place == b.place) {
            let unguarded = entries.iter().take_while(|entry| entry.guard == NO_TERM).count() as u32;
            let end = start + entries.len() as u32;
            let bucket = Bucket { start, guarded: start + unguarded, end };
            entries.first().into_iter().for_each(|entry| segment.put(entry.place, bucket));
            start = end;
        }
        segment.entries = moved(loose, &writer.code, &mut segment.code);
        segment
    }

    fn look_for_characters(&mut self, segment: &mut Segment) {
        if self.characters.is_empty() {
            return;
        }
        let mut patterns: Vec<(&String, u32)> = self.characters.iter().map(|(text, number)| (text, *number)).collect();
        patterns.sort_unstable_by_key(|(_, number)| *number);
        segment.by_characters = vec![Bucket::default(); patterns.len()];
        match AhoCorasick::new(patterns.iter().map(|(text, _)| text)) {
            Ok(automaton) => segment.characters = Some(automaton),
            // Too many or too long for an automaton: then these watches are asked about every post.
            Err(_) => {
                let looked_for = self.loose.iter_mut().filter(|entry| matches!(entry.place, Place::Characters(_)));
                looked_for.for_each(|entry| entry.place = Place::Always);
            }
        }
    }
}

/// The entries, with their programs copied into the order of the entries.
fn moved(loose: Vec<Loose>, old: &[u32], new: &mut Vec<u32>) -> Vec<Entry> {
    let mut moved_to: Vec<Option<NonZeroU32>> = vec![None; old.len()];
    // Nothing begins at 0, so that a place is never 0.
    new.reserve_exact(old.len() + 1);
    new.push(0);
    let move_one = |Loose { entry, .. }: Loose| {
        let Some(start) = entry.question.program() else { return entry };
        let Some(place) = moved_to.get_mut(start) else { return entry };
        let place = place.get_or_insert_with(|| {
            let at = NonZeroU32::new(new.len() as u32).unwrap_or(NonZeroU32::MAX);
            let length = old.get(start).map_or(0, |length| *length as usize);
            new.extend(old.get(start..=start + length).unwrap_or_default());
            at
        });
        Entry { question: Question::at(place.get() as usize), ..entry }
    };
    loose.into_iter().map(move_one).collect()
}

impl Place {
    /// The term whose bucket this is, or [`NO_TERM`].
    fn term(self) -> Term {
        match self {
            Self::Term(term) => term,
            Self::Value(_) | Self::Characters(_) | Self::Always => NO_TERM,
        }
    }
}

impl Segment {
    fn put(&mut self, place: Place, bucket: Bucket) {
        match place {
            Place::Term(term) => self.by_term.get_mut(term as usize).into_iter().for_each(|own| *own = bucket),
            Place::Value(key) => drop(self.by_value.insert(key, bucket)),
            Place::Characters(number) => {
                self.by_characters.get_mut(number as usize).into_iter().for_each(|own| *own = bucket);
            }
            Place::Always => self.always = bucket,
        }
    }
}
