//! No planted secret leaves, in any text field of any kind, under the default policy.

use proptest::prelude::*;
use weft_agent::{
    policy::Privacy,
    redact::{Redactor, Secrets},
};
use weft_proto::v1::{
    AgentHealth, App, Boot, Inventory, Observation, Process, Resume, Vitals, inventory,
    observation::Kind, vitals,
};

/// Words that must not be found in anything that is sent.
const PLANTED: [&str; 13] = [
    "annaberg",
    "Annabella",
    "quarterly-figures",
    "My Taxes",
    "ghp_s3cr3tt0k3n",
    "LAPTOP-OF-ANNA",
    "divorce",
    "hunter2",
    "payroll.xlsx",
    "özlem",
    "мария",
    "Steuern",
    "SN-4711",
];

/// How personal data comes: in paths of every system, quoted or not, in addresses, as names.
fn personal() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "/home/annaberg/quarterly-figures/payroll.xlsx".to_owned(),
        "/home/annaberg/My Taxes 2025/divorce.pdf".to_owned(),
        r"C:\Users\annaberg\Documents\My Taxes\payroll.xlsx".to_owned(),
        r"c:\users\Annabella Berg\divorce.docx".to_owned(),
        "/Users/annaberg/Library/divorce.app/Contents".to_owned(),
        "/srv/people/annaberg/quarterly-figures".to_owned(),
        "~/divorce/quarterly-figures".to_owned(),
        "~annaberg/divorce".to_owned(),
        "/run/media/annaberg/My Taxes/divorce".to_owned(),
        "/tmp/.X-annaberg/ghp_s3cr3tt0k3n".to_owned(),
        "file:///home/annaberg/divorce.odt".to_owned(),
        "annaberg@corp.example".to_owned(),
        "annabella.berg@divorce.example".to_owned(),
        r"\\fileserver\homes$\annaberg\My Taxes\divorce.exe".to_owned(),
        r"\\?\UNC\fileserver\divorce\payroll.xlsx".to_owned(),
        r"\\?\C:\Users\annaberg\divorce\x.exe".to_owned(),
        r"\Device\HarddiskVolume3\Users\annaberg\divorce\x.exe".to_owned(),
        r"D:\Steuern 2025\payroll.xlsx".to_owned(),
        "E:/divorce/My Taxes/x.exe".to_owned(),
        r"C:\Users\özlem\Belgeler\Steuern.pdf".to_owned(),
        "/home/мария/Документы/Steuern".to_owned(),
        "/tmp/.mount_AnnabeXy12/usr/bin/divorce".to_owned(),
        "/tmp/annaberg/quarterly-figures".to_owned(),
        "/var/folders/zz/annaberg/T/divorce".to_owned(),
        "/Volumes/Annabella's Steuern/divorce.app".to_owned(),
        "/media/annaberg/SN-4711/divorce".to_owned(),
        "https://annaberg:hunter2@cloud.example/divorce?token=ghp_s3cr3tt0k3n".to_owned(),
        "annaberg:hunter2@proxy.example".to_owned(),
        "/mnt/c/Users/annaberg/divorce".to_owned(),
        "/home/annaberg/.wine/drive_c/divorce.exe".to_owned(),
    ])
}

/// Names stand alone where free text may hold them.
fn words() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "annaberg",
        "Annabella",
        "ANNABERG",
        "session of annaberg",
        "annaberg's",
        "annaberg2024",
        "AnnabergBackup",
        "ÖZLEM",
        "Мария",
        "özlem_yedek",
    ]);
    let around = prop::sample::select(vec!["", "stopped by ", "\"", "path=", "(", "x: "]);
    (
        around,
        prop_oneof![personal(), name.prop_map(str::to_owned)],
    )
        .prop_map(|(before, text)| format!("{before}{text}"))
}

