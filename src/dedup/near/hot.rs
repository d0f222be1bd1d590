//! Which of the newest posts say the same as this one?
//!
//! Bounded twice: by the memory of the sketches, and by the places of the index, which is a cache: what is oldest among
//! those that share a set gives way.

use std::collections::VecDeque;

use super::long::Words;
use super::sketch::Sketch;
use super::{Likeness, short};

/// Places of a set: one line of a processor's cache.
const WAYS: usize = 8;
/// Most candidates that are compared word by word, those that share most terms first.
const MAX_COMPARED: usize = 6;
/// A term that so many of the posts in a set have finds no more of them.
const MAX_SAME: usize = 4;

/// How many terms two posts share that are worth comparing, if each has so many.
fn least(terms: usize) -> u32 {
    match terms {
        0..12 => 1,
        12..24 => 2,
        _ => 3,
    }
}

/// A term's post: the term's upper half, and the post's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    tag: u32,
    post: u32,
}

/// The newest posts.
#[derive(Debug)]
pub struct Hot<T> {
    sets: Vec<[Place; WAYS]>,
    posts: VecDeque<(Sketch, T)>,
    /// Number of the first in `posts`.
    first: u32,
    bytes: usize,
    max_bytes: usize,
    found: Vec<u32>,
}

/// A post that says the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near<T> {
    pub of: T,
    pub likeness: Likeness,
}

impl<T: Clone> Hot<T> {
    /// Keeps at most `max_bytes` of sketches, and an index of half of that.
    pub fn new(max_bytes: usize) -> Self {
        let sets = (max_bytes / 2 / (WAYS * size_of::<Place>())).max(1).next_power_of_two();
        Self {
            sets: vec![[Place::default(); WAYS]; sets],
            posts: VecDeque::new(),
            first: 1,
            bytes: 0,
            max_bytes,
            found: Vec::new(),
        }
    }

    /// Posts that say the same, the likest first.
    pub fn near(&mut self, sketch: &Sketch) -> Vec<Near<T>> {
        let candidates = self.candidates(sketch);
        let mut words = None;
        let mut near = Vec::new();
        for (shared, number) in candidates {
            let Some((other, of)) = self.posts.get((number - self.first) as usize) else { continue };
            if shared < least(sketch.terms().len().min(other.terms().len())) {
                continue;
            }
            let likeness = if sketch.is_short() && other.is_short() {
                short::verify(sketch, other)
            } else {
                words.get_or_insert_with(|| Words::of(sketch)).verify(other)
            };
            near.extend(likeness.map(|likeness| Near { of: of.clone(), likeness }));
        }
        near.sort_by(|a, b| b.likeness.both.total_cmp(&a.likeness.both));
        near
    }

    /// How many terms posts share, and their numbers; those with most first.
    fn candidates(&mut self, sketch: &Sketch) -> Vec<(u32, u32)> {
        let mut found = std::mem::take(&mut self.found);
        found.clear();
        let mask = self.sets.len() - 1;
        for term in sketch.terms() {
            let tag = (term >> 32) as u32;
            let set = &self.sets[*term as usize & mask];
            found.extend(
                set.iter().filter(|place| place.tag == tag && place.post >= self.first).map(|place| place.post),
            );
        }
        found.sort_unstable();
        let mut counted: Vec<(u32, u32)> = Vec::new();
        for number in &found {
            match counted.last_mut() {
                Some((times, last)) if last == number => *times += 1,
                _ => counted.push((1, *number)),
            }
        }
        self.found = found;
        counted.sort_unstable_by(|a, b| b.cmp(a));
        counted.truncate(MAX_COMPARED);
        counted
    }

    /// Adds a post; the oldest make room.
    pub fn add(&mut self, sketch: Sketch, of: T) {
        let number = self.first + self.posts.len() as u32;
        let mask = self.sets.len() - 1;
        for term in sketch.terms() {
            let tag = (term >> 32) as u32;
            let set = &mut self.sets[*term as usize & mask];
            let same = set.iter().filter(|place| place.tag == tag).count();
            let gives_way =
                set.iter_mut().filter(|place| same < MAX_SAME || place.tag == tag).min_by_key(|place| place.post);
            if let Some(place) = gives_way {
                *place = Place { tag, post: number };
            }
        }
        self.bytes += sketch.bytes();
        self.posts.push_back((sketch, of));
        while self.bytes > self.max_bytes {
            let Some((oldest, _)) = self.posts.pop_front() else { break };
            self.bytes -= oldest.bytes();
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
