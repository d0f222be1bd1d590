//! What do the lines of a robots.txt say to us (RFC 9309)?
//!
//! Groups: agents that follow each other share their rules; all groups that name us are one, and only where none does, those for `*`
//! count. Sitemaps and unknown lines separate nothing. Of the rules that match a path the longest counts, and of two as long the one that
//! allows. As Google's parser does, a line that lacks its colon and some usual slips of the pen are understood all the same.

use std::borrow::Cow;

use url::Url;

use crate::model::Duration;

/// The longest line, in bytes; what stands behind is not looked at (Google cuts there too).
const MAX_LINE: usize = 8 * 2_083;
/// Rules that are kept; the first ones count.
const MAX_RULES: usize = 10_000;
/// Asterisks in one rule; behind so many it is as if the rule ended in one.
const MAX_WILD: usize = 32;
/// The longest part of an address that is compared, in bytes.
const MAX_PATH: usize = 4_096;

/// What a robots.txt says to one agent.
#[derive(Debug, Default, PartialEq)]
pub(in crate::fetch) struct Rules {
    rules: Vec<Rule>,
    /// How long it wants us to wait between two requests.
    pub delay: Option<Duration>,
}

#[derive(Debug, PartialEq)]
struct Rule {
    allows: bool,
    /// In normal form (see [`normal`]); `*` stands for anything, `$` at the end for the end.
    pattern: String,
}

/// What a line is about.
enum Key {
    Agent,
    Allow,
    Disallow,
    Delay,
}

/// Whom the lines being read are for.
#[derive(Default)]
struct Group {
    us: bool,
    all: bool,
    /// A rule was read since the last agent: the next agent starts another group.
    closed: bool,
}

impl Rules {
    /// Reads the rules for an agent (in lower case) from a robots.txt, or from its first part.
    pub fn read(text: &[u8], agent: &str) -> Self {
        let (mut ours, mut everybodys) = (Self::default(), Self::default());
        let (mut group, mut named) = (Group::default(), false);
        let text = without_mark(text);
        for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
            let line = String::from_utf8_lossy(&line[..line.len().min(MAX_LINE)]);
            let Some((key, value)) = field(&line) else { continue };
            if let Key::Agent = key {
                group = if group.closed { Group::default() } else { group };
                group.us |= token(value).eq_ignore_ascii_case(agent);
                group.all |= value.split_whitespace().next() == Some("*");
                named |= group.us;
                continue;
            }
            group.closed |= matches!(key, Key::Allow | Key::Disallow);
            if group.us {
                ours.note(&key, value);
            }
            if group.all {
                everybodys.note(&key, value);
            }
        }
        if named { ours } else { everybodys }
    }

    /// Whether an address may be asked.
    pub fn allow(&self, url: &Url) -> bool {
        // Whoever asks for the rules must be able to.
        if url.path() == "/robots.txt" {
            return true;
        }
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let path = normal(&path, false);
        let path = &path.as_bytes()[..path.len().min(MAX_PATH)];
        let matching = self.rules.iter().filter(|rule| matches(rule.pattern.as_bytes(), path));
        matching.max_by_key(|rule| (rule.pattern.len(), rule.allows)).is_none_or(|rule| rule.allows)
    }

    fn note(&mut self, key: &Key, value: &str) {
        match key {
            Key::Allow | Key::Disallow if value.is_empty() || self.rules.len() == MAX_RULES => {}
            Key::Allow | Key::Disallow => {
                self.rules.push(Rule { allows: matches!(key, Key::Allow), pattern: normal(value, true).into_owned() });
            }
            Key::Delay => {
                let seconds = value.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0);
                self.delay = self.delay.max(seconds.map(|seconds| Duration((seconds * 1000.0) as u64)));
            }
            Key::Agent => {}
        }
    }
}

/// Without the byte order mark of UTF-8, which may be cut short.
fn without_mark(text: &[u8]) -> &[u8] {
    let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xef\xbb", b"\xef"];
    marks.into_iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text)
}

/// What a line says; `None` where that is nothing for us.
fn field(line: &str) -> Option<(Key, &str)> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let (name, value) = match line.split_once(':') {
        Some(pair) => pair,
        // Without a colon only what cannot be anything else.
        None => line.split_once([' ', '\t']).filter(|(_, value)| !value.trim().contains([' ', '\t']))?,
    };
    let key = match &name.trim().to_ascii_lowercase()[..] {
        "user-agent" | "useragent" | "user agent" => Key::Agent,
        "allow" => Key::Allow,
        "disallow" | "dissallow" | "dissalow" | "disalow" | "diasllow" | "disallaw" => Key::Disallow,
        "crawl-delay" | "crawldelay" => Key::Delay,
        _ => return None,
    };
    Some((key, value.trim()))
}

/// The product token that an agent's name starts with.
fn token(name: &str) -> &str {
    let end = name.find(|letter: char| !letter.is_ascii_alphabetic() && !matches!(letter, '-' | '_'));
    &name[..end.unwrap_or(name.len())]
}

/// A path as it is compared: what need not be percent-encoded is not, what must be is, with digits in upper case. In a query `:` and `/`
/// need not be. `*` and `$` keep their meaning in a rule and are encoded in an address, where they have none.
fn normal(path: &str, is_rule: bool) -> Cow<'_, str> {
    let bytes = path.as_bytes();
    let is_plain = |byte: &u8| is_of_address(*byte) && !matches!(byte, b'*' | b'$');
    if bytes.iter().all(is_plain) {
        return Cow::Borrowed(path);
    }
    let mut whole = String::with_capacity(bytes.len() + 16);
    let (mut at, mut query, mut wild) = (0, false, 0);
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| hexadecimal(bytes.get(at + 1..at + 3)?)).flatten();
        at += if escaped.is_some() { 3 } else { 1 };
        query |= byte == b'?';
        let octet = escaped.unwrap_or(byte);
        let special = escaped.is_none() && is_rule && (octet == b'*' || octet == b'$' && at == bytes.len());
        wild += usize::from(special && octet == b'*');
        if wild > MAX_WILD {
            whole.push('*');
            break;
        }
        let unreserved = octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~');
        let literal = escaped.is_none() && is_of_address(octet) && !matches!(octet, b'*' | b'$');
        if special || unreserved || literal || query && matches!(octet, b':' | b'/') {
            whole.push(char::from(octet));
        } else if escaped.is_none() && octet == b'%' {
            whole.push('%');
        } else {
            whole.push_str(&format!("%{octet:02X}"));
        }
    }
    Cow::Owned(whole)
}

/// Whether RFC 3986 lets an octet stand in an address as it is.
fn is_of_address(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'%' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// The octet that two digits stand for.
fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*digits.first()?)? * 16 + digit(*digits.get(1)?)?).ok()
}

/// Whether a rule's pattern matches the start of a path. Each part between two asterisks is taken where it is found first, which is right
/// for all but the last of a pattern with an end: that one must be the path's end.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_the_end) = match pattern.strip_suffix(b"$") {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split(|byte| *byte == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return !to_the_end || rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() && to_the_end {
            return rest.ends_with(part);
        }
        let Some(at) = find(rest, part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

fn find(path: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() { Some(0) } else { path.windows(part.len()).position(|window| window == part) }
}

#[cfg(test)]
mod tests;
