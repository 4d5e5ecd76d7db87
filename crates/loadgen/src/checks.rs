//! Is an answer the one that was expected?

use memchr::memmem;
use schedule::Expect;
use sha2::{Digest, Sha256};

use crate::log::Outcome;

/// Part of a body that is searched for the expected text.
const SEARCHED_BYTES: usize = 64 * 1024;

/// What is remembered of one answer's body, for the checks of its operation. Its memory is reused.
#[derive(Debug, Default)]
pub(crate) struct Body {
    start: Vec<u8>,
    digest: Option<Sha256>,
    /// Whether the operation checks bodies at all.
    watched: bool,
}

impl Body {
    /// Prepares for an answer.
    pub(crate) fn begin(&mut self, expect: &Expect) {
        self.start.clear();
        self.digest = expect.body_sha256.map(|_| Sha256::new());
        self.watched = self.digest.is_some() || !expect.body_contains.is_empty();
    }

    /// Takes the next bytes.
    #[inline]
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        if !self.watched {
            return;
        }
        let room = SEARCHED_BYTES - self.start.len();
        self.start
            .extend_from_slice(&bytes[..room.min(bytes.len())]);
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
    }

    /// Judges a complete answer.
    pub(crate) fn judge(&mut self, expect: &Expect, status: u16) -> Outcome {
        if !(expect.status_low..=expect.status_high).contains(&status) {
            return Outcome::UnexpectedStatus;
        }
        let found = expect.body_contains.is_empty()
            || memmem::find(&self.start, &expect.body_contains).is_some();
        let digest = self
            .digest
            .take()
            .map(|digest| <[u8; 32]>::from(digest.finalize()));
        if found && digest == expect.body_sha256 {
            Outcome::Ok
        } else {
            Outcome::UnexpectedBody
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(contains: &str, sha256: Option<[u8; 32]>) -> Expect {
        Expect {
            status_low: 200,
            status_high: 299,
            body_contains: contains.into(),
            body_sha256: sha256,
        }
    }

    fn judged(expect: &Expect, status: u16, pieces: &[&[u8]]) -> Outcome {
        let mut body = Body::default();
        body.begin(expect);
        pieces.iter().for_each(|piece| body.take(piece));
        body.judge(expect, status)
    }

    #[test]
    fn text_is_found_across_pieces_and_only_where_it_is() {
        let expect = expect("found", None);
        assert_eq!(judged(&expect, 204, &[b"it is fo", b"und"]), Outcome::Ok);
        assert_eq!(
            judged(&expect, 200, &[b"it is fo", b"nd"]),
            Outcome::UnexpectedBody
        );
        assert_eq!(judged(&expect, 500, &[b"found"]), Outcome::UnexpectedStatus);
    }

    #[test]
    fn a_digest_is_of_the_whole_body_whatever_its_length() {
        let long = vec![b'x'; 3 * SEARCHED_BYTES];
        let right = Some(Sha256::digest(&long).into());
        let expect = expect("", right);
        assert_eq!(
            judged(&expect, 200, &[&long[..10], &long[10..]]),
            Outcome::Ok
        );
        assert_eq!(judged(&expect, 200, &[&long[1..]]), Outcome::UnexpectedBody);
    }

    #[test]
    fn without_checks_nothing_is_kept() {
        let expect = expect("", None);
        let mut body = Body::default();
        body.begin(&expect);
        body.take(b"anything");
        assert!(body.start.is_empty());
        assert_eq!(body.judge(&expect, 200), Outcome::Ok);
    }
}
