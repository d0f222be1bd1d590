//! Do two short posts say the same thing, typing errors and foreign words at the ends forgiven?

use std::sync::LazyLock;

use super::Likeness;
use super::fold::{Shape, fold};
use super::long::own_agrees;
use super::sketch::{Own, SHORT, Sketch, key};

/// What a word that is right counts for each unit of weight; one with a typing error counts [`TYPO`].
const RIGHT: u16 = 4;
const TYPO: u16 = 3;

/// What two short posts have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Common {
    /// Weight of the words that both have in order, in units of [`RIGHT`].
    pub weight: f32,
    /// How many words these are.
    pub words: usize,
    /// Weight of all words of each.
    pub of: [f32; 2],
    /// Weight of words of which each has others at the same place: between common ones, before the first, behind the last.
    pub other: f32,
    /// Weight of words between common ones that only one of them has.
    pub between: f32,
    /// Weight of the words before the first and behind the last common one, of each.
    pub outside: [f32; 2],
    pub own: [Option<Own>; 2],
    /// Places where each has other words.
    pub replaced: usize,
    /// Places where both have a number or a date, and another one.
    pub conflicts: usize,
}

pub(super) fn verify(a: &Sketch, b: &Sketch) -> Option<Likeness> {
    if !Sieve::of(a).passes(b) {
        return None;
    }
    let common = align(a, b);
    decide(&common)
}

/// Words at both ends, other ones of each: as if each were cut at another end, which strangers with one phrase in common are too.
const OPPOSITE: f32 = 0.8;
/// Words that only one of them has between common ones.
const BETWEEN: f32 = 0.4;
/// What has to be left of the common weight when everything against it is taken off.
const ENOUGH: f32 = 5.0;
/// What is taken off for the share of the shorter that is not common: the less two posts agree, the more they have to say.
const PARTIAL: f32 = 8.0;
/// Least share of the shorter.
const SHARE: f32 = 0.5;
/// Most weight against them, in shares of the common weight.
const AGAINST: f32 = 0.4;
/// Least words in common.
const WORDS: usize = 3;
/// One place may have other words, and one more for so many common words: who fills in a form changes each of its few fields.
const WORDS_A_REPLACEMENT: usize = 12;

pub(super) fn decide(common: &Common) -> Option<Likeness> {
    let [a, b] = common.of;
    let share = common.weight / a.min(b).max(1.0);
    let both = 2.0 * common.weight / (a + b).max(1.0);
    let opposite = OPPOSITE * common.outside[0].min(common.outside[1]);
    let against = common.other.max(opposite) + BETWEEN * common.between;
    let same = common.words >= WORDS
        && common.conflicts == 0
        && common.replaced <= 1 + common.words / WORDS_A_REPLACEMENT
        && a.max(b) <= 2.0 * a.min(b) + 6.0
        && share >= SHARE
        && against <= AGAINST * common.weight
        && common.weight - against - (1.0 - share) * PARTIAL >= ENOUGH
        && own_agrees(common.own, a <= b);
    same.then_some(Likeness { share, both })
}

/// Tells most strangers without looking at the order of their words.
struct Sieve([u64; 4]);

/// Share of the words of the shorter that has to be in the longer, by weight: typing errors may have hit the others.
const LEAST: f32 = 0.35;

impl Sieve {
    fn of(sketch: &Sketch) -> Self {
        let mut bits = [0; 4];
        for word in &sketch.words {
            bits[(word >> 6 & 3) as usize] |= 1 << (word & 63);
        }
        Self(bits)
    }

    fn passes(&self, other: &Sketch) -> bool {
        let (mut all, mut common) = (0, 0);
        for (word, shape) in other.words.iter().zip(&other.shapes) {
            all += shape.weight();
            common += shape.weight() * (self.0[(word >> 6 & 3) as usize] >> (word & 63) & 1) as u16;
        }
        f32::from(common) >= LEAST * f32::from(all) || common >= 12
    }
}