fn redactor(privacy: Privacy) -> Redactor {
    let names = ["annaberg", "Annabella", "özlem", "Мария"].map(str::to_owned);
    let homes = [
        "/home/annaberg".to_owned(),
        "/srv/people/annaberg".to_owned(),
    ];
    let secrets = Secrets::new(names, homes).with_hosts(["LAPTOP-OF-ANNA".to_owned()]);
    Redactor::new(secrets, privacy)
}

/// Fields that hold a vendor's word: account names in them are coincidence, paths and addresses are not.
const PUBLIC: [&str; 30] = [
    "boot.os_version",
    "process.executable_sha256",
    "process.package",
    "process.signer",
    "process.parent_package",
    "app.app",
    "app.name",
    "app.category",
    "app.version",
    "vitals.filesystems.type",
    "inventory.device_manufacturer",
    "inventory.device_model_name",
    "inventory.device_model_identifier",
    "inventory.host_arch",
    "inventory.os_type",
    "inventory.os_name",
    "inventory.os_version",
    "inventory.os_build_id",
    "inventory.os_kernel",
    "inventory.cpu_model_name",
    "inventory.bios_version",
    "inventory.chassis",
    "inventory.disks.model",
    "inventory.disks.type",
    "inventory.disks.health",
    "inventory.batteries.model",
    "inventory.batteries.chemistry",
    "inventory.components.name",
    "inventory.components.version",
    "agent_health.service_version",
];

/// Makes the JSON of an observation that holds a text in one field.
type Plant = Box<dyn Fn(&str) -> serde_json::Value>;

/// Every text field of every observation, as the wire itself tells them: names from the root down, and the JSON that sets
/// one to a text.
fn text_fields() -> Vec<(String, Plant)> {
    use prost::Message as _;
    use prost_types::{
        FileDescriptorSet,
        field_descriptor_proto::{Label, Type},
    };

    let set = FileDescriptorSet::decode(weft_proto::DESCRIPTORS).unwrap();
    let mut messages = std::collections::BTreeMap::new();
    let mut todo: Vec<_> = set
        .file
        .iter()
        .flat_map(|file| {
            file.message_type
                .iter()
                .map(|message| (format!(".{}.{}", file.package(), message.name()), message))
        })
        .collect();
    while let Some((name, message)) = todo.pop() {
        todo.extend(
            message
                .nested_type
                .iter()
                .map(|inner| (format!("{name}.{}", inner.name()), inner)),
        );
        messages.insert(name, message);
    }
    let mut found: Vec<(String, Plant)> = Vec::new();
    // (message, path, how a JSON value at that message becomes a whole observation)
    type Wrap = std::rc::Rc<dyn Fn(serde_json::Value) -> serde_json::Value>;
    let mut open: Vec<(&str, String, Wrap)> = vec![(
        ".weft.v1.Observation",
        String::new(),
        std::rc::Rc::new(|value| value),
    )];
    while let Some((message, path, wrap)) = open.pop() {
        for field in &messages[message].field {
            let name = field.name().to_owned();
            let path = match path.is_empty() {
                true => name.clone(),
                false => format!("{path}.{name}"),
            };
            let many = field.label() == Label::Repeated;
            let is_map = messages.get(field.type_name()).is_some_and(|inner| {
                inner
                    .options
                    .as_ref()
                    .is_some_and(|options| options.map_entry())
            });
            let outer = wrap.clone();
            let here = move |value: serde_json::Value| {
                let value = if many && !is_map {
                    serde_json::json!([value])
                } else {
                    value
                };
                outer(serde_json::json!({ &*name: value }))
            };
            if is_map {
                found.push((
                    path,
                    Box::new(move |text| here(serde_json::json!({ text: "1" }))),
                ));
            } else if field.r#type() == Type::String {
                found.push((path, Box::new(move |text| here(text.into()))));
            } else if field.r#type() == Type::Message
                && messages.contains_key(field.type_name())
                && !field.type_name().starts_with(".google")
            {
                open.push((field.type_name(), path, std::rc::Rc::new(here)));
            }
        }
    }
    found
}

