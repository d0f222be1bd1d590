//! Which words does a post consist of, whatever their case, marks and markup, and who said them?

/// What is read of a text, in bytes: what is behind does not count. More than any post that people write by hand.
pub(super) const MAX_BYTES: usize = 12_000;

/// A word as [`fold`] hands it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) hash: u64,
    pub(super) shape: Shape,
    pub(super) said: Said,
}

/// Whose words are these?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The author's.
    Own,
    /// Somebody else's: the line begins with `>`.
    Quoted,
}

/// Letters of a word without their order, its length, and whether it is a number: enough to see a typing error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Shape(pub(super) u32);

const LETTERS: u32 = (1 << 26) - 1;
const LENGTH_AT: u32 = 26;
const MAX_LENGTH: u32 = 15;
/// It has a digit.
const NUMBER: u32 = 1 << 31;
/// Digits only, or the name of a month or a day.
const DATE: u32 = 1 << 30;

impl Shape {
    pub(super) fn length(self) -> u32 {
        (self.0 >> LENGTH_AT) & MAX_LENGTH
    }

    /// One bit for each letter that stands in it.
    pub(super) fn letters(self) -> u32 {
        self.0 & LETTERS
    }

    /// Digits only, or digits and letters: never a typing error of another one.
    pub(super) fn is_number(self) -> bool {
        self.0 & NUMBER != 0
    }

    /// A number or a date: another one is another thing, not another spelling.
    pub(super) fn is_date(self) -> bool {
        self.0 & DATE != 0
    }

    /// What a word counts as evidence: `the` and `of` little.
    pub(super) fn weight(self) -> u16 {
        match self.length() {
            0..=3 => 1 + u16::from(self.is_number()),
            4..=5 => 2,
            _ => 3,
        }
    }

    /// Both words written as one.
    pub(super) fn joined(self, next: Self) -> Self {
        let length = (self.length() + next.length()).min(MAX_LENGTH);
        Self((self.0 | next.0) & (LETTERS | NUMBER | DATE) | length << LENGTH_AT)
    }

    /// One letter more, less, other, or two swapped; now and then another word altogether.
    pub(super) fn resembles(self, other: Self) -> bool {
        let (a, b) = (self.length(), other.length());
        a.min(b) >= 4
            && a.abs_diff(b) <= 1
            && (self.0 | other.0) & NUMBER == 0
            && self.0 & other.0 & LETTERS != 0
            && ((self.0 ^ other.0) & LETTERS).count_ones() <= 2
    }
}

/// What an ASCII character is to a word: nothing, one of its letters, or a digit.
const KINDS: [u32; 128] = {
    let mut kinds = [0; 128];
    let mut at = 0;
    while at < 128 {
        let byte = at as u8;
        if byte.is_ascii_alphabetic() {
            kinds[at] = 1 << (byte.to_ascii_lowercase() - b'a');
        } else if byte.is_ascii_digit() {
            kinds[at] = NUMBER;
        }
        at += 1;
    }
    kinds
};

/// The beginning of a text, at most so many bytes.
pub(super) fn begin(text: &str, bytes: usize) -> &str {
    let mut at = bytes.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    &text[..at]
}

/// The end of a text, at most so many bytes.
pub(super) fn end(text: &str, bytes: usize) -> &str {
    let mut at = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    &text[at..]
}

/// Calls `each` with every word of a text, at most [`MAX_BYTES`] of it. Addresses are no words: they are shortened and tagged on the way.
pub(super) fn fold(text: &str, mut each: impl FnMut(Word)) {
    let text = begin(text, MAX_BYTES);
    let mut mark = if text.lines().filter(|line| line.starts_with(": ")).nth(2).is_some() { ':' } else { '>' };
    let mut lines = text.lines().filter(|line| !line.trim_start().is_empty()).peekable();
    while let Some(line) = lines.next() {
        if quotes(line, mark) {
            fold_line(line, Said::Quoted, &mut each);
            continue;
        }
        let Some(next) = lines.peek().filter(|_| line.trim_end().ends_with(':')) else {
            fold_line(line, Said::Own, &mut each);
            continue;
        };
        // Old programs mark quoted lines with `:` or `#`; who is quoted stands before.
        let marks = next.trim_start().chars().next().filter(|first| MARKS.contains(*first));
        mark = marks.unwrap_or(mark);
        if marks.is_none() {
            fold_line(line, Said::Own, &mut each);
        }
    }
}

/// A text without the first mark of each quoted line, and without who is credited.
pub(super) fn unwrap(text: &str) -> String {
    let text = begin(text, MAX_BYTES);
    let mut rest = String::with_capacity(text.len());
    for line in text.lines() {
        let inner = line.trim_start();
        let inner = inner.strip_prefix('>').map_or(line, |inner| inner.strip_prefix(' ').unwrap_or(inner));
        let is_credit = inner.len() == line.len() && line.trim_end().ends_with(':');
        if !is_credit {
            rest.push_str(inner);
            rest.push('\n');
        }
    }
    rest
}

/// What lines of others begin with.
const MARKS: &str = ">|:#}%";
/// Most letters before a `>`: the initials of who said it.
const MAX_INITIALS: usize = 3;

fn quotes(line: &str, mark: char) -> bool {
    let line = line.trim_start();
    let initials = line.bytes().take(MAX_INITIALS).take_while(u8::is_ascii_alphabetic).count();
    line.starts_with(mark) || line.starts_with("|>") || line[initials..].starts_with('>')
}

