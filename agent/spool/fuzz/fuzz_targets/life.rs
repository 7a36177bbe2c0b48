//! Lives of a spool with power cuts: no promise is ever broken. The same code runs in the ordinary tests.
#![no_main]

#[allow(dead_code)]
#[path = "../../tests/it/faulty.rs"]
mod faulty;
#[allow(dead_code)]
#[path = "../../tests/it/life.rs"]
mod life;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| life::live(bytes));
