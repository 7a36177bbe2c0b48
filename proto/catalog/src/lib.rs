//! What an app looks like: data (TOML, one file per category) and a pure matcher over it.
//!
//! Invariant: matching is a function of the catalog and of what it is given. It reads no disk, no clock and no
//! environment, never panics, and its `why` quotes the catalog, never the value: a person's file names cannot leave here.
//! Not here: looking for evidence (`agent`), judging an app allowed or not (verdicts, `collector/core`).
//!
//! # The files
//! `apps/<category>.toml` opens with `category = "cloud_sync"` and holds one `[[app]]` table per app:
//!
//! ```toml
//! [[app]]
//! id = "dropbox"                                  # lower case, digits, '_'; unique in the whole catalog; never reused
//! name = "Dropbox"                                # as people call it
//! sources = ["KapeFiles Dropbox_Metadata", "Homebrew cask dropbox"]   # public places that state the facts
//! any.domain = ["dropbox.com"]                    # facts of every system
//! linux.process = ["dropbox"]                     # facts of one system
//! windows.data = ['%LOCALAPPDATA%\Dropbox']
//! ```
//!
//! `any`, `linux`, `macos`, `windows` hold lists of facts, each under the name of its [`Slot`]:
//!
//! | slot | what it holds | written as |
//! | --- | --- | --- |
//! | `process` | names of executables | `Dropbox.exe`, `dropbox`; a final `*` stands for any ending |
//! | `install` | where its programs live | a directory or file, `~` and `%ProgramFiles%` welcome; a final `*` too |
//! | `data` | what it writes: settings, caches, the sync folder | the same |
//! | `package` | names in any package manager | dpkg, rpm, pacman, Homebrew, winget, Chocolatey, Store package names |
//! | `bundle`, `app` | macOS bundle ids, `.app` directories | `com.getdropbox.dropbox`, `Dropbox.app` |
//! | `desktop`, `flatpak`, `snap` | Linux ids | without `.desktop` |
//! | `mount` | file system types or sources | `fuse.rclone` |
//! | `name` | display names in the list of installed software | without version and architecture |
//! | `original`, `description`, `signer` | version resource and signature | `rclone.exe`, `Dropbox, Inc` |
//! | `domain` | the service's domains, its own and not shared | `dropbox.com`; `*-my.sharepoint.com` |
//!
//! A fact that opens with `?` is weak: too short or too common to stand alone. A weak process name counts only beside a
//! second fact (directory, signature, sandbox id); a weak display name only when nothing had to be trimmed; a weak path
//! lowers the confidence; a weak signer confirms but never identifies. The same strong fact in two apps is an error.
//! A strong display name of six letters and more also stands in for packages, programs and ids that are not stated
//! (`matcher/kin`); a name that is an ordinary word belongs into the list there.
//!
//! # To add an app
//! Write its table, name the sources, run `cargo test -p weft-proto-catalog`: the tests demand sources, facts on some
//! system, no fact claimed twice. Add its look-alikes to `tests/matches.rs` if its name is a word.
//! What stands on every machine of a system (`mstsc.exe`, `bird`, Screen Sharing) is no fact: it would make every machine
//! suspect. Name what installing or using leaves behind.
//!
//! # Cost
//! The build script parses the documents and packs them with their index (`packed`): laying them out at the first use takes
//! half a millisecond, texts and index are borrowed from the binary, and a fact costs 32 bytes of heap. The exact figure is
//! what [`Catalog::weight`] says and a test bounds.

mod account;
mod app;
mod builtin;
mod index;
mod matcher;
mod normal;
mod packed;
mod parse;
mod query;

pub use app::{App, Category, Fact, Slot, Text};
pub use index::Catalog;
pub use parse::{CatalogError, Limit};
pub use query::{Answer, Context, FactKind, Flag, Match, Os, Query, State};

pub use matcher::answer;
