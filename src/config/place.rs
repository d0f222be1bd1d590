//! Where in the file does a byte of a TOML string's value stand?

use std::ops::Range;

/// Where in a string as it is written (`raw`, with its quotes) byte `at` of its value can stand: first and
/// last place, which differ where a `\` at the end of a line joins lines.
///
/// Reads all four ways of writing a string in TOML. `None` when `raw` is no such string, or when what
/// it says is not `value`: then the caller points at the whole string.
fn inside(raw: &str, value: &str, at: usize) -> Option<Range<usize>> {
    let mut found: Option<Range<usize>> = None;
    let mut read = String::with_capacity(value.len());
    let (quote, escapes) = opening(raw)?;
    let end = raw.len().checked_sub(quote.len()).filter(|end| *end >= quote.len())?;
    let mut rest = first_line_break_skipped(quote, raw.get(quote.len()..end)?);
    loop {
        if read.len() == at {
            let here = end - rest.len();
            found = Some(found.map_or(here, |found| found.start)..here);
        }
        let Some(next) = rest.chars().next() else { break };
        rest = if escapes && next == '\\' { escape(rest, &mut read)? } else { plain(rest, next, &mut read) };
    }
    found.filter(|_| read == value)
}

/// The place in the file's text of a part of the string value that stands at `string` in it; the whole
/// string where the part cannot be found.
pub(super) fn of_part(text: &str, string: &Range<usize>, value: &str, part: &Range<usize>) -> Range<usize> {
    let Some(raw) = text.get(string.clone()) else { return string.clone() };
    let (Some(start), Some(end)) = (inside(raw, value, part.start), inside(raw, value, part.end)) else {
        return string.clone();
    };
    string.start + start.end..string.start + end.start.max(start.end)
}

/// The quotes a string opens and closes with, and whether `\` means something in it.
fn opening(raw: &str) -> Option<(&'static str, bool)> {
    let quotes = [("'''", false), ("\"\"\"", true), ("'", false), ("\"", true)];
    quotes.into_iter().find(|(quote, _)| raw.len() >= 2 * quote.len() && raw.starts_with(quote) && raw.ends_with(quote))
}

/// A line break right after `'''` or `"""` is no part of the value.
fn first_line_break_skipped<'a>(quote: &str, body: &'a str) -> &'a str {
    if quote.len() == 1 {
        return body;
    }
    body.strip_prefix("\r\n").or_else(|| body.strip_prefix('\n')).unwrap_or(body)
}

fn plain<'a>(rest: &'a str, next: char, read: &mut String) -> &'a str {
    read.push(next);
    &rest[next.len_utf8()..]
}

/// Reads one `\…` at the beginning of `rest`; what follows it.
fn escape<'a>(rest: &'a str, read: &mut String) -> Option<&'a str> {
    let mut chars = rest.chars();
    chars.next();
    let letter = chars.next()?;
    let after = chars.as_str();
    let digits = match letter {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        letter if letter.is_whitespace() => return Some(after.trim_start_matches([' ', '\t', '\r', '\n'])),
        letter => {
            read.push(short_escape(letter)?);
            return Some(after);
        }
    };
    read.push(char::from_u32(u32::from_str_radix(after.get(..digits)?, 16).ok()?)?);
    after.get(digits..)
}

fn short_escape(letter: char) -> Option<char> {
    let escapes = [
        ('n', '\n'),
        ('t', '\t'),
        ('r', '\r'),
        ('"', '"'),
        ('\\', '\\'),
        ('b', '\u{8}'),
        ('f', '\u{c}'),
        ('e', '\u{1b}'),
    ];
    escapes.into_iter().find(|(written, _)| *written == letter).map(|(_, meant)| meant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use toml::de::DeTable;

    /// What `«` of the value points at in the text `x = …`, as the rest of the text from there.
    fn pointed_at(text: &str) -> String {
        let table = DeTable::parse(text).expect("well-formed TOML");
        let (_, value) = table.get_ref().iter().next().expect("one key");
        let string = value.get_ref().as_str().expect("a string");
        let at = string.find('«').expect("a mark");
        let place = of_part(text, &value.span(), string, &(at..at + '«'.len_utf8()));
        text[place].to_owned()
    }

    #[test]
    fn the_mark_is_found_however_the_string_is_written() {
        for text in [
            "x = 'a «b'",
            "x = \"a «b\"",
            "x = \"\\\"a\\\" \\u00e9\\t«b\"",
            "x = '''\n  acme AND\n  «b'''",
            "x = '''\r\n  acme AND\r\n  «b'''",
            "x = '''a«b'''",
            "x = \"\"\"\\\n   a \\\n   «b\"\"\"",
            "x = \"\"\"a \"quoted\" «b\"\"\"",
            "x = \"\"\"\"«\"\"\"\"",
        ] {
            assert_eq!(pointed_at(text), "«", "{text}");
        }
    }

    #[test]
    fn an_escaped_character_is_pointed_at_as_it_is_written() {
        assert_eq!(pointed_at("x = \"a\\u00abb\""), "\\u00ab");
    }

    #[test]
    fn the_end_of_the_value_is_before_the_closing_quotes() {
        assert_eq!(of_part("x = '''ab'''", &(4..12), "ab", &(2..2)), 9..9);
    }

    #[test]
    fn what_cannot_be_followed_points_at_the_whole_string() {
        assert_eq!(of_part("x = 'ab'", &(4..8), "something else", &(1..2)), 4..8);
        assert_eq!(of_part("x = 17", &(4..6), "17", &(0..1)), 4..6);
    }

    proptest! {
        #[test]
        fn every_byte_of_every_value_that_the_toml_writer_writes_is_found(value in "\\PC{0,20}[\"'\\\\\n\t\r\u{7f}]{0,5}\\PC{0,9}") {
            let raw = toml::Value::String(value.clone()).to_string();
            for (at, _) in value.char_indices() {
                prop_assert!(inside(&raw, &value, at).is_some(), "{raw}");
            }
        }
    }
}
