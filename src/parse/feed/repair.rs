//! How does a feed that is no XML become text that an XML parser can read?
//!
//! Only what can be mended without knowing the structure is mended here: references, stray `<`, and two
//! attributes that make feed-rs refuse the whole feed. Wrong tags are the business of [`super::scan`].

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;
use url::Url;

use super::entity::{Reference, reference};
use super::tag::{attribute, element_name, length_of_markup, tag};

/// The versions of RSS that there are; every other one is read like 2.0 too, but said to be wrong.
const VERSIONS: [&str; 6] = ["2.0", "0.94", "0.93", "0.92", "0.91", "0.90"];

/// The text of a feed from its root on, mended, and what was mended, in words.
pub(super) fn repair(text: &str) -> (Cow<'_, str>, Vec<String>) {
    let mut mender = Mender { text, done: 0, out: String::new(), counts: [0; 6] };
    let has_base = text.contains("xml:base");
    let mut at = 0;
    while let Some(next) = memchr2(b'&', b'<', &text.as_bytes()[at..]) {
        at += next;
        let rest = &text[at..];
        at += match rest.as_bytes() {
            [b'&', ..] => mender.reference(at),
            [b'<', b'!' | b'?', ..] => length_of_markup(rest),
            [b'<', b'/', ..] => 1,
            _ if element_name(rest).is_empty() => {
                mender.replace(at..at + 1, "&lt;", Mend::StrayLess);
                1
            }
            _ if at == 0 => mender.version().max(1),
            _ if has_base => mender.base(at),
            _ => 1,
        };
    }
    let mended = mender.in_words();
    (mender.finish(), mended)
}

#[derive(Clone, Copy)]
enum Mend {
    BareAmpersand,
    Entity,
    Forbidden,
    StrayLess,
    Version,
    Base,
    /// A rewriting that mends nothing: the versions before 2.0, which feed-rs reads less of.
    None,
}

const WORDS: [&str; 6] = [
    "bare & escaped",
    "HTML entities replaced",
    "references to forbidden characters left out",
    "stray < escaped",
    "wrong version of RSS",
    "unreadable xml:base left out",
];

struct Mender<'t> {
    text: &'t str,
    /// How much of the text is in `out`.
    done: usize,
    out: String,
    /// How often each [`Mend`] was needed.
    counts: [usize; 6],
}

impl<'t> Mender<'t> {
    /// Puts `with` in the place of a part of the text that lies behind all parts replaced before.
    fn replace(&mut self, part: Range<usize>, with: &str, why: Mend) {
        self.out.push_str(&self.text[self.done..part.start]);
        self.out.push_str(with);
        self.done = part.end;
        if let Some(count) = self.counts.get_mut(why as usize) {
            *count += 1;
        }
    }

    fn finish(mut self) -> Cow<'t, str> {
        if self.done == 0 {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(&self.text[self.done..]);
        Cow::Owned(self.out)
    }

    fn in_words(&self) -> Vec<String> {
        let counted = self.counts.iter().zip(WORDS).filter(|(count, _)| **count > 0);
        counted
            .map(|(count, words)| if *count == 1 { words.to_owned() } else { format!("{words} ({count} times)") })
            .collect()
    }

    /// Mends the reference at `at`; its length.
    fn reference(&mut self, at: usize) -> usize {
        let (length, found) = reference(&self.text[at..]);
        let part = at..at + length;
        match found {
            Reference::OfXml(_) | Reference::Number(_) => {}
            Reference::OfHtml(first, second) => {
                let letters: String = [Some(first), second].into_iter().flatten().collect();
                self.replace(part, &quick_xml::escape::escape(letters), Mend::Entity);
            }
            Reference::Forbidden => self.replace(part, "", Mend::Forbidden),
            Reference::Bare => self.replace(part, "&amp;", Mend::BareAmpersand),
        }
        length
    }

    /// Makes the root of an RSS feed one of version 2.0, which holds all of the earlier ones; how much of it was looked at.
    fn version(&mut self) -> usize {
        let tag = tag(self.text);
        if element_name(tag) != "rss" {
            return 1;
        }
        let Some(value) = attribute(tag, "version") else {
            self.replace(4..4, " version=\"2.0\"", Mend::Version);
            return 4;
        };
        let end = value.end;
        match &tag[value.clone()] {
            "2.0" => {}
            known if VERSIONS.contains(&known) => self.replace(value, "2.0", Mend::None),
            _ => self.replace(value, "2.0", Mend::Version),
        }
        end
    }

    /// Empties an `xml:base` that is no URL; how much of the tag at `at` was looked at.
    fn base(&mut self, at: usize) -> usize {
        let tag = tag(&self.text[at..]);
        let Some(value) = attribute(tag, "xml:base") else { return 1 };
        let end = value.end;
        match Url::parse(&tag[value.clone()]) {
            Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase) => 1,
            Err(_) => {
                self.replace(at + value.start..at + value.end, "", Mend::Base);
                end
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_mended_and_said() {
        for (text, mended, words) in [
            ("<a>AT&T, R&D; &amp; b</a>", "<a>AT&amp;T, R&amp;D; &amp; b</a>", &["bare & escaped (2 times)"][..]),
            ("<a href='x?a=1&b=2'/>", "<a href='x?a=1&amp;b=2'/>", &["bare & escaped"]),
            ("<a>&#0;b&#xFFFF;</a>", "<a>b</a>", &["references to forbidden characters left out (2 times)"]),
            ("<a>caf&eacute;&nbsp;&LT;b</a>", "<a>café\u{a0}&lt;b</a>", &["HTML entities replaced (3 times)"]),
            ("<a>1 < 2 <3 <- <</a>", "<a>1 &lt; 2 &lt;3 &lt;- &lt;</a>", &["stray < escaped (4 times)"]),
            ("<rss><channel/></rss>", "<rss version=\"2.0\"><channel/></rss>", &["wrong version of RSS"]),
            ("<rss version='2.0.1'>", "<rss version='2.0'>", &["wrong version of RSS"]),
            ("<rss a='&' version = \"0.92\" >&", "<rss a='&' version = \"2.0\" >&amp;", &["bare & escaped"]),
            (
                "<feed><e a='1' xml:base='http://[x'>&",
                "<feed><e a='1' xml:base=''>&amp;",
                &["bare & escaped", "unreadable xml:base left out"],
            ),
        ] {
            assert_eq!(repair(text), (mended.into(), words.iter().map(|word| word.to_string()).collect()), "{text}");
        }
    }

    #[test]
    fn what_is_right_stays_as_it_is() {
        for text in [
            "",
            "<rss version=\"2.0\"><a>&amp;&#8217;&lt;b</a></rss>",
            "<a><![CDATA[1 < 2 & 3 &eacute;]]><!-- & < --><?x & < ?></a>",
            "<feed xml:base='/relative'><entry xml:base='https://acme.example/'/></feed>",
            "<ä>&#xe4;</ä>",
            "<a><![CDATA[never closed & ",
        ] {
            let (same, words) = repair(text);
            assert_eq!((&same[..], &words[..]), (text, &[][..]), "{text}");
        }
    }
}
