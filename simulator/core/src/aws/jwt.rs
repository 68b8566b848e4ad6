//! JSON Web Tokens that are signed with RS256, and the keys that sign them.
//!
//! Source: RFC 7515 (the compact form), RFC 7517 (keys), RFC 7519 (claims); go-jose 2.6, which kube-apiserver writes and
//! reads them with.
//!
//! FIDELITY: the id of a key is 40 hexadecimal digits, as in EKS's key sets, but ours are the SHA-1 of the public key; how
//! EKS makes its own is not published. A cluster keeps one key for good; EKS changes it every seven days.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::PrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::pkcs8::EncodePrivateKey;
use rsa::pkcs8::EncodePublicKey;
use rsa::rand_core::TryCryptoRng;
use rsa::traits::PublicKeyParts;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use sha1::Sha1;
use sha2::Digest;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::value::instant::Timestamp;

/// Bits of a key.
const KEY_BITS: usize = 2048;
/// The one algorithm that is spoken here.
const ALGORITHM: &str = "RS256";

/// What cannot be done with a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signing key: {0}")]
pub struct KeyError(String);

impl KeyError {
    fn of(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// A private key with its id; prints as the id only. The key itself is wiped when dropped.
#[derive(Clone)]
pub struct SigningKey {
    private: PrivateKey,
    id: String,
}

impl SigningKey {
    /// Makes a key of 2048 bits, which takes some tenths of a second.
    ///
    /// # Errors
    /// [`KeyError`], where the source of randomness fails.
    pub fn generate<R: TryCryptoRng>(randomness: &mut R) -> Result<Self, KeyError> {
        Self::new(PrivateKey::new(randomness, KEY_BITS).map_err(KeyError::of)?)
    }

    fn new(private: PrivateKey) -> Result<Self, KeyError> {
        let public = private.as_public_key().to_public_key_der().map_err(KeyError::of)?;
        let digest = Sha1::digest(public.as_bytes());
        Ok(Self {
            id: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            private,
        })
    }

    /// The `kid` of tokens and of the key set.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The token with these claims, in the compact form.
    ///
    /// # Errors
    /// [`KeyError`], where the key cannot sign, which a good key always can.
    pub fn sign(&self, claims: &Value) -> Result<String, KeyError> {
        let header = json!({"alg": ALGORITHM, "kid": self.id}).to_string();
        let mut token = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = self
            .private
            .pkcs1v15_sign::<Sha256>(token.as_bytes())
            .map_err(KeyError::of)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// Whether a token is signed with this key.
    #[must_use]
    pub fn has_signed(&self, token: &Jwt<'_>) -> bool {
        let public = self.private.as_public_key();
        token.algorithm == ALGORITHM
            && public
                .pkcs1v15_verify::<Sha256>(token.signed.as_bytes(), &token.signature)
                .is_ok()
    }

    /// The public half, as a member of a key set.
    #[must_use]
    pub fn public(&self) -> PublicJwk<'_> {
        let public = self.private.as_public_key();
        PublicJwk {
            key_id: &self.id,
            modulus: URL_SAFE_NO_PAD.encode(public.n_bytes()),
            exponent: URL_SAFE_NO_PAD.encode(public.e_bytes()),
        }
    }
}

/// The public half of a key. It has no serialisation of its own: those who show it differ in the order of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicJwk<'a> {
    /// `kid`.
    pub key_id: &'a str,
    /// `n`, in base64url.
    pub modulus: String,
    /// `e`, in base64url.
    pub exponent: String,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.id).finish()
    }
}

/// For the store: PKCS #8 in base64.
impl Serialize for SigningKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let der = self.private.to_pkcs8_der().map_err(S::Error::custom)?;
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(der.as_bytes())))
    }
}

impl<'de> Deserialize<'de> for SigningKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let der = Zeroizing::new(STANDARD.decode(text.as_bytes()).map_err(D::Error::custom)?);
        let private = PrivateKey::from_pkcs8_der(&der).map_err(D::Error::custom)?;
        Self::new(private).map_err(D::Error::custom)
    }
}

/// A token in its parts. Nothing in it is to be believed before [`SigningKey::has_signed`] says so.
#[derive(Clone, PartialEq, Eq)]
pub struct Jwt<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    algorithm: String,
    /// `kid`, where the header has one.
    pub key_id: Option<String>,
    claims: Map<String, Value>,
}

/// Without the signature, so that nobody can use what is printed.
impl fmt::Debug for Jwt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("key_id", &self.key_id)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

