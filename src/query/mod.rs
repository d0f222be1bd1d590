//! What does a query mean, and is it true of a post?

pub mod ast;
