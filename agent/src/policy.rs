//! What IT asks of this agent, and what applies when nobody asked anything.
//!
//! Invariant: a policy can only ask within the bounds written here: no cadence can turn the agent into a load, no quota can
//! fill the disk. The last policy is kept as readable JSON beside the identity, for the owner.

use std::{io, path::Path, time::Duration};

use weft_proto::v1::Policy;

use crate::notice::Desktop;

const FILE: &str = "policy.json";

/// Default looks: programs that live longer than this are seen without special rights.
const PROCESS: Bounds = Bounds {
    default: 15,
    least: 5,
    most: 3600,
};
const APP: Bounds = Bounds {
    default: 300,
    least: 60,
    most: 86_400,
};
const VITALS: Bounds = Bounds {
    default: 30,
    least: 10,
    most: 3600,
};
const INVENTORY: Bounds = Bounds {
    default: 86_400,
    least: 600,
    most: 604_800,
};
/// Ten seconds of company make one report of what one look found, and keep a console lively.
const SHIP: Bounds = Bounds {
    default: 10,
    least: 1,
    most: 3600,
};

/// Two samples of vitals travel together.
const SHIP_IDLE: Duration = Duration::from_secs(60);

/// 3 MB is the promise for a day at rest; a bad day may cost ten times that, not more.
const BYTES_PER_DAY: u64 = 32 * 1024 * 1024;

struct Bounds {
    default: u32,
    least: u32,
    most: u32,
}

impl Bounds {
    fn apply(&self, asked: u32) -> Duration {
        let seconds = if asked == 0 {
            self.default
        } else {
            asked.clamp(self.least, self.most)
        };
        Duration::from_secs(seconds.into())
    }
}

/// The policy in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// 0: none was fetched yet.
    pub version: u64,
    /// Between two looks at processes.
    pub process: Duration,
    /// Between two looks at apps.
    pub app: Duration,
    /// Between two samples of vitals.
    pub vitals: Duration,
    /// Between two looks at the inventory.
    pub inventory: Duration,
    /// Longest wait of an observation.
    pub ship: Duration,
    /// The same for what is routine (vitals, health): fewer wake-ups of a laptop at rest.
    pub ship_idle: Duration,
    /// What may leave the laptop.
    pub privacy: Privacy,
    /// Observations beyond this are dropped and counted.
    pub bytes_per_day: u64,
    /// The spool's limits.
    pub spool: weft_agent_spool::Limits,
    /// Notices on the owner's desktop.
    pub notices: Desktop,
    /// As sent, for the probes and the owner.
    pub sent: Policy,
}

/// Everything is off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    /// Command lines travel.
    pub command_lines: bool,
    /// The host's name travels.
    pub host_name: bool,
    /// Folders kept below "~".
    pub home_path_depth: u32,
}

impl Default for Effective {
    fn default() -> Self {
        Self::of(Policy::default())
    }
}

impl Effective {
    /// Applies the bounds.
    pub fn of(policy: Policy) -> Self {
        let cadence = policy.cadence.unwrap_or_default();
        let privacy = policy.privacy.unwrap_or_default();
        let quota = policy.quota.unwrap_or_default();
        let spool = weft_agent_spool::Limits::default();
        let day = 24 * 60 * 60 * 1000;
        Self {
            version: policy.version,
            process: PROCESS.apply(cadence.process),
            app: APP.apply(cadence.app),
            vitals: VITALS.apply(cadence.vitals),
            inventory: INVENTORY.apply(cadence.inventory),
            ship: SHIP.apply(cadence.ship),
            // IT's own word holds for everything.
            ship_idle: match cadence.ship {
                0 => SHIP_IDLE,
                asked => SHIP.apply(asked),
            },
            privacy: Privacy {
                command_lines: privacy.command_lines,
                host_name: privacy.host_name,
                // Deeper than this is no place but a person's own order of things.
                home_path_depth: privacy.home_path_depth.min(8),
            },
            bytes_per_day: if quota.bytes_per_day == 0 {
                BYTES_PER_DAY
            } else {
                quota.bytes_per_day.max(64 * 1024)
            },
            spool: weft_agent_spool::Limits {
                max_bytes: match quota.spool_bytes {
                    0 => spool.max_bytes,
                    // Below a segment's worth the spool would drop every hour; above 1 GiB it is the owner's disk.
                    asked => asked.clamp(8 * 1024 * 1024, 1024 * 1024 * 1024),
                },
                max_age_ms: match quota.spool_days {
                    0 => spool.max_age_ms,
                    days => u64::from(days.min(365)) * day,
                },
            },
            notices: Desktop::of(policy.notices.clone().unwrap_or_default()),
            sent: policy,
        }
    }

    /// Whether IT left this probe on.
    pub fn allows(&self, probe: &str) -> bool {
        !self
            .sent
            .disabled_probes
            .iter()
            .any(|disabled| disabled == probe)
    }

    /// What differs from the defaults in privacy, in words for the owner.
    pub fn disclosures(&self) -> Vec<&'static str> {
        let mut words = Vec::new();
        if self.privacy.command_lines {
            words.push("IT asks for the command lines of programs");
        }
        if self.privacy.host_name {
            words.push("IT asks for this laptop's host name");
        }
        if self.privacy.home_path_depth > 0 {
            words.push("IT asks for folder names in your home when a program runs from there");
        }
        words
    }
}

/// The last policy that was fetched, or the default.
pub fn load(state: &Path) -> Effective {
    let stored = std::fs::read(state.join(FILE)).ok();
    stored
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .map(Effective::of)
        .unwrap_or_default()
}

/// Keeps a policy for the next start and for the owner's eyes.
///
/// # Errors
/// From the file system.
pub fn save(state: &Path, policy: &Policy) -> io::Result<()> {
    crate::state::replace(&state.join(FILE), &serde_json::to_vec_pretty(policy)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_proto::v1::{Cadence, Quota};

    #[test]
    fn a_policy_cannot_ask_beyond_the_bounds() {
        let policy = Policy {
            cadence: Some(Cadence {
                process: 1,
                ship: 1_000_000,
                ..Cadence::default()
            }),
            quota: Some(Quota {
                spool_bytes: 1,
                ..Quota::default()
            }),
            disabled_probes: vec!["app".into()],
            ..Policy::default()
        };
        let effective = Effective::of(policy);
        assert_eq!(
            (
                effective.process.as_secs(),
                effective.ship.as_secs(),
                effective.app.as_secs()
            ),
            (5, 3600, 300)
        );
        assert_eq!(effective.spool.max_bytes, 8 * 1024 * 1024);
        assert!(effective.allows("boot") && !effective.allows("app"));
        assert_eq!(Effective::default().privacy, Privacy::default());
    }
}
