//! What is configured about the daemon itself?

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use url::Url;

use super::block::{self, Read, bounded};
use super::document::Document;
use super::secrets::Secrets;
use crate::model::{Duration, Fault, Scoring, Secret, Settings, nearest};

const DAY: Duration = Duration::days(1);
/// From which score on a conversation is followed, unless configured.
const FOLLOW_SCORE: u8 = 60;
const TEN_YEARS: Duration = Duration::days(3650);

/// The daemon itself: `daemon.toml`. Every setting has a default, and the file may be missing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DaemonConfig {
    /// Folder for everything Overheard keeps. A relative path counts from the folder it was started in.
    pub data_dir: PathBuf,
    /// Address and port of the page and the API. Anyone who reaches it can read everything: keep it on
    /// 127.0.0.1, or put a proxy with a login before it.
    pub listen: SocketAddr,
    /// How the sites that are asked can reach you: `mailto:…` or the address of a page. It goes into the
    /// User-Agent of every request.
    pub contact: Option<String>,
    /// Time zone of dates on pages and in reports, and of the days that daily caps count: a name of the IANA database
    /// like `Europe/Zurich`.
    pub time_zone: Zone,
    /// At the first poll of a new source, only posts younger than this raise alerts; the others are only
    /// archived and matched. At most 30d.
    pub first_poll_alert_age: Duration,
    /// Who speaks for you: a reply of theirs marks the mentions of its conversation as answered, and what they write is
    /// archived but is no mention.
    pub team: Team,
    /// Mentions with at least this score have their conversation followed: it is read again 10 minutes to 7 days later,
    /// less and less often, for replies and counts. 0 to 100; `follow` of a watch goes before it.
    #[schemars(range(min = 0, max = 100))]
    pub follow_score: u8,
    /// What the score of a mention is made of.
    pub score: Scoring,
    /// How long posts stay searchable.
    pub retention: Retention,
    /// Fixed addresses for names of hosts, instead of asking the DNS: `"forum.acme.example" = "10.0.0.7"`,
    /// or `"*.test" = "127.0.0.1"` for all names below.
    pub resolve: BTreeMap<String, IpAddr>,
    /// A proxy for all requests to sources and receivers: `"http://proxy.acme.example:3128"`, or
    /// `{ env = "NAME" }` where the address holds a password. The proxy then decides which hosts are
    /// reachable; private addresses are no longer told apart.
    pub proxy: Option<Proxy>,
}

/// Who speaks for you.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Team {
    /// Handles of the people who answer for you, each with its site: `"acme_support@reddit.com"`.
    pub handles: Vec<String>,
    /// Domains that are yours: `"acme.example"`. Authors whose handle is at such a domain are the team's (Bluesky,
    /// Mastodon), and so are the articles of a blog there; what users write in a forum there is not.
    pub domains: Vec<String>,
}

/// How long posts stay searchable, counted from the day they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Posts that no watch matched: from 1d to 3650d.
    pub posts: Duration,
    /// Mentions: at least as long as posts, at most 3650d.
    pub mentions: Duration,
}

impl Default for DaemonConfig {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7700)),
            contact: None,
            time_zone: Zone::default(),
            first_poll_alert_age: Duration::hours(1),
            team: Team::default(),
            follow_score: FOLLOW_SCORE,
            score: Scoring::default(),
            retention: Retention::default(),
            resolve: BTreeMap::new(),
            proxy: None,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { posts: Duration::days(30), mentions: Duration::days(400) }
    }
}

/// A time zone and the name that it was given by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    pub name: String,
    pub zone: jiff::tz::TimeZone,
}

impl Default for Zone {
    fn default() -> Self {
        Self { name: "UTC".to_owned(), zone: jiff::tz::TimeZone::UTC }
    }
}

impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if let Ok(zone) = jiff::tz::TimeZone::get(&name) {
            return Ok(Self { name, zone });
        }
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let lower: Vec<String> = known.iter().map(|name| name.to_lowercase()).collect();
        let near = nearest(&name, lower.iter().map(String::as_str));
        let near = near.and_then(|near| known.iter().find(|name| name.to_lowercase() == near));
        let hint =
            near.map_or("write for example `Europe/Zurich`".to_owned(), |near| format!("did you mean `{near}`?"));
        Err(de::Error::custom(format!("`{name}` is no time zone; {hint}")))
    }
}

impl JsonSchema for Zone {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Zone".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// The address of a proxy; it may hold a password.
#[derive(Clone, Debug)]
pub struct Proxy(Secret);

impl Proxy {
    /// The address; `None` where it is none, which the loader refuses.
    pub fn url(&self) -> Option<Url> {
        Url::parse(self.0.expose()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    }
}

impl<'de> Deserialize<'de> for Proxy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Address;
        impl<'de> de::Visitor<'de> for Address {
            type Value = Proxy;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "an address in quotes, or {{ env = \"NAME\" }} where it holds a password")
            }
            fn visit_str<E: de::Error>(self, address: &str) -> Result<Proxy, E> {
                Ok(Proxy(Secret::new(address)))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Proxy, A::Error> {
                Secret::deserialize(de::value::MapAccessDeserializer::new(map)).map(Proxy)
            }
        }
        deserializer.deserialize_any(Address)
    }
}

