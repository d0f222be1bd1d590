//! How likely does the author complain or report a concrete problem?

use super::Part;
use super::lexicon::WordEntry;
use super::sentiment::sums;
use super::tokens::Kind;

/// Log-odds of a post of which nothing is known.
const BIAS: f32 = -1.4;
/// Above this sum of cues each further one counts half.
const FULL: f32 = 3.5;

/// 0–1.
pub fn likelihood(parts: &[Part]) -> f32 {
    let mut odds = BIAS;
    let mut said = 0.0;
    for part in parts {
        let hits = part.hits.iter().map(|hit| hit.problem * part.weight(hit).max(0.0)).sum::<f32>();
        said += hits * part.thinned();
        odds += circumstances(part);
        let sums = sums(part);
        odds += 0.15 * sums.bad.min(8.0) - 0.2 * sums.good.min(8.0);
    }
    odds += if said > FULL { FULL + (said - FULL) * 0.5 } else { said };
    1.0 / (1.0 + (-odds).exp())
}

/// What speaks for or against a problem without saying so.
fn circumstances(part: &Part) -> f32 {
    let found = &part.found;
    let (mut me, mut negated, mut links, mut hashtags, mut time, mut third) = (0_u8, 0_u8, 0_u8, 0_u8, 0_u8, 0_u8);
    for token in &found.tokens {
        let count = |counter: &mut u8, counts: bool| *counter = counter.saturating_add(u8::from(counts));
        count(&mut me, token.is(WordEntry::ME));
        count(&mut negated, token.is(WordEntry::NEGATES));
        count(&mut time, token.is(WordEntry::TIME));
        count(&mut third, token.is(WordEntry::THIRD));
        count(&mut links, token.kind == Kind::Link);
        count(&mut hashtags, token.hashtag);
    }
    let some = |count: u8, most: u8| f32::from(count.min(most));
    let length = (found.words.max(1) as f32 / 12.0).ln().clamp(-1.2, 0.8);
    let asks = found.questions.min(1);
    0.2 * some(me, 3) + 0.3 * some(negated, 3) + 0.2 * some(time, 2)
        - 0.2 * some(third, 2)
        - 0.6 * some(links, 1)
        - 0.15 * some(hashtags, 3)
        + 0.4 * length
        + 0.25 * f32::from(asks)
        + 0.4 * f32::from(u8::from(found.helpdesk))
        - 0.15 * f32::from(found.exclamations.min(3))
}
