//! Every route through the real router, with a real control database and telemetry that answers from memory.

#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use axum::{
    body::Body,
    http::{Method, Request, Response, header},
};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::{Anomaly, State},
    authority::Role,
    device::{Cohort, CohortBy, DeviceId},
    finding::{EvidenceRow, Facts, Finding, Kind, Severity, Subject},
};
use weft_collector_store::control::{
    certificates::NewCertificate, devices::NewDevice, tokens::NewToken,
};

use super::*;
use crate::accounts::Described;

mod anomalies;
mod bridges;
mod context;
mod discussion;
mod fake;
mod mail;
mod roles;
mod shell;
mod talk;
mod walk;

use self::fake::Fake;

const PASSWORD: &str = "correct horse";

/// A house with one person per role, a laptop for the user and one for a colleague.
struct House {
    _dir: tempfile::TempDir,
    api: Api,
    router: Router,
    now: Arc<Mutex<Timestamp>>,
    fake: Arc<Fake>,
    /// The user's laptop, and a colleague's of the same model.
    own: DeviceId,
    other: DeviceId,
}

/// Somebody signed in.
#[derive(Clone)]
struct Person {
    id: Uuid,
    cookie: String,
}

impl House {
    async fn build() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::connect(&format!("sqlite:{}", dir.path().join("weft.db").display()))
            .await
            .unwrap();
        let now = Arc::new(Mutex::new(
            "2026-03-10T12:00:00Z".parse::<Timestamp>().unwrap(),
        ));
        let clock = Clock::from_fn({
            let now = now.clone();
            move || {
                let mut now = now.lock().unwrap();
                // Each look at the clock is later, as in life: order is never by accident.
                *now += SignedDuration::from_millis(1);
                *now
            }
        });
        let fake = Arc::new(Fake::default());
        let threads = Threads::new(control.clone(), clock.clone());
        let settings = crate::config::Mail {
            smtp: secrecy::SecretString::from("smtp://127.0.0.1:9"),
            from: "weft@example.org".to_owned(),
            name: "Weft".to_owned(),
            reply: "weft+{token}@example.org".to_owned(),
            imap: secrecy::SecretString::from(""),
            done: String::new(),
            ca: String::new(),
        };
        let url = "https://weft.example.org";
        let mail = Mail::open(
            crate::mail::settings::Settings::read(&settings, url).unwrap(),
            url.to_owned(),
            control.clone(),
            clock.clone(),
            threads.clone(),
            &crate::vault::tests::vault(),
            [7; 32],
        )
        .await
        .unwrap();
        let api = Api::new(Parts {
            accounts: Accounts::new(control.clone(), clock.clone()),
            connect: bridges::connect(&control, &clock),
            threads,
            mail,
            voice: Voice::new(control.clone(), clock.clone()),
            auditor: Auditor::new(control.clone(), clock.clone()),
            revocations: RevocationList::default(),
            reads: fake.clone(),
            rounds: Arc::new(Rounds::default),
            control_kind: "sqlite",
            secure: false,
            calls: crate::calls::Template::read("https://meet.example/weft-{thread}").unwrap(),
            minutes: Minutes::default(),
            control,
            clock,
        });
        let mut house = Self {
            _dir: dir,
            router: router(api.clone()),
            api,
            now,
            fake,
            own: DeviceId(Uuid::now_v7()),
            other: DeviceId(Uuid::now_v7()),
        };
        for (login, roles) in [
            ("user", vec![Role::User]),
            ("tech", vec![Role::User, Role::Technician]),
            ("sec", vec![Role::User, Role::Security]),
            ("admin", vec![Role::User, Role::Admin]),
            ("peer", vec![Role::User]),
        ] {
            house.account(login, roles).await;
        }
        let token = house.token().await;
        house.own = house.device(token, "LT-1", Some("user")).await;
        house.other = house.device(token, "LT-2", Some("peer")).await;
        house
    }

    async fn account(&self, login: &str, roles: Vec<Role>) {
        let described = Described {
            login: login.to_owned(),
            name: format!("Name of {login}"),
            team: "Sales".to_owned(),
            roles,
            password: Some(secrecy::SecretString::from(PASSWORD)),
            simulated: false,
        };
        self.api.accounts.create(described).await.unwrap();
    }

    async fn token(&self) -> Uuid {
        let new = NewToken {
            id: self.api.clock.id(),
            name: "t".to_owned(),
            secret_hash: "h".to_owned(),
            team: String::new(),
            owner: None,
            device_name: String::new(),
            simulated: false,
            uses: 9,
            created_by: "cli".to_owned(),
            created_at: self.api.clock.now(),
            expires_at: self.api.clock.now(),
        };
        self.api.control.tokens().insert(new).await.unwrap().id
    }

    async fn device(&self, token: Uuid, name: &str, owner: Option<&str>) -> DeviceId {
        let owner = match owner {
            Some(login) => self
                .api
                .control
                .accounts()
                .by_login(login)
                .await
                .unwrap()
                .map(|account| account.id),
            None => None,
        };
        let id = DeviceId(self.api.clock.id());
        let new = NewDevice {
            id,
            name: name.to_owned(),
            owner,
            team: "Sales".to_owned(),
            os_type: "linux".to_owned(),
            model: "ThinkPad T14".to_owned(),
            agent_version: "0.1.0".to_owned(),
            simulated: false,
            token,
            installation: name.to_owned(),
            at: self.api.clock.now(),
        };
        let on = self.api.control.begin().await.unwrap();
        self.api.control.devices().insert(&on, new).await.unwrap();
        let certificate = NewCertificate {
            serial: format!("serial-{name}"),
            device: id,
            not_after: self.api.clock.now() + SignedDuration::from_hours(24),
            renew_after: self.api.clock.now(),
            issued_at: self.api.clock.now(),
            authority: 1,
        };
        self.api
            .control
            .certificates()
            .insert(&on, certificate)
            .await
            .unwrap();
        on.commit().await.unwrap();
        id
    }

    /// Keeps an anomaly about these laptops: one is a subject, several are a cohort.
    async fn anomaly(&self, kind: Kind, devices: &[DeviceId]) -> Uuid {
        let now = self.api.clock.now();
        let anomaly = Anomaly {
            id: self.api.clock.id(),
            state: State::Open,
            judgement: None,
            opened_at: now,
            updated_at: now,
            resolved_at: None,
            relapses: 0,
            finding: Finding {
                kind,
                detector: format!("{}.test", kind.as_str()),
                subject: match devices {
                    [one] => Subject::Device(*one),
                    _ => Subject::Cohort(Cohort {
                        by: CohortBy::Model,
                        value: "ThinkPad T14".to_owned(),
                    }),
                },
                cause: format!("{}:cause", kind.as_str()),
                severity: Severity::High,
                confidence: 0.9,
                score: 4.0,
                from: now,
                to: now,
                title: format!("Odd {} *here*", kind.as_str()),
                why: vec![
                    "LT-1 did it".to_owned(),
                    "LT-2 did it".to_owned(),
                    "The fleet does not".to_owned(),
                ],
                evidence: devices
                    .iter()
                    .map(|device| EvidenceRow {
                        kind: "boot".to_owned(),
                        device: Some(*device),
                        at: now,
                        text: "crash".to_owned(),
                    })
                    .collect(),
                devices: devices.to_vec(),
                at_risk: vec![],
                facts: Facts::default(),
            },
        };
        self.api
            .control
            .anomalies()
            .save(&anomaly, false)
            .await
            .unwrap();
        anomaly.id
    }

    async fn sign_in(&self, login: &str) -> Person {
        let body = json!({"login": login, "password": PASSWORD});
        let answer = self
            .send(Method::POST, "/api/v1/session", None, Some(body))
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let me = body_of(answer).await;
        Person {
            id: me["id"].as_str().unwrap().parse().unwrap(),
            cookie,
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        who: Option<&Person>,
        body: Option<Value>,
    ) -> Response<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(super::shell::CSRF, "1");
        if let Some(person) = who {
            request = request.header(header::COOKIE, &person.cookie);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.raw(request.body(body).unwrap()).await
    }

    async fn raw(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Status and JSON of a call by somebody.
    async fn ask(
        &self,
        who: &Person,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let answer = self
            .send(method, &format!("/api/v1{path}"), Some(who), body)
            .await;
        let status = answer.status().as_u16();
        (status, body_of(answer).await)
    }

    async fn get(&self, who: &Person, path: &str) -> (u16, Value) {
        self.ask(who, Method::GET, path, None).await
    }

    async fn post(&self, who: &Person, path: &str, body: Value) -> (u16, Value) {
        self.ask(who, Method::POST, path, Some(body)).await
    }
}

async fn body_of(answer: Response<Body>) -> Value {
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap_or(Value::Null)
}

#[test]
fn the_document_is_the_one_that_clients_know() {
    let now = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("WEFT_ACCEPT_OPENAPI").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        known == now,
        "the API changed: look at it, then run this test with WEFT_ACCEPT_OPENAPI=1 and commit openapi.json"
    );
}
