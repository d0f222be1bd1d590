//! Who is meant by an author's line, which may hold name, e-mail address, or both?

use std::borrow::Cow;

use super::entity;
use crate::model::RawAuthor;

/// Reads `jane@acme.example (Jane Doe)`, `Jane Doe <jane@acme.example>`, `Jane Doe` or `jane@acme.example`; an e-mail
/// address is never kept, but its local part stands in where there is no name.
pub(super) fn person(line: &str) -> Option<RawAuthor> {
    let is_mail = |word: &&str| {
        let word = trimmed(word);
        word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    };
    // Some software escapes names twice, and the tags around them with them.
    let line = entity::decode(line);
    let line = without_tags(&line);
    let words: Vec<&str> = line.split_whitespace().collect();
    let name = words.iter().copied().filter(|word| !is_mail(word)).collect::<Vec<_>>().join(" ");
    let mail = words.iter().copied().find(is_mail).map(trimmed);
    let name = match (trimmed(&name), mail) {
        ("", mail) => mail?.trim_start_matches("mailto:").split('@').next()?,
        (name, _) => name,
    };
    Some(RawAuthor { name: name.to_owned(), handle: None, url: None }).filter(|author| !author.name.is_empty())
}

/// Without the tags of a line that some software wraps in HTML: `<p>Jane Doe</p>`. `<jane@acme.example>` is no tag.
fn without_tags(line: &str) -> Cow<'_, str> {
    if !line.contains("</") && !line.contains("/>") {
        return Cow::Borrowed(line);
    }
    let mut words = String::with_capacity(line.len());
    for part in line.split_inclusive('>') {
        match part.rsplit_once('<') {
            Some((before, tag)) if tag.ends_with('>') && !tag.contains('@') => {
                words.push_str(before);
                words.push(' ');
            }
            _ => words.push_str(part),
        }
    }
    Cow::Owned(words)
}

/// Without the signs that stand around names and addresses.
fn trimmed(word: &str) -> &str {
    // `(Jane)` loses its brackets, `Jane (Acme)` keeps them.
    let word = word.trim_matches(['<', '>', '[', ']', '"', '\'', ',', ';', ':', '-', '–', '—', '|', ' ']);
    match word.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')').unwrap_or(inner),
        None if word.contains('(') => word,
        None => word.trim_end_matches(')'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_and_addresses_are_not() {
        for (line, name) in [
            ("Jane Doe", "Jane Doe"),
            ("jane@acme.example (Jane Doe)", "Jane Doe"),
            ("Jane Doe <jane@acme.example>", "Jane Doe"),
            ("Jane Doe (jane@acme.example)", "Jane Doe"),
            ("Jane Doe (Acme) jane@acme.example", "Jane Doe (Acme)"),
            ("\"Jane Doe\" <mailto:jane@acme.example>", "Jane Doe"),
            ("jane@acme.example", "jane"),
            ("mailto:jane@acme.example", "jane"),
            ("<jane@acme.example>", "jane"),
            ("Jane—jane@e.com", "Jane—jane"),
            ("Jäne jane@acme.example é", "Jäne é"),
            (" \n Jane\tDoe ", "Jane Doe"),
            ("<p>Jane Doe</p>", "Jane Doe"),
            ("&lt;p&gt;Jane Doe&lt;/p&gt;", "Jane Doe"),
            ("Jane &amp; Kim Doe", "Jane & Kim Doe"),
            ("<a href=\"https://acme.example/jane\">Jane</a> <jane@acme.example>", "Jane"),
            ("Jane<br/>Doe", "Jane Doe"),
            ("@jane", "@jane"),
            ("jane @ acme", "jane @ acme"),
        ] {
            assert_eq!(person(line).map(|author| author.name).as_deref(), Some(name), "{line}");
        }
    }

    #[test]
    fn an_empty_line_is_nobody() {
        for line in ["", " ", "()", "<>", "\"\"", "@.", "<@>"] {
            person(line);
        }
        assert_eq!(person(" () "), None);
    }
}
