//! One-time passwords that follow from time (RFC 6238), as virtual MFA devices show them: HMAC-SHA-1, six digits, a new
//! one every 30 seconds; and the base32 (RFC 4648) in which their seeds are told.

use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use sha1::Sha1;

use crate::value::instant::Timestamp;

/// Seconds that a code is shown.
const PERIOD: i64 = 30;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The number of the period that an instant lies in.
#[must_use]
pub fn period(now: Timestamp) -> u64 {
    u64::try_from(now.unix_seconds().div_euclid(PERIOD)).unwrap_or_default()
}

/// The six digits that a device with that seed shows in a period.
#[must_use]
pub fn code(seed: &[u8], period: u64) -> String {
    let Ok(mac) = Hmac::<Sha1>::new_from_slice(seed) else {
        // INVARIANT: HMAC accepts keys of any length.
        return String::new();
    };
    let digest = mac.chain_update(period.to_be_bytes()).finalize().into_bytes();
    let offset = usize::from(digest.last().copied().unwrap_or_default() & 0x0f);
    let number = digest
        .iter()
        .skip(offset)
        .take(4)
        .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// The period whose code it is, among the one of `now` and its neighbors, since clocks differ.
#[must_use]
pub fn verify(seed: &[u8], presented: &str, now: Timestamp) -> Option<u64> {
    let now = period(now);
    (now.saturating_sub(1)..=now.saturating_add(1)).find(|period| code(seed, *period) == presented)
}

/// Bytes as base32 without padding.
#[must_use]
pub fn base32(bytes: &[u8]) -> String {
    bytes
        .chunks(5)
        .flat_map(|chunk| {
            let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte)) << (8 * (5 - chunk.len()));
            (0..(chunk.len() * 8).div_ceil(5)).map(move |at| bits >> (35 - 5 * at) & 0x1f)
        })
        .filter_map(|index| ALPHABET.get(usize::try_from(index).ok()?))
        .map(|byte| char::from(*byte))
        .collect()
}

/// The bytes behind base32, in either case, with padding or without; nothing where it is none.
#[must_use]
pub fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for c in text.trim_end_matches('=').bytes() {
        let index = ALPHABET.iter().position(|known| *known == c.to_ascii_uppercase())?;
        bits = (bits << 5 | u32::try_from(index).ok()?) & 0x0fff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6238, appendix B, its last six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let seed = b"12345678901234567890";
        for (seconds, wanted) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Timestamp::from_unix_seconds(seconds);
            assert_eq!(code(seed, period(now)), wanted, "{seconds}");
            assert_eq!(verify(seed, wanted, now), Some(period(now)));
            assert_eq!(verify(seed, wanted, now.plus_seconds(30)), Some(period(now)));
            assert_eq!(verify(seed, wanted, now.plus_seconds(90)), None);
        }
        assert_eq!(verify(seed, "", Timestamp::UNIX_EPOCH), None);
    }

    /// RFC 4648, section 10.
    #[test]
    fn base32_is_that_of_the_rfc() {
        for (bytes, wanted) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), wanted);
            assert_eq!(from_base32(&wanted.to_lowercase()).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(from_base32("MY======").as_deref(), Some(&b"f"[..]));
        assert_eq!(from_base32("M1"), None);
        assert_eq!(from_base32("M=Y"), None);
    }

    proptest! {
        #[test]
        fn base32_loses_nothing(bytes: Vec<u8>) {
            prop_assert_eq!(from_base32(&base32(&bytes)), Some(bytes));
        }
    }
}
