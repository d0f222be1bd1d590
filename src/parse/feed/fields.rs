//! What do the fields of an item of RSS, RDF, Atom or CDF say?

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use super::entity;
use super::item::{Item, Markup, trimmed};
use super::names::Field;
use super::person::person;
use super::scan::{RawField, RawItem, Scan};
use super::tag::length_of_markup;
use crate::model::{Duration, RawAuthor, Response, TextForm, Timestamp};
use crate::parse::date;

/// Longest time between two changes that a feed is believed, in minutes: 30 days.
const MAX_MINUTES: u64 = 30 * 24 * 60;

/// What the answer around a feed says of it.
pub(super) struct Answer<'a> {
    /// Where it was read.
    pub url: &'a Url,
    /// What its relative addresses count from unless it says otherwise.
    pub base: Url,
    /// In which language it is unless it says otherwise.
    pub lang: Option<&'a str>,
}

impl<'a> Answer<'a> {
    pub fn of(response: &'a Response) -> Self {
        let lang = response.header("content-language").map(str::trim).filter(|lang| !lang.contains(','));
        Self { url: &response.url, base: base_of_answer(response), lang }
    }
}

/// What relative addresses of an answer count from: its address, or `Content-Location`.
///
/// RFC 7231 took that meaning back because servers behind others name themselves by addresses that nobody can reach; such ones do not
/// count here either. Where one does count it is right: a feed is made relative to where its file lies.
fn base_of_answer(response: &Response) -> Url {
    let own = &response.url;
    let stated = response.header("content-location").and_then(|place| address(place, own));
    let reachable = |place: &Url| {
        place.host() == own.host() || place.domain().is_some_and(|name| name.contains('.') && !name.ends_with(".local"))
    };
    stated.filter(reachable).filter(|place| place.join(".") != own.join(".")).unwrap_or_else(|| own.clone())
}

/// What the feed says once for all of its items.
pub(super) struct Context {
    pub base: Url,
    /// Text without a stated type is plain in Atom and markup in RSS.
    pub atom: bool,
    /// Where the feed was read: what relative links of a post count from unless the feed says otherwise.
    address: Url,
    lang: Option<String>,
    author: Option<RawAuthor>,
}

impl Context {
    pub fn of(scan: &Scan<'_>, answer: &Answer<'_>) -> Self {
        // An Atom document may be a single entry, which nothing stands around.
        let root = scan.containers.first().or(scan.items.first().and_then(|item| item.tag.as_ref()));
        let atom = root.is_some_and(|tag| matches!(tag.local_name().as_ref(), "feed" | "entry"));
        let outermost = answer.base.clone();
        let base = scan.containers.iter().fold(outermost, |base, tag| base_of(tag, &base).into_owned());
        let mut context = Self { base, atom, address: answer.url.clone(), lang: None, author: None };
        let mut feed = Item::default();
        fill(&mut feed, &scan.feed, &context);
        let lang = scan.containers.iter().find_map(|tag| attribute(tag, "xml:lang")).or(feed.lang);
        context.lang = lang.or_else(|| answer.lang.map(str::to_owned));
        // In Atom the feed's author wrote what names nobody else; in RSS the editor of the channel did not.
        context.author = feed.author.filter(|_| atom);
        context
    }

    /// Makes the links of a text absolute where they count from elsewhere than the feed's own address.
    fn rebase(&self, text: &mut Option<Markup>, base: &Url) {
        let Some(markup) = text.as_mut().filter(|_| *base != self.address) else { return };
        if markup.form == TextForm::Html {
            markup.text = super::base::absolute(&markup.text, base);
        }
    }
}

/// The items of a feed as their fields say.
pub(super) fn items(scan: &Scan<'_>, context: &Context) -> impl Iterator<Item = Item> {
    scan.items.iter().map(|raw| {
        let mut item = Item::default();
        fill(&mut item, raw, context);
        item
    })
}

