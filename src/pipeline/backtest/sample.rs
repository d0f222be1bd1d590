//! Which of many posts are shown, and how?

use std::collections::VecDeque;

use super::report::Sample;
use crate::archive::Snippet;
use crate::model::{ClauseHit, Post, StoryId};
use crate::pipeline::look::Highlighted;

/// A post that may be shown.
pub(super) struct Shown {
    pub post: Post,
    pub story: StoryId,
    pub score: u8,
    /// What is marked in it.
    pub hits: Vec<ClauseHit>,
    pub why: Vec<String>,
}

/// The newest posts, each of another story. Posts come in order of arrival.
pub(super) struct Samples {
    keep: usize,
    /// The newest last.
    kept: VecDeque<Shown>,
}

impl Samples {
    pub fn new(keep: usize) -> Self {
        Self { keep, kept: VecDeque::with_capacity(keep) }
    }

    /// Takes a post in place of an older one, of its own story if that is shown.
    pub fn add(&mut self, shown: Shown) {
        if self.keep == 0 {
            return;
        }
        if let Some(same) = self.kept.iter().position(|older| older.story == shown.story) {
            self.kept.remove(same);
        } else if self.kept.len() == self.keep {
            self.kept.pop_front();
        }
        self.kept.push_back(shown);
    }

    /// Says why of those of which nothing was said: for the few that are shown, not for all that were seen.
    pub fn explain(&mut self, why: impl Fn(&Post) -> Vec<String>) {
        for shown in self.kept.iter_mut().filter(|shown| shown.why.is_empty()) {
            shown.why = why(&shown.post);
        }
    }

    /// The newest first.
    pub fn into_samples(self) -> Vec<Sample> {
        self.kept.into_iter().rev().map(Sample::from).collect()
    }
}

impl From<Shown> for Sample {
    fn from(shown: Shown) -> Self {
        let Shown { post, story, score, hits, why } = shown;
        Self {
            id: post.id,
            story,
            title: highlighted(Snippet::of_title(&post.title, &hits)),
            snippet: highlighted(Snippet::of_text(&post.text, &hits)),
            url: post.url,
            source: post.source,
            site: post.site,
            received: post.received,
            score,
            why,
        }
    }
}

fn highlighted(snippet: Snippet) -> Highlighted {
    Highlighted { text: snippet.text, highlights: snippet.highlights }
}
