//! What did a person say of a post, does it make sense, and how right is each watch by what people say?

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::evaluate::figures::Proportion;
use super::explain::{self, ExplainError};
use super::lessons::{self, Lessons};
use crate::archive::{Archive, Record};
use crate::model::{
    Corrected, Correction, Feedback, Label, PostId, Said, Sense, SentimentClass, Timestamp, ViewError, nearest,
};
use crate::score::learn::{Moved, Relevance};
use crate::store::Store;

/// Most records of feedback in one list.
pub const MAX_LISTED: usize = 1_000;

/// What somebody says of a post, as it was typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedbackOrder {
    /// Address, id or alert of the post.
    pub post: String,
    /// Whether it is what its watches are meant to find.
    pub relevant: Option<bool>,
    /// Only for this watch; without it for every watch that found the post.
    pub watch: Option<String>,
    /// `negative`, `neutral`, `positive`; `none` takes back what was said of its sentiment.
    pub sentiment: Option<String>,
    /// Labels that it should have.
    pub labels: Vec<String>,
    /// Labels that it should not have.
    pub not_labels: Vec<String>,
    /// Takes back everything that was said of it before; alone.
    pub take_back: bool,
    /// Who says it.
    pub by: Option<String>,
    pub note: Option<String>,
}

/// Why it cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackError {
    #[error("there is no post `{0}` in the archive; give the address or the id of one that `overheard search` finds")]
    NoPost(String),
    #[error("nothing is said of the post: say whether it is relevant, its sentiment, or a label")]
    Nothing,
    #[error("take_back stands alone: it takes back everything that was said of the post")]
    TakeBackAlone,
    #[error("there is no sentiment `{0}`; it is negative, neutral or positive, or none to take back what was said")]
    Sentiment(String),
    #[error("there is no label `{name}`")]
    Label { name: String, nearest: Option<String> },
    #[error("the post cannot both have and not have the label `{0}`")]
    Both(&'static str),
    #[error("the post cannot have the label `{child}` and not `{parent}`: whatever has the one has the other")]
    Child { child: &'static str, parent: &'static str },
    #[error("watch `{watch}` did not find this post{}", found_by(.found))]
    Watch { watch: String, found: Vec<String> },
    #[error("no watch found this post, so it can be neither relevant nor not relevant to one")]
    NoWatch,
    #[error("`watch` says for which watch the post is relevant or not, and goes with one of the two")]
    WatchAlone,
    #[error("a note or a name is longer than {} bytes", Feedback::MAX_NOTE)]
    Long,
    #[error(transparent)]
    Unavailable(#[from] ExplainError),
    #[error(transparent)]
    Store(#[from] ViewError),
}

impl FeedbackError {
    /// What would be right.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Label { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::Label { nearest: None, .. } => Some(format!("labels are {}", Label::ALL.map(Label::name).join(", "))),
            Self::NoPost(_)
            | Self::Nothing
            | Self::TakeBackAlone
            | Self::Sentiment(_)
            | Self::Both(_)
            | Self::Child { .. }
            | Self::Watch { .. }
            | Self::NoWatch
            | Self::WatchAlone
            | Self::Long
            | Self::Unavailable(_)
            | Self::Store(_) => None,
        }
    }
}

fn found_by(watches: &[String]) -> String {
    if watches.is_empty() { "; none did".to_owned() } else { format!("; it was found by {}", watches.join(", ")) }
}

/// The post that is meant, from the archive.
///
/// # Errors
/// There is none, or the archive cannot be read.
pub fn find(archive: &Archive, store: &Store, asked: &str, now: Timestamp) -> Result<Record, FeedbackError> {
    let found = explain::find_post(archive, store, asked, now)?;
    found.ok_or_else(|| FeedbackError::NoPost(asked.to_owned()))
}

