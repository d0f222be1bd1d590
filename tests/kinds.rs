//! Does every kind keep the contract of its trait, whatever bytes it is given?
//!
//! No kind is named here: the tests walk `KINDS`. A kind's recorded answers lie in `tests/fixtures/KIND/`:
//! each `NAME.json`, `.xml` or `.html` is read by the kind's sample, or by the block in `NAME.toml`, and what
//! comes out is `NAME.snap`.

#![cfg(test)]

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use overheard::config::sample::source_of;
use overheard::model::{
    Answer, Next, Progress, RawPost, ReadError, Reading, Receiver, ReceiverKind, Rejection, Rendered, Response,
    SecretValue, Settings, Source, SourceKind, Timestamp, Verdict,
};
use overheard::normalize::{self, Origin};
use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};
use url::Url;

/// 2026-11-21 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_262_400_000);
/// More pages than any kind wants in one poll.
const MAX_PAGES: u32 = 100;
/// Largest file of the corpora that is an answer and not a set of data, in bytes.
const MAX_RECORDED: u64 = 4 * 1024 * 1024;
/// What recorded answers are called.
const ENDINGS: [&str; 4] = ["json", "xml", "html", "txt"];

/// A recorded answer and the source that reads it.
struct Recorded {
    kind: &'static dyn SourceKind,
    path: PathBuf,
    body: Vec<u8>,
    /// The configuration of `source`.
    block: String,
    source: Arc<dyn Source>,
}

impl Recorded {
    fn name(&self) -> String {
        let stem = self.path.file_stem().expect("a name").to_string_lossy();
        format!("{}/{stem}", self.kind.name())
    }

    fn content_type(&self) -> &'static str {
        match self.path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => "application/json; charset=utf-8",
            Some("xml") => "application/xml",
            Some("html") => "text/html",
            _ => "text/plain",
        }
    }

    fn answer(&self, body: &[u8], content_type: &str) -> Response {
        answer(&*self.source, &Progress::default(), body, content_type)
    }

    fn read(&self, body: &[u8]) -> Result<Reading, ReadError> {
        self.source.read(&Progress::default(), &self.answer(body, self.content_type()))
    }
}

fn kinds() -> impl Iterator<Item = &'static dyn SourceKind> {
    overheard::source::KINDS.iter().copied()
}

fn receiver_kinds() -> impl Iterator<Item = &'static dyn ReceiverKind> {
    overheard::receiver::KINDS.iter().copied()
}

fn source(block: &str) -> Arc<dyn Source> {
    source_of(block).unwrap_or_else(|faults| panic!("{faults:#?}\n{block}")).source
}

fn fixtures(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(kind)
}

fn recorded_of(kind: &'static dyn SourceKind) -> Vec<Recorded> {
    let folder = fixtures(kind.name());
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ENDINGS.contains(&&*ending.to_string_lossy())));
    paths.sort();
    let recorded = |path: PathBuf| {
        let block = std::fs::read_to_string(path.with_extension("toml")).unwrap_or_else(|_| kind.sample().to_owned());
        Recorded { kind, body: std::fs::read(&path).expect("a fixture"), path, source: source(&block), block }
    };
    paths.into_iter().map(recorded).collect()
}

fn all_recorded() -> Vec<Recorded> {
    kinds().flat_map(recorded_of).collect()
}

/// One recorded answer for every differently configured source.
fn every_source() -> Vec<Recorded> {
    let mut blocks = BTreeSet::new();
    all_recorded().into_iter().filter(|recorded| blocks.insert(recorded.block.clone())).collect()
}

/// What the source asked for, answered with this body.
fn answer(source: &dyn Source, progress: &Progress, body: &[u8], content_type: &str) -> Response {
    let url = match source.next(progress) {
        Next::Http(request) => request.url.clone(),
        Next::Subscribe(subscription) if subscription.url().is_some() => subscription.url().expect("a URL").clone(),
        Next::Subscribe(_) | Next::Done => Url::parse("https://acme.example/").expect("a URL"),
    };
    // Secrets have this stand-in; who pushes must show it.
    let token = ("authorization".to_owned(), "Bearer stand-in".to_owned());
    let headers = vec![("content-type".to_owned(), content_type.to_owned()), token];
    Response { status: 200, url, headers, body: body.to_vec().into(), received_at: NOW }
}

