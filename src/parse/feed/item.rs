//! How do the items of a feed, found by any of the readers, become raw posts?

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use memchr::memchr2;
use url::Url;

use super::names::is_html;
use super::xhtml;
use crate::model::{Engagement, PostType, RawAuthor, RawPost, Rejection, TextForm, Timestamp};

/// The longest id that is kept as it is, in bytes; of a longer one its hash.
const MAX_ID: usize = 512;

/// Longest quotation in a rejection, in characters (see [`Rejection::what`]).
const MAX_QUOTED: usize = 120;

/// How far behind a tag in a title its end is looked for, in characters.
const MAX_INSIDE: usize = 1_000;

/// An item as a reader found it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Item {
    /// `guid`, `id`, `rdf:about`.
    pub id: Option<String>,
    pub link: Option<Url>,
    /// The page that the format says it is about (`rel="related"`, `external_url`).
    pub target: Option<Url>,
    /// The page where it is discussed.
    pub comments: Option<Url>,
    pub title: Option<Markup>,
    pub content: Option<Markup>,
    pub summary: Option<Markup>,
    pub author: Option<RawAuthor>,
    pub published: Option<Timestamp>,
    pub updated: Option<Timestamp>,
    pub lang: Option<String>,
    pub tags: Vec<String>,
    pub replies: Option<u64>,
    /// The id of the item that this one answers.
    pub reply_to: Option<String>,
}

impl Item {
    /// Whether there is nothing to know it again by, or nothing to read.
    pub fn says_too_little(&self) -> bool {
        let nameless = self.id.is_none() && self.link.is_none();
        nameless || self.title.is_none() && self.content.is_none() && self.summary.is_none()
    }

    /// Takes over what this item does not say and another reading of it does.
    pub fn fill_in(&mut self, other: Self) {
        self.id = self.id.take().or(other.id);
        self.link = self.link.take().or(other.link);
        self.title = self.title.take().or(other.title);
        self.content = self.content.take().or(other.content);
        self.summary = self.summary.take().or(other.summary);
        self.author = self.author.take().or(other.author);
        self.published = self.published.or(other.published);
        self.updated = self.updated.or(other.updated);
        self.lang = self.lang.take().or(other.lang);
        if self.tags.is_empty() {
            self.tags = other.tags;
        }
    }
}

/// A piece of text, and what it is written in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Markup {
    pub text: String,
    pub form: TextForm,
}

impl Markup {
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: trimmed(text.into()), form: TextForm::Plain }
    }

    /// Text that may hold markup; it is plain where nothing in it could be.
    pub fn html(text: String) -> Self {
        match memchr2(b'<', b'&', text.as_bytes()) {
            Some(_) => Self { text: trimmed(xhtml::as_html(text)), form: TextForm::Html },
            None => Self::plain(text),
        }
    }

    /// The title of an item of RSS, which should be plain text and often is HTML: a `<` that starts no common
    /// inline element is text, so that `How to use <AcmeButton>` keeps its words.
    pub fn title(text: String) -> Self {
        if !text.contains('<') {
            return Self::html(text);
        }
        let mut html = String::with_capacity(text.len() + 16);
        let mut opened = Vec::new();
        let mut behind = 0;
        for (number, part) in text.split('<').enumerate() {
            behind += part.len() + 1;
            if number > 0 {
                let wraps = has_attribute(part) || is_closed(part, text.get(behind..).unwrap_or_default());
                let tag = wraps || starts_inline(part) || closes(part, &opened);
                if wraps {
                    opened.extend(part.split(|letter: char| letter.is_whitespace() || letter == '>').next());
                }
                html.push_str(if tag { "<" } else { "&lt;" });
            }
            html.push_str(part);
        }
        Self::html(html)
    }

    fn into_html(self) -> String {
        match self.form {
            TextForm::Html => self.text,
            TextForm::Plain => quick_xml::escape::partial_escape(self.text).into_owned(),
        }
    }
}

pub(super) fn trimmed(text: String) -> String {
    let kept = text.trim();
    if kept.len() == text.len() { text } else { kept.to_owned() }
}

