//! How does a post as a site gave it become a post in our own form?
//!
//! Pure and total: the same raw post always gives the same post, and whatever a site sends ends in a post
//! within the bounds of [`Post`] or in a [`Rejection`] that says why.

mod author;
mod entity;
mod html;
mod lang;
mod page;
mod tag;
mod tidy;
mod tracking;

#[cfg(test)]
mod tests;

pub use self::html::{Text, html_to_text};
pub use self::page::{canonical_url, site_of};

use url::Url;

use self::page::{is_front_page, resolve};
use crate::model::{Duration, Post, PostId, RawPost, Rejection, TextForm, Timestamp};

/// Longest key kept as it is, in bytes; of a longer one the beginning and a hash.
const MAX_KEY: usize = 512;
/// Longest fragment that may tell posts of one page apart, in bytes.
const MAX_ANCHOR: usize = 100;
/// Longest tag kept, in bytes.
const MAX_TAG: usize = 100;
/// Longest quotation in a rejection, in characters (see [`Rejection::what`]).
const MAX_QUOTED: usize = 120;
/// How far in the future a site's date may lie before it is not believed (see [`Post::published`]).
const MAX_AHEAD: Duration = Duration::days(1);

/// Where a raw post came from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// Name of the source.
    pub source: &'a str,
    /// Name of its kind.
    pub kind: &'a str,
    /// Final URL of the answer: relative addresses count from it.
    pub base: &'a Url,
    /// When the answer came.
    pub received_at: Timestamp,
}

/// A raw post in our own form.
///
/// The key is the post's identity; where the kind gave none, the canonical URL is. A post with a key but
/// without a page of its own (feed items often have only an id, or link to the site's front page) is kept:
/// its `canonical_url` is then a `urn:` that no other post shares, so that such posts are not taken for the
/// same page, and its `url` is the page that listed it, where it names none. Rejected is what has neither
/// key nor page, and what has no words.
pub fn post(raw: RawPost, origin: &Origin<'_>) -> Result<Post, Rejection> {
    let title = one_line(&raw.title, raw.form, Post::MAX_TITLE);
    let Text { text, links } = body(&raw.text, raw.form);
    if title.is_empty() && text.is_empty() {
        return Err(rejection("neither title nor text", &[&raw.url, &raw.key]));
    }
    let address = resolve(&raw.url, origin.base);
    let own_page = address.as_ref().filter(|url| *url != origin.base).and_then(permalink);
    let key = match (raw.key.trim(), &own_page) {
        ("", None) => return Err(rejection("neither id nor page of its own", &[&raw.url, &title, &text])),
        ("", Some(page)) => bounded_key(page),
        (key, _) => bounded_key(key),
    };
    let id = PostId::of(&key);
    let canonical_url = own_page.unwrap_or_else(|| format!("urn:overheard:{id}"));
    let url = address.as_ref().unwrap_or(origin.base);
    let believed = |date: &Timestamp| date.0 > 0 && *date <= origin.received_at + MAX_AHEAD;
    Ok(Post {
        id,
        source: origin.source.to_owned(),
        kind: origin.kind.to_owned(),
        site: site_of(url),
        url: url.to_string(),
        target: raw.target.and_then(|target| page_pointed_to(&target, &canonical_url, origin.base)),
        thread: raw.thread.map(|root| PostId::of(&bounded_key(root.trim()))).filter(|root| *root != id),
        links: canonical_links(links, &text, &canonical_url, url),
        canonical_url,
        key,
        post_type: raw.post_type,
        lang: lang::identify(&title, &text, raw.lang.as_deref().and_then(language)),
        title,
        text,
        author: raw.author.and_then(|author| author::author(author, raw.form, origin.base)),
        published: raw.published.filter(believed),
        updated: raw.updated.filter(believed),
        received: origin.received_at,
        tags: tags(raw.tags, raw.form),
        engagement: raw.engagement,
    })
}

/// One line of clean text. Entities are decoded in plain text too: many sites escape it all the same.
fn one_line(text: &str, form: TextForm, limit: usize) -> String {
    match form {
        TextForm::Html => html::html_to_line(text, limit),
        TextForm::Plain => tidy::line(&entity::decode(text), limit),
    }
}

