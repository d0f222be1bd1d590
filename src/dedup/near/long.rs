//! Do two posts, of which at least one is long, say the same thing?

use super::Likeness;
use super::sketch::{MAX_WORDS, Own, Sketch};

/// No word.
const NONE: u16 = u16::MAX;
const BUCKETS: usize = 1_024;

/// A post prepared for being compared with many.
pub(super) struct Words<'a> {
    sketch: &'a Sketch,
    /// First word of a pair by the pair's hash, and the next one with the same.
    head: Box<[u16; BUCKETS]>,
    next: Vec<u16>,
}

/// What two posts have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Common {
    /// Pairs of neighbouring words that both have.
    pub pairs: usize,
    /// Words of each.
    pub of: [usize; 2],
    /// Words of each that stand together in [`STRETCH`] or more of which the other has none.
    pub other: [usize; 2],
    /// The author's own words of each, where it quotes others; and how many of them are common.
    pub own: [Option<Own>; 2],
    /// Numbers of each; and those that the other has not.
    pub numbers: [usize; 2],
    pub strange: [usize; 2],
}

/// So many words at once do not differ because of typing errors.
const STRETCH: usize = 10;

impl<'a> Words<'a> {
    pub(super) fn of(sketch: &'a Sketch) -> Self {
        let mut head = Box::new([NONE; BUCKETS]);
        let mut next = vec![NONE; sketch.words.len()];
        // From behind, so that the first comes first.
        for at in (0..sketch.words.len().saturating_sub(1)).rev() {
            let bucket = &mut head[bucket(sketch.words[at], sketch.words[at + 1])];
            next[at] = *bucket;
            *bucket = at as u16;
        }
        Self { sketch, head, next }
    }

    pub(super) fn verify(&self, other: &Sketch) -> Option<Likeness> {
        decide(&self.common(other))
    }

    pub(super) fn common(&self, other: &Sketch) -> Common {
        let (ours, theirs) = (&self.sketch.words, &other.words);
        let mut common = Common { of: [ours.len(), theirs.len()], ..Common::default() };
        let mut covered = [0_u64; MAX_WORDS / 64];
        let mut open = 0;
        common.own = [self.sketch.own(), other.own()];
        let (a, b) = (&self.sketch.numbers, &other.numbers);
        common.numbers = [a.len(), b.len()];
        common.strange = [lacking(a, b), lacking(b, a)];
        let mut at = 0;
        let mut expected = 0;
        while at + 1 < theirs.len() {
            let Some((from, length)) = self.longest(theirs, at, expected) else {
                at += 1;
                continue;
            };
            common.pairs += length - 1;
            cover(&mut common.own[0], self.sketch, from, from + length);
            cover(&mut common.own[1], other, at, at + length);
            mark(&mut covered, from, from + length);
            common.other[1] += stretch(at - open);
            at += length;
            open = at;
            expected = from + length;
        }
        common.other[1] += stretch(theirs.len() - open);
        common.other[0] = stretches(&covered, ours.len());
        common
    }

    /// The run that begins at a word of theirs: where expected if it is there, else the longest.
    fn longest(&self, theirs: &[u16], at: usize, expected: usize) -> Option<(usize, usize)> {
        let ours = &self.sketch.words;
        let mut found: Option<(usize, usize)> = None;
        let mut from = self.head[bucket(theirs[at], theirs[at + 1])];
        // Bounded: the same pair again and again is no text.
        for _ in 0..16 {
            if from == NONE {
                break;
            }
            let place = from as usize;
            let length = ours[place..].iter().zip(&theirs[at..]).take_while(|(a, b)| a == b).count();
            if length >= 2 {
                let near = place >= expected && place < expected + 8;
                if near {
                    return Some((place, length));
                }
                if found.is_none_or(|(_, best)| length > best) {
                    found = Some((place, length));
                }
            }
            from = self.next[place];
        }
        found
    }
}

fn bucket(a: u16, b: u16) -> usize {
    let both = (u32::from(a) << 16 | u32::from(b)).wrapping_mul(0x9e37_79b1);
    (both >> 22) as usize % BUCKETS
}

fn cover(own: &mut Option<Own>, sketch: &Sketch, from: usize, to: usize) {
    if let Some(own) = own {
        own.common += to - from - sketch.quoted(from, to);
    }
}

/// How many of one's numbers the other lacks; both sorted.
fn lacking(of: &[u16], other: &[u16]) -> usize {
    of.iter().filter(|number| other.binary_search(number).is_err()).count()
}

/// What a gap between common runs counts.
fn stretch(length: usize) -> usize {
    if length >= STRETCH { length } else { 0 }
}

fn mark(covered: &mut [u64], from: usize, to: usize) {
    for at in from..to {
        covered[at / 64] |= 1 << (at % 64);
    }
}

fn stretches(covered: &[u64], words: usize) -> usize {
    let (mut all, mut open) = (0, 0);
    for at in 0..words {
        if covered[at / 64] & (1 << (at % 64)) != 0 {
            all += stretch(at - open);
            open = at + 1;
        }
    }
    all + stretch(words - open)
}

impl Common {
    /// The same words with other numbers: what a machine fills in. Of a typing error in one number other words tell.
    fn is_template(&self, share: f32) -> bool {
        let strange = self.strange[0].min(self.strange[1]);
        strange * STRANGE > self.numbers[0].min(self.numbers[1]) && (strange > 1 || share >= UNTOUCHED)
    }
}

/// Up to one in so many numbers may be another one in each: in two copies of a post typing errors may have hit some.
const STRANGE: usize = 2;
/// From this share on nobody mistyped anything.
const UNTOUCHED: f32 = 0.93;
/// Least pairs in common.
const PAIRS: usize = 8;
/// Least share of the pairs of the shorter: typing errors in one word of four take half of them, in both posts three quarters.
const SHARE: f32 = 0.25;
/// Most words that each has for itself, in shares of the common pairs.
const AGAINST: f32 = 0.15;
/// The longer has at most twice the words of the shorter and this many more: an excerpt is not the whole.
const LONGER: usize = 30;

pub(super) fn decide(common: &Common) -> Option<Likeness> {
    let [a, b] = common.of;
    let pairs = common.pairs as f32;
    let share = (pairs / a.min(b).saturating_sub(1).max(1) as f32).min(1.0);
    let both = (2.0 * pairs / (a + b).max(1) as f32).min(1.0);
    let against = common.other[0].min(common.other[1]) as f32;
    let same = common.pairs >= PAIRS
        && a.max(b) <= 2 * a.min(b) + LONGER
        && share >= SHARE
        && against <= AGAINST * pairs
        && !common.is_template(share)
        && own_agrees(common.own, a <= b);
    same.then_some(Likeness { share, both })
}

/// Whether what the author of each says himself agrees too.
pub(super) fn own_agrees(own: [Option<Own>; 2], first_is_shorter: bool) -> bool {
    own[0].is_none_or(|own| own.agrees(first_is_shorter)) && own[1].is_none_or(|own| own.agrees(!first_is_shorter))
}