/// Reads those fields that the item does not have yet.
pub(super) fn fill(item: &mut Item, raw: &RawItem<'_>, context: &Context) {
    let tag = raw.tag.as_ref();
    let base = tag.map_or(Cow::Borrowed(&context.base), |tag| base_of(tag, &context.base));
    let mut fields: Vec<&RawField<'_>> = raw.fields.iter().collect();
    fields.sort_by_key(|field| field.field);
    let had_tags = !item.tags.is_empty();
    let mut dates = Dates::default();
    let mut links = Links { html: item.link.is_some(), ..Links::default() };
    for field in fields {
        match field.field {
            Field::Id => {
                set(&mut item.id, || words(field));
                let base = base_of(&field.tag, &base);
                item.id = item.id.take().map(|id| absolute_id(id, field, &base, context));
            }
            Field::OriginalLink => {
                item.link = address(&text(field), &base).or_else(|| item.link.take());
                // No other link says better where the page is.
                links.html = item.link.is_some();
            }
            Field::Link => links.note(field, &base_of(&field.tag, &base), item),
            Field::Title => set_text(&mut item.title, field, context, Markup::title),
            Field::Content => {
                set_text(&mut item.content, field, context, Markup::html);
                context.rebase(&mut item.content, &base_of(&field.tag, &base));
            }
            Field::Summary => {
                set_text(&mut item.summary, field, context, Markup::html);
                context.rebase(&mut item.summary, &base_of(&field.tag, &base));
            }
            Field::DcTitle | Field::MediaTitle => set(&mut item.title, || markup(field, context, Markup::title)),
            Field::DcDescription | Field::MediaDescription if item.content.is_none() => {
                set(&mut item.summary, || markup(field, context, Markup::html));
            }
            Field::DcDescription | Field::MediaDescription => {}
            // feed-rs does not resolve the address of an author, its `uri` or `url`.
            Field::Author
                if field.content.contains("<ur") && item.author.as_ref().is_none_or(|author| author.url.is_none()) =>
            {
                item.author = author(field, &base).or_else(|| item.author.take());
            }
            Field::Author | Field::DcCreator | Field::MediaAuthor => set(&mut item.author, || author(field, &base)),
            Field::Published | Field::DcDate => dates.published.note(field),
            Field::Updated => dates.updated.note(field),
            Field::Category if !had_tags => item.tags.extend(category(field)),
            Field::Category => {}
            Field::Keywords => {
                let words = text(field);
                let keywords = words.split(',').map(str::trim).filter(|word| !word.is_empty());
                item.tags.extend(keywords.map(str::to_owned));
            }
            Field::Comments => set(&mut item.comments, || address(&text(field), &base)),
            Field::CommentCount => set(&mut item.replies, || text(field).trim().parse().ok()),
            Field::InReplyTo => set(&mut item.reply_to, || attribute(&field.tag, "ref").or_else(|| words(field))),
            Field::Language => set(&mut item.lang, || words(field)),
            Field::Ttl | Field::UpdatePeriod | Field::UpdateFrequency | Field::Other => {}
        }
    }
    set(&mut item.published, || dates.published.moment);
    set(&mut item.updated, || dates.updated.moment);
    set(&mut item.id, || tag.and_then(|tag| attribute(tag, "rdf:about")));
    set(&mut item.link, || tag.and_then(|tag| address(&attribute(tag, "href")?, &base)));
    set(&mut item.link, || links.last_resort());
    set(&mut item.link, || address_only(item.id.as_deref()?));
    set(&mut item.target, || links.about(item.link.as_ref()));
    // CDF says it of the item itself.
    set(&mut item.updated, || tag.and_then(|tag| date::parse(&attribute(tag, "lastmod")?)));
    set(&mut item.lang, || language(raw));
    set(&mut item.lang, || tag.and_then(|tag| attribute(tag, "xml:lang")).or_else(|| context.lang.clone()));
    set(&mut item.author, || context.author.clone());
    // Atom must say when an entry was changed and may say when it was published.
    item.published = item.published.or(item.updated);
}

