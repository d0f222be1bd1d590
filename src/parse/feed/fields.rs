//! What do the fields of an item of RSS, RDF, Atom or CDF say?

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use super::entity;
use super::item::{Item, Markup};
use super::names::Field;
use super::person::person;
use super::scan::{RawField, RawItem, Scan};
use super::tag::length_of_markup;
use crate::model::{Duration, RawAuthor, TextForm, Timestamp};
use crate::parse::date;

/// Longest time between two changes that a feed is believed, in minutes: 30 days.
const MAX_MINUTES: u64 = 30 * 24 * 60;

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
    pub fn of(scan: &Scan<'_>, address: &Url) -> Self {
        // An Atom document may be a single entry, which nothing stands around.
        let root = scan.containers.first().or(scan.items.first().and_then(|item| item.tag.as_ref()));
        let atom = root.is_some_and(|tag| matches!(tag.local_name().as_ref(), "feed" | "entry"));
        let base = scan.containers.iter().fold(address.clone(), |base, tag| base_of(tag, &base).into_owned());
        let mut context = Self { base, atom, address: address.clone(), lang: None, author: None };
        let mut feed = Item::default();
        fill(&mut feed, &scan.feed, &context);
        context.lang = scan.containers.iter().find_map(|tag| attribute(tag, "xml:lang")).or(feed.lang);
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
    let mut links = Links { html: item.link.is_some(), ..Links::default() };
    for field in fields {
        match field.field {
            Field::Id => set(&mut item.id, || words(field)),
            Field::OriginalLink => item.link = address(&text(field), &base).or_else(|| item.link.take()),
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
            Field::Published | Field::DcDate => set(&mut item.published, || moment(field)),
            Field::Updated => set(&mut item.updated, || moment(field)),
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
    set(&mut item.id, || tag.and_then(|tag| attribute(tag, "rdf:about")));
    set(&mut item.link, || tag.and_then(|tag| address(&attribute(tag, "href")?, &base)));
    set(&mut item.link, || links.last_resort());
    set(&mut item.link, || address_only(item.id.as_deref()?));
    set(&mut item.target, || links.about(item.link.as_ref()));
    // CDF says it of the item itself.
    set(&mut item.updated, || tag.and_then(|tag| date::parse(&attribute(tag, "lastmod")?)));
    set(&mut item.lang, || {
        raw.fields
            .iter()
            .find(|field| field.field == Field::Content)
            .and_then(|field| attribute(&field.tag, "xml:lang"))
    });
    set(&mut item.lang, || tag.and_then(|tag| attribute(tag, "xml:lang")).or_else(|| context.lang.clone()));
    set(&mut item.author, || context.author.clone());
    // Atom must say when an entry was changed and may say when it was published.
    item.published = item.published.or(item.updated);
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
        let Some(href) = attribute(&field.tag, "href").filter(|_| text(field).trim().is_empty()) else {
            return set(&mut item.link, || address(&text(field), base));
        };
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

fn category(field: &RawField<'_>) -> Option<String> {
    let human = |name: &String| !name.contains("://") && !name.trim().is_empty();
    let term =
        attribute(&field.tag, "term").filter(human).or_else(|| attribute(&field.tag, "label")).or_else(|| words(field));
    term.map(|term| term.trim().to_owned()).filter(human)
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
            Some(binary) if BINARY.iter().any(|start| binary.starts_with(start)) => Markup::html(base64(&text(field))?),
            _ => read(text(field).into_owned()),
        }
    };
    Some(found).filter(|found| !found.text.trim().is_empty())
}

fn text<'t>(field: &RawField<'t>) -> Cow<'t, str> {
    unwrapped(field.content, !field.markup)
}

/// Content without CDATA marks, comments and instructions; what stands outside of CDATA is decoded if asked for.
fn unwrapped(content: &str, decoded: bool) -> Cow<'_, str> {
    let read = |part| if decoded { entity::decode(part) } else { Cow::Borrowed(part) };
    if !content.contains("<!") && !content.contains("<?") {
        return read(content);
    }
    let mut whole = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.as_bytes().windows(2).position(|pair| matches!(pair, b"<!" | b"<?")) {
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