impl<'a> Jwt<'a> {
    /// Reads the compact form; nothing for a text that is no such token.
    #[must_use]
    pub fn parse(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |text: &str| -> Option<Map<String, Value>> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
        };
        let header = part(header)?;
        let text = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
            algorithm: text("alg")?,
            key_id: text("kid").filter(|id| !id.is_empty()),
            claims: part(claims)?,
        })
    }

    /// A claim that is text; empty where it is absent or something else.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.claims.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A claim of any kind.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// `aud`, which is one text or a list.
    #[must_use]
    pub fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// A claim that is a time, in whole seconds.
    #[must_use]
    pub fn time(&self, name: &str) -> Option<Timestamp> {
        let seconds = self.claims.get(name)?;
        // A fraction is cut off; a number that is too large is clamped.
        #[expect(clippy::cast_possible_truncation, reason = "`as` clamps to what i64 can hold")]
        let seconds = seconds
            .as_i64()
            .or_else(|| seconds.as_f64().map(|seconds| seconds as i64))?;
        Some(Timestamp::from_unix_seconds(seconds))
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::convert::Infallible;
    use std::sync::OnceLock;

    use rsa::rand_core::TryRng;

    use super::*;

    /// Randomness that is the same each time.
    struct Seeded(u64);

    impl TryRng for Seeded {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            self.try_next_u64().map(|number| number as u32)
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            self.0 += 1;
            let digest = Sha256::digest(self.0.to_be_bytes());
            Ok(digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            for chunk in bytes.chunks_mut(8) {
                let number = self.try_next_u64()?.to_be_bytes();
                chunk.copy_from_slice(&number[..chunk.len()]);
            }
            Ok(())
        }
    }

    impl TryCryptoRng for Seeded {}

    /// A key that is made once a test process.
    pub(crate) fn key() -> &'static SigningKey {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        KEY.get_or_init(|| SigningKey::generate(&mut Seeded(0)).unwrap())
    }

    /// Another one.
    pub(crate) fn other_key() -> &'static SigningKey {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        KEY.get_or_init(|| SigningKey::generate(&mut Seeded(1 << 32)).unwrap())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::key;
    use super::testing::other_key;
    use super::*;

    #[test]
    fn what_a_key_signs_it_knows_and_no_other_does() {
        let token = key().sign(&json!({"iss": "i", "aud": ["a", "b"], "exp": 5})).unwrap();
        let jwt = Jwt::parse(&token).unwrap();
        assert!(key().has_signed(&jwt));
        assert!(!other_key().has_signed(&jwt));
        assert_eq!(jwt.key_id.as_deref(), Some(key().id()));
        assert_eq!((jwt.text("iss"), jwt.text("sub")), ("i", ""));
        assert_eq!(jwt.audiences(), ["a", "b"]);
        assert_eq!(jwt.time("exp"), Some(Timestamp::from_unix_seconds(5)));
        assert_eq!(jwt.time("nbf"), None);
    }

    #[test]
    fn another_algorithm_is_not_taken_whatever_the_signature() {
        let token = key().sign(&json!({})).unwrap();
        let (_, rest) = token.split_once('.').unwrap();
        for algorithm in ["none", "HS256", "RS512"] {
            let header = URL_SAFE_NO_PAD.encode(json!({"alg": algorithm}).to_string());
            let token = format!("{header}.{rest}");
            assert!(!key().has_signed(&Jwt::parse(&token).unwrap()), "{algorithm}");
        }
    }

    #[test]
    fn a_key_comes_back_from_the_store_and_prints_no_secret() {
        let kept = serde_json::to_string(key()).unwrap();
        let again: SigningKey = serde_json::from_str(&kept).unwrap();
        assert_eq!(again.public(), key().public());
        let claims = json!({"sub": "s"});
        assert_eq!(again.sign(&claims).unwrap(), key().sign(&claims).unwrap());
        assert_eq!(format!("{again:?}"), format!("SigningKey({:?})", key().id()));
        assert!(serde_json::from_str::<SigningKey>("\"AAAA\"").is_err());
    }

    #[test]
    fn a_key_set_has_the_numbers_that_rfc_7518_wants() {
        let public = key().public();
        assert_eq!(public.exponent, "AQAB");
        assert_eq!(URL_SAFE_NO_PAD.decode(&public.modulus).unwrap().len(), 256);
        assert!(public.key_id.len() == 40 && public.key_id.chars().all(|c| c.is_ascii_hexdigit()));
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        for token in [
            "",
            "a",
            "a.b",
            "a.b.c",
            "e30.e30.",
            "eyJhbGciOiJSUzI1NiJ9.W10.",
            "eyJhbGciOiJSUzI1NiJ9.e30.*",
            "eyJhbGciOiJSUzI1NiJ9.e30=.",
            "eyJhbGciOiJSUzI1NiJ9.e30.YQ.YQ",
            "k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8",
        ] {
            assert_eq!(Jwt::parse(token), None, "{token}");
        }
        assert!(Jwt::parse("eyJhbGciOiJSUzI1NiJ9.e30.").is_some());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(token in "\\PC{0,80}") {
            let _ = Jwt::parse(&token);
        }
    }
}
