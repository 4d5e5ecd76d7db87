//! HTTP/1.1: one request at a time; payloads are complete requests.

pub(crate) mod chunked;
pub(crate) mod response;

use super::{Answers, Protocol, ProtocolError};
use response::{Response, ResponseError};

impl From<ResponseError> for ProtocolError {
    fn from(error: ResponseError) -> Self {
        match error {
            ResponseError::HeadTooLong => Self::TooLarge(error.to_string()),
            _ => Self::Malformed(error.to_string()),
        }
    }
}

/// The client's side of a connection that is kept alive.
#[derive(Debug)]
pub(crate) struct Http1 {
    response: Response,
    /// The request under way, and whether its answer has begun.
    under_way: Option<(u32, bool)>,
    reusable: bool,
}

impl Http1 {
    pub(crate) fn new() -> Self {
        Self {
            response: Response::new(),
            under_way: None,
            reusable: true,
        }
    }

    fn complete(&mut self, tag: u32, answers: &mut dyn Answers) {
        self.under_way = None;
        answers.answered(tag, self.response.status(), self.response.bytes());
    }
}

impl Protocol for Http1 {
    fn room(&self) -> usize {
        usize::from(self.reusable && self.under_way.is_none())
    }

    fn send(&mut self, tag: u32, payload: &[u8], out: &mut Vec<u8>) {
        self.response.begin(payload.starts_with(b"HEAD "));
        self.under_way = Some((tag, false));
        out.extend_from_slice(payload);
    }

    fn cancel(&mut self, _: u32, _: &mut Vec<u8>) -> bool {
        false // Its answer may still come, and would be taken for that of the next request.
    }

    fn receive(
        &mut self,
        bytes: &[u8],
        answers: &mut dyn Answers,
        _: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let Some((tag, begun)) = self.under_way else {
            return Err(ProtocolError::Unasked);
        };
        if !begun {
            answers.begun(tag);
            self.under_way = Some((tag, true));
        }
        let mut body = |part: &[u8]| answers.body(tag, part);
        if let Some(used) = self.response.feed(bytes, &mut body)? {
            self.reusable = used == bytes.len() && self.response.keep_alive();
            self.complete(tag, answers);
        }
        Ok(())
    }

    fn closed(&mut self, answers: &mut dyn Answers) {
        self.reusable = false;
        if let Some((tag, true)) = self.under_way
            && self.response.end().is_ok()
        {
            self.complete(tag, answers);
        }
    }

    fn reusable(&self) -> bool {
        self.reusable
    }
}
