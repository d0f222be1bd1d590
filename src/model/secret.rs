//! How is a secret named in configuration and carried without ever being printed?

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};

/// A secret. In configuration it is named, never written: `{ env = "NAME" }` or `{ file = "path" }`.
///
/// The loader of the configuration reads the variable or file and hands kinds the value; a value
/// written into the file itself is refused. `Debug` prints `Secret(…)`; there is no `Display` and no `Serialize`.
#[derive(Clone)]
pub struct Secret(SecretString);

/// What the loader puts in the place of `{ env = … }` or `{ file = … }` once it was read.
pub struct SecretValue;

impl SecretValue {
    /// The key of the table that carries a value that was read. Not a thing users may write: the loader refuses it.
    pub const KEY: &'static str = "\u{0}resolved";
}

impl Secret {
    /// A secret with this value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value: only for the doors, at the moment of use, and for signing.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named;
        impl<'de> de::Visitor<'de> for Named {
            type Value = Secret;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a named secret: {{ env = \"NAME\" }} or {{ file = \"path\" }}")
            }
            fn visit_str<E: de::Error>(self, _: &str) -> Result<Secret, E> {
                // Never echo what stands there: it may be the secret itself.
                Err(E::custom(
                    "a secret does not belong into the file; write { env = \"NAME\" } or { file = \"path\" }",
                ))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
                match map.next_entry::<String, String>()? {
                    Some((key, value)) if key == SecretValue::KEY => Ok(Secret::new(value)),
                    _ => Err(de::Error::custom("expected { env = \"NAME\" } or { file = \"path\" }")),
                }
            }
        }
        deserializer.deserialize_map(Named)
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "format": "secret" })
    }

    fn inline_schema() -> bool {
        true
    }
}
