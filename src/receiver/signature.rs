//! How does a receiver know that a request is from us?
//!
//! As [Standard Webhooks](https://www.standardwebhooks.com) lays down: HMAC-SHA256 over
//! `id.timestamp.body`, so that neither the body nor its age can be changed on the way.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

use crate::model::{Secret, Timestamp};

/// How a secret begins that is written as Standard Webhooks writes it: the rest is base64 of the key.
const PREFIX: &str = "whsec_";

/// A key for signing; never printed.
#[derive(Clone, Debug)]
pub struct Key(SecretSlice<u8>);

/// Why a secret is no key. Never shows the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the secret is empty")]
    Empty,
    #[error("what follows `whsec_` in the secret is not base64")]
    NotBase64,
}

impl Key {
    /// The key that a secret holds: `whsec_` and base64, or any other text as its bytes.
    pub fn read(secret: &Secret) -> Result<Self, KeyError> {
        let text = secret.expose().trim();
        let bytes = match text.strip_prefix(PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| KeyError::NotBase64)?,
            None => text.as_bytes().to_vec(),
        };
        if bytes.is_empty() { Err(KeyError::Empty) } else { Ok(Self(SecretSlice::from(bytes))) }
    }

    /// `v1,` and the base64 of the signature; empty only if the library refused the key, which it does for no length.
    fn sign(&self, id: &str, timestamp: Timestamp, body: &str) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        mac.update(format!("{id}.{}.", timestamp.seconds()).as_bytes());
        mac.update(body.as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

/// The value of `webhook-signature`: one signature for every key, separated by spaces. While a secret is
/// being changed there are two keys, and a receiver accepts a request that either signed.
pub fn signature(keys: &[Key], id: &str, timestamp: Timestamp, body: &str) -> String {
    keys.iter().filter_map(|key| key.sign(id, timestamp, body)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::read(&Secret::new(text)).expect("a key")
    }

    #[test]
    fn the_published_example_of_the_standard_signs_as_it_says() {
        let keys = [key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
        let signature =
            signature(&keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", Timestamp(1_614_265_330_999), "{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_keys_give_two_signatures_and_none_gives_nothing() {
        let (new, old) = (key("new"), key("old"));
        let both = signature(&[new.clone(), old.clone()], "id", Timestamp(0), "{}");
        let each = [signature(&[new], "id", Timestamp(0), "{}"), signature(&[old], "id", Timestamp(0), "{}")];
        assert_eq!(both.split(' ').collect::<Vec<_>>(), each);
        assert_eq!(signature(&[], "id", Timestamp(0), "{}"), "");
    }

    #[test]
    fn a_secret_is_base64_after_its_prefix_and_itself_without() {
        let signed = |text: &str| signature(&[key(text)], "id", Timestamp(0), "{}");
        assert_eq!(signed("whsec_aGVsbG8="), signed("hello"));
        assert_eq!(signed("hello\n"), signed("hello"), "a file ends in a line break that is no part of the secret");
        for (text, error) in [
            ("", KeyError::Empty),
            (" \n", KeyError::Empty),
            ("whsec_", KeyError::Empty),
            ("whsec_not base64", KeyError::NotBase64),
        ] {
            assert_eq!(Key::read(&Secret::new(text)).err(), Some(error), "{text:?}");
        }
    }

    #[test]
    fn a_key_never_prints() {
        assert!(!format!("{:?}", key("hunter2")).contains("hunter2"));
    }
}
