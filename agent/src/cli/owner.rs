//! The owner's commands: `status`, `doctor`, `sent`.
//!
//! Invariant: they only read, and they work while the agent runs and when it does not.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::{Place, output};
use crate::{
    config::Config,
    doctor,
    identity::{Identity, IdentityError},
    sent, status,
};

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
    /// How far back, e.g. 90m, 24h, 2d, 1w
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = span, allow_hyphen_values = true)]
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
        Err(error) => return no_identity(&error, &config, arguments.json),
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
            object.insert("enrolled".into(), true.into());
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
    let mut shown = 0_u64;
    let mut unreadable = None;
    let printed = output::print(|out| {
        let mut result = Ok(());
        unreadable = sent::read(&config.state, since, |record| {
            shown += 1;
            if result.is_ok() {
                result = writeln!(out, "{record}");
            }
        })
        .err();
        result
    });
    if let Some(error) = unreadable {
        let forbidden = error.kind() == std::io::ErrorKind::PermissionDenied;
        eprintln!(
            "weft-agent: the journal of what was sent, in {}: {error}{}",
            config.state.display(),
            if forbidden { AS_OWNER } else { "" }
        );
        return if forbidden { 77 } else { 1 };
    }
    if shown == 0 {
        if let Err(error) = Identity::load(&config.state) {
            return no_identity(&error, &config, false);
        }
        eprintln!("weft-agent: nothing left this laptop in that time");
    }
    printed
}

/// What helps where the files belong to the service's account.
const AS_OWNER: &str =
    ": they belong to the account of the agent, so say `sudo` before the command";

/// Says why there is no identity, as JSON too where that was asked for. 77 where another account has one, 78 where nobody.
fn no_identity(error: &IdentityError, config: &Config, json: bool) -> u8 {
    // Who may not look cannot tell.
    let (code, enrolled, help) = match error {
        IdentityError::Forbidden(_) => (77, None, AS_OWNER.to_owned()),
        IdentityError::NotEnrolled(_) => (78, Some(false), doctor::elsewhere(config)),
        _ => (78, Some(true), String::new()),
    };
    let words = format!("{error}{help}");
    if json {
        let answer = serde_json::json!({ "enrolled": enrolled, "error": words });
        output::print(|out| output::line(out, &answer));
    }
    eprintln!("weft-agent: {words}");
    code
}

fn span(text: &str) -> Result<SignedDuration, String> {
    let wrong =
        || format!("{text:?} is no time span: write a number and s, m, h, d or w, e.g. 24h");
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(wrong)?;
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
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
        assert_eq!(span("1w"), Ok(SignedDuration::from_hours(168)));
        for wrong in [
            "",
            "h",
            "24",
            "-1h",
            "1y",
            "1.5h",
            "é",
            "99999999999999999999d",
        ] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
