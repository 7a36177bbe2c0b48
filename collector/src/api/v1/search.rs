//! Searching talk and what is known about it.

pub mod find;
