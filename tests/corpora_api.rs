//! Do the kinds read what the real APIs answered, as others recorded it?
//!
//! Reads the recordings under the folder that `OVERHEARD_CORPORA` names, and says so when it is not set. Of each recorded body the
//! test counts for itself what it holds; the kind must find as much, and nothing else.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use overheard::config::sample::source_of;
use overheard::model::{Post, Progress, Response, Source, Timestamp};
use serde_json::Value;
use url::Url;

/// 2026-11-21 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_262_400_000);

const REDDIT: &str = "[[source]]\nname = \"r\"\nkind = \"reddit\"\nsubreddits = [\"acme\"]\nclient_id = \"x\"\n\
                      client_secret = { env = \"REDDIT_SECRET\" }\n";
const DISCOURSE: &str = "[[source]]\nname = \"d\"\nkind = \"discourse\"\nurl = \"https://community.acme.example\"\n";
const STACK_EXCHANGE: &str =
    "[[source]]\nname = \"s\"\nkind = \"stack_exchange\"\nsite = \"stackoverflow\"\ntagged = [\"acme\"]\n";
const LEMMY: &str = "[[source]]\nname = \"l\"\nkind = \"lemmy\"\nurl = \"https://lemmy.example\"\n";
const MASTODON: &str = "[[source]]\nname = \"m\"\nkind = \"mastodon\"\nurl = \"http://localhost:3000\"\n\
                        stream = true\ntoken = { env = \"MASTODON_TOKEN\" }\n";

const GITHUB: &str =
    "[[source]]\nname = \"g\"\nkind = \"github\"\nrepo = \"acme/anvil\"\ntoken = { env = \"GITHUB_TOKEN\" }\n";

/// One recorded exchange.
struct Recorded {
    file: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Recorded {
    fn answer(&self) -> Response {
        Response {
            status: 200,
            url: Url::parse(&self.url).unwrap_or_else(|_| Url::parse("http://localhost/").expect("a URL")),
            headers: self.headers.clone(),
            body: self.body.clone().into(),
            received_at: NOW,
        }
    }

    fn name(&self) -> String {
        format!("{} {}", self.file, self.url)
    }
}

/// The files of one suite with their texts; `None`, with a word about it, when there are none here.
fn files(suite: &str, ending: &str) -> Option<Vec<(String, String)>> {
    let Some(corpora) = std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from) else {
        eprintln!("OVERHEARD_CORPORA is not set: the answers of {suite} are not read");
        return None;
    };
    let folder = corpora.join(suite);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    let named = |path: &PathBuf| path.file_name().unwrap_or(Path::new("").as_os_str()).to_string_lossy().into_owned();
    Some(paths.iter().map(|path| (named(path), std::fs::read_to_string(path).expect("a text"))).collect())
}

fn source(block: &str) -> Arc<dyn Source> {
    source_of(block).unwrap_or_else(|faults| panic!("{faults:#?}")).source
}

/// The good answers of a cassette of betamax.
fn of_betamax(file: &str, text: &str) -> Vec<Recorded> {
    let cassette: Value = serde_json::from_str(text).expect("JSON");
    let exchanges = cassette["interactions"].as_array().cloned().unwrap_or_default();
    let good = exchanges.iter().filter(|exchange| exchange["response"]["status"]["code"] == 200);
    let recorded = |exchange: &Value| {
        let headers = exchange["response"]["headers"].as_object().cloned().unwrap_or_default();
        let lower = |(name, value): (String, Value)| {
            (name.to_lowercase(), value.get(0).and_then(Value::as_str).unwrap_or_default().to_owned())
        };
        Recorded {
            file: file.to_owned(),
            url: exchange["request"]["uri"].as_str().unwrap_or_default().to_owned(),
            headers: headers.into_iter().map(lower).collect(),
            body: exchange["response"]["body"]["string"].as_str().unwrap_or_default().to_owned(),
        }
    };
    good.map(recorded).collect()
}

