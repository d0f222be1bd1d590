//! Into which buckets do the programs of a watch go, and where does each stand?

use std::collections::HashMap;

use aho_corasick::AhoCorasick;

use super::anchor::{Anchor, Key, Shares};
use super::plan::{Clauses, Plan};
use super::program::Writer;
use super::segment::{Bucket, FAR, Segment};
use super::terms::Term;

/// Most numbers that the copies of one watch's program may take; one that would take more is written once.
const MAX_COPIES: usize = 1 << 12;

/// The bucket that a program is put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Term(Term),
    Value(u64),
    /// By number of the pattern.
    Characters(u32),
    Always,
}

/// A program before it is put into its bucket.
struct Loose {
    place: Place,
    watch: u32,
    /// Where it stands in the code of the sorter.
    start: usize,
    end: usize,
    /// One program for several buckets.
    is_far: bool,
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

    /// Writes what is to be asked about a watch wherever a post gives reason to ask.
    pub(super) fn sort(&mut self, watch: u32, plan: Plan, clauses: &Clauses) {
        let Some(anchors) = (Shares { terms: self.writer.shares, clauses }).anchors(&plan) else {
            return self.note(Place::Always, watch, plan);
        };
        let mut places: Vec<Place> = anchors.any_of.iter().map(|anchor| self.place(*anchor, clauses)).collect();
        places.sort_unstable();
        places.dedup();
        if places.len() > 1 && places.len() * plan.size() > MAX_COPIES {
            return self.note_far(&places, watch, plan);
        }
        for place in places {
            let left = match place {
                Place::Term(term) => plan.clone().given(term),
                Place::Value(_) | Place::Characters(_) | Place::Always => plan.clone(),
            };
            if !left.is_never() {
                self.note(place, watch, left);
            }
        }
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

    fn note(&mut self, place: Place, watch: u32, plan: Plan) {
        let start = self.writer.code.len();
        self.writer.write(plan);
        self.loose.push(Loose { place, watch, start, end: self.writer.code.len(), is_far: false });
    }

    fn note_far(&mut self, places: &[Place], watch: u32, plan: Plan) {
        let start = self.writer.code.len();
        self.writer.write(plan);
        let end = self.writer.code.len();
        self.loose.extend(places.iter().map(|place| Loose { place: *place, watch, start, end, is_far: true }));
    }

    /// Puts programs that are asked together side by side.
    pub(super) fn finish(mut self, mut segment: Segment) -> Segment {
        self.look_for_characters(&mut segment);
        let Self { mut loose, writer, .. } = self;
        loose.sort_unstable_by_key(|program| (program.place, program.watch));
        segment.code.reserve_exact(writer.code.len() + 2 * loose.len());
        segment.term_buckets.reserve_exact(segment.terms.len() + 1);
        let (mut far, mut end_of_terms) = (HashMap::new(), 0);
        for bucket in loose.chunk_by(|a, b| a.place == b.place) {
            let start = segment.code.len() as u32;
            bucket.iter().for_each(|program| program.put(&writer.code, &mut segment, &mut far));
            let range = (start, segment.code.len() as u32);
            match bucket.first().map(|program| program.place) {
                Some(Place::Term(term)) => {
                    segment.term_buckets.resize(term as usize + 1, start);
                    end_of_terms = range.1;
                }
                Some(Place::Value(key)) => drop(segment.values.insert(key, range)),
                Some(Place::Characters(number)) => {
                    segment.character_buckets.get_mut(number as usize).into_iter().for_each(|place| *place = range);
                }
                Some(Place::Always) => segment.always = range,
                None => {}
            }
        }
        segment.term_buckets.resize(segment.terms.len() + 1, end_of_terms);
        segment
    }

    fn look_for_characters(&mut self, segment: &mut Segment) {
        if self.characters.is_empty() {
            return;
        }
        let mut patterns: Vec<(&String, u32)> = self.characters.iter().map(|(text, number)| (text, *number)).collect();
        patterns.sort_unstable_by_key(|(_, number)| *number);
        segment.character_buckets = vec![Bucket::default(); patterns.len()];
        match AhoCorasick::new(patterns.iter().map(|(text, _)| text)) {
            Ok(automaton) => segment.characters = Some(automaton),
            // Too many or too long for an automaton: then these watches are asked about every post.
            Err(_) => {
                let looked_for = self.loose.iter_mut().filter(|program| matches!(program.place, Place::Characters(_)));
                looked_for.for_each(|program| program.place = Place::Always);
            }
        }
    }
}

impl Loose {
    fn put(&self, code: &[u32], segment: &mut Segment, far: &mut HashMap<usize, u32>) {
        let own = code.get(self.start..self.end).unwrap_or_default();
        if !self.is_far {
            segment.code.extend([self.watch, own.len() as u32]);
            segment.code.extend(own);
            return;
        }
        let number = *far.entry(self.start).or_insert_with(|| {
            let start = segment.far_code.len() as u32;
            segment.far_code.extend(own);
            segment.far.push((start, segment.far_code.len() as u32));
            segment.far.len() as u32 - 1
        });
        segment.code.extend([self.watch, FAR | number]);
    }
}
