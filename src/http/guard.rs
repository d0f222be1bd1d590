//! May a door connect to this host, and at which addresses?
//!
//! An address literal in a URL never reaches a resolver, so [`Guard::way`] judges it before every hop
//! (`url` has already read decimal, hexadecimal, octal and short forms). A name is judged by what it resolves
//! to, in the resolver of the connection itself: the address that was judged is the address connected to, whatever
//! the name resolves to a moment later.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::address::{Reach, reach};
use super::error::{HttpError, Refused};

/// Turns a name into addresses; the system's resolver, or a table in tests.
pub trait Lookup: Send + Sync {
    /// Every address of a name.
    fn addresses(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// The resolver of the operating system.
pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// What a connection may lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Public addresses only.
    Guarded,
    /// Private ones too: the operator named this host.
    Open,
    /// A proxy from the configuration; it resolves the names of targets itself.
    Proxied,
}

/// What the operator said about hosts.
#[derive(Clone, Default)]
pub(super) struct Guard {
    /// Names with an address of their own, instead of what the system's resolver says.
    pub resolve: Arc<BTreeMap<String, IpAddr>>,
    /// Hosts that may have private addresses.
    pub private: Arc<BTreeSet<String>>,
}

impl Guard {
    /// The way to a URL's host; `allow_private` is the word of whoever asks.
    pub fn way(&self, url: &Url, allow_private: bool) -> Result<Way, HttpError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(HttpError::Malformed { why: format!("`{}:` is not an address of the web", url.scheme()) });
        }
        let name = url.host_str().unwrap_or_default().trim_end_matches('.');
        let allowed = allow_private || self.private.contains(name) || in_wildcards(&self.private, name);
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(name)) if allowed || host_entry(&self.resolve, name).is_some() => return Ok(Way::Open),
            Some(Host::Domain(_)) => return Ok(Way::Guarded),
            None => return Err(HttpError::Malformed { why: "the address has no host".into() }),
        };
        match (reach(literal), allowed) {
            (Reach::Public, _) => Ok(Way::Guarded),
            (Reach::Private, true) => Ok(Way::Open),
            (Reach::Private | Reach::Never, false) => Err(HttpError::PrivateAddress { host: name.to_owned() }),
            (Reach::Never, true) => Err(HttpError::reserved(name)),
        }
    }
}

/// A host as it stands in URLs: `Bücher.Example` → `xn--bcher-kva.example`, `::1` → `[::1]`. Patterns stay patterns, and
/// what is no host stays as it is.
pub fn normal_host(host: &str) -> String {
    let (star, name) = host.strip_prefix("*.").map_or(("", host), |name| ("*.", name));
    let name = name.trim_end_matches('.');
    let normal = match name.parse::<std::net::Ipv6Addr>() {
        Ok(address) => Ok(Host::Ipv6(address)),
        Err(_) => Host::parse(name),
    };
    normal.map_or_else(|_| host.to_owned(), |normal| format!("{star}{normal}"))
}

fn in_wildcards(hosts: &BTreeSet<String>, name: &str) -> bool {
    wildcards(name).any(|pattern| hosts.contains(&pattern))
}

/// What a table says of a host: its own entry, else that of the nearest `*.` pattern above it.
pub fn host_entry<'a, T>(table: &'a BTreeMap<String, T>, host: &str) -> Option<&'a T> {
    let host = host.trim_end_matches('.');
    table.get(host).or_else(|| wildcards(host).find_map(|pattern| table.get(&pattern)))
}

/// `a.b.test` → `*.b.test`, `*.test`; the most labels that a DNS name can have bound this.
fn wildcards(host: &str) -> impl Iterator<Item = String> {
    host.trim_end_matches('.').match_indices('.').map(|(dot, _)| format!("*{}", &host[dot..].trim_end_matches('.')))
}