/// What was said, checked against the post and itself.
pub fn checked(order: &FeedbackOrder, record: &Record, at: Timestamp) -> Result<Feedback, FeedbackError> {
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > Feedback::MAX_NOTE);
    if long(&order.note) || long(&order.by) {
        return Err(FeedbackError::Long);
    }
    let corrections = corrections(order, record)?;
    let filled =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let post = &record.post;
    Ok(Feedback {
        post: post.id,
        at,
        by: filled(&order.by).unwrap_or_else(|| "operator".to_owned()),
        note: filled(&order.note),
        corrections,
        title: start_of(&post.title).to_owned(),
        text: start_of(&post.text).to_owned(),
        lang: post.lang.clone(),
    })
}

fn corrections(order: &FeedbackOrder, record: &Record) -> Result<Vec<Correction>, FeedbackError> {
    let mut corrections = relevance(order, record)?;
    if let Some(word) = &order.sentiment {
        let class = match SentimentClass::of(word) {
            None if word.eq_ignore_ascii_case("none") => None,
            None => return Err(FeedbackError::Sentiment(word.clone())),
            class => class,
        };
        corrections.push(Correction::Sentiment { class });
    }
    corrections.extend(labels(order)?);
    match (order.take_back, corrections.is_empty()) {
        (true, true) => Ok(vec![Correction::Everything]),
        (true, false) => Err(FeedbackError::TakeBackAlone),
        (false, true) => Err(FeedbackError::Nothing),
        (false, false) => Ok(corrections),
    }
}

fn relevance(order: &FeedbackOrder, record: &Record) -> Result<Vec<Correction>, FeedbackError> {
    let found: Vec<String> = record.matches.iter().map(|found| found.watch.clone()).collect();
    let Some(relevant) = order.relevant else {
        return if order.watch.is_some() { Err(FeedbackError::WatchAlone) } else { Ok(Vec::new()) };
    };
    let watches = match &order.watch {
        Some(watch) if !found.contains(watch) => return Err(FeedbackError::Watch { watch: watch.clone(), found }),
        Some(watch) => vec![watch.clone()],
        None if found.is_empty() => return Err(FeedbackError::NoWatch),
        None => found,
    };
    let said = |watch| Correction::Relevance { watch, relevant: Some(relevant) };
    Ok(watches.into_iter().map(said).collect())
}

fn labels(order: &FeedbackOrder) -> Result<Vec<Correction>, FeedbackError> {
    let read = |names: &[String]| names.iter().map(|name| label(name)).collect::<Result<BTreeSet<Label>, _>>();
    let (has, has_not) = (read(&order.labels)?, read(&order.not_labels)?);
    if let Some(both) = has.intersection(&has_not).next() {
        return Err(FeedbackError::Both(both.name()));
    }
    for child in &has {
        if let Some(parent) = child.parent().filter(|parent| has_not.contains(parent)) {
            return Err(FeedbackError::Child { child: child.name(), parent: parent.name() });
        }
    }
    let said = |applies: bool| move |label| Correction::Label { label, applies: Some(applies) };
    Ok(has.into_iter().map(said(true)).chain(has_not.into_iter().map(said(false))).collect())
}

fn label(name: &str) -> Result<Label, FeedbackError> {
    Label::of(name.trim()).ok_or_else(|| {
        let children = Label::ALL.iter().map(|label| label.name().rsplit('/').next().unwrap_or_default());
        let known = Label::ALL.iter().map(|label| label.name()).chain(children);
        FeedbackError::Label { name: name.to_owned(), nearest: nearest(name, known).map(str::to_owned) }
    })
}

fn start_of(text: &str) -> &str {
    let mut end = Feedback::MAX_WORDS.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// What stands of everything that was said of a post, without its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedbackShown {
    pub post: PostId,
    /// When something was said last.
    pub at: Timestamp,
    /// By watch.
    pub relevant: BTreeMap<String, Said<bool>>,
    pub sentiment: Option<Said<SentimentClass>>,
    /// Whether the post has the label.
    pub labels: BTreeMap<Label, Said<bool>>,
}

