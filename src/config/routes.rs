//! Who is told of what, and how?

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;
use toml::de::DeValue;

use super::block::{self, Kinds, Read, UniqueNames};
use super::document::Document;
use super::secrets::Secrets;
use super::sources::is_private;
use super::watches::read_query;
use crate::model::{Fault, Receiver, ReceiverKind, Settings, nearest};
use crate::query::{Names, Place, Query};
use crate::receiver::KINDS;
use crate::route::{RouteSpec, Tree};

/// Most receivers of one configuration.
pub const MAX_RECEIVERS: usize = 1_000;

/// Most alerts to a receiver in ten minutes, where its block does not say.
pub const MAX_ALERTS: u32 = 60;
/// Most that a block may say.
const MOST_ALERTS: u32 = 10_000;

/// One configured receiver.
#[derive(Clone, Debug)]
pub struct ReceiverConfig {
    pub name: String,
    /// Name of its kind.
    pub kind: &'static str,
    /// Its host may have a private address.
    pub allow_private: bool,
    pub receiver: Arc<dyn Receiver>,
    /// Most alerts to it in ten minutes of the clock; the rest is told of in one digest.
    pub max_alerts: u32,
    /// Changes whenever anything in its block does, or a secret that it names.
    pub version: u64,
}

/// The keys of a `[[receiver]]` that do not depend on its kind.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiverKeys {
    /// Its name, unlike any other receiver's: small letters, digits, `-`, `_`, `.`. Routes name it.
    name: String,
    /// Which kind of receiver it is: `overheard kinds` lists them.
    #[expect(dead_code, reason = "looked up in the block itself, so that it is found when another key is wrong")]
    kind: String,
    /// Allows its host to have a private address: for a receiver in your network, or on this machine.
    #[serde(default)]
    allow_private: bool,
    /// Most alerts that it is sent in ten minutes of the clock (12:00–12:10). What is beyond is told of in one digest
    /// when they are over, with the count and the best of them, so that a source read for the first time, or a storm, does
    /// not flood it. Issues and digests always go through.
    #[serde(default = "max_alerts")]
    #[schemars(range(min = 1, max = 10_000))]
    max_alerts_per_10_minutes: u32,
}

fn max_alerts() -> u32 {
    MAX_ALERTS
}

/// The keys of `[route]` and of every `[[route.routes]]` below it.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RouteKeys {
    /// Name of the receiver to tell. A route without one tells the receiver of the route above it; `[route]`
    /// itself needs one: it takes what no other route takes.
    receiver: Option<String>,
    /// What a mention must satisfy to come here, in the query language: `watch:acme-problems`. Without it every
    /// mention does. Not allowed in `[route]` itself.
    #[serde(rename = "match")]
    match_: Option<String>,
    /// `true`: the routes after this one are tried too. Else a mention ends at the first route that takes it.
    #[serde(rename = "continue")]
    continue_: bool,
    /// Narrower routes below this one: blocks `[[route.routes]]`, tried in order.
    routes: Vec<RouteKeys>,
}

/// What `routes.toml` says.
#[derive(Default)]
pub(super) struct Routes {
    pub receivers: Vec<ReceiverConfig>,
    pub tree: Tree,
    /// Every `match` with its place, for what depends on other files.
    pub queries: Vec<RouteQuery>,
    /// Where each receiver stands, for those that no route names.
    pub receiver_spans: BTreeMap<String, Range<usize>>,
    /// The receivers that routes name.
    pub named: Vec<String>,
    pub version: u64,
}

/// One `match` of the tree.
pub(super) struct RouteQuery {
    pub query: Query,
    pub key: String,
    pub text: String,
    /// Of the string, with its quotes.
    pub span: Range<usize>,
}