/// The answers of a cassette of VCR: YAML, of which only what these files write is read. Bodies in double quotes are passed over.
fn of_vcr(file: &str, text: &str) -> Vec<Recorded> {
    let recorded = |exchange: &str| {
        let (_, url) = exchange.split_once("\n    uri: ")?;
        let (_, scalar) = exchange.split_once("\n      string: '")?;
        let url = url.lines().next().unwrap_or_default().to_owned();
        Some(Recorded { file: file.to_owned(), url, headers: Vec::new(), body: quoted(scalar) })
    };
    text.split("\n- request:").skip(1).filter_map(recorded).collect()
}

/// A scalar in single quotes: a line break is a space, an empty line a line break, two quotes are one.
fn quoted(scalar: &str) -> String {
    let whole = scalar.replace("''", "\u{0}");
    let whole = whole.split('\'').next().unwrap_or_default().replace('\u{0}', "'");
    let mut text = String::new();
    let mut broken = 0;
    for (number, line) in whole.split('\n').enumerate() {
        let line = if number == 0 { line } else { line.trim_start() };
        if line.is_empty() && number > 0 {
            broken += 1;
            continue;
        }
        if number > 0 {
            text.push_str(&if broken == 0 { " ".to_owned() } else { "\n".repeat(broken) });
        }
        broken = 0;
        text.push_str(line);
    }
    text.push_str(&"\n".repeat(broken));
    text
}

#[test]
fn every_listing_of_reddit_becomes_the_posts_that_it_holds() {
    let Some(files) = files("api-reddit-praw", "json") else { return };
    let source = source(REDDIT);
    let (mut listings, mut posts, mut gone) = (0, 0, 0);
    for recorded in files.iter().flat_map(|(file, text)| of_betamax(file, text)) {
        let Ok(body) = serde_json::from_str::<Value>(&recorded.body) else { continue };
        let Some(children) = body["data"]["children"].as_array() else { continue };
        let is_post = |child: &&Value| matches!(child["kind"].as_str(), Some("t1" | "t3"));
        if !children.iter().all(|child| is_post(&child)) {
            continue;
        }
        let reading = source.read(&Progress::default(), &recorded.answer());
        let reading = reading.unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
        assert_eq!(reading.posts.len(), children.len(), "{}", recorded.name());
        for (read, child) in reading.posts.iter().zip(children) {
            let key = format!("reddit:{}", child["data"]["name"].as_str().expect("a name"));
            match read {
                Ok(post) => {
                    assert!(post.key == key && post.published.is_some(), "{}: {post:#?}", recorded.name());
                    assert!(!post.title.is_empty() || !post.text.is_empty(), "{}: {post:#?}", recorded.name());
                    assert!(post.url.starts_with("https://www.reddit.com/"), "{}", post.url);
                    posts += 1;
                }
                Err(rejection) => {
                    let told = reading.deleted.contains(&key) || rejection.why.contains("bot");
                    assert!(told, "{}: {rejection:?}", recorded.name());
                    gone += 1;
                }
            }
        }
        listings += 1;
    }
    println!("{listings} listings of Reddit: {posts} posts, {gone} deleted or removed");
    assert!(listings > 0 && posts > 100 && gone * 4 < posts);
}

