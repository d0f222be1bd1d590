//! Which of the newest posts say the same as this one?
//!
//! Bounded twice: by the memory of the sketches, and by the places of the index, which is a cache: what is oldest among
//! those that share a set gives way.

use std::collections::VecDeque;

use super::long::Words;
use super::sketch::Sketch;
use super::{Likeness, short};

/// Memory of the sketches, in bytes: about 30,000 posts of a forum, or 100,000 short ones. The index takes a third more.
pub const MEMORY: usize = 24 << 20;
/// Places of a set: one line of a processor's cache.
const WAYS: usize = 8;
/// Bytes of a place.
const PLACE: usize = size_of::<u64>();
/// Most candidates that are compared word by word, those that share most terms first.
const MAX_COMPARED: usize = 6;
/// A term that so many of the posts in a set have finds no more of them.
const MAX_SAME: usize = 4;
/// What the queue takes beside a sketch, in bytes.
const ENTRY: usize = 64;

/// How many terms two posts share that are worth comparing, if each has so many.
fn least(terms: usize) -> u32 {
    match terms {
        0..12 => 1,
        12..24 => 2,
        _ => 3,
    }
}

/// The newest posts.
#[derive(Debug)]
pub struct Hot<T> {
    /// Sets of [`WAYS`] places, each a term's upper half and a post's number; 0 is nobody.
    places: Vec<u64>,
    posts: VecDeque<(Sketch, T)>,
    /// Number of the first in `posts`.
    first: u32,
    bytes: usize,
    max_bytes: usize,
}

/// A post that says the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near<T> {
    pub of: T,
    pub likeness: Likeness,
}

impl<T: Copy> Hot<T> {
    /// Keeps at most `max_bytes` of sketches, and an index of a third of that.
    pub fn new(max_bytes: usize) -> Self {
        let sets = (max_bytes / 3 / (WAYS * PLACE)).max(1).next_power_of_two();
        // Zeros, which the system only gives when they are touched.
        Self { places: vec![0; sets * WAYS], posts: VecDeque::new(), first: 1, bytes: 0, max_bytes }
    }

    /// Posts that say the same, the likest first.
    pub fn near(&self, sketch: &Sketch) -> Vec<Near<T>> {
        let mut words = None;
        let mut near = Vec::new();
        for (shared, number) in self.candidates(sketch) {
            let Some((other, of)) = self.posts.get((number - self.first) as usize) else { continue };
            if shared < least(sketch.terms().len().min(other.terms().len())) {
                continue;
            }
            let likeness = if sketch.is_short() && other.is_short() {
                short::verify(sketch, other)
            } else {
                words.get_or_insert_with(|| Words::of(sketch)).verify(other)
            };
            near.extend(likeness.map(|likeness| Near { of: *of, likeness }));
        }
        near.sort_by(|a, b| b.likeness.both.total_cmp(&a.likeness.both));
        near
    }

    /// How many terms posts share, and their numbers; those with most first.
    fn candidates(&self, sketch: &Sketch) -> Vec<(u32, u32)> {
        let mut found: Vec<u32> = Vec::with_capacity(16);
        for term in sketch.terms() {
            let set = &self.places[self.set(*term)..][..WAYS];
            let of_term = set.iter().filter(|place| *place >> 32 == term >> 32);
            found.extend(of_term.map(|place| *place as u32).filter(|post| *post >= self.first));
        }
        found.sort_unstable();
        let mut counted: Vec<(u32, u32)> = Vec::with_capacity(found.len());
        for number in found {
            match counted.last_mut() {
                Some((times, last)) if *last == number => *times += 1,
                _ => counted.push((1, number)),
            }
        }
        counted.sort_unstable_by(|a, b| b.cmp(a));
        counted.truncate(MAX_COMPARED);
        counted
    }

    /// Where the set of a term begins.
    fn set(&self, term: u64) -> usize {
        (term as usize).wrapping_mul(WAYS) & (self.places.len() - 1) & !(WAYS - 1)
    }

    /// Adds a post; the oldest make room.
    pub fn add(&mut self, sketch: Sketch, of: T) {
        let number = self.first.wrapping_add(self.posts.len() as u32);
        if number == u32::MAX {
            // After four thousand million posts the numbers begin anew, with nothing.
            *self = Self::new(self.max_bytes);
            return;
        }
        for term in sketch.terms() {
            let at = self.set(*term);
            let set = &mut self.places[at..][..WAYS];
            let same = set.iter().filter(|place| *place >> 32 == term >> 32).count();
            let may_go = |place: &&mut u64| same < MAX_SAME || **place >> 32 == term >> 32;
            if let Some(place) = set.iter_mut().filter(may_go).min_by_key(|place| **place as u32) {
                *place = (term >> 32) << 32 | u64::from(number);
            }
        }
        self.bytes += sketch.bytes() + ENTRY;
        self.posts.push_back((sketch, of));
        while self.bytes > self.max_bytes {
            let Some((oldest, _)) = self.posts.pop_front() else { break };
            self.bytes -= oldest.bytes() + ENTRY;
            self.first += 1;
        }
    }

    /// How many posts are kept.
    pub fn len(&self) -> usize {
        self.posts.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }
}
