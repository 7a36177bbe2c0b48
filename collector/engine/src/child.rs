//! The child's side: load the library, become a ClickHouse server, leave when the parent is gone.
//!
//! This is the collector's only `unsafe`: two foreign functions of `libchdb.so` and the `_exit` of the C library. Nothing
//! here returns to Rust code that could be confused by what the engine did to the process.
#![allow(unsafe_code)]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    io::Read as _,
    path::Path,
};

use libloading::{Library, Symbol};

/// Start listening, then block for ever: the engine lives as long as its first query. One row per block, because a block
/// may sleep at most 3 s.
const QUERY: &str = "SYSTEM START LISTEN HTTP; \
    SELECT sleepEachRow(1) FROM numbers(1000000000000) SETTINGS max_block_size = 1 FORMAT Null";

type QueryCmdline = unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut c_void;
type ResultError = unsafe extern "C" fn(*mut c_void) -> *const c_char;
type Exit = unsafe extern "C" fn(c_int) -> !;

/// Runs the engine with the configuration file that the parent wrote. Never returns: exit code 0 when the parent went
/// away, 1 when the engine gave up (its words are on standard error).
pub fn child_main(config: &Path, library: &Path) -> ! {
    let failure = run(config, library);
    eprintln!("engine: {failure}");
    std::process::exit(1)
}

/// Returns only on failure, with the reason.
fn run(config: &Path, library: &Path) -> String {
    let exit = match immediate_exit() {
        Ok(exit) => exit,
        Err(error) => return format!("no _exit in this process: {error}"),
    };
    std::thread::spawn(move || leave_with_parent(exit));

    // SAFETY: loading runs the library's initialisers. The file is the pinned ClickHouse build that the operator named;
    // this process exists for nothing else and has touched no other foreign code.
    let engine = match unsafe { Library::new(library) } {
        Ok(engine) => engine,
        Err(error) => return format!("cannot load {}: {error}", library.display()),
    };
    // SAFETY: the signature is the one that libchdb exports: `chdb_result *chdb_query_cmdline(int, char **)`.
    let query: Symbol<'_, QueryCmdline> = match unsafe { engine.get(b"chdb_query_cmdline\0") } {
        Ok(symbol) => symbol,
        Err(error) => return format!("{} is no libchdb: {error}", library.display()),
    };
    // SAFETY: the signature is the one that libchdb exports: `const char *chdb_result_error(chdb_result *)`.
    let error_of: Symbol<'_, ResultError> = match unsafe { engine.get(b"chdb_result_error\0") } {
        Ok(symbol) => symbol,
        Err(error) => return format!("{} is no libchdb: {error}", library.display()),
    };

    let words = [
        "clickhouse".to_owned(),
        format!("--config-file={}", config.display()),
        "-n".to_owned(),
        "--query".to_owned(),
        QUERY.to_owned(),
    ];
    let Ok(mut owned) = words
        .map(CString::new)
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
    else {
        return "a path with a NUL byte cannot be used".to_owned();
    };
    // The engine follows the C habit of a terminating null and of writable arguments; `owned` stays alive below.
    let mut arguments: Vec<*mut c_char> = owned
        .iter_mut()
        .map(|word| word.as_ptr().cast_mut())
        .collect();
    let count = arguments.len() as c_int;
    arguments.push(std::ptr::null_mut());

    // SAFETY: `arguments` holds `count` valid C strings and a null, all alive until the call returns.
    let result = unsafe { query(count, arguments.as_mut_ptr()) };
    if result.is_null() {
        return "the engine ended without a word".to_owned();
    }
    // SAFETY: `result` is the non-null handle that the call above returned; the function reads it only.
    let message = unsafe { error_of(result) };
    if message.is_null() {
        return "the engine's endless query ended".to_owned();
    }
    // SAFETY: a non-null message is a C string owned by `result`, which nobody frees.
    unsafe { CStr::from_ptr(message) }
        .to_string_lossy()
        .into_owned()
}

/// Waits for the end of standard input. `_exit`, not `exit`: the handlers of a running engine would wait for its
/// endless query. What was acknowledged is on disk already.
fn leave_with_parent(exit: Exit) {
    let mut buffer = [0_u8; 64];
    while matches!(std::io::stdin().read(&mut buffer), Ok(read) if read > 0) {}
    // SAFETY: `_exit` takes an int, never returns and runs no code of this process.
    unsafe { exit(0) }
}

fn immediate_exit() -> Result<Exit, libloading::Error> {
    let this = Library::from(libloading::os::unix::Library::this());
    // SAFETY: `void _exit(int)` is POSIX; every C library has it with this signature.
    let exit = unsafe { this.get::<Exit>(b"_exit\0") }?;
    let exit = *exit;
    // The process image stays mapped as long as the process lives, so the pointer outlives this handle.
    std::mem::forget(this);
    Ok(exit)
}
