//! Which terms of the watches does a post have, and where?

use super::terms::{NO_TERM, Term, Terms};
use crate::model::Field;
use crate::query::ast::Scope;
use crate::query::{Subject, WordList};

/// A post as numbers. Places count the words of the title, then one that is none, then the words of the text:
/// what stands next to each other stands in one text.
#[derive(Debug)]
pub(super) struct Seen<'s> {
    pub(super) subject: &'s Subject<'s>,
    /// The term at each place, [`NO_TERM`] where no watch names the word.
    at: Vec<Term>,
    /// The place of the first word of the text.
    text_from: u32,
    /// Where each term stands, chained by term.
    places: Vec<Place>,
    /// Every term that occurs, each once.
    terms: Vec<Term>,
    /// Where the places of each term are; open addressing, at most half full.
    slots: Vec<Slot>,
    /// A bit for each term that occurs: nearly all questions are about terms that do not.
    filter: [u64; FILTER_WORDS],
}

#[derive(Clone, Copy, Debug)]
struct Place {
    term: Term,
    at: u32,
    /// The next place of the same term, in order; [`END`] after the last.
    next: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    term: Term,
    first: u32,
    last: u32,
}

const FREE: Slot = Slot { term: NO_TERM, first: END, last: END };
const END: u32 = u32::MAX;
/// 4,096 bits: a post of ten words sets a few, one of a thousand a fifth of them.
const FILTER_WORDS: usize = 64;

impl<'s> Seen<'s> {
    /// Looks up every word of a post.
    pub(super) fn new(terms: &Terms, subject: &'s Subject<'s>) -> Self {
        let words = subject.title.len() + 1 + subject.text.len();
        let mut seen = Self {
            subject,
            at: Vec::with_capacity(words),
            text_from: subject.title.len() as u32 + 1,
            places: Vec::with_capacity(words * 2),
            terms: Vec::with_capacity(words),
            slots: Vec::new(),
            filter: [0; FILTER_WORDS],
        };
        seen.look_up(terms, subject.title);
        seen.at.push(NO_TERM);
        seen.look_up(terms, subject.text);
        seen.chain();
        seen
    }

    fn look_up(&mut self, terms: &Terms, list: &WordList) {
        for (position, hash) in list.hashes().iter().enumerate() {
            let (text, at) = (list.text(position), self.at.len() as u32);
            let mut add = |term| self.places.push(Place { term, at, next: END });
            let Some(term) = terms.word(*hash, text) else {
                terms.each_pattern(text, add);
                self.at.push(NO_TERM);
                continue;
            };
            add(term);
            terms.fitting(term).iter().for_each(|pattern| add(*pattern));
            self.at.push(term);
        }
    }

    /// Chains the places of each term.
    fn chain(&mut self) {
        self.slots = vec![FREE; (self.places.len() * 2).next_power_of_two()];
        for index in 0..self.places.len() {
            let Some(place) = self.places.get(index).copied() else { continue };
            let Some(slot) = slot_of(&self.slots, place.term).and_then(|at| self.slots.get_mut(at)) else { continue };
            let before = std::mem::replace(&mut slot.last, index as u32);
            if slot.term == NO_TERM {
                (slot.term, slot.first) = (place.term, index as u32);
                self.terms.push(place.term);
                self.filter[filter_word(place.term)] |= filter_bit(place.term);
            } else if let Some(before) = self.places.get_mut(before as usize) {
                before.next = index as u32;
            }
        }
    }

    /// Every term of the post, each once.
    pub(super) fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether the post may have a term: quick, and wrong now and then about one that it has not.
    pub(super) fn may_have(&self, term: Term) -> bool {
        self.filter[filter_word(term)] & filter_bit(term) != 0
    }

    /// Whether the post has a term, anywhere.
    pub(super) fn has(&self, term: Term) -> bool {
        self.first(term) != END
    }

    /// Whether a text that the scope covers has a term.
    pub(super) fn has_in(&self, term: Term, scope: Scope) -> bool {
        self.places(term).any(|at| self.covers(scope, at))
    }

    /// Where a term stands, in order.
    pub(super) fn places(&self, term: Term) -> impl Iterator<Item = u32> + Clone {
        let mut next = self.first(term);
        std::iter::from_fn(move || {
            let place = self.places.get(next as usize)?;
            next = place.next;
            Some(place.at)
        })
    }

    /// Whether words stand next to each other, the first at a place.
    pub(super) fn reads(&self, from: u32, words: &[Term]) -> bool {
        let from = from as usize;
        self.at.get(from..from + words.len()) == Some(words)
    }

    /// Whether a place is in a text that the scope covers.
    pub(super) fn covers(&self, scope: Scope, at: u32) -> bool {
        match scope {
            Scope::Either => true,
            Scope::Only(Field::Title) => at < self.text_from,
            Scope::Only(Field::Text) => at >= self.text_from,
        }
    }

    /// The places within `distance` of a place, of the same text.
    pub(super) fn around(&self, at: u32, distance: u32) -> std::ops::RangeInclusive<u32> {
        let (from, to) = (at.saturating_sub(distance), at.saturating_add(distance));
        if at < self.text_from { from..=to.min(self.text_from - 1) } else { from.max(self.text_from)..=to }
    }

    /// Whether two terms stand within `distance` of each other in one text; `ordered`: the left one first. A word is
    /// never near itself, whatever patterns it fits.
    pub(super) fn near(&self, left: Term, right: Term, distance: u32, ordered: bool) -> bool {
        let mut lefts = self.places(left).peekable();
        for at in self.places(right) {
            let around = self.around(at, distance);
            // Those that are too far left of this place are so of all that follow.
            while lefts.next_if(|other| other < around.start()).is_some() {}
            let mut others = lefts.clone();
            let Some(first) = others.next() else { return false };
            let other = if first == at && !ordered { others.next() } else { Some(first) };
            let last = if ordered { at.saturating_sub(1) } else { *around.end() };
            if other.is_some_and(|other| other <= last && other != at) {
                return true;
            }
        }
        false
    }

    fn first(&self, term: Term) -> u32 {
        if !self.may_have(term) {
            return END;
        }
        slot_of(&self.slots, term).and_then(|at| self.slots.get(at)).map_or(END, |slot| slot.first)
    }
}

/// Where a term is, or would be.
fn slot_of(slots: &[Slot], term: Term) -> Option<usize> {
    let mask = slots.len().checked_sub(1)?;
    let mut at = spread(term) as usize & mask;
    while slots.get(at).is_some_and(|slot| slot.term != term && slot.term != NO_TERM) {
        at = (at + 1) & mask;
    }
    Some(at)
}

fn spread(term: Term) -> u64 {
    u64::from(term).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

fn filter_word(term: Term) -> usize {
    (term / 64) as usize % FILTER_WORDS
}

fn filter_bit(term: Term) -> u64 {
    1 << (term % 64)
}
