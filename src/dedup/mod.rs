//! Which story does a post belong to?
