//! What stands in a JSON Feed, also in one that is not quite to the letter?
//!
//! feed-rs refuses the whole feed for a numeric id or a missing version. JSON has nothing else to be strict about, so
//! that this reader is the only one.

use serde_json::Value;
use url::Url;

use super::fields::address;
use super::item::{Item, Items, Markup, rejection};
use super::person::person;
use super::scan::MAX_ITEMS;
use crate::model::{RawAuthor, ReadError};
use crate::parse::date;

/// The items of a JSON Feed, and what had to be forgiven, in words.
pub(super) fn items(text: &str, feed: &Url) -> Result<(Items, Vec<String>), ReadError> {
    let wrong = |why: String| ReadError::WrongFormat { expected: super::EXPECTED, why };
    let root: Value = serde_json::from_str(text).map_err(|error| wrong(format!("it is no JSON: {error}")))?;
    let Some(list) = root.get("items").and_then(Value::as_array) else {
        return Err(wrong("it is JSON, but not a JSON Feed: it has no list of `items`".to_owned()));
    };
    let mut forgiven = Vec::new();
    if !string(&root, "version").is_some_and(|version| version.contains("jsonfeed.org")) {
        forgiven.push("no version of JSON Feed".to_owned());
    }
    if list.iter().any(|item| item.get("id").is_some_and(|id| !id.is_string())) {
        forgiven.push("ids that are no strings".to_owned());
    }
    if list.len() > MAX_ITEMS {
        forgiven.push(format!("{} items past the first {MAX_ITEMS} left out", list.len() - MAX_ITEMS));
    }
    let items = list.iter().take(MAX_ITEMS).map(|value| match value {
        Value::Object(_) => Ok(item(value, &root, feed)),
        other => Err(rejection("an item that is no object", &other.to_string())),
    });
    Ok((items.collect(), forgiven))
}

fn item(item: &Value, root: &Value, feed: &Url) -> Item {
    let moment = |key| date::parse(&string(item, key)?);
    let id = string(item, "id");
    let link = |key| address(&string(item, key)?, feed);
    let tags = item.get("tags").and_then(Value::as_array).into_iter().flatten();
    let published = moment("date_published");
    Item {
        link: link("url").or_else(|| super::fields::address_only(id.as_deref()?)),
        id,
        target: link("external_url"),
        title: string(item, "title").map(Markup::plain),
        content: string(item, "content_html")
            .map(Markup::html)
            .or_else(|| string(item, "content_text").map(Markup::plain)),
        summary: string(item, "summary").map(Markup::plain),
        author: author(item, feed).or_else(|| author(root, feed)),
        published: published.or_else(|| moment("date_modified")),
        updated: moment("date_modified"),
        lang: string(item, "language").or_else(|| string(root, "language")),
        tags: tags.filter_map(|tag| Some(tag.as_str()?.trim().to_owned())).filter(|tag| !tag.is_empty()).collect(),
        ..Item::default()
    }
}

/// The first of `authors`, or `author` of version 1.0.
fn author(of: &Value, feed: &Url) -> Option<RawAuthor> {
    let author = of.get("authors").and_then(|list| list.get(0)).or_else(|| of.get("author"))?;
    let url = string(author, "url").and_then(|url| address(&url, feed)).map(String::from);
    Some(RawAuthor { url, ..person(&string(author, "name").or_else(|| author.as_str().map(str::to_owned))?)? })
}

/// A string, or a number as one; `None` for blank ones.
fn string(of: &Value, key: &str) -> Option<String> {
    let text = match of.get(key)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.trim().is_empty())
}
