//! Which feeds does a list of subscriptions name (OPML 1.0, 1.1 and 2.0, or an address a line)?
//!
//! One pass over quick-xml without recursion. What a well-formed list must have is not asked for: names of elements and
//! attributes count in any case, ends may be missing, `&` may be bare, nobody's entities are expanded. Every entry that
//! cannot be used is a [`Fault`] with its place, and the next one is read. Of other lists of feeds (FOAF, iGoogle) the
//! addresses are read: any element with `xmlUrl`, and the channels of RDF.

use std::fmt::Write;

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use super::charset;
use super::feed::entity;
use crate::model::{Fault, ReadError};

const EXPECTED: &str = "a list of feeds";
/// Longest list, in bytes.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Most outlines of one list, folders included.
const MAX_OUTLINES: usize = 100_000;
/// Most elements that stand in each other.
const MAX_DEPTH: usize = 10_000;
/// Most folders around an entry, and most categories, that become its tags.
const MAX_FOLDERS: usize = 8;
/// Most faults that are told one by one.
const MAX_FAULTS: usize = 1_000;
/// Most places of broken markup behind which reading goes on: each may cost a look at all the rest.
const MAX_BREAKS: usize = 200;
/// The attribute in which Overheard keeps what other readers have no word for.
const OWN: &str = "overheard:source";
const NAMESPACE: &str = "https://github.com/overheard/overheard/opml";

/// What was read.
#[derive(Debug, Default)]
pub struct List {
    pub title: String,
    /// In the order of the list.
    pub entries: Vec<Entry>,
    /// Entries that cannot be used; each has its line.
    pub faults: Vec<Fault>,
}

/// A feed that the list names.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The feed; none where only Overheard's own block says how it is listened to.
    pub address: Option<Url>,
    pub title: String,
    /// Names of the folders around it from the outside in, then its categories.
    pub folders: Vec<String>,
    /// A `[[source]]` block, where Overheard wrote the list.
    pub source: Option<String>,
    /// From 1.
    pub line: usize,
    pub column: usize,
}

/// Reads a list.
///
/// # Errors
/// It is no list at all, or larger than the bounds allow.
pub fn read(bytes: &[u8]) -> Result<List, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::Hostile { why: format!("it has more than {MAX_BYTES} bytes") });
    }
    let (text, _) = charset::decode(bytes, None);
    let list = match text.trim_start() {
        "" => return Err(wrong("it is empty")),
        xml if xml.starts_with('<') => of_xml(&text)?,
        json if json.starts_with(['{', '[']) => return Err(wrong("it is JSON")),
        _ => of_lines(&text)?,
    };
    if list.entries.is_empty() && list.faults.is_empty() {
        return Err(wrong("it names no feed: there is no outline with `xmlUrl`"));
    }
    Ok(list)
}

fn wrong(why: &str) -> ReadError {
    ReadError::WrongFormat { expected: EXPECTED, why: why.to_owned() }
}

/// An address a line; empty lines and those with `#` in front say nothing.
fn of_lines(text: &str) -> Result<List, ReadError> {
    let mut list = List::default();
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let place = (number + 1, line.chars().take_while(|letter| letter.is_whitespace()).count() + 1);
        list.take(Draft { address: trimmed.to_owned(), ..Draft::default() }, place);
    }
    if list.entries.is_empty() {
        return Err(wrong("it is neither OPML nor a list of addresses, one a line"));
    }
    Ok(list)
}

/// An entry before it was looked at.
#[derive(Default)]
struct Draft {
    address: String,
    title: String,
    folders: Vec<String>,
    source: Option<String>,
}

impl List {
    fn fault(&mut self, place: (usize, usize), what: String, hint: &str) {
        if self.faults.len() < MAX_FAULTS {
            let fault = Fault { line: place.0, column: place.1, ..Fault::error("", None, what) };
            self.faults.push(if hint.is_empty() { fault } else { fault.hint(hint) });
        }
    }