fn keys(posts: &[Result<RawPost, Rejection>]) -> Vec<Result<&str, &str>> {
    posts.iter().map(|post| post.as_ref().map(|post| &*post.key).map_err(|rejection| &*rejection.why)).collect()
}

fn is_snake_case(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Every property that a schema describes, with those of tables inside, and its description.
fn properties(schema: &Value) -> Vec<(String, Option<&str>)> {
    let mut found = Vec::new();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        found.push((name.clone(), property.get("description").and_then(Value::as_str)));
        found.extend(properties(property).into_iter().map(|(inner, words)| (format!("{name}.{inner}"), words)));
    }
    let definitions = schema.get("$defs").and_then(Value::as_object).into_iter().flatten();
    found.extend(definitions.flat_map(|(name, inner)| {
        properties(inner).into_iter().map(move |(key, words)| (format!("{name}.{key}"), words))
    }));
    found
}

/// What every kind says of itself, source or receiver.
fn check_words(name: &str, summary: &str, schema: &Value, sample: &str, block: &str) {
    assert!(is_snake_case(name), "{name}");
    assert!(!summary.trim().is_empty() && !summary.contains('\n'), "{name}: the summary is one line");
    let undescribed: Vec<String> = properties(schema)
        .into_iter()
        .filter(|(_, words)| words.is_none_or(str::is_empty))
        .map(|(key, _)| key)
        .collect();
    assert!(undescribed.is_empty(), "{name} does not describe {undescribed:?}");
    assert_eq!(schema.get("additionalProperties"), Some(&json!(false)), "{name} takes unknown keys");
    let table: toml::Table = toml::from_str(sample).unwrap_or_else(|error| panic!("{name}: {error}"));
    let written = table[block][0]["kind"].as_str();
    assert_eq!(written, Some(name), "{name}: the sample is of another kind");
}

#[test]
fn every_source_kind_describes_itself() {
    let mut names = BTreeSet::new();
    for kind in kinds() {
        check_words(kind.name(), kind.summary(), kind.schema().as_value(), kind.sample(), "source");
        assert!(names.insert(kind.name()), "two kinds are called {}", kind.name());
        let url = match source(kind.sample()).next(&Progress::default()) {
            Next::Http(request) => Some(request.url),
            Next::Subscribe(subscription) => subscription.url().cloned(),
            Next::Done => panic!("{} asks for nothing", kind.name()),
        };
        let known = |url: &Url| matches!(url.scheme(), "http" | "https" | "ws" | "wss");
        assert!(url.as_ref().is_none_or(known), "{}: {url:?}", kind.name());
    }
}

#[test]
fn an_unknown_key_and_a_missing_one_are_told() {
    for kind in kinds() {
        let misspelt = format!("{}no_such_key = 1\n", kind.sample());
        let faults = source_of(&misspelt).err().unwrap_or_else(|| panic!("{} takes unknown keys", kind.name()));
        assert!(faults.iter().any(|fault| fault.key.ends_with("no_such_key")), "{}: {faults:#?}", kind.name());
        let required = kind.schema().get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let nothing = Settings::parse("source.x", "").expect("TOML");
        match kind.load(&nothing) {
            Ok(_) => assert!(required.is_empty(), "{} does without what it requires", kind.name()),
            // Where one of several keys must be there, the schema requires none of them.
            Err(faults) => assert!(faults.iter().all(|fault| !fault.what.is_empty()), "{}", kind.name()),
        }
    }
}

