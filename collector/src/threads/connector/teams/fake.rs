//! A workflow, as "Create incoming webhooks with Workflows" describes it: takes a card, says 202 and nothing more.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::threads::connector::{
    Settings,
    fake::{Asked, Reply, World, gone, headers},
    signature,
};

pub const SIG: &str = "kVt7Lk0w-7XG1l-2sNq4f0wDJ3W0aBlqZWD_8sample";
/// The token's bytes in base64, as Teams shows it once.
pub const TOKEN: &str = "bGV0IG1lIGluLCBJIGFtIHRoZSByZWFsIFRlYW1zISE=";
pub const CHANNEL: &str = "19:253b1f341670408fb6fe51050b6e5ceb@thread.tacv2";

#[derive(Default)]
pub struct Workflow {
    pub cards: Vec<Value>,
}

pub fn settings(address: &str) -> Settings {
    Settings {
        address: "https://teams.microsoft.com".to_owned(),
        place: String::new(),
        secrets: [
            (
                "workflow".to_owned(),
                format!("{address}/workflows/5b1f/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SIG}").into(),
            ),
            ("token".to_owned(), TOKEN.into()),
        ]
        .into(),
    }
}

/// The headers of a delivery, signed.
pub fn signed(body: &str) -> HeaderMap {
    let token = STANDARD.decode(TOKEN).unwrap_or_default();
    let signature = signature::sign(&token, &[body.as_bytes()]);
    headers(&[(
        "authorization",
        format!("HMAC {}", STANDARD.encode(signature)),
    )])
}

impl World for Workflow {
    fn answer(&mut self, asked: &Asked) -> Reply {
        if asked.query("sig") != Some(SIG) {
            return Self::locked();
        }
        match (asked.method.as_str(), asked.parts().first()) {
            ("POST", Some(&"workflows")) if asked.body.len() >= 28 * 1024 => {
                Reply::status(413, json!({"error": {"code": "RequestEntityTooLarge"}}))
            }
            ("POST", Some(&"workflows")) => {
                self.cards.push(asked.json());
                Reply::status(202, Value::Null)
            }
            _ => gone(),
        }
    }

    fn texts(&self) -> Vec<String> {
        self.cards.iter().map(text).collect()
    }

    fn too_many() -> Reply {
        Reply::status(429, json!({"error": {"code": "WorkflowTriggerRequestsThrottled", "message": "Rate limit is exceeded."}}))
            .with("retry-after", "7")
    }

    fn locked() -> Reply {
        Reply::status(
            401,
            json!({"error": {"code": "DirectApiAuthorizationRequired", "message": "The request must be authenticated."}}),
        )
    }
}

/// All text of a card, block by block.
pub fn text(message: &Value) -> String {
    let body = message["attachments"][0]["content"]["body"].as_array();
    let blocks = body
        .into_iter()
        .flatten()
        .filter_map(|block| block["text"].as_str());
    blocks.collect::<Vec<_>>().join("\n")
}
