//! Do two posts say the same thing, though one was cut, retyped, quoted or signed by another site?
//!
//! A [`Sketch`] is what is kept of a post: its words as short hashes. Its [`Sketch::terms`] find candidates (the minima of
//! hashes over pairs of words: a MinHash whose bands are one row wide, so that a copy cut to half still shares some), and
//! [`verify`] says word by word whether a candidate really is the same. [`Hot`] keeps the newest posts in memory.

mod commons;
mod filter;
mod fold;
mod hot;
mod long;
mod short;
mod sketch;
mod strip;

pub use commons::Commons;
pub use filter::Filter;
pub use hot::{Hot, MEMORY, Near};
pub use sketch::{Sketch, Words};

/// How sure it is that two posts say the same thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Share of the words of the shorter that the longer has, in order; 0 to 1.
    pub share: f32,
    /// Share of all words of both that they have in common; 0 to 1. Ranks candidates.
    pub both: f32,
}

impl Likeness {
    /// Share of all words that two posts have in common from which each proves the other's story to be its own; below,
    /// only the likest is joined.
    pub const CERTAIN: f32 = 0.8;
}

/// Whether two posts say the same thing; symmetric.
pub fn verify(a: &Sketch, b: &Sketch) -> Option<Likeness> {
    if a.is_short() && b.is_short() { short::verify(a, b) } else { long::Words::of(a).verify(b) }
}

#[cfg(test)]
mod tests;
