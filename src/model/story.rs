//! What is a story, and how does a post come to belong to one?

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::PostId;

/// Identity of a story: the id of its first member. After a merge the older id stays valid for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoryId(pub PostId);

impl fmt::Display for StoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for StoryId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self)
    }
}

/// What made a post a member of a story that was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinedBy {
    /// The same page under another address.
    SameUrl,
    /// Both were made to point to the same page, or one is the page that the other points to.
    SameTarget,
    /// The same words after normalisation.
    SameText,
    /// Nearly the same words: cut, mistyped, quoted as a whole, or with a tail of another site.
    NearText,
}

/// Which story a post belongs to; journaled with the post, applied by the views.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryDecision {
    pub story: StoryId,
    /// `None` when the post opened the story.
    pub joined_by: Option<JoinedBy>,
    /// Younger stories that this post proved to be the same; their ids resolve to `story` from now on.
    pub absorbs: Vec<StoryId>,
    /// Keys under which later posts find this one; see `dedup::keys`.
    #[serde(with = "key_bytes")]
    pub keys: Vec<[u8; 16]>,
    /// Under which later posts find this one that say nearly the same; see `dedup::near`.
    #[serde(default)]
    pub bands: Bands,
}

/// Hashes of pairs of words that copies of a post share with it; at most [`Bands::MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bands(pub Vec<u64>);

impl Bands {
    /// Most bands of a post.
    pub const MAX: usize = 8;
}

/// As one byte string.
impl Serialize for Bands {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|band| band.to_be_bytes()).collect();
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for Bands {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl de::Visitor<'_> for Bytes {
            type Value = Bands;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "bands of 8 bytes each")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bands, E> {
                let (bands, rest) = bytes.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(E::invalid_length(bytes.len(), &self));
                }
                Ok(Bands(bands.iter().map(|band| u64::from_be_bytes(*band)).collect()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// Keys as one byte string: an array each would cost a header a byte.
mod key_bytes {
    use serde::{Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(keys: &[[u8; 16]], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(keys.as_flattened())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<[u8; 16]>, D::Error> {
        struct Bytes;
        impl de::Visitor<'_> for Bytes {
            type Value = Vec<[u8; 16]>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "keys of 16 bytes each")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                let (keys, rest) = bytes.as_chunks::<16>();
                if rest.is_empty() { Ok(keys.to_vec()) } else { Err(E::invalid_length(bytes.len(), &self)) }
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
