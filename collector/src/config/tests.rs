#![allow(clippy::unwrap_used)]
use std::{fs, time::Duration};

use super::*;

fn with_file(text: &str) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("collector.toml");
    fs::write(&file, text).unwrap();
    Config::load(Some(&file), [])
}

fn with_variable(name: &str, value: &str) -> Result<Config, ConfigError> {
    Config::load(None, [(name.to_owned(), value.to_owned())])
}

#[test]
fn the_default_file_is_a_whole_configuration() {
    let config = Config::load(None, []).unwrap();
    assert_eq!(config.grpc.listen.port(), 7443);
    assert_eq!(
        config.certificates.device_validity,
        Lasting(Duration::from_secs(14 * 86_400))
    );
    assert_eq!(config.control_url(), "sqlite:weft-data/weft.db");
    assert_eq!(config.public_url(), "http://127.0.0.1:7480");
}

#[test]
fn a_file_changes_what_it_names_and_nothing_else() {
    let config = with_file("[http]\nlisten = \"0.0.0.0:80\"\n").unwrap();
    assert_eq!(config.http.listen.port(), 80);
    assert_eq!(config.grpc.listen.port(), 7443);
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let message = |text| with_file(text).unwrap_err().to_string();
    assert!(message("[grpc]\nlisen = \"x\"\n").contains("\"grpc.listen\""));
    assert!(message("[gprc]\nlisten = \"x\"\n").contains("\"grpc\""));
    let variable = with_variable("WEFT_COLLECTOR__LIMITS__WINDO", "3")
        .unwrap_err()
        .to_string();
    assert!(variable.contains("\"limits.window\""), "{variable}");
}

#[test]
fn the_environment_wins_and_is_typed() {
    let config = with_variable("WEFT_COLLECTOR__LIMITS__WINDOW", "3").unwrap();
    assert_eq!(config.limits.window, 3);
    let config = with_variable("WEFT_COLLECTOR__GRPC__NAMES", "a.example, b.example").unwrap();
    assert_eq!(config.grpc.names, ["a.example", "b.example"]);
    let wrong = with_variable("WEFT_COLLECTOR__LIMITS__WINDOW", "many")
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("a whole number"), "{wrong}");
}

#[test]
fn secrets_are_masked() {
    let url = (
        "WEFT_COLLECTOR__CONTROL__URL".to_owned(),
        "postgres://weft:hunter2@db/weft".to_owned(),
    );
    let password = (
        "WEFT_COLLECTOR__ENGINE__PASSWORD".to_owned(),
        "hunter2".to_owned(),
    );
    let printed = Config::masked(None, [url, password]).unwrap();
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("postgres://weft:***@db/weft"), "{printed}");
    let debug = format!(
        "{:?}",
        with_variable("WEFT_COLLECTOR__ENGINE__PASSWORD", "hunter2").unwrap()
    );
    assert!(!debug.contains("hunter2"));
}

#[test]
fn a_duration_that_is_none_says_how_to_write_one() {
    let message = with_file("[detect]\ninterval = \"soon\"\n")
        .unwrap_err()
        .to_string();
    assert!(message.contains("90s"), "{message}");
}

#[test]
fn a_call_template_is_https_and_has_one_room() {
    let message = |text| with_file(text).unwrap_err().to_string();
    let refused = message("[threads]\ncall_url = \"http://meet.example/{thread}\"\n");
    assert!(
        refused.contains("https://meet.example/weft-{thread}"),
        "{refused}"
    );
    let config = with_file("[threads]\ncall_url = \"https://meet.example/{thread}\"\n").unwrap();
    assert!(config.call_template().unwrap().is_some());
    assert!(
        Config::load(None, [])
            .unwrap()
            .call_template()
            .unwrap()
            .is_none()
    );
}

#[test]
fn minutes_are_what_the_code_assumes_and_can_be_set() {
    let config = Config::load(None, []).unwrap();
    assert_eq!(config.impact, Minutes::default());
    let config = with_variable("WEFT_COLLECTOR__IMPACT__CRASH", "7.5").unwrap();
    assert_eq!(config.impact.crash, 7.5);
    let whole = with_file("[impact]\ncrash = 30\n").unwrap();
    assert_eq!(whole.impact.crash, 30.0);
    let refused = with_file("[impact]\nupdate = -1.0\n")
        .unwrap_err()
        .to_string();
    assert!(refused.contains("impact.update"), "{refused}");
}
