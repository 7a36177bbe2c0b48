//! Who may see and do what: role x object x field, decided here and nowhere else, tested as a table.
//!
//! **Invariant: what is not allowed here is forbidden.** Callers ask [`allows`] before they load, and [`fields`] before they
//! show; neither looks at anything but its arguments. Not here: who somebody is (sessions) and what is written down about
//! a look (audit and ledger): the answer's [`Decision::must_be_logged`] says only whether it has to be.
//!
//! | | own device | other devices: health, boots, vitals, inventory | other devices: processes, apps | threads |
//! | --- | --- | --- | --- | --- |
//! | user (peer) | everything | context card only | never | everybody's, and those they were asked into; no whispers |
//! | technician | everything | yes | never | everybody's and the staff's, with whispers; not security's |
//! | security | everything | yes | yes | all |
//! | admin | everything | yes | yes | all |

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    device::DeviceId,
    finding::{Finding, Kind, Subject},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everybody: own device, threads.
    User,
    /// Collaborator with a technician's view of devices.
    Technician,
    /// Shadow-IT and process review.
    Security,
    /// IT: fleet, tokens, policy, accounts.
    Admin,
}

/// Whose a space is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    Everyone,
    /// Technicians, security and admins.
    Staff,
    /// Security and admins: talk about what people run.
    Security,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Viewer {
    pub account: Uuid,
    pub roles: Vec<Role>,
    pub team: String,
    /// Devices that they own.
    pub devices: Vec<DeviceId>,
}

impl Viewer {
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Technicians, security and admins: those who are told more than peers.
    pub fn is_staff(&self) -> bool {
        self.is(Role::Technician) || self.is(Role::Security) || self.is(Role::Admin)
    }

    pub fn owns(&self, device: DeviceId) -> bool {
        self.devices.contains(&device)
    }

    /// Security and admins: those who review what people run.
    pub fn reviews(&self) -> bool {
        self.is(Role::Security) || self.is(Role::Admin)
    }

