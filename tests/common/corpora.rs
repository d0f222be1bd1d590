//! Which real posts do benches work on?

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Title and text of every post of the corpora, in a fixed order.
pub fn posts(corpora: &Path) -> Vec<(String, String)> {
    let mut posts = Vec::new();
    for name in ["posts-reddit", "posts-20newsgroups"] {
        let file = corpora.join(name).join("posts.jsonl.gz");
        let unpacked = Command::new("gzip").arg("-dc").arg(file).output().unwrap().stdout;
        for line in String::from_utf8_lossy(&unpacked).lines() {
            let post: Value = serde_json::from_str(line).unwrap();
            let text = |keys: &[&str]| keys.iter().find_map(|key| post[key].as_str()).unwrap_or_default().to_owned();
            posts.push((text(&["title", "subject"]), text(&["text", "selftext", "body"])));
        }
    }
    let mut news = csv::Reader::from_path(corpora.join("posts-hackernews/hacker_news.csv")).unwrap();
    posts.extend(news.records().flatten().map(|row| (row[1].to_owned(), String::new())));
    posts
}
