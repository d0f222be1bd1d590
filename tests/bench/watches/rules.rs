//! Which watches is the bench run with?
//!
//! Queries are made from words and neighbours of real posts, so that common words are as common in them as
//! people write them. A seed makes them the same on every machine.

use std::collections::HashMap;

use fastrand::Rng;
use overheard::model::Post;
use overheard::query::words;

/// Sorts of queries and how many of a hundred are of each.
pub const SHARES: [(Sort, &str, usize); 7] = [
    (Sort::Brand, "brand", 20),
    (Sort::Phrase, "phrase", 20),
    (Sort::Boolean, "boolean", 25),
    (Sort::Near, "NEAR", 15),
    (Sort::Not, "NOT", 8),
    (Sort::Wildcard, "wildcard", 7),
    (Sort::Field, "field", 5),
];

/// What a query is made of.
#[derive(Clone, Copy)]
pub enum Sort {
    /// A name (a rare word, at times with its neighbour, its handle or another name) with topics, at times without others.
    Brand,
    /// Two to four neighbours.
    Phrase,
    /// AND and OR of two to five words and phrases.
    Boolean,
    /// Two words, one in three times groups of them, at a distance of 1 to 8, in order one time of four.
    Near,
    /// A word or two, without one to three others.
    Not,
    /// A stem of three to six letters, alone or with a word.
    Wildcard,
    /// A word in the title, or with a site, a tag, a kind, an author, a linked domain, a count, or exact characters.
    Field,
}

/// Makes queries from posts.
pub struct Maker<'p> {
    posts: Vec<(&'p Post, Vec<String>)>,
    /// How often each word is written.
    counts: HashMap<String, usize>,
    rng: Rng,
}

impl<'p> Maker<'p> {
    pub fn new(posts: impl Iterator<Item = &'p Post>, seed: u64) -> Self {
        let split = |post: &Post| {
            let text = format!("{} {}", post.title, post.text);
            words(&text).iter().map(|word| word.text.to_owned()).filter(|word| is_plain(word)).collect()
        };
        let posts = posts.map(|post| (post, split(post))).filter(|(_, words): &(_, Vec<String>)| words.len() > 4);
        let posts: Vec<_> = posts.collect();
        let mut counts = HashMap::new();
        for word in posts.iter().flat_map(|(_, words)| words) {
            *counts.entry(word.clone()).or_default() += 1;
        }
        Self { posts, counts, rng: Rng::with_seed(seed) }
    }

    /// Query number `number`; the sorts take turns by their shares.
    pub fn query(&mut self, number: usize) -> String {
        // 37 and 100 have no common divisor: all sorts are in every stretch.
        let mut place = number * 37 % 100;
        for (sort, _, share) in SHARES {
            if place < share {
                return self.of(sort);
            }
            place -= share;
        }
        self.of(Sort::Phrase)
    }

    fn of(&mut self, sort: Sort) -> String {
        match sort {
            Sort::Brand => self.brand(),
            Sort::Phrase => {
                let length = 2 + self.rng.usize(0..4) / 2 + self.rng.usize(0..4) / 3;
                self.phrase(length)
            }
            Sort::Boolean => self.boolean(),
            Sort::Near => self.near(),
            Sort::Not => self.not(),
            Sort::Wildcard => self.wildcard(),
            Sort::Field => self.field(),
        }
    }

    fn brand(&mut self) -> String {
        let name = self.rare();
        let named = match self.rng.usize(0..6) {
            0 => format!("({name} OR {})", self.phrase(2)),
            1 => format!("({name} OR @{name} OR #{name})"),
            2 => format!("({name} OR {} OR {})", self.rare(), self.rare()),
            _ => name,
        };
        match self.rng.usize(0..4) {
            0 => named,
            1 => format!("{named} AND {}", self.group(3)),
            2 => format!("{named} AND {} NOT {}", self.group(4), self.group(2)),
            _ => format!("{named} NOT {}", self.group(2)),
        }
    }

