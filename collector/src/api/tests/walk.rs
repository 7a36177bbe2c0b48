//! Every operation of the API's document, asked by somebody whom it does not concern, with ids that exist and are others'.
//!
//! **Invariant: a new operation is walked without being named here.** Ids are filled in by the names in its path, bodies are made
//! from its schema. What answers with success although an id is foreign must stand in a table with its reason; and no
//! answer, whatever its status, may hold a word that only others may read.

use std::collections::BTreeMap;

use super::*;

/// What only its readers may ever see; planted in the world, looked for in every answer.
const STAFF_TITLE: &str = "Quarrel about the spare parts";
const WHISPER: &str = "between us technicians: looks like a miner";
const REVIEW_WORDS: &str = "Why is this on your machine, friend?";
const DRAFT: &str = "half a confession";
const FILE: &str = "payslip.png";
const INVITED_TO: &str = "Private round about salaries";
const BRIDGE: &str = "Corridor in Matrix";

/// Operations that succeed for a user although an id in their path is somebody else's, and why that tells nothing.
const FINE: &[(&str, &str)] = &[
    (
        "DELETE /drafts/{slot}",
        "a slot is one's own, whatever it is called",
    ),
    (
        "PUT /drafts/{slot}",
        "a slot is one's own, whatever it is called",
    ),
    (
        "DELETE /threads/{id}/follow",
        "takes away a wish of one's own, if there is one",
    ),
    (
        "DELETE /me/mail/mutes/{thread}",
        "takes away a wish of one's own, if there is one",
    ),
];

/// Ids of others by the place that they stand in.
struct World {
    house: House,
    ids: BTreeMap<&'static str, Vec<String>>,
}

impl World {
    async fn build() -> Self {
        let house = House::build().await;
        let (peer, tech, sec, admin) = (
            house.sign_in("peer").await,
            house.sign_in("tech").await,
            house.sign_in("sec").await,
            house.sign_in("admin").await,
        );
        let made = |(status, body): (u16, Value)| {
            assert!((200..300).contains(&status), "{body}");
            body
        };
        let text = |body: &Value, key: &str| body[key].as_str().unwrap().to_owned();
        let open = json!({"space": "help", "title": "It hums", "markdown": "x"});
        let talk = text(&made(house.post(&peer, "/threads", open).await), "id");
        let staff = json!({"space": "staff", "title": STAFF_TITLE, "markdown": STAFF_TITLE});
        let staff = text(&made(house.post(&tech, "/threads", staff).await), "id");
        let posts = made(house.get(&tech, &format!("/threads/{staff}/posts")).await);
        let staff_post = text(&posts["items"][0], "id");
        let whisper = json!({"markdown": WHISPER, "whisper": true});
        let posts = format!("/threads/{talk}/posts");
        let whisper = text(&made(house.post(&tech, &posts, whisper).await), "id");
        let review = json!({"app": "dropbox", "device": house.other, "words": REVIEW_WORDS});
        let review = made(house.post(&sec, "/reviews", review).await);
        let reason = json!({"to": "technician", "reason": STAFF_TITLE});
        let escalation = format!("/threads/{staff}/escalations");
        let escalation = made(house.post(&tech, &escalation, reason).await);
        let draft = json!({"markdown": DRAFT});
        made(
            house
                .ask(&peer, Method::PUT, "/drafts/new", Some(draft))
                .await,
        );
        let file = super::talk::upload(&house, &peer, FILE, b"\x89PNG\r\n\x1a\n".to_vec());
        let file = text(&made(file.await), "id");
        let bridge = json!({
            "name": BRIDGE, "platform": "webhook", "address": "https://bot.example/weft/",
            "secrets": {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "space": "help",
        });
        let bridge = text(&made(house.post(&admin, "/bridges", bridge).await), "id");
        let token = house.api.control.tokens().list().await.unwrap()[0].id;
        let both = [
            house.anomaly(Kind::Process, &[house.other]).await,
            house.anomaly(Kind::Reboot, &[house.other]).await,
        ];
        let private = json!({"space": "staff", "title": INVITED_TO, "markdown": "x"});
        let private = text(&made(house.post(&tech, "/threads", private).await), "id");
        let ids = BTreeMap::from([
            ("device", vec![house.other.to_string()]),
            ("anomaly", both.map(|id| id.to_string()).to_vec()),
            ("thread", vec![staff, text(&review, "thread"), private]),
            ("post", vec![staff_post, whisper]),
            ("review", vec![text(&review, "id")]),
            ("escalation", vec![text(&escalation, "id")]),
            ("attachment", vec![file]),
            ("bridge", vec![bridge]),
            ("token", vec![token.to_string()]),
            ("account", vec![peer.id.to_string()]),
            ("app", vec!["dropbox".to_owned()]),
            ("slot", vec!["new".to_owned()]),
        ]);
        Self { house, ids }
    }

    /// The path with ids of others, once per set of them. A noun before `{id}` says what it is the id of.
    fn filled(&self, template: &str) -> Vec<String> {
        let pieces: Vec<&str> = template.split('/').collect();
        let mut paths = vec![String::new()];
        for (at, piece) in pieces.iter().enumerate().skip(1) {
            let name = piece
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            let values = match name {
                None => vec![(*piece).to_owned()],
                Some("id") => self.others(&singular(pieces[at - 1])),
                Some(name) => self.others(name),
            };
            paths = paths
                .iter()
                .flat_map(|path| values.iter().map(move |value| format!("{path}/{value}")))
                .collect();
        }
        paths
    }

    /// Something that does not exist stands for what this world has none of: rules, letters, invitations of others.
    fn others(&self, noun: &str) -> Vec<String> {
        match self.ids.get(noun) {
            Some(ids) => ids.clone(),
            None => vec![Uuid::from_u128(1).to_string()],
        }
    }
}

/// "anomalies" is about an anomaly.
fn singular(nouns: &str) -> String {
    match nouns.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => nouns.strip_suffix('s').unwrap_or(nouns).to_owned(),
    }
}

