//! How is Overheard put together?
//!
//! ```text
//! source ▶ fetch ▶ parse ▶ normalize ▶ watch ▶ dedup ▶ score ▶ route ▶ JOURNAL ▶ store, archive, outbox ▶ deliver ▶ receiver
//!  kind    DOOR IN  ───────────────────── pure ─────────────────────   truth      views                   DOOR OUT   kind
//! ```
//!
//! Only the doors touch the network. Kinds and everything between the doors and the journal are plain
//! functions over plain data. The journal records decisions; the views (sled, tantivy) are made from it
//! and can be made again. Start with [`model`], then [`pipeline`], which calls each stage once, in order.

pub mod archive;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dedup;
pub mod deliver;
pub mod fetch;
pub mod http;
pub mod journal;
pub mod model;
pub mod normalize;
pub mod parse;
pub mod pipeline;
pub mod query;
pub mod receiver;
pub mod route;
pub mod score;
pub mod source;
pub mod store;
pub mod telemetry;
pub mod watch;
pub mod web;
