//! Which commands are there?
