//! Which kinds of source are there?

mod discourse;
mod hacker_news;
mod stack_exchange;

use crate::model::SourceKind;

/// Every kind of source. A new kind is one file beside this one, a `mod` line and a line here.
pub static KINDS: &[&dyn SourceKind] = &[&discourse::KIND, &hacker_news::KIND, &stack_exchange::KIND];
