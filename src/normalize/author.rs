//! Who wrote a post: what of a feed's "author" is a name, and what is nobody's business?

use url::Url;

use super::{html, page::resolve};
use crate::model::{Author, RawAuthor, TextForm};

/// Longest name or handle kept, in bytes.
const MAX_NAME: usize = 200;

/// The author in our own form, if there is a name at all.
///
/// A handle that the kind gave is kept also when it looks like an e-mail address (`acme@social.example`
/// is how the fediverse writes handles); what is only guessed from the name never is one.
pub(super) fn author(raw: RawAuthor, form: TextForm, base: &Url) -> Option<Author> {
    let name = name(&super::one_line(&raw.name, form, MAX_NAME));
    let handle = raw.handle.map(|handle| html::html_to_line(handle.trim().trim_start_matches('@'), MAX_NAME));
    let handle = handle.filter(|handle| !handle.is_empty()).unwrap_or_else(|| name.trim_start_matches('@').to_owned());
    let name = if name.is_empty() { handle.clone() } else { name };
    if name.is_empty() {
        return None;
    }
    let url = raw.url.and_then(|url| resolve(&url, base)).map(String::from);
    Some(Author { name, handle, url })
}

/// The name without an e-mail address beside it: `jane@x.example (Jane)`, `Jane <jane@x.example>`. Of an
/// address alone, what stands before the `@`.
fn name(text: &str) -> String {
    if !text.contains('@') || text.starts_with('@') {
        return text.to_owned();
    }
    let words = text.split([' ', '(', ')', '<', '>', '[', ']', ',', ';', '"']).filter(|word| !word.is_empty());
    let named: Vec<&str> = words.filter(|word| !is_address(word)).collect();
    if !named.is_empty() {
        return named.join(" ");
    }
    let local = text.split('@').next().unwrap_or_default();
    local.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

fn is_address(word: &str) -> bool {
    let word = word.strip_prefix("mailto:").unwrap_or(word);
    word.split_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.') && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, handle: Option<&str>) -> Option<(String, String)> {
        let raw = RawAuthor { name: name.into(), handle: handle.map(Into::into), url: None };
        let base = Url::parse("https://acme.example/feed").expect("a URL");
        author(raw, TextForm::Html, &base).map(|author| (author.name, author.handle))
    }

    #[test]
    fn names_and_handles_are_told_apart_and_addresses_are_dropped() {
        for (name, handle, expected) in [
            ("Jane Doe", None, Some(("Jane Doe", "Jane Doe"))),
            ("Jane (jane@x.example)", None, Some(("Jane", "Jane"))),
            ("jane@x.example (Jane Doe)", None, Some(("Jane Doe", "Jane Doe"))),
            ("Jane &lt;jane@x.example&gt;", None, Some(("Jane", "Jane"))),
            ("Jane <jane@x.example>", None, Some(("Jane", "Jane"))),
            ("jane@x.example", None, Some(("jane", "jane"))),
            ("@jane", None, Some(("@jane", "jane"))),
            ("Jane", Some("@jane_d"), Some(("Jane", "jane_d"))),
            ("", Some("jane_d"), Some(("jane_d", "jane_d"))),
            ("Acme", Some("acme@social.example"), Some(("Acme", "acme@social.example"))),
            ("Zo&euml;\n  M&uuml;ller", None, Some(("Zoë Müller", "Zoë Müller"))),
            (" ", None, None),
            ("", Some("@"), None),
        ] {
            let expected = expected.map(|(name, handle)| (name.to_owned(), handle.to_owned()));
            assert_eq!(of(name, handle), expected, "{name:?} {handle:?}");
        }
    }
}
