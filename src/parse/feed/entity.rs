//! What does a reference (`&amp;`, `&#233;`, `&eacute;`) in a feed stand for?

use std::borrow::Cow;

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};
use memchr::memchr;

/// The longest name an entity has, in bytes (`CounterClockwiseContourIntegral`), with room for digits.
const MAX_NAME: usize = 40;

/// What stands behind an ampersand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reference {
    /// One of the five that XML knows by itself.
    OfXml(char),
    /// A number that XML allows.
    Number(char),
    /// Letters that XML does not know under this name or number, but HTML and browsers do.
    OfHtml(char, Option<char>),
    /// A number that stands for nothing that text may contain.
    Forbidden,
    /// An ampersand that is only an ampersand.
    Bare,
}

/// The reference that `text` starts with, and its length in bytes. `text` starts with an ampersand.
pub(super) fn reference(text: &str) -> (usize, Reference) {
    let bytes = text.as_bytes();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let name_length = bytes[1..].iter().take(MAX_NAME).take_while(|byte| is_name(byte)).count();
    if name_length == 0 || bytes.get(name_length + 1) != Some(&b';') {
        return (1, Reference::Bare);
    }
    let length = name_length + 2;
    match &text[1..=name_length] {
        "amp" => (length, Reference::OfXml('&')),
        "lt" => (length, Reference::OfXml('<')),
        "gt" => (length, Reference::OfXml('>')),
        "quot" => (length, Reference::OfXml('"')),
        "apos" => (length, Reference::OfXml('\'')),
        name => match name.strip_prefix('#') {
            Some(number) => number_reference(number).map_or((1, Reference::Bare), |found| (length, found)),
            // The table's names end with their semicolon; beginnings of names stand in it as zeroes.
            None => match NAMED_ENTITIES.get(&text[1..length]) {
                Some(&(first, second)) if first != 0 => {
                    let letter = |code| char::from_u32(code).filter(|letter| *letter != '\0');
                    letter(first)
                        .map_or((1, Reference::Bare), |first| (length, Reference::OfHtml(first, letter(second))))
                }
                _ => (1, Reference::Bare),
            },
        },
    }
}

fn number_reference(number: &str) -> Option<Reference> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).unwrap_or(u32::MAX);
    Some(match code {
        0x80..=0x9f => match C1_REPLACEMENTS[code as usize - 0x80] {
            Some(letter) => Reference::OfHtml(letter, None),
            None => Reference::Forbidden,
        },
        0x9 | 0xa | 0xd | 0x20..=0xd7ff | 0xe000..=0xfffd | 0x1_0000.. => {
            char::from_u32(code).map_or(Reference::Forbidden, Reference::Number)
        }
        _ => Reference::Forbidden,
    })
}

/// Text with every reference replaced by what it stands for.
pub(in crate::parse) fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut decoded = String::with_capacity(text.len());
    decoded.push_str(&text[..first]);
    let mut rest = &text[first..];
    while !rest.is_empty() {
        let (length, found) = reference(rest);
        match found {
            Reference::OfXml(letter) | Reference::Number(letter) => decoded.push(letter),
            Reference::OfHtml(first, second) => decoded.extend([Some(first), second].into_iter().flatten()),
            Reference::Forbidden => {}
            Reference::Bare => decoded.push('&'),
        }
        let next = rest[length..].find('&').map_or(rest.len(), |at| length + at);
        decoded.push_str(&rest[length..next]);
        rest = &rest[next..];
    }
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_apart() {
        for (text, expected) in [
            ("&amp;x", (5, Reference::OfXml('&'))),
            ("&#233;", (6, Reference::Number('é'))),
            ("&#xE9;", (6, Reference::Number('é'))),
            ("&eacute;", (8, Reference::OfHtml('é', None))),
            ("&nbsp;", (6, Reference::OfHtml('\u{a0}', None))),
            ("&NotEqualTilde;", (15, Reference::OfHtml('≂', Some('\u{338}')))),
            ("&#146;", (6, Reference::OfHtml('’', None))),
            ("&#0;", (4, Reference::Forbidden)),
            ("&#8;", (4, Reference::Forbidden)),
            ("&#xD800;", (8, Reference::Forbidden)),
            ("&#99999999999;", (14, Reference::Forbidden)),
            ("&", (1, Reference::Bare)),
            ("& ", (1, Reference::Bare)),
            ("&;", (1, Reference::Bare)),
            ("&#;", (1, Reference::Bare)),
            ("&#x;", (1, Reference::Bare)),
            ("&b=2;", (1, Reference::Bare)),
            ("&acmename;", (1, Reference::Bare)),
            ("&é;", (1, Reference::Bare)),
            ("&amp", (1, Reference::Bare)),
        ] {
            assert_eq!(reference(text), expected, "{text}");
        }
    }

    #[test]
    fn decoded_text_has_no_references_left() {
        assert_eq!(decode("AT&T &amp;&lt;b&gt; caf&eacute;&#8217;s&#0; R&D;"), "AT&T &<b> café’s R&D;");
        assert_eq!(decode("plain"), "plain");
    }
}
