#![allow(clippy::unwrap_used)]
use weft_collector_core::telling::{Paces, Preferences, Quiet};

use super::*;

fn now() -> Timestamp {
    "2026-03-10T12:00:00Z".parse().unwrap()
}

fn item(n: u128, kind: NoticeKind, minutes_ago: i64) -> Item {
    Item {
        id: Uuid::from_u128(n),
        account: Uuid::nil(),
        kind,
        thread: Uuid::from_u128(1000 + n),
        post: Some(Uuid::from_u128(2000 + n)),
        actor: None,
        anomaly: None,
        words: String::new(),
        at: now() - SignedDuration::from_mins(minutes_ago),
    }
}

fn planned(items: Vec<Item>, preferences: Preferences, letters: u64) -> (usize, usize, Vec<usize>) {
    let muted = Uuid::from_u128(9999);
    let wishes = Wishes::new(preferences);
    let plan = plan(items, &wishes, |thread| thread == muted, letters, now());
    let bundles = plan.bundles.iter().map(Vec::len).collect();
    (plan.dropped.len(), plan.singles.len(), bundles)
}

fn talk(count: u128) -> Vec<Item> {
    (0..count).map(|n| item(n, NoticeKind::Post, 1)).collect()
}

#[test]
fn everything_is_told_dropped_or_waits() {
    let with = |mail: Paces| Preferences {
        mail,
        ..Preferences::default()
    };
    let all = |pace| {
        with(Paces {
            direct: pace,
            talk: pace,
            outcome: pace,
            machines: pace,
            staff: pace,
        })
    };
    // (dropped, singles, bundles)
    assert_eq!(planned(talk(3), all(Pace::Instant), 0), (0, 3, vec![]));
    assert_eq!(planned(talk(6), all(Pace::Instant), 0), (0, 0, vec![6]));
    assert_eq!(planned(talk(3), all(Pace::Off), 0), (3, 0, vec![]));
    assert_eq!(planned(talk(3), all(Pace::Digest), 0), (3, 0, vec![]));
    assert_eq!(planned(talk(3), all(Pace::Hourly), 0), (0, 0, vec![]));
    let mut old = vec![item(9, NoticeKind::Post, 60)];
    old.extend(talk(2));
    assert_eq!(planned(old.clone(), all(Pace::Hourly), 0), (0, 0, vec![3]));
    // A muted thread is dropped at every pace.
    assert_eq!(
        planned(
            vec![item(8999, NoticeKind::Mention, 1)],
            all(Pace::Instant),
            0
        ),
        (1, 0, vec![])
    );
    // Machines wait for the hour while people are answered at once.
    let mixed = vec![
        item(1, NoticeKind::Linked, 5),
        item(2, NoticeKind::Mention, 5),
    ];
    assert_eq!(planned(mixed, Preferences::default(), 0), (0, 1, vec![]));
}

#[test]
fn the_hour_has_a_limit_and_its_last_letter_takes_all() {
    let wishes = Preferences::default;
    assert_eq!(planned(talk(3), wishes(), PER_HOUR - 3), (0, 3, vec![]));
    assert_eq!(planned(talk(3), wishes(), PER_HOUR - 2), (0, 0, vec![3]));
    assert_eq!(planned(talk(3), wishes(), PER_HOUR), (0, 0, vec![]));
    assert_eq!(
        planned(talk(150), wishes(), PER_HOUR - 1),
        (0, 0, vec![150])
    );
}

#[test]
fn quiet_hours_hold_everything_but_what_is_not_wanted() {
    let quiet = Preferences {
        quiet: Some(Quiet {
            from: 11 * 60,
            until: 13 * 60,
        }),
        ..Preferences::default()
    };
    let mut items = talk(3);
    items.push(item(8999, NoticeKind::Mention, 1));
    assert_eq!(planned(items.clone(), quiet.clone(), 0), (1, 0, vec![]));
    let awake = Preferences {
        zone: "Europe/Berlin".to_owned(),
        ..quiet
    };
    // 13:00 in Berlin.
    assert_eq!(planned(items, awake, 0), (1, 3, vec![]));
}
