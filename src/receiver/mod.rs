//! Which kinds of receiver are there?

pub mod address;
pub mod answer;
mod console;
pub mod payload;
pub mod sample;
pub mod signature;
mod slack;
pub mod text;
mod webhook;

use crate::model::ReceiverKind;

/// Every kind of receiver. A new kind is one file beside this one, a `mod` line and a line here.
pub static KINDS: &[&dyn ReceiverKind] = &[&console::KIND, &slack::KIND, &webhook::KIND];
