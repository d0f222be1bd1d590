//! Which fields does the index have, and how does a post become a document?

use tantivy::query::{BooleanQuery, TermQuery};
use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, NumericOptions, STORED, Schema, TextFieldIndexing, TextOptions, Value,
};
use tantivy::{TantivyDocument, Term};

use crate::model::{Post, PostId, StoryId};

use super::error::ArchiveError;
use super::record::Record;
use super::tokens::WORDS;
use super::values;

/// Fast fields, for orders and comparisons.
pub(super) const DATED: &str = "dated";
pub(super) const RECEIVED: &str = "received";
pub(super) const PUBLISHED: &str = "published";
pub(super) const SCORE: &str = "score";
pub(super) const LIKES: &str = "likes";
pub(super) const REPLIES: &str = "replies";
pub(super) const SENTIMENT: &str = "sentiment";

/// Longest value that is indexed, in bytes: more than a query can ask for, less than an index can hold.
const MAX_VALUE: usize = 50_000;

/// Every field of the index. A change here, in [`Key`] or in [`Record`] needs a new [`super::open::SCHEMA_VERSION`].
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) schema: Schema,
    pub(super) title: Field,
    pub(super) text: Field,
    /// All values that a post has or has not, each behind its [`Key`]. One field of the index: every further one
    /// would make each commit slower.
    value: Field,
    dated: Field,
    received: Field,
    published: Field,
    score: Field,
    likes: Field,
    replies: Field,
    sentiment: Field,
    record: Field,
}

/// What a value is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Id = 1,
    /// The story, where it is not named after the post itself: a value that only one post has costs much.
    Story,
    /// The conversation's root, of its replies.
    Thread,
    Author,
    /// The permalink's host and the domains above it.
    Site,
    /// See [`values::paths`].
    Path,
    /// The hosts that it links to and the domains above them.
    Link,
    Source,
    Kind,
    Type,
    Lang,
    Tag,
    Watch,
    Owner,
    /// See [`values::labels`].
    Label,
    Status,
    Outcome,
    /// [`MENTION`] for what retention keeps as a mention.
    KeptAs,
    /// Bands of what it says; the last, so that nothing stands behind them in the index.
    Band,
}

/// Where the bands begin among all values, and where they end.
pub(super) const BAND_START: [u8; 1] = [Key::Band as u8];
pub(super) const BAND_END: [u8; 1] = [Key::Band as u8 + 1];

/// The one value of [`Key::KeptAs`].
pub(super) const MENTION: &str = "mention";

impl Fields {
    pub(super) fn new() -> Self {
        let mut builder = Schema::builder();
        let positions = IndexRecordOption::WithFreqsAndPositions;
        let words = TextFieldIndexing::default().set_tokenizer(WORDS).set_index_option(positions);
        let words = TextOptions::default().set_indexing_options(words);
        let number = NumericOptions::default().set_fast();
        Self {
            title: builder.add_text_field("title", words.clone()),
            text: builder.add_text_field("text", words),
            value: builder.add_bytes_field("value", BytesOptions::default().set_indexed()),
            dated: builder.add_i64_field(DATED, number.clone()),
            received: builder.add_i64_field(RECEIVED, number.clone()),
            published: builder.add_f64_field(PUBLISHED, number.clone()),
            score: builder.add_f64_field(SCORE, number.clone()),
            likes: builder.add_f64_field(LIKES, number.clone()),
            replies: builder.add_f64_field(REPLIES, number.clone()),
            sentiment: builder.add_f64_field(SENTIMENT, number),
            record: builder.add_bytes_field("record", STORED),
            schema: builder.build(),
        }
    }

    /// The document of a post.
    pub(super) fn document(&self, record: &Record) -> Result<TantivyDocument, String> {
        let mut document = TantivyDocument::default();
        document.add_bytes(self.record, &record.encode()?);
        document.add_text(self.title, &record.post.title);
        document.add_text(self.text, &record.post.text);
        self.add_identity(record, &mut document);
        self.add_values(&record.post, &mut document);
        self.add_numbers(&record.post, &mut document);
        self.add_facts(record, &mut document);
        Ok(document)
    }