#[test]
fn recognised_pages_become_blocks_that_load() {
    let pages = [
        "https://acme.example/",
        "https://acme.example/blog/feed.xml",
        "https://acme.example/news-sitemap.xml.gz",
        "https://community.acme.example/t/uploads-fail/512/3",
        "https://news.ycombinator.com/item?id=1",
        "https://hn.algolia.com/?q=%22acme%20cloud%22",
        "https://stackoverflow.com/questions/tagged/acme",
        "https://unix.stackexchange.com/questions/1/x",
        "https://m\u{fc}nchen.example:8443/t/x/1",
        "https://www.reddit.com/r/acme/comments/1acme05/uploads_fail/",
        "https://old.reddit.com/search?q=%22acme%20cloud%22",
        "https://lobste.rs/t/rust,devops",
        "https://lemmy.acme.example/c/selfhosted@lemmy.example",
        "https://www.youtube.com/channel/UCacmeacmeacmeacmeacme01",
        "https://www.youtube.com/watch?v=acmeVideo01",
        "https://github.com/acme/anvil/issues/42",
        "https://github.com/Acme/anvil.rs/releases",
        "https://github.com/search?q=%22acme+cloud%22&type=issues",
        "https://mastodon.social/@acme",
        "https://mastodon.social/tags/AcmeCloud",
        "ftp://acme.example/t/x/1",
        "mailto:jane@acme.example",
        "data:text/plain,x",
    ];
    for kind in kinds() {
        for page in pages {
            let Some(block) = kind.recognise(&Url::parse(page).expect("a URL")) else { continue };
            let written: toml::Table =
                toml::from_str(&block).unwrap_or_else(|error| panic!("{page}: {error}\n{block}"));
            assert_eq!(written["source"][0]["kind"].as_str(), Some(kind.name()), "{page}");
            source(&block);
        }
    }
}

#[test]
fn recorded_answers_become_the_posts_they_hold() {
    for kind in kinds() {
        assert!(!recorded_of(kind).is_empty(), "no recorded answer of {}", kind.name());
    }
    for recorded in all_recorded() {
        let reading = recorded.read(&recorded.body).unwrap_or_else(|error| panic!("{}: {error}", recorded.name()));
        let stem = recorded.path.file_stem().expect("a name").to_string_lossy().into_owned();
        let origin_url = recorded.answer(&[], "").url;
        let origin = Origin { source: "fixture", kind: recorded.kind.name(), base: &origin_url, received_at: NOW };
        let posts: Vec<Value> = reading.posts.into_iter().map(|raw| shown(raw, &origin)).collect();
        let mut read = json!({
            "posts": posts,
            "progress": reading.progress,
            "repaired": reading.repaired,
            "wait": reading.wait,
        });
        if !reading.deleted.is_empty() {
            read["deleted"] = json!(reading.deleted);
        }
        insta::with_settings!({ snapshot_path => fixtures(recorded.kind.name()), prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_json_snapshot!(stem, read);
        });
    }
}

/// A raw post and what it becomes, without what every post of the fixture shares.
fn shown(raw: Result<RawPost, Rejection>, origin: &Origin<'_>) -> Value {
    let post = match raw.and_then(|raw| normalize::post(raw, origin)) {
        Ok(post) => post,
        Err(rejection) => return json!({ "rejected": rejection.why }),
    };
    let mut value = serde_json::to_value(post).expect("JSON");
    let fields = value.as_object_mut().expect("an object");
    for shared in ["source", "kind", "received", "id"] {
        fields.remove(shared);
    }
    fields.retain(|_, value| !value.is_null() && *value != json!([]));
    value
}

#[test]
fn the_same_bytes_read_twice_give_the_same_posts_and_each_its_own_key() {
    for recorded in all_recorded() {
        let one = recorded.read(&recorded.body).expect("a reading");
        let two = recorded.read(&recorded.body).expect("a reading");
        assert_eq!(keys(&one.posts), keys(&two.posts), "{}", recorded.name());
        let good: Vec<&RawPost> = one.posts.iter().flatten().collect();
        assert!(!good.is_empty(), "{} has no post", recorded.name());
        let different: BTreeSet<&str> = good.iter().map(|post| &*post.key).collect();
        assert!(!different.contains("") && different.len() == good.len(), "{}: {different:?}", recorded.name());
    }
}

