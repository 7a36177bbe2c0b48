//! What a Linux program asks of the machine: the newest glibc symbol that it was linked against.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result};

use crate::step::output;

/// "2.34": the lowest glibc that has every symbol `program` needs.
pub fn least_glibc(program: &Path) -> Result<String> {
    newest(&output(Command::new("objdump").arg("-T").arg(program))?)
        .context("the program names no glibc symbol; was it linked statically?")
}

fn newest(symbols: &str) -> Option<String> {
    symbols
        .split("GLIBC_")
        .skip(1)
        .filter_map(|rest| {
            let version: String = rest
                .chars()
                .take_while(|c| c.is_ascii_digit() || *c == '.')
                .collect();
            let numbers: Option<Vec<u32>> =
                version.split('.').map(|part| part.parse().ok()).collect();
            numbers
        })
        .max()
        .map(|numbers| {
            numbers
                .iter()
                .map(u32::to_string)
                .collect::<Vec<_>>()
                .join(".")
        })
}

#[cfg(test)]
mod tests {
    use super::newest;

    #[test]
    fn versions_are_compared_as_numbers() {
        let table = "DF *UND* (GLIBC_2.9) a\nDF *UND* (GLIBC_2.34) b\nDF *UND* (GLIBC_2.2.5) c\nDF (GLIBC_PRIVATE) d";
        assert_eq!(newest(table).as_deref(), Some("2.34"));
        assert_eq!(newest("nothing"), None);
    }
}