impl From<Corrected> for FeedbackShown {
    fn from(corrected: Corrected) -> Self {
        let Corrected { post, at, relevance, sentiment, labels, title: _, text: _, lang: _ } = corrected;
        Self { post, at, relevant: relevance, sentiment, labels }
    }
}

/// How a post is read, and what made it so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostRead {
    pub post: PostId,
    pub url: String,
    pub title: String,
    /// By its words alone.
    pub untrained: Sense,
    /// After what was learned, and with what people said of this very post in its place.
    pub sense: Sense,
    /// The words that made the difference, by what was learned from all corrections.
    pub moved: Vec<Moved>,
    /// To the watches that found it, as far as anybody said something of their mentions.
    pub relevance: Vec<Relevance>,
    /// What people said of it.
    pub feedback: Option<FeedbackShown>,
}

/// Reads a post anew: its words, what was learned, what people said of it.
///
/// # Errors
/// The store cannot be read.
pub fn read(record: &Record, store: &Store, lessons: &Lessons) -> Result<PostRead, FeedbackError> {
    let post = &record.post;
    let untrained = lessons::untrained(&post.title, &post.text, post.lang.as_deref());
    let adjusted = lessons.read(post, &untrained);
    let mut sense = adjusted.sense;
    let corrected = store.corrected(post.id)?;
    if let Some(corrected) = &corrected {
        corrected.onto(&mut sense);
    }
    let relevance = record.matches.iter().filter_map(|found| lessons.relevance(&found.watch, post, &untrained));
    Ok(PostRead {
        post: post.id,
        url: post.url.clone(),
        title: super::look::headline(post),
        relevance: relevance.collect(),
        untrained,
        sense,
        moved: adjusted.moved,
        feedback: corrected.map(FeedbackShown::from),
    })
}

/// How much of what a watch finds is relevant, by what people said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchPrecision {
    pub watch: String,
    pub relevant: u64,
    pub not_relevant: u64,
    /// Share of the relevant among both; `None` while nobody said anything.
    pub precision: Option<f64>,
    /// Its 95 % interval (Wilson).
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// The precision of every configured watch, and of others of whose mentions something was said.
pub fn precision(all: &[Corrected], configured: &[&str]) -> Vec<WatchPrecision> {
    let mut counts: BTreeMap<&str, (u64, u64)> = configured.iter().map(|watch| (*watch, (0, 0))).collect();
    for (watch, said) in all.iter().flat_map(|corrected| &corrected.relevance) {
        let (relevant, not_relevant) = counts.entry(watch).or_default();
        *if said.what { relevant } else { not_relevant } += 1;
    }
    let of = |(watch, (relevant, not_relevant)): (&str, (u64, u64))| {
        let share = Proportion::new(relevant as f64, (relevant + not_relevant) as f64);
        WatchPrecision {
            watch: watch.to_owned(),
            relevant,
            not_relevant,
            precision: share.map(|share| share.value),
            low: share.map(|share| share.low),
            high: share.map(|share| share.high),
        }
    };
    counts.into_iter().map(of).collect()
}

/// All feedback that stands, with what follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedbackList {
    /// What ages are counted to.
    pub as_of: Timestamp,
    /// How many answers were learned from; `None` where no daemon runs.
    pub learned_from: Option<usize>,
    pub precision: Vec<WatchPrecision>,
    /// How many posts something stands of.
    pub total: usize,
    /// The latest first, at most [`MAX_LISTED`].
    pub feedback: Vec<FeedbackShown>,
}

/// Lists what stands.
///
/// # Errors
/// The store cannot be read.
pub fn list(
    store: &Store,
    configured: &[&str],
    lessons: Option<&Lessons>,
    now: Timestamp,
) -> Result<FeedbackList, ViewError> {
    let all = store.all_corrected()?;
    Ok(FeedbackList {
        as_of: now,
        learned_from: lessons.map(Lessons::corrections),
        precision: precision(&all, configured),
        total: all.len(),
        feedback: all.into_iter().rev().take(MAX_LISTED).map(FeedbackShown::from).collect(),
    })
}

#[cfg(test)]
mod tests;
