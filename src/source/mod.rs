//! Which kinds of source are there?

use crate::model::SourceKind;

mod rss;
mod web_page;

/// Every kind of source. A new kind is one file beside this one, a `mod` line and a line here.
pub static KINDS: &[&dyn SourceKind] = &[&rss::KIND, &web_page::KIND];
