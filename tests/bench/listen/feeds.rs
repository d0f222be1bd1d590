//! Which feeds and watches do the benches of the daemon work on, and what does a daemon cost?

use std::path::Path;

use super::common::spawned::Spawned;

/// Items of one feed.
pub const ITEMS: usize = 25;
/// Clock ticks a second in `/proc`; the same on every Linux that matters here.
const TICKS: f64 = 100.0;

/// CPU seconds and memory of a process, from `/proc`.
pub struct Usage {
    pub cpu: f64,
    pub now_mb: f64,
    pub peak_mb: f64,
}

impl Usage {
    pub fn of(daemon: &Spawned) -> Self {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", daemon.process.id())).unwrap();
        let stat = read("stat");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        let status = read("status");
        let megabytes = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
        };
        Self { cpu: ticks / TICKS, now_mb: megabytes("VmRSS:"), peak_mb: megabytes("VmHWM:") }
    }
}

/// The body of feed number `feed`: 25 real posts; past the last post they begin again under other addresses.
pub fn body(posts: &[(String, String)], feed: usize) -> String {
    let escaped = |text: &str| {
        let kept: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
        kept.replace('&', "&amp;").replace('<', "&lt;")
    };
    let items: String = (feed * ITEMS..(feed + 1) * ITEMS)
        .map(|number| {
            let (title, text) = &posts[number % posts.len()];
            format!(
                "<item><guid>p{number}</guid><pubDate>Sat, 04 Jan 2020 10:00:00 GMT</pubDate><link>http://f{feed}.test/p/{number}</link><title>{}</title><description>{}</description></item>\n",
                escaped(title),
                escaped(text)
            )
        })
        .collect();
    format!("<?xml version=\"1.0\"?>\n<rss version=\"2.0\"><channel><title>Feed {feed}</title>{items}</channel></rss>")
}

/// The rules of `match-pairs`, then the same with one more word, so that most match nothing.
pub fn watch_file(corpora: &Path, watches: usize) -> String {
    let rules = std::fs::read_to_string(corpora.join("match-pairs/rules.tsv")).unwrap();
    let rules: Vec<&str> = rules.lines().filter_map(|line| line.split_once('\t')).map(|(_, query)| query).collect();
    let watch = |number: usize| {
        let rule = rules[number % rules.len()];
        let query = if number < rules.len() { rule.to_owned() } else { format!("({rule}) AND word{number}") };
        format!("[[watch]]\nname = \"w{number}\"\nowner = \"o\"\nquery = '''{query}'''\n\n")
    };
    (0..watches).map(watch).collect()
}
