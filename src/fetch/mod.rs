//! How does the door in fulfil a request politely?
