//! How does XHTML in a feed become HTML that means the same?
//!
//! In XML `<iframe src="…"/>` is over at once; to a reader of HTML the slash means nothing, and everything behind it would be inside.

/// Elements whose inside HTML takes for anything but text to be shown.
const SWALLOWING: [&str; 10] =
    ["iframe", "script", "style", "title", "textarea", "noembed", "noframes", "noscript", "object", "video"];

/// The same with an end tag behind each such element that ended in itself.
pub(super) fn as_html(markup: String) -> String {
    if !markup.contains("/>") {
        return markup;
    }
    let mut html = String::with_capacity(markup.len() + 32);
    let mut rest = &markup[..];
    while let Some(end) = rest.find("/>") {
        let (before, behind) = rest.split_at(end);
        let name = before.rfind('<').map(|start| &before[start + 1..]).filter(|tag| !tag.contains('>'));
        let name = name.and_then(|tag| tag.split_ascii_whitespace().next()).unwrap_or_default();
        html.push_str(before);
        match SWALLOWING.iter().find(|known| name.eq_ignore_ascii_case(known)) {
            Some(known) => html.push_str(&format!("></{known}>")),
            None => html.push_str("/>"),
        }
        rest = &behind[2..];
    }
    html.push_str(rest);
    html
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