/// The resolver of one client: gives a connection only the addresses that its way allows.
pub(super) struct Resolver {
    pub guard: Guard,
    pub way: Way,
    pub lookup: Arc<dyn Lookup>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        if let Some(address) = host_entry(&self.guard.resolve, &name) {
            let addresses: Addrs = Box::new(std::iter::once(SocketAddr::new(*address, 0)));
            return Box::pin(std::future::ready(Ok(addresses)));
        }
        let (way, found) = (self.way, self.lookup.addresses(name.clone()));
        Box::pin(async move {
            let found = found.await?;
            if found.is_empty() {
                return Err(format!("{name} has no address").into());
            }
            let allowed: Vec<_> = found.into_iter().filter(|address| way.leads_to(*address)).collect();
            if allowed.is_empty() {
                return Err(Refused { host: name, allowed: way == Way::Open }.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

impl Way {
    fn leads_to(self, address: IpAddr) -> bool {
        match self {
            Self::Guarded => reach(address) == Reach::Public,
            Self::Open => reach(address) != Reach::Never,
            Self::Proxied => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        Guard {
            resolve: Arc::new(BTreeMap::from([("*.test".into(), IpAddr::from([127, 0, 0, 1]))])),
            private: Arc::new(BTreeSet::from(["forum.corp.example".into(), "*.lan.example".into(), "10.1.1.1".into()])),
        }
    }

    #[test]
    fn address_literals_are_refused_in_every_way_of_writing_them() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.1",
            "127.0.0.1.",
            "①②⑦.0.0.1",
            "%31%32%37.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[2002:7f00:1::]",
            "[64:ff9b::7f00:1]",
            "[fe80::1]",
            "[fd00::1]",
            "0",
            "0.0.0.0",
            "10.0.0.8",
            "192.168.0.1",
            "172.20.1.1",
            "100.64.1.1",
            "169.254.169.254",
            "2852039166",
            "[fd00:ec2::254]",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            let url = Url::parse(&format!("http://{host}:8080/feed")).expect(host);
            let refused = guard().way(&url, false);
            assert!(matches!(refused, Err(HttpError::PrivateAddress { .. })), "{host}: {refused:?}");
        }
    }

    #[test]
    fn hosts_that_the_operator_named_are_open_and_all_others_guarded() {
        for (url, allow_private, way) in [
            ("https://example.com/", false, Way::Guarded),
            ("https://8.8.8.8/", false, Way::Guarded),
            ("https://8.8.8.8/", true, Way::Guarded),
            ("http://localhost/", false, Way::Guarded),
            ("http://localhost/", true, Way::Open),
            ("http://127.0.0.1/", true, Way::Open),
            ("http://feed.test/", false, Way::Open),
            ("http://a.b.test./", false, Way::Open),
            ("http://test/", false, Way::Guarded),
            ("http://nottest/", false, Way::Guarded),
            ("http://forum.corp.example/", false, Way::Open),
            ("http://x.forum.corp.example/", false, Way::Guarded),
            ("http://a.lan.example/", false, Way::Open),
            ("http://10.1.1.1/", false, Way::Open),
        ] {
            assert_eq!(guard().way(&Url::parse(url).expect(url), allow_private), Ok(way), "{url} {allow_private}");
        }
    }

    #[test]
    fn hosts_are_written_as_urls_have_them() {
        for (written, normal) in [
            ("Example.COM", "example.com"),
            ("example.com.", "example.com"),
            ("B\u{fc}cher.example", "xn--bcher-kva.example"),
            ("*.B\u{fc}cher.example", "*.xn--bcher-kva.example"),
            ("*.test", "*.test"),
            ("::1", "[::1]"),
            ("[::1]", "[::1]"),
            ("0x7f.1", "127.0.0.1"),
            ("not a host", "not a host"),
        ] {
            assert_eq!(normal_host(written), normal);
        }
    }

    #[test]
    fn reserved_addresses_stay_closed_even_where_private_ones_are_allowed() {
        for url in ["http://169.254.169.254/latest", "http://0.0.0.0/", "http://[fe80::1]/", "http://224.0.0.1/"] {
            let refused = guard().way(&Url::parse(url).expect(url), true);
            assert!(matches!(refused, Err(HttpError::Unreachable { .. })), "{url}: {refused:?}");
        }
    }

    #[test]
    fn what_is_not_of_the_web_is_refused() {
        for url in ["file:///etc/passwd", "ftp://example.com/", "gopher://example.com/", "data:text/plain,x"] {
            let refused = guard().way(&Url::parse(url).expect(url), true);
            assert!(matches!(refused, Err(HttpError::Malformed { .. })), "{url}: {refused:?}");
        }
    }
}
