//! What does one HTML tag say: which element, what does that do to the text, which attributes?

/// Longest name of an element that is looked up, in bytes.
const MAX_NAME: usize = 12;

/// What an element does to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// Its text stands in the line.
    Inline,
    Link,
    /// Inline, and entities in it are not decoded twice: it shows code.
    Code,
    /// Stands on lines of its own.
    Block,
    /// As `Block`, with the line breaks of the source.
    Pre,
    /// Is set apart by a space.
    Cell,
    /// What is in it is not shown.
    Hidden,
    /// As `Hidden`, and no tag in it counts but its own end.
    Raw,
    Unknown,
}

pub(super) fn element(name: &str) -> Element {
    let mut lower = [0; MAX_NAME];
    let Some(lower) = lower.get_mut(..name.len()) else { return Element::Unknown };
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    match &*lower {
        b"a" => Element::Link,
        b"code" | b"kbd" | b"samp" | b"tt" | b"var" => Element::Code,
        b"pre" | b"listing" => Element::Pre,
        b"td" | b"th" => Element::Cell,
        b"script" | b"style" | b"iframe" | b"noscript" | b"textarea" | b"title" | b"xmp" | b"noembed" | b"noframes" => {
            Element::Raw
        }
        b"applet" | b"head" | b"template" | b"svg" | b"object" | b"select" | b"canvas" | b"audio" | b"video" => {
            Element::Hidden
        }
        b"address" | b"article" | b"aside" | b"blockquote" | b"body" | b"br" | b"caption" | b"center" | b"dd"
        | b"details" | b"dialog" | b"div" | b"dl" | b"dt" | b"fieldset" | b"figcaption" | b"figure" | b"footer"
        | b"form" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"header" | b"hgroup" | b"hr" | b"html"
        | b"legend" | b"li" | b"main" | b"menu" | b"nav" | b"ol" | b"p" | b"section" | b"summary" | b"table"
        | b"tbody" | b"tfoot" | b"thead" | b"tr" | b"ul" => Element::Block,
        b"abbr" | b"acronym" | b"b" | b"bdi" | b"bdo" | b"big" | b"blink" | b"button" | b"cite" | b"data" | b"del"
        | b"dfn" | b"em" | b"font" | b"i" | b"img" | b"input" | b"ins" | b"label" | b"link" | b"mark" | b"marquee"
        | b"math" | b"meta" | b"embed" | b"frame" | b"frameset" | b"picture" | b"q" | b"rp" | b"rt" | b"ruby"
        | b"s" | b"small" | b"source" | b"span" | b"strike" | b"strong" | b"sub" | b"sup" | b"time" | b"u" | b"wbr" => {
            Element::Inline
        }
        _ => Element::Unknown,
    }
}

/// Elements that have no end tag, so that nothing can be inside of them.
pub(super) fn is_void(name: &str) -> bool {
    ["br", "embed", "frame", "hr", "img", "input", "link", "meta", "source", "wbr"]
        .iter()
        .any(|void| name.eq_ignore_ascii_case(void))
}

/// Whether a tag without end is one that was cut off (`<a href="https://ac`), and no text (`if a <b then`).
pub(super) fn is_cut_off(tail: &str) -> bool {
    let name = name_of(tail);
    let attributes = tail[name.len()..].trim_start();
    let attribute = attributes.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-');
    element(name) != Element::Unknown && attribute.len() < attributes.len() && attribute.starts_with('=')
}

/// The name that a tag begins with; empty if it begins with no letter.
pub(super) fn name_of(tag: &str) -> &str {
    if !tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return "";
    }
    let end = tag.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '_'))).unwrap_or(tag.len());
    &tag[..end]
}

pub(super) fn is_hidden(attributes: &str) -> bool {
    if !attributes.contains("hidden") && !attributes.contains("none") {
        return false;
    }
    let style = attribute(attributes, "style").unwrap_or_default().replace(' ', "").to_ascii_lowercase();
    attribute(attributes, "hidden").is_some() || style.contains("display:none") || style.contains("visibility:hidden")
}

/// The value of the first attribute of this name; empty when it stands without one.
pub(super) fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        // The first character belongs to the name whatever it is.
        let ends = |(at, c): (usize, char)| (at > 0 && (c.is_ascii_whitespace() || c == '=' || c == '/')).then_some(at);
        let (have, tail) = rest.split_at(rest.char_indices().find_map(ends).unwrap_or(rest.len()));
        let (value, tail) = attribute_value(tail);
        if have.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = tail;
    }
}

/// The value behind the name of an attribute, and what follows it.
fn attribute_value(tail: &str) -> (&str, &str) {
    let Some(value) = tail.trim_start().strip_prefix('=') else { return ("", tail) };
    let value = value.trim_start();
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = &value[1..];
        let end = inner.find(quote).unwrap_or(inner.len());
        return (&inner[..end], inner.get(end + 1..).unwrap_or_default());
    }
    value.split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len()))
}
