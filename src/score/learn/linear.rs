//! How is one question answered by weighing words, and the weights learned from one correction after the other?
//!
//! Multinomial logistic regression on top of what the untrained reading says (its log-odds are the offset), with a
//! Gaussian prior on every weight, trained by stochastic dual coordinate ascent (Shalev-Shwartz and Zhang 2013): each correction keeps how
//! hard it pushes, and the weights are the sum of all pushes. Therefore what is learned is the best fit to *all*
//! corrections, not to the latest, and one that is taken back is subtracted exactly.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::features::Feature;
use super::trust::Trust;

/// Most corrections that one question keeps; then the oldest goes. About 1 KB each for a short post.
pub const MAX_CORRECTIONS: usize = 10_000;
/// Most features that have a weight; those of later corrections are left out. 8 to 12 bytes each, and 8 for its place.
pub const MAX_FEATURES: usize = 1 << 18;
/// Features of earlier corrections that are gone through at each update: what bounds its time.
const GONE_THROUGH: usize = 16_000;
/// So many corrections with another answer than the most frequent one show what is usual.
const OTHERWISE: f32 = 3.0;
/// Rounds through all corrections at each update at most, while there are few.
const ROUNDS: usize = 10;

/// What a question's answers are about; the same for the same post.
pub type Key = [u8; 10];

/// One question with `K` answers.
#[derive(Clone, Debug)]
pub struct Linear<const K: usize> {
    places: HashMap<u32, u32, BuildHasherDefault<AsItIs>>,
    weights: Vec<[f32; K]>,
    corrections: Vec<Correction<K>>,
    by_key: HashMap<Key, usize>,
    /// [`MAX_CORRECTIONS`]; tests want less.
    pub room: usize,
    /// Corrections ever taken, to number them.
    taken: u64,
    /// Which correction is gone through next.
    next: usize,
    /// Corrections by answer.
    counts: [f32; K],
    trust: Trust,
}

#[derive(Clone, Debug)]
struct Correction<const K: usize> {
    key: Key,
    /// Counts up, to tell the oldest.
    number: u64,
    /// Place of a weight, and how strongly the feature stands in the post.
    features: Vec<(u32, f32)>,
    /// Sum of the squares of these.
    length: f32,
    offset: [f32; K],
    answer: usize,
    /// How hard it pushes each answer's weights.
    push: [f32; K],
}

impl<const K: usize> Default for Linear<K> {
    fn default() -> Self {
        Self {
            places: HashMap::default(),
            weights: Vec::new(),
            corrections: Vec::new(),
            by_key: HashMap::new(),
            room: MAX_CORRECTIONS,
            taken: 0,
            next: 0,
            counts: [0.0; K],
            trust: Trust::default(),
        }
    }
}

impl<const K: usize> Linear<K> {
    /// How many corrections it has learned from.
    pub fn len(&self) -> usize {
        self.corrections.len()
    }

    /// How much of what was learned counts, 0–1.
    pub fn share(&self) -> f32 {
        if self.corrections.is_empty() { 0.0 } else { self.trust.share() }
    }

    /// The answer that the correction of this post gave.
    pub fn answer(&self, key: &Key) -> Option<usize> {
        self.by_key.get(key).map(|at| self.corrections[*at].answer)
    }

    /// Probability of each answer; `offset` is what the untrained reading says, as log-odds.
    pub fn predict(&self, features: &[Feature], offset: [f32; K]) -> [f32; K] {
        added(offset, self.learned(features), self.share())
    }

    /// How much a feature adds to the log-odds of each answer.
    pub fn pull(&self, feature: &Feature, share: f32) -> [f32; K] {
        let Some(place) = self.places.get(&feature.hash) else { return [0.0; K] };
        let told = if feature.is_usual() { self.told_apart() } else { 1.0 };
        self.weights[*place as usize].map(|weight| weight * feature.value * share * told)
    }

    /// How far what stands in every post can tell answers apart, 0–1: not at all while all corrections have the same
    /// answer. Whoever corrects only what was read too well would else turn everything.
    fn told_apart(&self) -> f32 {
        let most = self.counts.iter().copied().fold(0.0, f32::max);
        ((self.corrections.len() as f32 - most) / OTHERWISE).min(1.0)
    }

    /// Learns that the post of `key` has this answer; what was said of it before is taken back.
    pub fn learn(&mut self, key: Key, features: &[Feature], offset: [f32; K], answer: usize) {
        self.take_back(&key);
        if self.corrections.len() >= self.room
            && let Some(oldest) = self.corrections.iter().min_by_key(|correction| correction.number).map(|one| one.key)
        {
            self.take_back(&oldest);
        }
        self.counts[answer] += 1.0;
        let learned = self.learned(features);
        let weight = weight(&self.counts, answer);
        self.trust.observe(weight, |share| added(offset, learned, share)[answer]);
        let at = self.add(key, features, offset, answer);
        self.fit(at);
        self.go_through();
        self.fit(at);
    }

