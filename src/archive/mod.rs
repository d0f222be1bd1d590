//! What was said, searchable?
