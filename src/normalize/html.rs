//! How does HTML become plain text, and which pages does it link to?
//!
//! A scanner over tags, not a tree: text needs no tree, and building one costs several times as much on the
//! bodies that feeds carry, is quadratic in nesting depth and in the attributes of one tag (1.5 MB: 12 s), and
//! drops everything behind a stray `<`. This one is linear in its input whatever stands there, and gives the
//! same words as a tree does on the bodies of the feed suites.

use memchr::memchr;

use super::entity::{decode, decode_twice};
use super::tag::{Element, attribute, element, is_cut_off, is_hidden, is_void, name_of};
use super::tidy::{self, Lines, Tidy, cut};
use crate::model::Post;

/// Longest markup looked at, in bytes: ten times what is kept as text.
const MAX_HTML: usize = 10 * Post::MAX_TEXT;
/// Most links handed on; more than a post keeps, because some are the same page or none at all.
const MAX_LINKS: usize = 4 * Post::MAX_LINKS;

/// What a reader of some HTML sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Plain text: entities decoded, block elements on lines of their own, nothing that is hidden; at
    /// most [`Post::MAX_TEXT`] bytes.
    pub text: String,
    /// The addresses of its links as written there, in order; possibly relative, possibly no web address.
    pub links: Vec<String>,
}

/// The text and the links of a piece of HTML. Never fails: what is no markup is text.
///
/// A text without any tag whose entities spell a tag at its very start was escaped once too often and is
/// read as the markup that was meant.
pub fn html_to_text(html: &str) -> Text {
    let html = cut(html, MAX_HTML);
    if html.contains('<') {
        return Walk::new(html, Post::MAX_TEXT, Unknown::IsMarkup).run();
    }
    let decoded = decode(html);
    if decoded.len() < html.len() && begins_with_tag(&decoded) {
        return Walk::new(&decoded, Post::MAX_TEXT, Unknown::IsMarkup).run();
    }
    Text { text: tidy::line(&decode(&decoded), Post::MAX_TEXT), links: Vec::new() }
}

/// One line of text of at most `limit` bytes. Only names of HTML elements are markup here: titles like
/// `Vec<T> explained` are often not escaped at all.
pub(super) fn html_to_line(html: &str, limit: usize) -> String {
    if !html.contains('<') {
        return tidy::line(&decode_twice(html), limit);
    }
    tidy::line(&Walk::new(cut(html, MAX_HTML), limit, Unknown::IsText).run().text, limit)
}

fn begins_with_tag(text: &str) -> bool {
    let Some(tail) = text.trim_start().strip_prefix('<') else { return false };
    let name = name_of(tail);
    element(name) != Element::Unknown && tail[name.len()..].contains('>')
}

/// What the name of no known element means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    IsMarkup,
    IsText,
}

/// One pass over a piece of HTML.
struct Walk<'a> {
    rest: &'a str,
    unknown: Unknown,
    tidy: Tidy,
    links: Vec<String>,
    /// How many `pre` and how many code elements are open.
    pre: u32,
    code: u32,
    /// How many `blockquote` are open.
    quotes: u32,
    /// The element that hides what comes, and how many of its name are open.
    hidden: Option<(&'a str, u32)>,
    /// A `<![CDATA[` was met: its end is no text.
    cdata: bool,
    /// What was looked for up to the end and is not there, so that it is not looked for again.
    no_tag_end: bool,
    no_quote_end: bool,
    no_comment_end: bool,
}

impl<'a> Walk<'a> {
    fn new(html: &'a str, limit: usize, unknown: Unknown) -> Self {
        Self {
            rest: html,
            unknown,
            tidy: Tidy::new(limit, html.len()),
            links: Vec::new(),
            pre: 0,
            code: 0,
            quotes: 0,
            hidden: None,
            cdata: false,
            no_tag_end: false,
            no_quote_end: false,
            no_comment_end: false,
        }
    }

    fn run(mut self) -> Text {
        while !self.rest.is_empty() && !self.tidy.is_full() {
            let end = self.next_markup();
            let (text, rest) = self.rest.split_at(end);
            self.rest = rest;
            self.text(text);
            self.markup();
        }
        Text { text: self.tidy.finish(), links: self.links }
    }

    /// Where the next `<` stands that begins a tag or a comment.
    fn next_markup(&self) -> usize {
        let mut from = 0;
        while let Some(found) = memchr(b'<', &self.rest.as_bytes()[from..]).filter(|_| !self.no_tag_end) {
            let at = from + found;
            if self.is_markup(&self.rest[at + 1..]) {
                return at;
            }
            from = at + 1;
        }
        self.rest.len()
    }

    fn is_markup(&self, tail: &str) -> bool {
        if tail.starts_with(['!', '?']) {
            return true;
        }
        let name = name_of(tail.strip_prefix('/').unwrap_or(tail));
        !name.is_empty() && (self.unknown == Unknown::IsMarkup || element(name) != Element::Unknown)
    }

