//! Titles as people write them: a tuning half, a reporting half, and the score of the latter.