/// The language that the longest text of an item states for itself.
fn language(raw: &RawItem<'_>) -> Option<String> {
    let stated = |wanted: Field| {
        let mut texts = raw.fields.iter().filter(|field| field.field == wanted);
        texts.find_map(|field| attribute(&field.tag, "xml:lang"))
    };
    [Field::Content, Field::Summary, Field::Title].into_iter().find_map(stated)
}

/// An id as the address that it is short for: in Atom where the feed gives a base for it, and everywhere a whole path (`/p/12`),
/// which means the same in every feed of the site.
fn absolute_id(id: String, field: &RawField<'_>, base: &Url, context: &Context) -> String {
    let whole_path =
        id.starts_with('/') && attribute(&field.tag, "isPermaLink").is_none_or(|is_link| is_link != "false");
    let relative = whole_path || context.atom && *base != context.address;
    if !relative || Url::parse(&id) != Err(url::ParseError::RelativeUrlWithoutBase) {
        return id;
    }
    base.join(&id).map_or(id, String::from)
}

/// How often a feed says that it changes: its `ttl` in minutes, or `sy:updatePeriod` and `sy:updateFrequency`; the longer one.
pub(super) fn every(feed: &RawItem<'_>) -> Option<Duration> {
    let says = |wanted: Field| feed.fields.iter().find(|field| field.field == wanted).and_then(words);
    let number = |wanted: Field| says(wanted)?.parse::<u64>().ok().filter(|number| *number > 0);
    let ttl = number(Field::Ttl).map(|minutes| Duration::minutes(minutes.min(MAX_MINUTES)));
    let period = says(Field::UpdatePeriod).and_then(|period| match &period.to_ascii_lowercase()[..] {
        "hourly" => Some(60),
        "daily" => Some(24 * 60),
        "weekly" => Some(7 * 24 * 60),
        "monthly" | "yearly" => Some(MAX_MINUTES),
        _ => None,
    });
    let often = number(Field::UpdateFrequency).unwrap_or(1);
    let period = period.map(|minutes| Duration::minutes((minutes / often).max(1)));
    ttl.max(period)
}

fn set<T>(slot: &mut Option<T>, value: impl FnOnce() -> Option<T>) {
    if slot.is_none() {
        *slot = value();
    }
}

/// Sets a text; where elements stand in it that feed-rs did not expect there, it has only the text before them.
fn set_text(slot: &mut Option<Markup>, field: &RawField<'_>, context: &Context, read: fn(String) -> Markup) {
    if slot.is_none() || field.markup {
        *slot = markup(field, context, read).or_else(|| slot.take());
    }
}

#[derive(Default)]
struct Dates<'t> {
    published: Date<'t>,
    updated: Date<'t>,
}

/// A date of an item: of the element that is trusted most, and of several such elements that of the last one, as feed-rs takes it.
#[derive(Default)]
struct Date<'t> {
    name: Option<&'t str>,
    moment: Option<Timestamp>,
}

impl<'t> Date<'t> {
    fn note(&mut self, field: &'t RawField<'_>) {
        let name = field.tag.name().into_inner();
        if self.name.is_some_and(|first| first != name) {
            return;
        }
        if let Some(moment) = moment(field) {
            (self.name, self.moment) = (Some(name), Some(moment));
        }
    }
}

/// The links of one item that are not simply its page.
#[derive(Default)]
struct Links {
    /// The item's page is stated to be HTML.
    html: bool,
    related: Vec<Url>,
    own: Option<Url>,
}

