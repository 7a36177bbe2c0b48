//! The owner's commands: `status`, `doctor`, `sent`.
//!
//! Invariant: they only read, and they work while the agent runs and when it does not.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::{Place, output};
use crate::{doctor, identity::Identity, sent, status};

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(super) struct Status {
    /// One JSON object on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// One JSON object on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// Arguments of `sent`.
#[derive(Debug, Args)]
pub(super) struct SentArgs {
    /// How far back, e.g. 90m, 24h, 2d
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = span)]
    last: SignedDuration,
    /// Accepted for symmetry: the records are always JSON lines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

pub(super) fn status(
    arguments: &Status,
    env: impl Fn(&str) -> Option<String>,
    clock: fn() -> Timestamp,
) -> u8 {
    let config = match arguments.place.load(env) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let identity = match Identity::load(&config.state) {
        Ok(identity) => identity,
        Err(error) => return output::failed(&error, 78),
    };
    let status = status::read(&config.state).unwrap_or_else(|| status::Status {
        device_id: identity.device_id.clone(),
        device_name: identity.device_name.clone(),
        server: identity.server.to_string(),
        ..status::Status::default()
    });
    let now = clock();
    if arguments.json {
        let mut json = serde_json::to_value(&status).unwrap_or_default();
        if let Some(object) = json.as_object_mut() {
            object.insert("running".into(), status.is_live(now).into());
        }
        return output::print(|out| output::line(out, &json));
    }
    output::print(|out| writeln!(out, "{}", status.describe(now)))
}

pub(super) fn doctor(
    arguments: &Doctor,
    env: impl Fn(&str) -> Option<String>,
    clock: fn() -> Timestamp,
) -> u8 {
    let report = match arguments.place.try_load(env) {
        // Wrong settings are the first thing that a doctor finds.
        Err(error) => doctor::bad_settings(&error),
        Ok(config) => {
            let runtime = match output::runtime() {
                Ok(runtime) => runtime,
                Err(code) => return code,
            };
            let report = runtime.block_on(doctor::examine(&config, clock));
            runtime.shutdown_background();
            report
        }
    };
    let printed = output::print(|out| match arguments.json {
        true => output::line(out, &report),
        false => write!(out, "{report}"),
    });
    if printed == 0 {
        report.exit_code()
    } else {
        printed
    }
}

pub(super) fn sent(
    arguments: &SentArgs,
    env: impl Fn(&str) -> Option<String>,
    clock: fn() -> Timestamp,
) -> u8 {
    let config = match arguments.place.load(env) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let since = clock()
        .checked_sub(arguments.last)
        .unwrap_or(Timestamp::MIN);
    output::print(|out| {
        let mut result = Ok(());
        sent::read(&config.state, since, |record| {
            if result.is_ok() {
                result = writeln!(out, "{record}");
            }
        })?;
        result
    })
}

fn span(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("{text:?} is no time span: write a number and s, m, h or d, e.g. 24h");
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(wrong)?;
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let total = number
        .checked_mul(seconds)
        .filter(|total| *total >= 0)
        .ok_or_else(wrong)?;
    Ok(SignedDuration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_as_people_write_them() {
        assert_eq!(span("24h"), Ok(SignedDuration::from_hours(24)));
        assert_eq!(span("2d"), Ok(SignedDuration::from_hours(48)));
        for wrong in ["", "h", "24", "-1h", "1w", "é"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
