//! What may the operator decide about the door in, and which limit does a host fall under?

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use url::Url;

use crate::http::{ClientSettings, host_entry, normal_host, user_agent};
use crate::model::{Duration, Timestamp};

/// Pace of a host that nobody said anything about.
const PER_SECOND: f64 = 1.0;
/// The slowest and the fastest pace that can be configured: once a day, and a thousand a second.
const SLOWEST: f64 = 1.0 / 86_400.0;
const FASTEST: f64 = 1_000.0;
/// Requests under way at once in the whole daemon. Each may hold a body of [`Policy::max_body`] in memory.
const CONCURRENT: usize = 64;
/// Requests under way at once under one limit.
const CONCURRENT_PER_LIMIT: usize = 1;
/// Part of the interval that is added at random to a wait, so that sources do not fall into step.
const JITTER: f64 = 0.2;

/// What is decided for the whole door; taken anew on a reload without forgetting who was asked when.
#[derive(Clone, Debug)]
pub struct DoorSettings {
    /// Whom a site's operator may write to; goes into the User-Agent.
    pub contact: Option<String>,
    /// By host, or by pattern: `*.example.org` is every host below `example.org`.
    pub hosts: BTreeMap<String, HostRules>,
    /// Names (or patterns) with an address of their own. Being named here allows a private address.
    pub resolve: BTreeMap<String, IpAddr>,
    /// The only proxy ever used; those of the environment are ignored.
    pub proxy: Option<Url>,
    /// Requests a second to a host without rules.
    pub per_second: f64,
    /// From 0 to 1: part of the interval that is added at random to a wait.
    pub jitter: f64,
    /// Requests under way at once, over all hosts.
    pub concurrent: usize,
    /// By host: the least time between two requests that the site's rules permit. No other setting undercuts it.
    pub paces: BTreeMap<String, Duration>,
}

impl Default for DoorSettings {
    fn default() -> Self {
        Self {
            contact: None,
            hosts: BTreeMap::new(),
            resolve: BTreeMap::new(),
            proxy: None,
            per_second: PER_SECOND,
            jitter: JITTER,
            concurrent: CONCURRENT,
            paces: BTreeMap::new(),
        }
    }
}

/// What is decided for one host, or for every host of a pattern.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostRules {
    /// Requests a second; `None` is the pace of the whole door.
    pub per_second: Option<f64>,
    pub limit: LimitBy,
    /// Requests under way at once under this limit; `None` is 1. A host that hangs holds no more than these.
    pub concurrent: Option<usize>,
    /// Its address may be private: a host of the operator's own network.
    pub allow_private: bool,
}

/// Who shares a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LimitBy {
    /// The host has a limit of its own.
    #[default]
    Host,
    /// All hosts of one registrable domain (`a.example.co.uk` and `b.example.co.uk`).
    Domain,
    /// All hosts that name this group; the slowest pace among them counts.
    Group(String),
    /// One source, named by its first address, alone: what it is asked to wait holds up nobody else. The pace of
    /// its host counts all the same.
    Url(String),
}

/// How one asking is done; a source's own policy where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The source's own host may have a private address; hosts that it redirects to may not.
    pub allow_private: bool,
    /// Largest body in bytes, decompressed.
    pub max_body: usize,
    /// Pages read in one poll.
    pub max_pages: u32,
    /// Longest wait that is sat out when a host asked us to wait; after that the asking ends as limited.
    pub patience: Duration,
    /// Time for one asking with all its redirects; waiting for our turn does not count.
    pub time: Duration,
    /// The limit that the source says it falls under; `None` leaves that to its host.
    pub limit: Option<LimitBy>,
    /// When the poll was due: how much later its first request goes out is counted.
    pub due: Option<Timestamp>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow_private: false,
            max_body: 10 * 1024 * 1024,
            max_pages: 10,
            patience: Duration::minutes(1),
            time: Duration::seconds(30),
            limit: None,
            due: None,
        }
    }
}

/// A limit and its pace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    /// Host, domain or group that shares the pace.
    pub key: String,
    /// Who waits when a server asks us to: the same, or one source alone.
    pub waits: String,
    /// Between two requests.
    pub interval: Duration,
    pub concurrent: usize,
}

impl DoorSettings {
    pub(super) fn client(&self) -> ClientSettings {
        let private = self.hosts.iter().filter(|(_, rules)| rules.allow_private);
        ClientSettings {
            user_agent: user_agent(self.contact.as_deref()),
            resolve: self.resolve.clone(),
            allow_private: private.map(|(host, _)| host.clone()).collect::<BTreeSet<_>>(),
            proxy: self.proxy.clone(),
        }
    }

    /// The same settings with the hosts written as URLs have them.
    pub(super) fn normal(mut self) -> Self {
        self.hosts = self.hosts.into_iter().map(|(host, rules)| (normal_host(&host), rules)).collect();
        self
    }

