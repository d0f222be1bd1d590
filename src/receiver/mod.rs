//! Which kinds of receiver are there?

use crate::model::ReceiverKind;

/// Every kind of receiver. A new kind is one file beside this one, a `mod` line and a line here.
pub static KINDS: &[&dyn ReceiverKind] = &[];