    fn take(&mut self, draft: Draft, place: (usize, usize)) {
        let Draft { address, title, folders, source } = draft;
        let address = match web_address(&address) {
            Ok(address) => Some(address),
            Err(_) if address.is_empty() && source.is_some() => None,
            Err(why) => {
                let shown: String = address.chars().take(200).collect();
                return self.fault(place, format!("`{shown}` is no address of a feed: {why}"), "http://… or https://…");
            }
        };
        if self.entries.len() >= MAX_OUTLINES {
            return self.fault(place, format!("there are more than {MAX_OUTLINES} entries"), "split the list");
        }
        self.entries.push(Entry { address, title, folders, source, line: place.0, column: place.1 });
    }
}

fn web_address(text: &str) -> Result<Url, String> {
    // `feed:` was a scheme of its own once: `feed://acme.example/` and `feed:https://acme.example/`.
    let text = match text.strip_prefix("feed:") {
        Some(rest) if rest.starts_with("//") => format!("http:{rest}"),
        Some(rest) => rest.to_owned(),
        None => text.to_owned(),
    };
    let url = Url::parse(&text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" if url.host_str().is_some_and(|host| !host.is_empty()) => Ok(url),
        other => Err(format!("`{other}` is not of the web")),
    }
}

/// Where the reader is, told in lines.
struct Places<'t> {
    text: &'t str,
    /// Up to here lines were counted.
    counted: usize,
    line: usize,
    column: usize,
}

impl Places<'_> {
    /// Line and column of a byte; never of one before the last that was asked for.
    fn of(&mut self, at: usize) -> (usize, usize) {
        let at = at.max(self.counted).min(self.text.len());
        let between = self.text.get(self.counted..at).unwrap_or_default();
        let lines = between.matches('\n').count();
        let last = between.rsplit('\n').next().unwrap_or_default().chars().count();
        self.column = if lines == 0 { self.column + last } else { last + 1 };
        self.line += lines;
        self.counted = at;
        (self.line, self.column)
    }
}

/// An element that stands open.
struct Open {
    name: String,
    /// The name of a folder.
    folder: Option<String>,
}

struct Reading<'t> {
    list: List,
    open: Vec<Open>,
    places: Places<'t>,
    outlines: usize,
    /// It has the root of one of the known forms.
    known: bool,
}

fn of_xml(text: &str) -> Result<List, ReadError> {
    let places = Places { text, counted: 0, line: 1, column: 1 };
    let mut reading = Reading { list: List::default(), open: Vec::new(), places, outlines: 0, known: false };
    let mut start = 0;
    // A tag that never ends swallows what follows; each turn begins at a later place, behind what is broken.
    for _ in 0..MAX_BREAKS {
        let Some(resume) = reading.run(start)? else { break };
        start = resume.max(start + 1);
    }
    if !reading.known && reading.list.entries.is_empty() {
        return Err(wrong("it is neither OPML nor another list of feeds"));
    }
    Ok(reading.list)
}