/// Elements that stand in titles.
const INLINE: [&str; 31] = [
    "a", "abbr", "b", "big", "br", "cite", "code", "del", "div", "em", "font", "h1", "h2", "h3", "i", "img", "ins",
    "kbd", "mark", "p", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "wbr",
];

/// Whether what stands behind a `<` makes it the start of a tag or a comment.
fn starts_inline(behind: &str) -> bool {
    let name = behind.strip_prefix('/').unwrap_or(behind);
    let end = name.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(name.len());
    behind.starts_with("!--") || INLINE.iter().any(|known| name[..end].eq_ignore_ascii_case(known))
}

/// Whether what stands behind a `<` is a name with an attribute: nobody writes `<embed src="…">` to be read.
fn has_attribute(behind: &str) -> bool {
    let Some((tag, _)) = behind.split_once('>') else { return false };
    let Some((name, attributes)) = tag.split_once(' ') else { return false };
    let named = attributes.trim_start().split_once("=\"").is_some_and(|(attribute, _)| is_name(attribute));
    is_name(name) && named
}

/// Whether what stands behind a `<` is an element of HTML that is ended in the text after it.
fn is_closed(part: &str, after: &str) -> bool {
    let Some((name, _)) = part.split_once('>') else { return false };
    let near = after.char_indices().nth(MAX_INSIDE).map_or(after, |(at, _)| &after[..at]);
    is_html(name) && near.split('/').skip(1).any(|end| end.strip_prefix(name).is_some_and(|end| end.starts_with('>')))
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether what stands behind a `<` ends one of the elements opened before.
fn closes(behind: &str, opened: &[&str]) -> bool {
    let closed = behind.strip_prefix('/').and_then(|rest| rest.split_once('>')).map(|(name, _)| name);
    closed.is_some_and(|closed| opened.contains(&closed))
}

/// The items of a feed in its order; what could not be read at all is a rejection.
pub(super) type Items = Vec<Result<Item, Rejection>>;

/// The posts of a feed in its order. `feed` is the address that the feed was read from.
pub(super) fn posts(items: Items, feed: &Url) -> Vec<Result<RawPost, Rejection>> {
    let keys = Keys::of(&items, host(feed));
    items.into_iter().map(|item| item.and_then(|item| keys.post(item))).collect()
}

/// What makes the items of one feed known again at the next poll, and in another feed of the same site.
struct Keys {
    host: String,
    /// Ids and links that several different items have, which therefore name none of them.
    shared: HashSet<String>,
}

impl Keys {
    fn of(items: &[Result<Item, Rejection>], host: &str) -> Self {
        let mut first: HashMap<Cow<'_, str>, &Item> = HashMap::with_capacity(items.len());
        let mut shared = HashSet::new();
        for item in items.iter().flatten() {
            let link = || item.link.as_ref().map(link_key);
            let Some(name) = item.id.as_deref().map(Cow::Borrowed).or_else(link) else { continue };
            match first.entry(name) {
                // Sites list one item twice, and change its title or its tracking meanwhile: that is still one.
                Entry::Occupied(other) => {
                    let other_page = other.get().link != item.link || item.id.is_none();
                    if other.get().title != item.title && other_page {
                        shared.insert(other.key().clone().into_owned());
                    }
                }
                Entry::Vacant(place) => {
                    place.insert(item);
                }
            }
        }
        Self { host: host.to_owned(), shared }
    }

    /// Its id where it has one of its own, else its link, else a hash of its words.
    fn key(&self, item: &Item) -> String {
        if let Some(id) = item.id.as_ref().filter(|id| !self.shared.contains(*id)) {
            return self.of_id(id);
        }
        if let Some(link) = item.link.as_ref().map(link_key).filter(|link| !self.shared.contains(&**link)) {
            return link.into_owned();
        }
        let mut words = blake3::Hasher::new();
        // How a feed is wrapped and indented changes with the software that writes it, and with the reader.
        for text in [&item.title, &item.content, &item.summary].into_iter().flatten() {
            text.text.split_whitespace().for_each(|word| {
                words.update(word.as_bytes()).update(b" ");
            });
        }
        if let Some(published) = item.published {
            words.update(&published.0.to_be_bytes());
        }
        format!("{}:{}", self.host, &words.finalize().to_hex()[..32])
    }

    /// Ids that are the same all over the world stay as they are; others are the site's own.
    fn of_id(&self, id: &str) -> String {
        let known_everywhere = ["http://", "https://", "tag:", "urn:", "at://", "info:", "doi:"];
        match id {
            _ if id.len() > MAX_ID => format!("{}:{}", self.host, &blake3::hash(id.as_bytes()).to_hex()[..32]),
            _ if known_everywhere.iter().any(|start| id.starts_with(start)) => id.to_owned(),
            _ => format!("{}:{id}", self.host),
        }
    }

    fn post(&self, mut item: Item) -> Result<RawPost, Rejection> {
        if item.tags.len() > 1 {
            let mut known = HashSet::new();
            item.tags.retain(|tag| known.insert(tag.clone()));
        }
        let key = self.key(&item);
        let (url, target) = self.addresses(&item);
        let body = match (item.content, item.summary) {
            (Some(content), Some(summary)) if summary.text.len() > content.text.len() => Some(summary),
            (content, summary) => content.or(summary),
        };
        if item.title.is_none() && body.is_none() && url.is_none() && item.id.is_none() {
            return Err(Rejection { why: "an item without id, link, title and text".into(), what: String::new() });
        }
        let mut title = item.title.unwrap_or_else(|| Markup::plain(""));
        // Of a link and nothing else a reader sees the link.
        if let Some(page) = url.as_ref().filter(|_| title.text.is_empty() && body.is_none()) {
            title = Markup::plain(page.as_str());
        }
        let text = body.unwrap_or_else(|| Markup::plain(""));
        let form = if title.form == text.form { title.form } else { TextForm::Html };
        let written = |markup: Markup| if form == TextForm::Html { markup.into_html() } else { markup.text };
        Ok(RawPost {
            key,
            url: url.map(String::from).unwrap_or_default(),
            target: target.map(String::from),
            post_type: if item.reply_to.is_some() { PostType::Comment } else { PostType::Article },
            thread: item.reply_to.map(|id| self.of_id(&id)),
            title: written(title),
            text: written(text),
            form,
            author: item.author,
            published: item.published,
            updated: item.updated,
            lang: item.lang,
            tags: item.tags,
            engagement: Engagement { replies: item.replies, ..Engagement::default() },
        })
    }

    /// The item's own page and the page that it points to.
    ///
    /// Where the page of the comments is the item's id or lies on the feed's site, and the link leads to another site,
    /// the item is a submission: people talk at the one about the other.
    fn addresses(&self, item: &Item) -> (Option<Url>, Option<Url>) {
        let (Some(link), Some(comments)) = (&item.link, &item.comments) else {
            return (item.link.clone().or_else(|| item.comments.clone()), item.target.clone());
        };
        let at_home = host(comments) == self.host || item.id.as_deref() == Some(comments.as_str());
        if at_home && host(link) != host(comments) && item.target.is_none() {
            return (Some(comments.clone()), Some(link.clone()));
        }
        (Some(link.clone()), item.target.clone())
    }
}

/// A link without what differs from reader to reader. Fragments stay: a page of changes has one for each of them.
fn link_key(link: &Url) -> Cow<'_, str> {
    if !link.query().is_some_and(|query| query.contains("utm_")) {
        return Cow::Borrowed(link.as_str());
    }
    let kept: Vec<_> = link.query_pairs().filter(|(name, _)| !name.starts_with("utm_")).collect();
    let mut shorter = link.clone();
    shorter.set_query(None);
    if !kept.is_empty() {
        shorter.query_pairs_mut().extend_pairs(kept);
    }
    Cow::Owned(shorter.into())
}

/// The host of an address without `www.`; two feeds of one site agree on it.
fn host(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

/// A rejection that quotes the beginning of what was there.
pub(super) fn rejection(why: &str, what: &str) -> Rejection {
    let what: String = what.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_QUOTED).collect();
    Rejection { why: why.to_owned(), what }
}
