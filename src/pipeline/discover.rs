//! How can an address be listened to, asking its site as little as possible?

use url::Url;

use super::doors;
use crate::clock::Clock;
use crate::config::Config;
use crate::fetch::{Door, Fetched, Policy};
use crate::model::{Recognised, Request, Response, SeenPage};
use crate::source::discover as signs;

/// Most requests that are made to find out, pages only; trying what was found comes on top.
const MAX_REQUESTS: usize = 12;
/// What a person's browser would say, with feeds before pages.
const ACCEPT: &str = "text/html, application/xhtml+xml, application/xml;q=0.9, application/json;q=0.8, */*;q=0.5";

/// Somebody who looks at a site by hand: a single look, so robots.txt is not asked.
pub struct Explorer {
    door: Door,
    left: usize,
    /// What was asked and came to nothing, in words.
    pub told: Vec<String>,
}

impl Explorer {
    /// One with the door's limits of a configuration.
    ///
    /// # Errors
    /// The door's settings cannot be used.
    pub fn new(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        let door = Door::new(doors::door_settings(config), clock)?;
        Ok(Self { door, left: MAX_REQUESTS, told: Vec::new() })
    }

    /// What the page at an address says, best first; where it says nothing, what is found in the usual places.
    pub async fn explore(&mut self, url: &Url) -> Vec<Recognised> {
        // Who cannot or will not show the page itself is not asked for more.
        let Some(mut page) = self.page(url).await else { return Vec::new() };
        let found = signs::by_page(&page);
        if !found.is_empty() {
            return found;
        }
        if let Some(why) = signs::wall(&page) {
            self.told.push(format!("{url} shows {why} instead of its page"));
            return Vec::new();
        }
        let site = page.response.url.clone();
        // Where a feed would have been named by any usual software, the site may be one of the Fediverse.
        if let Some(software) = self.software(&site).await {
            page.software = software;
            let found = signs::by_page(&page);
            if !found.is_empty() {
                return found;
            }
        }
        for guess in signs::guesses(&site) {
            let found = self.page(&guess).await.map(|page| only_itself(&page)).unwrap_or_default();
            if !found.is_empty() {
                return found;
            }
        }
        self.sitemaps(&site).await
    }

    async fn sitemaps(&mut self, site: &Url) -> Vec<Recognised> {
        let robots = match site.join("/robots.txt") {
            Ok(url) => self.ask(&url).await.map(|answer| String::from_utf8_lossy(&answer.body).into_owned()),
            Err(_) => None,
        };
        let mut found = Vec::new();
        for sitemap in signs::sitemaps(robots.as_deref(), site) {
            found.extend(self.page(&sitemap).await.map(|page| only_itself(&page)).unwrap_or_default());
        }
        found
    }

    /// What the site's nodeinfo calls its software.
    async fn software(&mut self, site: &Url) -> Option<String> {
        let well_known = self.ask(&site.join("/.well-known/nodeinfo").ok()?).await?;
        let address = signs::nodeinfo_address(&well_known)?;
        signs::software(&self.ask(&address).await?.body)
    }

    async fn page(&mut self, url: &Url) -> Option<SeenPage> {
        self.ask(url).await.map(signs::seen)
    }

    async fn ask(&mut self, url: &Url) -> Option<Response> {
        self.left = self.left.checked_sub(1)?;
        let request = Request { conditional: false, ..Request::get(url.clone()) }.header("accept", ACCEPT);
        match self.door.ask(&request, None, &Policy::default()).await {
            Ok(Fetched::Answer { response, .. }) => Some(response),
            Ok(Fetched::Unchanged { .. }) => None,
            Err(problem) => {
                self.told.push(format!("{url}: {problem}"));
                None
            }
        }
    }
}

/// What a page is itself, not what it leads to: a guess that ends at the front page has found nothing new.
fn only_itself(page: &SeenPage) -> Vec<Recognised> {
    signs::by_page(&SeenPage { links: Vec::new(), generator: String::new(), ..page.clone() })
}
