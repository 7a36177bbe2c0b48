//! The buffer of `sysctl kern.procargs2`: how many arguments, the executable's path, zeros, the arguments, the environment.
//!
//! Invariant: pure; the environment is never read.

/// The arguments; the first is the program's name for itself.
pub fn parse(raw: &[u8]) -> Vec<String> {
    let Some((head, rest)) = raw.split_first_chunk::<4>() else {
        return Vec::new();
    };
    let count = usize::try_from(i32::from_ne_bytes(*head)).unwrap_or(0);
    let after_path = rest
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(rest.len());
    let rest = rest.get(after_path..).unwrap_or_default();
    let begin = rest
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(rest.len());
    rest.get(begin..)
        .unwrap_or_default()
        .split(|byte| *byte == 0)
        .take(count)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_without_the_environment() {
        let mut raw = 3_i32.to_ne_bytes().to_vec();
        raw.extend(b"/usr/bin/python3\0\0\0\0python3\0-u\0/Users/anna/x.py\0SECRET=1\0");
        assert_eq!(parse(&raw), ["python3", "-u", "/Users/anna/x.py"]);
        assert!(!parse(&raw).concat().contains("SECRET"));
        for cut in 0..raw.len() {
            parse(raw.get(..cut).unwrap_or_default());
        }
        assert!(parse(&(-1_i32).to_ne_bytes()).is_empty());
    }
}