/// Share of the letters of two pieces of text from which one may be the other with typing errors.
const MISTYPED: f64 = 0.45;

/// Words in one row of the table, and one before the first.
const WIDE: usize = SHORT + 1;

/// The heaviest common subsequence.
pub(super) fn align(a: &Sketch, b: &Sketch) -> Common {
    let mut best = [0_u16; WIDE * WIDE];
    let joined = joined(b);
    for i in 1..=a.words.len() {
        let (word, shape) = (a.words[i - 1], a.shapes[i - 1]);
        let before = a.shapes[..i - 1].last().map(|before| before.joined(shape));
        for j in 1..=b.words.len() {
            let here = i * WIDE + j;
            let mut most = best[here - WIDE].max(best[here - 1]);
            if word == b.words[j - 1] {
                most = most.max(best[here - WIDE - 1] + RIGHT * shape.weight());
            } else if shape.resembles(b.shapes[j - 1]) {
                most = most.max(best[here - WIDE - 1] + TYPO * shape.weight().min(b.shapes[j - 1].weight()));
            } else if j > 1 && shape.resembles(joined[j - 2]) {
                // A space was lost, or came in.
                most = most.max(best[here - WIDE - 2] + TYPO * shape.weight());
            } else if before.is_some_and(|before| before.resembles(b.shapes[j - 1])) {
                most = most.max(best[here - 2 * WIDE - 1] + TYPO * b.shapes[j - 1].weight());
            }
            best[here] = most;
        }
    }
    trace(a, b, &best)
}

/// Each word with the next one as if they were one.
fn joined(sketch: &Sketch) -> [Shape; WIDE] {
    let mut joined = [Shape::default(); WIDE];
    for (pair, at) in sketch.shapes.windows(2).zip(&mut joined) {
        *at = pair[0].joined(pair[1]);
    }
    joined
}

fn trace(a: &Sketch, b: &Sketch, best: &[u16]) -> Common {
    let (mut i, mut j) = (a.words.len(), b.words.len());
    let weigh = |sketch: &Sketch, from: usize, to: usize| -> f32 {
        sketch.shapes[from..to].iter().map(|shape| f32::from(shape.weight())).sum()
    };
    let mut common = Common {
        weight: f32::from(best[i * WIDE + j]) / f32::from(RIGHT),
        of: [weigh(a, 0, i), weigh(b, 0, j)],
        own: [a.own(), b.own()],
        ..Common::default()
    };
    // Where the words begin that matched behind the ones looked at.
    let mut behind = (i, j);
    let mut at_end = true;
    while i > 0 && j > 0 {
        let here = best[i * WIDE + j];
        if here == best[(i - 1) * WIDE + j] {
            i -= 1;
        } else if here == best[i * WIDE + j - 1] {
            j -= 1;
        } else {
            let (gap_a, gap_b) = (weigh(a, i, behind.0), weigh(b, j, behind.1));
            common.other += gap_a.min(gap_b);
            common.replaced += usize::from(replaced(a, (i, behind.0), b, (j, behind.1)));
            let (of_a, of_b) = ((i, behind.0), (j, behind.1));
            let conflicts = conflict(a, of_a, b, of_b) || (!at_end && denies(a, of_a, b, of_b));
            common.conflicts += usize::from(conflicts);
            if at_end {
                common.outside = [gap_a, gap_b];
            } else {
                common.between += (gap_a - gap_b).abs();
            }
            at_end = false;
            let (step_a, step_b) = step(a, i, b, j);
            (i, j) = (i - step_a, j - step_b);
            behind = (i, j);
            common.words += 1;
            count_own(&mut common.own[0], a, i);
            count_own(&mut common.own[1], b, j);
        }
    }
    let (head_a, head_b) = (weigh(a, 0, behind.0), weigh(b, 0, behind.1));
    common.conflicts += usize::from(other_numbers(a, b));
    common.other += head_a.min(head_b);
    common.replaced += usize::from(replaced(a, (0, behind.0), b, (0, behind.1)));
    common.outside[0] += head_a;
    common.outside[1] += head_b;
    common
}