fn body(text: &str, form: TextForm) -> Text {
    match form {
        TextForm::Html => html_to_text(text),
        TextForm::Plain => Text { text: tidy::lines(&entity::decode(text), Post::MAX_TEXT), links: Vec::new() },
    }
}

/// The key, or for a very long one its beginning and its hash.
fn bounded_key(key: &str) -> String {
    if key.len() <= MAX_KEY {
        return key.to_owned();
    }
    let hash = blake3::hash(key.as_bytes()).to_hex();
    format!("{}…{hash}", tidy::cut(key, MAX_KEY / 2))
}

/// The canonical URL of the page that is this post and no other one; `None` for a site's front page.
fn permalink(url: &Url) -> Option<String> {
    let canonical = canonical_url(url);
    match url.fragment().filter(|fragment| names_a_post(fragment)) {
        Some(fragment) => Some(format!("{canonical}#{fragment}")),
        None => (!is_front_page(&canonical)).then_some(canonical),
    }
}

/// Whether a fragment tells posts of one page apart: `#comment-12`, `#p12`, `#v1.2.3`, `#2026-01-31`.
fn names_a_post(fragment: &str) -> bool {
    fragment.len() <= MAX_ANCHOR
        && !fragment.starts_with('!')
        && !fragment.contains(['=', ':', '~', '%'])
        && fragment.contains(|c: char| c.is_ascii_digit())
}

/// The canonical URL of a submission's target, unless it is a front page or the post itself.
fn page_pointed_to(target: &str, own: &str, base: &Url) -> Option<String> {
    let canonical = canonical_url(&resolve(target, base)?);
    (canonical != own && !is_front_page(&canonical)).then_some(canonical)
}

/// The pages that the body links to; where its markup names none, the web addresses that stand in its text.
fn canonical_links(links: Vec<String>, text: &str, own: &str, base: &Url) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let bare = if links.is_empty() { bare_addresses(text) } else { Vec::new() };
    for link in links.iter().map(String::as_str).chain(bare) {
        if found.len() == Post::MAX_LINKS {
            break;
        }
        let Some(canonical) = resolve(link, base).map(|url| canonical_url(&url)) else { continue };
        if canonical != own && !found.contains(&canonical) {
            found.push(canonical);
        }
    }
    found
}

/// Web addresses written out in a text, at most [`Post::MAX_LINKS`].
fn bare_addresses(text: &str) -> Vec<&str> {
    let starts = text.match_indices("://").filter_map(|(at, _)| {
        let scheme = ["https", "http"].iter().find(|scheme| text[..at].ends_with(**scheme))?;
        Some(at - scheme.len())
    });
    let until_space = starts.filter_map(|start| text[start..].split_whitespace().next());
    let inner = |address: &'_ str| address.find(['<', '>', '"', '|', '`']).unwrap_or(address.len());
    until_space.take(Post::MAX_LINKS).map(|address| without_punctuation(&address[..inner(address)])).collect()
}

/// An address without the punctuation of the sentence around it; a closing bracket stays if it was opened inside.
fn without_punctuation(address: &str) -> &str {
    let trimmed = address.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', ']', '…']);
    match trimmed.strip_suffix(')') {
        Some(rest) if !rest.contains('(') => without_punctuation(rest),
        _ => trimmed,
    }
}

/// The primary subtag of a BCP 47 tag; `None` for what names no language.
fn language(tag: &str) -> Option<String> {
    let primary = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    let named = (2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_lowercase());
    (named && !["und", "mul", "zxx", "mis"].contains(&primary.as_str())).then_some(primary)
}

fn tags(raw: Vec<String>, form: TextForm) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in raw {
        let tag = one_line(tag.trim().trim_start_matches('#'), form, MAX_TAG).to_lowercase();
        if tags.len() == Post::MAX_TAGS {
            break;
        }
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

fn rejection(why: &str, what: &[&str]) -> Rejection {
    let quoted = what.iter().map(|text| text.trim()).find(|text| !text.is_empty()).unwrap_or_default();
    Rejection { why: why.to_owned(), what: quoted.chars().take(MAX_QUOTED).collect() }
}
