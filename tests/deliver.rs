//! Does an alert reach its receiver, once, even when things break?

#[cfg(test)]
#[path = "deliver/book.rs"]
mod book;
#[cfg(test)]
#[path = "deliver/collector.rs"]
mod collector;
#[cfg(test)]
#[path = "deliver/tests.rs"]
mod tests;
