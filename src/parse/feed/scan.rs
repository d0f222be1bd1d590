//! Which items stand in a feed, where are their fields, and may feed-rs see it?
//!
//! One pass over quick-xml finds every item of RSS, RDF, Atom and CDF and notes where its fields stand,
//! without reading them. It bounds depth and number before feed-rs sees a byte. A feed whose tags do not match is
//! gone through again, forgivingly: then what cannot stand inside a field ends it, so that one wrong tag costs one field.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::names::{Field, Namespaces, Role, is_html, is_void};
use crate::model::ReadError;

/// How deep elements of a feed may stand in each other. feed-rs reads some of them by recursion and overflows the stack of
/// a worker at about 1000; real feeds stay below 40, most of it XHTML in a post.
const MAX_DEPTH: usize = 200;

/// How many items of one feed are read.
pub(super) const MAX_ITEMS: usize = 50_000;

/// How often reading is taken up again behind something that is no markup.
const MAX_RESUMED: usize = 64;

/// How many attributes one tag may have. Parsers compare each with the others; feeds have a dozen, roots with many vocabularies
/// some more.
const MAX_ATTRIBUTES: usize = 256;

/// How many elements around the items are remembered; feeds have two.
const MAX_CONTAINERS: usize = 4;

/// What the scan found.
#[derive(Default)]
pub(super) struct Scan<'t> {
    /// The fields of the feed itself.
    pub feed: RawItem<'t>,
    pub items: Vec<RawItem<'t>>,
    /// The tags of the root and the elements between it and the items, at most [`MAX_CONTAINERS`].
    pub containers: Vec<BytesStart<'t>>,
    /// Items past [`MAX_ITEMS`].
    pub left_out: usize,
    /// It holds something that makes feed-rs panic.
    pub risky: bool,
    /// What had to be forgiven, in words; empty for well-formed feeds.
    pub forgiven: Vec<String>,
}

/// The fields of one item, not read yet.
#[derive(Default)]
pub(super) struct RawItem<'t> {
    pub tag: Option<BytesStart<'t>>,
    pub fields: Vec<RawField<'t>>,
    /// The feed ended in the middle of it.
    pub cut_off: bool,
}

pub(super) struct RawField<'t> {
    pub field: Field,
    pub tag: BytesStart<'t>,
    /// What stands between its tags.
    pub content: &'t str,
    /// Elements stand inside of it.
    pub markup: bool,
}

/// Finds the items of a feed whose text starts with its root element.
pub(super) fn scan(text: &str) -> Result<Scan<'_>, ReadError> {
    let strict = Scanner::new(text, false).run()?;
    if strict.forgiven.is_empty() { Ok(strict) } else { Scanner::new(text, true).run() }
}

struct Scanner<'t> {
    text: &'t str,
    forgiving: bool,
    /// Names of the elements around items and fields that stand open.
    outer: Vec<(&'t str, Role)>,
    item: Option<RawItem<'t>>,
    field: Option<OpenField<'t>>,
    namespaces: Namespaces,
    found: Scan<'t>,
    wrong_tags: usize,
}

