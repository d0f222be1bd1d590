//! Does a query drawn from real posts mean the same on the live stream and on the archive?
//!
//! Needs `OVERHEARD_CORPORA`, the folder of the corpora; without it nothing is tested, and the test says so.
//! `OVERHEARD_CASES` is the number of queries, `OVERHEARD_SEED` another beginning for the draw.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use fastrand::Rng;
use serde_json::Value;

use super::*;
use crate::archive::ArchiveError;
use crate::archive::record::Record;
use crate::model::{Author, Engagement, PostType};
use crate::query::{Facts, Subject, WordList, words};

/// Posts taken of each corpus, spread over all of it.
const POSTS: usize = 300;
/// Longest text taken, in characters: a quoted thread would make every query slow.
const MAX_TEXT: usize = 3_000;
/// Queries asked unless `OVERHEARD_CASES` says otherwise.
const CASES: usize = 200;
/// Lists that queries may name.
const LISTS: usize = 20;

fn number<T: std::str::FromStr>(variable: &str, otherwise: T) -> T {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn unpacked(path: &Path) -> String {
    let file = std::fs::File::open(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

fn host(url: &str) -> String {
    url.split('/').nth(2).unwrap_or_default().trim_start_matches("www.").to_ascii_lowercase()
}

/// Every n-th of them, so that [`POSTS`] are left.
fn spread<T>(all: Vec<T>) -> Vec<T> {
    let step = (all.len() / POSTS).max(1);
    all.into_iter().step_by(step).take(POSTS).collect()
}

/// Addresses in a text, as the reader of a page would find them.
fn links(text: &str) -> Vec<String> {
    let ends = |c: char| c.is_whitespace() || matches!(c, ')' | '>' | '"' | ']');
    let starts = text.match_indices("http").map(|(at, _)| &text[at..]);
    let urls = starts.map(|rest| rest.split(ends).next().unwrap_or_default());
    urls.filter(|url| url.contains("://")).take(5).map(str::to_owned).collect()
}

fn hacker_news(folder: &Path) -> Vec<Post> {
    let mut rows = csv::Reader::from_path(folder.join("posts-hackernews/hacker_news.csv")).unwrap();
    let posts = rows.records().filter_map(Result::ok).map(|row| {
        let url = format!("https://news.ycombinator.com/item?id={}", &row[0]);
        Post {
            source: "hn".to_owned(),
            kind: "front page".to_owned(),
            site: host(&url),
            canonical_url: url.clone(),
            url,
            target: (!row[2].is_empty()).then(|| row[2].to_owned()),
            author: Some(Author { name: row[5].to_owned(), handle: row[5].to_owned(), url: None }),
            published: day(&row[6]),
            engagement: Engagement {
                likes: row[3].parse().ok(),
                replies: row[4].parse().ok(),
                ..Engagement::default()
            },
            lang: Some("en".to_owned()),
            ..post("", &row[1], "")
        }
    });
    spread(posts.collect())
}

/// `5/31/2016 16:20`.
fn day(text: &str) -> Option<Timestamp> {
    let mut parts = text.split(['/', ' ']);
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    Timestamp::parse(&format!("{year}-{month:0>2}-{day:0>2}"))
}

fn lines(path: &Path) -> Vec<Value> {
    unpacked(path).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn text_of(line: &Value, key: &str) -> String {
    line[key].as_str().unwrap_or_default().to_owned()
}

fn reddit(folder: &Path) -> Vec<Post> {
    let posts = spread(lines(&folder.join("posts-reddit/posts.jsonl.gz"))).into_iter().map(|line| {
        let url = text_of(&line, "permalink");
        let text = cut(&text_of(&line, "selftext"));
        let seconds: Option<f64> = text_of(&line, "created_utc").parse().ok();
        Post {
            source: format!("reddit-{}", text_of(&line, "sub")),
            kind: "forum".to_owned(),
            site: "reddit.com".to_owned(),
            canonical_url: url.replace("www.", ""),
            url,
            target: text.is_empty().then(|| text_of(&line, "url")),
            published: seconds.map(|seconds| Timestamp(seconds as i64 * 1_000)),
            tags: vec![text_of(&line, "sub")],
            links: links(&text),
            engagement: Engagement {
                likes: text_of(&line, "score").parse().ok(),
                replies: text_of(&line, "num_comments").parse().ok(),
                ..Engagement::default()
            },
            ..post("", &text_of(&line, "title"), &text)
        }
    });
    posts.collect()
}

fn newsgroups(folder: &Path) -> Vec<Post> {
    let posts = spread(lines(&folder.join("posts-20newsgroups/posts.jsonl.gz"))).into_iter().map(|line| {
        let url = format!("https://news.example/{}", text_of(&line, "file"));
        let from = text_of(&line, "from");
        let (handle, name) = from.split_once(" (").unwrap_or((from.as_str(), ""));
        let text = cut(&text_of(&line, "body"));
        Post {
            source: "usenet".to_owned(),
            kind: "newsgroup".to_owned(),
            site: format!("{}.news.example", text_of(&line, "group")),
            canonical_url: url.clone(),
            url,
            author: Some(Author { name: name.trim_end_matches(')').to_owned(), handle: handle.to_owned(), url: None }),
            tags: text_of(&line, "newsgroups").split(',').map(str::to_owned).collect(),
            thread: Some(PostId::of(&text_of(&line, "thread"))),
            post_type: if text_of(&line, "subject").starts_with("Re:") { PostType::Comment } else { PostType::Story },
            lang: Some("en".to_owned()),
            links: links(&text),
            ..post("", &text_of(&line, "subject"), &text)
        }
    });
    posts.collect()
}

/// A post with all that is asked about it.
struct Asked {
    decided: Decided,
    facts: Facts,
    title: WordList,
    text: WordList,
}

impl Asked {
    fn new((number, post): (usize, Post)) -> Self {
        let key = format!("key:{number}");
        let post = Post { id: PostId::of(&key), key, ..post };
        let (title, text) = (words(&post.title), words(&post.text));
        let decided = match number % 3 {
            0 => {
                mention(post, &format!("watch-{}", number % 7), &format!("owner {}", number % 5), (number % 101) as u8)
            }
            _ => decided(post),
        };
        Self { facts: Record::from(&decided).facts(), decided, title, text }
    }

    fn subject(&self) -> Subject<'_> {
        Subject { post: &self.decided.post, title: &self.title, text: &self.text, now: NOW, facts: Some(&self.facts) }
    }
}

/// Makes queries out of what stands in posts.
struct Draw<'p> {
    rng: Rng,
    posts: &'p [Asked],
}

impl<'p> Draw<'p> {
    fn post(&mut self) -> &'p Asked {
        &self.posts[self.rng.usize(..self.posts.len())]
    }

    /// A query of up to `depth` levels; what stands beside each other is mostly of one post.
    fn query(&mut self, post: &'p Asked, depth: usize) -> String {
        if depth == 0 || self.rng.u8(..4) == 0 {
            return self.term(post);
        }
        let other = if self.rng.u8(..3) == 0 { post } else { self.post() };
        let (one, same, another) =
            (self.query(post, depth - 1), self.query(post, depth - 1), self.query(other, depth - 1));
        match self.rng.u8(..8) {
            0..2 => format!("({one} AND {same})"),
            2 => format!("({one} {same})"),
            3..5 => format!("({one} OR {another})"),
            5 => format!("({one} -({another}))"),
            6 => format!("(NOT ({another} {same}) {one})"),
            _ => format!("({one} OR NOT {another})"),
        }
    }

    fn term(&mut self, post: &'p Asked) -> String {
        match self.rng.u8(..16) {
            0..3 => self.field(post),
            3..5 => self.comparison(post),
            5 => format!("$words_{}", self.rng.usize(..LISTS)),
            6 => {
                let field = if self.rng.bool() { "title" } else { "text" };
                let (one, two) = (self.words(post), self.words(post));
                let not = if self.rng.bool() { "-" } else { "" };
                format!("{field}:({one} OR {not}({two}))")
            }
            _ => self.words(post),
        }
    }

    /// Words or characters of the post.
    fn words(&mut self, post: &'p Asked) -> String {
        let in_title = post.text.is_empty() || self.rng.bool();
        let (list, original) = match in_title {
            true => (&post.title, &post.decided.post.title),
            false => (&post.text, &post.decided.post.text),
        };
        if list.len() < 2 {
            return "the".to_owned();
        }
        let at = self.rng.usize(..list.len());
        let count = self.rng.usize(1..4).min(list.len() - at);
        let phrase = |from: usize, count: usize| {
            let words: Vec<&str> = (from..from + count).map(|at| list.text(at)).collect();
            format!("\"{}\"", words.join(" "))
        };
        let place = |from: usize, count: usize| {
            let last = list.get(from + count - 1).map_or(0, |word| word.end);
            original.get(list.get(from).map_or(0, |word| word.start)..last).unwrap_or_default()
        };
        let near = (at + self.rng.usize(1..8)).min(list.len() - 1);
        let apart = near.abs_diff(at).max(1) + self.rng.usize(..2);
        match self.rng.u8(..11) {
            0..3 => phrase(at, 1),
            3 => phrase(at, count),
            4 => format!("\"{} {}\"~{}", list.text(near), list.text(at), self.rng.usize(..6)),
            5 => self.pattern(list.text(at)),
            6 => {
                let stranger = self.post();
                let pattern = self.pattern(list.text(near));
                let other = stranger.title.text(0).replace('"', "");
                let operator = if self.rng.bool() { "NEAR" } else { "ONEAR" };
                format!("({} OR {pattern}) {operator}/{apart} (\"{other}\" OR {})", phrase(at, count), phrase(near, 1))
            }
            7 => format!("{} NEAR/{apart} {}", phrase(at, 1), phrase(near, 1)),
            8 => format!("{{{}}}", place(at, count).replace(['{', '}'], " ")),
            9 => format!("{}\"{}\"", if self.rng.bool() { '@' } else { '#' }, list.text(at)),
            _ => {
                let characters: Vec<char> = original.chars().collect();
                let from = self.rng.usize(..characters.len());
                let part: String = characters[from..].iter().take(self.rng.usize(2..12)).collect();
                format!("raw:\"{}\"", part.replace('\\', "\\\\").replace('"', "\\\""))
            }
        }
    }

    fn pattern(&mut self, word: &str) -> String {
        let letters: Vec<char> = word.chars().collect();
        if letters.len() < 3 || !letters.iter().all(|letter| letter.is_alphanumeric()) {
            return format!("\"{word}\"");
        }
        let stem: String = letters[..self.rng.usize(2..letters.len())].iter().collect();
        let last = letters.last().copied().unwrap_or_default();
        match self.rng.u8(..3) {
            0 => format!("{stem}*{last}"),
            1 => letters[..letters.len() - 1].iter().chain(&['?']).collect(),
            _ => format!("{stem}*"),
        }
    }

    fn field(&mut self, asked: &'p Asked) -> String {
        let post = &asked.decided.post;
        let quoted = |name: &str, value: &str| format!("{name}:\"{}\"", value.replace(['"', '\\', '*'], ""));
        let or_source = |found: Option<String>| found.unwrap_or_else(|| quoted("source", &post.source));
        let parts = self.rng.usize(1..5);
        let path = |url: &str| url.split('/').skip(2).take(parts).collect::<Vec<_>>().join("/");
        match self.rng.u8(..14) {
            0 => or_source(post.author.as_ref().map(|author| quoted("author", &author.handle))),
            1 => or_source(post.author.as_ref().filter(|a| !a.name.is_empty()).map(|a| quoted("author", &a.name))),
            2 => format!("site:{}", path(&post.url)),
            3 => format!("site:{}", post.site.split_once('.').map_or("com", |(_, above)| above)),
            4 => format!("url:{}", post.url),
            5 => or_source(post.links.first().or(post.target.as_ref()).map(|link| quoted("link", &path(link)))),
            6 => quoted("kind", &post.kind),
            7 => format!("type:{}", post.post_type.word()),
            8 => or_source(post.lang.as_ref().map(|lang| format!("lang:{lang}"))),
            9 => or_source(post.tags.first().filter(|tag| !tag.is_empty()).map(|tag| quoted("tag", tag))),
            10 => or_source(post.thread.map(|thread| format!("thread:{thread}"))),
            11 => or_source(asked.facts.watches.first().map(|watch| quoted("watch", watch))),
            12 => or_source(asked.facts.owners.first().map(|owner| quoted("owner", owner))),
            _ => quoted("source", &post.source),
        }
    }

    fn comparison(&mut self, asked: &'p Asked) -> String {
        let post = &asked.decided.post;
        let sign = self.rng.choice(["<", "<=", "=", ">=", ">"]).unwrap_or("=");
        let near = |number: u64, rng: &mut Rng| number.saturating_add(rng.u64(..3)).saturating_sub(1);
        match self.rng.u8(..6) {
            0 => format!("likes{sign}{}", near(post.engagement.likes.unwrap_or(5), &mut self.rng)),
            1 => format!("replies{sign}{}", near(post.engagement.replies.unwrap_or(5), &mut self.rng)),
            2 => format!("score{sign}{}", asked.facts.score.unwrap_or(40.0)),
            3 => {
                let moment = post.published.unwrap_or_default().to_string();
                let (day, _) = moment.split_once('T').unwrap_or((&moment, ""));
                format!("published{sign}{}", if self.rng.bool() { day } else { &moment })
            }
            4 => format!("age{sign}{}d", (NOW.0 - post.dated().0) / 86_400_000),
            _ => format!("sentiment{sign}0"),
        }
    }

    /// Lists of words and phrases of several posts.
    fn names(&mut self) -> Names {
        let mut lists = BTreeMap::new();
        for number in 0..LISTS {
            let entry = |draw: &mut Self| {
                let post = draw.post();
                draw.words(post)
            };
            let entries: Vec<String> = (0..4).map(|_| entry(self)).collect();
            let good = |entry: &String| Query::parse(entry, Place::Search, &Names::default()).is_ok();
            let entries: Vec<String> = entries.into_iter().filter(good).chain(["acme".to_owned()]).collect();
            lists.insert(format!("words_{number}"), entries);
        }
        Names::new(&lists).unwrap()
    }
}

/// What came of asking.
#[derive(Debug, Default)]
struct Tally {
    asked: usize,
    /// Found at least one post, and not all.
    telling: usize,
    /// Texts that are no query.
    refused: usize,
    /// Would have read too many stored posts.
    too_broad: usize,
}

/// Keys of what the archive finds, in order; `None` where it would have to read too many posts.
fn found_in(archive: &Archive, query: &Query, sort: Sort) -> Option<(usize, Vec<String>)> {
    let request = SearchRequest { query: query.clone(), sort, limit: MAX_LIMIT, offset: 0, now: NOW };
    let page = match archive.search(&request) {
        Ok(page) => page,
        Err(ArchiveError::TooBroad { .. }) => return None,
        Err(why) => panic!("{query}: {why}"),
    };
    let mut keys: Vec<String> = page.found.into_iter().map(|found| found.post.key).collect();
    keys.sort();
    Some((page.total, keys))
}

fn compare(archive: &Archive, posts: &[Asked], query: &Query, tally: &mut Tally) {
    let matching = posts.iter().filter(|asked| query.matches(&asked.subject()));
    let mut live: Vec<String> = matching.map(|asked| asked.decided.post.key.clone()).collect();
    live.sort();
    tally.asked += 1;
    tally.telling += usize::from(!live.is_empty() && live.len() < posts.len());
    for sort in [Sort::Newest, Sort::Best] {
        let Some((total, found)) = found_in(archive, query, sort) else {
            tally.too_broad += 1;
            return;
        };
        assert_eq!(total, live.len(), "{} ({query}) {sort:?}", query.source());
        if total <= MAX_LIMIT {
            assert_eq!(found, live, "{} ({query}) {sort:?}", query.source());
        }
        assert!(found.iter().all(|key| live.binary_search(key).is_ok()), "{} ({query}) {sort:?}", query.source());
    }
    assert!(archive.count(query, NOW).is_ok_and(|count| count == live.len()), "{query}");
}

#[test]
fn queries_drawn_from_real_posts_find_in_the_archive_what_they_match_on_the_live_stream() {
    let Some(folder) = std::env::var_os("OVERHEARD_CORPORA").map(std::path::PathBuf::from) else {
        {
            eprintln!("skipped: OVERHEARD_CORPORA does not name the folder of the corpora");
        }
        return;
    };
    let posts = [hacker_news(&folder), reddit(&folder), newsgroups(&folder)].concat();
    let posts: Vec<Asked> = posts.into_iter().enumerate().map(Asked::new).collect();
    let (_dir, archive) = archive_of(posts.iter().map(|asked| asked.decided.clone()).collect());
    let mut draw = Draw { rng: Rng::with_seed(number("OVERHEARD_SEED", 3)), posts: &posts };
    let names = draw.names();
    let mut tally = Tally::default();
    while tally.asked < number("OVERHEARD_CASES", CASES) {
        let post = draw.post();
        let text = draw.query(post, 3);
        match Query::parse(&text, Place::Search, &names) {
            Ok(query) => compare(&archive, &posts, &query, &mut tally),
            Err(_) => tally.refused += 1,
        }
    }
    {
        eprintln!("{} posts: {tally:?}", posts.len());
    }
    // Else little would be shown.
    assert!(posts.len() > 800 && tally.telling * 10 > tally.asked * 6, "{tally:?}");
    assert!(tally.too_broad * 10 < tally.asked && tally.refused < tally.asked, "{tally:?}");
}