/// How many words of each make one match.
fn step(a: &Sketch, i: usize, b: &Sketch, j: usize) -> (usize, usize) {
    let (x, y) = (a.shapes[i - 1], b.shapes[j - 1]);
    if a.words[i - 1] == b.words[j - 1] || x.resembles(y) {
        (1, 1)
    } else if j > 1 && x.resembles(b.shapes[j - 2].joined(y)) {
        (1, 2)
    } else {
        (2, 1)
    }
}

fn count_own(own: &mut Option<Own>, sketch: &Sketch, at: usize) {
    if let Some(own) = own {
        own.common += 1 - sketch.quoted(at, at + 1);
    }
}

/// Whether each has words of its own in a gap between common words: others, and not the same ones badly mistyped.
fn replaced(a: &Sketch, gap_a: (usize, usize), b: &Sketch, gap_b: (usize, usize)) -> bool {
    let letters = |sketch: &Sketch, (from, to): (usize, usize)| {
        sketch.shapes[from..to].iter().fold(0, |letters, shape| letters | shape.letters())
    };
    let (a, b) = (letters(a, gap_a), letters(b, gap_b));
    let (common, all) = ((a & b).count_ones(), (a | b).count_ones());
    a != 0 && b != 0 && f64::from(common) < MISTYPED * f64::from(all)
}

/// Words that deny what is said.
static DENIES: LazyLock<Vec<u16>> = LazyLock::new(|| {
    keys(
        "not never nobody nothing cannot without wont dont didnt isnt wasnt doesnt couldnt wouldnt shouldnt havent hasnt arent",
    )
});
/// Words of which another one in the same place says the opposite, or something else.
static TURNS: LazyLock<Vec<u16>> = LazyLock::new(|| {
    keys(
        "up down on off in out back over under more less most least best worst good bad before after for against one two \
         three four five six seven eight nine ten first second third last true false yes no won lost rises rose falls fell opens closes",
    )
});

fn keys(words: &str) -> Vec<u16> {
    let mut keys = Vec::new();
    fold(words, |word| keys.push(key(&word)));
    keys.sort_unstable();
    keys
}

/// Whether one denies what the other says. At the ends a copy may have lost the word; between common words it was put in.
fn denies(a: &Sketch, gap_a: (usize, usize), b: &Sketch, gap_b: (usize, usize)) -> bool {
    let denied = |sketch: &Sketch, (from, to): (usize, usize)| {
        sketch.words[from..to].iter().filter(|word| DENIES.binary_search(word).is_ok()).count()
    };
    denied(a, gap_a) != denied(b, gap_b)
}

/// Whether both have as many numbers and dates, but others: `v1.0.0` and `v1.1.0`.
fn other_numbers(a: &Sketch, b: &Sketch) -> bool {
    let numbers = |sketch: &Sketch| {
        let words = sketch.words.iter().zip(&sketch.shapes);
        let mut numbers: Vec<u16> = words.filter(|(_, shape)| shape.is_date()).map(|(word, _)| *word).collect();
        numbers.sort_unstable();
        numbers
    };
    let (a, b) = (numbers(a), numbers(b));
    a.len() == b.len() && a != b
}

/// Whether both have a number or a date in a gap between common words.
fn conflict(a: &Sketch, gap_a: (usize, usize), b: &Sketch, gap_b: (usize, usize)) -> bool {
    let number = |sketch: &Sketch, (from, to): (usize, usize)| sketch.shapes[from..to].iter().any(|s| s.is_date());
    let turns = |sketch: &Sketch, (from, to): (usize, usize)| {
        sketch.words[from..to].iter().any(|word| TURNS.binary_search(word).is_ok())
    };
    (number(a, gap_a) && number(b, gap_b)) || (turns(a, gap_a) && turns(b, gap_b))
}
