//! What does the configuration say to the doors?

use std::collections::{BTreeMap, BTreeSet};

use crate::config::sources::{PaceOf, SharedWith, SourcePace};
use crate::config::{Config, HostConfig, SourceConfig};
use crate::fetch::{DoorSettings, HostRules, LimitBy, Policy};
use crate::http::{ClientSettings, user_agent};
use crate::model::Duration;
use crate::source::KINDS;

/// Settings of the door in.
pub fn door_settings(config: &Config) -> DoorSettings {
    DoorSettings {
        contact: config.daemon.contact.clone(),
        hosts: config.hosts.iter().map(|(host, said)| (host.clone(), rules(said))).collect(),
        resolve: config.daemon.resolve.clone(),
        proxy: config.daemon.proxy.as_ref().and_then(|proxy| proxy.url()),
        paces: paces(&config.sources),
        ..DoorSettings::default()
    }
}

/// How a source is asked.
pub fn policy(source: &SourceConfig) -> Policy {
    let own = || source.first_asked().map(|url| format!("{}{}", url.host_str().unwrap_or_default(), url.path()));
    let limit = source.limit.as_ref().map(|limit| match limit {
        SharedWith::Group(group) => LimitBy::Group(group.clone()),
        SharedWith::Pace(SourcePace::Host) => LimitBy::Host,
        SharedWith::Pace(SourcePace::Domain) => LimitBy::Domain,
        // By name where the source asks nobody; then nobody asks it to wait either.
        SharedWith::Pace(SourcePace::Url) => LimitBy::Url(own().unwrap_or_else(|| source.name.clone())),
    });
    Policy { limit, ..Policy::default() }
}

/// What the kinds know of their sites' rules, by host: the slowest that any source on it says. What a source does not
/// know itself, as a feed does not, the kind of its site may know.
fn paces(sources: &[SourceConfig]) -> BTreeMap<String, Duration> {
    let mut paces = BTreeMap::new();
    for source in sources {
        let Some(url) = source.first_asked() else { continue };
        let of_site = || KINDS.iter().filter_map(|kind| kind.pace_at(&url)).max();
        let Some(pace) = source.source.pace().or_else(of_site) else { continue };
        let Some(host) = url.host_str().map(str::to_owned) else { continue };
        let slowest: &mut Duration = paces.entry(host).or_default();
        *slowest = pace.max(*slowest);
    }
    paces
}

fn rules(said: &HostConfig) -> HostRules {
    HostRules {
        per_second: said.per_second,
        limit: match (&said.group, said.pace_of) {
            (Some(group), _) => LimitBy::Group(group.clone()),
            (None, PaceOf::Domain) => LimitBy::Domain,
            (None, PaceOf::Host) => LimitBy::Host,
        },
        concurrent: said.concurrent,
        allow_private: said.allow_private,
    }
}

/// Settings of the door out.
pub fn client_settings(config: &Config) -> ClientSettings {
    ClientSettings {
        user_agent: user_agent(config.daemon.contact.as_deref()),
        resolve: config.daemon.resolve.clone(),
        // Each receiver says so for itself: leave given to a source is none given to a receiver.
        allow_private: BTreeSet::new(),
        proxy: config.daemon.proxy.as_ref().and_then(|proxy| proxy.url()),
    }
}
