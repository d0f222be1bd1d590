//! What do those see who only look: the search command, the API and the page?
//!
//! One answer type for all three, so that `overheard search` prints the same whether it asks a running
//! daemon or opens the data itself.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::feedback::FeedbackShown;
use crate::archive::{Archive, Found, SearchRequest, Sort};
use crate::model::{
    AlertId, ClauseHit, Engagement, Match, Outcome, Post, PostId, PostType, Score, SenseShown, Standing, StoryId,
    Timestamp, ViewError, WatchVersion,
};
use crate::query::{Names, Place, Query, QueryError};
use crate::receiver::text;
use crate::store::{Delivery, DeliveryFilter, DeliveryState, Store};

pub use crate::archive::ArchiveError;
pub use crate::store::Stage;

/// Most results of one search.
pub const MAX_LIMIT: usize = 1_000;
/// Results of one search where nobody asked for a number.
pub const DEFAULT_LIMIT: usize = 20;

/// True of every post: a missing value is not below zero either.
const EVERYTHING: &str = "NOT score<0";
/// True of mentions: only they have a score.
const MENTIONS: &str = "score>=0";

/// What is looked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchQuestion {
    /// In the query language; empty finds everything.
    #[serde(default)]
    pub query: String,
    #[serde(default)]
    pub sort: SortBy,
    /// 1 to [`MAX_LIMIT`].
    #[serde(default = "default_limit")]
    pub limit: usize,
    #[serde(default)]
    pub offset: usize,
}

fn default_limit() -> usize {
    DEFAULT_LIMIT
}

/// In which order results come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    #[default]
    Newest,
    Best,
}

/// What was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SearchAnswer {
    pub query: String,
    /// The daemon's time: what ages are counted to.
    pub as_of: Timestamp,
    /// All posts that the query finds, not only those listed here.
    pub total: usize,
    pub results: Vec<FoundPost>,
}

/// One post as search shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FoundPost {
    pub id: PostId,
    pub story: StoryId,
    pub url: String,
    pub title: Highlighted,
    pub snippet: Highlighted,
    pub source: String,
    pub kind: String,
    pub site: String,
    #[serde(rename = "type")]
    pub post_type: PostType,
    pub author: Option<String>,
    pub published: Option<Timestamp>,
    pub received: Timestamp,
    pub outcome: Outcome,
    pub watches: Vec<String>,
    /// Every watch that matched, with its version and the clauses that did.
    #[serde(default)]
    pub matches: Vec<FoundMatch>,
    /// Why it told nobody, or not everybody, in words.
    #[serde(default)]
    pub held_back: Vec<String>,
    pub score: Option<Score>,
    pub engagement: Engagement,
    /// Primary subtag of its language; null where its words do not tell and the site does not say.
    #[serde(default)]
    pub lang: Option<String>,
    #[serde(flatten)]
    pub sense: SenseShown,
    /// What became of it since it was read: answered, accepted, closed, deleted.
    #[serde(flatten)]
    pub standing: Standing,
    /// What people said of it, where anybody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Box<FeedbackShown>>,
}

/// A watch that matched a post, as it was recorded when the post was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundMatch {
    pub watch: String,
    pub version: WatchVersion,
    /// Each with its places: bytes of the post's whole title and text.
    pub clauses: Vec<ClauseHit>,
}

impl From<Match> for FoundMatch {
    fn from(found: Match) -> Self {
        let Match { watch, version, clauses, role: _, owner: _, priority: _ } = found;
        Self { watch, version, clauses }
    }
}

/// Plain text, and which bytes of it matched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Highlighted {
    pub text: String,
    pub highlights: Vec<Range<usize>>,
}

impl Highlighted {
    /// The text in pieces, each with whether it matched.
    pub fn pieces(&self) -> Vec<(&str, bool)> {
        let mut pieces = Vec::new();
        let mut done = 0;
        for range in &self.highlights {
            let (Some(before), Some(matched)) = (self.text.get(done..range.start), self.text.get(range.clone())) else {
                continue;
            };
            pieces.push((before, false));
            pieces.push((matched, true));
            done = range.end;
        }
        pieces.push((self.text.get(done..).unwrap_or_default(), false));
        pieces.retain(|(piece, _)| !piece.is_empty());
        pieces
    }
}

/// Characters of a text that stand in for a title.
const HEADLINE: usize = 80;
/// The state of a delivery that is not tried any more.
const DEAD: &str = "dead";

/// A delivery as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// The alert's id: the `webhook-id` of every attempt.
    pub id: AlertId,
    pub receiver: String,
    /// `pending`, `delivered` or `dead`.
    pub state: String,
    pub attempts: u32,
    pub story: StoryId,
    /// Of the post; of a digest what it is about.
    pub title: String,
    pub url: String,
    pub decided_at: Timestamp,
    /// When it was delivered or given up, or will be tried next.
    pub at: Timestamp,
    /// What the last attempt said, where it was not taken.
    pub why: Option<String>,
}

impl DeliveryRow {
    /// Whether it is not tried any more, unless a person replays it.
    pub fn is_dead(&self) -> bool {
        self.state == DEAD
    }
}

