//! Runs a tool of the system with a time limit and an output limit.
//!
//! Invariant: a call returns within its deadline and holds at most `max_bytes` of output, whatever the child does; the
//! child is killed and reaped before the call returns.
//!
//! Not here: a shell. Arguments are passed as they are, the environment is reduced to a neutral locale and zone.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How much of a child's time and output we take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub time: Duration,
    pub max_bytes: usize,
    /// Stop reading, and the child, after this many lines.
    pub max_lines: usize,
}

/// What came back.
#[derive(Debug, Default)]
pub struct Output {
    pub stdout: Vec<u8>,
    /// The child ended by itself and said 0.
    pub success: bool,
    /// We stopped reading at a limit: `stdout` is a prefix.
    pub cut: bool,
}

/// Runs `program` with `args`. `None` when it does not exist or cannot be started.
pub fn run(program: &str, args: &[&str], limits: Limits) -> Option<Output> {
    run_and_read(program, args, limits, false)
}

/// The same for a tool that answers on standard error (`codesign`).
#[cfg(target_os = "macos")]
pub fn run_for_words(program: &str, args: &[&str], limits: Limits) -> Option<Output> {
    run_and_read(program, args, limits, true)
}

fn run_and_read(program: &str, args: &[&str], limits: Limits, words: bool) -> Option<Output> {
    let (out, err) = if words {
        (Stdio::null(), Stdio::piped())
    } else {
        (Stdio::piped(), Stdio::null())
    };
    let mut child = Command::new(program)
        .args(args)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("SYSTEMD_COLORS", "0")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .ok()?;
    let stdout: Box<dyn Read + Send> = match (child.stdout.take(), child.stderr.take()) {
        (Some(out), _) => Box::new(out),
        (None, Some(err)) => Box::new(err),
        (None, None) => return None,
    };
    let deadline = Instant::now() + limits.time;
    let (send, receive) = mpsc::sync_channel::<Vec<u8>>(4);
    // The pipe is read on its own thread so that a silent child cannot hold us beyond the deadline. Killing the child
    // closes the pipe, which ends the thread; a grandchild that keeps it open costs one parked thread, never a wait.
    let reader = std::thread::Builder::new()
        .name("command-output".into())
        .stack_size(64 * 1024)
        .spawn(move || pump(stdout, &send));
    if reader.is_err() {
        end(&mut child);
        return None;
    }
    let mut output = collect(&receive, deadline, limits);
    output.success = finish(&mut child, deadline, output.cut);
    Some(output)
}

fn pump(mut from: impl Read, to: &mpsc::SyncSender<Vec<u8>>) {
    let mut buffer = vec![0_u8; 16 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => {
                if to.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn collect(from: &mpsc::Receiver<Vec<u8>>, deadline: Instant, limits: Limits) -> Output {
    let mut output = Output::default();
    let mut lines = 0;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match from.recv_timeout(left) {
            Ok(chunk) => {
                lines += chunk.iter().filter(|byte| **byte == b'\n').count();
                output.stdout.extend_from_slice(&chunk);
                if output.stdout.len() >= limits.max_bytes || lines >= limits.max_lines {
                    output.stdout.truncate(limits.max_bytes);
                    output.cut = true;
                    return output;
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return output,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                output.cut = true;
                return output;
            }
        }
    }
}

fn finish(child: &mut Child, deadline: Instant, cut: bool) -> bool {
    if cut {
        end(child);
        return false;
    }
    // Its output is closed; give it until the deadline to leave.
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
            _ => {
                end(child);
                return false;
            }
        }
    }
}

fn end(child: &mut Child) {
    // Both may fail only because the child is already gone, which is what we want.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SHORT: Limits = Limits {
        time: Duration::from_millis(300),
        max_bytes: 1000,
        max_lines: 10,
    };

    #[test]
    fn a_silent_child_is_ended_at_the_deadline() {
        let begin = Instant::now();
        let output = run("sleep", &["30"], SHORT).unwrap();
        assert!(output.cut && !output.success);
        assert!(begin.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn an_endless_child_is_cut_at_the_output_limit() {
        let output = run("yes", &[], SHORT).unwrap();
        assert!(output.cut);
        assert!(output.stdout.len() <= 1000);
    }

    #[test]
    fn an_ordinary_child_succeeds() {
        let output = run("echo", &["one"], SHORT).unwrap();
        assert!(output.success && !output.cut);
        assert_eq!(output.stdout, b"one\n");
    }

    #[test]
    fn a_missing_program_is_none() {
        assert!(run("no-such-program-here", &[], SHORT).is_none());
    }
}