/// A field that somebody adds to the wire is held to the strict rule until it is listed as a vendor's word.
#[test]
fn every_text_field_of_the_wire_is_redacted() {
    let fields = text_fields();
    assert!(fields.len() > 50, "only {} text fields found", fields.len());
    for public in PUBLIC {
        assert!(
            fields.iter().any(|(path, _)| path == public),
            "{public} is no field"
        );
    }
    let by_form = [
        "/home/annaberg/My Taxes 2025/divorce.pdf",
        r"C:\Users\annaberg\Documents\My Taxes\payroll.xlsx",
        r"\\fileserver\homes$\annaberg\divorce.exe",
        r"D:\Steuern 2025\payroll.xlsx",
        "/Users/Annabella/divorce/x",
        "/home/annaberg/Annabella's divorce (payroll.xlsx), Steuern; My Taxes.pdf",
        "annabella.berg@corp.example",
        "https://annaberg:hunter2@cloud.example/divorce?token=ghp_s3cr3tt0k3n",
    ];
    let by_name = [
        "annaberg",
        "stopped by Annabella",
        "annaberg2024",
        "ÖZLEM",
        "Мария",
    ];
    for (path, plant) in &fields {
        let names = by_name.iter().filter(|_| !PUBLIC.contains(&path.as_str()));
        for text in by_form.iter().chain(names) {
            let observation: Observation = serde_json::from_value(plant(text)).unwrap();
            let redacted = redactor(Privacy::default()).redact(observation);
            let sent = serde_json::to_string(redacted.get())
                .unwrap()
                .to_lowercase();
            for secret in PLANTED {
                assert!(
                    !sent.contains(&secret.to_lowercase()),
                    "{path}: {secret} in {sent}"
                );
            }
        }
    }
}

/// What names the machine is off by default, in boot ids too.
#[test]
fn the_machine_is_not_named() {
    let boot = Boot {
        boot_id: "LAPTOP-OF-ANNA:8".into(),
        evidence: vec!["event 6008 of LAPTOP-OF-ANNA".into()],
        ..Boot::default()
    };
    let redacted = redactor(Privacy::default()).redact(Observation {
        observed_at: None,
        kind: Some(Kind::Boot(boot)),
    });
    let Some(Kind::Boot(boot)) = &redacted.get().kind else {
        panic!("another kind")
    };
    assert_eq!(boot.boot_id, "(host):8");
    assert_eq!(boot.evidence, ["event 6008 of (host)"]);
}

#[track_caller]
fn clean(kind: Kind) {
    let observation = Observation {
        observed_at: None,
        kind: Some(kind),
    };
    let redacted = redactor(Privacy::default()).redact(observation);
    let sent = serde_json::to_string(redacted.get())
        .unwrap()
        .to_lowercase();
    for secret in PLANTED {
        assert!(!sent.contains(&secret.to_lowercase()), "{secret} in {sent}");
    }
    assert!(redacted.encode().len() < weft_proto::MAX_OBSERVATION_BYTES);
}

