//! Why did a watch not bring a post to anybody?

use serde::{Deserialize, Serialize};

use super::differs::Words;
use super::shown::in_context;
use super::{AlertShown, Answer, Evidence, ExplainError, HeldBack, MatchShown, PostShown};
use crate::archive::Record;
use crate::model::{ClauseHit, Outcome, WatchVersion, nearest};
use crate::pipeline::look::Highlighted;
use crate::query::{Because, Subject, why, why_not};
use crate::watch::{WatchSet, WatchSpec, first_true};

/// A watch and a post: what failed, or what held it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhyNot {
    pub post: PostShown,
    pub watch: String,
    /// Of the watch as it is now.
    pub version: WatchVersion,
    /// Whether the watch as it is now is true of the post as of its arrival.
    pub matches: bool,
    /// The clauses that decided: those that failed where it does not match, else those that are true.
    pub because: Vec<Because>,
    /// The title with what is there of the clauses.
    pub title: Highlighted,
    /// The part of the text with what is there of the clauses; empty where nothing is in it.
    pub text: Highlighted,
    /// What was recorded when the post was read, where the watch matched then.
    pub recorded: Option<MatchShown>,
    /// Why receivers were not told, as it was recorded.
    pub held_back: Vec<HeldBack>,
    /// The alerts of the post's story.
    pub alerts: Vec<AlertShown>,
    /// The answer as sentences.
    pub answer: Vec<String>,
}

impl Evidence<'_> {
    /// Why a watch did not bring a post to anybody. `watches` are those to try: the ones that run, or changed ones.
    ///
    /// # Errors
    /// There is no such watch, or a view cannot be read.
    pub fn why_not(&self, asked: &str, watch: &str, watches: &WatchSet) -> Result<Answer<WhyNot>, ExplainError> {
        let Some(spec) = watches.get(watch) else {
            let names = watches.specs().iter().map(|spec| spec.name.as_str());
            let nearest = nearest(watch, names).map(str::to_owned);
            return Err(ExplainError::NoWatch { name: watch.to_owned(), nearest });
        };
        let Some((record, _)) = self.find(asked)? else {
            return Ok(Answer::Unknown(Box::new(self.unknown(asked)?)));
        };
        let lists = Words::of(&record);
        let subject = lists.subject(&record);
        let alerts = self.alerts(&record)?;
        let matches = spec.query.matches(&subject);
        let because = if matches { why(spec.query.expr(), &subject) } else { why_not(spec.query.expr(), &subject) };
        let (title, text) = in_context(&record.post, &places(&because));
        let recorded = record.matches.iter().find(|found| found.watch == watch);
        let answer = Sentences { spec, record: &record, matches, alerts: &alerts }.all(self, &subject);
        Ok(Answer::Found(Box::new(WhyNot {
            post: PostShown::from(&record),
            watch: watch.to_owned(),
            version: spec.version(),
            matches,
            because,
            title,
            text,
            recorded: recorded.map(|found| MatchShown::new(&record.post, found, Some(watches))),
            held_back: record.held_back.iter().map(HeldBack::from).collect(),
            alerts,
            answer,
        })))
    }
}

fn places(because: &[Because]) -> Vec<ClauseHit> {
    let each = because.iter().chain(because.iter().flat_map(|because| &because.alternatives));
    each.map(|because| ClauseHit { clause: because.clause.clone(), spans: because.spans.clone() }).collect()
}

/// What the answer is made from.
struct Sentences<'a> {
    spec: &'a WatchSpec,
    record: &'a Record,
    matches: bool,
    alerts: &'a [AlertShown],
}

impl Sentences<'_> {
    fn all(&self, evidence: &Evidence<'_>, subject: &Subject<'_>) -> Vec<String> {
        let name = &self.spec.name;
        let recorded = self.record.matches.iter().find(|found| found.watch == *name);
        let read = self.record.post.received.in_words();
        match (self.matches, recorded) {
            (false, None) => vec![format!("`{name}` does not match it")],
            (false, Some(_)) => {
                let mut said = vec![format!(
                    "`{name}` as it is now does not match it; when it was read on {read} it did, so the watch was altered since"
                )];
                said.extend(self.came_of_it());
                said
            }
            (true, None) => {
                let mut said = vec![format!(
                    "`{name}` matches it now, but did not when it was read on {read}: the watch was added or altered since. What was read before is not gone through again"
                )];
                said.extend(excluded_now(evidence, subject));
                said
            }
            (true, Some(_)) => {
                let mut said = vec![format!("`{name}` does match it")];
                said.extend(self.came_of_it());
                said
            }
        }
    }

    /// Why nobody was told, or who was.
    fn came_of_it(&self) -> Vec<String> {
        let mut said: Vec<String> = self.record.held_back.iter().map(|why| HeldBack::from(why).words).collect();
        let own = self.alerts.iter().filter(|alert| alert.raised_by == self.record.post.id);
        said.extend(own.map(|alert| format!("it was alerted: {}", alert.words)));
        if said.is_empty() && self.record.outcome == Outcome::Edited {
            said.push(super::words::outcome(Outcome::Edited, &[]).to_owned());
        }
        said
    }
}

fn excluded_now(evidence: &Evidence<'_>, subject: &Subject<'_>) -> Option<String> {
    let (exclusion, _) = first_true(&evidence.config?.exclusions, subject)?;
    Some(format!("the exclusion `{}` would hold it back now", exclusion.name))
}