    fn is_of(&self, audience: Audience) -> bool {
        match audience {
            Audience::Everyone => true,
            Audience::Staff => self.is_staff(),
            Audience::Security => self.reviews(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    See,
    /// Create, edit, post, confirm, set.
    Change,
    /// Acknowledge, resolve, judge an anomaly; confirm or reject a link.
    Judge,
    /// Close, hide, move what others wrote.
    Moderate,
    /// Remove for good, revoke.
    Remove,
}

/// What an anomaly is about, as far as visibility goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnomalyScope<'a> {
    pub kind: Kind,
    /// The only device it is about; `None` for a cohort.
    pub subject: Option<DeviceId>,
    /// All devices it names.
    pub devices: &'a [DeviceId],
}

impl<'a> From<&'a Finding> for AnomalyScope<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            kind: finding.kind,
            subject: match finding.subject {
                Subject::Device(device) => Some(device),
                Subject::Cohort(_) => None,
            },
            devices: &finding.devices,
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object<'a> {
    /// A device's page: name, model, state, health. [`fields`] says what of it.
    Device(DeviceId),
    Boots(DeviceId),
    Vitals(DeviceId),
    Inventory(DeviceId),
    Processes(DeviceId),
    Apps(DeviceId),
    Books(DeviceId),
    /// The literal records that a device sent.
    Observations(DeviceId),
    /// Who looked at a device.
    Ledger(DeviceId),
    Certificate(DeviceId),
    /// What a thread shows of a device; the owner decides.
    ContextCard(DeviceId),
    /// All devices: lists, overview, cohorts.
    Fleet,
    Anomaly(AnomalyScope<'a>),
    /// A rule that hides anomalies of this kind.
    Rule(Kind),
    Thread {
        /// Of its space.
        audience: Audience,
        /// The viewer was asked into this one.
        invited: bool,
    },
    /// In a thread that the viewer may otherwise see.
    Post {
        author: Uuid,
        whisper: bool,
    },
    /// A link between a thread and an anomaly that the viewer may otherwise see.
    Link(AnomalyScope<'a>),
    /// Apps of the whole fleet, with teams and trends.
    AppReview,
    Verdicts,
    Audit,
    Tokens,
    Accounts,
    Policy,
    /// Talk that is mirrored elsewhere, with the credentials for it.
    Bridges,
    /// Read-only SQL over everything that devices reported.
    Sql,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Allow,
    /// Allowed, and the device's owner is told: it is written into the ledger.
    AllowAndTell,
    /// Allowed without the names of other people's devices.
    AllowWithoutOthers,
    Deny,
}

impl Decision {
    pub fn is_allowed(self) -> bool {
        self != Self::Deny
    }

    pub fn must_be_logged(self) -> bool {
        self == Self::AllowAndTell
    }
}

/// The table.
pub fn allows(viewer: &Viewer, action: Action, object: &Object<'_>) -> Decision {
    match action {
        Action::See => sees(viewer, object),
        Action::Change => only_if(changes(viewer, object)),
        Action::Judge => only_if(judges(viewer, object)),
        Action::Moderate => only_if(moderates(viewer, object)),
        Action::Remove => only_if(removes(viewer, object)),
    }
}

fn sees(viewer: &Viewer, object: &Object<'_>) -> Decision {
    match object {
        Object::Device(device)
        | Object::Boots(device)
        | Object::Vitals(device)
        | Object::Inventory(device)
        | Object::Books(device) => of_device(viewer, *device, viewer.is_staff()),
        Object::Processes(device) | Object::Apps(device) => {
            of_device(viewer, *device, viewer.reviews())
        }
        Object::Observations(device) | Object::Ledger(device) => {
            of_device(viewer, *device, viewer.is(Role::Admin))
        }
        Object::Certificate(device) => of_device(viewer, *device, viewer.is(Role::Admin)),
        Object::ContextCard(_) => Decision::Allow,
        Object::Fleet => only_if(viewer.is_staff()),
        Object::Anomaly(scope) | Object::Link(scope) => sees_anomaly(viewer, scope),
        Object::Rule(kind) => only_if(if is_private(*kind) {
            viewer.reviews()
        } else {
            viewer.is_staff()
        }),
        Object::Thread { audience, invited } => only_if(*invited || viewer.is_of(*audience)),
        Object::Post { author, whisper } => {
            only_if(!whisper || viewer.is_staff() || *author == viewer.account)
        }
        Object::AppReview | Object::Verdicts => only_if(viewer.reviews()),
        Object::Audit
        | Object::Tokens
        | Object::Accounts
        | Object::Policy
        | Object::Bridges
        | Object::Sql => only_if(viewer.is(Role::Admin)),
    }
}

/// Kinds that say what a person runs: never for peers, and for technicians only about their own device.
pub fn is_private(kind: Kind) -> bool {
    matches!(kind, Kind::Process | Kind::App | Kind::Compound)
}

fn sees_anomaly(viewer: &Viewer, scope: &AnomalyScope<'_>) -> Decision {
    if scope.subject.is_some_and(|device| viewer.owns(device)) {
        return Decision::Allow;
    }
    if viewer.reviews() || (viewer.is_staff() && !is_private(scope.kind)) {
        return Decision::Allow;
    }
    // Somebody whose own device is part of an outbreak learns of it, not of whom else it hit.
    let takes_part = scope.devices.iter().any(|device| viewer.owns(*device));
    if takes_part && scope.subject.is_none() && !is_private(scope.kind) {
        return Decision::AllowWithoutOthers;
    }
    Decision::Deny
}

fn of_device(viewer: &Viewer, device: DeviceId, by_role: bool) -> Decision {
    match (viewer.owns(device), by_role) {
        (true, _) => Decision::Allow,
        (false, true) => Decision::AllowAndTell,
        (false, false) => Decision::Deny,
    }
}

fn changes(viewer: &Viewer, object: &Object<'_>) -> bool {
    match object {
        Object::Thread { audience, invited } => *invited || viewer.is_of(*audience),
        // An edit is its author's; a whisper is written by staff.
        Object::Post { author, whisper } => {
            *author == viewer.account && (viewer.is_staff() || !whisper)
        }
        // What a thread shows of a device is its owner's decision, nobody else's.
        Object::ContextCard(device) => viewer.owns(*device),
        Object::Link(scope) => sees_anomaly(viewer, scope).is_allowed(),
        Object::Verdicts => viewer.reviews(),
        Object::Rule(kind) => may_rule(viewer, *kind),
        Object::Device(_)
        | Object::Tokens
        | Object::Accounts
        | Object::Policy
        | Object::Bridges => viewer.is(Role::Admin),
        _ => false,
    }
}

fn judges(viewer: &Viewer, object: &Object<'_>) -> bool {
    match object {
        Object::Anomaly(scope) => {
            let own =
                scope.subject.is_some_and(|device| viewer.owns(device)) && !is_private(scope.kind);
            own || may_rule(viewer, scope.kind)
        }
        // A link is confirmed by whoever can see both its ends.
        Object::Link(scope) => sees_anomaly(viewer, scope).is_allowed(),
        Object::Rule(kind) => may_rule(viewer, *kind),
        _ => false,
    }
}

fn may_rule(viewer: &Viewer, kind: Kind) -> bool {
    if is_private(kind) {
        viewer.reviews()
    } else {
        viewer.is_staff()
    }
}

/// Staff keep order, each where they may read.
fn moderates(viewer: &Viewer, object: &Object<'_>) -> bool {
    match object {
        Object::Thread { audience, invited } => {
            viewer.is_staff() && (*invited || viewer.is_of(*audience))
        }
        Object::Post { .. } => viewer.is_staff(),
        _ => false,
    }
}

fn removes(viewer: &Viewer, object: &Object<'_>) -> bool {
    match object {
        Object::Post { author, .. } => *author == viewer.account || viewer.is(Role::Admin),
        Object::Thread { .. } => viewer.is(Role::Admin),
        Object::Verdicts => viewer.reviews(),
        Object::Rule(kind) => may_rule(viewer, *kind),
        Object::Link(scope) => viewer.is_staff() && sees_anomaly(viewer, scope).is_allowed(),
        Object::Device(_)
        | Object::Certificate(_)
        | Object::Tokens
        | Object::Accounts
        | Object::Bridges => viewer.is(Role::Admin),
        _ => false,
    }
}

fn only_if(allowed: bool) -> Decision {
    if allowed {
        Decision::Allow
    } else {
        Decision::Deny
    }
}

/// Parts of a device that a screen may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Name,
    Model,
    OsType,
    OsBuild,
    /// Counts per day: expected and unexpected ends.
    BootsByDay,
    /// Comparison with devices of the same model, above the anonymity floor.
    Peers,
    Owner,
    Team,
    /// Single boots with cause, stop code and evidence.
    Boots,
    Vitals,
    Inventory,
    Health,
    Books,
    Processes,
    Apps,
    Certificate,
    Observations,
    Ledger,
}

/// What a peer sees of another's device, when its owner shares a context card.
pub const CARD: [Field; 6] = [
    Field::Name,
    Field::Model,
    Field::OsType,
    Field::OsBuild,
    Field::BootsByDay,
    Field::Peers,
];

/// The parts of `device` that `viewer` may see.
pub fn fields(viewer: &Viewer, device: DeviceId) -> BTreeSet<Field> {
    let mut fields: BTreeSet<Field> = CARD.into_iter().collect();
    let see = |object: Object<'_>| sees(viewer, &object).is_allowed();
    let more = [
        (Field::Owner, see(Object::Device(device))),
        (Field::Team, see(Object::Device(device))),
        (Field::Health, see(Object::Device(device))),
        (Field::Boots, see(Object::Boots(device))),
        (Field::Vitals, see(Object::Vitals(device))),
        (Field::Inventory, see(Object::Inventory(device))),
        (Field::Books, see(Object::Books(device))),
        (Field::Processes, see(Object::Processes(device))),
        (Field::Apps, see(Object::Apps(device))),
        (Field::Certificate, see(Object::Certificate(device))),
        (Field::Observations, see(Object::Observations(device))),
        (Field::Ledger, see(Object::Ledger(device))),
    ];
    fields.extend(
        more.into_iter()
            .filter(|(_, allowed)| *allowed)
            .map(|(field, _)| field),
    );
    fields
}

/// People below this number could be recognised in a statistic; peers never see a smaller group.
pub const ANONYMITY_FLOOR: usize = 5;

/// True when `viewer` may read a figure about a group of `devices` devices.
pub fn may_read_group(viewer: &Viewer, devices: usize) -> bool {
    viewer.is_staff() || devices >= ANONYMITY_FLOOR
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: u128) -> DeviceId {
        DeviceId(Uuid::from_u128(n))
    }

    fn viewer(roles: &[Role]) -> Viewer {
        Viewer {
            account: Uuid::from_u128(7),
            roles: roles.to_vec(),
            team: "Design".to_owned(),
            devices: vec![device(1)],
        }
    }

    fn scope(kind: Kind, devices: &[DeviceId], one: bool) -> AnomalyScope<'_> {
        AnomalyScope {
            kind,
            subject: one.then(|| devices[0]),
            devices,
        }
    }

