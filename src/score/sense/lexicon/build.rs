//! How do the files of words and phrases become the tables that are asked?

use std::collections::{BTreeMap, HashMap};

use super::{ANSWER, CueEntry, Lexicon, MAX_SYMBOLS, NodeInfo, Symbol, WordEntry, bit, place, step_key};
use crate::model::Label;
use crate::score::sense::letters::hash;

/// Classes of words, with `$` before their name.
const CLASSES: &str = include_str!("classes.tsv");
/// Words and phrases by hand: pattern, sentiment, problem, labels.
const CUES: &str = include_str!("cues.tsv");
/// Words rated by people: the VADER lexicon (MIT, see deploy/NOTICE).
const VADER: &str = include_str!("vader.tsv");

/// Reads the files.
pub fn lexicon() -> Lexicon {
    Builder::default().build()
}

/// What is read so far.
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
