//! How do the doors speak HTTP: client, guarded addresses, redacted URLs?
//!
//! [`Client::send`] makes one hop: it adds the secret of the request if the hop goes to the secret's own
//! home, refuses addresses inside the operator's network unless they are allowed, and follows no redirect.
//! [`Client::stream`] asks for an answer without an end, and [`Client::open_socket`] for a WebSocket, under the same guard.
//! [`Incoming`] is the answer, its body not read yet. What goes wrong is an [`HttpError`] whose words carry
//! the whole chain of causes and no secret.

mod address;
mod client;
mod error;
mod guard;
mod redact;
mod socket;

pub use address::{Reach, reach};
pub use client::{Client, ClientSettings, Deadline, Incoming, Outgoing, user_agent};
pub use error::HttpError;
pub use guard::{Lookup, host_entry, normal_host};
pub use redact::redact;
pub use socket::{Heard, Opened, Socket};
