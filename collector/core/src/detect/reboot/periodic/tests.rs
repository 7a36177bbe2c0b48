//! Beats that are there, and habits that are none.