/// Comments in a tree of replies.
fn comments(listing: &Value) -> usize {
    let children = listing["data"]["children"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |child: &Value| if child["kind"] == "t1" { 1 + comments(&child["data"]["replies"]) } else { 0 };
    children.iter().map(of).sum()
}

#[test]
fn every_conversation_of_reddit_has_all_of_its_replies() {
    let Some(files) = files("api-reddit-praw", "json") else { return };
    let source = source(REDDIT);
    let (mut threads, mut replies) = (0, 0);
    for recorded in files.iter().flat_map(|(file, text)| of_betamax(file, text)) {
        let Ok(Value::Array(pair)) = serde_json::from_str::<Value>(&recorded.body) else { continue };
        let Some(name) = pair.first().and_then(|root| root["data"]["children"][0]["data"]["name"].as_str()) else {
            continue;
        };
        let root = Post::bare(&format!("reddit:{name}"), NOW);
        let thread = source.read_thread(&root, &recorded.answer());
        let thread = thread.unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
        assert_eq!(thread.replies.len(), comments(&pair[1]), "{}", recorded.name());
        let strays = thread.replies.iter().flatten().filter(|reply| reply.thread.as_ref() != Some(&root.key));
        assert_eq!(strays.count(), 0, "{}", recorded.name());
        assert!(thread.engagement.is_some(), "{}", recorded.name());
        threads += 1;
        replies += thread.replies.len();
    }
    println!("{threads} conversations of Reddit: {replies} replies");
    assert!(threads > 0 && replies > 0);
}

/// How many of these statuses are said to everybody and no boosts.
fn public(statuses: &[Value]) -> usize {
    let is_public = |status: &&Value| {
        matches!(status["visibility"].as_str(), Some("public" | "unlisted")) && !status["reblog"].is_object()
    };
    statuses.iter().filter(is_public).count()
}

#[test]
fn every_list_of_mastodon_becomes_the_posts_that_it_holds() {
    let Some(files) = files("api-mastodon", "yaml") else { return };
    let source = source(MASTODON);
    let (mut lists, mut posts, mut contexts) = (0, 0, 0);
    for recorded in files.iter().flat_map(|(file, text)| of_vcr(file, text)) {
        let Ok(body) = serde_json::from_str::<Value>(&recorded.body) else { continue };
        if body["descendants"].is_array() {
            let root = Post::bare("http://localhost:3000/x", NOW);
            let thread = source.read_thread(&root, &recorded.answer());
            let thread = thread.unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
            assert_eq!(Some(thread.replies.len()), body["descendants"].as_array().map(Vec::len), "{}", recorded.name());
            contexts += 1;
            continue;
        }
        let statuses = match &body {
            Value::Array(list) => list.clone(),
            Value::Object(found) if found.contains_key("statuses") => {
                body["statuses"].as_array().cloned().unwrap_or_default()
            }
            // One status alone, as it is answered to whoever wrote it.
            Value::Object(one) if one.contains_key("uri") && one.contains_key("visibility") => vec![body.clone()],
            _ => continue,
        };
        if !statuses.iter().all(|status| status["uri"].is_string() && status["content"].is_string()) {
            continue;
        }
        let answer = Response { body: Value::Array(statuses.clone()).to_string().into(), ..recorded.answer() };
        let reading = source.read(&Progress::default(), &answer);
        let reading = reading.unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
        assert_eq!(reading.posts.len(), statuses.len(), "{}", recorded.name());
        let good: Vec<_> = reading.posts.iter().flatten().collect();
        assert_eq!(good.len(), public(&statuses), "{}: {:#?}", recorded.name(), reading.posts);
        assert!(good.iter().all(|post| post.published.is_some() && post.author.is_some()), "{}", recorded.name());
        lists += 1;
        posts += good.len();
    }
    println!("{lists} lists of Mastodon: {posts} posts; {contexts} conversations");
    assert!(lists > 10 && posts > 20 && contexts > 0);
}

#[test]
fn every_stream_of_mastodon_is_read_event_by_event() {
    let Some(files) = files("api-mastodon", "yaml") else { return };
    let source = source(MASTODON);
    let (mut streams, mut updates) = (0, 0);
    for recorded in files.iter().flat_map(|(file, text)| of_vcr(file, text)) {
        if !recorded.url.contains("/streaming/") || !recorded.body.contains("event:") {
            continue;
        }
        let reading = source.read(&Progress::default(), &recorded.answer());
        let reading = reading.unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
        let events = recorded.body.lines().filter(|line| matches!(*line, "event: update" | "event: status.update"));
        assert_eq!(reading.posts.len(), events.count(), "{}: {}", recorded.name(), recorded.body);
        assert_eq!(reading.repaired, Vec::<String>::new(), "{}", recorded.name());
        let deleted = recorded.body.matches("event: delete").count();
        assert_eq!(reading.deleted.len(), deleted, "{}: what is deleted was seen before", recorded.name());
        streams += 1;
        updates += reading.posts.len();
    }
    println!("{streams} streams of Mastodon: {updates} posts");
    assert!(streams > 0 && updates > 0);
}

/// The good answers of a cassette of VCR in JSON.
fn of_vcr_json(file: &str, text: &str) -> Vec<Recorded> {
    let cassette: Value = serde_json::from_str(text).expect("JSON");
    let exchanges = cassette["http_interactions"].as_array().cloned().unwrap_or_default();
    let good = exchanges.iter().filter(|exchange| exchange["response"]["status"]["code"] == 200);
    let recorded = |exchange: &Value| {
        let body = &exchange["response"]["body"];
        let decoded = body["base64_string"].as_str().map(|coded| String::from_utf8_lossy(&base64(coded)).into_owned());
        let link = exchange["response"]["headers"]["Link"][0].as_str().map(|link| ("link".to_owned(), link.to_owned()));
        Recorded {
            file: file.to_owned(),
            url: exchange["request"]["uri"].as_str().unwrap_or_default().to_owned(),
            headers: link.into_iter().collect(),
            body: decoded.unwrap_or_else(|| body["string"].as_str().unwrap_or_default().to_owned()),
        }
    };
    good.map(recorded).collect()
}

/// The good answers of a file of PyGithub: eleven lines an exchange, the body in the tenth.
fn of_replay(file: &str, text: &str) -> Vec<Recorded> {
    let lines: Vec<&str> = text.lines().collect();
    let good = lines.chunks(11).filter(|lines| lines.len() >= 10 && lines[7] == "200");
    let recorded = |lines: &[&str]| Recorded {
        file: file.to_owned(),
        url: format!("https://api.github.com{}", lines[4]),
        headers: Vec::new(),
        body: lines[9].to_owned(),
    };
    good.map(recorded).collect()
}

fn base64(text: &str) -> Vec<u8> {
    let coded: String = text.split_whitespace().collect();
    base64::prelude::BASE64_STANDARD.decode(coded).expect("base64")
}

/// Every good answer of GitHub that is here.
fn of_github() -> Option<Vec<Recorded>> {
    let replays = files("api-github", "txt")?;
    let mut all: Vec<Recorded> = replays.iter().flat_map(|(file, text)| of_replay(file, text)).collect();
    let mut folders = vec![PathBuf::from(std::env::var_os("OVERHEARD_CORPORA")?).join("api-github-octokit")];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "json") {
                let text = std::fs::read_to_string(&path).expect("a text");
                all.extend(of_vcr_json(&path.display().to_string(), &text));
            }
        }
    }
    Some(all)
}

