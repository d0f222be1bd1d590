//! Which words and phrases say something about sentiment, problems and labels, and how is one found in no time?
//!
//! Three small files beside this one are read once. Words lie in an open table by their hash; phrases in a trie
//! whose steps are words or classes of words (`$neg`), so that ten ways to say "doesn't work" are one line.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::tokens::{Token, hash};
use crate::model::Label;

/// Everything that is known, built at first use (some ten milliseconds).
pub static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::build);

/// Classes of words, with `$` before their name.
const CLASSES: &str = include_str!("lexicon/classes.tsv");
/// Words and phrases by hand: pattern, sentiment, problem, labels.
const CUES: &str = include_str!("lexicon/cues.tsv");
/// Words rated by people: the VADER lexicon (MIT, see deploy/NOTICE).
const VADER: &str = include_str!("lexicon/vader.tsv");

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

    fn build() -> Self {
        Builder::default().build()
    }
}

fn step_key(node: u16, symbol: u16) -> u64 {
    u64::from(node) << 16 | u64::from(symbol)
}

/// Where the search for a step begins.
fn place(key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

/// Puts pairs of a place to begin at and a slot into a table of which at most half is used.
fn lay_out(slots: &[(usize, u64)]) -> Vec<u64> {
    let size = (slots.len() * 2).next_power_of_two();
    let mut table = vec![0; size];
    for (place, slot) in slots {
        let mut at = place & (size - 1);
        while table[at] != 0 {
            at = (at + 1) & (size - 1);
        }
        table[at] = *slot;
    }
    table
}

/// Reads the files.
#[derive(Default)]
struct Builder {
    lexicon: Lexicon,
    by_hash: HashMap<u64, u16>,
    symbols: HashMap<String, u16>,
    /// The trie: what follows each node, and the cue that ends there. A child has a higher number than its parent.
    nodes: Vec<Node>,
}

/// A node of the trie while it is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Node {
    end: u16,
    next: BTreeMap<u16, u32>,
}

impl Builder {
    fn build(mut self) -> Lexicon {
        // Entry 0 is the unknown word; 1 to 3 are numbers, addresses and links, which are their own symbols.
        for own in 0..Symbol::FIRST_FREE {
            let mut symbols = [0; MAX_SYMBOLS];
            symbols[0] = own;
            self.lexicon.words.push(WordEntry { symbols, ..WordEntry::default() });
        }
        self.lexicon.cues.push(CueEntry::default());
        self.nodes.push(Node::default());
        lines(CLASSES).for_each(|line| self.class(line));
        lines(CUES).for_each(|line| self.line(line));
        lines(VADER).for_each(|line| self.rated(line));
        let by_hash: Vec<(usize, u64)> =
            self.by_hash.iter().map(|(hash, entry)| (*hash as usize, hash & !ANSWER | u64::from(*entry))).collect();
        self.lexicon.slots = lay_out(&by_hash);
        self.merge_nodes();
        self.lexicon
    }

    fn class(&mut self, line: &str) {
        let Some((name, members)) = line.split_once('\t') else { return };
        let symbol = self.symbol(name);
        let flag = WordEntry::FLAGS.iter().find(|(class, _)| *class == name).map_or(0, |(_, flag)| *flag);
        for member in members.split_whitespace().flat_map(inflected) {
            let entry = self.entry(&member);
            self.lexicon.words[usize::from(entry)].flags |= flag;
            self.add_symbol(entry, symbol);
        }
    }

    /// `pattern`, sentiment, problem, labels; a missing or empty field says nothing.
    fn line(&mut self, line: &str) {
        let mut fields = line.split('\t');
        let pattern = fields.next().unwrap_or_default();
        let sentiment = fields.next().and_then(|field| field.parse().ok());
        let problem = fields.next().and_then(|field| field.parse().ok()).unwrap_or(0.0);
        let labels = fields.next().unwrap_or_default().split(',').filter_map(label).collect();
        let cue = self.lexicon.cues.len() as u16;
        self.lexicon.cues.push(CueEntry { sentiment, problem, labels });
        let positions: Vec<&str> = pattern.split(' ').collect();
        match positions.as_slice() {
            [one] => one.split('|').for_each(|alternative| self.single(alternative, cue)),
            _ => self.extend(0, &positions, cue),
        }
    }

    /// A word is its entry's own cue; several joined by `_` are a phrase.
    fn single(&mut self, alternative: &str, cue: u16) {
        if alternative.contains('_') {
            return self.extend(0, &[alternative], cue);
        }
        for word in inflected(alternative) {
            let entry = self.entry(&word);
            self.lexicon.words[usize::from(entry)].cue = cue;
        }
    }

    /// Adds what is left of a pattern below a node.
    fn extend(&mut self, node: u32, positions: &[&str], cue: u16) {
        let Some((position, rest)) = positions.split_first() else {
            if node != 0 {
                self.nodes[node as usize].end = cue;
            }
            return;
        };
        if position.contains('?') {
            self.extend(node, rest, cue);
        }
        for alternative in position.split('|').map(|alternative| alternative.trim_end_matches('?')) {
            let (before, last) = alternative.rsplit_once('_').unwrap_or(("", alternative));
            let start =
                before.split('_').filter(|word| !word.is_empty()).fold(node, |node, word| self.down(node, word));
            for form in inflected(last) {
                let next = self.down(start, &form);
                self.extend(next, rest, cue);
            }
        }
    }