impl Reading<'_> {
    /// Reads from a byte of the text on, to the end or to broken markup: then where to go on.
    fn run(&mut self, start: usize) -> Result<Option<usize>, ReadError> {
        let text = self.places.text;
        let Some(rest) = text.get(start..) else { return Ok(None) };
        let mut reader = Reader::from_str(rest);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        loop {
            let before = start + reader.buffer_position() as usize;
            let event = reader.read_event();
            let after = start + reader.buffer_position() as usize;
            match event {
                Ok(Event::Start(tag) | Event::Empty(tag)) if swallowed(&tag).is_some() => {
                    let place = self.places.of(before);
                    self.list.fault(place, "this tag does not end: a quote or `>` is missing".to_owned(), "");
                    return Ok(text.get(before + 1..).and_then(next_outline).map(|next| before + 1 + next));
                }
                Ok(Event::Start(tag)) => {
                    let folder = self.element(&tag, before);
                    self.push(tag.local_name().as_ref(), folder)?;
                }
                Ok(Event::Empty(tag)) => {
                    self.element(&tag, before);
                }
                Ok(Event::End(tag)) => self.close(tag.local_name().as_ref()),
                Ok(Event::Text(part)) => self.text(&part),
                Ok(Event::Eof) => return Ok(None),
                Ok(
                    Event::CData(_)
                    | Event::Comment(_)
                    | Event::PI(_)
                    | Event::Decl(_)
                    | Event::DocType(_)
                    | Event::GeneralRef(_),
                ) => {}
                Err(error) => {
                    let place = self.places.of(before);
                    self.list.fault(place, format!("the markup is broken here: {error}"), "");
                    let from = (before + 1).max(after.min(before + 1));
                    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
                    return Ok(next_outline(&text[from..]).map(|next| from + next));
                }
            }
        }
    }

    fn push(&mut self, name: &str, folder: Option<String>) -> Result<(), ReadError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(ReadError::Hostile { why: format!("its elements stand more than {MAX_DEPTH} deep") });
        }
        self.open.push(Open { name: name.to_ascii_lowercase(), folder });
        Ok(())
    }

    /// An end tag without its start is passed over; starts without their end are closed with what they stand in.
    fn close(&mut self, name: &str) {
        if let Some(place) = self.open.iter().rposition(|open| open.name.eq_ignore_ascii_case(name)) {
            self.open.truncate(place);
        }
    }

    fn text(&mut self, part: &str) {
        let names = || self.open.iter().rev().map(|open| open.name.as_str());
        if self.list.title.is_empty() && names().next() == Some("title") && names().any(|name| name == "head") {
            self.list.title = one_line(part);
        }
    }

    /// Reads a start tag; the name of the folder that it opens.
    fn element(&mut self, tag: &BytesStart<'_>, at: usize) -> Option<String> {
        let name = tag.local_name().as_ref().to_ascii_lowercase();
        self.known |= matches!(&*name, "opml" | "outline" | "rdf" | "igoogle" | "gadgettabml");
        let is_outline = name == "outline";
        let is_channel = matches!(&*name, "channel" | "feed") && self.open.iter().any(|open| open.name == "rdf");
        if !is_outline && !is_channel && name != "moduleprefs" {
            return None;
        }
        let place = self.places.of(at);
        self.outlines += 1;
        if self.outlines > MAX_OUTLINES {
            self.list.fault(place, format!("there are more than {MAX_OUTLINES} outlines"), "split the list");
            return None;
        }
        let said = match Attributes::of(tag) {
            Ok(said) => said,
            Err(why) => {
                self.list.fault(place, format!("its attributes cannot be read: {why}"), "");
                return None;
            }
        };
        if is_channel { self.channel(&said, place) } else { self.outline(said, place) }
    }

    fn channel(&mut self, said: &Attributes, place: (usize, usize)) -> Option<String> {
        let address = said.get("rdf:about").or(said.get("rdf:resource")).unwrap_or_default();
        if !address.is_empty() {
            self.list.take(Draft { address: address.to_owned(), ..Draft::default() }, place);
        }
        None
    }

    fn outline(&mut self, mut said: Attributes, place: (usize, usize)) -> Option<String> {
        let title =
            ["text", "title"].iter().find_map(|name| said.get(name).map(one_line).filter(|text| !text.is_empty()));
        let title = title.unwrap_or_default();
        let sort = said.get("type").unwrap_or_default().to_ascii_lowercase();
        let is_feed = matches!(&*sort, "rss" | "atom" | "feed");
        let address = said.get("xmlurl").or(said.get("url").filter(|_| is_feed)).unwrap_or_default().trim().to_owned();
        if !address.is_empty() || said.has(OWN) {
            let folders = self.folders(said.get("category").unwrap_or_default());
            self.list.take(Draft { address, title, folders, source: said.take(OWN) }, place);
            return None;
        }
        let page = said.get("htmlurl").unwrap_or_default();
        if is_feed {
            self.list.fault(place, format!("`{title}` has no address of a feed"), "give it `xmlUrl`");
        } else if !page.is_empty() {
            let hint = format!("`overheard sources add {page}` looks for its feed");
            self.list.fault(place, format!("`{title}` has only a page, no address of a feed"), &hint);
        } else if matches!(&*sort, "link" | "include") {
            let url = said.get("url").unwrap_or_default();
            let what = format!("`{title}` is not a feed but leads to another list or page: {url}");
            self.list.fault(place, what, "get that list and import it too");
        }
        Some(title)
    }

    fn folders(&self, categories: &str) -> Vec<String> {
        let around = self.open.iter().filter_map(|open| open.folder.clone());
        let own = categories.split([',', '/']).map(|part| part.trim().to_owned());
        let mut folders: Vec<String> = Vec::new();
        for folder in around.take(MAX_FOLDERS).chain(own.take(MAX_FOLDERS * 2)) {
            if !folder.is_empty() && !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders.truncate(MAX_FOLDERS * 2);
        folders
    }
}

