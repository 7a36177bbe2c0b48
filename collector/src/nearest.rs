//! The known name that a mistaken one was probably meant to be. Pure.

/// Names further apart than this share of their letters are no spelling mistake.
const ALIKE: f64 = 0.7;

/// `None` when nothing is alike: then a hint would only mislead.
pub fn nearest<T: AsRef<str>>(names: impl IntoIterator<Item = T>, mistaken: &str) -> Option<T> {
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(name.as_ref(), mistaken), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let names = ["cadence.process", "cadence.vitals", "quota.spool_days"];
        assert_eq!(nearest(names, "cadence.vital"), Some("cadence.vitals"));
        assert_eq!(nearest(names, "xyz"), None);
    }
}