    /// Forgets what was said of a post; says whether anything was.
    pub fn take_back(&mut self, key: &Key) -> bool {
        let Some(at) = self.by_key.remove(key) else { return false };
        let gone = self.corrections.swap_remove(at);
        if let Some(moved) = self.corrections.get(at) {
            self.by_key.insert(moved.key, at);
        }
        self.counts[gone.answer] -= 1.0;
        push(&mut self.weights, &gone.features, gone.push.map(|push| -push));
        true
    }

    fn add(&mut self, key: Key, features: &[Feature], offset: [f32; K], answer: usize) -> usize {
        let mut places = Vec::with_capacity(features.len());
        for feature in features {
            let new = self.weights.len() as u32;
            let place = match self.places.get(&feature.hash) {
                Some(place) => *place,
                None if self.weights.len() >= MAX_FEATURES => continue,
                None => {
                    self.places.insert(feature.hash, new);
                    self.weights.push([0.0; K]);
                    new
                }
            };
            places.push((place, feature.value));
        }
        let number = self.taken;
        self.taken += 1;
        let length = places.iter().map(|(_, value)| value * value).sum();
        self.corrections.push(Correction { key, number, features: places, length, offset, answer, push: [0.0; K] });
        self.by_key.insert(key, self.corrections.len() - 1);
        self.corrections.len() - 1
    }

    /// Fits earlier corrections again, in turn, as far as the time of an update goes.
    fn go_through(&mut self) {
        let mut left = GONE_THROUGH;
        for _ in 0..ROUNDS * self.corrections.len() {
            let at = self.next % self.corrections.len();
            self.next = at + 1;
            self.fit(at);
            match left.checked_sub(self.corrections[at].features.len() + 1) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }

    /// Lets one correction push as hard as the others leave it to.
    fn fit(&mut self, at: usize) {
        let correction = &mut self.corrections[at];
        let mut odds = correction.offset;
        for (place, value) in &correction.features {
            let weights = &self.weights[*place as usize];
            for answer in 0..K {
                odds[answer] += weights[answer] * value;
            }
        }
        let probabilities = softmax(odds);
        let weight = weight(&self.counts, correction.answer);
        // The loss is 1/2-smooth: a step of this size never overshoots.
        let step = 2.0 / (2.0 + weight * correction.length);
        let mut change = [0.0; K];
        for answer in 0..K {
            let is_it = if answer == correction.answer { 1.0 } else { 0.0 };
            change[answer] = step * (weight * (is_it - probabilities[answer]) - correction.push[answer]);
            correction.push[answer] += change[answer];
        }
        push(&mut self.weights, &correction.features, change);
    }

    /// What the words add to the log-odds of each answer.
    fn learned(&self, features: &[Feature]) -> [f32; K] {
        let mut odds = [0.0; K];
        for feature in features {
            let pull = self.pull(feature, 1.0);
            for answer in 0..K {
                odds[answer] += pull[answer];
            }
        }
        odds
    }
}

/// How much a correction with this answer counts: rare answers more (by the square root of how rare), so that they are not
/// drowned by the common one.
fn weight<const K: usize>(counts: &[f32; K], answer: usize) -> f32 {
    let all: f32 = counts.iter().sum();
    ((all + K as f32) / (K as f32 * (counts[answer] + 1.0))).sqrt()
}

fn push<const K: usize>(weights: &mut [[f32; K]], features: &[(u32, f32)], change: [f32; K]) {
    for (place, value) in features {
        let weights = &mut weights[*place as usize];
        for answer in 0..K {
            weights[answer] += change[answer] * value;
        }
    }
}

/// Probabilities, with a share of what was learned added to the offset.
fn added<const K: usize>(mut offset: [f32; K], learned: [f32; K], share: f32) -> [f32; K] {
    for answer in 0..K {
        offset[answer] += learned[answer] * share;
    }
    softmax(offset)
}

/// Log-odds as probabilities.
pub fn softmax<const K: usize>(odds: [f32; K]) -> [f32; K] {
    let most = odds.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let powers = odds.map(|odds| (odds - most).exp());
    let sum: f32 = powers.iter().sum();
    powers.map(|power| power / sum)
}

/// Features are hashes already.
#[derive(Clone, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u32(&mut self, hash: u32) {
        // The table takes its tags from the upper bits.
        self.0 = u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
