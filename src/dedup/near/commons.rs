//! Which words do many stories have in common, and are therefore no evidence that two posts are one?
//!
//! Signatures, footers of a newsletter, a template's fixed words, a phrase of the trade. Learned from the posts themselves:
//! three words in a row that stood in enough stories are common, and common words do not count. Bounded by a table of
//! counts that is halved when it fills, so that what is not said any more is forgotten.

use super::fold::{Said, Word, mixed};

/// Counts; a power of two, in bytes.
const COUNTS: usize = 1 << 21;
/// Seen in so many stories, three words are common.
const COMMON: u8 = 5;
/// Words at the beginning and the end of a post that are counted: footers and templates stand there.
const HEAD: usize = 48;
const TAIL: usize = 80;

/// What stories have in common.
#[derive(Clone, Debug)]
pub struct Commons {
    counts: Vec<u8>,
    counted: usize,
}

impl Default for Commons {
    fn default() -> Self {
        Self { counts: vec![0; COUNTS], counted: 0 }
    }
}

impl Commons {
    /// Counts the words of a post that opened a story.
    pub(super) fn learn(&mut self, words: &[Word]) {
        let mut last = usize::MAX;
        for at in counted(words.len()) {
            let Some(place) = place(&words[at..]).filter(|place| *place != last) else { continue };
            // What many quote is what somebody said once.
            if words[at].said == Said::Quoted {
                continue;
            }
            last = place;
            self.counts[place] = self.counts[place].saturating_add(1);
            self.counted += 1;
        }
        if self.counted >= COUNTS / 2 {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.counted = 0;
        }
    }

    /// The words without the common ones; `None` if none is.
    pub(super) fn strip(&self, words: &[Word]) -> Option<Vec<Word>> {
        let mut stripped: Option<Vec<Word>> = None;
        // Up to where words are kept or left out already.
        let mut done = 0;
        for at in counted(words.len()) {
            if place(&words[at..]).is_none_or(|place| self.counts[place] < COMMON) {
                continue;
            }
            let stripped = stripped.get_or_insert_with(|| Vec::with_capacity(words.len()));
            stripped.extend_from_slice(&words[done..at.max(done)]);
            done = at + 3;
        }
        if let Some(stripped) = &mut stripped {
            stripped.extend_from_slice(&words[done..]);
        }
        stripped
    }
}

/// First words of the threes that are counted.
fn counted(words: usize) -> impl Iterator<Item = usize> {
    let threes = words.saturating_sub(2);
    let head = threes.min(HEAD);
    (0..head).chain(threes.saturating_sub(TAIL).max(head)..threes)
}

fn place(words: &[Word]) -> Option<usize> {
    let [a, b, c, ..] = words else { return None };
    let hash = mixed(a.hash ^ b.hash.rotate_left(17) ^ c.hash.rotate_left(39));
    Some((hash >> 40) as usize % COUNTS)
}
