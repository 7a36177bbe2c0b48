//! What this process itself costs, where /proc does not say it.
//!
//! Invariant: plain numbers since the start of the process; a call that fails gives zeros, which no budget mistakes for much.
//!
//! Not here: budgets (the agent's `limits`).

/// CPU seconds and resident bytes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    pub cpu: f64,
    pub memory: u64,
    pub memory_peak: u64,
}

/// This process now.
#[cfg(windows)]
#[allow(unsafe_code)]
pub fn own() -> Usage {
    use windows_sys::Win32::Foundation::FILETIME;
    use windows_sys::Win32::System::ProcessStatus::{
        K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS,
    };
    use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessTimes};
    let mut memory = PROCESS_MEMORY_COUNTERS::default();
    let (mut began, mut ended, mut kernel, mut user) = (
        FILETIME::default(),
        FILETIME::default(),
        FILETIME::default(),
        FILETIME::default(),
    );
    // SAFETY: the pseudo handle is always valid; the structure's size is passed with it; four times are written.
    unsafe {
        let process = GetCurrentProcess();
        K32GetProcessMemoryInfo(
            process,
            &mut memory,
            size_of::<PROCESS_MEMORY_COUNTERS>() as u32,
        );
        GetProcessTimes(process, &mut began, &mut ended, &mut kernel, &mut user);
    }
    let seconds = |time: FILETIME| {
        (u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime)) as f64 / 1e7
    };
    Usage {
        cpu: seconds(kernel) + seconds(user),
        memory: memory.WorkingSetSize as u64,
        memory_peak: memory.PeakWorkingSetSize as u64,
    }
}

/// This process now.
#[cfg(unix)]
#[allow(unsafe_code)]
pub fn own() -> Usage {
    // SAFETY: the structure is plain numbers, for which zeros are valid, and is written by the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    // Linux counts kilobytes, macOS bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let peak = u64::try_from(usage.ru_maxrss)
        .unwrap_or(0)
        .saturating_mul(unit);
    Usage {
        cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        // What it holds now is not offered here: the peak is the careful answer.
        memory: peak,
        memory_peak: peak,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_costs_something() {
        let usage = own();
        assert!(usage.memory_peak > 100_000 && usage.memory_peak >= usage.memory);
        assert!(usage.cpu >= 0.0);
    }
}
