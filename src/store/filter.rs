//! Is a key surely not in a run?
//!
//! Most lookups are of posts and keys never seen before, and sled takes microseconds to say so. A blocked Bloom filter
//! over the keys of each run says it in nanoseconds, and is wrong for about one unknown key in a hundred, which costs a lookup.

use xxhash_rust::xxh3::xxh3_64;

/// Words of a block: one cache line.
const BLOCK: usize = 8;
/// Keys for each block of 512 bits.
const KEYS_A_BLOCK: usize = 40;
/// Bits set for each key.
const BITS: u32 = 7;

/// A set of keys that may claim to hold more than it does, never less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// A filter that is good for so many keys; with more it claims more.
    pub fn new(keys: usize) -> Self {
        Self { words: vec![0; keys.div_ceil(KEYS_A_BLOCK).max(1) * BLOCK] }
    }

    /// The hash of a key, to ask several filters with.
    pub fn hash(key: &[u8]) -> u64 {
        xxh3_64(key)
    }

    /// Whether the key with this hash may have been added. `false` is certain.
    pub fn may_hold(&self, hash: u64) -> bool {
        let block = self.block(hash);
        bits(hash).all(|(word, bit)| self.words.get(block + word).is_some_and(|word| word & bit != 0))
    }

    pub fn add(&mut self, hash: u64) {
        let block = self.block(hash);
        for (word, bit) in bits(hash) {
            if let Some(word) = self.words.get_mut(block + word) {
                *word |= bit;
            }
        }
    }

    /// For keeping it over a clean stop.
    pub fn encode(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// The opposite of [`Filter::encode`]; `None` for what cannot be its bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        let whole = rest.is_empty() && !words.is_empty() && words.len() % BLOCK == 0;
        whole.then(|| Self { words: words.iter().map(|word| u64::from_be_bytes(*word)).collect() })
    }

    /// Index of the block's first word, from the upper half of the hash.
    fn block(&self, hash: u64) -> usize {
        let blocks = (self.words.len() / BLOCK) as u64;
        (((hash >> 32) * blocks) >> 32) as usize * BLOCK
    }
}

/// Which bits of a block a key sets, from the lower half of its hash.
fn bits(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    let mut rest = (hash & 0xffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..BITS).map(move |_| {
        rest = rest.rotate_left(9);
        ((rest >> 6 & 7) as usize, 1 << (rest & 63))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(keys: u32, capacity: usize) -> Filter {
        let mut filter = Filter::new(capacity);
        (0..keys).for_each(|key| filter.add(Filter::hash(&key.to_be_bytes())));
        filter
    }

    #[test]
    fn what_was_added_is_never_denied_even_beyond_its_capacity() {
        for capacity in [0, 1, 1_000, 100_000] {
            let filter = filled(100_000, capacity);
            assert!((0..100_000u32).all(|key| filter.may_hold(Filter::hash(&key.to_be_bytes()))));
        }
    }

    #[test]
    fn hardly_any_unknown_key_is_claimed() {
        let filter = filled(100_000, 100_000);
        let unknown = 1_000_000..1_100_000u32;
        let claimed = unknown.filter(|key| filter.may_hold(Filter::hash(&key.to_be_bytes()))).count();
        assert!(claimed < 1_500, "{claimed} of 100000");
        assert!(!Filter::new(10).may_hold(Filter::hash(b"anything")));
    }

    #[test]
    fn it_comes_back_from_its_bytes_and_from_no_others() {
        let filter = filled(1_000, 1_000);
        let bytes = filter.encode();
        assert_eq!(Filter::decode(&bytes), Some(filter));
        for wrong in [&bytes[..bytes.len() - 8], &bytes[1..], &[]] {
            assert_eq!(Filter::decode(wrong), None);
        }
    }
}
