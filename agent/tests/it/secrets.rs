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
const PLANTED: [&str; 9] = [
    "annaberg",
    "Annabella",
    "quarterly-figures",
    "My Taxes",
    "ghp_s3cr3tt0k3n",
    "LAPTOP-OF-ANNA",
    "divorce",
    "hunter2",
    "payroll.xlsx",
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
    ]);
    let around = prop::sample::select(vec!["", "stopped by ", "\"", "path=", "(", "x: "]);
    (
        around,
        prop_oneof![personal(), name.prop_map(str::to_owned)],
    )
        .prop_map(|(before, text)| format!("{before}{text}"))
}

fn redactor(privacy: Privacy) -> Redactor {
    let names = ["annaberg".to_owned(), "Annabella".to_owned()];
    let homes = [
        "/home/annaberg".to_owned(),
        "/srv/people/annaberg".to_owned(),
    ];
    Redactor::new(Secrets::new(names, homes), privacy)
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