impl Links {
    fn note(&mut self, field: &RawField<'_>, base: &Url, item: &mut Item) {
        let Some(href) = words(field).or_else(|| attribute(&field.tag, "href")) else { return };
        let href = || address(&href, base);
        match attribute(&field.tag, "rel").as_deref().unwrap_or("alternate") {
            "alternate" => {
                let html = attribute(&field.tag, "type").is_none_or(|kind| kind.contains("html"));
                if item.link.is_none() || html && !self.html {
                    item.link = href().or_else(|| item.link.take());
                }
                self.html |= html;
            }
            "related" => self.related.extend(href()),
            "self" => self.own = href(),
            "replies" => set(&mut item.replies, || attribute(&field.tag, "thr:count")?.trim().parse().ok()),
            _ => {}
        }
    }

    /// The page the item is about, if it names exactly one.
    fn about(&mut self, link: Option<&Url>) -> Option<Url> {
        self.related.retain(|related| Some(related) != link);
        if self.related.len() == 1 { self.related.pop() } else { None }
    }

    fn last_resort(&mut self) -> Option<Url> {
        self.own.take()
    }
}

/// The base that counts inside of an element.
fn base_of<'b>(tag: &BytesStart<'_>, around: &'b Url) -> Cow<'b, Url> {
    let stated = attribute(tag, "xml:base").and_then(|base| around.join(base.trim()).ok());
    stated.map_or(Cow::Borrowed(around), Cow::Owned)
}