    fn thread(audience: Audience, invited: bool) -> Object<'static> {
        Object::Thread { audience, invited }
    }

    fn post(author: Uuid, whisper: bool) -> Object<'static> {
        Object::Post { author, whisper }
    }

    /// Columns: user, technician, security, admin. `y` allowed, `-` denied, `t` allowed and told, `o` without others.
    #[test]
    fn the_table() {
        let (own, other, both) = ([device(1)], [device(2)], [device(1), device(2)]);
        let me = Uuid::from_u128(7);
        let them = Uuid::from_u128(8);
        use Action::{Change, Judge, Moderate, Remove, See};
        let table: Vec<(Action, Object<'_>, &str)> = vec![
            (See, Object::Device(own[0]), "yyyy"),
            (See, Object::Processes(own[0]), "yyyy"),
            (See, Object::Apps(own[0]), "yyyy"),
            (See, Object::Ledger(own[0]), "yyyy"),
            (See, Object::Observations(own[0]), "yyyy"),
            (See, Object::Device(other[0]), "-ttt"),
            (See, Object::Boots(other[0]), "-ttt"),
            (See, Object::Vitals(other[0]), "-ttt"),
            (See, Object::Inventory(other[0]), "-ttt"),
            (See, Object::Books(other[0]), "-ttt"),
            (See, Object::Processes(other[0]), "--tt"),
            (See, Object::Apps(other[0]), "--tt"),
            (See, Object::Observations(other[0]), "---t"),
            (See, Object::Ledger(other[0]), "---t"),
            (See, Object::Certificate(other[0]), "---t"),
            (See, Object::ContextCard(other[0]), "yyyy"),
            (See, Object::Fleet, "-yyy"),
            (
                See,
                Object::Anomaly(scope(Kind::Reboot, &own, true)),
                "yyyy",
            ),
            (
                See,
                Object::Anomaly(scope(Kind::Process, &own, true)),
                "yyyy",
            ),
            (See, Object::Anomaly(scope(Kind::App, &own, true)), "yyyy"),
            (
                See,
                Object::Anomaly(scope(Kind::Reboot, &other, true)),
                "-yyy",
            ),
            (
                See,
                Object::Anomaly(scope(Kind::Capacity, &other, true)),
                "-yyy",
            ),
            (
                See,
                Object::Anomaly(scope(Kind::Process, &other, true)),
                "--yy",
            ),
            (See, Object::Anomaly(scope(Kind::App, &other, true)), "--yy"),
            (
                See,
                Object::Anomaly(scope(Kind::Compound, &other, true)),
                "--yy",
            ),
            (
                See,
                Object::Anomaly(scope(Kind::Reboot, &both, false)),
                "oyyy",
            ),
            (See, Object::Anomaly(scope(Kind::App, &both, false)), "--yy"),
            (
                See,
                Object::Link(scope(Kind::Process, &both, false)),
                "--yy",
            ),
            (See, thread(Audience::Everyone, false), "yyyy"),
            (See, thread(Audience::Staff, false), "-yyy"),
            (See, thread(Audience::Security, false), "--yy"),
            (See, thread(Audience::Security, true), "yyyy"),
            (See, post(them, true), "-yyy"),
            (See, post(them, false), "yyyy"),
            (See, post(me, true), "yyyy"),
            (See, Object::AppReview, "--yy"),
            (See, Object::Verdicts, "--yy"),
            (See, Object::Audit, "---y"),
            (See, Object::Tokens, "---y"),
            (See, Object::Bridges, "---y"),
            (Change, Object::Bridges, "---y"),
            (Remove, Object::Bridges, "---y"),
            (See, Object::Accounts, "---y"),
            (See, Object::Policy, "---y"),
            (See, Object::Sql, "---y"),
            (Change, Object::Verdicts, "--yy"),
            (Change, Object::Policy, "---y"),
            (Change, Object::Tokens, "---y"),
            (Change, post(me, false), "yyyy"),
            (Change, post(me, true), "-yyy"),
            (Change, post(them, false), "----"),
            (Change, thread(Audience::Everyone, false), "yyyy"),
            (Change, thread(Audience::Staff, false), "-yyy"),
            (Change, thread(Audience::Security, false), "--yy"),
            (Change, thread(Audience::Security, true), "yyyy"),
            (Change, Object::ContextCard(own[0]), "yyyy"),
            (Change, Object::ContextCard(other[0]), "----"),
            (Change, Object::Boots(own[0]), "----"),
            (
                Judge,
                Object::Anomaly(scope(Kind::Reboot, &own, true)),
                "yyyy",
            ),
            (
                Judge,
                Object::Anomaly(scope(Kind::Process, &own, true)),
                "--yy",
            ),
            (
                Judge,
                Object::Anomaly(scope(Kind::Reboot, &other, true)),
                "-yyy",
            ),
            (Judge, Object::Link(scope(Kind::App, &other, true)), "--yy"),
            (Moderate, thread(Audience::Everyone, false), "-yyy"),
            (Moderate, thread(Audience::Security, false), "--yy"),
            (Moderate, thread(Audience::Security, true), "-yyy"),
            (Moderate, Object::Device(own[0]), "----"),
            (Remove, Object::Device(own[0]), "---y"),
            (Remove, Object::Audit, "----"),
            (Remove, post(me, false), "yyyy"),
            (Remove, post(them, false), "---y"),
        ];
        let viewers = [
            &[Role::User][..],
            &[Role::User, Role::Technician],
            &[Role::User, Role::Security],
            &[Role::User, Role::Admin],
        ];
        for (action, object, expect) in table {
            let got: String = viewers
                .iter()
                .map(|roles| match allows(&viewer(roles), action, &object) {
                    Decision::Allow => 'y',
                    Decision::AllowAndTell => 't',
                    Decision::AllowWithoutOthers => 'o',
                    Decision::Deny => '-',
                })
                .collect();
            assert_eq!(got, expect, "{action:?} {object:?}");
        }
    }

    #[test]
    fn peers_and_technicians_never_see_what_somebody_runs() {
        for roles in [&[Role::User][..], &[Role::Technician]] {
            let fields = fields(&viewer(roles), device(2));
            assert!(
                !fields.contains(&Field::Processes) && !fields.contains(&Field::Apps),
                "{roles:?}"
            );
        }
        assert_eq!(
            fields(&viewer(&[Role::User]), device(2)),
            CARD.into_iter().collect()
        );
        assert!(fields(&viewer(&[Role::User]), device(1)).contains(&Field::Apps));
    }

    #[test]
    fn nobody_without_a_role_sees_more_than_a_peer() {
        let stranger = Viewer::default();
        assert_eq!(
            allows(&stranger, Action::See, &Object::Fleet),
            Decision::Deny
        );
        assert!(!may_read_group(&stranger, 4) && may_read_group(&stranger, 5));
    }
}
