//! Who is told of a mention, and why?
//!
//! A tree as in Alertmanager, over the one query language: a mention enters at the root and goes down into
//! the first child whose `match` is true of it, and into the next ones too while the matching child says
//! `continue`. Where no child matches, the route itself is taken.

pub mod tree;

pub use tree::{RouteFault, RouteSpec, Routed, Tree, TreeError};

#[cfg(test)]
mod tests;
