//! Which sources are configured, and how may their hosts be asked?

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::block::{self, Kinds, Read, UniqueNames, bounded};
use super::document::Document;
use super::secrets::Secrets;
use crate::model::{Duration, Fault, Next, Progress, Settings, Source, SourceKind, Subscription};
use crate::source::KINDS;

/// Most sources of one configuration.
pub const MAX_SOURCES: usize = 10_000;
/// Shortest time between two polls of a source.
pub const MIN_EVERY: Duration = Duration::seconds(10);
/// Longest time between two polls of a source.
pub const MAX_EVERY: Duration = Duration::days(7);
/// How many times slower than its pace a source is asked that brings nothing new, where nothing else is said.
const SLOWED_AT_MOST: u64 = 4;
/// Most tags given to a source.
pub(super) const MAX_TAGS: usize = 16;
/// Most requests a second that may be allowed to one host.
const MAX_PER_SECOND: f64 = 1_000.0;
/// Fewest requests a second: one in about three hours.
const MIN_PER_SECOND: f64 = 0.000_1;
/// Most requests that may be under way to one host at once.
const MAX_CONCURRENT: usize = 64;

/// One configured source.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    pub name: String,
    /// Name of its kind.
    pub kind: &'static str,
    /// The fastest pace.
    pub every: Duration,
    /// The slowest pace, of a source that brings nothing new.
    pub slowest: Duration,
    /// With whom it shares its limit; `None` leaves that to its host.
    pub limit: Option<SharedWith>,
    /// Added to the tags of each of its posts; in lower case.
    pub tags: Vec<String>,
    /// `false`: it is checked and listed, and can be polled by hand, but the daemon does not ask it.
    pub enabled: bool,
    pub source: Arc<dyn Source>,
    /// Changes whenever anything in its block does.
    pub version: u64,
}

impl SourceConfig {
    /// The address that is asked first; none where posts are pushed to us.
    pub fn first_asked(&self) -> Option<url::Url> {
        match self.source.next(&Progress::default()) {
            Next::Http(request) => Some(request.url),
            Next::Subscribe(subscription) => subscription.url().cloned(),
            Next::Done => None,
        }
    }
}

/// The keys of a `[[source]]` that do not depend on its kind.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceKeys {
    /// Its name, unlike any other source's: small letters, digits, `-`, `_`, `.`. `source:NAME` finds its
    /// posts. A new name makes it a new source that is read from the beginning.
    name: String,
    /// Which kind of source it is: `overheard kinds` lists them.
    #[expect(dead_code, reason = "looked up in the block itself, so that it is found when another key is wrong")]
    kind: String,
    /// The fastest pace at which it is asked: from 10s to 7d. It is never asked faster than the site allows.
    #[serde(default = "five_minutes")]
    every: Duration,
    /// The slowest pace: a source that brings nothing new is asked less and less often, down to this, and at once at
    /// its full pace again when it does. What the site says of its own pace (`max-age`, `ttl`) is obeyed up to
    /// this too; a wait that it asks for, always. Without it, four times `every`.
    slowest: Option<Duration>,
    /// With whom the source shares its limit, where that is not as its host says: with the `host`, with the whole
    /// `domain`, or with nobody (`url`): then a wait that the site asks for holds up this source alone, while the pace of its host still counts.
    pace_of: Option<SourcePace>,
    /// Sources (and hosts) that name the same group share one limit: its pace, and every wait that one of them is asked for.
    group: Option<String>,
    /// Added to the tags of each of its posts: `tag:NAME` finds them.
    #[serde(default)]
    tags: Vec<String>,
    /// `false` lets it rest: it is still checked, but not asked.
    #[serde(default = "yes")]
    enabled: bool,
}

/// Whose limit a source falls under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourcePace {
    Host,
    Domain,
    Url,
}

/// With whom a source shares its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharedWith {
    Pace(SourcePace),
    Group(String),
}

/// How one host may be asked: a block `[hosts."community.acme.example"]` in `sources.toml`, or
/// `[hosts."*.acme.example"]` for all hosts below.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HostConfig {
    /// Most requests a second, of all sources on this host together: `0.5` is one in two seconds. Without it,
    /// one a second.
    #[schemars(range(min = 0.0001, max = 1000))]
    pub per_second: Option<f64>,
    /// Most requests under way at once. Without it, one: the next waits for the answer.
    #[schemars(range(min = 1, max = 64))]
    pub concurrent: Option<usize>,
    /// Allows this host to have a private address: for an intranet host, or one on this machine.
    pub allow_private: bool,
    /// Whether the pace is this host's own, or all hosts of its domain share one pace.
    pub pace_of: PaceOf,
    /// Hosts that name the same group share one pace, as if they were one host.
    pub group: Option<String>,
}

