//! An observation as other tools write it, made readable: fields that this version does not know are taken out, and whole
//! numbers that were written as `4e9` or `3.0` become whole again.
//!
//! **Invariant: what the wire tolerates, a history file may hold.** A reader ignores fields that it does not know
//! (proto/weft/v1/observation.proto): a history of a newer agent, or one that somebody enriched, is no dirt. The messages
//! describe themselves ([`weft_proto::DESCRIPTORS`]), so this holds for every field that will ever be added.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet, field_descriptor_proto::Type};
use serde_json::Value;

/// Fields of a message by their names in JSON, and what message each holds.
type Fields = BTreeMap<String, Option<String>>;

struct Vocabulary {
    messages: BTreeMap<String, Fields>,
    /// `map<...>` entries: their JSON is an object of any keys.
    maps: BTreeSet<String>,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let mut known = Vocabulary {
        messages: BTreeMap::new(),
        maps: BTreeSet::new(),
    };
    // Our own build wrote it; an empty vocabulary would leave every message as it is.
    let files = FileDescriptorSet::decode(weft_proto::DESCRIPTORS).unwrap_or_default();
    for file in files.file {
        for message in &file.message_type {
            known.enter(&format!(".{}", file.package()), message);
        }
    }
    known
});

/// Takes unknown fields out of `value`, a message of that name ("Observation"); their names.
pub fn prune(value: &mut Value, message: &str) -> BTreeSet<String> {
    let mut unknown = BTreeSet::new();
    VOCABULARY.prune(value, &format!(".weft.v1.{message}"), &mut unknown);
    whole(value);
    unknown
}

/// Table tools and Python know one kind of number; canonical JSON takes `3.0` for three, and a field of parts takes 3 for
/// 3.0.
fn whole(value: &mut Value) {
    /// Up to here a double counts one by one (2^53).
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(exact) = number
                .as_f64()
                .filter(|number| number.fract() == 0.0 && number.abs() <= EXACT)
            {
                *value = Value::from(exact as i64);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(whole),
        Value::Object(object) => object.values_mut().for_each(whole),
        _ => {}
    }
}

impl Vocabulary {
    fn enter(&mut self, outer: &str, message: &DescriptorProto) {
        let name = format!("{outer}.{}", message.name());
        if message
            .options
            .as_ref()
            .is_some_and(|options| options.map_entry())
        {
            self.maps.insert(name);
            return;
        }
        for inner in &message.nested_type {
            self.enter(&name, inner);
        }
        let mut fields = Fields::new();
        for field in &message.field {
            let holds = (field.r#type() == Type::Message).then(|| field.type_name().to_owned());
            fields.insert(field.json_name().to_owned(), holds.clone());
            fields.insert(field.name().to_owned(), holds);
        }
        self.messages.insert(name, fields);
    }

    /// As deep as messages nest; what lies under a field that holds no message of ours is left as it is.
    fn prune(&self, value: &mut Value, message: &str, unknown: &mut BTreeSet<String>) {
        let Some(fields) = self
            .messages
            .get(message)
            .filter(|_| message.starts_with(".weft."))
        else {
            return;
        };
        match value {
            Value::Array(all) => {
                for one in all {
                    self.prune(one, message, unknown);
                }
            }
            Value::Object(object) => {
                object.retain(|name, _| {
                    let is_known = fields.contains_key(name);
                    if !is_known {
                        unknown.insert(name.clone());
                    }
                    is_known
                });
                for (name, inner) in object {
                    if let Some(Some(holds)) = fields.get(name)
                        && !self.maps.contains(holds)
                    {
                        self.prune(inner, holds, unknown);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_go_and_known_ones_stay() {
        let mut value = json!({
            "observed_at": "2026-01-01T00:00:00Z",
            "colour": "red",
            "inventory": {
                "device_model_name": "T14",
                "osBuildId": "22631",
                "components": [{"name": "igdlh64", "version": "1", "kind": "driver"}],
                "shoe": {"size": 42}
            }
        });
        let unknown: Vec<String> = prune(&mut value, "Observation").into_iter().collect();
        assert_eq!(unknown, ["colour", "kind", "shoe"]);
        assert_eq!(
            value,
            json!({
                "observed_at": "2026-01-01T00:00:00Z",
                "inventory": {
                    "device_model_name": "T14",
                    "osBuildId": "22631",
                    "components": [{"name": "igdlh64", "version": "1"}]
                }
            })
        );
    }

    #[test]
    fn whole_numbers_are_whole_however_they_are_written() {
        let mut value = json!({"vitals": {"memory_usage": 4e9, "uptime": 3.0, "throttled": 0.25, "paging_usage": 1e300}});
        prune(&mut value, "Observation");
        assert_eq!(
            value,
            json!({"vitals": {"memory_usage": 4_000_000_000_u64, "uptime": 3, "throttled": 0.25, "paging_usage": 1e300}})
        );
    }

    #[test]
    fn a_map_keeps_its_keys_and_nonsense_is_left_alone() {
        let mut value = json!({"agent_health": {"dropped": {"anything": 3}}});
        assert!(prune(&mut value, "Observation").is_empty());
        assert_eq!(value["agent_health"]["dropped"]["anything"], 3);
        let mut value = json!([1, null, "x"]);
        assert!(prune(&mut value, "Observation").is_empty());
        assert_eq!(value, json!([1, null, "x"]));
    }
}
