//! How are posts read from any JSON API, by JSONPath?
//!
//! Paths are those of RFC 9535, the next page is found by a cursor, a number, an address in the answer or a `Link` header of
//! RFC 8288 (both read 2026-11-22). What limits an API has, its documentation says: `every` and the pace of
//! its host are to be set after it; 429 and Retry-After are obeyed in any case.

mod access;
mod map;
mod paging;
mod path;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use self::access::Access;
use self::map::Map;
use self::paging::{Ask, Paging};
use self::path::Path;
use crate::model::{
    Auth, Fault, Lack, Method, Next, Progress, RawPost, ReadError, Reading, Rejection, Request, Response, Settings,
    Source, SourceKind, TextForm,
};
use crate::parse::json;

pub static KIND: Kind = Kind;

pub struct Kind;

const EXPECTED: &str = "an answer of a JSON API";
/// Most items of one answer that are read.
const MAX_ITEMS: usize = 1_000;
/// How many items of the newest page are remembered to see where known ones begin.
const MAX_KNOWN: usize = 250;
/// Most keys of an answer that an error names.
const MAX_KEYS: usize = 12;
/// Note that carries from page to page what the last poll knew.
const SINCE: &str = "since";
/// Note with the mark of the last item on the page before.
const LAST: &str = "last";

/// What can be set for a source of this kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Address that is asked, with its query; it should give the newest items first.
    #[schemars(with = "String")]
    url: Url,
    /// Finds the list of items in the answer. Without it, the answer is the list.
    items: Option<Path>,
    /// Where the parts of a post stand in an item.
    map: Map,
    /// What titles and texts are written in.
    #[serde(default)]
    form: Form,
    /// How the pages behind the first one are asked for. Without it, one page is read.
    paging: Option<Paging>,
    /// How a request proves who asks.
    auth: Option<Access>,
    /// Headers of every request; no secrets.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// How it is asked.
    #[serde(default)]
    method: Verb,
    /// What a POST sends, as JSON; `"{cursor}"` and `"{page}"` in it stand for the place of the page.
    body: Option<String>,
    /// Finds the message in answers that tell of an error with the status of success: `$.error.message`.
    error: Option<Path>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    #[default]
    Plain,
    Html,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Verb {
    #[default]
    Get,
    Post,
}

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "json_api"
    }

    fn summary(&self) -> &'static str {
        "Posts of any JSON API, by JSONPath"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "acme-reviews"
kind = "json_api"
url = "https://reviews.acme.example/api/v1/reviews?sort=newest"
items = "$.reviews"
map.id = "$.id"
map.link = "https://reviews.acme.example/r/{id}"
map.title = "$.headline"
map.text = "$['pros', 'cons', 'comment']"
map.author = "$.user.name"
map.published = "$.created_at"
map.likes = "$.helpful"
map.type = "review"
paging = { cursor = "$.meta.next", parameter = "after" }
"#
    }

    /// Where an API has what, an address does not tell.
    fn recognise(&self, _: &Url) -> Option<String> {
        None
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let mut options: Options = settings.read()?;
        let mut faults = json::base(settings, "url", options.url.as_str()).err().unwrap_or_default();
        faults.extend(options.map.faults(settings));
        faults.extend(options.paging.iter().flat_map(|paging| paging.faults(settings)));
        faults.extend(access::header_faults(settings, &options.headers));
        let body = body(settings, &options).map_err(|fault| faults.push(fault)).unwrap_or_default();
        let auth = match options.auth.take().map(|access| access.auth(settings)) {
            None => Auth::None,
            Some(Ok(auth)) => auth,
            Some(Err(wrong)) => {
                faults.extend(wrong);
                Auth::None
            }
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        let place = format!("{}{}", options.url.host_str().unwrap_or_default(), options.url.path());
        Ok(Box::new(Api { place: place.trim_end_matches('/').to_owned(), body, auth, options }))
    }
}

