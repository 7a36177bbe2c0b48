//! The redactor: what it has not seen cannot be stored, because only it can make a [`Redacted`] value.
//!
//! Invariant: under the default policy no user name, home path, host name, file name of a person or command line passes, in
//! any field of any kind. Paths pass by an allow-list of public places; everything else is cut to its root.

mod path;
mod text;

use std::{collections::BTreeMap, path::Path};

use weft_proto::v1::{
    AgentHealth, App, Boot, Inventory, Observation, Process, Resume, Vitals, observation::Kind,
};

use crate::policy::Privacy;

pub use text::Secrets;

/// Longest text in any field: a path of this length says all it can.
const LONGEST_TEXT: usize = 512;

/// Most entries in any list of words.
const LONGEST_LIST: usize = 64;

/// A value that went through a [`Redactor`]. There is no other way to get one.
#[derive(Clone, Debug, PartialEq)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// What may be stored and sent.
    pub fn get(&self) -> &T {
        &self.0
    }
}

impl Redacted<Observation> {
    /// For the spool.
    pub fn encode(&self) -> Vec<u8> {
        prost::Message::encode_to_vec(&self.0)
    }
}

/// How often something was removed or shortened, by field.
pub type Counts = BTreeMap<&'static str, u64>;

/// Knows this machine's secrets and what IT may see.
#[derive(Clone, Debug)]
pub struct Redactor {
    secrets: Secrets,
    privacy: Privacy,
    counts: Counts,
}

impl Redactor {
    /// A redactor for one machine and policy.
    pub fn new(secrets: Secrets, privacy: Privacy) -> Self {
        Self {
            secrets,
            privacy,
            counts: Counts::new(),
        }
    }

    /// With this machine's people and names.
    pub fn of_machine(root: &Path, privacy: Privacy) -> Self {
        Self::new(Secrets::of_machine(root), privacy)
    }

    /// A new policy.
    pub fn set_privacy(&mut self, privacy: Privacy) {
        self.privacy = privacy;
    }

    /// New accounts may have appeared.
    pub fn set_secrets(&mut self, secrets: Secrets) {
        self.secrets = secrets;
    }

    /// Counts since the previous call.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// The gate.
    pub fn redact(&mut self, mut observation: Observation) -> Redacted<Observation> {
        match &mut observation.kind {
            Some(Kind::Boot(boot)) => self.boot(boot),
            Some(Kind::Resume(resume)) => self.resume(resume),
            Some(Kind::Process(process)) => self.process(process),
            Some(Kind::App(app)) => self.app(app),
            Some(Kind::Vitals(vitals)) => self.vitals(vitals),
            Some(Kind::Inventory(inventory)) => self.inventory(inventory),
            Some(Kind::AgentHealth(health)) => self.health(health),
            None => {}
        }
        Redacted(observation)
    }

    fn boot(&mut self, boot: &mut Boot) {
        self.machine("boot.boot_id", &mut boot.boot_id);
        self.word("boot.initiator", &mut boot.initiator);
        self.text("boot.stop_code", &mut boot.stop_code);
        self.list("boot.evidence", &mut boot.evidence);
        self.list("boot.tags", &mut boot.tags);
        self.public("boot.os_version", &mut boot.os_version);
    }

    fn resume(&mut self, resume: &mut Resume) {
        self.machine("resume.boot_id", &mut resume.boot_id);
        self.list("resume.evidence", &mut resume.evidence);
    }

    fn process(&mut self, process: &mut Process) {
        self.path("process.executable_path", &mut process.executable_path);
        // The name of a program from a package is public even where somebody is called like it.
        let (own, parent) = (
            process.package.is_empty(),
            process.parent_package.is_empty(),
        );
        for (field, value, is_personal) in [
            ("process.executable_name", &mut process.executable_name, own),
            (
                "process.parent_executable_name",
                &mut process.parent_executable_name,
                parent,
            ),
            (
                "process.original_file_name",
                &mut process.original_file_name,
                own,
            ),
        ] {
            if is_personal {
                self.program(field, value)
            } else {
                self.public(field, value)
            }
        }
        self.public("process.executable_sha256", &mut process.executable_sha256);
        self.public("process.package", &mut process.package);
        // A developer's own certificate is issued to a person.
        if process.signer.contains("Development") || process.signer.contains("Developer:") {
            self.word("process.signer", &mut process.signer);
        } else {
            self.public("process.signer", &mut process.signer);
        }
        self.public("process.parent_package", &mut process.parent_package);
        self.list("process.traits", &mut process.traits);
        self.word("process.script", &mut process.script);
        if self.privacy.command_lines {
            self.text("process.command_line", &mut process.command_line);
        } else if !process.command_line.is_empty() {
            process.command_line.clear();
            self.count("process.command_line");
        }
    }

    fn app(&mut self, app: &mut App) {
        self.public("app.app", &mut app.app);
        self.public("app.name", &mut app.name);
        self.public("app.category", &mut app.category);
        self.list("app.evidence", &mut app.evidence);
        self.list("app.flags", &mut app.flags);
        self.public("app.version", &mut app.version);
        let domain = text::domain(&app.account_domain);
        self.replace("app.account_domain", &mut app.account_domain, domain);
        self.word("app.account_domain", &mut app.account_domain);
    }

