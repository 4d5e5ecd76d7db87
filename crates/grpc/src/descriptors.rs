//! Methods and their messages.

use std::collections::BTreeMap;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use prost_types::FileDescriptorSet;

use crate::GrpcError;
use crate::blame::blame;
use crate::encode::{encode_message, needs_order};

const LONGEST: usize = 64 * 1024 * 1024;

/// A method with one request and one answer.
#[derive(Clone, Debug)]
struct Unary {
    input: MessageDescriptor,
    needs_order: bool,
}

/// The methods of a FileDescriptorSet.
#[derive(Clone, Debug)]
pub struct Descriptors {
    /// By `package.Service/Method`; nothing where it streams.
    methods: BTreeMap<String, Option<Unary>>,
}

impl Descriptors {
    /// Reads a serialized FileDescriptorSet; imported files must be in it.
    ///
    /// # Errors
    /// [`GrpcError::Descriptors`] for bytes that are not one, or that contradict themselves.
    pub fn decode(bytes: &[u8]) -> Result<Self, GrpcError> {
        if bytes.len() > LONGEST {
            return Err(GrpcError::Descriptors("it is larger than 64 MiB".into()));
        }
        let set = FileDescriptorSet::decode(bytes)
            .map_err(|error| GrpcError::Descriptors(error.to_string()))?;
        check_syntax(&set)?;
        let pool = DescriptorPool::from_file_descriptor_set(set)
            .map_err(|error| GrpcError::Descriptors(error.to_string()))?;
        let mut methods = BTreeMap::new();
        for service in pool.services() {
            for method in service.methods() {
                let name = format!("{}/{}", service.full_name(), method.name());
                let streams = method.is_client_streaming() || method.is_server_streaming();
                let input = method.input();
                let unary = Unary {
                    needs_order: needs_order(&input),
                    input,
                };
                methods.insert(name, (!streams).then_some(unary));
            }
        }
        Ok(Self { methods })
    }

    /// Returns the methods that can be called, as `package.Service/Method`, in order.
    pub fn methods(&self) -> Vec<String> {
        let unary = self.methods.iter().filter(|(_, unary)| unary.is_some());
        unary.map(|(name, _)| name.clone()).collect()
    }

    fn find(&self, method: &str) -> Result<&Unary, GrpcError> {
        let asked = method.trim_start_matches('/');
        match self.methods.get(asked) {
            Some(Some(unary)) => Ok(unary),
            Some(None) => Err(GrpcError::Streaming(asked.to_owned())),
            None => {
                let known = self.methods();
                let shown = known.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
                Err(GrpcError::UnknownMethod {
                    method: asked.to_owned(),
                    known: match known.len() {
                        0 => "none".into(),
                        1..=8 => shown,
                        more => format!("{shown} and {} more", more - 8),
                    },
                })
            }
        }
    }

    /// Appends the input message of a method that `json` describes (ProtoJSON mapping); nothing at all
    /// describes a message without fields.
    ///
    /// # Errors
    /// [`GrpcError::UnknownMethod`], [`GrpcError::Streaming`], or [`GrpcError::Message`] naming the
    /// method and the field that does not match.
    pub fn encode(&self, method: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), GrpcError> {
        let unary = self.find(method)?;
        let input = &unary.input;
        let refuse = |field: String, problem: String| GrpcError::Message {
            method: method.trim_start_matches('/').to_owned(),
            message: input.full_name().to_owned(),
            field,
            problem,
        };
        let json = if json.is_empty() { b"{}" } else { json };
        let mut reader = serde_json::Deserializer::from_slice(json);
        let read = DynamicMessage::deserialize(input.clone(), &mut reader)
            .and_then(|message| reader.end().map(|()| message));
        let message = read.map_err(|error| match blame(input, json) {
            Some((field, problem)) => refuse(format!(", field {field:?}"), problem),
            None => refuse(String::new(), error.to_string()),
        })?;
        encode_message(&message, unary.needs_order, out)
            .map_err(|problem| refuse(String::new(), problem))
    }
}

/// Editions are refused here, since the library panics on a syntax that it does not know.
fn check_syntax(set: &FileDescriptorSet) -> Result<(), GrpcError> {
    let unknown = set
        .file
        .iter()
        .find(|file| !matches!(file.syntax.as_deref(), None | Some("proto2" | "proto3")));
    unknown.map_or(Ok(()), |file| {
        let (name, syntax) = (file.name(), file.syntax());
        Err(GrpcError::Descriptors(format!(
            "{name} has the syntax {syntax:?}; proto2 and proto3 can be used"
        )))
    })
}