/// Where a tag begins another one inside of it, which a missing quote or `>` makes of two.
fn swallowed(tag: &BytesStart<'_>) -> Option<usize> {
    next_outline(tag.attributes_raw())
}

/// Where the next outline begins.
fn next_outline(text: &str) -> Option<usize> {
    let is_outline = |at: &usize| {
        let name = text.as_bytes().get(at + 1..at + 8);
        name.is_some_and(|name| name.eq_ignore_ascii_case(b"outline"))
    };
    text.match_indices('<').map(|(at, _)| at).find(is_outline)
}

/// The attributes of a tag, decoded, by their names in small letters.
struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn of(tag: &BytesStart<'_>) -> Result<Self, String> {
        let mut attributes = tag.html_attributes();
        let mut read: Vec<(String, String)> = Vec::new();
        for attribute in attributes.with_checks(false) {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let name = attribute.key.as_ref().to_ascii_lowercase();
            read.push((name, entity::decode(&attribute.value).into_owned()));
        }
        Ok(Self(read))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, value)| value.trim())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(have, _)| have == name)?;
        Some(self.0.swap_remove(place).1)
    }
}

fn one_line(text: &str) -> String {
    entity::decode(text).split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

/// What is written of one source.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    pub name: String,
    /// A feed that any reader can read.
    pub address: Option<Url>,
    pub tags: Vec<String>,
    /// Its block, where name, address and tags do not say it all.
    pub source: Option<String>,
}

/// A list in OPML 2.0. Sources without a feed are outlines that other readers pass over.
pub fn write(title: &str, outlines: &[Outline]) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\" xmlns:overheard=\"{NAMESPACE}\">\n  <head>\n    <title>{}</title>\n  </head>\n  <body>\n",
        escape(title)
    );
    for outline in outlines {
        let sort = if outline.address.is_some() { "rss" } else { "overheard" };
        // Writing to a string cannot fail.
        let _ = write!(text, "    <outline text=\"{0}\" title=\"{0}\" type=\"{sort}\"", quoted(&outline.name));
        let mut attribute = |name: &str, value: &str| {
            if !value.is_empty() {
                let _ = write!(text, " {name}=\"{}\"", quoted(value));
            }
        };
        attribute("xmlUrl", outline.address.as_ref().map_or("", Url::as_str));
        attribute("category", &outline.tags.join(","));
        attribute(OWN, outline.source.as_deref().unwrap_or_default());
        text.push_str("/>\n");
    }
    text.push_str("  </body>\n</opml>\n");
    text
}