    fn text(&mut self, text: &str) {
        if self.hidden.is_some() {
            return;
        }
        let lines = if self.pre > 0 { Lines::Keep } else { Lines::Fold };
        let decoded = if self.pre > 0 || self.code > 0 { decode(text) } else { decode_twice(text) };
        if self.cdata && decoded.contains("]]>") {
            self.tidy.push(&decoded.replace("]]>", " "), lines);
            return;
        }
        self.tidy.push(&decoded, lines);
    }

    /// Reads one tag or comment, if one stands at the beginning of the rest.
    fn markup(&mut self) {
        let Some(tail) = self.rest.strip_prefix('<') else { return };
        if let Some(tail) = tail.strip_prefix("![CDATA[") {
            self.rest = tail;
            self.cdata = true;
            return;
        }
        if tail.starts_with(['!', '?']) {
            self.comment(tail);
            return;
        }
        let Some(end) = self.tag_end(tail) else {
            self.no_tag_end = true;
            if is_cut_off(tail) {
                self.rest = "";
            }
            return;
        };
        let tag = &tail[..end];
        self.rest = &tail[end + 1..];
        match tag.strip_prefix('/') {
            Some(tag) => self.end_tag(name_of(tag)),
            None => self.start_tag(tag),
        }
    }

    fn comment(&mut self, tail: &'a str) {
        if tail.starts_with("!--") && !self.no_comment_end {
            // `<!-->` is a whole comment.
            if let Some(end) = tail[1..].find("-->") {
                self.rest = &tail[end + 4..];
                return;
            }
            self.no_comment_end = true;
        }
        match tail.find('>') {
            Some(end) => self.rest = &tail[end + 1..],
            None => self.no_tag_end = true,
        }
    }

    /// Where the `>` stands that ends the tag; one in a quoted value does not. When a quote never ends, the first `>` counts.
    fn tag_end(&mut self, tail: &str) -> Option<usize> {
        let mut from = 0;
        while !self.no_quote_end {
            let at = from + tail[from..].find(['>', '"', '\''])?;
            let quote = &tail[at..=at];
            if quote == ">" {
                return Some(at);
            }
            from = at + 1;
            if !tail[..at].trim_end().ends_with('=') {
                continue;
            }
            match tail[from..].find(quote) {
                Some(end) => from += end + 1,
                None => self.no_quote_end = true,
            }
        }
        tail.find('>')
    }

    fn start_tag(&mut self, tag: &'a str) {
        let name = name_of(tag);
        if let Some((hiding, depth)) = &mut self.hidden {
            *depth += u32::from(name.eq_ignore_ascii_case(hiding));
            return;
        }
        let attributes = &tag[name.len()..];
        let element = element(name);
        if element == Element::Raw {
            self.skip_raw(name);
            return;
        }
        if !is_void(name) && (element == Element::Hidden || is_hidden(attributes)) {
            self.hidden = Some((name, 1));
            return;
        }
        match element {
            Element::Link => self.link(attributes),
            Element::Pre => self.pre = self.pre.saturating_add(1),
            Element::Code => self.code = self.code.saturating_add(1),
            _ => {}
        }
        self.set_apart(element);
        self.quote(name, u32::saturating_add);
    }

    fn end_tag(&mut self, name: &str) {
        if let Some((hiding, depth)) = &mut self.hidden {
            *depth -= u32::from(name.eq_ignore_ascii_case(hiding));
            if *depth == 0 {
                self.hidden = None;
            }
            return;
        }
        let element = element(name);
        match element {
            Element::Pre => self.pre = self.pre.saturating_sub(1),
            Element::Code => self.code = self.code.saturating_sub(1),
            _ => {}
        }
        self.set_apart(element);
        self.quote(name, u32::saturating_sub);
    }

    /// What others wrote stays apart from what the author did. A title is one line and has no quotations.
    fn quote(&mut self, name: &str, count: fn(u32, u32) -> u32) {
        if name.eq_ignore_ascii_case("blockquote") && self.unknown == Unknown::IsMarkup {
            self.quotes = count(self.quotes, 1);
            self.tidy.quote(self.quotes > 0);
        }
    }

    fn set_apart(&mut self, element: Element) {
        match element {
            Element::Block | Element::Pre => self.tidy.line_break(),
            Element::Cell => self.tidy.space(),
            _ => {}
        }
    }

    fn link(&mut self, attributes: &str) {
        let href = attribute(attributes, "href").map(|href| decode(href.trim()));
        if let Some(href) = href.filter(|href| !href.is_empty() && self.links.len() < MAX_LINKS) {
            self.links.push(href.into_owned());
        }
    }