/// Bodies that sites send instead of what was asked for, and what they are.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let mut random = 7_u32;
    let noise = std::iter::repeat_with(|| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 24) as u8
    });
    vec![
        ("nothing", Vec::new()),
        ("spaces", b" \r\n\t ".to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf".to_vec()),
        ("noise", noise.take(50_000).collect()),
        ("zeroes", vec![0; 10_000]),
        ("brackets", vec![b'['; 1_000_000]),
        ("braces", b"{\"a\":".repeat(200_000)),
        ("elements", b"<a>".repeat(350_000)),
        ("a login page", b"<!DOCTYPE html><html><head><title>Log in</title></head><body><form></form></body></html>".to_vec()),
        ("an error in JSON", br#"{"error": "forbidden", "errors": ["no"], "message": "no"}"#.to_vec()),
        ("another JSON", br#"{"items": 7, "hits": {}, "posts": "x", "latest_posts": null, "version": []}"#.to_vec()),
        ("lists of nothing", br#"{"items": [null, 1, "x", [], {}], "hits": [null, {}], "posts": [{}], "latest_posts": [7, {}]}"#.to_vec()),
        ("a number", b"42".to_vec()),
        ("null", b"null".to_vec()),
        ("an empty feed", b"<rss version=\"2.0\"><channel></channel></rss>".to_vec()),
        ("an XML bomb", br#"<!DOCTYPE a [<!ENTITY b "cccccccccc"><!ENTITY a "&b;&b;&b;&b;&b;&b;&b;&b;">]><rss><channel><title>&a;</title></channel></rss>"#.to_vec()),
        ("a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec()),
    ]
}

/// Reads, and checks that what comes back can be worked with.
fn survives(recorded: &Recorded, what: &str, progress: &Progress, body: &[u8], content_type: &str) {
    let name = recorded.name();
    let response = answer(&*recorded.source, progress, body, content_type);
    let read = catch_unwind(AssertUnwindSafe(|| recorded.source.read(progress, &response)));
    let Ok(read) = read else { panic!("{name} panics on {what}") };
    match read {
        Ok(reading) => {
            assert!(reading.posts.len() <= body.len(), "{name} makes posts out of nothing on {what}");
            let origin = Origin { source: "x", kind: "x", base: &response.url, received_at: NOW };
            for raw in reading.posts.into_iter().flatten() {
                let normal = catch_unwind(AssertUnwindSafe(|| normalize::post(raw, &origin)));
                assert!(normal.is_ok(), "{name}: a post read from {what} cannot be normalised");
            }
            let next = catch_unwind(AssertUnwindSafe(|| recorded.source.next(&reading.progress)));
            assert!(next.is_ok(), "{name} does not know what to ask for after {what}");
        }
        Err(error) => assert!(!error.to_string().is_empty(), "{name} fails without a word on {what}"),
    }
}

#[test]
fn whatever_comes_is_read_or_refused_and_never_a_panic() {
    for recorded in every_source() {
        for (what, body) in hostile() {
            for content_type in [recorded.content_type(), "text/html; charset=utf-16", "nonsense"] {
                survives(&recorded, what, &Progress::default(), &body, content_type);
            }
        }
    }
}

#[test]
fn damaged_answers_are_read_or_refused_and_never_a_panic() {
    for recorded in all_recorded() {
        let body = &recorded.body;
        for part in 0..64 {
            let cut = &body[..body.len() * part / 64];
            survives(&recorded, "a cut-off answer", &Progress::default(), cut, recorded.content_type());
            let mut broken = body.clone();
            for at in (part..broken.len()).step_by(211) {
                broken[at] = broken[at].wrapping_add(part as u8 + 1);
            }
            survives(&recorded, "a damaged answer", &Progress::default(), &broken, recorded.content_type());
        }
    }
}

/// With `OVERHEARD_CORPORA` set to a folder of recorded feeds and API answers, every kind is given every file in it.
#[test]
fn recorded_answers_of_the_world_are_read_or_refused_and_never_a_panic() {
    let Some(folder) = std::env::var_os("OVERHEARD_CORPORA") else {
        println!("OVERHEARD_CORPORA is not set: nothing was read");
        return;
    };
    let sources = every_source();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if entry.metadata().is_ok_and(|file| file.len() <= MAX_RECORDED) {
                let body = std::fs::read(&path).expect("a file");
                for recorded in &sources {
                    survives(recorded, &path.display().to_string(), &Progress::default(), &body, "text/plain");
                }
            }
        }
    }
}

#[test]
fn a_wrong_or_another_charset_is_read_or_refused_and_never_a_panic() {
    for recorded in all_recorded() {
        let text = String::from_utf8_lossy(&recorded.body).into_owned();
        let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let latin_1: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
        for (what, body) in [("UTF-16 without a mark", &utf_16), ("Latin-1", &latin_1), ("itself", &recorded.body)] {
            for content_type in
                ["text/plain; charset=utf-8", "text/xml; charset=shift_jis", "application/json; charset=utf-16le"]
            {
                survives(&recorded, what, &Progress::default(), body, content_type);
            }
        }
    }
}

/// Polls as the door does, always with the same answer; how many pages were asked for.
fn pages_of_a_poll(recorded: &Recorded, progress: &mut Progress, most: u32) -> u32 {
    *progress = progress.start_poll();
    for page in 0..most {
        match recorded.source.next(progress) {
            Next::Http(_) => {}
            Next::Done => return page,
            // Goes on for ever, and rightly so.
            Next::Subscribe(_) => return 1,
        }
        let response = answer(&*recorded.source, progress, &recorded.body, recorded.content_type());
        match recorded.source.read(progress, &response) {
            Ok(reading) => *progress = reading.progress,
            Err(_) => return page + 1,
        }
    }
    most
}

#[test]
fn a_page_that_repeats_itself_for_ever_does_not_keep_a_poll_going() {
    for recorded in all_recorded() {
        // The cursor of a first poll, of a later one, and ones that no kind wrote.
        for cursor in [None, Some("1"), Some("-1"), Some("x"), Some("99999999999999999999")] {
            let mut progress = Progress { cursor: cursor.map(Into::into), ..Progress::default() };
            for poll in 1..=3 {
                let pages = pages_of_a_poll(&recorded, &mut progress, MAX_PAGES);
                assert!(
                    (1..MAX_PAGES).contains(&pages),
                    "{}: poll {poll} from {cursor:?} has {pages} pages",
                    recorded.name()
                );
            }
        }
    }
}

#[test]
fn a_progress_that_the_kind_did_not_write_is_survived() {
    for recorded in all_recorded() {
        let notes =
            ["since", "resume", "id"].into_iter().map(|note| (note.to_owned(), "\u{0}nonsense ü".to_owned())).collect();
        for (page, next) in [(0, Some("x")), (1, Some("")), (1_000, Some("99999999999999999999")), (3, Some("/../é"))]
        {
            let progress =
                Progress { cursor: Some("é".into()), page, next: next.map(Into::into), notes: Clone::clone(&notes) };
            survives(&recorded, "a strange progress", &progress, &recorded.body, recorded.content_type());
        }
    }
}

#[test]
fn progress_survives_the_journal() {
    for recorded in all_recorded() {
        let progress = recorded.read(&recorded.body).expect("a reading").progress;
        let text = serde_json::to_string(&progress).expect("JSON");
        assert_eq!(serde_json::from_str::<Progress>(&text).ok(), Some(progress), "{}", recorded.name());
    }
}

/// A receiver from the sample of its kind, with a stand-in for each secret.
fn receiver(kind: &dyn ReceiverKind) -> Box<dyn Receiver> {
    let document = DeTable::parse(kind.sample()).expect("TOML");
    let mut settings = Settings::parse("receiver.sample", "").expect("TOML");
    let blocks =
        document.get_ref().get("receiver").and_then(|blocks| blocks.get_ref().as_array()).expect("[[receiver]]");
    let mut block = blocks[0].get_ref().as_table().expect("a table").clone();
    for shared in ["name", "kind"] {
        block.remove(shared);
    }
    for (key, value) in block.iter_mut() {
        if let DeValue::Table(named) = value.get_mut()
            && (named.contains_key("env") || named.contains_key("file"))
        {
            // The two forms that secrets of receivers have: an address and a signing key.
            let stand_in = if key.get_ref().contains("url") {
                "https://hooks.acme.example/x"
            } else {
                "whsec_c3RhbmQtaW4tc2VjcmV0LTMyLWJ5dGVz"
            };
            let text = format!("{:?} = {stand_in:?}", SecretValue::KEY).replace("\\0", "\\u0000");
            *named = DeTable::parse(Box::leak(text.into_boxed_str())).expect("TOML").into_inner();
        }
    }
    *settings.table.get_mut() = block;
    kind.load(&settings).unwrap_or_else(|faults| panic!("{}: {faults:#?}", kind.name()))
}

#[test]
fn every_receiver_kind_describes_itself() {
    let mut names = BTreeSet::new();
    for kind in receiver_kinds() {
        check_words(kind.name(), kind.summary(), kind.schema().as_value(), kind.sample(), "receiver");
        assert!(names.insert(kind.name()), "two kinds are called {}", kind.name());
        receiver(kind);
    }
}

#[test]
fn every_receiver_renders_the_same_alert_the_same_way() {
    for kind in receiver_kinds() {
        let receiver = receiver(kind);
        let alert = overheard::receiver::sample::alert("sample", NOW);
        let rendered = |receiver: &dyn Receiver| match receiver.render(&alert, None, NOW) {
            Rendered::Http(request) => format!("{:?} {:?}", request.headers, request.body),
            Rendered::Line(line) => line,
        };
        let first = rendered(&*receiver);
        assert!(first.contains("Acme"), "{}: {first}", kind.name());
        assert_eq!(first, rendered(&*receiver), "{}", kind.name());
    }
}

#[test]
fn every_receiver_says_of_a_digest_how_much_was_held_back_and_lists_its_stories() {
    for kind in receiver_kinds() {
        let receiver = receiver(kind);
        let digest = overheard::receiver::sample::digest("sample", NOW);
        let rendered = match receiver.render(&digest, None, NOW) {
            Rendered::Http(request) => format!("{:?}", request.body),
            Rendered::Line(line) => line,
        };
        let listed = digest.digest.iter().flat_map(|digest| &digest.listed);
        for words in listed.map(|entry| entry.title.as_str()).chain(["sample-watch", "37"]) {
            assert!(rendered.contains(words), "{}: {words} is not in {rendered}", kind.name());
        }
    }
}

#[test]
fn every_receiver_understands_every_status_and_no_body_makes_it_panic() {
    for kind in receiver_kinds() {
        let receiver = receiver(kind);
        let sample = overheard::receiver::sample::alert("sample", NOW);
        // A line that was written has no status.
        let writes_lines = matches!(receiver.render(&sample, None, NOW), Rendered::Line(_));
        for (what, body) in hostile() {
            for status in (0..=599).step_by(if body.is_empty() { 1 } else { 100 }) {
                let answer = Answer { status, headers: Vec::new(), body: body.clone().into(), received_at: NOW };
                let verdict = catch_unwind(AssertUnwindSafe(|| receiver.verdict(&answer)));
                let Ok(verdict) = verdict else { panic!("{} panics on {what} with status {status}", kind.name()) };
                if !writes_lines && matches!(status, 429 | 500..=599) {
                    assert!(matches!(verdict, Verdict::Retry { .. }), "{}: {status} is {verdict:?}", kind.name());
                }
            }
        }
    }
}
