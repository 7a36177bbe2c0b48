//! Stories of shadow IT. An app of a story is used by nobody else, so that what is said about it is said about the story.

use rand::Rng as _;
use weft_collector_core::verdict::Judged;

use super::Stage;
use crate::{
    life::{TEAMS, usage, verdict},
    world::{Use, World},
};

const APP_RULES: [&str; 6] = [
    "app.new",
    "app.growth",
    "app.unsanctioned",
    "app.volume",
    "app.personal_account",
    "app.foreign_account",
];

fn from_team(stage: &mut Stage<'_>, most: usize, least: usize) -> Option<Vec<usize>> {
    let mut teams: Vec<(usize, &str)> = TEAMS
        .iter()
        .map(|team| {
            let free = (0..stage.world.laptops.len())
                .filter(|index| !stage.world.cast.contains(index))
                .filter(|index| stage.world.laptops[*index].team == *team)
                .count();
            (free, *team)
        })
        .collect();
    teams.sort_unstable();
    let (_, team) = teams.pop()?;
    let cast = stage.cast(most, |world, index| world.laptops[index].team == team);
    (cast.len() >= least).then_some(cast)
}

fn first_sight(world: &World, device: usize, at: f64) -> f64 {
    at.max(world.laptops[device].enrolled + 2.0)
}

/// Judged before it came.
pub fn unsanctioned(stage: &mut Stage<'_>) -> Option<()> {
    let devices = from_team(stage, 3, 1)?;
    stage.world.verdicts.push((
        stage.day - 20.0,
        verdict("wetransfer", Judged::Unsanctioned),
    ));
    for device in &devices {
        let at = stage.day + stage.random.random_range(0.0..0.8);
        stage.awake(*device, 4.0);
        stage.world.uses.push(Use {
            app: "wetransfer",
            name: "WeTransfer",
            category: "file_transfer",
            ..usage(*device, at)
        });
    }
    stage
        .expect("app.unsanctioned", &APP_RULES, &devices, (2.0, 90.0))
        .word = "wetransfer".to_owned();
    Some(())
}

/// Nobody had it, nobody decided.
pub fn new_app(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    stage.awake(device, 4.0);
    let at = stage.day + 0.4;
    stage.world.uses.push(Use {
        app: "anydesk",
        name: "AnyDesk",
        category: "remote_access",
        ..usage(device, at)
    });
    stage
        .expect("app.new", &APP_RULES, &[device], (2.0, 30.0))
        .word = "anydesk".to_owned();
    Some(())
}

/// A team drifts: one more every few days.
pub fn growth(stage: &mut Stage<'_>) -> Option<()> {
    let devices = from_team(stage, 9, 4)?;
    let step = stage.random.random_range(2.0..4.5);
    for (position, device) in devices.iter().enumerate() {
        let at = stage.day + step * position as f64 + stage.random.random_range(0.0..1.0);
        let at = first_sight(stage.world, *device, at);
        stage.world.uses.push(Use {
            app: "dropbox",
            name: "Dropbox",
            category: "cloud_sync",
            account: "personal",
            domain: "gmail.com",
            weekly: 300 << 20,
            ..usage(*device, at)
        });
    }
    let by = step * (devices.len() as f64).min(7.0) + 6.0;
    stage
        .expect("app.growth", &APP_RULES, &devices, (by, 90.0))
        .word = "dropbox".to_owned();
    Some(())
}

/// Tolerated, used for long, and suddenly twenty times as much.
pub fn volume(stage: &mut Stage<'_>) -> Option<()> {
    let devices = from_team(stage, 2, 1)?;
    stage
        .world
        .verdicts
        .push((-50.0, verdict("googledrive", Judged::Tolerated)));
    for (position, device) in devices.iter().enumerate() {
        let from = stage.world.laptops[*device].enrolled + 0.2;
        stage.awake(*device, 9.0);
        let day = stage.day;
        stage.world.uses.push(Use {
            app: "googledrive",
            name: "Google Drive",
            category: "cloud_sync",
            weekly: 300 << 20,
            surge: (position == 0).then_some((day, 12 << 30)),
            ..usage(*device, from)
        });
    }
    stage
        .expect("app.volume", &APP_RULES, &devices[..1], (7.0, 40.0))
        .word = "google drive".to_owned();
    Some(())
}

/// The sanctioned client, signed in to somebody else's tenant.
pub fn foreign(stage: &mut Stage<'_>) -> Option<()> {
    moved(
        stage,
        "app.foreign_account",
        "foreign_tenant",
        "othercorp.example",
        "onedrive",
    )
}

pub fn personal(stage: &mut Stage<'_>) -> Option<()> {
    moved(
        stage,
        "app.personal_account",
        "personal",
        "outlook.com",
        "onedrive",
    )
}

fn moved(
    stage: &mut Stage<'_>,
    rule: &'static str,
    account: &'static str,
    domain: &'static str,
    app: &str,
) -> Option<()> {
    let device = stage.one()?;
    stage.awake(device, 4.0);
    let day = stage.day;
    let one = stage
        .world
        .uses
        .iter_mut()
        .find(|one| one.device == device && one.app == app)?;
    one.moved = Some((day + 0.2, account, domain));
    stage.expect(rule, &APP_RULES, &[device], (2.5, 90.0)).word = app.to_owned();
    Some(())
}

/// Tolerated until the story's day.
pub fn expired(stage: &mut Stage<'_>) -> Option<()> {
    let devices = from_team(stage, 2, 1)?;
    let until = stage.world.at(stage.day);
    let mut tolerated = verdict("trello-sync", Judged::Tolerated);
    tolerated.until = Some(until);
    stage.world.verdicts.push((-50.0, tolerated));
    for device in &devices {
        let from = stage.world.laptops[*device].enrolled + 0.2;
        stage.awake(*device, 4.0);
        stage.world.uses.push(Use {
            app: "trello-sync",
            name: "Board Sync",
            category: "cloud_sync",
            ..usage(*device, from)
        });
    }
    stage
        .expect("app.unsanctioned", &APP_RULES, &devices, (1.5, 90.0))
        .word = "board sync".to_owned();
    Some(())
}
