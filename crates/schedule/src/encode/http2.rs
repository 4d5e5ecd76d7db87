//! HTTP/2 and gRPC, free of streams: length of the header block (u32, little-endian), block, body.
//!
//! The block begins with the one byte of `:scheme http` (0x86), so that a sender over TLS may put
//! `https` (0x87) in its place.

use super::hpack::field;
use super::{Messages, Request};
use crate::ScheduleError;
use crate::template::refusal;

const LENGTH_BYTES: usize = 4;
/// Headers that speak of one connection; HTTP/2 forbids them (RFC 9113, section 8.2.2).
const OF_CONNECTION: [&str; 7] = [
    "connection",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Appends a request.
pub(super) fn encode(
    request: &Request,
    values: &[Vec<u8>],
    body: &[u8],
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), ScheduleError> {
    let begin = open(out);
    let mut path = Vec::new();
    request.quoted_path(values, scratch, &mut path);
    pseudo(request, &request.method, &path, values, scratch, out)?;
    headers(request, &[], values, scratch, out)?;
    if request.tells_length(body) {
        field("content-length", body.len().to_string().as_bytes(), out);
    }
    close(begin, out);
    out.extend_from_slice(body);
    Ok(())
}

/// Appends a unary call (the gRPC specification, "gRPC over HTTP2"); `json` describes the message.
pub(super) fn call(
    request: &Request,
    values: &[Vec<u8>],
    json: &[u8],
    messages: Option<&dyn Messages>,
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), ScheduleError> {
    let refuse = |problem: String| refusal(&request.name, problem);
    let messages = messages.ok_or_else(|| refuse("there are no descriptors of messages".into()))?;
    let begin = open(out);
    let path = format!("/{}", request.grpc_method);
    pseudo(request, "POST", path.as_bytes(), values, scratch, out)?;
    field("te", b"trailers", out);
    field("content-type", b"application/grpc", out);
    headers(request, &["content-type"], values, scratch, out)?;
    close(begin, out);
    let prefix = out.len();
    out.extend_from_slice(&[0; 5]); // not compressed; the length follows
    let encoded = messages.encode(&request.grpc_method, json, out);
    encoded.map_err(refuse)?;
    let length = (out.len() - prefix - 5) as u32;
    out[prefix + 1..prefix + 5].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn open(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; LENGTH_BYTES]);
    out.len()
}

fn close(begin: usize, out: &mut [u8]) {
    let length = (out.len() - begin) as u32;
    out[begin - LENGTH_BYTES..begin].copy_from_slice(&length.to_le_bytes());
}

fn pseudo(
    request: &Request,
    method: &str,
    path: &[u8],
    values: &[Vec<u8>],
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), ScheduleError> {
    field(":scheme", b"http", out);
    field(":method", method.as_bytes(), out);
    field(":path", path, out);
    scratch.clear();
    let mut found = request.headers.iter();
    match found.find(|(name, _)| name.eq_ignore_ascii_case("host")) {
        _ if !request.authority.is_empty() => {
            scratch.extend_from_slice(request.authority.as_bytes());
        }
        Some((name, template)) => request.header(name, template, values, scratch)?,
        None => scratch.extend_from_slice(b"localhost"),
    }
    field(":authority", scratch, out);
    Ok(())
}

fn headers(
    request: &Request,
    given: &[&str],
    values: &[Vec<u8>],
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), ScheduleError> {
    for (name, template) in &request.headers {
        let name = name.to_ascii_lowercase();
        if OF_CONNECTION.contains(&name.as_str()) || given.contains(&name.as_str()) {
            continue;
        }
        scratch.clear();
        request.header(&name, template, values, scratch)?;
        field(&name, scratch, out);
    }
    Ok(())
}
