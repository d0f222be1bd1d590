//! Which watches does a post satisfy, and where?
