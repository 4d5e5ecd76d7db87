#![allow(clippy::unwrap_used)]
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    digits
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<Field>, HpackError> {
    let mut fields = Vec::new();
    decoder.decode(block, |field| fields.push(field))?;
    Ok(fields)
}

fn statuses(fields: &[Field]) -> Vec<u64> {
    let of_status = fields.iter().filter(|field| field.name == Name::Status);
    of_status.filter_map(|field| field.value).collect()
}

/// RFC 7541, appendix C.5 and C.6: a table of 256 bytes, so entries are evicted.
#[test]
fn the_examples_of_the_standard_are_decoded() {
    let plain = [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 \
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 \
         7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 \
         6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ];
    let coded = [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad \
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 \
         e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    for blocks in [plain, coded] {
        let mut decoder = Decoder::new();
        decode(&mut decoder, &hex("3fe101")).unwrap();
        let decoded = blocks.map(|block| decode(&mut decoder, &hex(block)).unwrap());
        assert_eq!(
            decoded.each_ref().map(|fields| statuses(fields)),
            [[302], [307], [200]]
        );
        assert_eq!(decoded.map(|fields| fields.len()), [4, 4, 6]);
        assert_eq!(decoder.bytes, 215);
        assert_eq!(decoder.entries.len(), 3);
    }
}

#[test]
fn fields_that_matter_are_kept_in_the_table() {
    let mut decoder = Decoder::new();
    let mut block = b"\x40\x0bgrpc-status\x0214".to_vec();
    block.extend_from_slice(b"\x5c\x0518446"); // content-length, by the static name, indexed
    block.extend_from_slice(b"\x40\x01x\x01y");
    let expected = |name, value| Field { name, value };
    let first = decode(&mut decoder, &block).unwrap();
    let again = decode(&mut decoder, &[0xc0, 0xbf, 0xbe]).unwrap();
    assert_eq!(first, again);
    assert_eq!(
        first,
        [
            expected(Name::GrpcStatus, Some(14)),
            expected(Name::ContentLength, Some(18446)),
            expected(Name::Other, None),
        ]
    );
}

#[test]
fn a_value_that_is_no_number_has_none() {
    for value in [
        "",
        "2x",
        "-1",
        "18446744073709551616",
        "000000000000000000000000000001",
    ] {
        let mut block = vec![0x08, value.len() as u8];
        block.extend_from_slice(value.as_bytes());
        let fields = decode(&mut Decoder::new(), &block).unwrap();
        assert_eq!(
            fields,
            [Field {
                name: Name::Status,
                value: None
            }],
            "{value}"
        );
    }
}

#[test]
fn malformed_blocks_are_errors() {
    let cases: [(&[u8], HpackError); 10] = [
        (&[0x80], HpackError::Index),
        (&[0xbe], HpackError::Index),
        (&[0x40], HpackError::Truncated),
        (&[0x40, 0x05, b'a'], HpackError::Truncated),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], HpackError::Integer),
        (&[0x3f, 0xe2, 0x1f], HpackError::TableSize),
        (&[0x88, 0x20], HpackError::TableSize),
        (&[0x08, 0x81, 0x00], HpackError::Huffman), // padding of zeros
        (&[0x08, 0x84, 0xff, 0xff, 0xff, 0xff], HpackError::Huffman), // the end symbol
        (&[0x08, 0x82, 0x07, 0xff], HpackError::Huffman), // a byte of padding
    ];
    for (block, error) in cases {
        assert_eq!(decode(&mut Decoder::new(), block), Err(error), "{block:x?}");
    }
}

#[test]
fn an_entry_larger_than_the_table_empties_it() {
    let mut decoder = Decoder::new();
    decode(&mut decoder, b"\x40\x01x\x01y").unwrap();
    let mut block = b"\x40\x01x\x7f\xa1\x1f".to_vec(); // 4,128 bytes
    block.resize(block.len() + 4128, b'v');
    decode(&mut decoder, &block).unwrap();
    assert_eq!((decoder.bytes, decoder.entries.len()), (0, 0));
}

#[test]
fn a_small_block_cannot_grow_into_an_endless_list() {
    let mut decoder = Decoder::new();
    let mut block = b"\x40\x01x\x7f\xd1\x0e".to_vec(); // 2,000 bytes
    block.resize(block.len() + 2000, b'v');
    block.resize(block.len() + 100, 0xbe);
    assert_eq!(decode(&mut decoder, &block), Err(HpackError::TooLong));
}

#[test]
fn every_table_size_keeps_its_bound() {
    let mut decoder = Decoder::new();
    for nth in 0..1000_u32 {
        let mut block = b"\x40\x04".to_vec();
        block.extend_from_slice(&nth.to_be_bytes());
        block.push(0);
        decode(&mut decoder, &block).unwrap();
    }
    assert!(decoder.bytes <= TABLE_BYTES && decoder.entries.len() == TABLE_BYTES / 36);
    decode(&mut decoder, &[0x20]).unwrap();
    assert_eq!((decoder.bytes, decoder.entries.len()), (0, 0));
}

proptest! {
    #[test]
    fn huffman_strings_are_decoded(bytes in vec(any::<u8>(), 0..Text::KEPT)) {
        let text = huffman::decode(&huffman::tests::encode(&bytes)).unwrap();
        prop_assert_eq!(text.short(), Some(&bytes[..]));
    }

    #[test]
    fn any_blocks_never_panic(blocks in vec(vec(any::<u8>(), 0..200), 1..8)) {
        let mut decoder = Decoder::new();
        for block in blocks {
            let _ = decode(&mut decoder, &block);
            prop_assert!(decoder.bytes <= TABLE_BYTES);
        }
    }

    #[test]
    fn any_literals_never_panic(values in vec((any::<u8>(), vec(any::<u8>(), 0..40), any::<bool>()), 1..20)) {
        let mut decoder = Decoder::new();
        for (kind, value, coded) in values {
            let mut block = vec![kind, value.len() as u8 | if coded { 0x80 } else { 0 }];
            block.extend_from_slice(&value);
            let _ = decode(&mut decoder, &block);
            prop_assert!(decoder.bytes <= TABLE_BYTES);
        }
    }
}
