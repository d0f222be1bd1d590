//! Does every store keep its promises, whatever it keeps its records in?

mod agree;
mod promises;
mod scene;
mod trust;
