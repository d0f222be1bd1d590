//! What is an issue: something that has gone on for a while and that somebody must know of, like a source gone deaf?

use serde::{Deserialize, Serialize};

use super::{FetchProblem, Timestamp};

/// Identity of an issue: `issue_` and 20 hexadecimal digits, derived from what it is about and when it was opened.
pub type IssueId = String;

/// Sources that cannot be heard any more, for one cause: those of one host, or all that cannot be reached at all.
///
/// It is opened once, told of once, takes more sources in while it lasts, and is closed, with one word of it, when all of them were
/// heard again for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    pub id: IssueId,
    /// The host that its sources ask, [`Issue::NETWORK`], or `pushed to NAME`.
    pub subject: String,
    /// In the order in which they went deaf; at most [`Issue::MAX_SOURCES`].
    pub sources: Vec<DeafSource>,
    pub opened: Timestamp,
    /// When the last of its sources was heard again, once that has held for a while.
    pub closed: Option<Timestamp>,
}

/// One source of an issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeafSource {
    pub source: String,
    /// Name of the source's kind.
    pub kind: String,
    pub reason: Deafness,
    /// In words: what it answered last.
    pub why: String,
    /// Since when nothing was heard of it.
    pub since: Timestamp,
    /// When it was heard again.
    pub until: Option<Timestamp>,
}

impl Issue {
    /// Subject of the issue when hardly any host can be reached: the fault is likely on our side.
    pub const NETWORK: &'static str = "network";
    /// Most sources that one issue names.
    pub const MAX_SOURCES: usize = 1_000;

    /// The identity of an issue about this subject that was opened then.
    pub fn id(subject: &str, opened: Timestamp) -> IssueId {
        let hash = blake3::hash(format!("issue\n{subject}\n{}", opened.0).as_bytes()).to_hex();
        format!("issue_{}", &hash[..20])
    }

    /// Sources that are deaf still.
    pub fn deaf(&self) -> impl Iterator<Item = &DeafSource> {
        self.sources.iter().filter(|source| source.until.is_none())
    }

    /// In one line: `reddit.com refuses us: 3 sources are deaf`.
    pub fn title(&self) -> String {
        let count = self.sources.len();
        let them = match &self.sources[..] {
            [only] => format!("source {}", only.source),
            _ => format!("{count} sources"),
        };
        if self.closed.is_some() {
            return format!("Heard again: {them} ({})", self.subject);
        }
        let is = if count == 1 { "is" } else { "are" };
        let what = match self.sources.first() {
            _ if self.subject == Self::NETWORK => "hardly any host can be reached".to_owned(),
            Some(first) => format!("{} {}", self.subject, first.reason.in_words()),
            None => self.subject.clone(),
        };
        format!("{what}: {them} {is} deaf")
    }

    /// What is known, a line a source (the first [`Issue::MAX_TOLD`]), and what helps.
    pub fn text(&self) -> String {
        let line = |source: &DeafSource| match source.until {
            Some(until) => {
                let (since, until) = (source.since.in_words(), until.in_words());
                format!("{}: nothing was heard from {since} to {until}", source.source)
            }
            None => format!("{}: nothing heard since {} ({})", source.source, source.since.in_words(), source.why),
        };
        let mut lines: Vec<String> = self.sources.iter().take(Self::MAX_TOLD).map(line).collect();
        if self.sources.len() > Self::MAX_TOLD {
            lines.push(format!("and {} more", self.sources.len() - Self::MAX_TOLD));
        }
        if let Some(first) = self.sources.first().filter(|_| self.closed.is_none()) {
            lines.push(first.reason.advice().to_owned());
        }
        lines.join("\n")
    }

    /// Most sources that the text goes into.
    pub const MAX_TOLD: usize = 10;
}

