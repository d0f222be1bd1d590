//! Was this band seen before, as far as a few bits can tell?
//!
//! A Bloom filter that says yes for every band that was added, and for about one in a hundred others. It keeps most posts
//! from being looked up in the archive, where hardly any has a copy. It grows by generations and lets the oldest go.

/// Bytes of the first generation; each next one has twice as many.
const FIRST: usize = 256 << 10;
/// Bytes of the largest one. All together take at most twice that.
const LARGEST: usize = 4 << 20;
/// Bits that each band may take.
const BITS: usize = 16;

/// Bands that were seen.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    generations: Vec<Generation>,
}

#[derive(Clone, Debug)]
struct Generation {
    words: Vec<u64>,
    bands: usize,
}

impl Generation {
    fn of(bytes: usize) -> Self {
        Self { words: vec![0; bytes / size_of::<u64>()], bands: 0 }
    }

    fn is_full(&self) -> bool {
        self.bands * BITS >= self.words.len() * 64
    }

    fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }
}

impl Filter {
    /// Remembers a band.
    pub fn add(&mut self, band: u64) {
        if self.generations.last().is_none_or(Generation::is_full) {
            let bytes = self.generations.last().map_or(FIRST, |last| (last.bytes() * 2).min(LARGEST));
            self.generations.push(Generation::of(bytes));
            while self.bytes() > 2 * LARGEST {
                self.generations.remove(0);
            }
        }
        if let Some(last) = self.generations.last_mut() {
            let (word, bits) = place(band, last.words.len());
            last.words[word] |= bits;
            last.bands += 1;
        }
    }

    /// Whether a band may have been added; never no for one that was, unless it went with the oldest.
    pub fn may_hold(&self, band: u64) -> bool {
        self.generations.iter().any(|generation| {
            let (word, bits) = place(band, generation.words.len());
            generation.words[word] & bits == bits
        })
    }

    /// How much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.generations.iter().map(Generation::bytes).sum()
    }
}

/// The word of a band, and its three bits there.
fn place(band: u64, words: usize) -> (usize, u64) {
    // Bands are the least hashes of their classes: what is high in them is no hash any more.
    let hash = super::fold::mixed(band.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let bits = 1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63);
    ((hash >> 20) as usize % words, bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_held_and_hardly_anything_else() {
        let mut filter = Filter::default();
        let band = |number: u64| super::super::fold::mixed(number) >> 3;
        (0..100_000).for_each(|number| filter.add(band(number)));
        assert!((0..100_000).all(|number| filter.may_hold(band(number))));
        let wrong = (100_000..200_000).filter(|number| filter.may_hold(band(*number))).count();
        assert!(wrong < 3_000, "{wrong} of 100,000");
    }

    #[test]
    fn it_never_takes_more_than_its_bound() {
        let mut filter = Filter::default();
        (0..6_000_000).for_each(|number| filter.add(number));
        assert!(filter.bytes() <= 2 * LARGEST);
        assert!(filter.may_hold(5_999_999));
    }
}
