//! What did the user configure, or what is wrong with it?
