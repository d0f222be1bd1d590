//! How does a record become bytes, and what if the bytes are none?

use serde::{Serialize, de::DeserializeOwned};
use sled::IVec;

use crate::model::{PostId, ViewError};

/// Version of every record; another version of the store's layout needs another [`super::open::SCHEMA`].
pub const VERSION: u8 = 1;

/// MessagePack with field names behind a version byte.
pub fn pack<T: Serialize>(record: &T) -> Result<IVec, ViewError> {
    let mut bytes = vec![VERSION];
    rmp_serde::encode::write_named(&mut bytes, record).map_err(|error| unreadable(&error))?;
    Ok(IVec::from(bytes))
}

/// The opposite of [`pack`].
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ViewError> {
    rmp_serde::from_slice(versioned(bytes)?).map_err(|error| unreadable(&error))
}

/// Bytes as bytes: a list of numbers would take twice the room.
pub mod bytes {
    use serde::{Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl de::Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "bytes")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

pub fn versioned(bytes: &[u8]) -> Result<&[u8], ViewError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        Some((version, _)) => Err(unreadable(&format!("version {version}"))),
        None => Err(unreadable(&"empty")),
    }
}

fn unreadable(why: &dyn std::fmt::Display) -> ViewError {
    super::failed(format!("a record cannot be read: {why}"))
}

/// Takes fixed pieces off the front.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ViewError> {
        let (piece, rest) = self.0.split_first_chunk().ok_or_else(|| unreadable(&"too short"))?;
        self.0 = rest;
        Ok(*piece)
    }

    pub fn u8(&mut self) -> Result<u8, ViewError> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, ViewError> {
        self.take().map(u16::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, ViewError> {
        self.take().map(u64::from_be_bytes)
    }

    /// Six bytes, with their sign.
    pub fn i48(&mut self) -> Result<i64, ViewError> {
        let [a, b, c, d, e, f] = self.take()?;
        Ok(i64::from_be_bytes([a, b, c, d, e, f, 0, 0]) >> 16)
    }

    pub fn id(&mut self) -> Result<PostId, ViewError> {
        self.take().map(PostId)
    }
}
