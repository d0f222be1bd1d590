//! What does the daemon show over HTTP?
