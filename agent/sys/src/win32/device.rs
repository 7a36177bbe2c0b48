//! Questions to disks that need no rights: the device is opened for no access at all.
//!
//! Invariant: nothing is written to a device; each answer is a byte buffer for a pure reader.
#![allow(unsafe_code)]

use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_SHARE_READ, FILE_SHARE_WRITE, OPEN_EXISTING,
};
use windows_sys::Win32::System::IO::DeviceIoControl;
use windows_sys::Win32::System::Ioctl::{
    IOCTL_DISK_GET_DRIVE_GEOMETRY_EX, IOCTL_STORAGE_QUERY_PROPERTY,
};

use super::{Handle, wide};

/// The largest answer that we ask for (a NVMe health log is 512 bytes behind a head of 48).
const ANSWER: usize = 4096;

/// `\\.\PhysicalDrive<number>`, opened for questions.
pub fn disk(number: u32) -> Option<Handle> {
    let path = wide(&format!(r"\\.\PhysicalDrive{number}"));
    // SAFETY: `path` ends with zero and lives during the call; no access rights are asked for.
    unsafe {
        Handle::own(CreateFileW(
            path.as_ptr(),
            0,
            FILE_SHARE_READ | FILE_SHARE_WRITE,
            std::ptr::null(),
            OPEN_EXISTING,
            0,
            std::ptr::null_mut(),
        ))
    }
}

/// DISK_GEOMETRY_EX as bytes.
pub fn geometry(device: &Handle) -> Option<Vec<u8>> {
    ask(device, IOCTL_DISK_GET_DRIVE_GEOMETRY_EX, &[])
}

/// The answer to a STORAGE_PROPERTY_QUERY (its bytes in, the descriptor's bytes out).
pub fn property(device: &Handle, query: &[u8]) -> Option<Vec<u8>> {
    ask(device, IOCTL_STORAGE_QUERY_PROPERTY, query)
}

fn ask(device: &Handle, code: u32, question: &[u8]) -> Option<Vec<u8>> {
    let mut answer = vec![0_u8; ANSWER];
    let mut length = 0_u32;
    // SAFETY: both buffers live during the call and their lengths are passed with them; the device is open.
    let done = unsafe {
        DeviceIoControl(
            device.raw(),
            code,
            question.as_ptr().cast(),
            u32::try_from(question.len()).ok()?,
            answer.as_mut_ptr().cast(),
            ANSWER as u32,
            &mut length,
            std::ptr::null_mut(),
        )
    };
    if done == 0 {
        return None;
    }
    answer.truncate(usize::try_from(length).ok()?);
    Some(answer)
}
