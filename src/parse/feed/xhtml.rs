//! How does XHTML in a feed become HTML that means the same?
//!
//! In XML `<iframe src="…"/>` is over at once; to a reader of HTML the slash means nothing, and everything behind it would be inside.

use memchr::{memchr_iter, memrchr2};

/// Elements whose inside HTML takes for anything but text to be shown.
const SWALLOWING: [&str; 10] =
    ["iframe", "script", "style", "title", "textarea", "noembed", "noframes", "noscript", "object", "video"];

/// The same with an end tag behind each such element that ended in itself.
pub(super) fn as_html(markup: String) -> String {
    // `<br/>` is everywhere, and no reason to copy a text.
    if !ends(&markup).any(|end| swallowing(&markup[..end]).is_some()) {
        return markup;
    }
    let mut html = String::with_capacity(markup.len() + 32);
    let mut rest = &markup[..];
    while let Some(end) = ends(rest).next() {
        let (before, behind) = rest.split_at(end);
        html.push_str(before);
        match swallowing(before) {
            Some(known) => html.push_str(&format!("></{known}>")),
            None => html.push_str("/>"),
        }
        rest = &behind[2..];
    }
    html.push_str(rest);
    html
}

/// Where every `/>` stands.
fn ends(markup: &str) -> impl Iterator<Item = usize> {
    let bytes = markup.as_bytes();
    memchr_iter(b'>', bytes).filter_map(|at| at.checked_sub(1).filter(|before| bytes[*before] == b'/'))
}

/// The swallowing element that the last tag of this text, not ended yet, is of.
fn swallowing(text: &str) -> Option<&'static str> {
    let from = memrchr2(b'<', b'>', text.as_bytes())?;
    let name = text[from..].strip_prefix('<')?.split_ascii_whitespace().next()?;
    SWALLOWING.into_iter().find(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_in_itself_swallows_nothing() {
        for (xhtml, html) in [
            ("a<iframe src=\"x\"/> b", "a<iframe src=\"x\"></iframe> b"),
            ("a<script /> b<br/>c", "a<script ></script> b<br/>c"),
            ("<img src=\"x\"/><a name=\"y\"/>", "<img src=\"x\"/><a name=\"y\"/>"),
            ("1 /> 2 <b>x</b> /> <Style/>", "1 /> 2 <b>x</b> /> <Style></style>"),
            ("plain", "plain"),
        ] {
            assert_eq!(as_html(xhtml.to_owned()), html);
        }
    }
}