/// How many of these were written by people.
fn by_people(items: &[Value]) -> usize {
    let is_bot =
        |user: &Value| user["type"] == "Bot" || user["login"].as_str().is_some_and(|login| login.ends_with("[bot]"));
    items.iter().filter(|item| !is_bot(&item["user"])).count()
}

#[test]
fn every_list_of_issues_and_comments_of_github_becomes_the_posts_that_it_holds() {
    let Some(recorded) = of_github() else { return };
    let with = |what: &str| source(&format!("{GITHUB}{what}"));
    let (issues, comments) = (with("what = [\"issues\"]\n"), with("what = [\"comments\"]\n"));
    let search = with("query = \"acme\"\n");
    let (mut lists, mut posts, mut threads, mut replies) = (0, 0, 0, 0);
    for recorded in recorded {
        let path = recorded.url.split('?').next().unwrap_or_default().to_owned();
        let Ok(body) = serde_json::from_str::<Value>(&recorded.body) else { continue };
        if path.contains("/issues/")
            && (path.ends_with("/comments") || path.ends_with("/timeline"))
            && !path.ends_with("issues/comments")
        {
            let root = Post::bare("github:acme/anvil/issues/42", NOW);
            let thread = issues.read_thread(&root, &recorded.answer());
            let thread = thread.unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
            assert_eq!(Some(thread.replies.len()), body.as_array().map(Vec::len), "{}", recorded.name());
            assert!(thread.replies.iter().all(Result::is_ok), "{}: {thread:#?}", recorded.name());
            (threads, replies) = (threads + 1, replies + thread.replies.len());
            continue;
        }
        let is_issue = |item: &Value| item["number"].is_u64() && item["title"].is_string() && item["labels"].is_array();
        let (source, items, body) = match &body {
            Value::Object(found) if path.ends_with("/search/issues") => {
                (&search, found["items"].as_array().cloned().unwrap_or_default(), body.clone())
            }
            Value::Object(_) if is_issue(&body) => (&issues, vec![body.clone()], Value::Array(vec![body.clone()])),
            Value::Object(_) if path.contains("/issues/comments/") && body["body"].is_string() => {
                (&comments, vec![body.clone()], Value::Array(vec![body.clone()]))
            }
            Value::Array(list) if path.ends_with("/issues/comments") => (&comments, list.clone(), body.clone()),
            Value::Array(list) if !list.is_empty() && list.iter().all(is_issue) => {
                (&issues, list.clone(), body.clone())
            }
            _ => continue,
        };
        let answer = Response { body: body.to_string().into(), ..recorded.answer() };
        let reading = source.read(&Progress::default(), &answer);
        let reading = reading.unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
        let good: Vec<_> = reading.posts.iter().flatten().collect();
        assert_eq!(good.len(), by_people(&items), "{}: {:#?}", recorded.name(), reading.posts);
        for post in &good {
            assert!(post.published.is_some() && !(post.title.is_empty() && post.text.is_empty()), "{post:#?}");
            let page = post.url.contains("/issues/") || post.url.contains("/pull/");
            assert!(page && !post.url.contains("/repos/"), "no page for people: {}", post.url);
        }
        (lists, posts) = (lists + 1, posts + good.len());
    }
    println!("{lists} lists of GitHub: {posts} posts; {threads} conversations: {replies} replies");
    assert!(lists > 5 && posts > 50 && threads > 1 && replies > 1);
}

