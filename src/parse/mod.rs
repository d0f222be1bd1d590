//! How are the formats read that several source kinds share?
