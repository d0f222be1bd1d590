//! Which resources has the JSON API?

pub mod backtest;
pub mod backup;
pub mod count;
pub mod deliveries;
pub mod explain;
pub mod feedback;
pub mod forget;
pub mod health;
pub mod issues;
pub mod push;
pub mod reload;
pub mod search;
pub mod seek;
pub mod sources;