#[test]
fn every_page_of_discussions_of_github_becomes_the_posts_that_it_holds() {
    let Some(recorded) = of_github() else { return };
    let source = source(&format!("{GITHUB}what = [\"discussions\"]\n"));
    let (mut pages, mut posts) = (0, 0);
    for recorded in recorded.iter().filter(|recorded| recorded.url.ends_with("/graphql")) {
        let Ok(body) = serde_json::from_str::<Value>(&recorded.body) else { continue };
        let nodes = body["data"]["repository"]["discussions"]["nodes"].as_array().cloned().unwrap_or_default();
        // Some ask for ids alone.
        if nodes.is_empty() || !nodes.iter().all(|node| node["number"].is_u64()) {
            continue;
        }
        let reading = source.read(&Progress::default(), &recorded.answer());
        let reading = reading.unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
        assert_eq!(reading.posts.iter().flatten().count(), nodes.len(), "{}", recorded.name());
        for (post, node) in reading.posts.iter().flatten().zip(&nodes) {
            assert_eq!(Some(&*post.url), node["url"].as_str(), "{}", recorded.name());
        }
        (pages, posts) = (pages + 1, posts + nodes.len());
    }
    println!("{pages} pages of discussions of GitHub: {posts} posts");
    assert!(pages > 0 && posts > 0);
}

