//! Which posts stand in a feed: RSS, RDF, Atom, CDF or JSON Feed, as broken as it may be?
//!
//! Bytes become text ([`super::charset`]), the text is mended ([`repair`]) and looked through once, within bounds and without
//! recursion ([`scan`]); the fields that the scan found are read ([`fields`]). Where an item says too little that way, and the
//! feed can do no harm, feed-rs is asked too ([`strict`]): it costs more than all the rest. Ids are ours in either case ([`item`]).

mod base;
pub(super) mod entity;
mod error_item;
mod fields;
mod item;
mod json;
mod names;
mod page;
mod person;
mod repair;
mod scan;
mod sniff;
mod strict;
mod tag;
mod xhtml;

#[cfg(test)]
mod tests;

use url::Url;

use self::fields::{Answer, Context};
use self::item::{Item, Items, rejection};
use self::sniff::Found;
use crate::model::{Duration, RawPost, ReadError, Rejection, Response};

/// What was expected, for [`ReadError::WrongFormat`].
const EXPECTED: &str = "a feed";

/// The longest feed that is read, in bytes of text. The door's cap is lower as a rule; files have none.
const MAX_TEXT: usize = 32 * 1024 * 1024;

/// What was read in a feed.
#[derive(Debug, Default, PartialEq)]
pub struct Feed {
    /// In the feed's order.
    pub posts: Vec<Result<RawPost, Rejection>>,
    /// What had to be mended, in words (see [`crate::model::Reading::repaired`]).
    pub repaired: Vec<String>,
    /// How often it says that it changes.
    pub every: Option<Duration>,
}

/// Reads the feed that an answer holds. Never panics, and bounds its work before any parser starts.
pub fn read(response: &Response) -> Result<Feed, ReadError> {
    let (text, recoded) = super::charset::decode(&response.body, response.header("content-type"));
    if text.len() > MAX_TEXT {
        return Err(ReadError::Hostile { why: format!("it has more than {MAX_TEXT} bytes") });
    }
    let mut repaired = Vec::new();
    let mut every = None;
    if recoded {
        repaired.push("wrong encoding or control characters".to_owned());
    }
    let items = match sniff::sniff(&text) {
        Found::Nothing => return Err(page::wrong("the answer is empty")),
        Found::Html => return Err(page::web_page(&text, &response.url)),
        Found::Xml(root) => return Err(page::xml(root)),
        Found::Text => return Err(page::text(&text)),
        Found::Json => {
            let (items, forgiven) = json::items(&text, &response.url)?;
            repaired.extend(forgiven);
            items
        }
        Found::Feed { root, junk } => {
            if junk {
                repaired.push("text before the feed left out".to_owned());
            }
            // What stands before the root goes: the declaration (the text is UTF-8 by now) and a DTD, whose entities nobody shall expand.
            let (items, said) = xml(&text[root..], &Answer::of(response), &mut repaired)?;
            every = said;
            items
        }
    };
    let posts = item::posts(items, &response.url);
    if let Some(why) = error_item::of(&posts) {
        return Err(ReadError::ErrorItem { why });
    }
    Ok(Feed { posts, repaired, every })
}

/// The items of a feed of XML whose text starts with its root, and how often it says that it changes.
fn xml(text: &str, answer: &Answer<'_>, repaired: &mut Vec<String>) -> Result<(Items, Option<Duration>), ReadError> {
    let (text, mended) = repair::repair(text);
    let scan = scan::scan(&text)?;
    repaired.extend(mended);
    let context = Context::of(&scan, answer);
    let mut items: Vec<Item> = fields::items(&scan, &context).collect();
    let well_formed = scan.forgiven.is_empty() && scan.left_out == 0;
    if well_formed && !scan.risky && items.iter().any(Item::says_too_little) {
        ask_feed_rs(&text, &context.base, &mut items);
    }
    if scan.left_out > 0 {
        repaired.push(format!("{} items past the first {} left out", scan.left_out, scan::MAX_ITEMS));
    }
    repaired.extend(scan.forgiven.iter().cloned());
    let halves = scan.items.iter().map(|raw| raw.cut_off);
    let items = items.into_iter().zip(halves).map(|(item, cut_off)| whole(item, cut_off)).collect();
    Ok((items, fields::every(&scan.feed)))
}

/// Fills in what another reader finds in items of which ours found too little.
fn ask_feed_rs(text: &str, base: &Url, items: &mut [Item]) {
    // Where it refuses the feed, or counts its items otherwise, it knows no better.
    let Ok(others) = strict::items(text, base) else { return };
    if others.len() != items.len() {
        return;
    }
    for (item, other) in items.iter_mut().zip(others) {
        if item.says_too_little() {
            item.fill_in(other);
        }
    }
}

/// An item that the end of the feed cut in two is kept if it is known by then who it is; else it would come again under another name.
fn whole(item: Item, cut_off: bool) -> Result<Item, Rejection> {
    if !cut_off || item.id.is_some() && item.title.is_some() {
        return Ok(item);
    }
    let what = item.title.as_ref().or(item.content.as_ref()).map_or("", |markup| &markup.text[..]);
    Err(rejection("cut off in the middle", what))
}
