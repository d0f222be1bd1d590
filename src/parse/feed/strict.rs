//! What does feed-rs read in a feed?

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

use feed_rs::model::{Content, Entry, FeedType, Link, Text};
use feed_rs::parser::Builder;
use url::Url;

use super::fields::{address_only, is_other_xml, tags_of};
use super::item::{Item, Markup};
use super::person::person;
use crate::model::{RawAuthor, Timestamp};
use crate::parse::date;

/// Reads the items of a well-formed feed. The text starts with its root.
///
/// What feed-rs refuses, or panics over, is an error in words; the caller has another reader.
pub(super) fn items(text: &str, address: &Url) -> Result<Vec<Item>, String> {
    let parser = Builder::new()
        .base_uri(Some(address))
        .sanitize_content(false)
        // An id of its own making changes with the title, or at every parse; ours does not (see [`super::item`]).
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(|text| date::parse(text).map(|moment| system_time(moment).into()))
        .build();
    match catch_unwind(AssertUnwindSafe(|| parser.parse(text.as_bytes()))) {
        Ok(Ok(feed)) => {
            let atom = feed.feed_type == FeedType::Atom;
            Ok(feed.entries.into_iter().map(|entry| item(entry, atom)).collect())
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("feed-rs panicked".to_owned()),
    }
}

fn system_time(moment: Timestamp) -> SystemTime {
    let distance = Duration::from_millis(moment.0.unsigned_abs());
    let time = if moment.0 < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

fn item(entry: Entry, atom: bool) -> Item {
    let published = entry.published.map(|moment| Timestamp(moment.timestamp_millis()));
    let updated = entry.updated.map(|moment| Timestamp(moment.timestamp_millis()));
    Item {
        id: Some(entry.id.trim().to_owned()).filter(|id| !id.is_empty()),
        link: page(&entry.links),
        title: entry.title.and_then(|title| text(title, atom, Markup::title)),
        summary: entry.summary.and_then(|summary| text(summary, atom, Markup::html)),
        content: entry.content.and_then(content),
        author: entry.authors.iter().find_map(|author| {
            let line = author.name.as_deref().filter(|name| !name.trim().is_empty()).or(author.email.as_deref())?;
            let url = author.uri.as_deref().and_then(address_only).map(String::from);
            Some(RawAuthor { url, ..person(line)? })
        }),
        published,
        // For RSS feed-rs says that an item was changed when it was published.
        updated: updated.filter(|updated| Some(*updated) != published),
        lang: entry.language,
        tags: entry.categories.into_iter().flat_map(|category| tags_of(Some(category.term), category.label)).collect(),
        ..Item::default()
    }
}

/// The link to the item's page: of those that say so the one that says it is HTML.
fn page(links: &[Link]) -> Option<Url> {
    let is_page = |link: &&Link| link.target.is_none() && matches!(link.rel.as_deref(), None | Some("alternate"));
    let is_html = |link: &&Link| link.media_type.as_ref().is_none_or(|kind| kind.contains("html"));
    let pages = || links.iter().filter(is_page);
    pages().filter(is_html).chain(pages()).find_map(|link| address_only(&link.href))
}

fn text(text: Text, atom: bool, read: fn(String) -> Markup) -> Option<Markup> {
    let plain = atom && text.content_type.to_string().starts_with("text/plain");
    let found = if plain { Markup::plain(text.content) } else { read(text.content) };
    Some(found).filter(|found| !found.text.trim().is_empty())
}

fn content(content: Content) -> Option<Markup> {
    let kind = content.content_type.to_string();
    let body = content.body.filter(|body| !body.trim().is_empty())?;
    match &kind[..] {
        // Elements that stand there as such are read from the field.
        _ if kind.starts_with("text/plain") || is_other_xml(&kind) => Some(Markup::plain(body)),
        _ if kind.starts_with("text/") || kind.ends_with("xml") => Some(Markup::html(body)),
        _ => None,
    }
}
