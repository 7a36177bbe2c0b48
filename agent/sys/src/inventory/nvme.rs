//! The SMART / Health log page of an NVMe drive, as bytes.
//!
//! Invariant: pure; a page that is all zeros (many virtual drives) says nothing.
//!
//! Source: NVM Express base specification 2.0, figure 207: byte 0 critical warnings, 3 available spare and 4 its threshold
//! (percent), 5 percentage used (may pass 100).

/// Length of the page.
pub const PAGE: usize = 512;

/// What we take of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Health {
    /// Share of the rated endurance that is used, 0..1 and more.
    pub endurance_utilization: f64,
    /// "ok", "warning", "failing".
    pub word: &'static str,
}

/// Reads the page.
pub fn parse(page: &[u8]) -> Option<Health> {
    let page = page.get(..PAGE)?;
    if page.iter().all(|byte| *byte == 0) {
        return None;
    }
    let (warning, spare, threshold, used) =
        (*page.first()?, *page.get(3)?, *page.get(4)?, *page.get(5)?);
    // Bit 2 reliability degraded, bit 3 read-only; bit 0 spare below threshold; 1 is heat and passes.
    let word = if warning & 0b1100 != 0 {
        "failing"
    } else if warning & 1 != 0 || (threshold > 0 && spare < threshold) || used >= 100 {
        "warning"
    } else {
        "ok"
    };
    Some(Health {
        endurance_utilization: f64::from(used) / 100.0,
        word,
    })
}

/// Asks the drive `name` ("nvme0n1"). Needs CAP_SYS_ADMIN: `None` otherwise.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub fn ask(name: &str) -> Option<Health> {
    use std::os::fd::AsRawFd;
    /// nvme_admin_cmd of <linux/nvme_ioctl.h>.
    #[repr(C)]
    #[derive(Default)]
    struct Command {
        opcode: u8,
        flags: u8,
        reserved: u16,
        namespace: u32,
        cdw2: u32,
        cdw3: u32,
        metadata: u64,
        address: u64,
        metadata_length: u32,
        length: u32,
        cdw10: u32,
        rest: [u32; 5],
        timeout: u32,
        result: u32,
    }
    /// _IOWR('N', 0x41, struct nvme_admin_cmd).
    const ADMIN_COMMAND: u64 = 0xC048_4E41;
    const GET_LOG_PAGE: u8 = 0x02;
    const SMART: u32 = 0x02;
    /// A drive that sleeps deeply wakes within this.
    const TIMEOUT_MILLISECONDS: u32 = 2000;
    let controller = name.strip_prefix("nvme")?.split('n').next()?;
    let device = std::fs::File::open(format!("/dev/nvme{controller}")).ok()?;
    let mut page = [0_u8; PAGE];
    let mut command = Command {
        opcode: GET_LOG_PAGE,
        namespace: u32::MAX,
        address: page.as_mut_ptr() as u64,
        length: PAGE as u32,
        // Number of 4-byte words less one, and which page.
        cdw10: ((PAGE as u32 / 4 - 1) << 16) | SMART,
        timeout: TIMEOUT_MILLISECONDS,
        ..Command::default()
    };
    // SAFETY: the structure is the kernel's, `address` and `length` name a buffer that lives during the call, and the
    // command only reads from the drive.
    let status = unsafe { libc::ioctl(device.as_raw_fd(), ADMIN_COMMAND as _, &raw mut command) };
    (status == 0).then(|| parse(&page))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(warning: u8, spare: u8, threshold: u8, used: u8) -> Vec<u8> {
        // Temperature 310 K, as a drive fills it.
        let mut page = vec![warning, 54, 1, spare, threshold, used];
        page.resize(PAGE, 0);
        page
    }

    #[test]
    fn wear_and_warnings() {
        let word = |page: Vec<u8>| parse(&page).map(|health| health.word);
        assert_eq!(
            parse(&page(0, 100, 10, 7)),
            Some(Health {
                endurance_utilization: 0.07,
                word: "ok"
            })
        );
        assert_eq!(word(page(2, 100, 10, 7)), Some("ok"), "heat passes");
        assert_eq!(word(page(0, 5, 10, 90)), Some("warning"));
        assert_eq!(word(page(0, 100, 10, 130)), Some("warning"));
        assert_eq!(word(page(4, 100, 10, 7)), Some("failing"));
        assert_eq!(parse(&[0; PAGE]), None);
        assert_eq!(parse(&[1; 100]), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_drive_is_no_answer() {
        assert_eq!(ask("nvme99n1"), None);
        assert_eq!(ask("sda"), None);
        assert_eq!(ask("nvme"), None);
    }
}