    fn boolean(&mut self) -> String {
        match self.rng.usize(0..5) {
            0 => {
                let [a, b] = self.together();
                format!("{a} AND {b}")
            }
            1 => {
                let [a, b] = self.together();
                format!("{a} AND ({b} OR {})", self.word())
            }
            2 => format!("{} AND {}", self.group(3), self.group(3)),
            3 => format!("({} AND {}) OR ({} AND {})", self.word(), self.phrase(2), self.word(), self.word()),
            _ => {
                let [a, b] = self.together();
                format!("{a} AND {b} AND {}", self.group(4))
            }
        }
    }

    fn near(&mut self) -> String {
        let operator = if self.rng.usize(0..4) == 0 { "ONEAR" } else { "NEAR" };
        let distance = self.rng.usize(1..9);
        let [a, b] = self.together();
        if self.rng.usize(0..3) == 0 {
            return format!("({a} OR {}) {operator}/{distance} ({b} OR {})", self.word(), self.word());
        }
        format!("{a} {operator}/{distance} {b}")
    }

    fn not(&mut self) -> String {
        let wanted = if self.rng.bool() { self.rare() } else { self.together().join(" ") };
        format!("{wanted} NOT {}", self.group(3))
    }

    fn wildcard(&mut self) -> String {
        let word = self.rare();
        let length = 3 + self.rng.usize(0..4);
        let stem: String = word.chars().take(length).collect();
        if self.rng.usize(0..3) == 0 { format!("{stem}*") } else { format!("{stem}* AND {}", self.word()) }
    }

    fn field(&mut self) -> String {
        let number = self.rng.usize(0..self.posts.len());
        let (post, _) = self.posts[number];
        let word = self.rare();
        match self.rng.usize(0..8) {
            0 => format!("title:{word}"),
            1 => format!("title:({word} OR {}) AND {}", self.rare(), self.word()),
            2 => format!("site:{} {word}", post.site),
            3 => match post.tags.first() {
                Some(tag) => format!("tag:\"{tag}\" {word}"),
                None => format!("kind:{} {word}", post.kind),
            },
            4 => match &post.author {
                Some(author) if !author.handle.contains(['"', '\\', '$', '@', '<']) => {
                    format!("author:\"{}\"", author.handle)
                }
                Some(_) | None => format!("type:story {word}"),
            },
            5 => match post.target.as_deref().and_then(domain) {
                Some(domain) => format!("link:{domain} {}", self.word()),
                None => format!("lang:en {word}"),
            },
            6 => format!("{word} likes>{}", 5 + self.rng.usize(0..200)),
            _ => format!("raw:\"{} {}\"", self.word(), word),
        }
    }

    fn group(&mut self, most: usize) -> String {
        let words: Vec<String> = (0..1 + self.rng.usize(0..most)).map(|_| self.word()).collect();
        if let [only] = &words[..] { only.clone() } else { format!("({})", words.join(" OR ")) }
    }

    /// Any word, as often as people write it, but seldom one that says nothing.
    fn word(&mut self) -> String {
        self.rarest_of(2)
    }

    /// A word that is seldom written, as a name is.
    fn rare(&mut self) -> String {
        self.rarest_of(6)
    }

    fn rarest_of(&mut self, draws: usize) -> String {
        let words: Vec<String> = (0..draws).map(|_| self.some(1)[0].clone()).collect();
        words.into_iter().min_by_key(|word| self.counts[word]).unwrap()
    }

    /// Two words of one post, not far from each other.
    fn together(&mut self) -> [String; 2] {
        let near = self.some(5);
        let other = self.rng.usize(1..near.len());
        [near[0].clone(), near[other].clone()]
    }

    fn phrase(&mut self, length: usize) -> String {
        format!("\"{}\"", self.some(length).join(" "))
    }

    /// Neighbours in a post; plain words only.
    fn some(&mut self, length: usize) -> Vec<String> {
        let words = &self.posts[self.rng.usize(0..self.posts.len())].1;
        let start = self.rng.usize(0..=words.len() - length);
        words[start..start + length].to_vec()
    }
}

/// Letters and digits only: nothing that the language or a neighbour could read otherwise.
fn is_plain(word: &str) -> bool {
    (2..=30).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn domain(url: &str) -> Option<&str> {
    let host = url.split_once("://")?.1.split(['/', ':', '?', '#']).next()?;
    let host = host.trim_start_matches("www.");
    (host.contains('.') && host.is_ascii() && !host.contains(['"', '\\', '$', '_', '%', '@'])).then_some(host)
}