    fn add_identity(&self, record: &Record, document: &mut TantivyDocument) {
        let post = &record.post;
        self.add(Key::Id, &post.id.0, document);
        if record.story.0 != post.id {
            self.add(Key::Story, &record.story.0.0, document);
        }
        if let Some(root) = post.thread {
            self.add(Key::Thread, &root.0, document);
        }
        for band in &record.bands.0 {
            self.add(Key::Band, &band.to_be_bytes(), document);
        }
        self.add(Key::Outcome, record.outcome.name().as_bytes(), document);
        if record.is_mention() {
            self.add(Key::KeptAs, MENTION.as_bytes(), document);
        }
    }

    fn add_values(&self, post: &Post, document: &mut TantivyDocument) {
        self.add(Key::Type, post.post_type.word().as_bytes(), document);
        self.add_all(Key::Author, values::authors(post), document);
        self.add_all(Key::Site, values::sites(post), document);
        self.add_all(Key::Path, values::paths(post), document);
        self.add_all(Key::Link, values::links(post), document);
        self.add_all(Key::Source, values::own([&post.source]), document);
        self.add_all(Key::Kind, values::own([&post.kind]), document);
        self.add_all(Key::Lang, values::langs(post), document);
        self.add_all(Key::Tag, values::own(&post.tags), document);
    }

    fn add_facts(&self, record: &Record, document: &mut TantivyDocument) {
        let facts = record.facts();
        add_numbers([(self.score, facts.score), (self.sentiment, facts.sentiment)], document);
        self.add_all(Key::Watch, values::own(&facts.watches), document);
        self.add_all(Key::Owner, values::own(&facts.owners), document);
        self.add_all(Key::Label, values::labels(&facts.labels), document);
        self.add_all(Key::Status, values::own(&facts.status), document);
    }

    fn add_numbers(&self, post: &Post, document: &mut TantivyDocument) {
        document.add_i64(self.dated, post.dated().0);
        document.add_i64(self.received, post.received.0);
        let numbers = [
            (self.published, post.published.map(|moment| moment.0 as f64)),
            (self.likes, post.engagement.likes.map(|count| count as f64)),
            (self.replies, post.engagement.replies.map(|count| count as f64)),
        ];
        add_numbers(numbers, document);
    }

    fn add_all(&self, key: Key, values: impl IntoIterator<Item = String>, document: &mut TantivyDocument) {
        values.into_iter().for_each(|value| self.add(key, value.as_bytes(), document));
    }

    fn add(&self, key: Key, value: &[u8], document: &mut TantivyDocument) {
        if value.len() <= MAX_VALUE {
            document.add_bytes(self.value, &with_key(key, value));
        }
    }

    /// The field of all values.
    pub(super) fn values(&self) -> Field {
        self.value
    }

    /// What stands for a value in the index.
    pub(super) fn term(&self, key: Key, value: &[u8]) -> Term {
        Term::from_field_bytes(self.value, &with_key(key, value))
    }

    /// Finds the posts with a value.
    pub(super) fn having(&self, key: Key, value: &[u8]) -> TermQuery {
        TermQuery::new(self.term(key, value), IndexRecordOption::Basic)
    }

    /// Finds every member of a story; and the post it is named after, wherever that has moved to.
    pub(super) fn in_story(&self, story: StoryId) -> BooleanQuery {
        self.named_after(story.0, Key::Story)
    }

    /// Finds the root of a conversation and its replies.
    pub(super) fn in_thread(&self, root: PostId) -> BooleanQuery {
        self.named_after(root, Key::Thread)
    }

    fn named_after(&self, post: PostId, key: Key) -> BooleanQuery {
        BooleanQuery::union(vec![Box::new(self.having(Key::Id, &post.0)), Box::new(self.having(key, &post.0))])
    }

    /// The post that a stored document holds.
    pub(super) fn record_of(&self, document: &TantivyDocument) -> Result<Record, ArchiveError> {
        let bytes = document.get_first(self.record).and_then(|value| value.as_bytes());
        let bytes = bytes.ok_or_else(|| ArchiveError::damaged("a document holds no post"))?;
        Record::decode(bytes).map_err(ArchiveError::damaged)
    }
}

fn with_key(key: Key, value: &[u8]) -> Vec<u8> {
    [&[key as u8], value].concat()
}

fn add_numbers<const N: usize>(fields: [(Field, Option<f64>); N], document: &mut TantivyDocument) {
    for (field, number) in fields {
        if let Some(number) = number {
            document.add_f64(field, number);
        }
    }
}
