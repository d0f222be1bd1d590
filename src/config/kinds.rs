//! Which kinds of source and receiver can be configured, and with which settings?

use serde::Serialize;

use super::block::schema_of;
use super::routes::ReceiverKeys;
use super::schema::{KeyDoc, keys};
use super::sources::SourceKeys;
use crate::{receiver, source};

/// Everything that `[[source]]` and `[[receiver]]` can be, from the schemas of the kinds.
#[derive(Clone, Debug, Serialize)]
pub struct Catalogue {
    /// The keys of every source, whatever its kind.
    pub source_keys: Vec<KeyDoc>,
    pub sources: Vec<KindDoc>,
    /// The keys of every receiver, whatever its kind.
    pub receiver_keys: Vec<KeyDoc>,
    pub receivers: Vec<KindDoc>,
}

/// One kind.
#[derive(Clone, Debug, Serialize)]
pub struct KindDoc {
    /// The word for `kind = "…"`.
    pub name: &'static str,
    pub summary: &'static str,
    /// The keys that only this kind has.
    pub settings: Vec<KeyDoc>,
    /// A block to copy.
    pub sample: &'static str,
}

/// Every kind there is, in the order of the alphabet.
pub fn catalogue() -> Catalogue {
    let source = |kind: &&dyn crate::model::SourceKind| KindDoc {
        name: kind.name(),
        summary: kind.summary(),
        settings: keys(&kind.schema()),
        sample: kind.sample(),
    };
    let receiver = |kind: &&dyn crate::model::ReceiverKind| KindDoc {
        name: kind.name(),
        summary: kind.summary(),
        settings: keys(&kind.schema()),
        sample: kind.sample(),
    };
    let mut sources: Vec<KindDoc> = source::KINDS.iter().map(source).collect();
    let mut receivers: Vec<KindDoc> = receiver::KINDS.iter().map(receiver).collect();
    sources.sort_by_key(|kind| kind.name);
    receivers.sort_by_key(|kind| kind.name);
    Catalogue {
        source_keys: keys(&schema_of::<SourceKeys>()),
        sources,
        receiver_keys: keys(&schema_of::<ReceiverKeys>()),
        receivers,
    }
}
