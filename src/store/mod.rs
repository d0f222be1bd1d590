//! What is the state of what changes, made from the journal?
