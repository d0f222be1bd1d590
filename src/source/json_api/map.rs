//! How does an item of an answer become a post?

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::path::{Path, PathOrWords};
use crate::model::{Engagement, Fault, Lack, PostType, RawAuthor, RawPost, Rejection, Settings, TextForm};
use crate::parse::json;

/// What a template of addresses may hold.
const PLACEHOLDERS: [&str; 2] = ["{id}", "{thread}"];

/// Where the parts of a post stand in an item. A path begins with `$`, which is the item itself.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Map {
    /// What tells the item from every other one, for ever. Without it, its link does, or else its words.
    id: Option<Path>,
    /// Address of the item's page: a path, or an address with `{id}` or `{thread}` in it where the API gives none:
    /// `https://acme.example/reviews/{id}`.
    link: Option<PathOrWords>,
    /// Its title.
    title: Option<Path>,
    /// Its text. A path that finds several texts, as `$['pros', 'cons']` does, makes a paragraph of each.
    text: Option<Path>,
    /// Its author's name or handle.
    author: Option<Path>,
    /// When it was published: ISO 8601, RFC 2822, or seconds or milliseconds since the Unix epoch.
    published: Option<Path>,
    /// When it was last changed, in the same forms.
    updated: Option<Path>,
    /// `id` of the item that it replies to, or of the first one of its conversation.
    thread: Option<Path>,
    /// Address of the page that it was made to point to.
    target: Option<Path>,
    /// Its tags: texts, a list, or one text with commas.
    tags: Option<Path>,
    /// How many like it: a number, or a list that is counted.
    likes: Option<Path>,
    /// How many replies it has: a number, or a list that is counted.
    replies: Option<Path>,
    /// How often it was shared: a number, or a list that is counted.
    shares: Option<Path>,
    /// Its language: a path, or a fixed `en`.
    lang: Option<PathOrWords>,
    /// What it is: a path, or a fixed `story`, `comment`, `article`, `review`, `question` or another word of `type:`.
    #[serde(rename = "type")]
    post_type: Option<PathOrWords>,
    /// Finds something true in items that were deleted at the site.
    deleted: Option<Path>,
}

impl Map {
    /// What cannot be right whatever the API answers.
    pub(super) fn faults(&self, settings: &Settings<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.title.is_none() && self.text.is_none() {
            let fault = settings.fault("map", "neither `title` nor `text` is mapped: its posts would be empty");
            faults.push(fault.hint("add for example `map.text = \"$.body\"`"));
        }
        if let Some(PathOrWords::Words(template)) = &self.link
            && let Err(why) = self.check(template)
        {
            let hint = "write a path (`$.url`) or an address with `{id}`: `https://acme.example/reviews/{id}`";
            faults.push(settings.fault("map.link", why).hint(hint));
        }
        if let Some(PathOrWords::Words(word)) = &self.post_type
            && type_of(word).is_none()
        {
            let words: Vec<&str> = PostType::ALL.iter().map(|(_, word)| *word).collect();
            let fault = settings.fault("map.type", format!("`{word}` is no type of post"));
            faults.push(fault.hint(format!("a path, or one of {}", words.join(", "))));
        }
        faults
    }