fn body(settings: &Settings<'_>, options: &Options) -> Result<Option<Value>, Fault> {
    let Some(written) = &options.body else { return Ok(None) };
    if options.method == Verb::Get {
        return Err(settings.fault("body", "a GET sends no body").hint("add `method = \"POST\"`"));
    }
    serde_json::from_str(written).map(Some).map_err(|error| {
        settings
            .fault("body", format!("it is no JSON: {error}"))
            .hint("`'{\"query\": \"acme\", \"after\": \"{cursor}\"}'`")
    })
}

/// One configured API. The cursor holds marks of the items on the newest page, newest first.
#[derive(Debug)]
struct Api {
    /// Host and path: what tells APIs apart in keys.
    place: String,
    body: Option<Value>,
    auth: Auth,
    options: Options,
}

impl Source for Api {
    fn next(&self, progress: &Progress) -> Next {
        if progress.page == 0 {
            return self.asked(Ask::First);
        }
        let paged = self.options.paging.as_ref().zip(progress.next.as_deref());
        match paged.and_then(|(paging, next)| paging.ask(next, &self.options.url)) {
            Some(ask) => self.asked(ask),
            None => Next::Done,
        }
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let (answer, mut repaired) = json::parse(response, EXPECTED)?;
        if let Some(error) = self.options.error.as_ref().filter(|error| error.is_set(&answer)) {
            let said = error.text(&answer).unwrap_or_else(|| "an error".to_owned());
            return Err(ReadError::Api { why: said.chars().take(200).collect(), wait: None });
        }
        let mut items = self.items(&answer)?;
        if items.len() > MAX_ITEMS {
            repaired.push(format!("{} items past the first {MAX_ITEMS} left out", items.len() - MAX_ITEMS));
            items.truncate(MAX_ITEMS);
        }
        repaired.extend(self.options.map.empty_handed(&items));
        let posts: Vec<Result<RawPost, Rejection>> = items.iter().map(|item| self.post(item, &response.url)).collect();
        Ok(Reading {
            progress: self.progress_after(progress, &items, &posts, &answer, response),
            deleted: items.iter().filter_map(|item| self.options.map.deleted(item, &self.place)).collect(),
            posts,
            repaired,
            ..Reading::default()
        })
    }

    fn lacks(&self) -> Option<Lack> {
        self.options.map.lacks()
    }
}

impl Api {
    fn asked(&self, ask: Ask<'_>) -> Next {
        let mut url = self.options.url.clone();
        let (mut cursor, mut page) = (None, self.options.paging.as_ref().map_or(1, Paging::start));
        match ask {
            Ask::First => {}
            Ask::Cursor { value, .. } if self.says("{cursor}") => cursor = Some(value),
            Ask::Cursor { parameter, value } => set(&mut url, parameter, value),
            Ask::Page { number, .. } if self.says("{page}") => page = number,
            Ask::Page { parameter, number } => set(&mut url, parameter, &number.to_string()),
            Ask::Address(next) => url = next,
        }
        let mut request = match (self.options.method, &self.body) {
            (Verb::Get, _) => Request::get(url),
            (Verb::Post, Some(body)) => Request::post_json(url, access::filled(body, cursor, page).to_string()),
            (Verb::Post, None) => Request { method: Method::Post, conditional: false, ..Request::get(url) },
        };
        request.headers.push(("accept".to_owned(), "application/json".to_owned()));
        for (name, value) in &self.options.headers {
            request.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            request.headers.push((name.clone(), value.clone()));
        }
        request.auth = self.auth.clone();
        Next::Http(Box::new(request))
    }

    /// Whether the body takes this placeholder.
    fn says(&self, placeholder: &str) -> bool {
        self.options.body.as_ref().is_some_and(|body| body.contains(placeholder))
    }

