//! What character does an HTML entity stand for?

use std::borrow::Cow;

use html5ever::data::NAMED_ENTITIES;
use memchr::memchr;

/// Longest name or number between `&` and `;` that is looked at, in bytes.
const MAX_NAME: usize = 32;

/// What Windows-1252 means by the numbers 128 to 159; HTML reads them so.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The text with its entities decoded, once. Only what ends in `;` counts, so that `?a=1&copy=2` in a plain
/// address stays; unknown names stay as they are.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(tail) = rest.strip_prefix('&') {
        match entity(tail) {
            Some((first, second, length)) => {
                out.extend([Some(first), second].into_iter().flatten());
                rest = &tail[length..];
            }
            None => {
                out.push('&');
                rest = tail;
            }
        }
        let next = rest.find('&').unwrap_or(rest.len());
        out.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(out)
}

/// The text with its entities decoded twice: many feeds escape once too often, `R&amp;amp;D`.
pub(super) fn decode_twice(text: &str) -> Cow<'_, str> {
    match decode(text) {
        Cow::Owned(once) if once.contains('&') => Cow::Owned(decode(&once).into_owned()),
        once => once,
    }
}

/// The letters of the entity that `tail` (what follows `&`) begins with, and its length with the `;`.
fn entity(tail: &str) -> Option<(char, Option<char>, usize)> {
    let end = tail.bytes().take(MAX_NAME).position(|byte| byte == b';')?;
    let (first, second) = match &tail[..end] {
        "amp" => ('&', None),
        "lt" => ('<', None),
        "gt" => ('>', None),
        "quot" => ('"', None),
        name => match name.strip_prefix('#') {
            Some(number) => (numbered(number)?, None),
            None => named(&tail[..=end])?,
        },
    };
    Some((first, second, end + 1))
}

fn numbered(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    match code {
        128..=159 => WINDOWS_1252.get(code as usize - 128).copied(),
        _ => Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
    }
}

/// The letters that HTML has under a name that ends with its `;`. Beginnings of names stand in the table as zeroes.
fn named(name: &str) -> Option<(char, Option<char>)> {
    let &(first, second) = NAMED_ENTITIES.get(name)?;
    let letter = |code| char::from_u32(code).filter(|letter| *letter != '\0');
    Some((letter(first)?, letter(second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_become_characters_and_the_rest_stays() {
        for (text, decoded) in [
            ("no entity", "no entity"),
            ("R&amp;D &lt;3 &quot;x&quot;", "R&D <3 \"x\""),
            ("Z&uuml;rich &eacute;&yuml;&nbsp;x", "Zürich éÿ\u{a0}x"),
            ("&#39;&#x27;&#X2019;&#8217;", "''’’"),
            ("&#150; &#128;", "– €"),
            ("&#0;&#xD800;&#99999999;", "\u{0}\u{fffd}\u{fffd}"),
            ("a & b &unknown; &;&#; &#x;", "a & b &unknown; &;&#; &#x;"),
            ("?a=1&copy=2&lt", "?a=1&copy=2&lt"),
            ("&&amp;&", "&&&"),
            ("&alpha;&Delta;&hearts;&NotEqualTilde;&am;", "αΔ♥≂\u{338}&am;"),
            ("&äöü;", "&äöü;"),
        ] {
            assert_eq!(decode(text), decoded, "{text}");
        }
    }

    #[test]
    fn a_text_that_was_escaped_once_too_often_is_decoded_twice() {
        assert_eq!(decode("R&amp;amp;D"), "R&amp;D");
        assert_eq!(decode_twice("R&amp;amp;D &amp;#8217;s"), "R&D ’s");
        assert_eq!(decode_twice("&amp;amp;amp;"), "&amp;");
    }
}