/// Recorded bodies that are not wrapped in an exchange.
fn bodies(suite: &str) -> Option<Vec<Recorded>> {
    let corpora = std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from)?;
    let mut folders = vec![corpora.join(suite)];
    let mut bodies = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|ending| ending == "json") {
                let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
                let body = std::fs::read_to_string(&path).expect("a text");
                bodies.push(Recorded {
                    file: path.display().to_string(),
                    url: "https://acme.example/".to_owned(),
                    headers,
                    body,
                });
            }
        }
    }
    Some(bodies)
}

#[test]
fn every_list_and_every_topic_of_discourse_becomes_the_posts_that_it_holds() {
    let Some(bodies) = bodies("api-discourse") else { return };
    let source = source(DISCOURSE);
    let (mut lists, mut topics, mut posts, mut told) = (0, 0, 0, 0);
    for recorded in &bodies {
        let body: Value = serde_json::from_str(&recorded.body).unwrap_or_default();
        let reading = source.read(&Progress::default(), &recorded.answer());
        if let Some(list) = body["latest_posts"].as_array() {
            let reading = reading.unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
            assert_eq!(reading.posts.len(), list.len(), "{}", recorded.name());
            let whole = reading.posts.iter().flatten().filter(|post| {
                post.published.is_some() && post.author.is_some() && (!post.title.is_empty() || !post.text.is_empty())
            });
            assert_eq!(whole.count(), list.len(), "{}: {:#?}", recorded.name(), reading.posts);
            lists += 1;
            posts += list.len();
            continue;
        }
        // Whatever else the API answers is no list of posts, and is told so.
        assert!(reading.is_err(), "{}: {reading:?}", recorded.name());
        told += 1;
        let Some(stream) = body["post_stream"]["posts"].as_array() else { continue };
        let root = Post::bare(&format!("discourse:community.acme.example:{}:1", stream[0]["topic_id"]), NOW);
        let thread = source.read_thread(&root, &recorded.answer());
        let thread = thread.unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
        let replies = stream.iter().filter(|post| post["post_number"].as_u64() > Some(1)).count();
        assert_eq!(thread.replies.len(), replies, "{}", recorded.name());
        topics += 1;
        posts += replies;
    }
    println!("{lists} lists and {topics} topics of Discourse: {posts} posts; {told} other answers told");
    assert!(lists > 1 && topics > 0 && posts > 5);
}

/// The recordings hold sites and accounts, no questions: what counts is that their envelope is read and nothing in it is taken for a post.
#[test]
fn every_envelope_of_stack_exchange_is_read_and_what_is_no_post_is_rejected() {
    let Some(bodies) = bodies("api-stackexchange") else { return };
    let source = source(STACK_EXCHANGE);
    let mut rejected = 0;
    for recorded in bodies.iter().filter(|recorded| !recorded.file.ends_with(".md")) {
        let body: Value = serde_json::from_str(&recorded.body).expect("JSON");
        let items = body["items"].as_array().expect("items");
        let reading = source.read(&Progress::default(), &recorded.answer());
        let reading = reading.unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
        assert!(reading.posts.len() == items.len() && reading.posts.iter().all(Result::is_err), "{}", recorded.name());
        rejected += items.len();
    }
    println!("{rejected} sites and accounts of Stack Exchange rejected");
    assert!(rejected > 0);
}

/// The recordings are what servers send each other (ActivityPub), not what Lemmy's API answers to clients: none is a list of posts.
#[test]
fn what_servers_send_each_other_is_no_list_of_lemmy_and_is_told() {
    let Some(bodies) = bodies("api-lemmy-activitypub") else { return };
    let source = source(LEMMY);
    for recorded in &bodies {
        let reading = source.read(&Progress::default(), &recorded.answer());
        assert!(reading.is_err(), "{}: {reading:?}", recorded.name());
    }
    println!("{} documents of ActivityPub told", bodies.len());
    assert!(!bodies.is_empty());
}
