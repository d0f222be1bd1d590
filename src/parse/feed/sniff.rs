//! Is this a feed at all, and where does it start?

use super::names::is_html;
use super::tag::{element_name, length_of_markup};

/// What an answer turned out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Found<'t> {
    Nothing,
    Json,
    /// RSS, RDF, Atom or CDF whose root element starts at byte `root`.
    Feed {
        root: usize,
        /// Something other than a prolog stands before the root.
        junk: bool,
    },
    Html,
    /// XML with another root.
    Xml(&'t str),
    /// Neither XML nor JSON.
    Text,
}

/// How far behind what scripts print first a feed's root is looked for, in bytes.
const MAX_JUNK: usize = 64 * 1024;

/// Looks for the root element behind declaration, comments, DTD and whatever else stands before it.
pub(super) fn sniff(text: &str) -> Found<'_> {
    match text.trim_start().bytes().next() {
        None => return Found::Nothing,
        Some(b'{' | b'[') => return Found::Json,
        Some(_) => {}
    }
    let mut first = None;
    let mut junk = false;
    let mut at = 0;
    while at < MAX_JUNK {
        let Some(next) = text[at..].find('<') else { break };
        junk |= !text[at..at + next].trim().is_empty();
        at += next;
        let rest = &text[at..];
        let name = element_name(rest);
        let local = name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase();
        match &local[..] {
            "rss" | "rdf" | "feed" => return Found::Feed { root: at, junk },
            "channel" | "entry" if first.is_none() => return Found::Feed { root: at, junk },
            "html" | "head" | "body" if first.is_none() => return Found::Html,
            "" => {}
            _ => {
                first.get_or_insert(name);
                junk = true;
            }
        }
        if rest.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype html")) {
            return Found::Html;
        }
        at += length_of_markup(rest);
    }
    match first {
        Some(name) if is_html(name) || matches!(name, "meta" | "title" | "link") => Found::Html,
        Some(name) => Found::Xml(name),
        None => Found::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_found_behind_whatever_stands_before_it() {
        for (text, root, junk) in [
            ("<rss>", 0, false),
            ("\n\n  <RSS>", 4, false),
            ("<?xml version='1.0'?><feed/>", 21, false),
            ("<!-- <rss> --><rdf:RDF>", 14, false),
            ("<!DOCTYPE rss PUBLIC '-//X' 'rss.dtd'><rss>", 38, false),
            ("<!DOCTYPE rss [<!ENTITY a '<rss>'><!ENTITY b '&a;&a;'>]><rss>", 56, false),
            ("<?xml-stylesheet href='<rss>'?><a:feed>", 31, false),
            ("Warning: x in y.php on line 3\n<rss>", 30, true),
            ("<br />\n<b>Warning</b>: x<br />\n<rss>", 31, true),
            ("<channel>", 0, false),
        ] {
            assert_eq!(sniff(text), Found::Feed { root, junk }, "{text}");
        }
    }

    #[test]
    fn what_is_no_feed_is_named() {
        for (text, found) in [
            ("", Found::Nothing),
            (" \n", Found::Nothing),
            ("{}", Found::Json),
            (" [", Found::Json),
            ("<!doctype HTML><p>a <rss>", Found::Html),
            ("<html><body><rss>", Found::Html),
            ("<script>location = '/consent'</script>", Found::Html),
            ("<opml version='2.0'>", Found::Xml("opml")),
            ("<urlset>", Found::Xml("urlset")),
            ("404", Found::Text),
            ("a < b", Found::Text),
            ("<", Found::Text),
            ("<!DOCTYPE rss [", Found::Text),
        ] {
            assert_eq!(sniff(text), found, "{text}");
        }
    }
}
