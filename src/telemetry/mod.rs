//! How does the daemon tell its operator what it does?
