//! Messages of `application/vnd.amazon.eventstream`: lengths, headers and payload, with two checksums.
//!
//! Source: the Smithy specification, "Amazon Event Stream Specification".

use serde_json::Value;

/// The media type of such a stream.
pub(super) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";
/// Both lengths and the first checksum.
const PRELUDE: usize = 12;
/// The type of a header's value that is a text.
const TEXT: u8 = 7;

/// An event of that type with its members.
pub(super) fn event(kind: &str, members: &Value) -> Vec<u8> {
    message(
        &[
            (":message-type", "event"),
            (":event-type", kind),
            (":content-type", "application/json"),
        ],
        members.to_string().as_bytes(),
    )
}

/// An exception of that type, which ends the stream.
pub(super) fn exception(kind: &str, members: &Value) -> Vec<u8> {
    message(
        &[
            (":message-type", "exception"),
            (":exception-type", kind),
            (":content-type", "application/json"),
        ],
        members.to_string().as_bytes(),
    )
}

fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        // INVARIANT: the names and values above are a few bytes long.
        head.push(name.len() as u8);
        head.extend(name.as_bytes());
        head.push(TEXT);
        head.extend((value.len() as u16).to_be_bytes());
        head.extend(value.as_bytes());
    }
    let total = PRELUDE + head.len() + payload.len() + 4;
    let mut message = Vec::with_capacity(total);
    message.extend((total as u32).to_be_bytes());
    message.extend((head.len() as u32).to_be_bytes());
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message.extend(head);
    message.extend(payload);
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What botocore's own `botocore.eventstream` decodes without a complaint (`python3 -c` with these bytes).
    #[test]
    fn messages_are_framed_and_checked() {
        let got = message(&[("a", "b")], b"{}");
        let wanted = [
            0, 0, 0, 24, 0, 0, 0, 6, // lengths
            0xdc, 0xd1, 0xa6, 0x1f, // of the lengths
            1, b'a', 7, 0, 1, b'b', // the header
            b'{', b'}', // the payload
            0xf3, 0xd7, 0x88, 0x73, // of all before
        ];
        assert_eq!(got, wanted);
    }
}
