//! HTTP/1.1: the complete request.

use std::io::Write;

use super::Request;
use crate::ScheduleError;

/// Appends a request; its length comes last of the headers.
pub(super) fn encode(
    request: &Request,
    values: &[Vec<u8>],
    body: &[u8],
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), ScheduleError> {
    out.extend_from_slice(request.method.as_bytes());
    out.push(b' ');
    request.quoted_path(values, scratch, out);
    out.extend_from_slice(b" HTTP/1.1\r\n");
    for (name, template) in &request.headers {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        request.header(name, template, values, out)?;
        out.extend_from_slice(b"\r\n");
    }
    if request.tells_length(body) {
        let _ = write!(out, "Content-Length: {}\r\n", body.len()); // a vector takes everything
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    Ok(())
}