proptest! {
    #[test]
    fn processes(texts in prop::collection::vec(words(), 6), path in personal(), vendor in personal()) {
        let [name, parent, original, trait_, script, other] = texts.try_into().unwrap();
        let process = Process {
            executable_path: path.clone(),
            executable_sha256: vendor.clone(),
            signer: vendor.clone(),
            traits: vec![trait_, other],
            script,
            command_line: "curl -H 'token: ghp_s3cr3tt0k3n' hunter2 My Taxes".into(),
            ..Process::default()
        };
        // From a package the names are the vendor's; without one they may be a person's.
        clean(Kind::Process(Process {
            executable_name: name,
            original_file_name: original,
            parent_executable_name: parent,
            ..process.clone()
        }));
        clean(Kind::Process(Process {
            executable_name: path.clone(),
            original_file_name: path.clone(),
            parent_executable_name: path,
            package: vendor.clone(),
            parent_package: vendor,
            ..process
        }));
    }

    #[test]
    fn boots_resumes_and_apps(texts in prop::collection::vec(words(), 8), vendor in personal()) {
        let [one, two, three, four, five, six, seven, eight] = texts.try_into().unwrap();
        clean(Kind::Boot(Boot {
            boot_id: one.clone(),
            initiator: two,
            stop_code: three,
            evidence: vec![four.clone(), five],
            tags: vec![six.clone()],
            os_version: vendor.clone(),
            ..Boot::default()
        }));
        clean(Kind::Resume(Resume { boot_id: one, evidence: vec![four], ..Resume::default() }));
        clean(Kind::App(App {
            app: vendor.clone(),
            name: vendor.clone(),
            category: vendor.clone(),
            evidence: vec![six, seven],
            flags: vec![eight],
            account_domain: "annaberg@corp.example".into(),
            version: vendor,
            ..App::default()
        }));
    }

    #[test]
    fn vitals_inventory_and_health(texts in prop::collection::vec(words(), 5), vendor in personal()) {
        let [one, two, three, four, five] = texts.try_into().unwrap();
        let filesystem = vitals::Filesystem { mountpoint: one, r#type: vendor.clone(), ..Default::default() };
        clean(Kind::Vitals(Vitals { filesystems: vec![filesystem], boot_id: two, ..Vitals::default() }));
        clean(Kind::Inventory(Inventory {
            device_manufacturer: vendor.clone(),
            device_model_name: vendor.clone(),
            device_model_identifier: vendor.clone(),
            host_arch: vendor.clone(),
            host_name: "LAPTOP-OF-ANNA".into(),
            os_type: vendor.clone(),
            os_name: vendor.clone(),
            os_version: vendor.clone(),
            os_build_id: vendor.clone(),
            os_kernel: vendor.clone(),
            cpu_model_name: vendor.clone(),
            disks: vec![inventory::Disk { name: three, model: vendor.clone(), r#type: vendor.clone(), health: vendor.clone(), ..Default::default() }],
            batteries: vec![inventory::Battery { model: vendor.clone(), chemistry: vendor.clone(), ..Default::default() }],
            bios_version: vendor.clone(),
            components: vec![inventory::Component { name: vendor.clone(), version: vendor.clone() }],
            chassis: vendor.clone(),
            ..Inventory::default()
        }));
        clean(Kind::AgentHealth(AgentHealth {
            service_version: vendor,
            degraded: vec![four],
            blind_spots: vec![five],
            ..AgentHealth::default()
        }));
    }

    #[test]
    fn nothing_panics_and_nothing_grows(text in "\\PC{0,300}", depth in 0u32..10) {
        let mut redactor = redactor(Privacy { command_lines: true, host_name: true, home_path_depth: depth });
        let process = Process { executable_path: text.clone(), executable_name: text.clone(), command_line: text.clone(), ..Process::default() };
        let redacted = redactor.redact(Observation { observed_at: None, kind: Some(Kind::Process(process)) });
        let Some(Kind::Process(process)) = &redacted.get().kind else { panic!("another kind") };
        prop_assert!(process.executable_path.len() <= 512);
    }
}

#[test]
fn what_is_public_stays_readable() {
    let process = Process {
        executable_name: "dropboxd".into(),
        executable_path: "/usr/lib/dropbox/dropboxd".into(),
        package: "dpkg:dropbox@1.2.3".into(),
        traits: vec!["script".into()],
        ..Process::default()
    };
    let observation = Observation {
        observed_at: None,
        kind: Some(Kind::Process(process)),
    };
    let mut redactor = redactor(Privacy::default());
    assert_eq!(redactor.redact(observation.clone()).get(), &observation);
    assert!(redactor.take_counts().is_empty());
}