    /// Goes on behind the end tag of a raw element; to the end of the input if there is none.
    fn skip_raw(&mut self, name: &str) {
        let mut rest = self.rest;
        while let Some(at) = rest.find("</") {
            rest = &rest[at + 2..];
            if rest.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name)) {
                self.rest = rest.find('>').map_or("", |end| &rest[end + 1..]);
                return;
            }
        }
        self.rest = "";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_the_text_that_a_reader_sees() {
        for (html, text) in [
            ("plain", "plain"),
            ("<p>One</p><p>Two <b>bold</b>,\n <i>it</i>alic</p>", "One\nTwo bold, italic"),
            ("a<br>b<br/>c<hr>d", "a\nb\nc\nd"),
            ("<ul><li>x<li>y</ul><table><tr><td>1<td>2<tr><td>3</table>", "x\ny\n1 2\n3"),
            ("<div><div><div>deep</div></div></div>", "deep"),
            ("<pre>fn main() {\n    x();\n}\n</pre>after", "fn main() {\nx();\n}\nafter"),
            ("a<!-- no <b> --><!-->b<?php x ?><!DOCTYPE html>c", "abc"),
            ("<SCRIPT>if (a </b> b) \"</p>\"</SCRIPT >x<style>p{}</style>y<template><p>z</template>", "xy"),
            ("<p hidden>x<p>y</p></p>z<span style=\"Display: none\">q</span>w", "zw"),
            ("<img hidden src=x>seen", "seen"),
            ("<head><title>t</title><meta x></head><body>b</body>", "b"),
            ("<p>a</p><blockquote><p>b<br>c</p><blockquote>d</blockquote></blockquote>e", "a\n> b\n> c\n> d\ne"),
            ("</blockquote>a<blockquote>b", "a\n> b"),
            ("<a title=\"1 > 0\" href='x'>link</a>", "link"),
            ("![CDATA[ <![CDATA[<p>inner</p>]]>", "![CDATA[\ninner"),
        ] {
            assert_eq!(html_to_text(html).text, text, "{html}");
        }
    }

    #[test]
    fn entities_are_decoded_also_when_escaped_once_too_often_but_not_in_code() {
        for (html, text) in [
            ("R&amp;D &lt;b&gt;", "R&D <b>"),
            ("<p>R&amp;amp;D &amp;#8217;s", "R&D ’s"),
            ("<code>&amp;lt;</code> <pre>&amp;amp;</pre>", "&lt;\n&amp;"),
            ("&lt;p&gt;All &lt;b&gt;of&lt;/b&gt; it&lt;/p&gt; escaped", "All of it\nescaped"),
            ("use &lt;p&gt; for paragraphs", "use <p> for paragraphs"),
            ("&lt;T&gt; is a type", "<T> is a type"),
        ] {
            assert_eq!(html_to_text(html).text, text, "{html}");
        }
    }

    #[test]
    fn what_is_no_tag_is_text() {
        for (html, text) in [
            ("1 < 2 <3 a<", "1 < 2 <3 a<"),
            ("if a <b then c", "if a <b then c"),
            ("<p>x <b unclosed", "x <b unclosed"),
            ("x <a href=\"https://acme.exa", "x"),
            ("x <a href=\"never closed>y</a> z", "x y z"),
            ("x <!-- never closed > y", "x y"),
            ("<p>x</p><unknown-thing a=1>y</unknown-thing>", "x\ny"),
        ] {
            assert_eq!(html_to_text(html).text, text, "{html}");
        }
    }

    #[test]
    fn links_come_as_written_and_in_order() {
        let html = "<a href='/one'>1</a><A HREF = \"https://acme.example/?a=1&amp;b=2\">2</A>\
                    <a name=x>no</a><a href=three/4 rel=nofollow>3</a><a href>no</a><a ü=1 href=' five '>5</a>\
                    <span hidden><a href=hidden>no</a></span><script><a href=script></script>";
        assert_eq!(html_to_text(html).links, ["/one", "https://acme.example/?a=1&b=2", "three/4", "five"]);
    }

    #[test]
    fn titles_keep_what_is_no_element() {
        for (html, line) in [
            ("Vec<T> &amp; <b>friends</b>\n", "Vec<T> & friends"),
            ("AT&amp;amp;T", "AT&T"),
            ("a<br>b", "a b"),
            ("i <3 this", "i <3 this"),
            ("What does &lt;b&gt; do?", "What does <b> do?"),
        ] {
            assert_eq!(html_to_line(html, 100), line, "{html}");
        }
    }

    #[test]
    fn hostile_markup_ends_in_bounded_text() {
        for part in [
            "<div>",
            "<ul><li>",
            "<a b=\"",
            "<",
            "<!--",
            "<a href=x ",
            "<script>",
            "&",
            "</",
            "<p hidden>x",
            "<![CDATA[",
        ] {
            let text = html_to_text(&part.repeat(300_000 / part.len())).text;
            assert!(text.len() <= Post::MAX_TEXT, "{part}");
        }
    }
}
