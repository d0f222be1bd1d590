//! Which words, signs and links does a text consist of, in one pass over its bytes?
//!
//! Nothing is copied: a word becomes the hash of its letters in lower case, which the lexicon is asked for. Apart from
//! [`crate::query::words`], which makes words for searching: here emphasis, emoticons and the ends of sentences count.

use super::letters::{Scan, emoticon, hash, hash_squeezed, is_latin, is_link};
use super::lexicon::{LEXICON, Lexicon, Symbol, WordEntry};

/// Of a longer text this many bytes at its start are read (about 4,000 words) …
const HEAD: usize = 24_000;
/// … and this many at its end (about 500 words): how a long post ends often says what its author wants.
const TAIL: usize = 3_000;

/// Words that people hang on a name in a hashtag.
const HASHTAG_ENDS: [&str; 10] =
    ["fail", "fails", "sucks", "suck", "scam", "outage", "problems", "rocks", "ftw", "rules"];

/// What handles that are there to help are called.
const HELPDESKS: [&[u8]; 6] = [b"help", b"support", b"care", b"service", b"custserv", b"ask"];

/// What stands at a place of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Word,
    Number,
    /// `@name`.
    Address,
    Link,
    /// An emoticon or an emoji that the lexicon knows, as the entry says.
    Face,
}

/// One word or sign.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub start: u32,
    pub end: u32,
    /// What the lexicon knows of it; 0 is nothing.
    pub entry: u16,
    /// Classes of the word, as [`WordEntry`] names them.
    flags: u32,
    /// The clause that it stands in.
    pub clause: u16,
    pub kind: Kind,
    /// Two capitals or more and no small letter.
    pub caps: bool,
    /// Begins with a capital.
    pub capital: bool,
    /// A letter stands three times or more in a row: `sooo`.
    pub stretched: bool,
    pub hashtag: bool,
}

impl Token {
    pub fn known(&self) -> &'static WordEntry {
        LEXICON.word(self.entry)
    }

    pub fn is(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// A stretch of words up to a sign that ends it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clause {
    /// Number of the sentence that it is part of.
    pub sentence: u16,
    /// Whether the sentence ends with a question mark.
    pub asks: bool,
    /// Begins with `but`, `however` and the like.
    pub contrast: bool,
}

/// The text, taken apart.
#[derive(Debug, Default)]
pub struct Tokens {
    pub tokens: Vec<Token>,
    pub clauses: Vec<Clause>,
    pub exclamations: u16,
    pub questions: u16,
    /// `…` and `...`.
    pub ellipses: u16,
    pub quotes: u16,
    /// Letters that are not Latin.
    pub foreign_letters: u32,
    /// Words (not numbers, addresses or links).
    pub words: u32,
    /// Words of two letters or more that are written in capitals only.
    pub shouted: u32,
    /// Words that begin with a capital.
    pub capitals: u32,
    /// Words of the author about themselves.
    pub me: u32,
    pub links: u32,
    /// Whether a handle is addressed that is there to help: `@acme_support`.
    pub helpdesk: bool,
    /// Whether it has several lines, or marks of quotes or code.
    pub marked: bool,
}

/// Takes a text apart; `skip` are the stretches that are not the author's own words, in order.
pub fn tokens(text: &str, skip: &[(usize, usize)]) -> Tokens {
    let mut reader = Reader::new(text);
    let (head, tail) = bounds(text);
    for (from, to) in [(0, head), (tail, text.len())] {
        reader.read_between(from, to, skip);
    }
    reader.end_sentence();
    reader.found
}

/// Where the start that is read ends, and where the end that is read starts.
fn bounds(text: &str) -> (usize, usize) {
    if text.len() <= HEAD + TAIL {
        return (text.len(), text.len());
    }
    (boundary_before(text, HEAD), boundary_before(text, text.len() - TAIL))
}

