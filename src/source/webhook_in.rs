//! How are posts read that somebody sends to `/in/NAME`?
//!
//! For what no other kind reaches: a form, an app's reviews, a chat bridge, another Overheard. The sender makes a POST to `/in/NAME`
//! of the daemon, at most 4 MiB, and gets 200 with counts once the posts are durable; 401, 422 and 503 say what to mend
//! or to try again (written for this kind, 2026-11-22; the signatures are those of GitHub and of Standard Webhooks 1.0).
//!
//! It proves itself in one of three ways, each with the same `secret`: `Authorization: Bearer SECRET`; `X-Hub-Signature-256:
//! sha256=HEX`, the HMAC-SHA256 of the body, as GitHub signs; or `webhook-id`, `webhook-timestamp` and `webhook-signature:
//! v1,BASE64`, the HMAC-SHA256 of `id.timestamp.body`, as Standard Webhooks has it, not older than five minutes.
//!
//! The body is one JSON object, a list of them, `{"posts": […]}`, or one object a line. An object has `id` or `url` (or both),
//! `title` or `text`, and may have `author` (a name, or `{"name", "handle", "url"}`), `published` and `updated` (RFC 3339 or seconds
//! since 1970), `thread` (the `id` of the conversation's root), `target` (the page that it was made to point to), `type` (story, comment, article,
//! review, question, answer), `tags`, `lang`, `likes`, `replies`, `shares`, and `format` (`plain`, or `html`). The same `id` again is an
//! edit; `{"deleted": "ID"}` says that a post is gone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use url::Url;

use crate::model::{
    Duration, Engagement, Fault, Next, PostType, Progress, RawAuthor, RawPost, ReadError, Reading, Rejection, Response,
    Secret, Settings, Source, SourceKind, Subscription, TextForm,
};
use crate::parse::json;

pub static KIND: Kind = Kind;

pub struct Kind;

const EXPECTED: &str = "posts in JSON";
/// A signed push that is older, or further ahead, may be one that somebody recorded.
const MAX_AGE: Duration = Duration::minutes(5);
/// Most posts of one push.
const MAX_POSTS: usize = 10_000;
/// How a secret begins that is written as Standard Webhooks writes it: the rest is base64 of the key.
const PREFIX: &str = "whsec_";

/// What can be set for a source of this kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// What a sender must know: sent as a bearer token, or used to sign the body (`X-Hub-Signature-256`, or the headers of
    /// Standard Webhooks; `whsec_…` is taken as base64 there).
    secret: Secret,
}

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "webhook_in"
    }

    fn summary(&self) -> &'static str {
        "Posts that another program sends to /in/NAME, as JSON with a token or a signature"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "our-app"
kind = "webhook_in"
secret = { env = "OVERHEARD_IN_OUR_APP" }
# curl -H "Authorization: Bearer $OVERHEARD_IN_OUR_APP" http://127.0.0.1:7700/in/our-app -d '
#   {"id": "42", "url": "https://app.acme.example/42", "title": "...", "text": "...", "author": "Kim"}'
# Also published and updated (2026-11-22T10:00:00Z), thread (the id of the root), target, type, tags, lang, likes, replies,
# shares, format ("plain" or "html"). A list of posts, or one a line, is taken too; {"deleted": "42"} says that one is gone.
"#
    }

    fn recognise(&self, _: &Url) -> Option<String> {
        None
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let options: Options = settings.read()?;
        let name = settings.path.strip_prefix("source.").unwrap_or(&settings.path).to_owned();
        Ok(Box::new(Mailbox { name, options }))
    }
}

/// One configured place that posts are sent to.
#[derive(Debug)]
struct Mailbox {
    /// Tells the ids of one sender from those of another.
    name: String,
    options: Options,
}

impl Source for Mailbox {
    fn next(&self, _: &Progress) -> Next {
        Next::Subscribe(Box::new(Subscription::Push))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        self.authorise(response)?;
        let (items, repaired) = items(response)?;
        let mut reading = Reading { progress: progress.clone(), repaired, ..Reading::default() };
        for item in items {
            match item.map(|item| self.deleted(&item).ok_or(item)) {
                Ok(Ok(key)) => reading.deleted.push(key),
                Ok(Err(item)) => reading.posts.push(self.post(&item)),
                Err(rejection) => reading.posts.push(Err(rejection)),
            }
        }
        Ok(reading)
    }
}

