//! How do the doors speak HTTP: client, guarded addresses, redacted URLs?