/// Why nothing is heard of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deafness {
    Unreachable,
    /// 401, 403, robots.txt, a private address.
    Blocked,
    /// A consent, login or "are you human" page.
    Wall,
    /// It answers with errors.
    Failing,
    /// It answers something else than its kind can read.
    Unreadable,
    /// A selector that finds nothing.
    FoundNothing,
    /// Its only item tells of an error.
    ErrorItem,
    /// It asked for a long wait.
    Limited,
    /// It said that it is gone for good.
    Gone,
    /// It was not asked in time.
    Stale,
    /// It is read in a lesser way than the one configured.
    Degraded,
    /// It brings far less than it did.
    Shrinking,
}

impl Deafness {
    /// Every reason with its name in JSON and metrics.
    pub const ALL: [(Deafness, &'static str); 12] = [
        (Deafness::Unreachable, "unreachable"),
        (Deafness::Blocked, "blocked"),
        (Deafness::Wall, "wall"),
        (Deafness::Failing, "failing"),
        (Deafness::Unreadable, "unreadable"),
        (Deafness::FoundNothing, "found_nothing"),
        (Deafness::ErrorItem, "error_item"),
        (Deafness::Limited, "limited"),
        (Deafness::Gone, "gone"),
        (Deafness::Stale, "stale"),
        (Deafness::Degraded, "degraded"),
        (Deafness::Shrinking, "shrinking"),
    ];

    /// Its name in JSON, metrics and as a tag that routes can ask for.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(reason, _)| *reason == self).map_or("failing", |(_, name)| name)
    }

    /// What an asking that ended so means when it goes on.
    pub fn of(problem: &FetchProblem) -> Self {
        match problem {
            FetchProblem::Unreachable { .. } | FetchProblem::TimedOut { .. } => Self::Unreachable,
            FetchProblem::Limited { .. } => Self::Limited,
            FetchProblem::Refused { .. }
            | FetchProblem::NoToken { .. }
            | FetchProblem::Robots { .. }
            | FetchProblem::PrivateAddress { .. } => Self::Blocked,
            FetchProblem::Wall { .. } => Self::Wall,
            FetchProblem::FoundNothing { .. } => Self::FoundNothing,
            FetchProblem::ErrorItem { .. } => Self::ErrorItem,
            FetchProblem::Gone => Self::Gone,
            FetchProblem::Unreadable { .. } => Self::Unreadable,
            FetchProblem::TooManyRedirects { .. } | FetchProblem::TooLarge { .. } | FetchProblem::Status { .. } => {
                Self::Failing
            }
        }
    }

    /// What the host does, after its name.
    fn in_words(self) -> &'static str {
        match self {
            Self::Unreachable => "cannot be reached",
            Self::Blocked => "refuses us",
            Self::Wall => "shows a page for consent or login instead of its posts",
            Self::Failing => "answers with errors",
            Self::Unreadable => "answers what cannot be read",
            Self::FoundNothing => "does not look as it did",
            Self::ErrorItem => "tells of an error instead of posts",
            Self::Limited => "asks us to wait for long",
            Self::Gone => "says it is gone for good",
            Self::Stale => "was not asked in time",
            Self::Degraded => "is read in a lesser way than configured",
            Self::Shrinking => "brings far less than it did",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Unreachable => "See whether the site is up, and whether this machine reaches it.",
            Self::Blocked => "See whether the key is still valid, or ask the site's operator; robots.txt is obeyed.",
            Self::Wall => "Open its address in a browser without cookies; a feed or an API of the site may help.",
            Self::Failing => "See whether its address is still right; `overheard poll NAME` shows what it answers.",
            Self::Unreadable => "`overheard poll NAME` shows what it answers; perhaps it is of another kind now.",
            Self::FoundNothing => {
                "The page was probably rebuilt: look at the selectors; `overheard poll NAME` tries them."
            }
            Self::ErrorItem => "Whoever makes the feed (a bridge, perhaps) has a fault: its item says which.",
            Self::Limited => "It is asked again when its wait is over; a key or a slower `every` may help.",
            Self::Gone => "Give its new address in sources.toml, or remove it.",
            Self::Stale => "This machine may be overloaded, or too many sources share one host.",
            Self::Degraded => "See whether its key is still valid.",
            Self::Shrinking => "See whether the site shows visitors less than it did.",
        }
    }
}
