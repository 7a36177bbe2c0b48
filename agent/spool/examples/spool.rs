//! What a durable append costs: the spool against the least that durability can cost, a plain file with one write and one
//! `fdatasync` per append. The two take turns, so that a machine that slows down slows both.
//!
//! Prints JSON lines `name, unit, value, peer, peer_value, ratio`; run by `cargo xtask bench spool`.
#![allow(clippy::unwrap_used)]

use std::{
    fs::File,
    io::Write as _,
    time::{Duration, Instant},
};

use weft_agent_spool::{Disk, Limits, Spool};

/// One report's worth of observations per append, as the pipeline does it.
const APPENDS: usize = 1_500;
const PAYLOAD: usize = 8 * 1024;

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits {
        max_bytes: 1 << 30,
        ..Limits::default()
    };
    let (mut spool, _) = Spool::open(Disk, dir.path().join("spool"), limits, [7; 16], 0).unwrap();
    let mut plain = File::create(dir.path().join("plain")).unwrap();
    // Incompressible by any clever disk: a simple generator, seeded.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut payload = vec![0_u8; PAYLOAD];
    let (mut ours, mut theirs) = (Vec::with_capacity(APPENDS), Vec::with_capacity(APPENDS));
    for wall in 0..APPENDS {
        for chunk in payload.chunks_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
        }
        let began = Instant::now();
        spool.append(&[(1, &payload)], wall as u64).unwrap();
        ours.push(began.elapsed());
        let began = Instant::now();
        plain.write_all(&payload).unwrap();
        plain.sync_data().unwrap();
        theirs.push(began.elapsed());
    }
    tell("spool.append.p50", &median(&mut ours), &median(&mut theirs));
    tell(
        "spool.append.total",
        &ours.iter().sum(),
        &theirs.iter().sum(),
    );
    let written = spool.stats().bytes as f64;
    let payload = (APPENDS * PAYLOAD) as f64;
    line("spool.bytes_on_disk", "By", written, "payload", payload);
    spool.acknowledge(APPENDS as u64).unwrap();
    line(
        "spool.bytes_after_ack",
        "By",
        spool.stats().bytes as f64,
        "payload",
        payload,
    );
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn tell(name: &str, ours: &Duration, peer: &Duration) {
    line(
        name,
        "s",
        ours.as_secs_f64(),
        "plain file + fdatasync",
        peer.as_secs_f64(),
    );
}

fn line(name: &str, unit: &str, value: f64, peer: &str, peer_value: f64) {
    let ratio = value / peer_value;
    println!(
        "{{\"name\":\"{name}\",\"unit\":\"{unit}\",\"value\":{value},\"peer\":\"{peer}\",\"peer_value\":{peer_value},\"ratio\":{ratio:.3}}}"
    );
}
