//! The wrappings in which Windows events travel, taken off: what remains are named fields.
//!
//! **Invariant: a field is found wherever its wrapping puts it, and nothing is guessed.** Known: flat (NXLog), `EventData`,
//! `winlog.event_data` (Winlogbeat), `Event.EventData.Data[]` and `Event.EventData` (XML turned into JSON), the XML itself
//! in one line, an Elastic hit (`_source`), a Splunk HEC or export line (`event`, `result`), an OpenTelemetry `body`, what
//! `Get-WinEvent | ConvertTo-Json` writes (the fields in `Message`), a JSON array of any of them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::record::Dirty;

/// Wrappings inside wrappings; real ones have two.
const DEPTH: usize = 4;

/// The events of one line.
pub fn events(line: &str) -> Result<Vec<Value>, Dirty> {
    // A pretty-printed or exported array puts one event per line between brackets.
    let line = line.trim().trim_end_matches(',');
    if matches!(line, "[" | "]" | "") {
        return Ok(Vec::new());
    }
    if line.starts_with('<') {
        return xml(line).map(|event| vec![event]);
    }
    let value: Value = serde_json::from_str(line).map_err(|error| Dirty::new(error.to_string()))?;
    match value {
        Value::Array(all) => Ok(all.into_iter().map(|one| unwrap(one, DEPTH)).collect()),
        one @ Value::Object(_) => Ok(vec![unwrap(one, DEPTH)]),
        _ => Err(Dirty::new("not an object")),
    }
}

fn unwrap(value: Value, depth: usize) -> Value {
    let Value::Object(mut outer) = value else {
        return value;
    };
    if depth == 0 {
        return Value::Object(outer);
    }
    for name in [
        "_source", "result", "event", "_raw", "body", "Event", "message",
    ] {
        let inner = match outer.get(name) {
            Some(Value::Object(inner)) if name != "event" || is_event(inner) => {
                Value::Object(inner.clone())
            }
            Some(Value::String(text)) if text.trim_start().starts_with('{') => {
                match serde_json::from_str(text) {
                    Ok(inner @ Value::Object(_)) => inner,
                    _ => continue,
                }
            }
            Some(Value::String(text)) if text.trim_start().starts_with("<Event") => match xml(text)
            {
                Ok(inner) => inner,
                Err(_) => continue,
            },
            _ => continue,
        };
        outer.remove(name);
        let Value::Object(inner) = unwrap(inner, depth - 1) else {
            continue;
        };
        // What the wrapping says stands only where the event is silent.
        outer.extend(inner);
        return Value::Object(outer);
    }
    told_in_words(&mut outer);
    Value::Object(outer)
}

/// Where PowerShell exported an event, its fields stand in the message alone: one "Name: value" a line.
fn told_in_words(event: &mut Map<String, Value>) {
    if ["Image", "EventData", "winlog", "event_data"]
        .iter()
        .any(|known| event.contains_key(*known))
    {
        return;
    }
    let words = ["Message", "message"]
        .iter()
        .find_map(|name| event.get(*name)?.as_str())
        .and_then(|text| text.trim_start().strip_prefix("Process Create:"));
    let told: Vec<(String, Value)> = words
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().into()))
        .collect();
    for (name, value) in told {
        event.entry(name).or_insert(value);
    }
}

/// ECS also has an object `event`, of codes and categories.
fn is_event(inner: &Map<String, Value>) -> bool {
    [
        "EventID",
        "EventData",
        "System",
        "Image",
        "winlog",
        "Event",
        "EventCode",
    ]
    .iter()
    .any(|name| inner.contains_key(*name))
}

/// Named fields of one event.
pub struct Fields<'a> {
    root: &'a Value,
    places: Vec<&'a Map<String, Value>>,
    listed: Vec<(&'a str, &'a Value)>,
}

impl<'a> Fields<'a> {
    pub fn of(root: &'a Value) -> Self {
        let places = [
            "",
            "/EventData",
            "/winlog/event_data",
            "/event_data",
            "/System",
            "/winlog",
            "/data",
            "/data/win/eventdata",
            "/data/win/system",
            "/win/eventdata",
            "/win/system",
        ];
        let places: Vec<_> = places
            .iter()
            .filter_map(|at| root.pointer(at)?.as_object())
            .collect();
        let listed = ["/EventData/Data", "/EventData", "/winlog/event_data/Data"]
            .iter()
            .filter_map(|at| root.pointer(at)?.as_array())
            .flatten()
            .filter_map(pair)
            .collect();
        Self {
            root,
            places,
            listed,
        }
    }

