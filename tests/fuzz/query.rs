//! Can any text make the query language panic, disagree with itself, or take for ever?
#![no_main]
#![cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "the program uses all of what is compiled here, this target a part")
)]

#[path = "../../src/model/mod.rs"]
mod model;
#[path = "../../src/query/mod.rs"]
mod query;

#[path = "check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::query(data));