/// Everything in the document of the routes.
pub(super) fn read(document: &mut Document<'_>, secrets: &mut Secrets<'_>, names: (&Names, &[String])) -> Routes {
    document.refuse_others(&["receiver", "route"]);
    let mut routes = Routes::default();
    read_receivers(document, secrets, &mut routes);
    let Some(block) = document.table("route") else {
        if !document.has("route") {
            let fault = Fault::error("route", None, "there is no [route]: nobody is told of anything");
            document.faults([fault.hint("add [route] with receiver = \"…\"").warning()]);
        }
        return routes;
    };
    routes.version = block::version(&[&block]);
    let mut reader = Reader { document, names, routes: &mut routes, places: BTreeMap::new() };
    let spec = reader.route(block, &mut Vec::new());
    let places = reader.places;
    match Tree::new(spec) {
        Ok(tree) => routes.tree = tree,
        Err(faults) => {
            for fault in faults {
                let (key, span) = places.get(&fault.at).cloned().unwrap_or_else(|| ("route".to_owned(), 0..0));
                document.faults([Fault::error(key, Some(span), fault.error.to_string())]);
            }
        }
    }
    routes
}

fn read_receivers(document: &mut Document<'_>, secrets: &mut Secrets<'_>, routes: &mut Routes) {
    let kinds = KINDS.iter().map(|kind| (kind.name(), kind.schema(), *kind));
    let kinds = Kinds::new(block::schema_of::<ReceiverKeys>(), kinds);
    let blocks = document.tables("receiver");
    if blocks.len() > MAX_RECEIVERS {
        document.faults([Fault::error("receiver", None, format!("there are more than {MAX_RECEIVERS} receivers"))]);
        return;
    }
    let mut names = UniqueNames::default();
    for block in blocks {
        if let Some(name) = block::text_at(&block, "name") {
            routes.receiver_spans.insert(name.to_owned(), block.table.span());
        }
        routes.receivers.extend(read_receiver(document, secrets, &kinds, &mut names, block));
    }
}

fn read_receiver(
    document: &mut Document<'_>,
    secrets: &mut Secrets<'_>,
    kinds: &Kinds<dyn ReceiverKind>,
    names: &mut UniqueNames,
    block: Settings<'_>,
) -> Option<ReceiverConfig> {
    let (shared, mut own) = kinds.split(block);
    let keys = block::read::<ReceiverKeys>(document, &shared);
    if let Some(Read { value: keys, .. }) = &keys {
        let faults = names.check(document, &shared, &keys.name);
        document.faults(faults);
        document.faults(private_not_allowed(&own, keys.allow_private));
        document.faults(check_bound(&shared, keys.max_alerts_per_10_minutes));
    }
    let kind = kinds.of(document, &shared)?;
    let loaded = kinds.load(document, secrets, &mut own, kind, |own| kind.kind.load(own));
    let (keys, receiver) = (keys.filter(|keys| keys.clean)?.value, loaded?);
    Some(ReceiverConfig {
        name: keys.name,
        kind: kind.name,
        allow_private: keys.allow_private,
        max_alerts: keys.max_alerts_per_10_minutes,
        receiver: Arc::from(receiver),
        version: block::version(&[&shared, &own]),
    })
}

fn check_bound(block: &Settings<'_>, bound: u32) -> Option<Fault> {
    let what = match bound {
        1..=MOST_ALERTS => return None,
        0 => "a bound of 0 would tell it of nothing but digests".to_owned(),
        _ => format!("the bound is at most {MOST_ALERTS}"),
    };
    Some(block.fault("max_alerts_per_10_minutes", what).hint(format!("leave it out for {MAX_ALERTS}")))
}

/// An address written into the block that the door refuses. One that is a secret is not looked at.
fn private_not_allowed(block: &Settings<'_>, allow_private: bool) -> Option<Fault> {
    let url = url::Url::parse(block::text_at(block, "url")?).ok()?;
    if allow_private || !is_private(&url) {
        return None;
    }
    let what = format!("`{}` is a private address: nothing will be sent to it", url.host_str()?);
    Some(block.fault("url", what).hint("if it is yours, add allow_private = true").warning())
}