    pub fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match self.find(name)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Object(element) => match element
                .get("#text")
                .or_else(|| element.get("SystemTime"))
                .or_else(|| element.get("#attributes")?.get("SystemTime"))
                .or_else(|| element.get("@SystemTime"))?
            {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            },
            _ => None,
        })
    }

    pub fn number(&self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| match self.find(name)? {
            // Table tools write whole numbers as 1.0.
            Value::Number(number) => number.as_u64().or_else(|| {
                let number = number.as_f64()?;
                (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number))
                    .then_some(number as u64)
            }),
            Value::String(text) => whole(text),
            // XML converters write {"#text": 1} when the element has attributes.
            Value::Object(element) => {
                match element.get("#text").or_else(|| element.get("Value"))? {
                    Value::Number(number) => number.as_u64(),
                    Value::String(text) => whole(text),
                    _ => None,
                }
            }
            _ => None,
        })
    }

    /// Event 1 of another provider (a clock that was set, a WMI call) is no process. Silence is taken for Sysmon.
    pub fn is_of_sysmon(&self) -> bool {
        let named = [
            "Channel",
            "SourceName",
            "ProviderName",
            "provider_name",
            "Provider",
            "log_name",
            "winlog.channel",
            "event.provider",
            "source",
        ];
        let mut told = named
            .iter()
            .filter_map(|name| match self.find(name)? {
                Value::String(text) => Some(text.as_str()),
                Value::Object(element) => ["@Name", "Name"]
                    .iter()
                    .find_map(|name| element.get(*name)?.as_str())
                    .or_else(|| element.get("#attributes")?.get("Name")?.as_str()),
                _ => None,
            })
            .filter(|text| !text.is_empty())
            .peekable();
        told.peek().is_none()
            || told.any(|text| text.to_lowercase().contains("sysmon"))
            || self.find("UtcTime").is_some()
    }

    /// The fields that exist, under our words.
    pub fn named(&self, names: &[(&str, &[&str])]) -> Map<String, Value> {
        names
            .iter()
            .filter_map(|(word, names)| {
                Some((
                    (*word).to_owned(),
                    names.iter().find_map(|name| self.find(name))?.clone(),
                ))
            })
            .collect()
    }

    /// `name` may be a path with dots; a plain name is looked for wherever the fields may lie.
    fn find(&self, name: &str) -> Option<&'a Value> {
        if let Some(value) = self.places.iter().find_map(|fields| fields.get(name)) {
            return Some(value);
        }
        if let Some((_, value)) = self.listed.iter().find(|(known, _)| *known == name) {
            return Some(value);
        }
        if name.contains('.') {
            return name
                .split('.')
                .try_fold(self.root, |value, step| value.get(step));
        }
        // Wazuh and some pipelines begin names in lower case.
        let mut letters = name.chars();
        let lower: Cow<'_, str> = match letters.next() {
            Some(first) if first.is_ascii_uppercase() => {
                format!("{}{}", first.to_ascii_lowercase(), letters.as_str()).into()
            }
            _ => return None,
        };
        self.places
            .iter()
            .find_map(|fields| fields.get(lower.as_ref()))
    }
}

/// `{"@Name": "Image", "#text": "..."}` in the spellings of several converters.
fn pair(value: &Value) -> Option<(&str, &Value)> {
    let element = value.as_object()?;
    let name = ["@Name", "Name", "name", "key"]
        .iter()
        .find_map(|name| element.get(*name)?.as_str())
        .or_else(|| element.get("#attributes")?.get("Name")?.as_str())?;
    let text = ["#text", "content", "Value", "value", "text", "$", "_"]
        .iter()
        .find_map(|name| element.get(*name))?;
    Some((name, text))
}

