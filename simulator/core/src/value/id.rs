//! Identifiers as AWS and Kubernetes form them, drawn from a seed, so that a scenario run twice has the same ones.

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

/// The alphabet of IAM unique ids and access key ids.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The alphabet of secret access keys.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// The alphabet of what Kubernetes appends to `generateName` (`apimachinery/pkg/util/rand`): no vowels, so that no words
/// come out, and nothing that looks like another character.
const NAME_SUFFIX: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A generator whose outputs follow from its seed and the number of draws so far.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct IdGenerator {
    seed: u64,
    drawn: u64,
}

impl IdGenerator {
    /// A generator that has drawn nothing yet.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Another generator for what `label` names. It follows from this one, which goes on as if it had not been asked.
    #[must_use]
    pub fn fork(&self, label: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.drawn.to_be_bytes());
        hash.update(label.as_bytes());
        let digest = hash.finalize();
        Self::new(digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte)))
    }

    /// A unique id of IAM with its prefix, such as `AIDA` + 17 characters.
    pub fn unique_id(&mut self, prefix: &str) -> String {
        self.characters(prefix, 21, BASE32)
    }

    /// An access key id with its prefix, `AKIA` or `ASIA` + 16 characters.
    pub fn access_key_id(&mut self, prefix: &str) -> String {
        self.characters(prefix, 20, BASE32)
    }

    /// A secret access key of 40 characters.
    pub fn secret(&mut self) -> String {
        self.characters("", 40, BASE64)
    }

    /// `length` characters of base32.
    pub fn base32(&mut self, length: usize) -> String {
        self.characters("", length, BASE32)
    }

    /// A session token; real ones are several hundred characters of base64.
    pub fn session_token(&mut self) -> String {
        self.characters("IQoJb3JpZ2luX2Vj", 356, BASE64)
    }

    /// A code or a token of `length` letters, digits, `+` and `/`, its prefix included.
    pub fn opaque(&mut self, prefix: &str, length: usize) -> String {
        self.characters(prefix, length, BASE64)
    }

    /// A code that people read and compare, such as `ABCD-EFGH`.
    pub fn user_code(&mut self) -> String {
        let [first, second] = [4, 4].map(|length| self.characters("", length, BASE32));
        format!("{first}-{second}")
    }

    /// The end of a name that Kubernetes generates, of `length` characters.
    pub fn name_suffix(&mut self, length: usize) -> String {
        self.characters("", length, NAME_SUFFIX)
    }

    /// A version 4 UUID in lower case.
    pub fn uuid(&mut self) -> String {
        let mut bytes = [0_u8; 16];
        for (to, from) in bytes.iter_mut().zip(self.draw()) {
            *to = from;
        }
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let group = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().concat();
        [group(0, 4), group(4, 6), group(6, 8), group(8, 10), group(10, 16)].join("-")
    }

    /// A number from 0 up to, but not including, 1.
    pub fn fraction(&mut self) -> f64 {
        let bytes: u32 = self
            .draw()
            .iter()
            .take(4)
            .fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        f64::from(bytes) / 4_294_967_296.0
    }

    /// `length` lower-case hexadecimal digits, at most 64.
    pub fn hex(&mut self, length: usize) -> String {
        self.draw()
            .into_iter()
            .flat_map(|byte| [byte >> 4, byte & 0x0f])
            .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
            .take(length)
            .collect()
    }

    fn characters(&mut self, prefix: &str, length: usize, alphabet: &[u8]) -> String {
        let mut text = prefix.to_owned();
        // Bytes beyond the last multiple of the alphabet's length would favor its first characters.
        let fair = 256 - 256 % alphabet.len();
        while text.len() < length {
            text.extend(
                self.draw()
                    .into_iter()
                    .filter(|byte| usize::from(*byte) < fair)
                    .filter_map(|byte| alphabet.get(usize::from(byte) % alphabet.len()))
                    .map(|byte| char::from(*byte))
                    .take(length - text.len()),
            );
        }
        text
    }

    fn draw(&mut self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.drawn.to_be_bytes());
        self.drawn = self.drawn.wrapping_add(1);
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shape_of_real_ones_and_follow_from_the_seed() {
        let mut ids = IdGenerator::new(7);
        let user = ids.unique_id("AIDA");
        assert_eq!((user.len(), user.starts_with("AIDA")), (21, true));
        assert_eq!(ids.access_key_id("AKIA").len(), 20);
        assert_eq!(ids.secret().len(), 40);
        assert_eq!(ids.session_token().len(), 356);
        assert_eq!(ids.hex(32).len(), 32);
        assert_eq!((ids.opaque("a", 7).len(), ids.user_code().len()), (7, 9));
        let uuid = ids.uuid();
        assert_eq!((uuid.len(), uuid.as_bytes()[14]), (36, b'4'));
        assert_eq!(IdGenerator::new(7).unique_id("AIDA"), user);
        assert_ne!(IdGenerator::new(8).unique_id("AIDA"), user);
        assert_eq!(ids.fork("a").hex(32), ids.clone().fork("a").hex(32));
        assert_ne!(ids.fork("a").hex(32), ids.fork("b").hex(32));
        let fork = ids.fork("a");
        ids.uuid();
        assert_ne!(ids.fork("a"), fork);
    }

    #[test]
    fn the_end_of_a_name_is_any_of_fourteen_million() {
        let mut ids = IdGenerator::new(1);
        let drawn: Vec<String> = (0..12_000).map(|_| ids.name_suffix(5)).collect();
        for at in 0..5 {
            let mut found: Vec<char> = drawn.iter().filter_map(|suffix| suffix.chars().nth(at)).collect();
            found.sort_unstable();
            let counts: Vec<usize> = found.chunk_by(PartialEq::eq).map(<[char]>::len).collect();
            assert_eq!(counts.len(), NAME_SUFFIX.len(), "each character is drawn");
            // 444 are expected of each, give or take 21.
            assert!(counts.iter().all(|count| (340..550).contains(count)), "{counts:?}");
        }
        let mut unique = drawn;
        unique.sort_unstable();
        unique.dedup();
        // Of 27^5 names about five pairs are the same; of the 2^19 that 16 characters make, 129 would be.
        assert!(unique.len() > 11_980, "{}", unique.len());
    }
}
