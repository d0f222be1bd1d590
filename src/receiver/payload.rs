//! What does a machine read in an alert?
//!
//! One JSON object per alert. Fields may be added; none changes its meaning or goes away. The bytes are the
//! same at every attempt: nothing in here tells when or how often it was sent.

use serde::Serialize;

use super::text;
use crate::model::{
    Alert, Author, Digest, Engagement, Issue, Match, Post, PostId, PostType, Priority, Role, ScorePart, StoryId,
    Timestamp,
};

/// Most characters of a post's text that are sent; the whole stays in the archive.
pub const MAX_TEXT: usize = 2_000;

/// The whole body, in the frame that Standard Webhooks proposes.
#[derive(Debug, Serialize)]
pub struct Payload<'a> {
    /// What happened: `mention.alert`; `mention.digest` for what a daily cap held back; `issue.opened` when sources went
    /// deaf, `issue.closed` when they were heard again.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When the alert was decided, RFC 3339 in UTC.
    pub timestamp: Timestamp,
    pub data: Data<'a>,
}

/// The alert itself.
#[derive(Debug, Serialize)]
pub struct Data<'a> {
    /// Identity of the alert, the same over all attempts; also the header `webhook-id`.
    pub alert_id: &'a str,
    /// Identity of the story: posts that say the same thing share it.
    pub story: StoryId,
    /// Name of the receiver it was sent to.
    pub receiver: &'a str,
    /// Made by `overheard test-route`; nothing was said anywhere.
    pub sample: bool,
    /// `low`, `normal` or `high`: the highest of the watches that matched.
    pub priority: Priority,
    /// Who owns it: the owner of the watch with the highest priority that has one, else null.
    pub owner: Option<&'a str>,
    /// Every watch that matched.
    pub watches: Vec<Watch<'a>>,
    pub post: Said<'a>,
    /// What made it a mention: every matched clause, at most [`text::MAX_CLAUSES`].
    pub why: Vec<Why<'a>>,
    pub score: Scored<'a>,
    /// The way through the route tree from the root down, as `match` texts; the root is `(default)`.
    pub route: &'a [String],
    /// Only of a `mention.digest`, else null: what `max_alerts_per_day` of the watch `watch` held back on the local day
    /// `day`, or, where `flood` is no null but a moment, what `max_alerts_per_10_minutes` of the receiver held back in the ten
    /// minutes since then; `stories` counts all of it, `listed` has `story`, `post`, `title`, `url`, `site` and `score` of the ones with
    /// the highest scores. Everything else in `data` is about the first of them.
    pub digest: Option<&'a Digest>,
    /// Only of `issue.opened` and `issue.closed`, else null: which sources are deaf (`subject`, and for each of `sources`
    /// its `reason`, `why`, `since`, `until`). `post` then says it in words, and is no post of anybody.
    pub issue: Option<&'a Issue>,
}

/// A watch that matched.
#[derive(Debug, Serialize)]
pub struct Watch<'a> {
    pub name: &'a str,
    /// `brand`, `product`, `competitor` or `topic`.
    pub role: Role,
    pub owner: Option<&'a str>,
    pub priority: Priority,
    /// Changes whenever the watch would match, or be treated, differently.
    pub version: &'a str,
}

/// The post that raised the alert. All text is plain text of a stranger: escape it for the place where you show it.
#[derive(Debug, Serialize)]
pub struct Said<'a> {
    /// 20 hexadecimal digits; the same post has the same id for ever.
    pub id: PostId,
    pub title: &'a str,
    /// The text, or its beginning: at most [`MAX_TEXT`] characters, `…` at the end where it was cut.
    pub text: String,
    /// Permalink as the site writes it.
    pub url: &'a str,
    /// Host of the permalink without `www.`
    pub site: &'a str,
    /// Name of the configured source that brought it, and its kind.
    pub source: &'a str,
    pub kind: &'a str,
    /// `story`, `comment`, `article`, `review`, `question` or `answer`.
    #[serde(rename = "type")]
    pub post_type: PostType,
    /// `name`, `handle` and `url` (or null), as the site says; null where it does not.
    pub author: Option<&'a Author>,
    /// When the site says it was published; null where it does not say.
    pub published: Option<Timestamp>,
    /// When it was read.
    pub received: Timestamp,
    /// Language that the site states, as a primary subtag (`en`), else null.
    pub lang: Option<&'a str>,
    pub tags: &'a [String],
    /// `likes`, `replies` and `shares` when it was read; null where the site does not say.
    pub engagement: Engagement,
}

/// A clause of a watch's query that was true.
#[derive(Debug, Serialize)]
pub struct Why<'a> {
    /// Name of the watch.
    pub watch: &'a str,
    /// The clause in the query language.
    pub clause: &'a str,
    /// The words of the post that matched, as they stand there; empty for a clause about a field.
    pub words: Vec<&'a str>,
    /// The first place with the text around it as one line; null for a clause about a field.
    pub snippet: Option<String>,
}

/// How much it matters.
#[derive(Debug, Serialize)]
pub struct Scored<'a> {
    /// 0–100: the rounded and clamped sum of the parts.
    pub total: u8,
    /// `signal`, `points` and `why` of each part.
    pub parts: &'a [ScorePart],
}

impl<'a> Payload<'a> {
    /// The body for an alert.
    pub fn of(alert: &'a Alert) -> Self {
        let data = Data {
            alert_id: &alert.id,
            story: alert.story,
            receiver: &alert.receiver,
            sample: alert.sample,
            priority: text::priority(alert),
            owner: text::owner(alert),
            watches: alert.matches.iter().map(Watch::of).collect(),
            post: Said::of(&alert.post),
            why: text::clauses(alert).into_iter().map(Why::of).collect(),
            score: Scored { total: alert.score.total, parts: &alert.score.parts },
            route: &alert.reason.route,
            digest: alert.digest.as_ref(),
            issue: alert.issue.as_ref(),
        };
        let kind = match &alert.issue {
            Some(issue) if issue.closed.is_some() => "issue.closed",
            Some(_) => "issue.opened",
            None if alert.digest.is_some() => "mention.digest",
            None => "mention.alert",
        };
        Self { kind, timestamp: alert.decided_at, data }
    }

    /// The body as the bytes to send.
    pub fn to_json(&self) -> String {
        // Every field is a string, a number or a list of such: nothing in it can fail to serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl<'a> Watch<'a> {
    fn of(found: &'a Match) -> Self {
        Self {
            name: &found.watch,
            role: found.role,
            owner: found.owner.as_deref(),
            priority: found.priority,
            version: &found.version,
        }
    }
}

impl<'a> Said<'a> {
    fn of(post: &'a Post) -> Self {
        Self {
            id: post.id,
            title: &post.title,
            text: text::cut(&post.text, MAX_TEXT),
            url: &post.url,
            site: &post.site,
            source: &post.source,
            kind: &post.kind,
            post_type: post.post_type,
            author: post.author.as_ref(),
            published: post.published,
            received: post.received,
            lang: post.lang.as_deref(),
            tags: &post.tags,
            engagement: post.engagement,
        }
    }
}

impl<'a> Why<'a> {
    fn of(clause: text::Clause<'a>) -> Self {
        Self { watch: clause.watch, clause: clause.clause, words: clause.words, snippet: clause.snippet }
    }
}
