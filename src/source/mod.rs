//! Which kinds of source are there?

mod bluesky;
mod discourse;
pub mod discover;
mod github;
mod hacker_news;
mod json_api;
mod lemmy;
mod lobsters;
mod mastodon;
mod reddit;
mod rss;
mod sitemap;
mod stack_exchange;
mod web_page;
mod webhook_in;
mod youtube;

use crate::model::SourceKind;

pub use rss::feed_block;

/// Every kind of source. A new kind is one file beside this one, a `mod` line and a line here.
#[rustfmt::skip] // one a line, so that a new kind is one new line
pub static KINDS: &[&dyn SourceKind] = &[
    &bluesky::KIND,
    &discourse::KIND,
    &github::KIND,
    &hacker_news::KIND,
    &json_api::KIND,
    &lemmy::KIND,
    &lobsters::KIND,
    &mastodon::KIND,
    &reddit::KIND,
    &rss::KIND,
    &sitemap::KIND,
    &stack_exchange::KIND,
    &web_page::KIND,
    &webhook_in::KIND,
    &youtube::KIND,
];
