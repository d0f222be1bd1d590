//! What does the name of an element mean, in whichever of the feed formats it stands?

use std::borrow::Cow;

use quick_xml::events::BytesStart;

/// What an element is to the scan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Role {
    /// Holds items or fields: the root, a channel, a group of media.
    Container,
    Item,
    Field(Field),
}

/// What a field of a feed or an item tells; every format has its own name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    // The order is that of trust: of two fields that tell the same, the earlier one is believed.
    Id,
    OriginalLink,
    Link,
    Title,
    Content,
    Summary,
    Author,
    Published,
    Updated,
    Category,
    /// Several, between commas.
    Keywords,
    Comments,
    CommentCount,
    InReplyTo,
    Language,
    DcTitle,
    DcDescription,
    DcCreator,
    DcDate,
    MediaTitle,
    MediaDescription,
    MediaAuthor,
    /// For how many minutes the feed is good.
    Ttl,
    UpdatePeriod,
    UpdateFrequency,
    /// Nothing that a post has.
    Other,
}

/// Which vocabulary a prefix stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Space {
    /// RSS of any version, Atom of any version, CDF.
    Core,
    Dc,
    Content,
    Slash,
    Thread,
    Media,
    Itunes,
    FeedBurner,
    Syndication,
    Xhtml,
    Other,
}

/// Prefixes as they are nearly always written; a feed may declare others.
const PREFIXES: [(&str, Space); 15] = [
    ("dc", Space::Dc),
    ("dcterms", Space::Dc),
    ("content", Space::Content),
    ("slash", Space::Slash),
    ("thr", Space::Thread),
    ("media", Space::Media),
    ("itunes", Space::Itunes),
    ("feedburner", Space::FeedBurner),
    ("sy", Space::Syndication),
    ("pheedo", Space::FeedBurner),
    ("atom", Space::Core),
    ("a10", Space::Core),
    ("rss", Space::Core),
    ("xhtml", Space::Xhtml),
    ("rdf", Space::Core),
];

/// What the names of the vocabularies contain, in lower case; feeds differ in host, version and slash.
const VOCABULARIES: [(&str, Space); 17] = [
    ("purl.org/dc/", Space::Dc),
    ("purl.org/rss/1.0/modules/content", Space::Content),
    ("purl.org/rss/1.0/modules/slash", Space::Slash),
    ("purl.org/rss/1.0/modules/syndication", Space::Syndication),
    ("purl.org/rss/1.0/modules/", Space::Other),
    ("purl.org/rss/", Space::Core),
    ("purl.org/net/rss", Space::Core),
    ("netscape.com/rdf/simple", Space::Core),
    ("backend.userland.com/rss", Space::Core),
    ("1999/02/22-rdf-syntax", Space::Core),
    ("w3.org/2005/atom", Space::Core),
    ("purl.org/atom/ns", Space::Core),
    ("purl.org/syndication/thread", Space::Thread),
    ("search.yahoo.com/mrss", Space::Media),
    ("itunes.com/dtds/podcast", Space::Itunes),
    ("rssnamespace.org/feedburner", Space::FeedBurner),
    ("w3.org/1999/xhtml", Space::Xhtml),
];

/// How many prefixes of one feed are remembered.
const MAX_PREFIXES: usize = 64;

/// The prefixes that a feed declared, wherever in it they stand.
#[derive(Default)]
pub(super) struct Namespaces(Vec<(String, Space)>);

impl Namespaces {
    /// Remembers the prefixes that a tag declares.
    pub(super) fn note(&mut self, tag: &BytesStart<'_>) {
        let attributes = tag.attributes_raw();
        if attributes.is_empty() || !attributes.contains("xmlns:") {
            return;
        }
        for attribute in tag.attributes().with_checks(false).flatten() {
            let Some(prefix) = attribute.key.as_ref().strip_prefix("xmlns:") else { continue };
            let name = attribute.value.trim().to_ascii_lowercase();
            let space =
                VOCABULARIES.iter().find(|(part, _)| name.contains(part)).map_or(Space::Other, |(_, space)| *space);
            if self.0.len() < MAX_PREFIXES && !self.0.iter().any(|(known, _)| known == prefix) {
                self.0.push((prefix.to_owned(), space));
            }
        }
    }