/// Line ends too: a reader of XML makes blanks of them.
fn quoted(text: &str) -> String {
    escape(text).replace('\n', "&#10;").replace('\r', "&#13;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> List {
        read(text.as_bytes()).expect("a list")
    }

    fn told(text: &str) -> (Vec<String>, Vec<usize>) {
        let list = list(text);
        let entry = |entry: &Entry| {
            format!("{} {}", entry.address.as_ref().map_or("-", |url| url.as_str()), entry.folders.join("+"))
        };
        (list.entries.iter().map(entry).collect(), list.faults.iter().map(|fault| fault.line).collect())
    }

    #[test]
    fn folders_become_the_tags_of_what_stands_in_them() {
        let text = "<opml><body><outline text=' Cloud  News '><outline TITLE='Europe'>\n\
            <Outline text='R&D &amp; more' XMLURL='https://a.example/?x=1&y=2'></Outline></outline>\n\
            <outline type='atom' xmlUrl='feed://b.example/' category='/x/y,z'/></outline>\n\
            <outline type='rss' url='https://c.example/'/></body></opml>";
        let (entries, faults) = told(text);
        assert_eq!(
            entries,
            [
                "https://a.example/?x=1&y=2 Cloud News+Europe",
                "http://b.example/ Cloud News+x+y+z",
                "https://c.example/ "
            ]
        );
        assert_eq!(faults, [0; 0]);
        assert_eq!(list(text).entries[0].title, "R&D & more");
    }

    #[test]
    fn a_bad_entry_is_a_fault_in_its_line_and_costs_no_other() {
        let good = |name: &str| format!("<outline type='rss' xmlUrl='https://{name}.example/'/>\n");
        for (what, bad) in [
            ("no address", "<outline type='rss' text='x'/>\n"),
            ("not of the web", "<outline xmlUrl='javascript:alert(1)'/>\n"),
            ("no host", "<outline xmlUrl='https://'/>\n"),
            ("only a page", "<outline text='x' htmlUrl='https://x.example/'/>\n"),
            ("another list", "<outline type='include' url='https://x.example/l.opml'/>\n"),
            ("an open quote", "<outline text=\"x xmlUrl='https://x.example/'/>\n"),
            ("an open tag", "<outline text='x' \n"),
        ] {
            let text = format!("<opml version='2.0'>\n<body>\n{}{bad}{}</body></opml>", good("a"), good("b"));
            let (entries, faults) = told(&text);
            assert_eq!(entries, ["https://a.example/ ", "https://b.example/ "], "{what}");
            assert_eq!(faults, [4], "{what}");
        }
    }

    #[test]
    fn ends_that_are_missing_lose_nothing() {
        let (entries, faults) =
            told("<opml><body><outline xmlUrl='https://a.example/'><outline xmlUrl='https://b.example/'>");
        assert_eq!((entries.len(), faults.len()), (2, 0));
        assert_eq!(told("<opml><outline xmlUrl='https://a.example/'").1.len(), 1, "cut off");
        let deep = "<outline text='f'>".repeat(5_000);
        let list = list(&format!("<opml>{deep}<outline xmlUrl='https://a.example/'/>"));
        assert_eq!(list.entries[0].folders, ["f"]);
        let hostile = read(format!("<opml>{}", "<outline>".repeat(MAX_DEPTH + 1)).as_bytes());
        assert!(matches!(hostile, Err(ReadError::Hostile { .. })));
    }

    #[test]
    fn nobodys_entities_are_expanded() {
        let bomb = "<!DOCTYPE o [<!ENTITY a 'xxxx'><!ENTITY b '&a;&a;&a;'>]><opml><outline text='&b;' xmlUrl='https://a.example/&b;'/></opml>";
        assert_eq!(list(bomb).entries[0].title, "&b;");
    }

    #[test]
    fn plain_lists_of_addresses_are_read_too() {
        let (entries, faults) = told("# ours\nhttps://a.example/feed\n\nnonsense\nhttps://b.example/\n");
        assert_eq!((entries.len(), faults), (2, vec![4]));
    }

    #[test]
    fn what_is_no_list_is_told() {
        for text in ["", "{}", "hello", "<html><body>x</body></html>", "<opml><body/></opml>"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let outline = Outline {
            name: "a \"<&>\u{e9}".to_owned(),
            address: Url::parse("https://a.example/?x=1&y='2'").ok(),
            tags: vec!["one".to_owned(), "two".to_owned()],
            source: Some("[[source]]\nname = \"a\"\n".to_owned()),
        };
        let entries = list(&write("Mine & yours", std::slice::from_ref(&outline))).entries;
        let Entry { address, title, folders, source, .. } = entries[0].clone();
        assert_eq!((title, address, folders, source), (outline.name, outline.address, outline.tags, outline.source));
    }
}