    /// The items of an answer. A path that ends in `[*]` and one that ends at the list mean the same, so that an
    /// empty list can be told from none.
    fn items<'v>(&self, answer: &'v Value) -> Result<Vec<&'v Value>, ReadError> {
        let found = self.options.items.as_ref().map_or_else(|| vec![answer], |path| path.all(answer));
        let items = match found[..] {
            [Value::Array(entries)] => return Ok(entries.iter().collect()),
            // What many APIs write for an empty list.
            [Value::Null] => return Ok(Vec::new()),
            [] if self.lists_nothing(answer) => return Ok(Vec::new()),
            _ => found,
        };
        if !items.is_empty() && items.iter().all(|item| item.is_object()) && !answer_itself(&items, answer) {
            return Ok(items);
        }
        let path = self.options.items.as_ref().map_or("$", |path| &path.written);
        let what = if items.is_empty() { "finds nothing" } else { "finds no list of items" };
        Err(ReadError::FoundNothing { why: format!("the path `{path}` of `items` {what}; {}", shape(answer)) })
    }

    fn lists_nothing(&self, answer: &Value) -> bool {
        let list = self.options.items.as_ref().and_then(|path| path.written.strip_suffix("[*]"));
        let list = list.and_then(|list| Path::try_from(list.to_owned()).ok());
        list.is_some_and(|list| list.all(answer).iter().any(|found| found.is_array() || found.is_object()))
    }

    fn post(&self, item: &Value, address: &Url) -> Result<RawPost, Rejection> {
        let form = match self.options.form {
            Form::Plain => TextForm::Plain,
            Form::Html => TextForm::Html,
        };
        self.options.map.post(item, &self.place, address, form)
    }

    fn progress_after(
        &self,
        before: &Progress,
        items: &[&Value],
        posts: &[Result<RawPost, Rejection>],
        answer: &Value,
        response: &Response,
    ) -> Progress {
        let mut progress = Progress { page: before.page.saturating_add(1), next: None, ..before.clone() };
        let marks: Vec<String> = items.iter().zip(posts).take(MAX_KNOWN).map(|(item, post)| mark(item, post)).collect();
        if before.page == 0 {
            match &before.cursor {
                Some(cursor) => progress.notes.insert(SINCE.to_owned(), cursor.clone()),
                None => progress.notes.remove(SINCE),
            };
            progress.notes.remove(LAST);
            if !marks.is_empty() {
                progress.cursor = Some(marks.join(" "));
            }
        }
        // The first poll of all reads one page: what is older was not listened to.
        let since = progress.notes.get(SINCE).map(|since| since.split(' ').collect::<BTreeSet<&str>>());
        if let (Some(since), Some(last), Some(paging)) = (since, marks.last(), &self.options.paging) {
            // Newest first: where the last item is known, everything behind it is. Items pinned to the top do not count.
            let goes_on = !since.contains(last.as_str()) && before.notes.get(LAST) != Some(last);
            let next = goes_on.then(|| paging.after(before.next.as_deref(), progress.page, answer, response));
            progress.next = next.flatten();
            progress.notes.insert(LAST.to_owned(), last.clone());
        }
        if progress.next.is_none() {
            progress.notes.remove(SINCE);
            progress.notes.remove(LAST);
        }
        progress
    }
}

/// A short mark of an item, to know it again.
fn mark(item: &Value, post: &Result<RawPost, Rejection>) -> String {
    let hash = match post {
        Ok(post) => blake3::hash(post.key.as_bytes()),
        Err(_) => blake3::hash(item.to_string().as_bytes()),
    };
    hash.to_hex()[..8].to_owned()
}

/// `$` on an answer that is no list would make one post of the whole answer.
fn answer_itself(items: &[&Value], answer: &Value) -> bool {
    matches!(items, [one] if std::ptr::eq(*one, answer))
}

/// What an answer looks like at its top, in words.
fn shape(answer: &Value) -> String {
    match answer {
        Value::Object(fields) if fields.is_empty() => "the answer is an empty object".to_owned(),
        Value::Object(fields) => {
            let keys: Vec<String> =
                fields.keys().take(MAX_KEYS).map(|key| format!("`{:.40}`", key.escape_debug())).collect();
            format!("the answer has the keys {}", keys.join(", "))
        }
        Value::Array(entries) => format!("the answer is a list of {}; leave `items` out", entries.len()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            "the answer is neither object nor list".to_owned()
        }
    }
}

/// Sets a query parameter, in the place of one of that name.
fn set(url: &mut Url, name: &str, value: &str) {
    let kept: Vec<(String, String)> =
        url.query_pairs().filter(|(known, _)| known != name).map(|(name, value)| (name.into(), value.into())).collect();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair(name, value);
}
