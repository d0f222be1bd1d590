//! What becomes of a post when others pass it on: cut, mistyped, quoted, with a tail of their own?
//!
//! Makes true groups of edited copies out of real posts, the same ones for the same seed, so that grouping can be measured
//! without anybody judging pairs by hand.

/// A post as it came, or an edited copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    pub title: String,
    pub text: String,
    /// Number of the post that it is a copy of.
    pub story: usize,
}

/// Most copies of one post.
const MAX_COPIES: usize = 6;
/// Share of posts that are copied at all, in percent.
const COPIED: u64 = 40;
/// Latest arrival of a copy, in posts after its original.
const MAX_DELAY: u64 = 4_000;

/// Edited copies of some of the posts among all of them, in order of arrival.
///
/// Each copy has one to `most_edits` edits, 1 to 4, every kind at most once.
pub fn inject(posts: &[(String, String)], seed: u64, most_edits: u64) -> Vec<Edited> {
    let mut dice = Dice(seed ^ 0x9e37_79b9_7f4a_7c15);
    let mut arriving: Vec<(u64, Edited)> = Vec::new();
    for (story, (title, text)) in posts.iter().enumerate() {
        // A few copies arrive before the original.
        let at = (story as u64 * 3) + dice.below(6);
        arriving.push((at, Edited { title: title.clone(), text: text.clone(), story }));
        if dice.below(100) >= COPIED || text.split_whitespace().count() < 5 {
            continue;
        }
        for _ in 0..=dice.below(MAX_COPIES as u64) {
            let foreign = &posts[dice.below(posts.len() as u64) as usize].1;
            let text = edited(text, foreign, most_edits, &mut dice);
            let early = dice.below(20) == 0;
            let late = if early { 0 } else { 1 + dice.below(MAX_DELAY) };
            let title = if dice.below(3) == 0 { String::new() } else { title.clone() };
            arriving.push((at + late, Edited { title, text, story }));
        }
    }
    arriving.sort_by_key(|(at, _)| *at);
    arriving.into_iter().map(|(_, copy)| copy).collect()
}

fn edited(text: &str, foreign: &str, most: u64, dice: &mut Dice) -> String {
    let mut text = text.to_owned();
    let edits = 1 + dice.below(most);
    let first = dice.below(4);
    // In this order somebody would do it: shorten, retype, wrap, sign.
    let mut chosen: Vec<u64> = (0..edits).map(|n| (first + n) % 4).collect();
    chosen.sort_unstable();
    for edit in chosen {
        text = match edit {
            0 => cut(&text, dice),
            1 if dice.below(2) == 0 => mistyped(&text, dice),
            1 => reworded(&text, foreign, dice),
            2 => wrapped(&text, dice),
            _ => with_tail(&text, dice),
        };
    }
    text
}

/// 60 to 100 % of the words: mostly the beginning.
fn cut(text: &str, dice: &mut Dice) -> String {
    let starts: Vec<usize> = word_starts(text);
    let kept = (starts.len() * (60 + dice.below(41) as usize)).div_ceil(100).max(1);
    let from = match dice.below(4) {
        0 => starts.len() - kept,
        1 => (starts.len() - kept) / 2,
        _ => 0,
    };
    let start = starts.get(from).copied().unwrap_or(0);
    let end = starts.get(from + kept).copied().unwrap_or(text.len());
    let dots = if dice.below(3) == 0 { "…" } else { "" };
    format!("{}{dots}", text.get(start..end).unwrap_or(text).trim_end())
}

fn word_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut inside = false;
    for (at, char) in text.char_indices() {
        if !char.is_whitespace() && !inside {
            starts.push(at);
        }
        inside = !char.is_whitespace();
    }
    starts
}

/// 1 to 5 % of the characters.
fn mistyped(text: &str, dice: &mut Dice) -> String {
    let per_mille = 10 + dice.below(41);
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(char) = chars.get(at).copied() {
        at += 1;
        if char == '\n' || dice.below(1000) >= per_mille {
            out.push(char);
            continue;
        }
        let other = (b'a' + dice.below(26) as u8) as char;
        match dice.below(4) {
            0 => {}
            1 => out.push(other),
            2 => out.extend([char, other]),
            _ => {
                out.extend(chars.get(at).filter(|next| **next != '\n'));
                out.push(char);
                at += 1;
            }
        }
    }
    out
}

/// 1 to 5 % of the words, at least one of a short text.
fn reworded(text: &str, foreign: &str, dice: &mut Dice) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let foreign: Vec<&str> = foreign.split_whitespace().collect();
    let changes = (words.len() * (1 + dice.below(5) as usize) / 100).max(1);
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    for _ in 0..changes {
        let at = dice.below(words.len() as u64) as usize;
        let other = foreign.get(dice.below(foreign.len().max(1) as u64) as usize).copied().unwrap_or("well");
        match dice.below(4) {
            0 if words.len() > 3 => drop(words.remove(at)),
            1 => words.insert(at, other.to_owned()),
            2 if at > 0 => words.swap(at, at - 1),
            _ => words[at] = other.to_owned(),
        }
    }
    words.join(" ")
}

const NAMES: [&str; 8] = ["alice", "Bob Miller", "kim_92", "The Daily Anvil", "j.doe", "Ada", "user4711", "Zoë K."];
const SITES: [&str; 6] = ["AnvilNews", "@roadrunner", "acme.example", "Hacker Daily", "r/anvils", "TechDigest"];

/// Quoted as a whole by somebody who adds nothing.
fn wrapped(text: &str, dice: &mut Dice) -> String {
    let name = dice.pick(&NAMES);
    let quoted: String = text.lines().map(|line| format!("> {line}\n")).collect();
    match dice.below(7) {
        0 => quoted,
        1 => format!("{name} wrote:\n{quoted}"),
        2 => {
            format!("On Tue, Mar {} 2026 at 10:{}, {name} wrote:\n\n{quoted}", 1 + dice.below(28), 10 + dice.below(49))
        }
        3 => format!("“{text}”"),
        4 => format!("RT @{}: {text}", name.split([' ', '.']).next().unwrap_or(name)),
        5 => format!("[quote={name}]{text}[/quote]"),
        _ => format!("{name} said: \"{text}\""),
    }
}

/// Words that are not the author's.
fn with_tail(text: &str, dice: &mut Dice) -> String {
    let (site, name) = (dice.pick(&SITES), dice.pick(&NAMES));
    let number = dice.below(100_000);
    match dice.below(12) {
        0 | 1 => format!("{text} via {site}"),
        2 => format!("{text} - {site}"),
        3 => format!("{text} (via {site})"),
        4 => format!("{text}\n\nSent from my iPhone"),
        5 => format!("{text}\n-- \n{name}\nHead of things, Acme Inc.\n+41 44 {number}"),
        6 => format!("{text} https://t.example/{number:x}"),
        7 => format!("{text} #news #acme"),
        8 => format!("{text}\n\nRead more at {site}: https://acme.example/{number}"),
        9 => format!("{text}\n\nThis article first appeared on {site}. Subscribe to our newsletter."),
        10 => format!("{text} | {site}"),
        _ => format!("{text}\n\nOriginally posted by {name} on {site}."),
    }
}

/// A small generator of numbers that are the same everywhere.
struct Dice(u64);

impl Dice {
    /// A number below `bound`; 0 for a bound of 0.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(bound).unwrap_or(0)
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}
