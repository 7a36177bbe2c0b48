//! Every query of every Grafana board runs on the real engine, after its macros and variables are filled in.

use serde_json::Value;
use weft_collector_store::telemetry::Telemetry;
use weft_dashboards::grafana::BOARDS;

use crate::{
    events::{Laptop, at, one_of_each},
    sandbox::Sandbox,
};

const NOW: &str = "2026-11-20T12:00:00Z";

/// What the plugin makes of its macros (its README), for the last 30 days.
fn expanded(sql: &str) -> String {
    const FROM: &str = "toDateTime64('2026-10-21 12:00:00', 3, 'UTC')";
    const TO: &str = "toDateTime64('2026-11-20 13:00:00', 3, 'UTC')";
    let mut sql = sql
        .replace("$__fromTime", FROM)
        .replace("$__toTime", TO)
        .replace("${database}", "weft")
        .replace("'${simulated}'", "'yes'")
        .replace("${model:singlequote}", "'ThinkPad T14', 'Model''s'");
    for (name, put) in [
        ("$__timeFilter_ms(", format!("(@ >= {FROM} AND @ <= {TO})")),
        (
            "$__timeInterval_ms(",
            "toStartOfInterval(@, INTERVAL 3600000 millisecond)".to_owned(),
        ),
    ] {
        while let Some((before, after)) = sql.split_once(name) {
            let (column, rest) = after.split_once(')').unwrap();
            sql = format!("{before}{}{rest}", put.replace('@', column));
        }
    }
    // A chosen value: the condition stands; "All" would make it 1=1.
    while let Some((before, after)) = sql.split_once("$__conditionalAll(") {
        let (condition, rest) = after.split_once(", $model)").unwrap();
        sql = format!("{before}({condition}){rest}");
    }
    sql
}

async fn runs(telemetry: &Telemetry, of: &str, sql: &str) -> Vec<serde_json::Map<String, Value>> {
    let sql = expanded(sql);
    assert!(
        !sql.contains('$'),
        "{of}: a macro that this test does not know: {sql}"
    );
    telemetry
        // As a server has it: Grafana sets nothing.
        .look(&format!("{sql} SETTINGS prefer_column_name_to_alias = 0"))
        .await
        .unwrap_or_else(|error| panic!("{of}: {error}\n{sql}"))
}

#[tokio::test]
async fn every_panel_of_every_board_gets_an_answer() {
    let sandbox = Sandbox::start().await;
    let telemetry = &sandbox.telemetry;
    let mut laptop = Laptop::new(1, at(NOW));
    let mut report = one_of_each(&mut laptop, at(NOW));
    report.push(laptop.lost(3));
    telemetry.insert(&report).await.unwrap();
    telemetry.fold(at(NOW)).await.unwrap();

    let mut uids = Vec::new();
    for (name, text) in BOARDS {
        let board: Value = serde_json::from_str(text).unwrap();
        uids.push(board["uid"].as_str().unwrap().to_owned());
        assert!(
            board["id"].is_null() && board["schemaVersion"] == 39,
            "{name}"
        );
        let variables = board["templating"]["list"].as_array().unwrap();
        assert_eq!(variables[0]["type"], "datasource", "{name}");
        for variable in variables
            .iter()
            .filter(|variable| variable["type"] == "query")
        {
            let rows = runs(telemetry, name, variable["query"].as_str().unwrap()).await;
            assert!(!rows.is_empty(), "{name}: {}", variable["name"]);
        }
        for panel in board["panels"].as_array().unwrap() {
            let of = format!("{name}: {}", panel["title"]);
            assert!(
                panel["description"]
                    .as_str()
                    .is_some_and(|words| !words.is_empty()),
                "{of}"
            );
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{of}");
            for target in panel["targets"].as_array().unwrap() {
                let rows = runs(telemetry, &of, target["rawSql"].as_str().unwrap()).await;
                if target["format"] == 0 && !rows.is_empty() {
                    assert!(rows[0].contains_key("time"), "{of}: a series needs a time");
                }
            }
        }
    }
    uids.sort();
    uids.dedup();
    assert_eq!(uids.len(), BOARDS.len(), "a board's uid is its address");
}

#[tokio::test]
async fn a_look_changes_nothing() {
    let sandbox = Sandbox::start().await;
    for sql in [
        "DROP TABLE observations",
        "INSERT INTO folds (stored_to) VALUES (now())",
        "SELECT 1; SELECT 2",
    ] {
        assert!(sandbox.telemetry.look(sql).await.is_err(), "{sql}");
    }
}
