//! Decides what `src/console.rs` embeds: the built console, or (debug builds only) a page that says it is not built.
//!
//! **Invariant:** a release without the console does not build; nothing is written outside `OUT_DIR`.
//! Not here: running npm. `cargo xtask` does that before it calls cargo.

use std::{env, error::Error, fs, path::Path};

const DIST: &str = "console/dist";

/// Plain words and no script: it must show under the console's own content security policy.
const UNBUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Weft: console not built</title>\
<h1>The console is not built</h1>\
<p>This is a debug build of the collector without the console. Run <code>cargo xtask demo</code>, or \
<code>npm ci &amp;&amp; npm run build</code> in <code>dashboards/console</code> and build again.</p>\
<p>Everything else works: the API is under <code>/api/v1</code>.</p></html>\n";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rustc-check-cfg=cfg(console_built)");
    println!("cargo::rerun-if-changed=build.rs");
    // A missing path counts as changed, so that the first build of the console is noticed.
    println!("cargo::rerun-if-changed={DIST}");

    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("unbuilt.html"), UNBUILT)?;

    if Path::new(DIST).join("index.html").is_file() {
        println!("cargo::rustc-cfg=console_built");
    } else if env::var("PROFILE")? == "release" {
        println!(
            "cargo::error=the console is missing: run `npm ci && npm run build` in dashboards/console, or use `cargo xtask dist`"
        );
    } else {
        println!(
            "cargo::warning=console not built: the collector will say so in place of its pages"
        );
    }
    Ok(())
}