/// Something that fits the schema, so that an operation gets as far as its judgement.
fn sample(document: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        return sample(document, document.pointer(pointer).unwrap());
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[choice].as_array() {
            return sample(document, options.last().unwrap());
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[0].clone(),
        one => one.clone(),
    };
    match kind.as_str() {
        Some("object") | None => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let fields = required.iter().filter_map(Value::as_str);
            let filled = fields.map(|name| {
                let value = sample(document, &schema["properties"][name]);
                (name.to_owned(), value)
            });
            Value::Object(filled.collect())
        }
        Some("array") => json!([]),
        Some("boolean") => json!(true),
        Some("integer" | "number") => json!(1),
        _ if schema["format"] == "uuid" => json!(Uuid::from_u128(1)),
        _ if schema["format"] == "date-time" => json!("2026-03-01T00:00:00Z"),
        _ => json!("x"),
    }
}

/// (method, template, body) of every operation.
fn operations() -> Vec<(Method, String, Option<Value>)> {
    let document = serde_json::to_value(document()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let mut all = vec![];
    for (template, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let body = operation
                .get("requestBody")
                .map(|_| sample(&document, schema));
            all.push((method, template.clone(), body));
        }
    }
    all
}

#[tokio::test]
async fn no_operation_gives_a_user_what_is_others() {
    let world = World::build().await;
    let house = &world.house;
    let user = house.sign_in("user").await;
    let other = house.other.to_string();
    let secrets = [
        STAFF_TITLE,
        WHISPER,
        REVIEW_WORDS,
        DRAFT,
        FILE,
        INVITED_TO,
        BRIDGE,
        "LT-2",
        &other,
        "Odd process",
        "whsec_",
    ];
    let all = operations();
    assert!(all.len() > 100, "the walk sees the API: {}", all.len());
    let mut wrong = vec![];
    // What changes things comes last, and signing out not at all.
    let order = |method: &Method| (*method != Method::GET, *method == Method::DELETE);
    let mut walked: Vec<_> = all
        .iter()
        .filter(|(method, path, _)| {
            !(path == "/session" || path == "/me/password" && *method != Method::GET)
        })
        .collect();
    walked.sort_by_key(|(method, ..)| order(method));
    for (method, template, body) in walked {
        let foreign = template.contains('{');
        for path in world.filled(template) {
            let (status, answer) = house.ask(&user, method.clone(), &path, body.clone()).await;
            let told = answer.to_string();
            for secret in secrets {
                // An id that was in the question may be in the answer.
                if told.contains(secret) && !path.contains(secret) {
                    wrong.push(format!("{method} {template} tells {secret:?}: {told}"));
                }
            }
            let name = format!("{method} {template}");
            let is_fine = FINE.iter().any(|(fine, _)| *fine == name);
            // 400: the body that was made up is not the point of this operation, and nothing was done.
            let refused = matches!(status, 400 | 403 | 404 | 409);
            if foreign && !refused && !is_fine {
                wrong.push(format!("{name} gives {status} for {path}: {told}"));
            }
            if status >= 500 {
                wrong.push(format!("{name} fails with {status}: {told}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What people run is for the owner and security: a technician meets it nowhere.
#[tokio::test]
async fn no_operation_gives_a_technician_what_people_run() {
    let world = World::build().await;
    let house = &world.house;
    let tech = house.sign_in("tech").await;
    let secrets = [
        REVIEW_WORDS,
        DRAFT,
        FILE,
        "Odd process",
        "whsec_",
        "p0",
        "Dropbox",
    ];
    let mut wrong = vec![];
    for (method, template, _) in operations() {
        if method != Method::GET {
            continue;
        }
        for path in world.filled(&template) {
            let (status, answer) = house.get(&tech, &path).await;
            let told = answer.to_string();
            for secret in secrets {
                if told.contains(secret) {
                    wrong.push(format!("{template} tells {secret:?}: {told}"));
                }
            }
            if status >= 500 {
                wrong.push(format!("{template} fails with {status}: {told}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_stranger_gets_nowhere() {
    let world = World::build().await;
    for (method, template, body) in operations() {
        if template == "/session" {
            continue;
        }
        for path in world.filled(&template) {
            let path = format!("/api/v1{path}");
            let answer = world
                .house
                .send(method.clone(), &path, None, body.clone())
                .await;
            assert_eq!(answer.status().as_u16(), 401, "{method} {template}");
        }
    }
}
