//! How does an alert reach its receiver, once, even when things break?