    fn vitals(&mut self, vitals: &mut Vitals) {
        self.machine("vitals.boot_id", &mut vitals.boot_id);
        vitals.filesystems.truncate(LONGEST_LIST);
        for filesystem in &mut vitals.filesystems {
            // "/" or a class; anything with a path in it is not for us to send.
            if filesystem.mountpoint != "/" && filesystem.mountpoint.contains(['/', '\\']) {
                filesystem.mountpoint = "other".into();
                self.count("vitals.filesystems.mountpoint");
            }
            self.word("vitals.filesystems.mountpoint", &mut filesystem.mountpoint);
            self.public("vitals.filesystems.type", &mut filesystem.r#type);
        }
    }

    fn inventory(&mut self, inventory: &mut Inventory) {
        if !self.privacy.host_name && !inventory.host_name.is_empty() {
            inventory.host_name.clear();
            self.count("inventory.host_name");
        }
        for (field, value) in [
            (
                "inventory.device_manufacturer",
                &mut inventory.device_manufacturer,
            ),
            (
                "inventory.device_model_name",
                &mut inventory.device_model_name,
            ),
            (
                "inventory.device_model_identifier",
                &mut inventory.device_model_identifier,
            ),
            ("inventory.host_arch", &mut inventory.host_arch),
            ("inventory.host_name", &mut inventory.host_name),
            ("inventory.os_type", &mut inventory.os_type),
            ("inventory.os_name", &mut inventory.os_name),
            ("inventory.os_version", &mut inventory.os_version),
            ("inventory.os_build_id", &mut inventory.os_build_id),
            ("inventory.os_kernel", &mut inventory.os_kernel),
            ("inventory.cpu_model_name", &mut inventory.cpu_model_name),
            ("inventory.bios_version", &mut inventory.bios_version),
            ("inventory.chassis", &mut inventory.chassis),
        ] {
            self.public(field, value);
        }
        inventory.disks.truncate(LONGEST_LIST);
        for disk in &mut inventory.disks {
            self.word("inventory.disks.name", &mut disk.name);
            self.public("inventory.disks.model", &mut disk.model);
            self.public("inventory.disks.type", &mut disk.r#type);
            self.public("inventory.disks.health", &mut disk.health);
        }
        inventory.batteries.truncate(LONGEST_LIST);
        for battery in &mut inventory.batteries {
            self.public("inventory.batteries.model", &mut battery.model);
            self.public("inventory.batteries.chemistry", &mut battery.chemistry);
        }
        inventory.components.truncate(LONGEST_LIST);
        for component in &mut inventory.components {
            self.public("inventory.components.name", &mut component.name);
            self.public("inventory.components.version", &mut component.version);
        }
    }

    fn health(&mut self, health: &mut AgentHealth) {
        self.public("agent_health.service_version", &mut health.service_version);
        self.list("agent_health.degraded", &mut health.degraded);
        self.list("agent_health.blind_spots", &mut health.blind_spots);
        // Their keys are words of the agent's own; held to it like everything else.
        for counts in [&mut health.dropped, &mut health.redacted] {
            let scrubbed = std::mem::take(counts).into_iter().map(|(mut key, count)| {
                self.text("agent_health.counts", &mut key);
                (key, count)
            });
            *counts = scrubbed.collect();
        }
    }

    /// A path: allow-listed places whole, homes to "~" and the policy's depth, the rest to its root. What is no path is text.
    fn path(&mut self, field: &'static str, value: &mut String) {
        if !path::is_rooted(value) {
            return self.text(field, value);
        }
        let kept = path::cut(value, self.secrets.homes(), self.privacy.home_path_depth);
        let kept = self.secrets.replace_in(&kept);
        self.replace(field, value, kept);
        self.limit(value);
    }

    /// Free text: paths in it are cut, addresses and secrets replaced.
    fn text(&mut self, field: &'static str, value: &mut String) {
        let kept = text::scrub(value, &self.secrets, self.privacy.home_path_depth);
        self.replace(field, value, kept);
        self.limit(value);
    }

    /// One name: secrets in it are replaced; a name that is a path is treated as text.
    fn word(&mut self, field: &'static str, value: &mut String) {
        if value.contains(['/', '\\', '@']) {
            return self.text(field, value);
        }
        let kept = self.secrets.replace_in(value);
        self.replace(field, value, kept);
        self.limit(value);
    }

    /// A program that nobody packaged: its maker may have given it a person's name.
    fn program(&mut self, field: &'static str, value: &mut String) {
        self.word(field, value);
        let kept = self.secrets.replace_inside(value);
        self.replace(field, value, kept);
    }

    /// Windows' ids of boots begin with the machine's name. It goes under every policy: an id must not change with one.
    fn machine(&mut self, field: &'static str, value: &mut String) {
        self.word(field, value);
        let kept = self.secrets.replace_host(value);
        self.replace(field, value, kept);
    }

    /// Comes from a vendor or a package, not from a person, so account names in it are coincidence ("Ubuntu" for a person called
    /// ubuntu); paths and addresses are still cut.
    fn public(&mut self, field: &'static str, value: &mut String) {
        if value.contains(['/', '\\', '~', '@']) {
            let kept = text::scrub_paths(value, &self.secrets, self.privacy.home_path_depth);
            self.replace(field, value, kept);
        }
        self.limit(value);
    }

    fn list(&mut self, field: &'static str, values: &mut Vec<String>) {
        values.truncate(LONGEST_LIST);
        for value in values {
            self.text(field, value);
            if !self.privacy.host_name {
                let kept = self.secrets.replace_host(value);
                self.replace(field, value, kept);
            }
        }
    }

    fn limit(&mut self, value: &mut String) {
        if value.len() > LONGEST_TEXT {
            let end = (0..=LONGEST_TEXT)
                .rev()
                .find(|index| value.is_char_boundary(*index))
                .unwrap_or(0);
            value.truncate(end);
        }
    }

    fn replace(&mut self, field: &'static str, value: &mut String, kept: String) {
        if *value != kept {
            *value = kept;
            self.count(field);
        }
    }

    fn count(&mut self, field: &'static str) {
        *self.counts.entry(field).or_default() += 1;
    }
}
