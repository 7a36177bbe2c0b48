//! The engine dies in the middle: nothing acknowledged is lost, nothing is stored twice.

use std::{process::Command, time::Duration};

use super::{
    house::{House, eventually},
    laptop::{EPOCH, Laptop, hello, report},
};

const PART: u64 = 50;
const PARTS: u64 = 60;

fn kill(pid: u32) {
    let killed = Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
}

/// Children of this very process whose command line runs the engine in `dir`.
fn engines(dir: &str) -> Vec<u32> {
    let listed = Command::new("ps")
        .args(["-eo", "pid,args"])
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    listed
        .lines()
        .filter(|line| line.contains(dir) && line.contains("engine --config"))
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect()
}

#[tokio::test]
async fn kill_9_of_the_engine_loses_and_doubles_nothing() {
    let house = House::alone();
    let dir = house.rooms.config.data.dir.display().to_string();
    let laptop = Laptop::new(&house).await;
    let mut acknowledged = 0;
    let mut talk = laptop.open(&house, PART * PARTS + 1).await;
    let mut sent = 0;
    for round in 0..PARTS {
        let mut part = report(sent + 1, sent + PART);
        part.next_seq = PART * PARTS + 1;
        talk.send(part).await;
        sent += PART;
        if round % 20 == 10 {
            for pid in engines(&dir) {
                kill(pid);
            }
        }
        if round % 7 == 0 {
            acknowledged = talk.ack().await.durable_seq;
        }
    }
    while acknowledged < sent {
        acknowledged = talk.ack().await.durable_seq;
    }
    let books = eventually("the engine answers again", async || {
        house.rooms.telemetry.books(laptop.device).await.ok()
    })
    .await;
    assert_eq!((books.stored, books.rejected, books.lost), (sent, 0, 0));
}

/// The collector itself stops between an insert and its Ack; the agent comes back with everything.
#[tokio::test]
async fn a_restart_of_everything_keeps_the_numbers() {
    let mut house = House::alone();
    let laptop = Laptop::new(&house).await;
    let all = 400;
    let mut rounds = 0;
    loop {
        let mut greeting = hello(EPOCH, all + 1);
        greeting.service_version = format!("round {rounds}");
        let talk = laptop.try_open(&house, greeting, None).await.unwrap();
        let durable = talk.welcome.durable_seq;
        if durable == all {
            break;
        }
        for first in (durable + 1..=all).step_by(100).take(2) {
            let mut part = report(first, (first + 99).min(all));
            part.next_seq = all + 1;
            talk.send(part).await;
        }
        tokio::time::timeout(
            Duration::from_millis(50 * rounds),
            std::future::pending::<()>(),
        )
        .await
        .unwrap_err();
        drop(talk);
        house = tokio::task::spawn_blocking(|| house.restart())
            .await
            .unwrap();
        rounds += 1;
        assert!(rounds < 20, "no progress");
    }
    assert_eq!(house.books(laptop.device).await.stored, all);
}
