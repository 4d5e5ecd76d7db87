//! What protocols with one request at a time on a connection have in common.

use super::{Answers, ProtocolError};

/// The request under way, and how far its answer has come.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    tag: Option<u32>,
    /// Received of the answer; 0: it has not begun.
    bytes: u64,
}

impl UnderWay {
    pub(super) const fn is_idle(&self) -> bool {
        self.tag.is_none()
    }

    pub(super) const fn begin(&mut self, tag: u32) {
        self.tag = Some(tag);
        self.bytes = 0;
    }

    /// Some bytes of the answer have come; returns whose answer it is.
    pub(super) fn expect(&mut self, answers: &mut dyn Answers) -> Result<u32, ProtocolError> {
        let tag = self.tag.ok_or(ProtocolError::Unasked)?;
        if self.bytes == 0 {
            answers.begun(tag);
        }
        Ok(tag)
    }

    pub(super) const fn count(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    pub(super) fn complete(&mut self, status: u16, answers: &mut dyn Answers) {
        if let Some(tag) = self.tag.take() {
            answers.answered(tag, status, self.bytes);
        }
    }
}
