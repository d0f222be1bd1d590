//! How does a complaint of the TOML reader sound to somebody who is no programmer?

use crate::model::{Fault, nearest};

/// What the reader calls the expected type, and what we call it.
const EXPECTED: [(&str, &str); 15] = [
    ("u8", "a whole number"),
    ("u16", "a whole number"),
    ("u32", "a whole number"),
    ("u64", "a whole number"),
    ("usize", "a whole number"),
    ("i32", "a whole number"),
    ("i64", "a whole number"),
    ("f32", "a number"),
    ("f64", "a number"),
    ("a boolean", "`true` or `false`"),
    ("a string", "text in quotes"),
    ("path string", "a path in quotes"),
    ("a sequence", "a list in square brackets"),
    ("a map", "a table in braces"),
    ("socket address", "an address and port like \"127.0.0.1:7700\""),
];

/// What the reader calls a value that it found, and what we call it.
const FOUND: [(&str, &str); 6] = [
    ("string ", "the text "),
    ("integer ", "the number "),
    ("floating point ", "the number "),
    ("boolean ", ""),
    ("sequence", "a list"),
    ("map", "a table"),
];

/// The beginning of a syntax error, and what most likely went wrong.
const SYNTAX: [(&str, &str); 9] = [
    ("string values must be quoted", "put the text into quotes: \"…\""),
    ("invalid basic string", "a quote \" is missing at the end of the text, or a \\ in it should be \\\\"),
    ("invalid literal string", "a quote ' is missing at the end of the text"),
    ("invalid multi-line literal string", "the closing ''' is missing"),
    ("invalid multi-line basic string", "the closing \"\"\" is missing"),
    ("duplicate key", "the key stands twice in one block; a new block begins with a line like `[[watch]]`"),
    ("unclosed array", "a bracket ] is missing at the end of the list"),
    ("missing comma between array elements", "put a comma between the entries of the list"),
    ("unclosed table", "a bracket ] is missing at the end of the line"),
];

/// The same fault in plain words, with the nearest right word where one of a few was expected.
pub(super) fn reword(fault: Fault) -> Fault {
    if let Some(rest) = fault.what.strip_prefix("unknown variant ") {
        return one_of_a_few(&fault, rest);
    }
    let wrong_type = ["invalid type: ", "invalid value: "].iter().find_map(|start| fault.what.strip_prefix(start));
    if let Some((found, expected)) = wrong_type.and_then(|rest| rest.rsplit_once(", expected ")) {
        let what = format!("this must be {}, not {}", expected_in_words(expected), found_in_words(found));
        return Fault { what, ..fault };
    }
    let hint = SYNTAX.iter().find(|(start, _)| fault.what.starts_with(start)).map(|(_, hint)| *hint);
    match hint {
        Some(hint) if fault.hint.is_none() => fault.hint(hint),
        _ => fault,
    }
}

/// From `` `bran`, expected one of `brand`, `topic` ``.
fn one_of_a_few(fault: &Fault, rest: &str) -> Fault {
    let mut words = rest.split('`').skip(1).step_by(2);
    let given = words.next().unwrap_or_default();
    let known: Vec<&str> = words.collect();
    let list = known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let fault = Fault { what: format!("`{given}` is none of {list}"), ..fault.clone() };
    match nearest(given, known.iter().copied()) {
        Some(word) => fault.hint(format!("did you mean `{word}`?")),
        None => fault,
    }
}

fn expected_in_words(expected: &str) -> String {
    if expected.starts_with("struct ") {
        return "a table in braces".to_owned();
    }
    EXPECTED.iter().find(|(theirs, _)| *theirs == expected).map_or(expected, |(_, ours)| ours).to_owned()
}

fn found_in_words(found: &str) -> String {
    for (theirs, ours) in FOUND {
        if let Some(value) = found.strip_prefix(theirs) {
            return format!("{ours}{value}");
        }
    }
    found.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_reworded() {
        for (theirs, ours) in [
            ("invalid type: string \"many\", expected u32", "this must be a whole number, not the text \"many\""),
            ("invalid value: integer `-1`, expected u64", "this must be a whole number, not the number `-1`"),
            ("invalid type: integer `7`, expected a string", "this must be text in quotes, not the number `7`"),
            ("invalid type: boolean `true`, expected a sequence", "this must be a list in square brackets, not `true`"),
            ("invalid type: map, expected a string", "this must be text in quotes, not a table"),
            ("invalid type: string \"x\", expected struct Team", "this must be a table in braces, not the text \"x\""),
            (
                "invalid type: string \"a, expected b\", expected f64",
                "this must be a number, not the text \"a, expected b\"",
            ),
            ("`soon` is not a length of time", "`soon` is not a length of time"),
        ] {
            assert_eq!(reword(Fault::error("", None, theirs)).what, ours);
        }
    }

    #[test]
    fn one_of_a_few_words_names_the_nearest() {
        let fault = |what: &str| reword(Fault::error("", None, what));
        let bran = fault("unknown variant `bran`, expected one of `brand`, `product`");
        assert_eq!(bran.what, "`bran` is none of `brand`, `product`");
        assert_eq!(bran.hint.as_deref(), Some("did you mean `brand`?"));
        assert_eq!(fault("unknown variant `zebra`, expected `low` or `high`").hint, None);
    }
}
