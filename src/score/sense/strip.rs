//! Which stretches of a text are not its author's own words: quotes, code, signatures?

/// Stretches of bytes to leave out, in order.
pub type Foreign = Vec<(usize, usize)>;

/// Quoted lines (`> …`), fenced and indented code, stack traces, "… wrote:", and everything behind a signature's mark.
pub fn foreign(text: &str) -> Foreign {
    let mut found = Foreign::new();
    let has_ticks = text.contains('`');
    let (mut at, mut fenced) = (0, false);
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
            found.push((start, end));
        } else if fenced || is_foreign(line, trimmed) {
            found.push((start, end));
        } else if begins_signature(line, trimmed) {
            found.push((start, text.len()));
            return found;
        } else if has_ticks {
            inline_code(line, start, &mut found);
        }
    }
    found
}

fn is_foreign(line: &str, trimmed: &str) -> bool {
    let quoted = trimmed.starts_with('>') && !trimmed.starts_with(">:");
    let attribution = trimmed.ends_with(" wrote:") || trimmed.ends_with(" said:") || trimmed == "Original Message";
    quoted || attribution || is_code(line, trimmed)
}

/// Lines that only programs write or read.
fn is_code(line: &str, trimmed: &str) -> bool {
    let ends = trimmed.ends_with([';', '{', '}']) && trimmed.contains(['(', '=', '{', '}', '<']);
    let traced = trimmed.starts_with("at ") && trimmed.ends_with(')') && trimmed.contains(':');
    let python = trimmed.starts_with("File \"") && trimmed.contains(", line ");
    let indented = line.starts_with("    ") && trimmed.contains(['(', '=', '{', '<', ';']);
    let shell = trimmed.starts_with("$ ");
    ends || traced || python || indented || shell
}

/// The mark before a signature, or what phones put below a mail.
fn begins_signature(line: &str, trimmed: &str) -> bool {
    let starts = |start: &str| trimmed.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start));
    line.trim_end_matches(['\n', '\r']) == "-- " || starts("sent from my ") || starts("get outlook for ")
}

fn inline_code(line: &str, start: usize, found: &mut Foreign) {
    let mut open = None;
    for (at, _) in line.match_indices('`') {
        match open {
            Some(from) => {
                found.push((start + from, start + at + 1));
                open = None;
            }
            None => open = Some(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_and_code_are_left_out() {
        let own = |text: &str| {
            let mut left = String::new();
            let mut at = 0;
            for (start, end) in foreign(text) {
                left.push_str(&text[at..start]);
                at = end;
            }
            left + &text[at..]
        };
        let cases = [
            ("> it is terrible\nI disagree", "I disagree"),
            ("Ann wrote:\n> bad\nNo, good", "No, good"),
            ("Try this:\n```\nfail()\n```\nthanks", "Try this:\nthanks"),
            ("It works\n-- \nBob, angry man", "It works\n"),
            ("Fine now\nSent from my phone that sucks", "Fine now\n"),
            ("run `kill -9` now", "run  now"),
            ("Boom\n  at fail (a.js:1:2)\nwhy", "Boom\nwhy"),
            ("one line > two", "one line > two"),
        ];
        for (text, expected) in cases {
            assert_eq!(own(text), expected, "{text}");
        }
    }
}