    fn space(&self, prefix: &str) -> Space {
        let declared = self.0.iter().find(|(known, _)| known == prefix).map(|(_, space)| *space);
        let usual = || PREFIXES.iter().find(|(known, _)| prefix.eq_ignore_ascii_case(known)).map(|(_, space)| *space);
        declared.or_else(usual).unwrap_or(Space::Other)
    }

    /// What the element of this name is; names are taken in any case, for some feeds shout.
    pub(super) fn role(&self, name: &str) -> Role {
        let (space, local) = match name.split_once(':') {
            Some((prefix, local)) => (self.space(prefix), local),
            None => (Space::Core, name),
        };
        let local = match local.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(local.to_ascii_lowercase()),
            false => Cow::Borrowed(local),
        };
        match (space, &local[..]) {
            (Space::Core, "item" | "entry") => Role::Item,
            (Space::Core, "rss" | "rdf" | "feed" | "channel") | (Space::Media, "group") => Role::Container,
            (space, local) => Role::Field(field(space, local)),
        }
    }
}

fn field(space: Space, local: &str) -> Field {
    match (space, local) {
        (Space::Core, "guid" | "id") => Field::Id,
        (Space::FeedBurner, "origlink") => Field::OriginalLink,
        (Space::Core, "link") => Field::Link,
        (Space::Core, "title") => Field::Title,
        (Space::Core, "content" | "encoded" | "body" | "fullitem")
        | (Space::Content, "encoded")
        | (Space::Xhtml, "body" | "div") => Field::Content,
        (Space::Core, "description" | "summary" | "abstract") => Field::Summary,
        (Space::Core, "author") => Field::Author,
        (Space::Core, "pubdate" | "published" | "issued") => Field::Published,
        (Space::Core, "updated" | "modified" | "lastmod") => Field::Updated,
        (Space::Core | Space::Media, "category") | (Space::Dc, "subject") => Field::Category,
        (Space::Itunes, "keywords") => Field::Keywords,
        (Space::Core, "comments") => Field::Comments,
        (Space::Slash, "comments") | (Space::Thread, "total") => Field::CommentCount,
        (Space::Thread, "in-reply-to") => Field::InReplyTo,
        (Space::Core | Space::Dc, "language") => Field::Language,
        (Space::Dc, "title") => Field::DcTitle,
        (Space::Dc, "description") => Field::DcDescription,
        (Space::Dc, "creator" | "author") => Field::DcCreator,
        (Space::Dc, "date" | "created" | "issued" | "available") | (Space::Core, "created" | "date") => Field::DcDate,
        (Space::Dc, "modified") => Field::Updated,
        (Space::Media | Space::Itunes, "title") => Field::MediaTitle,
        (Space::Media, "description") | (Space::Itunes, "summary" | "subtitle") => Field::MediaDescription,
        (Space::Itunes, "author") => Field::MediaAuthor,
        (Space::Core, "ttl") => Field::Ttl,
        (Space::Syndication, "updateperiod") => Field::UpdatePeriod,
        (Space::Syndication, "updatefrequency") => Field::UpdateFrequency,
        _ => Field::Other,
    }
}

/// Elements of HTML that have no end tag.
const VOID: [&str; 12] = ["br", "hr", "img", "input", "wbr", "area", "base", "col", "embed", "meta", "param", "track"];

/// Elements of HTML whose end tags turn up in feeds without their start.
const HTML: [&str; 66] = [
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "audio",
    "b",
    "big",
    "blink",
    "blockquote",
    "body",
    "button",
    "caption",
    "center",
    "cite",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "html",
    "i",
    "iframe",
    "ins",
    "kbd",
    "label",
    "li",
    "marquee",
    "nobr",
    "object",
    "ol",
    "option",
    "p",
    "pre",
    "q",
    "s",
    "script",
    "section",
    "select",
    "small",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "table",
    "tt",
    "u",
    "ul",
];

/// Further ones, of tables and media.
const HTML_PARTS: [&str; 9] = ["noscript", "picture", "source", "tbody", "td", "th", "thead", "tr", "video"];

pub(super) fn is_void(name: &str) -> bool {
    VOID.iter().any(|known| name.eq_ignore_ascii_case(known))
}

pub(super) fn is_html(name: &str) -> bool {
    is_void(name) || HTML.iter().chain(&HTML_PARTS).any(|known| name.eq_ignore_ascii_case(known))
}
