//! What is known of a post that the archive does not hold?
//!
//! Whether it was ever read, who links to it, and which sources could have brought it and how they do.

use serde::{Deserialize, Serialize};
use url::Url;

use super::find::{addresses, parsed};
use super::{Evidence, ExplainError, Member, words};
use crate::archive::{SearchRequest, Sort};
use crate::config::SourceConfig;
use crate::model::{Event, Memory, PageRead, Position, PostId, Rejection, SourceHealth, StoryId, Timestamp};
use crate::normalize::site_of;
use crate::query::ast::FieldClause;
use crate::query::eval::{bare_url, domain_covers, host_and_path};
use crate::query::{Names, Place, Query};
use crate::store::DeliveryFilter;

/// Most sources that are told of.
const MAX_SOURCES: usize = 20;
/// Most posts of a site that are asked which source brought them, and most posts that may link to an address.
const MAX_ASKED: usize = 200;
/// Most posts linking to an address that are listed.
const MAX_LINKING: usize = 5;
/// Furthest that the oldest post of a source is looked for.
const MAX_BACK: usize = crate::archive::MAX_OFFSET;
/// Shortest beginning of an address that a rejection must have to be about it, in bytes.
const MIN_NAMED: usize = 8;

/// What is known without the post.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unknown {
    pub as_of: Timestamp,
    /// What was asked for.
    pub asked: String,
    /// Set when it was read once and is kept no more.
    pub seen: Option<SeenBefore>,
    /// Posts that were made to point there or link there.
    pub linked_by: Vec<Member>,
    /// The sources that could have brought it.
    pub sources: Vec<SourceKnown>,
    /// All of it as sentences, what matters most first.
    pub words: Vec<String>,
}

/// A post that was read once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenBefore {
    pub post: PostId,
    pub story: StoryId,
}

/// A source that could have brought it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceKnown {
    pub name: String,
    pub kind: String,
    /// How it does; `None` where no daemon runs.
    pub health: Option<SourceHealth>,
    /// When it was read to its end first; `None` when it never was.
    pub first_polled: Option<Timestamp>,
    /// Its last page that held something new.
    pub last_listed: Option<Listed>,
    /// What of it is kept.
    pub kept: Option<Kept>,
    /// Things on its last page that could not become posts and seem to be what was asked for.
    pub rejected: Vec<Rejection>,
    /// All of it as sentences.
    pub words: Vec<String>,
}

/// One page of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub at: Timestamp,
    /// Everything on it, new or not.
    pub posts: u64,
    /// Of these, what could not become a post.
    pub rejected: u64,
}

/// The posts of a source that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub posts: usize,
    /// By the site's date, or that of reading.
    pub newest: Timestamp,
    /// `None` beyond what can be looked through.
    pub oldest: Option<Timestamp>,
}

