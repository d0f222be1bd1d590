//! What is each receiver told of what its own bound held back, once the ten minutes are over?

use jiff::tz::TimeZone;

use super::days::telling;
use crate::archive::Archive;
use crate::model::{AlertId, Digest, Event, Position, Timestamp, ViewError};
use crate::store::Store;

/// One event for every receiver and ten minutes that are over and of which something waits to be told: with one digest,
/// or with none where the receiver was told of every story otherwise meanwhile.
///
/// # Errors
/// When the store cannot be asked. What the archive cannot give is told without.
pub fn over(store: &Store, archive: &Archive, now: Timestamp, zone: &TimeZone) -> Result<Vec<Event>, ViewError> {
    let event = |(window, receiver): (Timestamp, String)| {
        let flooded = store.flooded(&receiver, window)?;
        let (through, back) = (flooded.through, &flooded.back);
        let digest = Digest {
            watch: String::new(),
            cap: back.cap,
            day: window.day(zone),
            stories: 0,
            listed: Vec::new(),
            coverage: None,
            flood: Some(window),
        };
        let id = digest_id(&receiver, window, through);
        let alerts = telling(digest, id, &receiver, back, archive, now).into_iter().collect();
        Ok(Event::FloodOver { receiver, window, at: now, through, alerts })
    };
    store.floods_over(now)?.into_iter().map(event).collect()
}

/// Another one for what came in after the first was told.
fn digest_id(receiver: &str, window: Timestamp, through: Position) -> AlertId {
    let hash = blake3::hash(format!("flood\n{window}\n{receiver}\n{}", through.0).as_bytes()).to_hex();
    format!("alert_{}", &hash[..24])
}
