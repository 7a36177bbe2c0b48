//! Posts, once they are written.

pub mod delete;
pub mod edit;
