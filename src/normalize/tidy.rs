//! How does text of any origin become clean text: no control characters, single spaces, a bounded length?

/// What stands between what was written and what comes next. Gaps are only written when something follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
    Paragraph,
}

/// What a line break in the source means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// It ends a line; several of them leave one empty line.
    Keep,
    /// It is a space (markup outside of `pre`, titles, names).
    Fold,
}

/// A growing clean text. What is pushed after the limit is reached is dropped.
#[derive(Debug)]
pub(super) struct Tidy {
    out: String,
    gap: Gap,
    limit: usize,
    /// What comes next is quoted from others: each of its lines begins with [`QUOTED`].
    quoted: bool,
}

/// Marks a quoted line, as people do in plain text.
const QUOTED: &str = "> ";

impl Tidy {
    /// An empty text of at most `limit` bytes.
    pub(super) fn new(limit: usize, expected: usize) -> Self {
        Self { out: String::with_capacity(expected.min(limit)), gap: Gap::None, limit, quoted: false }
    }

    /// Ends the line, unless nothing stands on it.
    pub(super) fn line_break(&mut self) {
        self.widen(Gap::Line);
    }

    /// Separates what follows by a space at least.
    pub(super) fn space(&mut self) {
        self.widen(Gap::Space);
    }

    /// Says whether what follows is quoted; the line must have ended.
    pub(super) fn quote(&mut self, quoted: bool) {
        self.quoted = quoted;
    }

    /// Nothing more fits.
    pub(super) fn is_full(&self) -> bool {
        self.limit == 0
    }

    /// Appends text: entities are expected to be decoded already.
    pub(super) fn push(&mut self, text: &str, lines: Lines) {
        let mut rest = text;
        while !rest.is_empty() && !self.is_full() {
            let plain = plain_prefix(rest);
            let (run, tail) = rest.split_at(plain);
            self.visible(run);
            rest = tail;
            let Some(next) = rest.chars().next() else { return };
            self.special(next, lines);
            rest = &rest[next.len_utf8()..];
        }
    }

    /// The clean text, without gaps at its ends.
    pub(super) fn finish(self) -> String {
        self.out
    }

    fn special(&mut self, c: char, lines: Lines) {
        match c {
            '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' if lines == Lines::Keep => {
                let wider = if self.gap >= Gap::Line { Gap::Paragraph } else { Gap::Line };
                self.widen(wider);
            }
            _ if c.is_whitespace() => self.widen(Gap::Space),
            _ if is_unwanted(c) => {}
            _ => self.visible(c.encode_utf8(&mut [0; 4])),
        }
    }

    fn widen(&mut self, gap: Gap) {
        if !self.out.is_empty() {
            self.gap = self.gap.max(gap);
        }
    }

    fn visible(&mut self, run: &str) {
        if run.is_empty() {
            return;
        }
        let gap = match self.gap {
            Gap::None => "",
            Gap::Space => " ",
            Gap::Line => "\n",
            Gap::Paragraph => "\n\n",
        };
        let mark = if self.quoted && (self.gap >= Gap::Line || self.out.is_empty()) { QUOTED } else { "" };
        let room = self.limit.saturating_sub(self.out.len() + gap.len() + mark.len());
        let fits = if run.len() <= room { run } else { cut(run, room).trim_end() };
        if !fits.is_empty() {
            self.out.push_str(gap);
            self.out.push_str(mark);
            self.out.push_str(fits);
            self.gap = Gap::None;
        }
        if fits.len() < run.len() {
            // Zero, so that nothing shorter slips in behind the cut.
            self.limit = 0;
        }
    }
}

/// One line of clean text of at most `limit` bytes.
pub(super) fn line(text: &str, limit: usize) -> String {
    tidy(text, limit, Lines::Fold)
}

/// Clean text of at most `limit` bytes that keeps its line breaks.
pub(super) fn lines(text: &str, limit: usize) -> String {
    tidy(text, limit, Lines::Keep)
}

fn tidy(text: &str, limit: usize, lines: Lines) -> String {
    let mut tidy = Tidy::new(limit, text.len());
    tidy.push(text, lines);
    tidy.finish()
}

/// The longest beginning of at most `limit` bytes that ends between characters.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Length of the beginning that can be copied as it is: printable ASCII where every space stands
/// between two other characters.
fn plain_prefix(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 0;
    while let Some(byte) = bytes.get(end) {
        let plain = match byte {
            b' ' => end > 0 && bytes.get(end + 1).is_some_and(u8::is_ascii_graphic),
            byte => byte.is_ascii_graphic(),
        };
        if !plain {
            break;
        }
        end += 1;
    }
    end
}

/// Characters that show nothing, or that reorder or hide what stands around them. The joiners stay:
/// emoji and several scripts are written with them.
fn is_unwanted(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitespace_is_single_and_lines_are_kept_or_folded() {
        for (text, kept, folded) in [
            ("plain", "plain", "plain"),
            ("  a  b\t c ", "a b c", "a b c"),
            ("a\r\nb\n\n\n\nc \n", "a\nb\n\nc", "a b c"),
            ("a\u{a0}\u{3000}b\u{2028}c", "a b\nc", "a b c"),
            ("\n \n", "", ""),
        ] {
            assert_eq!(lines(text, 100), kept, "{text:?}");
            assert_eq!(line(text, 100), folded, "{text:?}");
        }
    }

    #[test]
    fn what_hides_or_reorders_text_is_removed_and_emoji_stay_whole() {
        for (text, clean) in [
            ("Ac\u{200b}me", "Acme"),
            ("so\u{ad}ft", "soft"),
            ("\u{202e}evil\u{202c}", "evil"),
            ("\u{2066}x\u{2069}\u{feff}\u{0}\u{1b}[1m", "x[1m"),
            ("👩\u{200d}🚒 نمی\u{200c}خواهم ❤\u{fe0f}", "👩\u{200d}🚒 نمی\u{200c}خواهم ❤\u{fe0f}"),
        ] {
            assert_eq!(line(text, 100), clean, "{text:?}");
        }
    }

    #[test]
    fn a_text_is_cut_at_a_character_and_nothing_follows_the_cut() {
        assert_eq!(line("äöü", 3), "ä");
        assert_eq!(line("abc def", 4), "abc");
        assert_eq!(line("日本 a", 5), "日");
        assert_eq!(line("anything", 0), "");
    }
}