struct OpenField<'t> {
    name: &'t str,
    field: Field,
    tag: BytesStart<'t>,
    /// Where its content starts.
    from: usize,
    /// Names of the elements inside of it that stand open.
    inner: Vec<&'t str>,
    markup: bool,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str, forgiving: bool) -> Self {
        Self {
            text,
            forgiving,
            outer: Vec::new(),
            item: None,
            field: None,
            namespaces: Namespaces::default(),
            found: Scan::default(),
            wrong_tags: 0,
        }
    }

    fn run(mut self) -> Result<Scan<'t>, ReadError> {
        let mut from = 0;
        let mut resumed = 0;
        while let Some(error_at) = self.read(from)? {
            resumed += 1;
            self.wrong_tags += 1;
            let next = self.text.get(error_at + 1..).and_then(|rest| rest.find('<'));
            let Some(next) = next.filter(|_| self.forgiving && resumed <= MAX_RESUMED) else { break };
            from = error_at + 1 + next;
        }
        self.finish();
        Ok(self.found)
    }

    /// Reads on from a byte of the text; where it could not go on, if not at the end.
    fn read(&mut self, start: usize) -> Result<Option<usize>, ReadError> {
        let mut reader = Reader::from_str(&self.text[start..]);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        // The text is in memory: its length and every place in it fit a usize.
        let place = |position: u64| start + position as usize;
        loop {
            let from = place(reader.buffer_position());
            match reader.read_event() {
                Ok(Event::Start(tag)) => self.open(tag, from, place(reader.buffer_position()))?,
                Ok(Event::Empty(tag)) => {
                    let name = self.name_of(&tag, from);
                    let to = place(reader.buffer_position());
                    let inside = self.field.is_some();
                    self.open(tag, from, to)?;
                    // Inside of a field a void element was not taken for open.
                    if !(self.forgiving && inside && is_void(name)) {
                        self.close(name, to);
                    }
                }
                Ok(Event::End(tag)) => {
                    let name = &self.text[from + 2..from + 2 + tag.name().as_ref().len()];
                    self.close(name, from);
                }
                Ok(Event::Eof) => return Ok(None),
                Ok(Event::Text(_) | Event::CData(_) | Event::GeneralRef(_)) => {}
                Ok(Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_)) => {}
                Err(_) => return Ok(Some(place(reader.error_position()).max(from))),
            }
            if self.wrong_tags > 0 && !self.forgiving {
                return Ok(None);
            }
        }
    }

    fn name_of(&self, tag: &BytesStart<'_>, from: usize) -> &'t str {
        &self.text[from + 1..from + 1 + tag.name().as_ref().len()]
    }

    fn open(&mut self, tag: BytesStart<'t>, from: usize, to: usize) -> Result<(), ReadError> {
        let name = self.name_of(&tag, from);
        // No attribute is shorter than two bytes.
        let many = tag.attributes_raw().len() > 2 * MAX_ATTRIBUTES;
        if many && tag.html_attributes().with_checks(false).nth(MAX_ATTRIBUTES).is_some() {
            return Err(ReadError::Hostile {
                why: format!("one of its tags has more than {MAX_ATTRIBUTES} attributes"),
            });
        }
        self.namespaces.note(&tag);
        let role = self.namespaces.role(name);
        if self.forgiving && self.ends_field(name, &tag, role) {
            self.wrong_tags += 1;
            self.end_field(from);
        }
        match (&mut self.field, role) {
            (Some(field), _) => {
                field.markup = true;
                if !(self.forgiving && is_void(name)) {
                    field.inner.push(name);
                }
            }
            (None, Role::Item) => self.open_item(tag, name),
            (None, Role::Container) => {
                self.outer.push((name, role));
                if self.item.is_none() && self.found.containers.len() < MAX_CONTAINERS {
                    self.found.containers.push(tag);
                }
            }
            (None, Role::Field(field)) => {
                self.field = Some(OpenField { name, field, tag, from: to, inner: Vec::new(), markup: false });
            }
        }
        let depth = self.outer.len() + self.field.as_ref().map_or(0, |field| field.inner.len());
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        Err(ReadError::Hostile { why: format!("its elements stand more than {MAX_DEPTH} deep in each other") })
    }

    fn open_item(&mut self, tag: BytesStart<'t>, name: &'t str) {
        if self.item.is_some() {
            self.wrong_tags += 1;
            let place = self.outer.iter().rposition(|(_, role)| *role == Role::Item);
            self.outer.truncate(place.unwrap_or(self.outer.len()));
            self.end_item();
        }
        self.outer.push((name, Role::Item));
        self.item = Some(RawItem { tag: Some(tag), ..RawItem::default() });
    }

    /// Whether an element that starts cannot stand inside the open field, so that the field's end tag must be missing.
    fn ends_field(&self, name: &str, tag: &BytesStart<'_>, role: Role) -> bool {
        let Some(open) = &self.field else { return false };
        let known = match role {
            Role::Item => return true,
            Role::Container | Role::Field(Field::Other) => return false,
            Role::Field(field) => field,
        };
        match open.field {
            Field::Other | Field::Author => false,
            // In raw HTML `<link>` has attributes, in a feed it has text.
            Field::Content | Field::Summary if known == Field::Link => tag.attributes_raw().trim().is_empty(),
            Field::Content | Field::Summary | Field::DcDescription | Field::MediaDescription => !is_html(name),
            _ => true,
        }
    }

    fn close(&mut self, name: &'t str, at: usize) {
        if let Some(field) = &mut self.field {
            if let Some(place) = field.inner.iter().rposition(|open| same(self.forgiving, open, name)) {
                self.wrong_tags += field.inner.len() - 1 - place;
                field.inner.truncate(place);
                return;
            }
            let own = same(self.forgiving, field.name, name);
            self.wrong_tags += usize::from(!own || !field.inner.is_empty());
            if !own && is_html(name) {
                return;
            }
            // An end tag that belongs to nothing inside of the field is most likely the field's own: one of the two is misspelt.
            if let (Field::Other, Role::Field(meant)) = (field.field, self.namespaces.role(name)) {
                field.field = meant;
            }
            self.end_field(at);
            if own {
                return;
            }
        }
        let Some(place) = self.outer.iter().rposition(|(open, _)| same(self.forgiving, open, name)) else {
            self.wrong_tags += 1;
            return;
        };
        self.wrong_tags += self.outer.len() - 1 - place;
        let ends_item = self.outer[place..].iter().any(|(_, role)| *role == Role::Item);
        self.outer.truncate(place);
        if ends_item {
            self.end_item();
        }
    }

    fn end_field(&mut self, at: usize) {
        let Some(open) = self.field.take() else { return };
        let content = &self.text[open.from..at.max(open.from)];
        self.found.risky |= is_risky(open.name, content);
        if open.field == Field::Other || (content.is_empty() && open.tag.attributes_raw().is_empty()) {
            return;
        }
        let field = RawField { field: open.field, tag: open.tag, content, markup: open.markup };
        self.item.as_mut().unwrap_or(&mut self.found.feed).fields.push(field);
    }

    fn end_item(&mut self) {
        let Some(item) = self.item.take() else { return };
        if self.found.items.len() < MAX_ITEMS {
            self.found.items.push(item);
        } else {
            self.found.left_out += 1;
        }
    }

    /// Ends what the end of the text left open.
    fn finish(&mut self) {
        let cut_off = self.item.is_some() || !self.outer.is_empty();
        // Half a text is better than none; half an id, address or date is another one.
        self.field = self.field.take().filter(|open| matches!(open.field, Field::Content | Field::Summary));
        let half_tag = self.text.rfind('<').filter(|at| !self.text[*at..].contains('>'));
        self.end_field(half_tag.unwrap_or(self.text.len()));
        if let Some(item) = &mut self.item {
            item.cut_off = true;
        }
        self.end_item();
        if cut_off {
            self.found.forgiven.push("the feed is cut off".to_owned());
        }
        if self.wrong_tags > 0 {
            self.found.forgiven.push("tags that do not match".to_owned());
        }
    }
}

/// Whether two names are the same: to the letter, or in any case.
fn same(forgiving: bool, one: &str, other: &str) -> bool {
    one == other || forgiving && one.eq_ignore_ascii_case(other)
}

/// Whether a field makes feed-rs 3.0 panic: it cuts letters apart beside an e-mail address, and computes with lengths of
/// any number of digits.
fn is_risky(name: &str, content: &str) -> bool {
    let local = name.rsplit(':').next().unwrap_or(name);
    match local {
        "author" | "creator" | "managingEditor" | "webMaster" => content.contains('@') && !content.is_ascii(),
        "duration" => content.len() > MAX_SAFE_LENGTH,
        _ => false,
    }
}

/// The longest `itunes:duration` that feed-rs surely computes with, in bytes.
const MAX_SAFE_LENGTH: usize = 16;
