//! Posts, once they are written.

pub mod delete;
pub mod edit;
pub mod edits;
pub mod flag;
pub mod forget_edits;
pub mod restore;
