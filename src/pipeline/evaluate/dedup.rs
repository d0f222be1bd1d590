//! Are posts grouped into the stories that they really belong to, and how fast?

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::inject::{self, Edited};
use super::{EvaluateError, Lines};
use crate::model::{Post, PostId, StoryId, Timestamp};
use crate::pipeline::rehearse::Blank;
use crate::pipeline::usage::{Meter, resident_megabytes};
use crate::pipeline::{Nearby, Overlay, find_story};

/// How the stories found compare with the true ones.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DedupReport {
    pub posts: usize,
    /// True groups.
    pub groups: usize,
    /// Stories that the line made.
    pub stories: usize,
    /// Adjusted Rand index: 1 where all agree, 0 where chance would do as well.
    pub ari: f64,
    /// Pairs of posts in one story that are one group's.
    pub precision: Share,
    /// Pairs of posts in one group that are in one story.
    pub recall: Share,
    /// Keys, near-duplicates and the decision: CPU time of one core, without reading the file.
    pub posts_per_second: f64,
    /// What the posts remembered added to the memory of the process.
    pub memory_megabytes: Option<f64>,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    pub right: f64,
    pub of: f64,
}

impl Share {
    /// The share, 1 of nothing.
    pub fn value(self) -> f64 {
        if self.of > 0.0 { self.right / self.of } else { 1.0 }
    }

    /// Its 95 % interval after Wilson.
    pub fn interval(self) -> (f64, f64) {
        const Z: f64 = 1.96;
        if self.of <= 0.0 {
            return (0.0, 1.0);
        }
        let (share, square) = (self.value(), Z * Z / self.of);
        let middle = (share + square / 2.0) / (1.0 + square);
        let half = Z / (1.0 + square) * (share * (1.0 - share) / self.of + square / (4.0 * self.of)).sqrt();
        (middle - half, middle + half)
    }
}

/// A line of the file.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    site: String,
    /// Not needed where copies are made here.
    #[serde(default)]
    story: serde_json::Value,
}

/// Groups the posts of a file of JSON lines (`id`, `text`, `title`?, `site`?, `story`) in their order and compares.
pub fn dedup(file: &Path) -> Result<DedupReport, EvaluateError> {
    let lines = Lines::open(file)?;
    let mut posts = Vec::new();
    let mut truth = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for (number, line) in read(&lines)?.into_iter().enumerate() {
        if line.story.is_null() {
            return Err(lines.wrong(number + 1, "a line needs a `story`: the group to which the post really belongs"));
        }
        let next = numbers.len();
        truth.push(*numbers.entry(line.story.to_string()).or_insert(next));
        let key = if line.id.is_empty() { format!("line {number}") } else { line.id };
        posts.push(Post { site: line.site, ..post(&key, line.title, line.text) });
    }
    Ok(report(&posts, &truth))
}

/// Makes edited copies of the posts of a file, the same for the same seed, groups them and compares. Posts with the very
/// same words are one group.
pub fn dedup_injected(file: &Path, seed: u64, most_edits: u64) -> Result<DedupReport, EvaluateError> {
    let lines = Lines::open(file)?;
    let originals: Vec<(String, String)> = read(&lines)?.into_iter().map(|line| (line.title, line.text)).collect();
    let mut groups: HashMap<(String, String), usize> = HashMap::new();
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let group: Vec<usize> = originals
        .iter()
        .enumerate()
        .map(|(number, (title, text))| *groups.entry((folded(title), folded(text))).or_insert(number))
        .collect();
    let mut posts = Vec::new();
    let mut truth = Vec::new();
    for (number, Edited { title, text, story }) in inject::inject(&originals, seed, most_edits).into_iter().enumerate()
    {
        truth.push(group.get(story).copied().unwrap_or(story));
        posts.push(post(&format!("line {number}"), title, text));
    }
    Ok(report(&posts, &truth))
}

fn read(lines: &Lines) -> Result<Vec<Line>, EvaluateError> {
    let read = |(number, text): (usize, &str)| {
        serde_json::from_str::<Line>(text).map_err(|error| lines.wrong(number, error.to_string()))
    };
    lines.iter().filter(|(_, text)| !text.trim().is_empty()).map(read).collect()
}

/// A post of which only its words are known.
fn post(key: &str, title: String, text: String) -> Post {
    Post { title, text, ..Post::bare(key, Timestamp::default()) }
}

