//! Does a watch find the posts that its examples say?

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::document::Document;
use super::scope::ScopeKeys;
use crate::model::{Author, Fault, Post, Settings, Timestamp};
use crate::query::{Because, Query, Subject, why, words};

/// A post to try a watch on: a text in quotes, which stands for title and body alike, or a table with the
/// parts that matter.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(super) enum Example {
    Text(String),
    Parts(ExampleParts),
}

impl<'de> Deserialize<'de> for Example {
    /// By hand: serde's untagged enums forget where in the file an error was.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> de::Visitor<'de> for Either {
            type Value = Example;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a text in quotes, or a table like {{ title = \"…\", url = \"…\" }}")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Example, E> {
                Ok(Example::Text(text.to_owned()))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Example, A::Error> {
                ExampleParts::deserialize(de::value::MapAccessDeserializer::new(map)).map(Example::Parts)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// The parts of a made-up post.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ExampleParts {
    /// Its title.
    title: String,
    /// Its body.
    text: String,
    /// Its address; `site:` looks at the host of it.
    url: String,
    /// Handle of its author.
    author: String,
    /// Its language: `en`. Where it is left out, the first of the watch's scope.
    pub lang: String,
    /// Its tags.
    tags: Vec<String>,
    /// Name of the source that brings it. Where it is left out, the first of the watch's scope.
    pub source: String,
    /// Kind of the source that brings it. Where it is left out, the first of the watch's scope.
    pub kind: String,
}

/// The examples of one block, and the scope that they stand in.
pub(super) struct Examples<'e> {
    pub must_match: &'e [Example],
    pub must_not_match: &'e [Example],
    pub scope: &'e ScopeKeys,
}

/// What came of the examples of one block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TriedBlock {
    /// `watch` or `exclusion`.
    pub sort: String,
    pub name: String,
    /// In the order of the file, those of `must_match` first; none where the block has none.
    pub examples: Vec<Tried>,
}

/// An example, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    pub file: String,
    /// From 1, as is the column.
    pub line: usize,
    pub column: usize,
    /// Whether it must be found, or must not.
    pub must_match: bool,
    /// The post in short.
    pub example: String,
    /// Whether it is as it must be.
    pub holds: bool,
    /// The clauses that decided, where it is not.
    pub because: Vec<Because>,
}

/// Tries every example of a block; a fault for each that the query, its scope included, treats otherwise than it must.
pub(super) fn try_on(
    document: &mut Document<'_>,
    query: Option<&Query>,
    block: &Settings<'_>,
    examples: &Examples<'_>,
) {
    let Some(query) = query else { return };
    let Examples { must_match, must_not_match, scope } = examples;
    let mut tried = Vec::with_capacity(must_match.len() + must_not_match.len());
    for (key, examples, must) in [("must_match", must_match, true), ("must_not_match", must_not_match, false)] {
        for (index, example) in examples.iter().enumerate() {
            let because = ask(query, example, scope, must);
            let holds = because.is_empty();
            let fault = example_fault(block, key, index, must, &because);
            let (line, column) = fault.span.as_ref().map_or((0, 0), |span| document.place(span.start));
            let (file, example) = (document.name().to_owned(), example.in_short());
            tried.push(Tried { file, line, column, must_match: must, example, holds, because });
            if !holds {
                document.faults([fault]);
            }
        }
    }
    let (sort, name) = block.path.split_once('.').unwrap_or((&block.path, ""));
    document.tried(TriedBlock { sort: sort.to_owned(), name: name.to_owned(), examples: tried });
}

/// Most clauses that a fault names; `overheard test` shows all of them.
const MAX_CLAUSES_TOLD: usize = 3;

fn example_fault(block: &Settings<'_>, key: &str, index: usize, must: bool, because: &[Because]) -> Fault {
    let (what, hint) = match must {
        true => ("the query does not find this post, and it must", "widen the query, or correct the example"),
        false => ("the query finds this post, and it must not", "narrow the query with NOT …, or correct the example"),
    };
    let list = block.table.get_ref().get(key).and_then(|list| list.get_ref().as_array());
    let entry = list.and_then(|list| list.get(index)).map(toml::Spanned::span);
    let told: Vec<String> = because.iter().take(MAX_CLAUSES_TOLD).map(Because::sentence).collect();
    let fault = block.fault(key, format!("{what}: {}", told.join("; "))).hint(hint);
    Fault { span: entry.or(fault.span.clone()), ..fault }
}

impl Example {
    /// What a reader knows it by.
    fn in_short(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => {
                let said = [&parts.title, &parts.text, &parts.url].into_iter().filter(|part| !part.is_empty());
                said.cloned().collect::<Vec<_>>().join(" · ")
            }
        }
    }
}

/// Nothing where a query finds the post of an example as it must; else the clauses that decided.
fn ask(query: &Query, example: &Example, scope: &ScopeKeys, must: bool) -> Vec<Because> {
    let mut parts = match example {
        Example::Text(text) => ExampleParts { title: text.clone(), text: text.clone(), ..ExampleParts::default() },
        Example::Parts(parts) => parts.clone(),
    };
    scope.put_into(&mut parts);
    let post = post_of(parts);
    let (title, text) = (words(&post.title), words(&post.text));
    let subject = Subject { post: &post, title: &title, text: &text, now: post.received, facts: None };
    if query.matches(&subject) == must { Vec::new() } else { why(query.expr(), &subject) }
}

/// The post that an example describes, published and read at the same moment.
fn post_of(parts: ExampleParts) -> Post {
    let host = url::Url::parse(&parts.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let optional = |text: String| (!text.is_empty()).then_some(text);
    let name = parts.author.trim_start_matches('@').to_owned();
    Post {
        source: parts.source,
        kind: parts.kind,
        site: host.strip_prefix("www.").unwrap_or(&host).to_owned(),
        canonical_url: parts.url.clone(),
        url: parts.url,
        title: parts.title,
        text: parts.text,
        author: optional(name.clone()).map(|handle| Author { name, handle, url: None }),
        published: Some(Timestamp(0)),
        lang: optional(parts.lang),
        tags: parts.tags.iter().map(|tag| tag.to_lowercase()).collect(),
        ..Post::bare("example", Timestamp(0))
    }
}
