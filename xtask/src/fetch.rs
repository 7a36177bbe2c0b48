//! What the checkout does not hold: the engine library, the console's npm packages, a browser and servers for the tests.
//! Each is fetched once, checked, and kept outside `target/` so that a clean build does not fetch it again.

pub mod browser;
pub mod console;
pub mod debian;
pub mod engine;
pub mod node;
pub mod postgres;
pub mod synapse;

use anyhow::Result;

pub fn all() -> Result<()> {
    engine::ensure()?;
    console::install()
}
