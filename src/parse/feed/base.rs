//! From where do the relative links of a text count, when the feed gives its own base for them?

use url::Url;

/// Attributes that hold an address.
const ADDRESSES: [&str; 2] = ["href=", "src="];

/// A piece of HTML whose links and images are absolute. Only values in quotes are touched; what is no address stays.
pub(super) fn absolute(html: &str, base: &Url) -> String {
    let mut whole = String::with_capacity(html.len() + 64);
    let mut rest = html;
    while let Some((at, quote)) = next_value(rest) {
        whole.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(end) = rest.find(quote) else { break };
        match base.join(rest[..end].trim()) {
            // Within one page the base is the page.
            Ok(url) if !rest.starts_with('#') => whole.push_str(url.as_str()),
            _ => whole.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    whole.push_str(rest);
    whole
}

/// Where the next value of such an attribute begins, and the quote that ends it.
fn next_value(html: &str) -> Option<(usize, char)> {
    let mut from = 0;
    while let Some(found) = html[from..].find('=') {
        from += found + 1;
        let is_address = ADDRESSES.iter().any(|name| {
            let before = &html.as_bytes()[..from];
            let start = before.len().checked_sub(name.len());
            start.is_some_and(|start| {
                before[start..].eq_ignore_ascii_case(name.as_bytes())
                    && start.checked_sub(1).is_none_or(|at| before[at].is_ascii_whitespace())
            })
        });
        let quote = html[from..].chars().next().filter(|quote| matches!(quote, '"' | '\''));
        if let Some(quote) = quote.filter(|_| is_address) {
            return Some((from + 1, quote));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_count_from_the_base_and_all_else_stays() {
        let base = Url::parse("https://acme.example/blog/").expect("a URL");
        for (html, expected) in [
            ("<a href=\"one\">x</a>", "<a href=\"https://acme.example/blog/one\">x</a>"),
            ("<A HREF='/two'>x</A>", "<A HREF='https://acme.example/two'>x</A>"),
            ("<img\nsrc=\"i.png\"/>", "<img\nsrc=\"https://acme.example/blog/i.png\"/>"),
            ("<a href=\"https://other.example/\">x</a>", "<a href=\"https://other.example/\">x</a>"),
            ("<a href=\"mailto:kim@acme.example\">x</a>", "<a href=\"mailto:kim@acme.example\">x</a>"),
            ("<a href=\"#note\">x</a>", "<a href=\"#note\">x</a>"),
            ("<a data-href=\"one\" href=\"two", "<a data-href=\"one\" href=\"two"),
            ("a = \"b\" \u{e9}=", "a = \"b\" \u{e9}="),
            ("", ""),
        ] {
            assert_eq!(absolute(html, &base), expected, "{html}");
        }
    }
}
