//! Any bytes as cursor and segment. The same code runs in the ordinary tests.
#![no_main]

#[allow(dead_code)]
#[path = "../../tests/it/faulty.rs"]
mod faulty;
#[allow(dead_code)]
#[path = "../../tests/it/files.rs"]
mod files;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| files::open_anything(bytes));
