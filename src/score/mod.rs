//! How much does a mention matter, and why?