impl From<Delivery> for DeliveryRow {
    fn from(delivery: Delivery) -> Self {
        let Delivery { alert, attempts, state, .. } = delivery;
        let (state, at, why) = match state {
            DeliveryState::Pending { next, why } => ("pending", next, why),
            DeliveryState::Delivered { at, .. } => ("delivered", at, None),
            DeliveryState::Dead { at, why } => (DEAD, at, Some(why)),
        };
        Self {
            id: alert.id,
            receiver: alert.receiver,
            state: state.to_owned(),
            attempts,
            story: alert.story,
            title: alert.digest.as_ref().map_or_else(|| headline(&alert.post), text::digest_headline),
            url: alert.post.url,
            decided_at: alert.decided_at,
            at,
            why,
        }
    }
}

/// The title, or the beginning of the text of a post without one; of one without words its address.
pub(super) fn headline(post: &Post) -> String {
    if !post.title.is_empty() {
        return post.title.clone();
    }
    if post.text.is_empty() {
        return post.url.clone();
    }
    let mut start: String = post.text.chars().take(HEADLINE).collect();
    if start.len() < post.text.len() {
        start.push('…');
    }
    start
}

/// One delivery by its alert's id.
pub fn delivery(store: &Store, alert: &AlertId) -> Result<Option<DeliveryRow>, ViewError> {
    Ok(store.delivery(alert)?.map(DeliveryRow::from))
}

/// Deliveries, newest first.
pub fn deliveries(store: &Store, stage: Option<Stage>, limit: usize) -> Result<Vec<DeliveryRow>, ViewError> {
    let filter = DeliveryFilter { stage, limit, ..DeliveryFilter::default() };
    Ok(store.deliveries(&filter)?.into_iter().map(DeliveryRow::from).collect())
}

/// Why a search gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    #[error("{0}")]
    Query(#[from] QueryError),
    #[error("`limit` is {given}; it goes from 1 to {MAX_LIMIT}")]
    Limit { given: usize },
    #[error("{0}")]
    Archive(#[from] ArchiveError),
    #[error("{0}")]
    Store(#[from] ViewError),
}

/// Searches the archive as of `now`.
pub fn search(
    archive: &Archive,
    store: &Store,
    names: &Names,
    ask: &SearchQuestion,
    now: Timestamp,
) -> Result<SearchAnswer, SearchError> {
    if !(1..=MAX_LIMIT).contains(&ask.limit) {
        return Err(SearchError::Limit { given: ask.limit });
    }
    let text = Some(ask.query.trim()).filter(|text| !text.is_empty()).unwrap_or(EVERYTHING);
    let query = Query::parse(text, Place::Search, names)?;
    let sort = match ask.sort {
        SortBy::Newest => Sort::Newest,
        SortBy::Best => Sort::Best,
    };
    let page = archive.search(&SearchRequest { query, sort, limit: ask.limit, offset: ask.offset, now })?;
    let mut results: Vec<FoundPost> = page.found.into_iter().map(FoundPost::from).collect();
    for found in &mut results {
        found.feedback = store.corrected(found.id)?.map(|corrected| Box::new(FeedbackShown::from(corrected)));
    }
    Ok(SearchAnswer { query: ask.query.clone(), as_of: now, total: page.total, results })
}

/// The newest mentions.
pub fn recent_mentions(
    archive: &Archive,
    store: &Store,
    limit: usize,
    now: Timestamp,
) -> Result<SearchAnswer, SearchError> {
    let ask = SearchQuestion { query: MENTIONS.to_owned(), sort: SortBy::Newest, limit, offset: 0 };
    search(archive, store, &Names::default(), &ask, now)
}

impl From<Found> for FoundPost {
    fn from(found: Found) -> Self {
        let Found { post, outcome, story, score, matches, held_back, standing, sense, title, text } = found;
        Self {
            id: post.id,
            story,
            url: post.url,
            title: Highlighted { text: title.text, highlights: title.highlights },
            snippet: Highlighted { text: text.text, highlights: text.highlights },
            source: post.source,
            kind: post.kind,
            site: post.site,
            post_type: post.post_type,
            author: post.author.map(|author| author.name),
            published: post.published,
            received: post.received,
            outcome,
            score: (!matches.is_empty()).then_some(score),
            held_back: held_back.iter().map(ToString::to_string).collect(),
            watches: matches.iter().map(|found| found.watch.clone()).collect(),
            matches: matches.into_iter().map(FoundMatch::from).collect(),
            engagement: post.engagement,
            lang: post.lang,
            sense: SenseShown::of(sense.as_ref()),
            standing,
            feedback: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_text_and_survive_ranges_inside_characters() {
        let pieces = |text: &str, ranges: &[Range<usize>]| {
            let shown = Highlighted { text: text.into(), highlights: ranges.to_vec() };
            shown
                .pieces()
                .into_iter()
                .map(|(piece, hit)| format!("{}{piece}", if hit { "*" } else { "" }))
                .collect::<Vec<_>>()
        };
        assert_eq!(pieces("Acme is down", &[0..4, 8..12]), ["*Acme", " is ", "*down"]);
        assert_eq!(pieces("down", &[]), ["down"]);
        assert_eq!(pieces("né", &[0..1, 1..2]), ["*n", "é"]);
    }
}
