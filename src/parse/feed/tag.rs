//! Where does a piece of markup end, before any parser has looked at it?

use std::ops::Range;

/// The name of the element that starts here; empty for end tags, comments and everything else.
pub(super) fn element_name(markup: &str) -> &str {
    let name = &markup[1..];
    let end =
        name.find(|letter: char| letter.is_whitespace() || matches!(letter, '>' | '/' | '<')).unwrap_or(name.len());
    if name.starts_with(|letter: char| letter.is_alphabetic() || letter == '_') { &name[..end] } else { "" }
}

/// How many bytes the comment, CDATA section, instruction, DTD or tag has that `markup` starts with. Looks no further than that.
pub(super) fn length_of_markup(markup: &str) -> usize {
    let end = match markup.as_bytes() {
        [b'<', b'!', b'-', b'-', ..] => "-->",
        [b'<', b'!', b'[', ..] => "]]>",
        [b'<', b'?', ..] => "?>",
        // Declarations inside of a DTD stand in brackets and have a `>` of their own.
        [b'<', b'!', ..] => match markup.find(['[', '>']).map(|at| (at, &markup[at..])) {
            Some((at, declarations)) if declarations.starts_with('[') => {
                let Some(bracket) = declarations.find(']') else { return markup.len() };
                let behind = at + bracket;
                return markup[behind..].find('>').map_or(markup.len(), |close| behind + close + 1);
            }
            _ => ">",
        },
        _ => ">",
    };
    markup.find(end).map_or(markup.len(), |at| at + end.len())
}

/// The tag that `markup` starts with, without its end; a tag that lacks it ends at the next one.
pub(super) fn tag(markup: &str) -> &str {
    let end = markup.bytes().skip(1).position(|byte| matches!(byte, b'<' | b'>'));
    &markup[..end.map_or(markup.len(), |at| at + 1)]
}

/// Where in the tag the value of an attribute stands, without its quotes.
pub(super) fn attribute(tag: &str, name: &str) -> Option<Range<usize>> {
    for (at, _) in tag.match_indices(name) {
        let behind = tag[at + name.len()..].trim_start();
        let Some(value) = behind.strip_prefix('=').map(str::trim_start) else { continue };
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        if tag[..at].ends_with(char::is_whitespace) {
            let start = tag.len() - value.len() + 1;
            return Some(start..start + tag[start..].find(quote)?);
        }
    }
    None
}