impl Mailbox {
    fn authorise(&self, response: &Response) -> Result<(), ReadError> {
        let refuse = |why: &str| Err(ReadError::Unauthorised { why: why.to_owned() });
        let secret = self.options.secret.expose().trim();
        if secret.is_empty() {
            return refuse("the source has no secret");
        }
        if let Some(signatures) = response.header("webhook-signature") {
            return standard(secret, signatures, response);
        }
        if let Some(signature) = response.header("x-hub-signature-256") {
            let signed = sign(secret.as_bytes(), &[&response.body]).map(|mac| hexadecimal(&mac));
            let given = signature.trim().strip_prefix("sha256=").unwrap_or_default().to_ascii_lowercase();
            return if same(signed.as_deref(), &given) { Ok(()) } else { refuse("the signature does not fit") };
        }
        let given = response.header("authorization").and_then(|given| given.split_once(' '));
        match given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
            Some((_, token)) if same(Some(secret), token.trim()) => Ok(()),
            Some(_) => refuse("the token is another one"),
            None => refuse("it needs `Authorization: Bearer …` with the secret, or a signature made with it"),
        }
    }

    /// The key of an item that says that a post is gone.
    fn deleted(&self, item: &Value) -> Option<String> {
        item.get("deleted").and_then(word).map(|id| self.key(&id))
    }

    fn key(&self, id: &str) -> String {
        format!("in:{}:{id}", self.name)
    }

    fn post(&self, item: &Value) -> Result<RawPost, Rejection> {
        let given = json::text(item, "url").unwrap_or_default();
        if !given.is_empty() && !Url::parse(given).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            return Err(json::rejection("its `url` is no address of a page", item));
        }
        let id = item.get("id").and_then(word).or_else(|| (!given.is_empty()).then(|| given.to_owned()));
        let Some(id) = id else { return Err(json::rejection("it has neither `id` nor `url`", item)) };
        let key = self.key(&id);
        // One of its own for each, though it leads nowhere: posts are looked up, and forgotten, by their address.
        let place = || url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>();
        let url = if given.is_empty() { place() } else { given.to_owned() };
        let (title, text) = (json::text(item, "title"), json::text(item, "text"));
        if title.is_none() && text.is_none() {
            return Err(json::rejection("it has neither `title` nor `text`", item));
        }
        let form = match json::text(item, "format") {
            None | Some("plain") => TextForm::Plain,
            Some("html") => TextForm::Html,
            Some(_) => return Err(json::rejection("`format` is neither `plain` nor `html`", item)),
        };
        let post_type = match json::text(item, "type") {
            None => PostType::Story,
            Some(word) => post_type(word).ok_or_else(|| json::rejection("its `type` is none that there is", item))?,
        };
        for date in ["published", "updated"] {
            if item.get(date).is_some_and(|value| !value.is_null()) && json::date(item, date).is_none() {
                return Err(json::rejection(&format!("`{date}` is no date"), item));
            }
        }
        Ok(RawPost {
            key,
            url,
            target: json::text(item, "target").map(str::to_owned),
            thread: item.get("thread").and_then(word).map(|id| self.key(&id)),
            post_type,
            title: title.unwrap_or_default().to_owned(),
            text: text.unwrap_or_default().to_owned(),
            form,
            author: author(item.get("author")),
            published: json::date(item, "published"),
            updated: json::date(item, "updated"),
            lang: json::text(item, "lang").map(str::to_owned),
            tags: json::texts(item, "tags"),
            engagement: Engagement {
                likes: json::count(item, "likes"),
                replies: json::count(item, "replies"),
                shares: json::count(item, "shares"),
                ..Engagement::default()
            },
        })
    }
}

/// What a body holds, in its order.
type Items = Vec<Result<Value, Rejection>>;

/// Every item of a body; a line that is no JSON is a rejection of its own.
fn items(response: &Response) -> Result<(Items, Vec<String>), ReadError> {
    let (items, repaired) = match json::parse(response, EXPECTED) {
        Ok((Value::Array(items), repaired)) => (items.into_iter().map(Ok).collect(), repaired),
        Ok((mut object, repaired)) => match object.get_mut("posts").map(Value::take) {
            Some(Value::Array(posts)) => (posts.into_iter().map(Ok).collect(), repaired),
            Some(_) => {
                return Err(ReadError::WrongFormat { expected: EXPECTED, why: "`posts` is no list".to_owned() });
            }
            None => (vec![Ok(object)], repaired),
        },
        Err(error) => (lines(&response.body).ok_or(error)?, Vec::new()),
    };
    if items.len() > MAX_POSTS {
        return Err(ReadError::Hostile { why: format!("more than {MAX_POSTS} posts at once") });
    }
    Ok((items, repaired))
}