    fn check(&self, template: &str) -> Result<(), String> {
        let filled = PLACEHOLDERS.iter().fold(template.to_owned(), |filled, name| filled.replace(name, "1"));
        if filled == template {
            return Err(format!("`{template}` is the same for every item"));
        }
        let needs_id = template.contains(PLACEHOLDERS[0]) && self.id.is_none();
        let needs_thread = template.contains(PLACEHOLDERS[1]) && self.thread.is_none();
        if needs_id || needs_thread {
            return Err(format!("`{template}` needs `map.{}`", if needs_id { "id" } else { "thread" }));
        }
        match Url::parse(&filled) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && !filled.contains(['{', '}']) => Ok(()),
            _ => Err(format!("`{template}` is no web address with `{{id}}`")),
        }
    }

    /// What posts never have as it is mapped.
    pub(super) fn lacks(&self) -> Option<Lack> {
        let fields: &'static [&'static str] =
            match (self.author.is_some(), self.likes.is_some(), self.replies.is_some()) {
                (true, true, true) => return None,
                (false, true, true) => &["author"],
                (true, false, true) => &["likes"],
                (true, true, false) => &["replies"],
                (false, false, true) => &["author", "likes"],
                (false, true, false) => &["author", "replies"],
                (true, false, false) => &["likes", "replies"],
                (false, false, false) => &["author", "likes", "replies"],
            };
        Some(Lack { fields, why: "its `map` does not say where they stand" })
    }

    /// Which mapped paths find nothing in any item.
    pub(super) fn empty_handed(&self, items: &[&Value]) -> Vec<String> {
        let paths = [
            ("id", &self.id),
            ("title", &self.title),
            ("text", &self.text),
            ("author", &self.author),
            ("published", &self.published),
        ];
        let wanted = paths.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)));
        wanted
            .filter(|(_, path)| !items.is_empty() && items.iter().all(|item| path.all(item).is_empty()))
            .map(|(name, path)| format!("the path `{}` of `map.{name}` finds nothing in any item", path.written))
            .collect()
    }

    /// The key of an item that the site says was deleted.
    pub(super) fn deleted(&self, item: &Value, place: &str) -> Option<String> {
        self.deleted.as_ref().filter(|path| path.is_set(item))?;
        Some(key(place, &self.id.as_ref()?.text(item)?))
    }

    /// `place` names the API in keys; `address` is where the answer came from.
    pub(super) fn post(&self, item: &Value, place: &str, address: &Url, form: TextForm) -> Result<RawPost, Rejection> {
        if self.deleted(item, place).is_some() {
            return Err(json::rejection("deleted at the site", item));
        }
        let text = |path: &Option<Path>| path.as_ref().and_then(|path| path.text(item));
        let moment = |path: &Option<Path>| path.as_ref()?.first(item).and_then(json::moment);
        let count = |path: &Option<Path>| path.as_ref()?.count(item);
        let paragraphs = self.text.as_ref().map(|path| path.texts(item)).unwrap_or_default();
        let title = text(&self.title).unwrap_or_default();
        if title.is_empty() && paragraphs.is_empty() {
            return Err(json::rejection("it has neither the title nor the text of `map`", item));
        }
        let (id, thread) = (text(&self.id), text(&self.thread));
        let link = self.link(item, address, id.as_deref(), thread.as_deref());
        let body = paragraphs.join(if form == TextForm::Html { "<br><br>" } else { "\n\n" });
        let key = match (&id, &link) {
            (Some(id), _) => key(place, id),
            (None, Some(link)) => link.to_string(),
            (None, None) => key(place, &blake3::hash(format!("{title}\0{body}").as_bytes()).to_hex()[..32]),
        };
        Ok(RawPost {
            // Without a page of its own it is named by the API's address, without a query that may hold a key.
            url: link.unwrap_or_else(|| fallback(address, &key)).into(),
            key,
            target: text(&self.target).filter(|target| Url::parse(target).is_ok()),
            thread: thread.filter(|thread| Some(thread) != id.as_ref()).map(|thread| self::key(place, &thread)),
            post_type: self.post_type(item),
            title,
            text: body,
            form,
            author: text(&self.author).map(|name| RawAuthor { name, ..RawAuthor::default() }),
            published: moment(&self.published),
            updated: moment(&self.updated),
            lang: self.lang.as_ref().and_then(|lang| lang.text(item)),
            tags: self.tags(item),
            engagement: Engagement {
                likes: count(&self.likes),
                replies: count(&self.replies),
                shares: count(&self.shares),
                ..Engagement::default()
            },
        })
    }

    fn link(&self, item: &Value, address: &Url, id: Option<&str>, thread: Option<&str>) -> Option<Url> {
        let link = match self.link.as_ref()? {
            PathOrWords::Path(path) => address.join(path.text(item)?.trim()),
            PathOrWords::Words(template) => {
                let mut filled = template.clone();
                for (name, value) in PLACEHOLDERS.iter().zip([id, thread]) {
                    if filled.contains(name) {
                        filled = filled.replace(name, &encoded(value?));
                    }
                }
                Url::parse(&filled)
            }
        };
        link.ok().filter(|link| matches!(link.scheme(), "http" | "https"))
    }

    fn post_type(&self, item: &Value) -> PostType {
        let word = self.post_type.as_ref().and_then(|words| words.text(item));
        word.and_then(|word| type_of(&word)).unwrap_or_default()
    }

    fn tags(&self, item: &Value) -> Vec<String> {
        let found = self.tags.as_ref().map(|path| path.texts(item)).unwrap_or_default();
        let one_by_one = found.iter().flat_map(|tags| tags.split(',')).map(str::trim);
        one_by_one.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
    }
}

fn type_of(word: &str) -> Option<PostType> {
    let word = word.trim();
    PostType::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(word)).map(|(post_type, _)| *post_type)
}

fn key(place: &str, id: &str) -> String {
    format!("json:{place}:{id}")
}

fn fallback(address: &Url, key: &str) -> Url {
    let mut url = address.clone();
    url.set_query(None);
    url.set_fragment(Some(key));
    url
}

/// An id as a part of a path or a query: nothing in it can change the address that it is put into.
fn encoded(id: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    id.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
