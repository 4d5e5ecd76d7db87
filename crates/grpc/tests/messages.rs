//! From .proto texts and JSON to the bytes of messages.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use grpc::{Descriptors, compile_protos};
use proptest::prelude::*;

const SHOP: &str = r#"
syntax = "proto3";
package shop.v1;
import "shop/types.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/any.proto";
service Shop {
  rpc Buy(BuyRequest) returns (BuyReply);
  rpc Watch(BuyRequest) returns (stream BuyReply);
}
message BuyRequest {
  string user = 1;
  repeated Item items = 2;
  map<string, int32> limits = 3;
  google.protobuf.Timestamp at = 4;
  shop.v1.Address address = 5;
  google.protobuf.Any extra = 6;
}
message Item { uint32 id = 1; int64 count = 2; }
message BuyReply { bool good = 1; }
"#;
const TYPES: &str = "syntax = \"proto3\";\npackage shop.v1;\nmessage Address { string street = 1; map<int32, string> notes = 2; }\n";
const BUY: &str = "shop.v1.Shop/Buy";

fn files() -> BTreeMap<String, String> {
    [("shop/shop.proto", SHOP), ("shop/types.proto", TYPES)]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

fn set() -> Vec<u8> {
    compile_protos(&files(), &["shop/shop.proto".into()]).unwrap()
}

fn encode(json: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let encoded = Descriptors::decode(&set())
        .unwrap()
        .encode(BUY, json.as_bytes(), &mut out);
    encoded.map(|()| out).map_err(|error| error.to_string())
}

#[test]
fn methods_that_can_be_called_are_listed() {
    assert_eq!(Descriptors::decode(&set()).unwrap().methods(), [BUY]);
}

#[test]
fn a_message_is_encoded_by_its_descriptor() {
    let bytes = encode(r#"{"user": "ada", "items": [{"id": 7, "count": "-1"}]}"#).unwrap();
    let item = [8, 7, 16, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
    assert_eq!(bytes, [&b"\x0a\x03ada\x12\x0d"[..], &item].concat());
    assert_eq!(encode("").unwrap(), b"");
    assert_eq!(
        encode(r#"{"at": "1970-01-01T00:00:05Z"}"#).unwrap(),
        b"\x22\x02\x08\x05"
    );
}

#[test]
fn maps_go_by_their_keys_wherever_they_are() {
    let names: Vec<String> = (0..20).map(|n| format!("\"k{n:02}\": {n}")).collect();
    let notes: Vec<String> = (0..20).map(|n| format!("\"{n}\": \"x\"")).collect();
    let address = format!("{{\"notes\": {{{}}}}}", notes.join(","));
    let json = format!(
        r#"{{"limits": {{{}}}, "address": {address}, "extra": {{"@type": "a.b/shop.v1.Address", "notes": {{{}}}}}}}"#,
        names.join(","),
        notes.join(","),
    );
    let bytes = encode(&json).unwrap();
    assert!((0..8).all(|_| encode(&json).unwrap() == bytes));
    let places: Vec<usize> = (0..20)
        .map(|n| {
            let name = format!("k{n:02}");
            bytes
                .windows(3)
                .position(|found| found == name.as_bytes())
                .unwrap()
        })
        .collect();
    assert!(places.is_sorted());
}

#[test]
fn what_does_not_match_is_named() {
    for (json, wanted) in [
        (
            r#"{"user": 5}"#,
            vec!["shop.v1.BuyRequest", BUY, "field \"user\"", "integer `5`"],
        ),
        (
            r#"{"address": {"street": []}}"#,
            vec!["field \"address.street\""],
        ),
        (r#"{"price": 5}"#, vec!["field \"price\"", "unrecognized"]),
        ("{", vec!["EOF"]),
        ("[]", vec![BUY]),
        ("{} {}", vec!["trailing"]),
    ] {
        let problem = encode(json).unwrap_err();
        assert!(
            wanted.iter().all(|part| problem.contains(part)),
            "{json}: {problem}"
        );
    }
}

#[test]
fn methods_that_are_not_there_or_stream_are_refused() {
    let descriptors = Descriptors::decode(&set()).unwrap();
    let refused = |method: &str| {
        descriptors
            .encode(method, b"{}", &mut Vec::new())
            .unwrap_err()
            .to_string()
    };
    assert!(refused("shop.v1.Shop/Sell").contains(BUY));
    assert!(refused("shop.v1.Shop/Watch").contains("streams"));
}

#[test]
fn wrong_files_are_named_with_their_place() {
    let refused = |name: &str, text: &str| {
        let files = BTreeMap::from([(name.to_owned(), text.to_owned())]);
        compile_protos(&files, &[name.to_owned()])
            .unwrap_err()
            .to_string()
    };
    let problem = refused(
        "a.proto",
        "syntax = \"proto3\";\nmessage A { strin x = 1; }\n",
    );
    assert!(
        problem.contains("a.proto:2:13") && problem.contains("strin"),
        "{problem}"
    );
    let problem = refused("a.proto", "syntax = \"proto3\";\nmessage A {\n");
    assert!(problem.contains("a.proto:"), "{problem}");
    let problem = refused("a.proto", "import \"b.proto\";");
    assert!(problem.contains("b.proto"), "{problem}");
    let problem = refused("a.proto", &"message A {".repeat(10_000));
    assert!(problem.contains("nested deeper"), "{problem}");
    let problem = compile_protos(&BTreeMap::new(), &["x.proto".into()])
        .unwrap_err()
        .to_string();
    assert!(problem.contains("x.proto"), "{problem}");
}

proptest! {
    #[test]
    fn descriptors_never_panic(at in any::<prop::sample::Index>(), bit in 0..8_u8, cut in any::<prop::sample::Index>(), json in ".{0,60}") {
        let mut bytes = set();
        let place = at.index(bytes.len());
        bytes[place] ^= 1 << bit;
        for set in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
            if let Ok(descriptors) = Descriptors::decode(set) {
                for method in descriptors.methods() {
                    let _ = descriptors.encode(&method, json.as_bytes(), &mut Vec::new());
                }
            }
        }
    }

    #[test]
    fn protos_never_panic(at in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(), other in any::<char>()) {
        let place = at.index(SHOP.len());
        let mut text = SHOP[..place].to_owned();
        text.push(other);
        text.push_str(&SHOP[cut.index(SHOP.len())..]);
        let mut files = files();
        files.insert("shop/shop.proto".into(), text);
        let _ = compile_protos(&files, &["shop/shop.proto".into()]);
    }

    #[test]
    fn messages_never_panic(json in r#"\{("(user|items|limits|at|address|extra|@type)": ?("[a-z0-9:/.TZ-]{0,12}"|[0-9e.-]{1,9}|\{\}|\[\{\}\]|null),?){0,4}\}?"#) {
        let _ = encode(&json);
    }
}