/// Who shares a pace where no group is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaceOf {
    #[default]
    Host,
    Domain,
}

fn five_minutes() -> Duration {
    Duration::minutes(5)
}

fn yes() -> bool {
    true
}

/// What `sources.toml` says.
#[derive(Default)]
pub(super) struct Sources {
    pub sources: Vec<SourceConfig>,
    /// The names of all blocks, also of those with faults.
    pub named: Vec<String>,
    pub hosts: BTreeMap<String, HostConfig>,
}

/// Everything in the document of the sources.
pub(super) fn read(document: &mut Document<'_>, secrets: &mut Secrets<'_>) -> Sources {
    document.refuse_others(&["source", "hosts"]);
    let hosts = read_hosts(document);
    let kinds = KINDS.iter().map(|kind| (kind.name(), kind.schema(), *kind));
    let kinds = Kinds::new(block::schema_of::<SourceKeys>(), kinds);
    let blocks = document.tables("source");
    if !document.has("source") {
        let fault = Fault::error("source", None, "there is no source: Overheard has nothing to read");
        document
            .faults([fault.hint("add a block [[source]]; `overheard kinds` shows which kinds there are").warning()]);
    }
    if blocks.len() > MAX_SOURCES {
        document.faults([Fault::error("source", None, format!("there are more than {MAX_SOURCES} sources"))]);
        return Sources::default();
    }
    let mut names = UniqueNames::default();
    let mut sources = Vec::new();
    let mut named = Vec::new();
    for block in blocks {
        let span = block.table.span();
        named.extend(block::text_at(&block, "name").map(str::to_owned));
        let read = read_source(document, secrets, &kinds, &mut names, block);
        if let Some(source) = &read {
            document.faults(private_not_allowed(source, &hosts, span));
        }
        sources.extend(read);
    }
    Sources { sources, named, hosts }
}

fn read_source(
    document: &mut Document<'_>,
    secrets: &mut Secrets<'_>,
    kinds: &Kinds<dyn SourceKind>,
    names: &mut UniqueNames,
    block: Settings<'_>,
) -> Option<SourceConfig> {
    let (shared, mut own) = kinds.split(block);
    let keys = block::read::<SourceKeys>(document, &shared);
    if let Some(Read { value: keys, .. }) = &keys {
        let mut faults = names.check(document, &shared, &keys.name);
        faults.extend(bounded(&shared, "every", keys.every, MIN_EVERY, MAX_EVERY));
        let slowest = keys.slowest.unwrap_or(keys.every);
        faults.extend(bounded(&shared, "slowest", slowest, keys.every.min(MAX_EVERY), MAX_EVERY));
        if keys.group.is_some() && keys.pace_of.is_some() {
            let fault = shared.fault("group", "a source shares the limit of a group or the one of `pace_of`, not both");
            faults.push(fault.hint("take out `group` or `pace_of`"));
        }
        faults.extend(check_tags(&shared, &keys.tags));
        document.faults(faults);
    }
    let kind = kinds.of(document, &shared)?;
    let loaded = kinds.load(document, secrets, &mut own, kind, |own| kind.kind.load(own));
    document.faults(loaded.as_deref().and_then(|source| never_asked(&shared, source)));
    let (keys, source) = (keys.filter(|keys| keys.clean)?.value, loaded?);
    Some(SourceConfig {
        name: keys.name,
        kind: kind.name,
        every: keys.every,
        slowest: keys
            .slowest
            .unwrap_or(Duration(keys.every.0.saturating_mul(SLOWED_AT_MOST)))
            .min(MAX_EVERY)
            .max(keys.every),
        limit: keys.group.map(SharedWith::Group).or(keys.pace_of.map(SharedWith::Pace)),
        tags: keys.tags.iter().map(|tag| tag.to_lowercase()).collect(),
        enabled: keys.enabled,
        source: Arc::from(source),
        version: block::version(&[&shared, &own]),
    })
}

/// A pace of a source that nobody ever asks, because its posts are sent to us.
fn never_asked(block: &Settings<'_>, source: &dyn Source) -> Option<Fault> {
    let pushed = match source.next(&Progress::default()) {
        Next::Subscribe(subscription) => matches!(*subscription, Subscription::Push),
        Next::Http(_) | Next::Done => false,
    };
    let key = ["every", "slowest"].into_iter().find(|key| pushed && block.span_of(key).is_some())?;
    let fault = block.fault(key, "its posts are sent to us: nobody is ever asked");
    Some(fault.hint(format!("take out `{key}`")))
}