struct Reader<'r, 'a> {
    document: &'r mut Document<'a>,
    /// The lists that queries may use, and those that they cannot because the list is wrong.
    names: (&'r Names, &'r [String]),
    routes: &'r mut Routes,
    /// For each route, by the way from the root, its path for faults and its place.
    places: BTreeMap<Vec<usize>, (String, Range<usize>)>,
}

impl Reader<'_, '_> {
    /// One route and everything below it. A wrong query is told and left out; the whole is refused then anyway.
    fn route(&mut self, mut block: Settings<'_>, at: &mut Vec<usize>) -> RouteSpec {
        self.places.insert(at.clone(), (block.path.clone(), block.table.span()));
        let children = block.table.get_mut().remove("routes");
        let keys = block::read::<RouteKeys>(self.document, &block).map(|read| read.value).unwrap_or_default();
        if let Some(name) = &keys.receiver {
            self.check_receiver(&block, name);
        }
        let query = self.query(&block);
        let mut spec = RouteSpec {
            query,
            match_text: keys.match_.unwrap_or_default(),
            receiver: keys.receiver,
            continue_: keys.continue_,
            routes: Vec::new(),
        };
        for (index, child) in self.children(&block.path, children).into_iter().enumerate() {
            at.push(index);
            self.check_reached(&child, spec.routes.last());
            spec.routes.push(self.route(child, at));
            at.pop();
        }
        spec
    }

    fn query(&mut self, block: &Settings<'_>) -> Option<Query> {
        let query = read_query(self.document, block, "match", Place::Route, self.names)?;
        self.routes.queries.push(RouteQuery {
            query: query.clone(),
            key: format!("{}.match", block.path),
            text: block::text_at(block, "match")?.to_owned(),
            span: block.span_of("match")?,
        });
        Some(query)
    }

    fn check_receiver(&mut self, block: &Settings<'_>, name: &str) {
        self.routes.named.push(name.to_owned());
        // Where a syntax error may have swallowed blocks, none can be said to be missing.
        if self.routes.receiver_spans.contains_key(name) || !self.document.is_whole() {
            return;
        }
        let fault = block.fault("receiver", format!("there is no receiver `{name}`"));
        let known: Vec<&str> = self.routes.receiver_spans.keys().map(String::as_str).collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(word) => format!("did you mean `{word}`?"),
            None if known.is_empty() => format!("add a block [[receiver]] with name = \"{name}\""),
            None => format!("there are {}", known.join(", ")),
        };
        self.document.faults([fault.hint(hint)]);
    }

    /// Nothing comes after a route that takes everything and does not continue.
    fn check_reached(&mut self, block: &Settings<'_>, before: Option<&RouteSpec>) {
        if before.is_some_and(|before| before.match_text.is_empty() && !before.continue_) {
            let what = "no mention comes here: the route before takes every one";
            let fault = Fault::error(&block.path, Some(block.table.span()), what);
            self.document.faults([fault.hint("give that one a `match` or continue = true, or put it last").warning()]);
        }
    }

    fn children<'b>(&mut self, path: &str, children: Option<Spanned<DeValue<'b>>>) -> Vec<Settings<'b>> {
        let Some(children) = children else { return Vec::new() };
        let span = children.span();
        let path = format!("{path}.routes");
        let DeValue::Array(entries) = children.into_inner() else {
            let fault = Fault::error(path, Some(span), "`routes` must be blocks `[[route.routes]]`");
            self.document.faults([fault]);
            return Vec::new();
        };
        let mut blocks = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let span = entry.span();
            let path = format!("{path}[{}]", index + 1);
            match entry.into_inner() {
                DeValue::Table(table) => blocks.push(Settings { path, table: Spanned::new(span, table) }),
                _ => self.document.faults([Fault::error(path, Some(span), "this must be a block [[route.routes]]")]),
            }
        }
        blocks
    }
}