fn fold_line(text: &str, said: Said, each: &mut impl FnMut(Word)) {
    let bytes = text.as_bytes();
    let mut word = Building::default();
    let mut at = 0;
    while at < bytes.len() {
        let from = at;
        at = word.take(bytes, at);
        if at > from && from > 0 && bytes[from - 1] == b'@' {
            word.is_handle = true;
        }
        let Some(&byte) = bytes.get(at) else { break };
        if byte >= 128 {
            let Some(char) = text[at..].chars().next() else { break };
            at += char.len_utf8();
            push_char(char, &mut word, said, each);
        } else if byte == b':' && word.is_scheme() && bytes[at..].starts_with(b"://") {
            word = Building::default();
            at += bytes[at..].iter().position(u8::is_ascii_whitespace).unwrap_or(bytes.len() - at);
        } else {
            word.end(said, each);
            at += 1;
        }
    }
    word.end(said, each);
}

/// A character beyond ASCII.
fn push_char(char: char, word: &mut Building, said: Said, each: &mut impl FnMut(Word)) {
    if stands_alone(char) {
        word.end(said, each);
        word.push(char);
        // Weighs as much as a word of some letters, being one, or half of one; what only bends words weighs little.
        word.length = if matches!(char, '\u{3040}'..='\u{309f}') { 1 } else { 4 };
        word.kinds = 0;
        word.end(said, each);
    } else if char.is_alphanumeric() {
        char.to_lowercase().for_each(|char| word.push(char));
    } else if !is_mark(char) {
        word.end(said, each);
    }
}

/// Scripts that are written without spaces: Thai, Lao, Myanmar, Khmer, kana, Han, Hangul; and emoji.
fn stands_alone(char: char) -> bool {
    matches!(u32::from(char), 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x9fff
        | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x1f300..=0x1faff | 0x20000..=0x3ffff)
}

/// Combining marks, joiners and variation selectors belong to the word around them.
fn is_mark(char: char) -> bool {
    matches!(u32::from(char), 0x0300..=0x036f | 0x200b..=0x200d | 0xfe00..=0xfe0f | 0x00ad)
}

/// A word that is being read.
struct Building {
    hash: u64,
    /// As in [`KINDS`], of all its characters.
    kinds: u32,
    length: u32,
    /// `@somebody`: whom a post speaks to says little of what it says.
    is_handle: bool,
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;
const FACTOR: u64 = 0x0000_0100_0000_01b3;

impl Default for Building {
    fn default() -> Self {
        Self { hash: SEED, kinds: 0, length: 0, is_handle: false }
    }
}

impl Building {
    /// Takes the ASCII letters and digits from a place on, and says where they end.
    fn take(&mut self, bytes: &[u8], from: usize) -> usize {
        let (mut hash, mut kinds, mut at) = (self.hash, self.kinds, from);
        for byte in &bytes[from..] {
            let kind = KINDS.get(*byte as usize).copied().unwrap_or(0);
            if kind == 0 {
                break;
            }
            kinds |= kind;
            // Lower case; digits have this bit.
            hash = (hash ^ u64::from(byte | 0x20)).wrapping_mul(FACTOR);
            at += 1;
        }
        self.length += (at - from) as u32;
        (self.hash, self.kinds) = (hash, kinds);
        at
    }

    fn push(&mut self, char: char) {
        let mut bytes = [0; 1];
        if char.is_ascii() {
            self.take(char.encode_utf8(&mut bytes).as_bytes(), 0);
            return;
        }
        self.hash = (self.hash ^ u64::from(char)).wrapping_mul(FACTOR);
        self.length += 1;
        self.kinds |= if char.is_numeric() { NUMBER } else { 1 << (u32::from(char) % 26) };
    }

    /// `http` or `https`.
    fn is_scheme(&self) -> bool {
        const H: u64 = hash(b"http");
        const S: u64 = hash(b"https");
        self.hash == H || self.hash == S
    }

    fn end(&mut self, said: Said, each: &mut impl FnMut(Word)) {
        if self.length == 0 {
            return;
        }
        let length = if self.is_handle { 1 } else { self.length.min(MAX_LENGTH) };
        let date = if self.kinds == NUMBER || is_calendar(self.hash) { DATE } else { 0 };
        each(Word { hash: mixed(self.hash), shape: Shape(self.kinds | date | length << LENGTH_AT), said });
        *self = Self::default();
    }
}

fn is_calendar(hash: u64) -> bool {
    CALENDAR_BITS >> (hash % 64) & 1 != 0 && CALENDAR.contains(&hash)
}

/// Most words are not even looked up.
const CALENDAR_BITS: u64 = {
    let (mut bits, mut at) = (0, 0);
    while at < CALENDAR.len() {
        bits |= 1 << (CALENDAR[at] % 64);
        at += 1;
    }
    bits
};

/// Months and days.
const CALENDAR: [u64; 19] = {
    let names: [&[u8]; 19] = [
        b"january",
        b"february",
        b"march",
        b"april",
        b"may",
        b"june",
        b"july",
        b"august",
        b"september",
        b"october",
        b"november",
        b"december",
        b"monday",
        b"tuesday",
        b"wednesday",
        b"thursday",
        b"friday",
        b"saturday",
        b"sunday",
    ];
    let mut hashes = [0; 19];
    let mut at = 0;
    while at < 19 {
        hashes[at] = hash(names[at]);
        at += 1;
    }
    hashes
};

const fn hash(text: &[u8]) -> u64 {
    let mut hash = SEED;
    let mut at = 0;
    while at < text.len() {
        hash = (hash ^ text[at] as u64).wrapping_mul(FACTOR);
        at += 1;
    }
    hash
}

/// Spreads what differs in few bits over all of them.
pub(super) const fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}