/// One object a line; `None` when it is no such text.
fn lines(body: &[u8]) -> Option<Items> {
    let text = std::str::from_utf8(body).ok()?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(MAX_POSTS + 1).collect();
    let read = |line: &&str| match serde_json::from_str::<Value>(line) {
        Ok(item) if item.is_object() => Ok(item),
        Ok(_) | Err(_) => Err(json::rejection("the line is no JSON object", &Value::from(*line))),
    };
    let items: Vec<_> = lines.iter().map(read).collect();
    (items.len() > 1 && items.iter().any(Result::is_ok)).then_some(items)
}

/// A text, or a number as text; ids come as both.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn author(value: Option<&Value>) -> Option<RawAuthor> {
    let value = value?;
    if let Some(name) = value.as_str().filter(|name| !name.trim().is_empty()) {
        return Some(RawAuthor { name: name.to_owned(), ..RawAuthor::default() });
    }
    let handle = json::text(value, "handle").map(|handle| handle.trim_start_matches('@').to_owned());
    let name = json::text(value, "name").map(str::to_owned).or_else(|| handle.clone())?;
    Some(RawAuthor { name, handle, url: json::text(value, "url").map(str::to_owned) })
}

fn post_type(word: &str) -> Option<PostType> {
    PostType::ALL.iter().find(|(_, known)| *known == word).map(|(post_type, _)| *post_type)
}

/// A push that is signed as Standard Webhooks has it. During a change of secrets there are several signatures.
fn standard(secret: &str, signatures: &str, response: &Response) -> Result<(), ReadError> {
    let refuse = |why: &str| Err(ReadError::Unauthorised { why: why.to_owned() });
    let (Some(id), Some(moment)) = (response.header("webhook-id"), response.header("webhook-timestamp")) else {
        return refuse("`webhook-id` or `webhook-timestamp` is missing");
    };
    let Ok(seconds) = moment.trim().parse::<i64>() else { return refuse("`webhook-timestamp` is no time") };
    if seconds.abs_diff(response.received_at.seconds()) > MAX_AGE.0 / 1000 {
        return refuse("it was signed too long ago, or the clocks differ");
    }
    let key = match secret.strip_prefix(PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).unwrap_or_default(),
        None => secret.as_bytes().to_vec(),
    };
    if key.is_empty() {
        return refuse("what follows `whsec_` in the secret is not base64");
    }
    let signed = sign(&key, &[id.as_bytes(), b".", moment.trim().as_bytes(), b".", &response.body]);
    let signed = signed.map(|mac| STANDARD.encode(mac));
    let fits = |signature: &str| signature.strip_prefix("v1,").is_some_and(|given| same(signed.as_deref(), given));
    if signatures.split_whitespace().any(fits) { Ok(()) } else { refuse("the signature does not fit") }
}

