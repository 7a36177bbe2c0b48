//! Processes on Windows: a thin shell over pure parsers.
//!
//! Invariant: one system call gives the whole list with every cost and needs no rights; a process that may not be opened
//! keeps its name and cost and loses path and account.
//!
//! Not here: comparing lists (`listed`), and what may leave the machine.

pub mod arguments;
pub mod class;
pub mod list;
pub mod pe;
pub mod place;
pub mod version;

#[cfg(windows)]
mod shell;
#[cfg(windows)]
mod signature;

#[cfg(windows)]
pub use shell::{
    about, account_of, arguments_of, blind_spots, is_network_path, list, path_of, place_of,
};
