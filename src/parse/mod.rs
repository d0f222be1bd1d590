//! How are the formats read that several source kinds share?

pub mod charset;
pub mod date;
pub mod feed;
pub mod html;
pub mod json;
pub mod opml;
pub mod sitemap;
pub mod step;
pub mod wall;
