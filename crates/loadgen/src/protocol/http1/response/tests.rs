//! Responses split anywhere, responses that lie, and bytes that are no responses at all.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::protocol::http1::chunked::MAX_LINE_BYTES;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Read {
    /// Status, reusable, bytes of the response.
    Complete(u16, bool, u64),
    /// Everything was consumed and more is needed.
    Open,
}

/// Feeds the pieces one after another, and then the end of the stream if `closed`.
fn read(pieces: &[&[u8]], head_request: bool, closed: bool) -> Result<Read, ResponseError> {
    let mut response = Response::new();
    response.begin(head_request);
    for piece in pieces {
        if response.feed(piece, &mut |_: &[u8]| ())?.is_some() {
            return Ok(summary(&response));
        }
    }
    if closed {
        response.end()?;
        return Ok(summary(&response));
    }
    Ok(Read::Open)
}

fn summary(response: &Response) -> Read {
    Read::Complete(response.status(), response.keep_alive(), response.bytes())
}

fn whole(text: &str) -> Result<Read, ResponseError> {
    read(&[text.as_bytes()], false, false)
}

const PLAIN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
    4;note=\"x\"\r\nWiki\r\nA\r\n0123456789\r\n0\r\nExpires: never\r\n\r\n";
const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
    HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn every_framing_of_the_standard_is_understood() {
    let complete = |text: &str, status, reusable| {
        assert_eq!(
            whole(text),
            Ok(Read::Complete(status, reusable, text.len() as u64)),
            "{text}"
        );
    };
    complete(PLAIN, 200, true);
    complete(CHUNKED, 200, true);
    complete(INTERIM, 201, true);
    complete(
        "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n",
        204,
        true,
    );
    complete(
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        304,
        true,
    );
    complete(
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: Close\r\n\r\n",
        200,
        false,
    );
    complete(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: upgrade, close\r\n\r\n",
        200,
        false,
    );
    complete("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, false);
    complete(
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n",
        200,
        true,
    );
    complete(
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        200,
        true,
    );
    complete(
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        200,
        true,
    );
}

#[test]
fn an_answer_to_head_has_no_body() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(
        read(&[head.as_bytes()], true, false),
        Ok(Read::Complete(200, true, head.len() as u64))
    );
    assert_eq!(whole(head), Ok(Read::Open));
}

#[test]
fn a_body_without_length_ends_with_the_connection() {
    let text = "HTTP/1.1 200 OK\r\n\r\nall of this";
    assert_eq!(whole(text), Ok(Read::Open));
    assert_eq!(
        read(&[text.as_bytes()], false, true),
        Ok(Read::Complete(200, false, text.len() as u64))
    );
}

#[test]
fn bytes_behind_the_response_are_not_consumed() {
    let mut response = Response::new();
    response.begin(false);
    let two = format!("{CHUNKED}{PLAIN}");
    assert_eq!(
        response.feed(two.as_bytes(), &mut |_: &[u8]| ()),
        Ok(Some(CHUNKED.len()))
    );
}

#[test]
fn a_reader_serves_one_response_after_another() {
    let mut response = Response::new();
    for _ in 0..3 {
        response.begin(false);
        assert_eq!(
            response.feed(&PLAIN.as_bytes()[..20], &mut |_: &[u8]| ()),
            Ok(None)
        );
        assert_eq!(
            response.feed(&PLAIN.as_bytes()[20..], &mut |_: &[u8]| ()),
            Ok(Some(PLAIN.len() - 20))
        );
        assert_eq!(
            summary(&response),
            Read::Complete(200, true, PLAIN.len() as u64)
        );
    }
}

#[test]
fn a_connection_that_ends_too_early_is_an_error() {
    for text in [PLAIN, CHUNKED, INTERIM] {
        for length in 0..text.len() {
            let cut = read(&[&text.as_bytes()[..length]], false, true);
            assert_eq!(cut, Err(ResponseError::Truncated), "{length} of {text}");
        }
    }
}

#[test]
fn lying_lengths_are_refused() {
    let with = |field: &str| whole(&format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\nx"));
    for value in [
        "-1",
        "+1",
        "1, 2",
        "one",
        "",
        "0x1",
        "99999999999999999999999",
    ] {
        assert_eq!(
            with(&format!("Content-Length: {value}")),
            Err(ResponseError::Length),
            "{value}"
        );
    }
    assert_eq!(
        with("Content-Length: 1\r\nContent-Length: 2"),
        Err(ResponseError::Length)
    );
    assert_eq!(with("Content-Length: 18446744073709551615"), Ok(Read::Open));
}

#[test]
fn malformed_chunks_are_refused() {
    let with = |body: &str| {
        whole(&format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
        ))
    };
    for body in [
        "\r\n",
        "x\r\n",
        ";\r\n",
        "-1\r\n",
        "fffffffffffffffff\r\n",
        "1\r\nab\r\n",
        "1\r\na\r\r\n",
    ] {
        assert_eq!(with(body), Err(ResponseError::Chunk), "{body:?}");
    }
}

