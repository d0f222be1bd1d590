//! How is a feed (RSS, Atom, JSON Feed) listened to?

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::model::{Fault, Next, Progress, ReadError, Reading, Request, Response, Settings, Source, SourceKind};
use crate::parse::feed;

pub static KIND: Kind = Kind;

/// What a feed reader says it understands; some sites serve HTML to whoever does not ask for a feed.
const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, \
                      application/xml;q=0.9, text/xml;q=0.8, */*;q=0.5";

/// Ends of paths that feeds have and pages do not.
const FEED_PATHS: [&str; 12] = [
    ".rss",
    ".atom",
    ".rdf",
    "/feed",
    "/rss",
    "/atom",
    "/feed.xml",
    "/rss.xml",
    "/atom.xml",
    "/index.xml",
    "/feeds/posts/default",
    "/feed.json",
];

/// Posts of a feed: RSS of every version, Atom, JSON Feed, however broken.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rss {
    /// Address of the feed itself, not of the page that it belongs to; http or https.
    #[schemars(with = "String")]
    url: Url,
}

pub struct Kind;

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "rss"
    }

    fn summary(&self) -> &'static str {
        "posts of a feed: RSS, Atom or JSON Feed"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Rss)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "acme-blog"
kind = "rss"
url = "https://blog.acme.example/feed.xml"
"#
    }

    fn recognise(&self, url: &Url) -> Option<String> {
        let path = url.path().trim_end_matches('/').to_ascii_lowercase();
        let is_feed = matches!(url.scheme(), "http" | "https") && FEED_PATHS.iter().any(|end| path.ends_with(end));
        let name = url.host_str()?.trim_start_matches("www.").replace('.', "-");
        is_feed.then(|| format!("[[source]]\nname = \"{name}\"\nkind = \"rss\"\nurl = \"{url}\"\n"))
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let rss: Rss = settings.read()?;
        match rss.url.scheme() {
            "http" | "https" => Ok(Box::new(rss)),
            other => {
                Err(vec![settings.fault("url", format!("`{other}` is no way to fetch a feed")).hint("http or https")])
            }
        }
    }
}

impl Source for Rss {
    fn next(&self, progress: &Progress) -> Next {
        if progress.page > 0 {
            return Next::Done;
        }
        Next::Http(Box::new(Request::get(self.url.clone()).header("accept", ACCEPT)))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let feed = feed::read(response)?;
        Ok(Reading {
            posts: feed.posts,
            progress: Progress { page: progress.page + 1, ..progress.clone() },
            repaired: feed.repaired,
            wait: None,
        })
    }
}