/// The last place up to `at` where a character begins.
fn boundary_before(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    lexicon: &'static Lexicon,
    found: Tokens,
    clause_has_words: bool,
    sentence_start: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let found = Tokens {
            tokens: Vec::with_capacity(text.len().min(HEAD + TAIL) / 5 + 4),
            clauses: vec![Clause::default()],
            ..Tokens::default()
        };
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            lexicon: &LEXICON,
            found,
            clause_has_words: false,
            sentence_start: 0,
        }
    }

    fn read_between(&mut self, from: usize, to: usize, skip: &[(usize, usize)]) {
        self.at = from;
        for (start, end) in skip.iter().copied().filter(|(start, end)| *end > from && *start < to) {
            self.read_until(start);
            self.end_sentence();
            self.at = self.at.max(end);
        }
        self.read_until(to);
        self.end_sentence();
    }

    fn read_until(&mut self, end: usize) {
        while self.at < end {
            let byte = self.bytes[self.at];
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' => self.word_or_link(end, false),
                b' ' => self.at += 1,
                b'0'..=b'9' => self.number(end),
                0x80.. => self.beyond_ascii(end),
                _ => self.sign(byte, end),
            }
        }
    }

    fn sign(&mut self, byte: u8, end: usize) {
        if let Some(length) = self.emoticon(end) {
            return self.face(length);
        }
        self.found.marked |= matches!(byte, b'\n' | b'`' | b'>');
        match byte {
            b'@' if self.starts_name(end) => return self.address(end),
            b'#' if self.starts_name(end) => {
                self.at += 1;
                return self.hashtag(end);
            }
            b'&' => return self.entity(end),
            b'\\' => return self.escape(end),
            b'!' => self.found.exclamations = self.found.exclamations.saturating_add(1),
            b'?' => self.ask(),
            b'"' => self.found.quotes = self.found.quotes.saturating_add(1),
            b'.' if self.bytes[self.at..end].starts_with(b"..") => {
                self.found.ellipses = self.found.ellipses.saturating_add(1);
                while self.at + 1 < end && self.bytes[self.at + 1] == b'.' {
                    self.at += 1;
                }
                self.end_clause();
            }
            _ => {}
        }
        match byte {
            b'!' | b'?' | b'\n' => self.end_sentence(),
            b'.' if self
                .bytes
                .get(self.at + 1)
                .is_none_or(|next| !next.is_ascii_lowercase() && !next.is_ascii_digit()) =>
            {
                self.end_sentence();
            }
            b',' | b';' | b':' | b'(' | b')' | b'|' | b'/' => self.end_clause(),
            b'-' if self.bytes.get(self.at + 1) == Some(&b' ') || self.bytes.get(self.at + 1) == Some(&b'-') => {
                self.end_clause()
            }
            _ => {}
        }
        self.at += 1;
    }

    fn starts_name(&self, end: usize) -> bool {
        let before = self.at.checked_sub(1).map(|before| self.bytes[before]);
        let after = if self.at + 1 < end { self.bytes[self.at + 1] } else { b' ' };
        !before.is_some_and(|byte| byte.is_ascii_alphanumeric()) && (after.is_ascii_alphanumeric() || after == b'_')
    }

    fn word_or_link(&mut self, end: usize, hashtag: bool) {
        let start = self.at;
        let rest = &self.bytes[start..end];
        if matches!(rest[0], b'h' | b'w' | b'H' | b'W') && is_link(rest) {
            return self.link(end);
        }
        let mut scan = Scan::default();
        loop {
            self.at += scan.letters(&self.bytes[self.at..end], hashtag);
            match self.bytes[self.at..end].first() {
                Some(b'0'..=b'9') if !hashtag => {
                    scan.digit(self.bytes[self.at]);
                    self.at += 1;
                }
                Some(b'\'' | b'\\' | 0xe2) => match scan.apostrophe(&self.bytes[self.at..end]) {
                    Some(length) => self.at += length,
                    None => break,
                },
                Some(_) | None => break,
            }
        }
        // A letter beyond ASCII continues the word.
        if self.at < end && self.bytes[self.at] >= 0x80 && self.next_letter(end) {
            return self.unicode_word(start, end, hashtag);
        }
        let mut entry = match scan.stretched {
            true => self.unstretched(start, self.at),
            false => self.lexicon.find(scan.hash()),
        };
        if hashtag && entry == 0 {
            entry = self.end_of_hashtag(start);
        }
        self.push(Token {
            start: start as u32,
            end: self.at as u32,
            entry,
            flags: 0,
            clause: 0,
            kind: Kind::Word,
            caps: scan.upper >= 2 && !scan.lower,
            capital: self.bytes[start].is_ascii_uppercase(),
            stretched: scan.stretched,
            hashtag,
        });
    }

    /// `sooo`: looked for as it is, then with two and with one of each repeated letter.
    fn unstretched(&self, start: usize, end: usize) -> u16 {
        let word = &self.text[start..end];
        let found = self.lexicon.find(hash(word));
        if found != 0 {
            return found;
        }
        [2, 1]
            .into_iter()
            .map(|most| self.lexicon.find(hash_squeezed(word, most)))
            .find(|entry| *entry != 0)
            .unwrap_or(0)
    }

    /// `#acmefail` says fail.
    fn end_of_hashtag(&self, start: usize) -> u16 {
        let word = &self.bytes[start..self.at];
        let ends = |end: &&str| {
            let from = word.len().checked_sub(end.len());
            from.is_some_and(|from| word[from..].eq_ignore_ascii_case(end.as_bytes()))
        };
        HASHTAG_ENDS.into_iter().find(ends).map_or(0, |end| self.lexicon.find(hash(end)))
    }

    fn unicode_word(&mut self, start: usize, end: usize, hashtag: bool) {
        self.at = start;
        let (mut foreign, mut length) = (0_u32, 0_u32);
        for character in self.text[start..end].chars() {
            if !character.is_alphanumeric() && character != '\'' && character != '’' {
                break;
            }
            foreign += u32::from(!is_latin(character));
            length += 1;
            self.at += character.len_utf8();
        }
        self.found.foreign_letters = self.found.foreign_letters.saturating_add(foreign);
        let word = &self.text[start..self.at];
        // Words of no English letters, as those of Chinese, are counted by their letters.
        self.found.words = self.found.words.saturating_add(if foreign > 0 { length / 3 } else { 0 });
        let entry = self.lexicon.find(hash(word));
        let capital = word.starts_with(char::is_uppercase);
        let (start, end) = (start as u32, self.at as u32);
        self.push(Token {
            start,
            end,
            entry,
            flags: 0,
            clause: 0,
            kind: Kind::Word,
            caps: false,
            capital,
            stretched: false,
            hashtag,
        });
    }

    fn next_letter(&self, end: usize) -> bool {
        self.text[self.at..end].chars().next().is_some_and(char::is_alphanumeric)
    }

    fn number(&mut self, end: usize) {
        let start = self.at;
        while self.at < end && (self.bytes[self.at].is_ascii_digit() || self.in_number(end)) {
            self.at += 1;
        }
        self.mark(start, Kind::Number, Symbol::NUMBER_ENTRY);
    }

    /// A comma, point or colon between two digits.
    fn in_number(&self, end: usize) -> bool {
        matches!(self.bytes[self.at], b',' | b'.' | b':')
            && self.at + 1 < end
            && self.bytes[self.at + 1].is_ascii_digit()
    }

    fn address(&mut self, end: usize) {
        let start = self.at;
        self.at += 1;
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        while self.at < end && (in_name(self.bytes[self.at]) || self.joins_name(end)) {
            self.at += 1;
        }
        let name = &self.bytes[start..self.at];
        let has = |word: &&[u8]| name.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
        self.found.helpdesk |= HELPDESKS.iter().any(has);
        self.mark(start, Kind::Address, Symbol::ADDRESS_ENTRY);
    }

    /// A dot, dash or second `@` inside a handle: `@acme@social.example`.
    fn joins_name(&self, end: usize) -> bool {
        matches!(self.bytes[self.at], b'.' | b'-' | b'@')
            && self.at + 1 < end
            && self.bytes[self.at + 1].is_ascii_alphanumeric()
    }

    fn hashtag(&mut self, end: usize) {
        while self.at < end && (self.bytes[self.at].is_ascii_alphanumeric() || self.bytes[self.at] == b'_') {
            match self.bytes[self.at] {
                b'_' => self.at += 1,
                b'0'..=b'9' => self.number(end),
                _ => self.word_or_link(end, true),
            }
        }
    }

    fn link(&mut self, end: usize) {
        let start = self.at;
        while self.at < end && !self.bytes[self.at].is_ascii_whitespace() && self.bytes[self.at] < 0x80 {
            self.at += 1;
        }
        self.mark(start, Kind::Link, Symbol::LINK_ENTRY);
    }

    /// What feeds leave: `&amp;` joins, `&lt;3` is a heart, `&quot;` is nothing.
    fn entity(&mut self, end: usize) {
        let rest = &self.bytes[self.at..end];
        if rest.starts_with(b"&lt;3") {
            return self.face(5);
        }
        let known: [&[u8]; 7] = [b"&amp;", b"&lt;", b"&gt;", b"&quot;", b"&#39;", b"&apos;", b"&nbsp;"];
        self.at += known.iter().find(|entity| rest.starts_with(entity)).map_or(1, |entity| entity.len());
    }

    /// `\u2019` as broken exports write a character; nothing is read from it.
    fn escape(&mut self, end: usize) {
        let rest = &self.bytes[self.at..end];
        let is_escape = rest.len() >= 6 && rest[1] == b'u' && rest[2..6].iter().all(u8::is_ascii_hexdigit);
        self.at += if is_escape { 6 } else { 1 };
    }

    fn beyond_ascii(&mut self, end: usize) {
        let Some(character) = self.text[self.at..end].chars().next() else {
            self.at = end;
            return;
        };
        if character.is_alphabetic() {
            return self.unicode_word(self.at, end, false);
        }
        let length = character.len_utf8();
        let entry = self.lexicon.find(hash(&self.text[self.at..self.at + length]));
        match character {
            '…' => self.found.ellipses = self.found.ellipses.saturating_add(1),
            '“' | '”' => self.found.quotes = self.found.quotes.saturating_add(1),
            '？' => self.ask(),
            _ => {}
        }
        if entry != 0 {
            let start = self.at;
            self.at += length;
            return self.mark(start, Kind::Face, entry);
        }
        match character {
            '。' | '！' | '？' => self.end_sentence(),
            '…' | '—' | '–' | '•' => self.end_clause(),
            _ => {}
        }
        self.at += length;
    }

    fn emoticon(&self, end: usize) -> Option<usize> {
        let before = self.at.checked_sub(1).map(|before| self.bytes[before]);
        if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'/') {
            return None;
        }
        emoticon(&self.bytes[self.at..end])
    }

    fn face(&mut self, length: usize) {
        let start = self.at;
        self.at += length;
        let sign: String =
            self.text[start..self.at].chars().filter(|c| !matches!(c, '-' | 'o' | '\'' | '*' | '^')).collect();
        let entry = self.lexicon.find(hash(&sign));
        self.mark(start, Kind::Face, entry);
    }

    fn mark(&mut self, start: usize, kind: Kind, entry: u16) {
        let (start, end) = (start as u32, self.at as u32);
        self.push(Token {
            start,
            end,
            entry,
            flags: 0,
            clause: 0,
            kind,
            caps: false,
            capital: false,
            stretched: false,
            hashtag: false,
        });
    }

    fn push(&mut self, mut token: Token) {
        if token.entry != 0 {
            token.flags = self.lexicon.word(token.entry).flags;
        }
        if token.kind == Kind::Word {
            self.found.words = self.found.words.saturating_add(1);
            self.found.shouted = self.found.shouted.saturating_add(u32::from(token.caps));
            self.found.capitals = self.found.capitals.saturating_add(u32::from(token.capital));
            self.found.me = self.found.me.saturating_add(u32::from(token.is(WordEntry::ME)));
            if token.is(WordEntry::CONTRAST) {
                self.end_clause();
                if let Some(clause) = self.found.clauses.last_mut() {
                    clause.contrast = true;
                }
            }
        }
        self.found.links = self.found.links.saturating_add(u32::from(token.kind == Kind::Link));
        token.clause = self.found.clauses.len().saturating_sub(1) as u16;
        self.clause_has_words = true;
        self.found.tokens.push(token);
    }

    fn ask(&mut self) {
        self.found.questions = self.found.questions.saturating_add(1);
        for clause in &mut self.found.clauses[self.sentence_start..] {
            clause.asks = true;
        }
    }

    fn end_clause(&mut self) {
        // Past this many clauses a text is one long clause more.
        if self.clause_has_words && self.found.clauses.len() < usize::from(u16::MAX) {
            let sentence = self.found.clauses.last().map_or(0, |clause| clause.sentence);
            self.found.clauses.push(Clause { sentence, ..Clause::default() });
            self.clause_has_words = false;
        }
    }

    fn end_sentence(&mut self) {
        self.end_clause();
        if self.clause_has_words || self.sentence_start + 1 > self.found.clauses.len() {
            return;
        }
        let last = self.found.clauses.len() - 1;
        if last > self.sentence_start
            && let Some(clause) = self.found.clauses.last_mut()
        {
            clause.sentence = clause.sentence.saturating_add(1);
            clause.asks = false;
            self.sentence_start = last;
        }
    }
}
