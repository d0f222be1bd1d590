//! Which words and phrases say something about sentiment, problems and labels, and how is one found in no time?
//!
//! Three small files are read once. Words lie in an open table by their hash; phrases in a trie
//! whose steps are words or classes of words (`$neg`), so that ten ways to say "doesn't work" are one line.

mod build;

use std::sync::LazyLock;

use super::tokens::Token;
use crate::model::Label;

/// Everything that is known, built at first use (some ten milliseconds).
pub static LEXICON: LazyLock<Lexicon> = LazyLock::new(build::lexicon);

/// What phrases are made of: a word, a class of words, or one of these.
pub struct Symbol;

impl Symbol {
    pub const NUMBER_ENTRY: u16 = 1;
    pub const ADDRESS_ENTRY: u16 = 2;
    pub const LINK_ENTRY: u16 = 3;
    /// Stands for any one word.
    const ANY: u16 = 4;
    const FIRST_FREE: u16 = 5;
}

/// Most symbols of one word: itself and its classes.
const MAX_SYMBOLS: usize = 6;
/// Most words of a phrase.
pub const MAX_PHRASE: usize = 8;

/// A word that is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct WordEntry {
    /// What it may be in a phrase; 0 ends the list.
    symbols: [u16; MAX_SYMBOLS],
    pub flags: u32,
    /// Its own cue; 0 is none.
    pub cue: u16,
}

impl WordEntry {
    pub const NEGATES: u32 = 1;
    pub const BOOSTS: u32 = 1 << 1;
    pub const DAMPS: u32 = 1 << 2;
    pub const SUPPOSES: u32 = 1 << 3;
    pub const CONTRAST: u32 = 1 << 4;
    pub const ENGLISH: u32 = 1 << 5;
    pub const FOREIGN: u32 = 1 << 6;
    pub const ME: u32 = 1 << 7;
    pub const YOU: u32 = 1 << 8;
    pub const ASKS: u32 = 1 << 9;
    pub const TIME: u32 = 1 << 10;
    pub const THIRD: u32 = 1 << 11;
    pub const BE: u32 = 1 << 12;
    pub const THAN: u32 = 1 << 13;
    pub const PLACES: u32 = 1 << 14;
    /// A phrase may begin with it.
    pub const STARTS: u32 = 1 << 15;
    /// It has a cue of its own.
    pub const CUED: u32 = 1 << 16;

    /// Classes that say something by themselves.
    const FLAGS: [(&'static str, u32); 15] = [
        ("$neg", Self::NEGATES),
        ("$boost", Self::BOOSTS),
        ("$damp", Self::DAMPS),
        ("$suppose", Self::SUPPOSES),
        ("$contrast", Self::CONTRAST),
        ("$english", Self::ENGLISH),
        ("$foreign", Self::FOREIGN),
        ("$me", Self::ME),
        ("$you", Self::YOU),
        ("$ask", Self::ASKS),
        ("$time", Self::TIME),
        ("$third", Self::THIRD),
        ("$be", Self::BE),
        ("$than", Self::THAN),
        ("$place", Self::PLACES),
    ];
}

/// What a word or phrase says.
#[derive(Clone, Debug, Default)]
pub struct CueEntry {
    /// −4 (worst) to 4 (best); `None` leaves that to the words inside.
    pub sentiment: Option<f32>,
    /// Log-odds that it adds to a problem.
    pub problem: f32,
    pub labels: Vec<(Label, f32)>,
}

/// Words and phrases.
#[derive(Debug, Default)]
pub struct Lexicon {
    /// Upper bits of a word's hash and its entry, at the place that its lower bits say or soon behind; 0 is free.
    slots: Vec<u64>,
    words: Vec<WordEntry>,
    cues: Vec<CueEntry>,
    /// Node and symbol, and the node that they lead to, laid out in the same way.
    steps: Vec<u64>,
    /// The nodes of the trie; the root is the first.
    nodes: Vec<NodeInfo>,
}

/// What is known of a node without looking for its steps.
#[derive(Clone, Copy, Debug, Default)]
struct NodeInfo {
    /// A bit for each symbol that leads on, so that nearly all that do not are not even looked for.
    next: u64,
    /// The cue that ends here; 0 is none.
    end: u16,
}

/// The bit of a symbol in [`NodeInfo::next`].
fn bit(symbol: u16) -> u64 {
    1 << (symbol % 64)
}

/// Bits of a slot that hold what was looked for's answer.
const ANSWER: u64 = 0xffff;

impl Lexicon {
    /// The entry of a word's hash; 0 where it is unknown. 48 bits of the hash decide: among ten thousand words, one
    /// foreign word in 30,000 million is taken for another.
    pub fn find(&self, hash: u64) -> u16 {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            match self.slots[at] {
                0 => return 0,
                slot if (slot ^ hash) & !ANSWER == 0 => return (slot & ANSWER) as u16,
                _ => at = (at + 1) & mask,
            }
        }
    }

    pub fn word(&self, entry: u16) -> &WordEntry {
        &self.words[usize::from(entry)]
    }

    pub fn cue(&self, cue: u16) -> &CueEntry {
        &self.cues[usize::from(cue)]
    }

    /// The longest phrase at the beginning of `tokens`: how many it has, and its cue.
    pub fn phrase(&self, tokens: &[Token]) -> Option<(usize, u16)> {
        let mut best = None;
        self.follow(0, 0, tokens, &mut best);
        best
    }

    fn follow(&self, node: u16, length: usize, tokens: &[Token], best: &mut Option<(usize, u16)>) {
        let NodeInfo { end, next: leads } = self.nodes[usize::from(node)];
        if end != 0 && best.is_none_or(|(longest, _)| length > longest) {
            *best = Some((length, end));
        }
        let Some(token) = tokens.get(length).filter(|_| length < MAX_PHRASE) else { return };
        for symbol in self.word(token.entry).symbols.into_iter().take_while(|symbol| *symbol != 0) {
            if leads & bit(symbol) != 0
                && let Some(next) = self.step(node, symbol)
            {
                self.follow(next, length + 1, tokens, best);
            }
        }
        if length > 0
            && leads & bit(Symbol::ANY) != 0
            && let Some(next) = self.step(node, Symbol::ANY)
        {
            self.follow(next, length + 1, tokens, best);
        }
    }

    fn step(&self, node: u16, symbol: u16) -> Option<u16> {
        let key = step_key(node, symbol);
        let mask = self.steps.len() - 1;
        let mut at = place(key) & mask;
        loop {
            match self.steps[at] {
                0 => return None,
                slot if slot >> 16 == key => return Some((slot & ANSWER) as u16),
                _ => at = (at + 1) & mask,
            }
        }
    }
}

fn step_key(node: u16, symbol: u16) -> u64 {
    u64::from(node) << 16 | u64::from(symbol)
}

/// Where the search for a step begins.
fn place(key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}
