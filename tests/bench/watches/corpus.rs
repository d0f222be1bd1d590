//! Which real posts is the bench run over?

use std::path::Path;
use std::process::Command;

use overheard::model::{Author, Engagement, Post, PostId, PostType, Timestamp};
use serde_json::Value;

/// A post with more bytes in it than this is a long one.
const SHORT: usize = 300;

/// Real posts, short and long apart, in a fixed order.
pub struct Corpus {
    pub short: Vec<Post>,
    pub long: Vec<Post>,
}

impl Corpus {
    /// Reads the posts of Hacker News, Reddit, Twitter and Usenet below a folder.
    pub fn read(folder: &Path) -> Self {
        let posts = [hacker_news(folder), reddit(folder), tweets(folder), usenet(folder)].concat();
        let (short, long) = posts.into_iter().partition(|post| post.title.len() + post.text.len() <= SHORT);
        Self { short, long }
    }
}

fn hacker_news(folder: &Path) -> Vec<Post> {
    let mut file = csv::Reader::from_path(folder.join("posts-hackernews/hacker_news.csv")).unwrap();
    let post = |row: csv::StringRecord| Post {
        target: row.get(2).filter(|url| !url.is_empty()).map(str::to_owned),
        author: row.get(5).map(author),
        engagement: Engagement { likes: row[3].parse().ok(), replies: row[4].parse().ok(), ..Engagement::default() },
        ..post("hacker_news", "news.ycombinator.com", &row[0], &row[1], "")
    };
    file.records().map(|row| post(row.unwrap())).collect()
}

fn reddit(folder: &Path) -> Vec<Post> {
    let post = |line: Value| {
        let text = |key: &str| line[key].as_str().unwrap_or_default();
        Post {
            target: Some(text("url").to_owned()).filter(|url| !url.is_empty()),
            tags: vec![text("sub").to_lowercase()],
            engagement: Engagement { likes: text("score").parse().ok(), replies: None, ..Engagement::default() },
            ..post("reddit", "reddit.com", text("id"), text("title"), text("selftext"))
        }
    };
    json_lines(&folder.join("posts-reddit/posts.jsonl.gz")).map(post).collect()
}

fn tweets(folder: &Path) -> Vec<Post> {
    let mut file = csv::Reader::from_path(folder.join("sentiment-airline/tweets.csv")).unwrap();
    let post = |row: csv::StringRecord| Post {
        author: row.get(7).map(author),
        ..post("twitter", "twitter.com", &row[0], "", &row[10])
    };
    file.records().map(|row| post(row.unwrap())).collect()
}

fn usenet(folder: &Path) -> Vec<Post> {
    let post = |line: Value| {
        let text = |key: &str| line[key].as_str().unwrap_or_default();
        Post {
            author: Some(author(text("from"))),
            tags: vec![text("group").to_owned()],
            ..post("usenet", "groups.example", text("id"), text("subject"), text("body"))
        }
    };
    json_lines(&folder.join("posts-20newsgroups/posts.jsonl.gz")).map(post).collect()
}

fn json_lines(file: &Path) -> impl Iterator<Item = Value> {
    let unpacked = Command::new("gzip").arg("-dc").arg(file).output().unwrap().stdout;
    let lines: Vec<String> = String::from_utf8_lossy(&unpacked).lines().map(str::to_owned).collect();
    lines.into_iter().map(|line| serde_json::from_str(&line).unwrap())
}

fn author(name: &str) -> Author {
    Author { name: name.to_owned(), handle: name.to_owned(), url: None }
}

fn post(kind: &str, site: &str, id: &str, title: &str, text: &str) -> Post {
    let key = format!("{kind}:{id}");
    let url = format!("https://{site}/{id}");
    Post {
        id: PostId::of(&key),
        key,
        source: format!("all-of-{kind}"),
        kind: kind.to_owned(),
        site: site.to_owned(),
        canonical_url: url.clone(),
        url,
        target: None,
        thread: None,
        post_type: PostType::Story,
        title: title.to_owned(),
        text: text.to_owned(),
        author: None,
        published: Some(Timestamp(1_577_836_800_000)),
        updated: None,
        received: Timestamp(1_577_923_200_000),
        lang: Some("en".to_owned()),
        tags: Vec::new(),
        links: Vec::new(),
        engagement: Engagement::default(),
    }
}