fn check_tags(block: &Settings<'_>, tags: &[String]) -> Option<Fault> {
    if tags.len() > MAX_TAGS {
        return Some(block.fault("tags", format!("there are more than {MAX_TAGS} tags")));
    }
    let bad = tags.iter().find(|tag| tag.trim().is_empty() || tag.chars().count() > block::MAX_NAME)?;
    Some(block.fault("tags", format!("the tag `{bad}` is empty or longer than {} characters", block::MAX_NAME)))
}

fn read_hosts(document: &mut Document<'_>) -> BTreeMap<String, HostConfig> {
    let Some(block) = document.table("hosts") else { return BTreeMap::new() };
    let mut hosts = BTreeMap::new();
    for (key, value) in block.table.into_inner() {
        let path = format!("hosts.\"{}\"", key.get_ref());
        if let Some(fault) = check_host_name(key.get_ref()) {
            document.faults([Fault { span: Some(key.span()), key: path.clone(), ..fault }]);
        }
        let span = value.span();
        let toml::de::DeValue::Table(table) = value.into_inner() else {
            let fault = Fault::error(path, Some(span), "this must be a block of settings");
            document.faults([fault.hint("write for example { per_second = 0.5 }")]);
            continue;
        };
        let block = Settings { path, table: toml::Spanned::new(span, table) };
        let Some(Read { value: host, .. }) = block::read::<HostConfig>(document, &block) else { continue };
        document.faults(check_host(&block, &host));
        hosts.insert(key.get_ref().to_lowercase(), host);
    }
    hosts
}

fn check_host_name(name: &str) -> Option<Fault> {
    if url::Host::parse(name.strip_prefix("*.").unwrap_or(name)).is_ok() {
        return None;
    }
    let fault = Fault::error("", None, format!("`{name}` is no name of a host"));
    let host = url::Url::parse(name).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.as_deref().unwrap_or("community.acme.example");
    Some(fault.hint(format!("write only the name: [hosts.\"{host}\"]")))
}

fn check_host(block: &Settings<'_>, host: &HostConfig) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !host.per_second.is_none_or(|pace| (MIN_PER_SECOND..=MAX_PER_SECOND).contains(&pace)) {
        let what = format!("this must be a number from {MIN_PER_SECOND} to {MAX_PER_SECOND}");
        faults.push(block.fault("per_second", what));
    }
    if !host.concurrent.is_none_or(|number| (1..=MAX_CONCURRENT).contains(&number)) {
        faults.push(block.fault("concurrent", format!("this must be a number from 1 to {MAX_CONCURRENT}")));
    }
    if host.group.is_some() && host.pace_of == PaceOf::Domain {
        let fault = block.fault("group", "a host shares the pace of a group or that of its domain, not both");
        faults.push(fault.hint("take out `group` or `pace_of`"));
    }
    faults
}

/// What is configured for a host: under its name, or under the longest pattern that it falls under.
fn rules_for<'h>(hosts: &'h BTreeMap<String, HostConfig>, host: &str) -> Option<&'h HostConfig> {
    let below = |pattern: &str| pattern.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix));
    let patterns = || hosts.iter().filter(|(pattern, _)| below(pattern)).max_by_key(|(pattern, _)| pattern.len());
    hosts.get(host).or_else(|| patterns().map(|(_, rules)| rules))
}

/// A source whose first request goes to an address that the door refuses.
fn private_not_allowed(
    source: &SourceConfig,
    hosts: &BTreeMap<String, HostConfig>,
    span: std::ops::Range<usize>,
) -> Option<Fault> {
    let url = source.first_asked()?;
    let host = url.host_str()?.to_owned();
    if !is_private(&url) || rules_for(hosts, &host).is_some_and(|rules| rules.allow_private) {
        return None;
    }
    let what = format!("`{host}` is a private address: it will not be asked");
    let fault = Fault::error(format!("source.{}", source.name), Some(span), what);
    Some(fault.hint(format!("if it is yours, add [hosts.\"{host}\"] with allow_private = true")).warning())
}

/// Whether an address names this machine or its local network, as far as that can be told without the DNS.
pub(super) fn is_private(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => is_private_ip(IpAddr::V4(ip)),
        Some(url::Host::Ipv6(ip)) => is_private_ip(ip.to_canonical()),
        None => false,
    }
}

fn is_private_ip(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified(),
    }
}
