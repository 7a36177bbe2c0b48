//! The control store on both databases with the same calls: SQLite always; PostgreSQL when `WEFT_TEST_POSTGRES` names an
//! empty database (`postgres://user@host/db`), because no test may assume a server.
#![allow(clippy::unwrap_used)]

use std::{env, sync::Arc};

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;
use weft_collector_core::device::DeviceId;
use weft_collector_store::control::{
    Control,
    audit::{Entry, Outcome},
    certificates::NewCertificate,
    devices::{Device, NewDevice, State, Wanted},
    streams::Stream,
    tokens::{NewToken, Token},
};

/// The databases to test; the directory holds SQLite's file.
async fn databases() -> Vec<(Control, Arc<TempDir>)> {
    let dir = Arc::new(TempDir::new().unwrap());
    let sqlite = format!("sqlite:{}", dir.path().join("weft.db").display());
    let urls = [Some(sqlite), env::var("WEFT_TEST_POSTGRES").ok()];
    let mut opened = Vec::new();
    for url in urls.into_iter().flatten() {
        opened.push((Control::connect(&url).await.unwrap(), dir.clone()));
    }
    opened
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

async fn token(control: &Control, uses: u32) -> Token {
    let id = Uuid::new_v4();
    let new = NewToken {
        id,
        name: "test".to_owned(),
        secret_hash: id.to_string(),
        team: "Berlin".to_owned(),
        owner: None,
        device_name: String::new(),
        simulated: false,
        uses,
        created_by: "test".to_owned(),
        created_at: at(1),
        expires_at: at(100),
    };
    control.tokens().insert(new).await.unwrap()
}

async fn device(control: &Control, token: &Token, installation: &str) -> Device {
    let new = NewDevice {
        id: DeviceId(Uuid::new_v4()),
        name: "LT-1".to_owned(),
        owner: None,
        team: token.team.clone(),
        os_type: "linux".to_owned(),
        model: String::new(),
        agent_version: "1".to_owned(),
        simulated: false,
        token: token.id,
        installation: installation.to_owned(),
        at: at(2),
    };
    control.devices().insert(control.db(), new).await.unwrap()
}

#[tokio::test]
async fn a_tokens_uses_are_given_once_each_however_many_ask() {
    for (control, _dir) in databases().await {
        let token = token(&control, 3).await;
        let take = async || {
            let transaction = control.begin().await.unwrap();
            let taken = control
                .tokens()
                .take_use(&transaction, token.id)
                .await
                .unwrap();
            transaction.commit().await.unwrap();
            taken
        };
        let taken = futures::future::join_all((0..8).map(|_| take())).await;
        assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 3);
        let found = control
            .tokens()
            .of_secret(control.db(), &token.id.to_string())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.uses_left, 0);
        assert!(control.tokens().revoke(token.id, at(5)).await.unwrap());
        assert!(!control.tokens().revoke(token.id, at(6)).await.unwrap());
        assert!(
            control
                .tokens()
                .list()
                .await
                .unwrap()
                .iter()
                .any(|listed| listed.id == token.id && listed.revoked)
        );
    }
}

#[tokio::test]
async fn a_device_is_known_by_its_installation_and_keeps_what_it_learned() {
    for (control, _dir) in databases().await {
        let token = token(&control, 3).await;
        let made = device(&control, &token, "00ff").await;
        let devices = control.devices();
        let again = devices
            .of_installation(control.db(), token.id, "00ff")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(again, made);
        assert!(
            devices
                .of_installation(control.db(), Uuid::new_v4(), "00ff")
                .await
                .unwrap()
                .is_none()
        );
        devices
            .set_traits(made.id, "Lenovo T14", "linux", "12")
            .await
            .unwrap();
        devices.set_traits(made.id, "", "", "13").await.unwrap();
        devices.touch(made.id, at(50), Some(-7), "").await.unwrap();
        devices.touch(made.id, at(51), None, "2").await.unwrap();
        assert!(
            devices
                .set_state(made.id, State::Retired, "sold")
                .await
                .unwrap()
        );
        let now = devices.get(made.id).await.unwrap().unwrap();
        assert_eq!(
            (now.traits.model.as_str(), now.traits.os_build.as_str()),
            ("Lenovo T14", "13")
        );
        assert_eq!(
            (now.last_report, now.clock_skew, now.agent_version.as_str()),
            (Some(at(51)), Some(-7), "2")
        );
        assert_eq!(
            (now.state, now.state_reason.as_str()),
            (State::Retired, "sold")
        );
        assert!(
            !devices
                .set_state(DeviceId(Uuid::new_v4()), State::Revoked, "")
                .await
                .unwrap()
        );
    }
}

#[tokio::test]
async fn the_revocation_list_holds_what_would_still_pass() {
    for (control, _dir) in databases().await {
        let token = token(&control, 1).await;
        let device = device(&control, &token, "aa").await.id;
        let serial = |n: u32| format!("{n:02x}{}", device.0.simple());
        for (n, not_after) in [(1, 100), (2, 1_000)] {
            let new = NewCertificate {
                serial: serial(n),
                device,
                not_after: at(not_after),
                renew_after: at(50),
                issued_at: at(i64::from(n)),
                authority: n,
            };
            control
                .certificates()
                .insert(control.db(), new)
                .await
                .unwrap();
        }
        let ours = async |now| {
            let serials = control
                .certificates()
                .revoked_serials(at(now))
                .await
                .unwrap();
            let mut ours: Vec<String> = serials
                .into_iter()
                .filter(|found| found.ends_with(&serial(0)[2..]))
                .collect();
            ours.sort();
            ours
        };
        assert!(ours(10).await.is_empty());
        assert_eq!(
            control
                .certificates()
                .revoke_device(device, at(9), "stolen")
                .await
                .unwrap(),
            2
        );
        assert_eq!(
            control
                .certificates()
                .revoke_device(device, at(9), "stolen")
                .await
                .unwrap(),
            0
        );
        assert_eq!(ours(10).await, [serial(1), serial(2)]);
        assert_eq!(ours(500).await, [serial(2)]);
        let newest = control
            .certificates()
            .newest(device)
            .await
            .unwrap()
            .unwrap();
        assert!(newest.serial == serial(2) && newest.revoked);
        let mut all = control.certificates().newest_of_all().await.unwrap();
        assert_eq!(all.remove(&device).unwrap(), newest);
        assert_eq!(newest.authority, Some(2));
    }
}