    /// The node below, by a word, a class or a sign.
    fn down(&mut self, node: u32, word: &str) -> u32 {
        let symbol = match word {
            "#" => Symbol::NUMBER_ENTRY,
            "@" => Symbol::ADDRESS_ENTRY,
            "*" => Symbol::ANY,
            class if class.starts_with('$') => self.symbol(class),
            word => {
                let entry = self.entry(word);
                let symbol = self.symbol(word);
                self.add_symbol(entry, symbol);
                symbol
            }
        };
        let new = self.nodes.len() as u32;
        let next = *self.nodes[node as usize].next.entry(symbol).or_insert(new);
        if next == new {
            self.nodes.push(Node::default());
        }
        next
    }

    /// A word and its mean rating; what is known by hand counts more.
    fn rated(&mut self, line: &str) {
        let Some((word, rating)) = line.split_once('\t') else { return };
        let Ok(rating) = rating.parse::<f32>() else { return };
        let entry = self.entry(word);
        if self.lexicon.words[usize::from(entry)].cue == 0 {
            self.lexicon.words[usize::from(entry)].cue = self.lexicon.cues.len() as u16;
            self.lexicon.cues.push(CueEntry { sentiment: Some(rating), ..CueEntry::default() });
        }
    }

    fn entry(&mut self, word: &str) -> u16 {
        let next = self.lexicon.words.len() as u16;
        let entry = *self.by_hash.entry(hash(word)).or_insert(next);
        if entry == next {
            self.lexicon.words.push(WordEntry::default());
        }
        entry
    }

    fn symbol(&mut self, name: &str) -> u16 {
        let next = Symbol::FIRST_FREE + self.symbols.len() as u16;
        *self.symbols.entry(name.to_owned()).or_insert(next)
    }

    fn add_symbol(&mut self, entry: u16, symbol: u16) {
        let symbols = &mut self.lexicon.words[usize::from(entry)].symbols;
        if symbols.contains(&symbol) {
            return;
        }
        debug_assert!(symbols.contains(&0), "a word stands in too many classes");
        if let Some(free) = symbols.iter_mut().find(|own| **own == 0) {
            *free = symbol;
        }
    }

    /// Nodes that nothing tells apart become one: the ends of alternatives are the same, and there are many.
    fn merge_nodes(&mut self) {
        let mut merged: HashMap<Node, u16> = HashMap::new();
        let mut number = vec![0_u16; self.nodes.len()];
        let mut steps = Vec::new();
        // The root keeps the number 0.
        self.lexicon.nodes.push(NodeInfo::default());
        for index in (0..self.nodes.len()).rev() {
            let mut node = std::mem::take(&mut self.nodes[index]);
            node.next.values_mut().for_each(|next| *next = u32::from(number[*next as usize]));
            if index > 0
                && let Some(same) = merged.get(&node)
            {
                number[index] = *same;
                continue;
            }
            let own = if index == 0 { 0 } else { self.lexicon.nodes.len() as u16 };
            number[index] = own;
            for (symbol, next) in &node.next {
                let key = step_key(own, *symbol);
                steps.push((place(key), key << 16 | u64::from(*next)));
            }
            let info = NodeInfo { next: node.next.keys().fold(0, |bits, symbol| bits | bit(*symbol)), end: node.end };
            if index > 0 {
                self.lexicon.nodes.push(info);
                merged.insert(node, own);
            } else {
                self.lexicon.nodes[0] = info;
            }
        }
        self.lexicon.steps = lay_out(&steps);
        let root_steps: Vec<bool> = (0..=u16::MAX).map(|symbol| self.lexicon.step(0, symbol).is_some()).collect();
        for word in &mut self.lexicon.words {
            if word.symbols.iter().any(|symbol| *symbol != 0 && root_steps[usize::from(*symbol)]) {
                word.flags |= WordEntry::STARTS;
            }
            if word.cue != 0 {
                word.flags |= WordEntry::CUED;
            }
        }
    }
}

fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().filter(|line| !line.is_empty() && !line.starts_with("//"))
}

fn label(field: &str) -> Option<(Label, f32)> {
    let (name, weight) = field.split_once(':')?;
    Some((Label::of(name)?, weight.parse().ok()?))
}

/// The forms of a word: `crash+` is crash, crashes, crashed and crashing; `bug+s` has a plural only.
fn inflected(word: &str) -> Vec<String> {
    if let Some(noun) = word.strip_suffix("+s") {
        return vec![noun.to_owned(), with_s(noun)];
    }
    let Some(verb) = word.strip_suffix('+') else { return vec![word.to_owned()] };
    let stem = verb.strip_suffix('e').unwrap_or(verb);
    let past = match verb.strip_suffix('y') {
        Some(before) if !before.ends_with(['a', 'e', 'o', 'u']) => format!("{before}ied"),
        _ => format!("{stem}ed"),
    };
    vec![verb.to_owned(), with_s(verb), past, format!("{stem}ing")]
}

fn with_s(word: &str) -> String {
    match word.strip_suffix('y') {
        Some(before) if !before.ends_with(['a', 'e', 'o', 'u']) => format!("{before}ies"),
        _ if word.ends_with(['s', 'x', 'z']) || word.ends_with("ch") || word.ends_with("sh") => format!("{word}es"),
        _ => format!("{word}s"),
    }
}