/// A page's address, made absolute; `None` for what no browser opens.
pub(super) fn address(text: &str, base: &Url) -> Option<Url> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    base.join(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// An absolute address.
pub(super) fn address_only(text: &str) -> Option<Url> {
    Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// The value of an attribute, in whatever case its name is written.
fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    if tag.attributes_raw().trim_ascii().len() <= name.len() {
        return None;
    }
    let mut attributes = tag.html_attributes();
    let found = attributes.with_checks(false).flatten().find(|found| found.key.as_ref().eq_ignore_ascii_case(name))?;
    Some(entity::decode(&found.value).into_owned())
}

/// What is written in a field, trimmed; `None` when that is nothing.
fn words(field: &RawField<'_>) -> Option<String> {
    Some(text(field).trim().to_owned()).filter(|text| !text.is_empty())
}

fn moment(field: &RawField<'_>) -> Option<Timestamp> {
    date::parse(&text(field)).or_else(|| date::parse(&attribute(&field.tag, "value")?))
}

fn category(field: &RawField<'_>) -> impl Iterator<Item = String> + use<> {
    let said = [attribute(&field.tag, "term"), attribute(&field.tag, "label")];
    let words = if said.iter().flatten().any(|name| is_human(name)) { None } else { words(field) };
    let [term, label] = said;
    tags_of(term.or(words), label)
}

/// The tags of one category: the term that sites file it under, and the label that its readers see instead.
pub(super) fn tags_of(term: Option<String>, label: Option<String>) -> impl Iterator<Item = String> {
    let label = label.filter(|label| term.as_ref().is_none_or(|term| !says_only(label, term)));
    [term, label].into_iter().flatten().filter(|name| is_human(name)).map(trimmed)
}

/// Whether a label is but the term in other letters or with a sign before it: `Bugs`, `r/acme`.
fn says_only(label: &str, term: &str) -> bool {
    let (label, term) = (label.trim().to_lowercase(), term.trim().to_lowercase());
    let before = label.strip_suffix(&term);
    before.is_some_and(|before| before.is_empty() || !before.ends_with(char::is_alphanumeric) && !before.contains(' '))
}

/// Whether a category is called something, and not only known by an address.
fn is_human(name: &str) -> bool {
    !name.contains("://") && !name.trim().is_empty()
}

/// What the parts of a person begin with in Atom; an author without them is a line in some markup.
const PERSON: [&str; 5] = ["<name", "<email", "<ur", "<homepage", ":name"];

fn author(field: &RawField<'_>, base: &Url) -> Option<RawAuthor> {
    if !field.markup {
        return person(&text(field));
    }
    if !PERSON.iter().any(|part| field.content.contains(part)) {
        return person(&text(field));
    }
    let part = |name| child(field.content, name);
    let line = part("name").filter(|name| !name.trim().is_empty()).or_else(|| part("email"))?;
    Some(RawAuthor {
        url: part("uri").or_else(|| part("url")).and_then(|url| address(&url, base)).map(String::from),
        ..person(&line)?
    })
}

/// The text of the first element of this name in a piece of markup.
fn child(markup: &str, name: &str) -> Option<String> {
    let mut reader = Reader::from_str(markup);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut from = None;
    loop {
        let at = reader.buffer_position() as usize;
        match reader.read_event().ok()? {
            Event::Start(tag) if from.is_none() && tag.local_name().as_ref() == name => {
                from = Some(reader.buffer_position() as usize)
            }
            Event::End(_) | Event::Eof if from.is_some() => {
                return Some(unwrapped(&markup[from?..at], true).into_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// Types of content that stands there in Base64; sometimes it is text all the same.
const BINARY: [&str; 7] =
    ["image/", "audio/", "video/", "font/", "application/octet-stream", "application/pdf", "application/zip"];

/// The text that Atom may hold in Base64.
fn base64(text: &str) -> Option<String> {
    let letters: String = text.split_whitespace().collect();
    String::from_utf8(BASE64_STANDARD.decode(letters).ok()?).ok()
}

/// A piece of text in the form that its `type` and `mode` state; `None` when it is empty or no text at all.
fn markup(field: &RawField<'_>, context: &Context, read: fn(String) -> Markup) -> Option<Markup> {
    if attribute(&field.tag, "mode").as_deref() == Some("base64") {
        return base64(&text(field)).map(Markup::html);
    }
    let kind = attribute(&field.tag, "type");
    let kind = kind.as_deref().or(context.atom.then_some("text"));
    let found = if field.markup {
        Markup::html(unwrapped(field.content, false).into_owned())
    } else {
        match kind {
            Some("text" | "text/plain") => Markup::plain(text(field)),
            Some("html" | "text/html" | "xhtml" | "application/xhtml+xml") => Markup::html(text(field).into_owned()),
            Some(xml) if is_other_xml(xml) && attribute(&field.tag, "mode").is_none() => Markup::plain(text(field)),
            Some(binary) if BINARY.iter().any(|start| binary.starts_with(start)) => Markup::html(base64(&text(field))?),
            _ => read(text(field).into_owned()),
        }
    };
    Some(found).filter(|found| !found.text.trim().is_empty())
}

/// Whether a type of content is XML of which the elements would stand there as such: escaped ones are text.
pub(super) fn is_other_xml(kind: &str) -> bool {
    (kind.ends_with("+xml") || kind.ends_with("/xml")) && !kind.contains("xhtml")
}

fn text<'t>(field: &RawField<'t>) -> Cow<'t, str> {
    unwrapped(field.content, !field.markup)
}

/// Content without CDATA marks, comments and instructions; what stands outside of CDATA is decoded if asked for.
fn unwrapped(content: &str, decoded: bool) -> Cow<'_, str> {
    let read = |part| if decoded { entity::decode(part) } else { Cow::Borrowed(part) };
    if next_mark(content).is_none() {
        return read(content);
    }
    let mut whole = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = next_mark(rest) {
        whole.push_str(&read(&rest[..at]));
        let length = length_of_markup(&rest[at..]);
        let part = &rest[at..at + length];
        if let Some(inside) = part.strip_prefix("<![CDATA[") {
            whole.push_str(inside.strip_suffix("]]>").unwrap_or(inside));
        }
        rest = &rest[at + length..];
    }
    whole.push_str(&read(rest));
    Cow::Owned(whole)
}

/// Where the next CDATA section, comment or instruction begins.
fn next_mark(content: &str) -> Option<usize> {
    let bytes = content.as_bytes();
    memchr::memchr_iter(b'<', bytes).find(|at| matches!(bytes.get(at + 1), Some(b'!' | b'?')))
}
