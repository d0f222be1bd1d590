//! Can the text be read at all: is it English, and are there words?

use super::Part;
use super::lexicon::WordEntry;
use crate::model::Unclassified;

/// Below this many words, a text is not called foreign for its small words.
const ENOUGH_WORDS: u32 = 4;

/// Why a text has no sentiment, if it has none.
pub fn unreadable(parts: &[Part], lang: Option<&str>) -> Option<Unclassified> {
    let (mut words, mut signs, mut english, mut foreign, mut foreign_letters) = (0_u32, 0_u32, 0_u32, 0_u32, 0_u32);
    for found in parts.iter().map(|part| &part.found) {
        words += found.words;
        foreign_letters += found.foreign_letters;
        for token in &found.tokens {
            signs += u32::from(token.is(WordEntry::CUED));
            // What is a small word in both (`is`, `in`, `me`) speaks for neither.
            let (ours, theirs) = (token.is(WordEntry::ENGLISH), token.is(WordEntry::FOREIGN));
            english += u32::from(ours && !theirs);
            foreign += u32::from(theirs && !ours);
        }
    }
    if words == 0 && signs == 0 {
        return Some(Unclassified::NoWords);
    }
    if foreign_letters > 2 * words || (words >= ENOUGH_WORDS && foreign > english + 1 && foreign * 8 >= words) {
        return Some(Unclassified::NotEnglish);
    }
    // A language that somebody stated is believed, unless the text has more English than anything else.
    let stated = lang.and_then(|lang| lang.split(['-', '_']).next()).filter(|lang| !lang.is_empty());
    let says_other = stated.is_some_and(|lang| !lang.eq_ignore_ascii_case("en") && !lang.eq_ignore_ascii_case("und"));
    (says_other && english * 5 <= words).then_some(Unclassified::NotEnglish)
}
