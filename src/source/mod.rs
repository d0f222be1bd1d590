//! Which kinds of source are there?

use crate::model::SourceKind;

mod rss;

/// Every kind of source. A new kind is one file beside this one, a `mod` line and a line here.
pub static KINDS: &[&dyn SourceKind] = &[&rss::KIND];
