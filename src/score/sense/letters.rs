//! What is a word's hash, and which signs are an apostrophe, a link or an emoticon?

/// What is known of a word while its bytes are read.
pub struct Scan {
    hash: u64,
    pub lower: bool,
    pub upper: u32,
    /// How often the last letter stands in a row.
    run: u32,
    pub stretched: bool,
    /// The last letter, small; 0 at the start and behind an apostrophe.
    previous: u8,
}

impl Default for Scan {
    fn default() -> Self {
        Self { hash: SEED, lower: false, upper: 0, run: 0, stretched: false, previous: 0 }
    }
}

impl Scan {
    /// The hash of what was read.
    pub fn hash(&self) -> u64 {
        finish(self.hash)
    }

    /// Reads letters and tells how many there were. In a hashtag a capital behind a small letter begins a new word.
    pub fn letters(&mut self, bytes: &[u8], hashtag: bool) -> usize {
        for (at, byte) in bytes.iter().enumerate() {
            let folded = byte | 0x20;
            let small = byte & 0x20 != 0;
            if !folded.is_ascii_lowercase() || (hashtag && self.lower && !small) {
                return at;
            }
            self.lower |= small;
            self.upper += u32::from(!small);
            self.hash = step(self.hash, folded);
            self.run = (self.run + 1) * u32::from(folded == self.previous);
            self.stretched |= self.run > 1;
            self.previous = folded;
        }
        bytes.len()
    }

    pub fn digit(&mut self, byte: u8) {
        self.lower = true;
        self.hash = step(self.hash, byte);
        self.previous = byte;
    }

    /// Length of an apostrophe that stands within the word. `don't` and `dont` are one word; `we're` and `were` are not.
    pub fn apostrophe(&mut self, bytes: &[u8]) -> Option<usize> {
        let length = apostrophe(bytes)?;
        let next = bytes.get(length).map_or(0, |next| next | 0x20);
        if !next.is_ascii_lowercase() || self.previous == 0 {
            return None;
        }
        if !(next == b't' && self.previous == b'n') {
            self.hash = step(self.hash, b'\'');
        }
        self.previous = 0;
        Some(length)
    }
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

fn finish(hash: u64) -> u64 {
    hash ^ (hash >> 29)
}

/// The hash of one word, sign or emoji as the reader makes it.
pub fn hash(word: &str) -> u64 {
    let mut hash = SEED;
    let mut previous = '\0';
    let mut characters = word.chars().peekable();
    while let Some(character) = characters.next() {
        let is_apostrophe = matches!(character, '\'' | '’');
        let next_is_t = characters.peek().is_some_and(|next| matches!(next, 't' | 'T'));
        if is_apostrophe && matches!(previous, 'n' | 'N') && next_is_t {
            continue;
        }
        previous = character;
        let folded = if is_apostrophe { '\'' } else { character.to_lowercase().next().unwrap_or(character) };
        let mut buffer = [0; 4];
        hash = folded.encode_utf8(&mut buffer).bytes().fold(hash, step);
    }
    finish(hash)
}

/// The hash of a word of which at most `most` equal letters stand in a row.
pub fn hash_squeezed(word: &str, most: u8) -> u64 {
    let (mut hash, mut previous, mut repeated) = (SEED, 0, 0_u8);
    for byte in word.bytes().map(|byte| byte.to_ascii_lowercase()) {
        repeated = if byte == previous { repeated.saturating_add(1) } else { 1 };
        previous = byte;
        if repeated <= most {
            hash = step(hash, byte);
        }
    }
    finish(hash)
}

/// How long an apostrophe is that stands here.
fn apostrophe(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'\'', ..] => Some(1),
        [0xe2, 0x80, 0x99, ..] => Some(3),
        [b'\\', b'u', b'2', b'0', b'1', b'9', ..] => Some(6),
        _ => None,
    }
}

pub fn is_link(rest: &[u8]) -> bool {
    let begins = |start: &[u8]| rest.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start));
    begins(b"http://") || begins(b"https://") || begins(b"www.")
}

/// Length of the emoticon that stands here: eyes, perhaps a nose, a mouth; or a heart.
pub fn emoticon(rest: &[u8]) -> Option<usize> {
    if rest.starts_with(b"<3") {
        return Some(2);
    }
    if !matches!(rest.first(), Some(b':' | b';' | b'=')) {
        return None;
    }
    let mut at = 1;
    while matches!(rest.get(at), Some(b'-' | b'o' | b'\'' | b'*' | b'^')) && at < 3 {
        at += 1;
    }
    let mouth = matches!(rest.get(at), Some(b')' | b'(' | b'D' | b'P' | b'p' | b'/' | b'|' | b']' | b'[' | b'O'));
    let ends = rest.get(at + 1).is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'/');
    (mouth && ends).then_some(at + 1)
}

pub fn is_latin(character: char) -> bool {
    character.is_ascii() || matches!(u32::from(character), 0x00c0..=0x024f | 0x1e00..=0x1eff)
}
