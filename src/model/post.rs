//! What is a post: as a source gave it, and in our own form?

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Timestamp;

/// A post as a source kind read it, before anything was normalised. Strings are as the site sent them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RawPost {
    /// The identity that the kind promises to be stable over polls and the same from every source
    /// that shows the post, for example `hn:41000000` or `discourse:community.acme.example:412`.
    pub key: String,
    /// Permalink, absolute where the site allows it; relative ones are resolved against the answer's URL.
    pub url: String,
    /// The page the post was made to point to (a submission's link), if any. Never links in the body.
    pub target: Option<String>,
    /// Key of the conversation's root on the same site, when this is a reply.
    pub thread: Option<String>,
    pub post_type: PostType,
    /// One line of text; may hold HTML entities or markup.
    pub title: String,
    /// The body.
    pub text: String,
    /// What `title` and `text` are written in.
    pub form: TextForm,
    pub author: Option<RawAuthor>,
    /// When the site says it was published.
    pub published: Option<Timestamp>,
    /// When the site says it was last changed.
    pub updated: Option<Timestamp>,
    /// BCP 47 tag that the site states.
    pub lang: Option<String>,
    pub tags: Vec<String>,
    #[serde(default)]
    pub engagement: Engagement,
}

/// Whether text from a site is markup or plain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextForm {
    #[default]
    Html,
    Plain,
}

/// Who wrote a post, as the site says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawAuthor {
    /// Shown name.
    pub name: String,
    /// The site's handle, without a leading `@`, when it has one apart from the name.
    pub handle: Option<String>,
    pub url: Option<String>,
}

/// What sort of thing was published; `type:` in queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostType {
    /// A submission, a topic's first post, a status.
    #[default]
    Story,
    Comment,
    Article,
    Review,
    Question,
    Answer,
    /// No post of anybody: Overheard's own word of an issue, for the routes.
    Issue,
}

impl PostType {
    /// Every type with its word in queries, TOML and JSON.
    pub const ALL: [(PostType, &'static str); 7] = [
        (PostType::Story, "story"),
        (PostType::Comment, "comment"),
        (PostType::Article, "article"),
        (PostType::Review, "review"),
        (PostType::Question, "question"),
        (PostType::Answer, "answer"),
        (PostType::Issue, "issue"),
    ];

    /// The word for this type in queries, TOML and JSON.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("story", |(_, word)| word)
    }
}

/// Counts as the site gave them; `None` means it did not say, which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engagement {
    pub likes: Option<u64>,
    pub replies: Option<u64>,
    pub shares: Option<u64>,
}

/// Identity of a post: the first 80 bits of BLAKE3 over its key; 20 hexadecimal digits when shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostId(pub [u8; 10]);

impl PostId {
    /// The identity of the post with this key (see [`RawPost::key`]).
    pub fn of(key: &str) -> Self {
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&blake3::hash(key.as_bytes()).as_bytes()[..10]);
        Self(bytes)
    }
}

impl fmt::Display for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PostId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a post id: it has 20 hexadecimal digits");
        if text.len() != 20 || !text.is_ascii() {
            return Err(wrong());
        }
        let mut bytes = [0; 10];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for PostId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_bytes(&self.0) }
    }
}

impl<'de> Deserialize<'de> for PostId {
    /// Takes both forms from every format: inside a tagged enum serde forgets which sort of format it reads.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id;
        impl de::Visitor<'_> for Id {
            type Value = PostId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "20 hexadecimal digits or 10 bytes of a post id")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<PostId, E> {
                bytes.try_into().map(PostId).map_err(|_| E::invalid_length(bytes.len(), &self))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<PostId, E> {
                text.parse().map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_any(Id)
    }
}

/// Who wrote a post on one site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Shown name, plain text, one line.
    pub name: String,
    /// The site's handle without `@`; equals `name` on sites that have only one.
    pub handle: String,
    pub url: Option<String>,
}

impl Author {
    /// What is remembered of an author who is to be forgotten: a hash of handle and site, from which neither can be read.
    pub fn mark(handle: &str, site: &str) -> PostId {
        PostId::of(&format!("author\n{}\n{}", handle.trim_start_matches('@').to_lowercase(), site.to_lowercase()))
    }
}

/// A post in our own form: what watches, archive, alerts and pages see.
///
/// `title` and `text` are plain text (entities decoded, markup and control characters removed) and
/// never change after normalisation: every span of a match counts bytes of these two strings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Post {
    pub id: PostId,
    /// See [`RawPost::key`].
    pub key: String,
    /// Name of the source that brought it first.
    pub source: String,
    /// Name of that source's kind.
    pub kind: String,
    /// Host of the permalink without `www.`, in lower case.
    pub site: String,
    /// Permalink as the site wrote it, made absolute.
    pub url: String,
    /// Permalink without tracking, fragment, default port, AMP and mobile forms: equal for the same page.
    pub canonical_url: String,
    /// Canonical URL of the page that the post was made to point to, if it is not a site's front page.
    pub target: Option<String>,
    /// Id of the conversation's root, when this is a reply.
    pub thread: Option<PostId>,
    pub post_type: PostType,
    pub title: String,
    pub text: String,
    pub author: Option<Author>,
    /// When the site says it was published; never later than `received` plus a day, else dropped.
    pub published: Option<Timestamp>,
    pub updated: Option<Timestamp>,
    /// When Overheard read it.
    pub received: Timestamp,
    /// Primary language subtag in lower case (`en`): of the words, as far as they tell, else the one that the site states.
    pub lang: Option<String>,
    /// In lower case.
    pub tags: Vec<String>,
    /// Canonical URLs of links in the body, at most [`Post::MAX_LINKS`].
    pub links: Vec<String>,
    pub engagement: Engagement,
}

impl Post {
    /// Longest title kept, in bytes; the rest is cut at a character.
    pub const MAX_TITLE: usize = 1_000;
    /// Longest text kept, in bytes; the rest is cut at a character.
    pub const MAX_TEXT: usize = 200_000;
    /// Most links kept of one post.
    pub const MAX_LINKS: usize = 64;
    /// Most tags kept of one post.
    pub const MAX_TAGS: usize = 32;

    /// A post of which only its key and when it was read are known; the rest is empty.
    pub fn bare(key: &str, received: Timestamp) -> Self {
        Self {
            id: PostId::of(key),
            key: key.to_owned(),
            source: String::new(),
            kind: String::new(),
            site: String::new(),
            url: String::new(),
            canonical_url: String::new(),
            target: None,
            thread: None,
            post_type: PostType::default(),
            title: String::new(),
            text: String::new(),
            author: None,
            published: None,
            updated: None,
            received,
            lang: None,
            tags: Vec::new(),
            links: Vec::new(),
            engagement: Engagement::default(),
        }
    }

    /// When it was published, or when we read it where the site does not say.
    pub fn dated(&self) -> Timestamp {
        self.published.unwrap_or(self.received)
    }
}
