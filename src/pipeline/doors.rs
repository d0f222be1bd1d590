//! What does the configuration say to the doors?

use std::collections::BTreeSet;

use crate::config::sources::PaceOf;
use crate::config::{Config, HostConfig};
use crate::fetch::{DoorSettings, HostRules, LimitBy};
use crate::http::{ClientSettings, user_agent};

/// Settings of the door in.
pub fn door_settings(config: &Config) -> DoorSettings {
    DoorSettings {
        contact: config.daemon.contact.clone(),
        hosts: config.hosts.iter().map(|(host, said)| (host.clone(), rules(said))).collect(),
        resolve: config.daemon.resolve.clone(),
        proxy: config.daemon.proxy.as_ref().and_then(|proxy| proxy.url()),
        ..DoorSettings::default()
    }
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
