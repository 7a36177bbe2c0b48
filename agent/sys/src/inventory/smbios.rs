//! SMBIOS tables as bytes: the chassis and the words of the maker.
//!
//! Invariant: pure; a table that lies about its lengths ends the walk. Serial numbers, asset tags and UUIDs are passed over.
//!
//! Source: DMTF DSP0134 (System Management BIOS reference), 6.1 structures, 7.2 system, 7.4 chassis.

/// What we take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Smbios {
    pub manufacturer: String,
    pub product: String,
    pub version: String,
    pub sku: String,
    /// Chassis type without its lock bit; 0 when absent.
    pub chassis: u8,
}

/// A table has some hundred structures.
const MAX_STRUCTURES: usize = 4096;

/// Reads the structure table (on Windows: behind the 8 bytes of RawSMBIOSData).
pub fn parse(table: &[u8]) -> Smbios {
    let mut out = Smbios::default();
    let mut rest = table;
    for _ in 0..MAX_STRUCTURES {
        let (Some(kind), Some(length)) = (rest.first(), rest.get(1)) else {
            break;
        };
        let length = usize::from(*length);
        let Some(body) = rest.get(..length).filter(|_| length >= 4) else {
            break;
        };
        let Some(tail) = rest.get(length..) else {
            break;
        };
        // Texts follow, each ended by zero, all ended by one more.
        let Some(end) = tail.windows(2).position(|pair| pair == [0, 0]) else {
            break;
        };
        let texts: Vec<&[u8]> = tail
            .get(..end)
            .unwrap_or_default()
            .split(|byte| *byte == 0)
            .collect();
        let text = |offset: usize| {
            let index = usize::from(*body.get(offset)?).checked_sub(1)?;
            let text = String::from_utf8_lossy(texts.get(index)?).trim().to_owned();
            super::meaningful(&text)
        };
        match kind {
            1 => {
                out.manufacturer = text(4).unwrap_or_default();
                out.product = text(5).unwrap_or_default();
                out.version = text(6).unwrap_or_default();
                out.sku = text(0x19).unwrap_or_default();
            }
            3 if out.chassis == 0 => out.chassis = body.get(5).copied().unwrap_or(0) & 0x7F,
            127 => break,
            _ => {}
        }
        rest = tail.get(end + 2..).unwrap_or_default();
    }
    out
}

/// Chassis types (7.4.1) in our words.
pub fn chassis_word(kind: u32) -> Option<&'static str> {
    match kind {
        8..=11 | 14 | 30..=32 => Some("laptop"),
        3..=7 | 13 | 15..=17 | 23 | 24 | 35 | 36 => Some("desktop"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn structure(kind: u8, fields: &[u8], texts: &[&str]) -> Vec<u8> {
        let mut out = vec![kind, u8::try_from(fields.len() + 4).unwrap(), 0, 0];
        out.extend(fields);
        for text in texts {
            out.extend(text.as_bytes());
            out.push(0);
        }
        if texts.is_empty() {
            out.push(0);
        }
        out.push(0);
        out
    }

    fn table() -> Vec<u8> {
        let mut system = vec![1, 2, 3, 4];
        system.extend([0xAB; 16]);
        system.extend([6, 5, 0]);
        [
            structure(0, &[1, 2], &["LENOVO", "N3MET15W"]),
            structure(
                1,
                &system,
                &[
                    "LENOVO",
                    "21AH00BXGE",
                    "ThinkPad T14 Gen 3",
                    "PF-SERIAL",
                    "LENOVO_MT_21AH",
                ],
            ),
            structure(3, &[1, 0x8A, 0, 2], &["LENOVO", "PF-SERIAL"]),
            structure(127, &[], &[]),
        ]
        .concat()
    }

    #[test]
    fn a_laptop_without_its_serial_number() {
        let seen = parse(&table());
        assert_eq!(
            (
                seen.manufacturer.as_str(),
                seen.product.as_str(),
                seen.version.as_str()
            ),
            ("LENOVO", "21AH00BXGE", "ThinkPad T14 Gen 3")
        );
        assert_eq!(
            (seen.sku.as_str(), chassis_word(u32::from(seen.chassis))),
            ("LENOVO_MT_21AH", Some("laptop"))
        );
        assert!(!format!("{seen:?}").contains("SERIAL"));
    }

    #[test]
    fn any_cut_is_survived() {
        let whole = table();
        for cut in 0..whole.len() {
            parse(&whole[..cut]);
        }
        for at in 0..whole.len() {
            let mut wild = whole.clone();
            wild[at] = 0xFF;
            parse(&wild);
        }
    }
}
