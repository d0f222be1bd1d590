//! Is a key surely not in sled?
//!
//! Most lookups are of posts and keys never seen before, and sled takes microseconds to say so. A blocked Bloom filter
//! over the keys that were written to sled says it in nanoseconds, and is wrong for about one unknown key in a hundred, which
//! costs a lookup. Keys that were removed stay in until the next sweep makes the filter anew.

use xxhash_rust::xxh3::xxh3_64;

/// Keys that the first layer takes; each further one takes twice as many.
const FIRST: usize = 1 << 16;
/// Words of a block: one cache line.
const BLOCK: usize = 8;
/// Keys for each block of 512 bits.
const KEYS_A_BLOCK: usize = 40;
/// Bits set for each key.
const BITS: u32 = 7;

/// A set of keys that may claim to hold more than it does, never less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    layers: Vec<Layer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Layer {
    words: Vec<u64>,
    keys: usize,
    capacity: usize,
}

impl Filter {
    /// Whether `key` may have been added. `false` is certain.
    pub fn may_hold(&self, key: &[u8]) -> bool {
        let hash = xxh3_64(key);
        self.layers.iter().rev().any(|layer| layer.may_hold(hash))
    }

    pub fn add(&mut self, key: &[u8]) {
        let hash = xxh3_64(key);
        if self.layers.iter().any(|layer| layer.may_hold(hash)) {
            return;
        }
        match self.layers.last_mut() {
            Some(layer) if layer.keys < layer.capacity => layer.add(hash),
            _ => {
                let mut layer = Layer::new(FIRST << self.layers.len().min(16));
                layer.add(hash);
                self.layers.push(layer);
            }
        }
    }

    /// For keeping it over a clean stop.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for layer in &self.layers {
            for number in [layer.capacity, layer.keys, layer.words.len()] {
                bytes.extend((number as u64).to_be_bytes());
            }
            bytes.extend(layer.words.iter().flat_map(|word| word.to_be_bytes()));
        }
        bytes
    }

    /// The opposite of [`Filter::encode`]; `None` for other bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (mut numbers, rest) = bytes.as_chunks::<8>();
        let mut layers = Vec::new();
        while let Some((head, body)) = numbers.split_first_chunk::<3>() {
            let [capacity, keys, length] = head.map(|number| u64::from_be_bytes(number) as usize);
            let (words, after) = body.split_at_checked(length)?;
            if length == 0 || length % BLOCK != 0 {
                return None;
            }
            layers.push(Layer { words: words.iter().map(|word| u64::from_be_bytes(*word)).collect(), keys, capacity });
            numbers = after;
        }
        (rest.is_empty() && numbers.is_empty()).then_some(Self { layers })
    }
}

impl Layer {
    fn new(capacity: usize) -> Self {
        Self { words: vec![0; capacity.div_ceil(KEYS_A_BLOCK) * BLOCK], keys: 0, capacity }
    }

    fn may_hold(&self, hash: u64) -> bool {
        let block = self.block(hash);
        bits(hash).all(|(word, bit)| self.words.get(block + word).is_some_and(|word| word & bit != 0))
    }

    fn add(&mut self, hash: u64) {
        let block = self.block(hash);
        for (word, bit) in bits(hash) {
            if let Some(word) = self.words.get_mut(block + word) {
                *word |= bit;
            }
        }
        self.keys += 1;
    }

    /// Index of the block's first word, from the upper half of the hash.
    fn block(&self, hash: u64) -> usize {
        let blocks = (self.words.len() / BLOCK) as u64;
        (((hash >> 32) * blocks) >> 32) as usize * BLOCK
    }
}

/// Which bits of a block a key sets, from the lower half of its hash.
fn bits(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    let mut rest = (hash as u32 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..BITS).map(move |_| {
        let bit = rest >> 55;
        rest = rest << 9 | bit;
        ((bit >> 6) as usize, 1 << (bit & 63))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(keys: u32) -> Filter {
        let mut filter = Filter::default();
        (0..keys).for_each(|key| filter.add(&key.to_be_bytes()));
        filter
    }

    #[test]
    fn what_was_added_is_never_denied_over_several_layers() {
        let filter = filled(300_000);
        assert!(filter.layers.len() > 2);
        assert!((0..300_000u32).all(|key| filter.may_hold(&key.to_be_bytes())));
    }

    #[test]
    fn hardly_any_unknown_key_is_claimed() {
        let filter = filled(190_000);
        let claimed = (1_000_000..1_100_000u32).filter(|key| filter.may_hold(&key.to_be_bytes())).count();
        assert!(claimed < 3_000, "{claimed} of 100000");
        assert!(!Filter::default().may_hold(b"anything"));
    }

    #[test]
    fn it_comes_back_from_its_bytes_and_from_no_others() {
        let filter = filled(100_000);
        let bytes = filter.encode();
        assert_eq!(Filter::decode(&bytes), Some(filter));
        assert_eq!(Filter::decode(&[]), Some(Filter::default()));
        for wrong in [&bytes[..bytes.len() - 8], &bytes[1..], &[0; 24]] {
            assert_eq!(Filter::decode(wrong), None);
        }
    }
}
