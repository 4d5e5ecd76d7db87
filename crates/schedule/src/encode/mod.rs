//! Encoders: from filled-in templates to the bytes of a payload, by protocol.

mod hpack;
mod http1;
mod http2;
mod raw;
mod resp;

use crate::ScheduleError;
use crate::error::require;
use crate::spec::{OperationSpec, Protocol, Spec};
use crate::template::{Template, refusal};

/// Largest payload in bytes.
pub(crate) const LARGEST: usize = 64 * 1024 * 1024;
const PATH_CHARACTERS: &[u8] = b"/?#[]@!$&'()*+,;=:%-._~";

/// Turns JSON into messages of gRPC methods.
pub trait Messages {
    /// Appends the message that `json` describes, for the input of `method` (`package.Service/Method`).
    ///
    /// # Errors
    /// What does not match, naming the field and the method.
    fn encode(&self, method: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), String>;
}

/// An operation's templates.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) authority: String,
    pub(crate) path: Template,
    pub(crate) headers: Vec<(String, Template)>,
    pub(crate) body: Template,
    pub(crate) grpc_method: String,
}

impl Request {
    /// Returns the templates and the names in use.
    pub(crate) fn new(operation: &OperationSpec) -> (Self, Vec<String>) {
        let mut names = Vec::new();
        let path = Template::new(&operation.path, &mut names);
        let headers = operation.headers.iter();
        let headers = headers
            .map(|(name, parts)| (name.clone(), Template::new(parts, &mut names)))
            .collect();
        let body = operation.body.as_deref().unwrap_or_default();
        let request = Self {
            name: operation.name.clone(),
            method: operation.method.clone(),
            authority: operation.authority.clone(),
            path,
            headers,
            body: Template::new(body, &mut names),
            grpc_method: operation.grpc_method.trim_start_matches('/').to_owned(),
        };
        (request, names)
    }

    /// Whether a length is sent even for an empty body.
    fn tells_length(&self, body: &[u8]) -> bool {
        !body.is_empty() || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH")
    }

    fn header(
        &self,
        name: &str,
        template: &Template,
        values: &[Vec<u8>],
        out: &mut Vec<u8>,
    ) -> Result<(), ScheduleError> {
        let begin = out.len();
        template.render(values, out);
        let control = |byte: &u8| matches!(byte, 0..=8 | 10..=31 | 127);
        if out[begin..].iter().any(control) {
            let problem = format!("header {name:?} holds a control character");
            return Err(refusal(&self.name, problem));
        }
        Ok(())
    }

    fn quoted_path(&self, values: &[Vec<u8>], scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
        scratch.clear();
        self.path.render(values, scratch);
        crate::template::quote(scratch, PATH_CHARACTERS, out);
    }
}

/// Builds payloads of one protocol.
pub(crate) struct Encoder<'a> {
    protocol: Protocol,
    prefix: raw::Prefix,
    messages: Option<&'a dyn Messages>,
    body: Vec<u8>,
    scratch: Vec<u8>,
}

impl<'a> Encoder<'a> {
    pub(crate) fn new(spec: &Spec, messages: Option<&'a dyn Messages>) -> Self {
        Self {
            protocol: spec.protocol,
            prefix: raw::Prefix::new(&spec.framing.clone().unwrap_or_default()),
            messages,
            body: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Appends a payload; `blob` stands in place of the body's template.
    pub(crate) fn encode(
        &mut self,
        request: &Request,
        values: &[Vec<u8>],
        blob: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<(), ScheduleError> {
        let begin = out.len();
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        match blob {
            Some(blob) => body.extend_from_slice(blob),
            None if self.protocol == Protocol::Resp => {
                resp::command(request, values, &mut self.scratch, &mut body)?;
            }
            None => request.body.render(values, &mut body),
        }
        let scratch = &mut self.scratch;
        match self.protocol {
            Protocol::Http1 => http1::encode(request, values, &body, scratch, out)?,
            Protocol::Http2 => http2::encode(request, values, &body, scratch, out)?,
            Protocol::Grpc => http2::call(request, values, &body, self.messages, scratch, out)?,
            Protocol::Line => raw::line(&body, out),
            Protocol::LengthPrefixed => self.prefix.frame(request, &body, out)?,
            Protocol::Resp => out.extend_from_slice(&body),
        }
        self.body = body;
        let size = out.len() - begin;
        require((1..=LARGEST).contains(&size), || {
            format!(
                "operation {:?}: a payload of {size} bytes is empty or larger than 64 MiB",
                request.name
            )
        })
    }
}