impl JsonSchema for Proxy {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Proxy".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "object"], "format": "secret" })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// The daemon's configuration out of its file, and the version of its text.
pub(super) fn read(document: &mut Document<'_>, secrets: &mut Secrets<'_>) -> Option<(DaemonConfig, u64)> {
    let mut block = document.whole();
    let schema = block::schema_of::<DaemonConfig>();
    let resolved = secrets.resolve(&mut block, &schema);
    let clean = resolved.faults.is_empty();
    document.secrets(resolved);
    let Read { value: config, clean: all_read } = block::read::<DaemonConfig>(document, &block)?;
    let faults = check(&config, &block, clean);
    let whole = clean && all_read && !faults.iter().any(block::is_error);
    document.faults(faults);
    whole.then(|| (config, block::version(&[&block])))
}

fn check(config: &DaemonConfig, block: &Settings<'_>, proxy_was_read: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    faults.extend(check_contact(config, block));
    faults.extend(bounded(block, "first_poll_alert_age", config.first_poll_alert_age, Duration(0), Duration::days(30)));
    faults.extend(check_retention(&config.retention, block));
    faults.extend(check_team(&config.team, block));
    if config.follow_score > 100 {
        faults.push(block.fault("follow_score", "a score goes from 0 to 100"));
    }
    faults.extend(check_score(&config.score, block));
    faults.extend(config.resolve.keys().filter_map(|name| check_resolve(name, block)));
    if proxy_was_read && config.proxy.as_ref().is_some_and(|proxy| proxy.url().is_none()) {
        faults.push(
            block
                .fault("proxy", "this is no address of a proxy")
                .hint("write for example \"http://proxy.acme.example:3128\""),
        );
    }
    if !config.listen.ip().is_loopback() {
        let fault = block.fault("listen", "anyone who reaches this address can read everything Overheard has");
        faults.push(fault.hint("keep it on 127.0.0.1, or put a proxy with a login before it").warning());
    }
    faults
}

fn check_contact(config: &DaemonConfig, block: &Settings<'_>) -> Option<Fault> {
    let contact = config.contact.as_deref()?;
    let good = Url::parse(contact).is_ok_and(|url| matches!(url.scheme(), "mailto" | "http" | "https"));
    let plain = contact.is_ascii() && !contact.contains(|letter: char| letter.is_ascii_control() || letter == ' ');
    if good && plain {
        return None;
    }
    let hint = if contact.contains('@') {
        format!("write \"mailto:{contact}\"")
    } else {
        "write for example \"mailto:you@acme.example\"".to_owned()
    };
    Some(
        block.fault("contact", "this is neither an e-mail address with `mailto:` nor the address of a page").hint(hint),
    )
}

fn check_retention(retention: &Retention, block: &Settings<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    faults.extend(bounded(block, "retention.posts", retention.posts, DAY, TEN_YEARS));
    faults.extend(bounded(block, "retention.mentions", retention.mentions, DAY, TEN_YEARS));
    if faults.is_empty() && retention.mentions < retention.posts {
        let what = format!("mentions are kept {}, shorter than other posts ({})", retention.mentions, retention.posts);
        faults.push(block.fault("retention.mentions", what).hint("keep mentions at least as long as posts"));
    }
    faults
}

fn check_team(team: &Team, block: &Settings<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for handle in &team.handles {
        let good = handle
            .trim_start_matches('@')
            .rsplit_once('@')
            .is_some_and(|(name, site)| !name.is_empty() && is_host(site));
        if !good {
            let fault = block.fault("team.handles", format!("`{handle}` lacks the site that the handle is on"));
            faults.push(fault.hint(format!("write for example \"{}@reddit.com\"", handle.trim_matches('@'))));
        }
    }
    for domain in team.domains.iter().filter(|domain| !is_host(domain)) {
        let fault = block.fault("team.domains", format!("`{domain}` is no domain"));
        faults.push(fault.hint("write only the name: \"acme.example\""));
    }
    faults
}

fn check_score(score: &Scoring, block: &Settings<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(what) = score.weights.fault() {
        faults.push(block.fault("score.weights", what));
    }
    for (name, weight) in &score.authority {
        if !(0.0..=1.0).contains(weight) {
            faults.push(block.fault("score.authority", format!("`{name}` has {weight}: it must be from 0 to 1")));
        }
        let site = name.rsplit_once('@').map_or(name.as_str(), |(_, site)| site);
        if !is_host(site) {
            let fault =
                block.fault("score.authority", format!("`{name}` is neither a handle with its site nor a site"));
            faults.push(fault.hint("write for example \"jane@news.example\" or \"news.example\""));
        }
    }
    faults
}

fn check_resolve(name: &str, block: &Settings<'_>) -> Option<Fault> {
    if url::Host::parse(name.strip_prefix("*.").unwrap_or(name)).is_ok_and(|host| matches!(host, url::Host::Domain(_)))
    {
        return None;
    }
    let fault = block.fault("resolve", format!("`{name}` is no name of a host"));
    Some(fault.hint("write \"forum.acme.example\", or \"*.acme.example\" for all names below"))
}

/// Whether a text is the name of a host as it is written in an address, and nothing more.
pub(super) fn is_host(text: &str) -> bool {
    let parsed = url::Host::parse(text);
    parsed.is_ok_and(|host| matches!(host, url::Host::Domain(name) if name.contains('.') || name == "localhost"))
        && !text.ends_with('.')
}
