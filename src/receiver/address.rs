//! Where does a receiver listen, and may that be known?

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use url::Url;

use crate::model::{Auth, Request, Secret};

/// An address as it stands in the configuration: written out (`"https://hooks.acme.example/overheard"`), or named as a
/// secret (`{ env = "NAME" }` or `{ file = "path" }`) where knowing it is enough to post there. [`Address::of`] checks it.
#[derive(Clone, Debug)]
pub enum AddressSetting {
    Open(String),
    Secret(Secret),
}

/// The address of a receiver, checked.
#[derive(Clone, Debug)]
pub struct Address {
    /// The whole address, or for a secret one only what may be shown: scheme, host and port.
    shown: Url,
    secret: Option<Secret>,
}

/// Why something is no address. Never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("not an address: {0}")]
    NoUrl(String),
    #[error("not an http or https address")]
    NotHttp,
    #[error("an address with a password in it is a secret; write {{ env = \"NAME\" }} or {{ file = \"path\" }}")]
    Password,
    #[error("the secret is not an http or https address")]
    SecretNoUrl,
}

impl Address {
    /// The address that a setting gives.
    pub fn of(setting: &AddressSetting) -> Result<Self, AddressError> {
        match setting {
            AddressSetting::Open(text) => Self::open(text),
            AddressSetting::Secret(secret) => Self::secret(secret),
        }
    }

    /// An address that may be known.
    fn open(text: &str) -> Result<Self, AddressError> {
        let shown = Url::parse(text).map_err(|error| AddressError::NoUrl(error.to_string()))?;
        if !is_http(&shown) {
            return Err(AddressError::NotHttp);
        }
        if shown.password().is_some() {
            return Err(AddressError::Password);
        }
        Ok(Self { shown, secret: None })
    }

    /// An address that is a secret.
    pub fn secret(secret: &Secret) -> Result<Self, AddressError> {
        let text = secret.expose().trim();
        let url = Url::parse(text).ok().filter(is_http).ok_or(AddressError::SecretNoUrl)?;
        let shown = Url::parse(&url.origin().ascii_serialization()).map_err(|_| AddressError::SecretNoUrl)?;
        Ok(Self { shown, secret: Some(Secret::new(text)) })
    }

    /// A POST of JSON to this address.
    pub fn post(&self, json: String) -> Request {
        let auth = self.secret.clone().map_or(Auth::None, |secret| Auth::Url { secret });
        Request { auth, ..Request::post_json(self.shown.clone(), json) }
    }
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

impl<'de> Deserialize<'de> for AddressSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> de::Visitor<'de> for Either {
            type Value = AddressSetting;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "an address, or a secret that holds one: {{ env = \"NAME\" }} or {{ file = \"path\" }}")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<AddressSetting, E> {
                Ok(AddressSetting::Open(text.to_owned()))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<AddressSetting, A::Error> {
                Secret::deserialize(de::value::MapAccessDeserializer::new(map)).map(AddressSetting::Secret)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for AddressSetting {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        // To the loader of the configuration: a secret, but one that may also be written out as a string.
        schemars::json_schema!({ "type": ["string", "object"], "format": "secret" })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_address_is_http_and_has_no_password() {
        for (text, refused) in [
            ("https://hooks.acme.example/overheard?team=1", None),
            ("http://localhost:9000/", None),
            ("hooks.acme.example", Some(AddressError::NoUrl("relative URL without a base".into()))),
            ("ftp://hooks.acme.example/", Some(AddressError::NotHttp)),
            ("https://us:hunter2@hooks.acme.example/", Some(AddressError::Password)),
        ] {
            assert_eq!(Address::open(text).err(), refused, "{text}");
        }
    }

    #[test]
    fn a_secret_address_shows_its_host_and_keeps_the_rest() {
        let address =
            Address::secret(&Secret::new("https://hooks.acme.example:8443/T1/B2/hunter2\n")).expect("an address");
        let request = address.post("{}".into());
        assert_eq!(request.url.as_str(), "https://hooks.acme.example:8443/");
        assert!(!format!("{address:?} {request:?}").contains("hunter2"));
        let Auth::Url { secret } = request.auth else { panic!("the whole address is the secret") };
        assert_eq!(secret.expose(), "https://hooks.acme.example:8443/T1/B2/hunter2");
    }

    #[test]
    fn a_secret_that_is_no_address_is_refused_without_a_word_of_it() {
        for text in ["hunter2", "", "file:///etc/hunter2"] {
            let error = Address::secret(&Secret::new(text)).expect_err("no address");
            assert_eq!(error, AddressError::SecretNoUrl, "{text}");
        }
    }
}