impl Evidence<'_> {
    pub(super) fn unknown(&self, asked: &str) -> Result<Unknown, ExplainError> {
        let asked = asked.trim();
        let (seen, address) = self.seen(asked)?;
        let url = parsed(&address);
        let linked_by = url.as_ref().map(|url| self.linking(url, &address)).transpose()?.unwrap_or_default();
        let sources = url.as_ref().map(|url| self.sources_of(&site_of(url), &address)).transpose()?.unwrap_or_default();
        let mut said = vec![match &seen {
            Some(seen) => format!("`{asked}` was read once (story {}), and is not kept any more", seen.story),
            None if url.is_some() => format!("no post at `{asked}` is kept, and nothing says that it was ever read"),
            None => format!("there is no post, story or alert `{asked}`"),
        }];
        if let (Some(url), true, true) = (&url, sources.is_empty(), self.config.is_some()) {
            said.push(format!("no source listens to {}: nothing could have brought it", site_of(url)));
        }
        let linking =
            linked_by.iter().map(|post| format!("“{}” on {} links to it ({})", post.title, post.site, post.url));
        said.extend(linking);
        Ok(Unknown { as_of: self.now, asked: asked.to_owned(), seen, linked_by, sources, words: said })
    }

    /// Whether it was read once, and its address.
    fn seen(&self, asked: &str) -> Result<(Option<SeenBefore>, String), ExplainError> {
        if let Some(alert) = self.store.alert(asked)? {
            return Ok((Some(SeenBefore { post: alert.post.id, story: alert.story }), alert.post.url));
        }
        let id = asked.to_lowercase().parse::<PostId>().ok();
        // Where a site gives no ids of its own, the address is what the id is made from.
        let ids = id.into_iter().chain(addresses(asked).into_iter().map(|address| PostId::of(&address)));
        for post in ids {
            if let Some(seen) = self.store.seen(post)? {
                return Ok((Some(SeenBefore { post, story: seen.story }), asked.to_owned()));
            }
        }
        let same = |url: &str| bare_url(url).eq_ignore_ascii_case(bare_url(asked));
        let told = self.store.deliveries(&DeliveryFilter::default())?;
        let told = told.into_iter().find(|told| same(&told.alert.post.url) || same(&told.alert.post.canonical_url));
        Ok((told.map(|told| SeenBefore { post: told.alert.post.id, story: told.alert.story }), asked.to_owned()))
    }

    fn linking(&self, url: &Url, asked: &str) -> Result<Vec<Member>, ExplainError> {
        let path = url.path().trim_end_matches('/').to_lowercase();
        if path.is_empty() {
            // Everybody links to front pages.
            return Ok(Vec::new());
        }
        let clause = FieldClause::Link { domain: site_of(url), path: Some(path) };
        let same =
            |link: &String| addresses(asked).iter().any(|own| bare_url(own).eq_ignore_ascii_case(bare_url(link)));
        let found = self.search(&clause, MAX_ASKED, 0)?;
        let linking = found.iter().filter(|found| found.post.target.iter().chain(&found.post.links).any(same));
        let mut members = Vec::new();
        for found in linking.take(MAX_LINKING) {
            members.extend(self.archive.get(found.post.id)?.as_ref().map(Member::from));
        }
        Ok(members)
    }

    /// The configured sources whose own host, or whose posts, are of a site.
    fn sources_of(&self, site: &str, asked: &str) -> Result<Vec<SourceKnown>, ExplainError> {
        let Some(config) = self.config else { return Ok(Vec::new()) };
        let clause = FieldClause::Site { domain: site.to_owned(), path: None };
        let brought: Vec<String> =
            self.search(&clause, MAX_ASKED, 0)?.into_iter().map(|found| found.post.source).collect();
        let covers = |source: &&SourceConfig| {
            asks(source).is_some_and(|host| domain_covers(site, &host) || domain_covers(&host, site))
                || brought.contains(&source.name)
        };
        config.sources.iter().filter(covers).take(MAX_SOURCES).map(|source| self.source(source, asked)).collect()
    }

    fn source(&self, source: &SourceConfig, asked: &str) -> Result<SourceKnown, ExplainError> {
        let state = self.store.source(&source.name)?;
        let health = self.health.iter().flatten().find(|health| health.name == source.name).cloned();
        let page = self.last_page(&source.name)?;
        let last_listed = page.as_ref().map(|page| Listed {
            at: page.at,
            posts: page.counts.total(),
            rejected: page.counts.rejected,
        });
        let rejected: Vec<Rejection> =
            page.into_iter().flat_map(|page| page.rejected).filter(|rejection| is_about(rejection, asked)).collect();
        let kept = self.kept(&source.name)?;
        let mut said = vec![match (&health, &state.gone, state.first_polled) {
            (Some(health), ..) => words::health(health),
            (None, Some(why), _) => format!("it said that it is gone: {why}"),
            (None, None, Some(_)) => "how it does is known only while a daemon runs".to_owned(),
            (None, None, None) => "it was never read to the end; why is known only while a daemon runs".to_owned(),
        }];
        said.extend(rejected.iter().map(|rejection| {
            format!("its last page lists `{}`, which could not become a post: {}", rejection.what, rejection.why)
        }));
        said.extend(listed_in_words(last_listed));
        said.extend(kept_in_words(kept));
        Ok(SourceKnown {
            name: source.name.clone(),
            kind: source.kind.to_owned(),
            health,
            first_polled: state.first_polled,
            last_listed,
            kept,
            rejected,
            words: said,
        })
    }

    /// The page that moved a source's cursor last.
    fn last_page(&self, source: &str) -> Result<Option<PageRead>, ExplainError> {
        let positions = self.store.progress_positions()?;
        let position = positions.into_iter().find(|(name, _)| name == source).map(|(_, position)| position);
        let Some(before) = position.and_then(|position| position.0.checked_sub(1)) else { return Ok(None) };
        // A damaged place is told by others; here it is a page that is not known.
        let events = self.history.replay(Position(before)).next().and_then(Result::ok).map(|(_, events)| events);
        Ok(events.into_iter().flatten().find_map(|event| match event {
            Event::Page(page) if page.source == source => Some(*page),
            _ => None,
        }))
    }

    fn kept(&self, source: &str) -> Result<Option<Kept>, ExplainError> {
        let clause = FieldClause::Source(source.to_owned());
        let Some(query) = parse(&clause) else { return Ok(None) };
        let posts = self.archive.count(&query, self.now)?;
        let dated =
            |offset| Ok::<_, ExplainError>(self.search(&clause, 1, offset)?.first().map(|found| found.post.dated()));
        let Some(newest) = dated(0)? else { return Ok(None) };
        let oldest = if posts <= MAX_BACK { dated(posts.saturating_sub(1))? } else { None };
        Ok(Some(Kept { posts, newest, oldest }))
    }

    fn search(
        &self,
        clause: &FieldClause,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<crate::archive::Found>, ExplainError> {
        let Some(query) = parse(clause) else { return Ok(Vec::new()) };
        let request = SearchRequest { query, sort: Sort::Newest, limit, offset, now: self.now };
        Ok(self.archive.search(&request)?.found)
    }
}

