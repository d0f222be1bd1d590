//! In which order does a post pass through Overheard?