fn report(posts: &[Post], truth: &[usize]) -> DedupReport {
    let before = resident_megabytes();
    let blank = Blank;
    let (mut overlay, mut nearby) = (Overlay::new(&blank), Nearby::default());
    let mut stories: Vec<StoryId> = Vec::with_capacity(posts.len());
    let meter = Meter::start();
    for post in posts {
        // The blank memory below never fails.
        let Ok((decision, opened_at)) = find_story(post, &overlay, &mut nearby) else { continue };
        stories.push(decision.story);
        overlay.remember_story(&decision, post.received, opened_at);
    }
    let seconds = meter.seconds();
    let memory_megabytes = resident_megabytes().zip(before).map(|(after, before)| after - before);
    let stories: Vec<PostId> = stories.into_iter().map(|story| overlay.survivor(story).0).collect();
    let posts_per_second = if seconds > 0.0 { posts.len() as f64 / seconds } else { 0.0 };
    DedupReport { posts_per_second, memory_megabytes, ..compare(&stories, truth) }
}

/// Compares the story of each post with its true group.
fn compare(stories: &[PostId], truth: &[usize]) -> DedupReport {
    let (mut by_story, mut by_group, mut by_both) = (HashMap::new(), HashMap::new(), HashMap::new());
    for (story, group) in stories.iter().zip(truth) {
        *by_story.entry(story).or_insert(0.0) += 1.0;
        *by_group.entry(group).or_insert(0.0) += 1.0;
        *by_both.entry((story, group)).or_insert(0.0) += 1.0;
    }
    let (found, true_ones, right) = (pairs(by_story.values()), pairs(by_group.values()), pairs(by_both.values()));
    let chance = found * true_ones / pairs([stories.len() as f64].iter()).max(1.0);
    let most = (found + true_ones) / 2.0;
    DedupReport {
        posts: stories.len(),
        groups: by_group.len(),
        stories: by_story.len(),
        ari: if most > chance { (right - chance) / (most - chance) } else { 1.0 },
        precision: Share { right, of: found },
        recall: Share { right, of: true_ones },
        ..DedupReport::default()
    }
}

/// How many pairs there are within groups of these sizes.
fn pairs<'a>(sizes: impl Iterator<Item = &'a f64>) -> f64 {
    sizes.map(|size| size * (size - 1.0) / 2.0).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stories(of: &[&str]) -> Vec<PostId> {
        of.iter().map(|name| PostId::of(name)).collect()
    }

    #[test]
    fn what_agrees_is_1_and_what_chance_would_do_is_about_0() {
        let all = compare(&stories(&["a", "a", "b", "c"]), &[7, 7, 8, 9]);
        assert_eq!((all.ari, all.precision.value(), all.recall.value(), all.stories), (1.0, 1.0, 1.0, 3));
        let one = compare(&stories(&["a", "a", "a", "a"]), &[1, 1, 2, 2]);
        assert_eq!((one.ari, one.precision.value(), one.recall.value()), (0.0, 2.0 / 6.0, 1.0));
        let half = compare(&stories(&["a", "b", "c", "c"]), &[1, 1, 2, 2]);
        assert!((half.ari - 4.0 / 7.0).abs() < 1e-9, "{}", half.ari);
    }

    #[test]
    fn the_same_seed_makes_the_same_copies_and_most_of_them_find_their_original() {
        let titles = [
            "Rocket skates recalled after a fall in the desert",
            "The foundry closes its gates for winter",
            "Coyote takes the anvil company to court again",
            "A painted tunnel collapses on the old mountain road",
        ];
        let posts: Vec<(String, String)> = titles.iter().map(|title| (String::new(), (*title).to_owned())).collect();
        let copies = inject::inject(&posts, 3, 2);
        assert_eq!(copies, inject::inject(&posts, 3, 2));
        assert_ne!(copies, inject::inject(&posts, 4, 2));
        let posts: Vec<Post> =
            copies.iter().enumerate().map(|(n, copy)| post(&n.to_string(), String::new(), copy.text.clone())).collect();
        let truth: Vec<usize> = copies.iter().map(|copy| copy.story).collect();
        let report = report(&posts, &truth);
        assert!(report.posts > 4 && report.precision.value() > 0.99 && report.recall.value() > 0.7, "{report:?}");
    }
}
