//! Which field of a message does not match: found by trying them one by one, after the fact.

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor};
use serde_json::{Map, Value};

/// Returns the path of the first field that does not match, and what is wrong with it.
///
/// Nothing is returned for text that is no JSON object, and where only fields together are wrong.
pub(crate) fn blame(input: &MessageDescriptor, json: &[u8]) -> Option<(String, String)> {
    let object: Map<String, Value> = serde_json::from_slice(json).ok()?;
    blame_object(input, &object)
}

fn blame_object(
    message: &MessageDescriptor,
    object: &Map<String, Value>,
) -> Option<(String, String)> {
    for (name, value) in object {
        let single = Map::from_iter([(name.clone(), value.clone())]);
        let Err(error) = DynamicMessage::deserialize(message.clone(), Value::Object(single)) else {
            continue;
        };
        let deeper = inner(message, name).zip(value.as_object());
        let found = deeper.and_then(|(inner, object)| blame_object(&inner, object));
        return Some(match found {
            Some((path, problem)) => (format!("{name}.{path}"), problem),
            None => (name.clone(), error.to_string()),
        });
    }
    None
}

/// Returns the message that a field holds, if it holds one.
fn inner(message: &MessageDescriptor, name: &str) -> Option<MessageDescriptor> {
    let field = message.get_field_by_json_name(name);
    let field = field.or_else(|| message.get_field_by_name(name))?;
    match field.kind() {
        Kind::Message(inner) if !field.is_map() && !field.is_list() => Some(inner),
        _ => None,
    }
}