/// `None` only if the library refused the key, which it does for no length.
fn sign(key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes().to_vec())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares without telling by its time how much was right.
fn same(expected: Option<&str>, given: &str) -> bool {
    expected.is_some_and(|expected| bool::from(expected.as_bytes().ct_eq(given.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SecretValue, Timestamp};
    use serde_json::json;

    const NOW: i64 = 1_790_000_000;

    fn mailbox(secret: &str) -> Mailbox {
        Mailbox { name: "our-app".to_owned(), options: Options { secret: Secret::new(secret) } }
    }

    fn read(secret: &str, headers: &[(&str, &str)], body: &str) -> Result<Reading, ReadError> {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let url = Url::parse("https://pushed.invalid/").expect("a URL");
        let received_at = Timestamp::from_seconds(NOW);
        let response = Response { status: 200, url, headers, body: body.to_owned().into(), received_at };
        mailbox(secret).read(&Progress::default(), &response)
    }

    fn with_token(body: Value) -> Reading {
        read("s3cret", &[("authorization", "Bearer s3cret")], &body.to_string()).expect("a reading")
    }

    #[test]
    fn a_push_proves_itself_by_token_or_by_either_signature() {
        // Made with `openssl dgst -sha256 -hmac` and by the reference of Standard Webhooks' documents.
        let body = r#"{"id": 1, "text": "Acme"}"#;
        let hub = sign(b"s3cret", &[body.as_bytes()]).map(|mac| format!("sha256={}", hexadecimal(&mac)));
        let hub = hub.expect("a signature");
        let moment = NOW.to_string();
        let stale = (NOW - 301).to_string();
        let standard = |secret: &[u8], moment: &str| {
            let signed = sign(secret, &[b"msg_1.", moment.as_bytes(), b".", body.as_bytes()]).expect("a signature");
            format!("v1,bm9uZQ== v1,{}", STANDARD.encode(signed))
        };
        let (fresh, old) = (standard(b"s3cret", &moment), standard(b"s3cret", &stale));
        let head = |moment, signature| {
            [("webhook-id", "msg_1"), ("webhook-timestamp", moment), ("webhook-signature", signature)]
        };
        for (headers, fits) in [
            (vec![("authorization", "Bearer s3cret")], true),
            (vec![("authorization", "bearer  s3cret")], true),
            (vec![("authorization", "Bearer s3cre")], false),
            (vec![("authorization", "Bearer ")], false),
            (vec![("authorization", "Basic s3cret")], false),
            (vec![], false),
            (vec![("x-hub-signature-256", hub.as_str())], true),
            (vec![("x-hub-signature-256", &hub[7..])], false),
            (vec![("x-hub-signature-256", "sha256=00")], false),
            // A wrong signature is not mended by a right token.
            (vec![("x-hub-signature-256", "sha256=00"), ("authorization", "Bearer s3cret")], false),
            (head(&moment, &fresh).to_vec(), true),
            (head(&stale, &old).to_vec(), false),
            (head(&stale, &fresh).to_vec(), false),
            (head("soon", &fresh).to_vec(), false),
            (vec![("webhook-signature", fresh.as_str())], false),
        ] {
            let read = read("s3cret", &headers, body);
            assert_eq!(read.is_ok(), fits, "{headers:?}");
            assert!(fits || matches!(read, Err(ReadError::Unauthorised { .. })), "{headers:?}: {read:?}");
        }
        let whsec = format!("whsec_{}", STANDARD.encode(b"raw key"));
        assert!(read(&whsec, &head(&moment, &standard(b"raw key", &moment)), body).is_ok());
        assert!(read("", &[("authorization", "Bearer ")], body).is_err(), "no secret is no key");
    }

    #[test]
    fn the_body_is_one_object_or_many_in_each_of_the_forms() {
        let item = json!({"id": "a", "text": "Acme"});
        let token = [("authorization", "Bearer s3cret")];
        for (body, posts) in [
            (item.to_string(), 1),
            (json!([item, item]).to_string(), 2),
            (json!({"posts": [item, item, item]}).to_string(), 3),
            (format!("{item}\n\n{item}\r\n"), 2),
            (format!("{item}\nnonsense\n{item}"), 3),
            ("[]".to_owned(), 0),
        ] {
            assert_eq!(read("s3cret", &token, &body).map(|reading| reading.posts.len()), Ok(posts), "{body}");
        }
        for body in ["", "nonsense", "nonsense\nnonsense", "{", "{\"posts\": 7}", "7"] {
            assert!(matches!(read("s3cret", &token, body), Err(ReadError::WrongFormat { .. })), "{body}");
        }
        let many = json!(vec![item; MAX_POSTS + 1]).to_string();
        assert!(matches!(read("s3cret", &token, &many), Err(ReadError::Hostile { .. })));
    }

    #[test]
    fn what_is_wrong_with_an_item_is_said_and_the_others_are_taken() {
        let reading = with_token(json!([
            {"id": 7, "title": "Acme", "thread": 3, "author": {"handle": "@jo"}},
            {"text": "no id"},
            {"id": "b"},
            {"id": "c", "text": "x", "published": "yesterday-ish"},
            {"id": "d", "text": "x", "type": "rant"},
            {"id": "e", "text": "x", "format": "markdown"},
            {"deleted": "f"},
            "nonsense",
        ]));
        let ends: Vec<Result<&str, &str>> =
            reading.posts.iter().map(|post| post.as_ref().map(|post| &*post.key).map_err(|no| &*no.why)).collect();
        assert_eq!(
            ends,
            [
                Ok("in:our-app:7"),
                Err("it has neither `id` nor `url`"),
                Err("it has neither `title` nor `text`"),
                Err("`published` is no date"),
                Err("its `type` is none that there is"),
                Err("`format` is neither `plain` nor `html`"),
                Err("it has neither `id` nor `url`"),
            ]
        );
        assert_eq!(reading.deleted, ["in:our-app:f"]);
        let first = reading.posts[0].as_ref().expect("a post");
        assert_eq!(first.thread.as_deref(), Some("in:our-app:3"));
        assert_eq!(first.author.as_ref().and_then(|author| author.handle.as_deref()), Some("jo"));
    }

    #[test]
    fn a_source_is_known_by_its_name() {
        let text = format!("secret = {{ {:?} = \"x\" }}", SecretValue::KEY).replace("\\0", "\\u0000");
        let settings = Settings::parse("source.shop", &text).expect("TOML");
        let source = KIND.load(&settings).expect("a source");
        assert!(format!("{source:?}").contains("shop") && !format!("{source:?}").contains("\"x\""), "{source:?}");
    }
}
