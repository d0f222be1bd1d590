//! What happened, durably?
