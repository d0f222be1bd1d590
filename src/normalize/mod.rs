//! How does a post as a site gave it become a post in our own form?
