//! How are posts and matches shown to who wants to know why?

use serde::{Deserialize, Serialize};

use crate::archive::{Record, Snippet, highlighted};
use crate::model::{
    ClauseHit, Engagement, Field, Match, Outcome, Post, PostId, PostType, Priority, Role, Span, StoryId, Timestamp,
    WatchVersion,
};
use crate::pipeline::look::{Highlighted, headline};
use crate::watch::WatchSet;

/// A post without its body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostShown {
    pub id: PostId,
    pub story: StoryId,
    pub url: String,
    pub canonical_url: String,
    /// The title, or the beginning of the text.
    pub title: String,
    pub source: String,
    pub kind: String,
    pub site: String,
    #[serde(rename = "type")]
    pub post_type: PostType,
    pub author: Option<String>,
    pub lang: Option<String>,
    pub tags: Vec<String>,
    pub published: Option<Timestamp>,
    pub updated: Option<Timestamp>,
    pub received: Timestamp,
    pub engagement: Engagement,
}

impl From<&Record> for PostShown {
    fn from(record: &Record) -> Self {
        let post = &record.post;
        Self {
            id: post.id,
            story: record.story,
            url: post.url.clone(),
            canonical_url: post.canonical_url.clone(),
            title: headline(post),
            source: post.source.clone(),
            kind: post.kind.clone(),
            site: post.site.clone(),
            post_type: post.post_type,
            author: post.author.as_ref().map(|author| author.name.clone()),
            lang: post.lang.clone(),
            tags: post.tags.clone(),
            published: post.published,
            updated: post.updated,
            received: post.received,
            engagement: post.engagement,
        }
    }
}

/// A post in one line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub id: PostId,
    pub title: String,
    pub url: String,
    pub site: String,
    pub source: String,
    pub published: Option<Timestamp>,
    pub received: Timestamp,
    pub outcome: Outcome,
}

impl From<&Record> for Member {
    fn from(record: &Record) -> Self {
        let post = &record.post;
        Self {
            id: post.id,
            title: headline(post),
            url: post.url.clone(),
            site: post.site.clone(),
            source: post.source.clone(),
            published: post.published,
            received: post.received,
            outcome: record.outcome,
        }
    }
}

/// A watch that matched, with the clauses that did and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchShown {
    pub watch: String,
    /// Of the watch that matched.
    pub version: WatchVersion,
    /// Whether the watch is still what it was.
    pub now: Currency,
    pub role: Role,
    pub owner: Option<String>,
    pub priority: Priority,
    pub clauses: Vec<ClauseShown>,
    /// The whole title.
    pub title: Highlighted,
    /// The part of the text with the clauses in it; empty where none is in the text.
    pub text: Highlighted,
}

/// Whether a watch of earlier is still the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Currency {
    Unchanged,
    /// The watch, or a list that it names, was altered since.
    Altered,
    Removed,
    /// The configuration has faults.
    Unknown,
}

/// A clause that was true, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseShown {
    pub clause: String,
    /// Bytes of the post's title and text; none for a clause about a field.
    pub spans: Vec<Span>,
    /// What stands at the places, each once.
    pub words: Vec<String>,
}

impl ClauseShown {
    /// A clause with its places in a post.
    pub fn new(post: &Post, hit: &ClauseHit) -> Self {
        let mut words: Vec<String> = Vec::new();
        for span in &hit.spans {
            let found = at(post, *span).to_owned();
            if !found.is_empty() && !words.contains(&found) {
                words.push(found);
            }
        }
        Self { clause: hit.clause.clone(), spans: hit.spans.clone(), words }
    }
}

/// The words at a place of a post; nothing where it is kept no more.
pub(super) fn at(post: &Post, span: Span) -> &str {
    let text = match span.field {
        Field::Title => &post.title,
        Field::Text => &post.text,
    };
    text.get(span.start as usize..span.end as usize).unwrap_or_default()
}

impl MatchShown {
    /// A match of a post; `watches` are those of now, where they are known.
    pub fn new(post: &Post, found: &Match, watches: Option<&WatchSet>) -> Self {
        let now = match watches {
            None => Currency::Unknown,
            Some(watches) => match watches.get(&found.watch) {
                None => Currency::Removed,
                Some(spec) if spec.version() == found.version => Currency::Unchanged,
                Some(_) => Currency::Altered,
            },
        };
        let (title, text) = in_context(post, &found.clauses);
        Self {
            watch: found.watch.clone(),
            version: found.version.clone(),
            now,
            role: found.role,
            owner: found.owner.clone(),
            priority: found.priority,
            clauses: found.clauses.iter().map(|hit| ClauseShown::new(post, hit)).collect(),
            title,
            text,
        }
    }
}

/// Title and text of a post with clauses highlighted; the text is empty where none is in it.
pub fn in_context(post: &Post, hits: &[ClauseHit]) -> (Highlighted, Highlighted) {
    let in_text = hits.iter().flat_map(|hit| &hit.spans).any(|span| span.field == Field::Text);
    let (title, text) = highlighted(post, hits);
    let shown = |Snippet { text, highlights }: Snippet| Highlighted { text, highlights };
    (shown(title), if in_text { shown(text) } else { Highlighted::default() })
}
