//! What did the site send in the place of a feed, and where is its feed?

use scraper::{Html, Selector};
use url::Url;

use super::EXPECTED;
use crate::model::ReadError;
use crate::parse::html::check_depth;
use crate::parse::wall;

/// How much of an answer that is no feed is quoted, in characters.
const MAX_QUOTED: usize = 80;

/// The types of feeds, as pages name them in their links.
const FEEDS: &str = "link[rel~=alternate][href][type='application/rss+xml'], link[rel~=alternate][href][type='application/atom+xml'], \
                     link[rel~=alternate][href][type='application/feed+json']";

/// Says of a web page that it is none of our business, and which feed it names.
pub(super) fn web_page(text: &str, address: &Url) -> ReadError {
    let mut why = "it is a web page".to_owned();
    if check_depth(text).is_ok() {
        let page = Html::parse_document(text);
        if let Some(title) = title(&page) {
            why.push_str(&format!(" (“{title}”)"));
        }
        match feed(&page, address) {
            // A page that names its feed is an ordinary one.
            Some(feed) => why.push_str(&format!("; it names this feed: {feed}")),
            None => {
                if let Some(why) = wall::of(text, address) {
                    return ReadError::Wall { why };
                }
            }
        }
    }
    wrong(why)
}

/// Says of any other text what it is.
pub(super) fn text(text: &str) -> ReadError {
    wrong(format!("it is neither XML nor JSON, it begins “{}”", quoted(text)))
}

/// Says of XML with another root what it is.
pub(super) fn xml(root: &str) -> ReadError {
    let root = quoted(root);
    wrong(match &root.to_ascii_lowercase()[..] {
        "opml" => "it is an OPML list of feeds; name its feeds one by one".to_owned(),
        "urlset" | "sitemapindex" => "it is a sitemap".to_owned(),
        _ => format!("it is XML with the root <{root}>"),
    })
}

pub(super) fn wrong(why: impl Into<String>) -> ReadError {
    ReadError::WrongFormat { expected: EXPECTED, why: why.into() }
}

fn title(page: &Html) -> Option<String> {
    let title = page.select(&Selector::parse("title").ok()?).next()?;
    Some(quoted(&title.text().collect::<String>())).filter(|title| !title.is_empty())
}

fn feed(page: &Html, address: &Url) -> Option<Url> {
    let href = |selector: &str, name: &str| {
        let selector = Selector::parse(selector).ok()?;
        page.select(&selector).find_map(|element| element.value().attr(name).map(str::to_owned))
    };
    let base = href("base[href]", "href").and_then(|base| address.join(&base).ok()).unwrap_or_else(|| address.clone());
    base.join(&href(FEEDS, "href")?).ok()
}

fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_QUOTED).collect()
}
