//! What do a post's words say: sentiment, labels, and how likely is it a problem?
//!
//! One pass makes tokens, one finds the words and phrases that are known, and each question sums what they say. No
//! network, no model to download; English. Everything that decides is in the three files under `lexicon/`, in
//! words, and each answer tells which of them it found.

mod english;
mod hits;
mod labels;
mod letters;
mod lexicon;
mod problem;
mod sentiment;
mod strip;
mod target;
mod tokens;

#[cfg(test)]
mod tests;

pub use labels::controversial;
pub use target::Names;

use crate::model::{Cue, Field, Sense, Sentiment, Span};
use hits::Hit;
use tokens::Tokens;

/// Words from which a text is long.
const LONG: f32 = 50.0;

/// The parts of a post that are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Text<'a> {
    pub title: &'a str,
    pub text: &'a str,
    /// The language as far as it is known, as a BCP 47 tag.
    pub lang: Option<&'a str>,
}

/// One part, read.
struct Part {
    field: Field,
    found: Tokens,
    hits: Vec<Hit>,
    /// How much each token is about what is watched, −1 to 1; empty where all are alike.
    about: Vec<f32>,
}

impl Part {
    fn read(field: Field, text: &str, names: Option<&Names>) -> Self {
        let mut found = tokens::tokens(text, &[]);
        // Nearly every short post is one line without code: then nothing is to be left out.
        if found.marked {
            let foreign = strip::foreign(text);
            if !foreign.is_empty() {
                found = tokens::tokens(text, &foreign);
            }
        }
        let hits = hits::hits(&found);
        let about = names.map(|names| names.about(text, &found)).unwrap_or_default();
        Self { field, found, hits, about }
    }

    /// How much a hit is about what is watched.
    fn weight(&self, hit: &Hit) -> f32 {
        self.about.get(hit.first).copied().unwrap_or(1.0)
    }

    /// How much one hit counts among many: a long text says more of everything.
    fn thinned(&self) -> f32 {
        (LONG / self.found.words.max(1) as f32).min(1.0).sqrt()
    }

    fn span(&self, hit: &Hit) -> Span {
        let (start, end) = (self.found.tokens[hit.first].start, self.found.tokens[hit.end - 1].end);
        Span { field: self.field, start, end }
    }
}

/// Reads a post; `names` are those of the watch, for a text that speaks of several things.
pub fn read(text: &Text<'_>, names: Option<&Names>) -> Sense {
    let mut parts = Vec::with_capacity(2);
    if !text.title.is_empty() {
        parts.push(Part::read(Field::Title, text.title, names));
    }
    if !text.text.is_empty() {
        parts.push(Part::read(Field::Text, text.text, names));
    }
    if let Some(why) = english::unreadable(&parts, text.lang) {
        return Sense { sentiment: Sentiment::Unclassified(why), ..Sense::default() };
    }
    let problem = problem::likelihood(&parts);
    let sentiment = sentiment::sentiment(&parts);
    let labels = labels::labels(&parts, problem, &sentiment);
    Sense { sentiment, problem, labels, cues: cues(&parts) }
}

/// The words that moved something, the strongest first.
fn cues(parts: &[Part]) -> Vec<Cue> {
    let mut cues: Vec<Cue> = Vec::new();
    for part in parts {
        for hit in &part.hits {
            let (sentiment, problem) = (hit.sentiment * part.weight(hit), hit.problem);
            if sentiment != 0.0 || problem != 0.0 {
                cues.push(Cue { span: part.span(hit), sentiment, problem });
            }
        }
    }
    let strength = |cue: &Cue| cue.sentiment.abs() + cue.problem.abs();
    cues.sort_by(|one, other| strength(other).total_cmp(&strength(one)));
    cues.truncate(Sense::MAX_CUES);
    cues
}
