//! What an outgoing webhook of Teams brings.
//!
//! **Invariant: nothing is read before the signature fits** ("Create Outgoing Webhooks": `Authorization: HMAC <base64>`,
//! HMAC-SHA256 over the body with the decoded token), and the message's own signed time is fresh.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Deserialize;

use super::html;
use crate::threads::connector::{
    Arrival, Delivery, Received, Refusal, RemoteAuthor, RemotePost, RemoteThread, signature,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activity {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    timestamp: Timestamp,
    from: From,
    conversation: Conversation,
    #[serde(default)]
    text: String,
    #[serde(default)]
    channel_data: ChannelData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct From {
    id: String,
    #[serde(default)]
    name: String,
    /// The person in the directory: the same in every team.
    #[serde(default)]
    aad_object_id: String,
}

/// `19:…@thread.tacv2;messageid=1485983194839`: the channel and the first message of the thread.
#[derive(Deserialize)]
struct Conversation {
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChannelData {
    teams_channel_id: String,
}

/// Checks and reads a delivery.
pub fn read(
    token: &[u8],
    channel: &str,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Received, Refusal> {
    if token.is_empty() {
        return Err(Refusal::Unreadable(
            "this bridge has no security token: set the outgoing webhook's".to_owned(),
        ));
    }
    let given = signature::header(&delivery.headers, "authorization")?;
    let given = given.strip_prefix("HMAC ").ok_or(Refusal::Unsigned)?;
    let given = STANDARD.decode(given.trim()).map_err(|_| Refusal::Forged)?;
    signature::check(token, &[&delivery.body], &given)?;

    let activity: Activity = serde_json::from_slice(&delivery.body)
        .map_err(|error| Refusal::Unreadable(error.to_string()))?;
    signature::check_age(activity.timestamp, now)?;
    let id = format!("{} {}", activity.conversation.id, activity.id);
    let arrivals = arrival(activity, channel).into_iter().collect();
    Ok(Received::Arrivals {
        id: Some(id),
        arrivals,
    })
}

fn arrival(activity: Activity, channel: &str) -> Option<Arrival> {
    let (room, root) = activity
        .conversation
        .id
        .split_once(";messageid=")
        .unwrap_or((&activity.conversation.id, &activity.id));
    let here = match activity.channel_data.teams_channel_id.as_str() {
        "" => room,
        id => id,
    };
    if activity.kind != "message" || !(channel.is_empty() || channel == here) {
        return None;
    }
    let name = match activity.from.name.trim() {
        "" => "Somebody",
        name => name,
    };
    let author = RemoteAuthor {
        id: match activity.from.aad_object_id.as_str() {
            "" => activity.from.id.clone(),
            id => id.to_owned(),
        },
        name: name.to_owned(),
        email: None,
        // A webhook is called by people.
        bot: false,
    };
    let markdown = html::to_markdown(&activity.text);
    Some(Arrival::Posted {
        opens: (root == activity.id).then(String::new),
        post: RemotePost {
            thread: RemoteThread(format!("{room};{root}")),
            id: format!("{room};{}", activity.id),
        },
        author,
        markdown,
        reply_to: None,
        at: activity.timestamp,
    })
}