    /// The limit that requests to a URL fall under: that of its host, or what the source says for itself.
    pub(super) fn limit(&self, url: &Url, own: Option<&LimitBy>) -> Limit {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        let default = HostRules::default();
        let rules = host_entry(&self.hosts, host).unwrap_or(&default);
        let (shared, waits) = match own {
            Some(LimitBy::Url(source)) => (&rules.limit, Some(format!("url {source}"))),
            Some(shared) => (shared, None),
            None => (&rules.limit, None),
        };
        let (key, per_second) = match shared {
            LimitBy::Host | LimitBy::Url(_) => (host.to_owned(), self.pace(rules)),
            LimitBy::Domain => (registrable(url).unwrap_or(host).to_owned(), self.pace(rules)),
            LimitBy::Group(group) => (format!("group {group}"), self.pace_of_group(group).min(self.pace(rules))),
        };
        let concurrent = rules.concurrent.unwrap_or(CONCURRENT_PER_LIMIT).max(1);
        let permitted = self.paces.get(host).copied().unwrap_or_default();
        Limit {
            waits: waits.unwrap_or_else(|| key.clone()),
            key,
            interval: interval(per_second).max(permitted),
            concurrent,
        }
    }

    fn pace(&self, rules: &HostRules) -> f64 {
        rules.per_second.unwrap_or(self.per_second)
    }

    fn pace_of_group(&self, group: &str) -> f64 {
        let members = self.hosts.values().filter(|rules| matches!(&rules.limit, LimitBy::Group(name) if name == group));
        members.map(|rules| self.pace(rules)).fold(f64::INFINITY, f64::min)
    }
}

/// The registrable domain of a URL's host; none for an address literal.
fn registrable(url: &Url) -> Option<&str> {
    url.domain().map(|name| name.trim_end_matches('.')).and_then(psl::domain_str)
}

/// Between two requests at this pace; what is no pace at all counts as the default one.
fn interval(per_second: f64) -> Duration {
    let sane = if per_second.is_finite() && per_second > 0.0 { per_second } else { PER_SECOND };
    Duration((1000.0 / sane.clamp(SLOWEST, FASTEST)).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_falls_under_its_own_limit_or_one_that_it_shares() {
        let rules = |per_second, limit| HostRules { per_second, limit, ..HostRules::default() };
        let hosts = BTreeMap::from([
            ("slow.example".into(), rules(Some(0.5), LimitBy::Host)),
            ("*.blogs.co.uk".into(), rules(None, LimitBy::Domain)),
            ("10.0.0.1".into(), rules(None, LimitBy::Domain)),
            ("api.one.example".into(), rules(Some(5.0), LimitBy::Group("ones".into()))),
            ("www.one.example".into(), rules(Some(2.0), LimitBy::Group("ones".into()))),
            ("nonsense.example".into(), rules(Some(f64::NAN), LimitBy::Host)),
            ("never.example".into(), rules(Some(0.0), LimitBy::Host)),
            ("B\u{fc}cher.Example".into(), rules(Some(0.5), LimitBy::Host)),
        ]);
        let settings = DoorSettings { hosts, ..DoorSettings::default() }.normal();
        for (url, key, milliseconds) in [
            ("https://example.com/a", "example.com", 1000),
            ("https://example.com.:8443/b", "example.com", 1000),
            ("http://127.0.0.1:1/", "127.0.0.1", 1000),
            ("https://slow.example/", "slow.example", 2000),
            ("https://b\u{fc}cher.example/", "xn--bcher-kva.example", 2000),
            ("https://a.slow.example/", "a.slow.example", 1000),
            ("https://a.blogs.co.uk/", "blogs.co.uk", 1000),
            ("https://b.c.blogs.co.uk/", "blogs.co.uk", 1000),
            ("https://10.0.0.1/", "10.0.0.1", 1000),
            ("https://api.one.example/", "group ones", 500),
            ("https://www.one.example/", "group ones", 500),
            ("https://nonsense.example/", "nonsense.example", 1000),
            ("https://never.example/", "never.example", 1000),
        ] {
            let limit = settings.limit(&Url::parse(url).expect(url), None);
            assert_eq!((limit.key.as_str(), limit.interval), (key, Duration(milliseconds)), "{url}");
            assert_eq!(limit.waits, limit.key);
        }
    }

    #[test]
    fn a_source_says_for_itself_with_whom_it_shares_a_limit_but_not_a_faster_pace() {
        let hosts =
            BTreeMap::from([("slow.example".into(), HostRules { per_second: Some(0.5), ..HostRules::default() })]);
        let paces = BTreeMap::from([("feeds.example".into(), Duration::minutes(1))]);
        let settings = DoorSettings { hosts, paces, ..DoorSettings::default() }.normal();
        let one = LimitBy::Url("slow.example/a".into());
        for (url, own, key, waits, milliseconds) in [
            ("https://slow.example/a?page=2", Some(&one), "slow.example", "url slow.example/a", 2_000),
            ("https://a.b.example/", Some(&LimitBy::Domain), "b.example", "b.example", 1_000),
            ("https://slow.example/", Some(&LimitBy::Group("g".into())), "group g", "group g", 2_000),
            ("https://feeds.example/", Some(&LimitBy::Host), "feeds.example", "feeds.example", 60_000),
            ("https://feeds.example/", None, "feeds.example", "feeds.example", 60_000),
        ] {
            let limit = settings.limit(&Url::parse(url).expect(url), own);
            assert_eq!((&*limit.key, &*limit.waits, limit.interval), (key, waits, Duration(milliseconds)), "{url}");
        }
    }
}