/// The clause as a query; none where an address has no such form.
fn parse(clause: &FieldClause) -> Option<Query> {
    Query::parse(&clause.to_string(), Place::Search, &Names::default()).ok()
}

/// The host that a source asks first, without `www.`.
fn asks(source: &SourceConfig) -> Option<String> {
    source.first_asked().as_ref().map(site_of)
}

/// Whether what could not become a post seems to be what was asked for.
fn is_about(rejection: &Rejection, asked: &str) -> bool {
    let what = rejection.what.trim();
    let (_, path) = host_and_path(asked);
    let named = |part: &str| part.len() >= MIN_NAMED && what.contains(part);
    named(bare_url(asked)) || path.len() > 1 && what.contains(path) || what.len() >= MIN_NAMED && asked.contains(what)
}

fn listed_in_words(listed: Option<Listed>) -> Option<String> {
    let Listed { at, posts, rejected } = listed?;
    let without = match rejected {
        0 => String::new(),
        1 => ", of which 1 could not become a post".to_owned(),
        more => format!(", of which {more} could not become posts"),
    };
    let (at, posts) = (at.in_words(), words::count(posts, "post"));
    Some(format!("its last page with something new was read on {at} and listed {posts}{without}"))
}

fn kept_in_words(kept: Option<Kept>) -> Option<String> {
    let Some(Kept { posts, newest, oldest }) = kept else { return Some("nothing of it is kept".to_owned()) };
    let (newest, oldest) = (newest.in_words(), oldest.map(Timestamp::in_words));
    Some(match oldest {
        _ if posts == 1 => format!("1 post of it is kept, of {newest}"),
        Some(oldest) => format!("{posts} posts of it are kept, from {oldest} to {newest}"),
        None => format!("{posts} posts of it are kept, the newest of {newest}"),
    })
}
