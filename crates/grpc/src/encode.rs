//! Encoding in one order: the library writes the entries of maps in an order of chance.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};

const ANY: &str = "google.protobuf.Any";

/// Whether a message can hold a map, or anything, which can.
pub(crate) fn needs_order(message: &MessageDescriptor) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![message.clone()];
    while let Some(message) = open.pop() {
        if message.full_name() == ANY || message.fields().any(|field| field.is_map()) {
            return true;
        }
        if seen.insert(message.full_name().to_owned()) {
            let held = message.fields().filter_map(|field| match field.kind() {
                Kind::Message(held) => Some(held),
                _ => None,
            });
            open.extend(held);
        }
    }
    false
}

/// Appends a message; `ordered`: field by field, with the entries of maps by their keys.
pub(crate) fn encode_message(
    message: &DynamicMessage,
    ordered: bool,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    if !ordered {
        return message.encode(out).map_err(|error| error.to_string());
    }
    if message.descriptor().full_name() == ANY {
        return encode_any(message, out);
    }
    let fields: BTreeMap<u32, _> = message
        .fields()
        .map(|(field, value)| (field.number(), (field, value)))
        .collect();
    fields
        .values()
        .try_for_each(|(field, value)| encode_field(message, field, value, out))
}

fn encode_field(
    message: &DynamicMessage,
    field: &FieldDescriptor,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match (value, field.kind()) {
        (Value::Map(entries), Kind::Message(entry)) => {
            let sorted: BTreeMap<&MapKey, &Value> = entries.iter().collect();
            sorted.into_iter().try_for_each(|(key, value)| {
                let mut pair = DynamicMessage::new(entry.clone());
                pair.set_field_by_number(1, key.clone().into());
                pair.set_field_by_number(2, value.clone());
                encode_held(field, &pair, out)
            })
        }
        (Value::Message(held), _) if !field.is_group() => encode_held(field, held, out),
        (Value::List(all), Kind::Message(_)) if !field.is_group() => {
            let messages = all.iter().filter_map(Value::as_message);
            messages
                .into_iter()
                .try_for_each(|held| encode_held(field, held, out))
        }
        _ => {
            let mut alone = DynamicMessage::new(message.descriptor());
            alone.set_field(field, value.clone());
            alone.encode(out).map_err(|error| error.to_string())
        }
    }
}

/// Appends a message as a field: key, length, bytes.
fn encode_held(
    field: &FieldDescriptor,
    held: &DynamicMessage,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let mut bytes = Vec::new();
    encode_message(held, true, &mut bytes)?;
    encode_key(field.number(), WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(&bytes);
    Ok(())
}

/// Appends a message with its type; the message inside was encoded by the library, in its order.
fn encode_any(any: &DynamicMessage, out: &mut Vec<u8>) -> Result<(), String> {
    let url = any.get_field_by_number(1);
    let name = url
        .as_deref()
        .and_then(Value::as_str)
        .and_then(|url| url.rsplit('/').next());
    let pool = any.descriptor().parent_pool().clone();
    let inner = name.and_then(|name| pool.get_message_by_name(name));
    let Some(inner) = inner else {
        return any.encode(out).map_err(|error| error.to_string());
    };
    let bytes = any.get_field_by_number(2);
    let bytes = bytes
        .as_deref()
        .and_then(Value::as_bytes)
        .cloned()
        .unwrap_or_default();
    let decoded = DynamicMessage::decode(inner, bytes).map_err(|error| error.to_string())?;
    let mut ordered = Vec::new();
    encode_message(&decoded, true, &mut ordered)?;
    let mut again = any.clone();
    again.set_field_by_number(2, Value::Bytes(ordered.into()));
    again.encode(out).map_err(|error| error.to_string())
}