#[tokio::test]
async fn an_audit_page_goes_on_where_the_last_one_ended() {
    for (control, _dir) in databases().await {
        let actor = Uuid::new_v4().to_string();
        // Far in the future: before everything that other tests wrote into a shared database.
        let base = 30_000_000_000 + i64::from(rand_second());
        for n in 0..7 {
            let entry = Entry {
                id: Uuid::now_v7(),
                // Three share a moment.
                at: at(base + n / 3),
                actor: actor.clone(),
                action: "test".to_owned(),
                object: n.to_string(),
                detail: String::new(),
                outcome: if n % 2 == 0 {
                    Outcome::Ok
                } else {
                    Outcome::Refused
                },
            };
            control.audit().write(entry).await.unwrap();
        }
        let mut seen = Vec::new();
        let mut before = Some((at(base + 10), Uuid::max()));
        while seen.len() < 7 {
            let page = control.audit().page(before, 2).await.unwrap();
            assert!(!page.is_empty());
            before = page.last().map(|entry| (entry.at, entry.id));
            seen.extend(
                page.into_iter()
                    .filter(|entry| entry.actor == actor)
                    .map(|entry| entry.object),
            );
        }
        assert_eq!(seen, ["6", "5", "4", "3", "2", "1", "0"]);
    }
}

/// Keeps runs on one shared database apart.
fn rand_second() -> u16 {
    Uuid::new_v4().as_u128() as u16
}

#[tokio::test]
async fn streams_settings_and_leases_work_alike() {
    for (control, _dir) in databases().await {
        let device = DeviceId(Uuid::new_v4());
        let stream = |epoch: u128, next_seq, durable_seq, last| Stream {
            device,
            epoch: Uuid::from_u128(epoch),
            next_seq,
            durable_seq,
            first_at: at(1),
            last_at: at(last),
        };
        control
            .streams()
            .note(vec![stream(1, 11, 4, 1), stream(2, 3, 2, 1)])
            .await
            .unwrap();
        control
            .streams()
            .note(vec![stream(1, 9, 8, 2)])
            .await
            .unwrap();
        let kept = control.streams().of_device(device).await.unwrap();
        assert!(kept.contains(&stream(1, 11, 8, 2)), "{kept:?}");
        assert_eq!(control.streams().sent().await.unwrap()[&device], 12);

        let name = Uuid::new_v4().to_string();
        let set = async |value| {
            control
                .settings()
                .set(&name, &value, "test", at(1))
                .await
                .unwrap()
        };
        assert_eq!(
            (
                set(json!(1)).await,
                set(json!(1)).await,
                set(json!(2)).await
            ),
            (1, 1, 2)
        );

        let lease: String = format!("lease-{name}");
        let (ours, theirs) = (Uuid::new_v4(), Uuid::new_v4());
        let take = async |holder, now| {
            control
                .leases()
                .take(&lease, holder, at(now), at(now + 10))
                .await
                .unwrap()
        };
        assert!(
            take(ours, 0).await
                && take(ours, 5).await
                && !take(theirs, 14).await
                && take(theirs, 15).await
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_together_make_one_schema() {
    let dir = TempDir::new().unwrap();
    let url = format!("sqlite:{}", dir.path().join("weft.db").display());
    let open = || {
        tokio::spawn({
            let url = url.clone();
            async move { Control::connect(&url).await.map(drop) }
        })
    };
    for opened in futures::future::join_all((0..6).map(|_| open())).await {
        opened.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_page_of_devices_follows_the_one_before_without_a_gap() {
    for (control, _dir) in databases().await {
        let token = token(&control, 1).await;
        // A team of its own: PostgreSQL's database is shared by the tests.
        let team = Uuid::new_v4().to_string();
        let transaction = control.begin().await.unwrap();
        for name in ["b", "B", "a", "C 100%", "ä", "c", "A"] {
            let new = NewDevice {
                id: DeviceId(Uuid::new_v4()),
                name: name.to_owned(),
                owner: None,
                team: team.clone(),
                os_type: "linux".to_owned(),
                model: String::new(),
                agent_version: "1".to_owned(),
                simulated: false,
                token: token.id,
                installation: Uuid::new_v4().to_string(),
                at: at(2),
            };
            control.devices().insert(&transaction, new).await.unwrap();
        }
        transaction.commit().await.unwrap();
        let all = Wanted {
            team: Some(team.to_uppercase()),
            ..Wanted::default()
        };
        let whole = control.devices().page(&all, None, 100).await.unwrap();
        assert_eq!(whole.len(), 7);
        let mut paged: Vec<Device> = Vec::new();
        loop {
            let after = paged
                .last()
                .map(|device| (device.traits.name.clone(), device.id.0));
            let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
            let page = control.devices().page(&all, after, 2).await.unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, whole);
        let words = Wanted {
            words: "c 100%".to_owned(),
            ..all.clone()
        };
        let found = control.devices().page(&words, None, 100).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].traits.name, "C 100%");
    }
}