fn whole(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// One event of Windows as XML. No general XML: the event log writes plain elements, and what is not found is missing.
fn xml(line: &str) -> Result<Value, Dirty> {
    if !line.contains("<Event") {
        return Err(Dirty::new("XML, but no Windows event"));
    }
    let mut fields = Map::new();
    for element in ["EventID", "Computer", "Channel"] {
        if let Some(text) = between(line, &format!("<{element}"), &format!("</{element}>")) {
            let text = text.split_once('>').map_or("", |(_, text)| text);
            fields.insert(element.to_owned(), plain(text).into());
        }
    }
    let mut rest = line;
    while let Some(at) = rest.find("<Data Name=") {
        rest = &rest[at + "<Data Name=".len()..];
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
            continue;
        };
        let Some((name, after)) = rest[1..].split_once(quote) else {
            break;
        };
        let Some((_, after)) = after.split_once('>') else {
            break;
        };
        // An empty element ends at once.
        let text = after.split_once('<').map_or(after, |(text, _)| text);
        fields.insert(name.to_owned(), plain(text).into());
        rest = after;
    }
    if fields.is_empty() {
        return Err(Dirty::new(
            "a Windows event in XML without fields; is it cut over several lines?",
        ));
    }
    Ok(Value::Object(fields))
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let after = &text[text.find(from)? + from.len()..];
    after.split_once(to).map(|(found, _)| found)
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_wrapping_gives_the_same_fields() {
        let flat = r#"{"EventID":1,"Computer":"LT-1","Image":"C:\\a.exe","ProcessId":"7"}"#;
        let xml = r"<Event xmlns='x'><System><EventID>1</EventID><Computer>LT-1</Computer></System><EventData><Data Name='Image'>C:\a.exe</Data><Data Name='ProcessId'>7</Data></EventData></Event>";
        let wrapped = [
            flat.to_owned(),
            format!("[{flat}]"),
            format!("{flat},"),
            format!(r#"{{"_source":{flat}}}"#),
            format!(r#"{{"time":1,"host":"other","event":{flat}}}"#),
            format!(r#"{{"result":{{"_raw":{}}}}}"#, Value::String(flat.to_owned())),
            format!(r#"{{"event":{}}}"#, Value::String(xml.to_owned())),
            format!(r#"{{"body":{},"type":"raw"}}"#, Value::String(flat.to_owned())),
            flat.replace(":1,", ":1.0,"),
            r#"{"Id":1,"EventID":1,"Computer":"LT-1","Message":"Process Create:\r\nRuleName: -\r\nProcessId: 7\r\nImage: C:\\a.exe"}"#.to_owned(),
            xml.to_owned(),
            r##"{"Event":{"System":{"EventID":{"#text":1},"Computer":"LT-1"},"EventData":{"Data":[{"@Name":"Image","#text":"C:\\a.exe"},{"#attributes":{"Name":"ProcessId"},"#text":"7"}]}}}"##.to_owned(),
            r#"{"winlog":{"event_id":1,"computer_name":"LT-1","event_data":{"Image":"C:\\a.exe","ProcessId":"0x7"}}}"#.to_owned(),
            r#"{"data":{"win":{"system":{"eventID":"1","computer":"LT-1"},"eventdata":{"image":"C:\\a.exe","processId":"7"}}}}"#.to_owned(),
        ];
        for line in wrapped {
            let events = events(&line).unwrap();
            let fields = Fields::of(&events[0]);
            assert_eq!(
                fields.text(&["Image"]).as_deref(),
                Some(r"C:\a.exe"),
                "{line}"
            );
            assert_eq!(fields.number(&["ProcessId"]), Some(7), "{line}");
            assert_eq!(fields.number(&["EventID", "event_id"]), Some(1), "{line}");
            assert_eq!(
                fields.text(&["Computer", "computer_name"]).as_deref(),
                Some("LT-1"),
                "{line}"
            );
        }
    }

    #[test]
    fn another_providers_event_is_told_apart() {
        let of = |line: &str| Fields::of(&events(line).unwrap()[0]).is_of_sysmon();
        assert!(!of(r#"{"EventID":1,"Channel":"System"}"#));
        assert!(of(
            r#"{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational"}"#
        ));
        assert!(of(r#"{"EventID":1}"#));
    }

    #[test]
    fn no_text_breaks_it() {
        for line in [
            "<Event",
            "<Event><Data Name=",
            "<Event><Data Name='",
            "<Event><Data Name='a'",
            "[[[]]]",
            "3",
            "{\"event\":\"{\"}",
            "<ä",
        ] {
            let _ = events(line);
        }
    }
}