#[test]
fn what_is_not_http_1_is_refused() {
    assert_eq!(whole("SSH-2.0-OpenSSH_9.2\r\n"), Err(ResponseError::Head));
    assert_eq!(whole("HTTP/2 200\r\n\r\n"), Err(ResponseError::Head));
    assert_eq!(whole("\0\0\0"), Err(ResponseError::Head));
}

/// Feeds `start` and then `more` again and again, in pieces of `size`, until an error.
fn endless(start: &str, more: &str, size: usize) -> (ResponseError, u64) {
    let mut response = Response::new();
    response.begin(false);
    response.feed(start.as_bytes(), &mut |_: &[u8]| ()).unwrap();
    let piece = more.repeat(size / more.len() + 1);
    for _ in 0..1_000_000 {
        match response.feed(piece.as_bytes(), &mut |_: &[u8]| ()) {
            Ok(progress) => assert_eq!(progress, None),
            Err(error) => return (error, response.bytes()),
        }
        assert!(response.partial.len() <= MAX_HEAD_BYTES);
    }
    unreachable!("an endless response was read without end");
}

#[test]
fn endless_heads_and_lines_are_bounded() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for size in [1, 700, 100_000] {
        let (error, bytes) = endless("HTTP/1.1 200 OK\r\nX: ", "y", size);
        assert_eq!(
            (error, bytes <= MAX_HEAD_BYTES as u64),
            (ResponseError::HeadTooLong, true)
        );
        let (error, _) = endless("HTTP/1.1 200 OK\r\n", "A: b\r\n", size);
        assert_eq!(error, ResponseError::HeadTooLong);
        for start in ["5;", "0\r\nA: "] {
            let (error, bytes) = endless(&format!("{chunked}{start}"), "z", size);
            assert_eq!(error, ResponseError::Chunk);
            assert!(bytes <= (chunked.len() + start.len() + MAX_LINE_BYTES) as u64);
        }
        let (error, _) = endless(&format!("{chunked}0\r\n"), "A: b\r\n", size);
        assert_eq!(error, ResponseError::Chunk);
    }
}

/// A response as a server might send it, with the bytes it should be read as.
fn responses() -> impl Strategy<Value = (Vec<u8>, u16)> {
    let chunks = prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6);
    (200_u16..600, chunks, any::<bool>(), 0_usize..3).prop_filter_map(
        "has a body",
        |(status, chunks, chunked, interim)| {
            if status == 204 || status == 304 {
                return None;
            }
            let mut bytes = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(interim);
            bytes.extend(format!("HTTP/1.1 {status} Status\r\nX-Filler: abc\r\n").bytes());
            if chunked {
                bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in &chunks {
                    bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
                    bytes.extend(chunk);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n\r\n");
            } else {
                let body = chunks.concat();
                bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
                bytes.extend(body);
            }
            Some((bytes, status))
        },
    )
}

/// Cuts bytes into pieces at the places given.
fn cut<'a>(bytes: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut borders: Vec<usize> = places
        .iter()
        .map(|place| place.index(bytes.len() + 1))
        .collect();
    borders.extend([0, bytes.len()]);
    borders.sort_unstable();
    borders
        .windows(2)
        .map(|pair| &bytes[pair[0]..pair[1]])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(1_000)))]

    #[test]
    fn splitting_changes_nothing(
        (bytes, status) in responses(), places in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let expected = Ok(Read::Complete(status, true, bytes.len() as u64));
        prop_assert_eq!(read(&cut(&bytes, &places), false, false), expected.clone());
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(read(&single, false, false), expected);
    }

    #[test]
    fn damaged_responses_never_panic_and_stay_bounded(
        (mut bytes, _) in responses(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        for (place, value) in damage {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        let pieces = cut(&bytes, &places);
        if let Ok(Read::Complete(_, _, used)) = read(&pieces, false, true) {
            prop_assert!(used <= bytes.len() as u64);
        }
    }

    #[test]
    fn garbage_never_panics(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8)) {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let _ = read(&pieces, false, true);
    }

    #[test]
    fn garbage_behind_a_chunked_head_never_panics(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let _ = read(&[head, &body], false, true);
    }
}
