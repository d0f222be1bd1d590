//! What character does an HTML entity stand for?

use std::borrow::Cow;

/// Longest name or number between `&` and `;` that is looked at, in bytes.
const MAX_NAME: usize = 32;

/// Names of the characters U+00A0 to U+00FF, in order (HTML 4, Latin-1 set).
const LATIN_1: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy",
    "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm",
    "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
    "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
    "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN",
    "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc",
    "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
    "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// The other names that are met in feeds and APIs.
const OTHERS: [(&str, char); 51] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("AMP", '&'),
    ("LT", '<'),
    ("GT", '>'),
    ("QUOT", '"'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("lsaquo", '‹'),
    ("rsaquo", '›'),
    ("hellip", '…'),
    ("bull", '•'),
    ("trade", '™'),
    ("euro", '€'),
    ("permil", '‰'),
    ("prime", '′'),
    ("Prime", '″'),
    ("dagger", '†'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("zwnj", '\u{200c}'),
    ("zwj", '\u{200d}'),
    ("lrm", '\u{200e}'),
    ("rlm", '\u{200f}'),
    ("larr", '←'),
    ("uarr", '↑'),
    ("rarr", '→'),
    ("darr", '↓'),
    ("harr", '↔'),
    ("minus", '−'),
    ("ne", '≠'),
    ("le", '≤'),
    ("ge", '≥'),
    ("infin", '∞'),
    ("OElig", 'Œ'),
    ("oelig", 'œ'),
    ("Scaron", 'Š'),
    ("scaron", 'š'),
    ("Yuml", 'Ÿ'),
    ("check", '✓'),
    ("num", '#'),
];

/// What Windows-1252 means by the numbers 128 to 159; HTML reads them so.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The text with its entities decoded, once. Only what ends in `;` counts, so that `?a=1&copy=2` in a plain
/// address stays; unknown names stay as they are.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(tail) = rest.strip_prefix('&') {
        match entity(tail) {
            Some((c, length)) => {
                out.push(c);
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

/// The character of the entity that `tail` (what follows `&`) begins with, and its length with the `;`.
fn entity(tail: &str) -> Option<(char, usize)> {
    let end = tail.bytes().take(MAX_NAME).position(|byte| byte == b';')?;
    let name = &tail[..end];
    let c = match name.strip_prefix('#') {
        Some(number) => numbered(number)?,
        None => named(name)?,
    };
    Some((c, end + 1))
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

fn named(name: &str) -> Option<char> {
    let other = OTHERS.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
    other.or_else(|| {
        let index = LATIN_1.iter().position(|known| *known == name)?;
        char::from_u32(0xa0 + u32::try_from(index).ok()?)
    })
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
