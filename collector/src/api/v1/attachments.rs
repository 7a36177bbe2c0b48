//! Files: uploading them, and giving them out so that they do nothing but show.

pub mod drop;
pub mod list;
pub mod read;
pub mod upload;
