//! Which fields does the index have, and how does a post become a document?

use std::collections::BTreeSet;

use tantivy::schema::{
    BytesOptions, Field, INDEXED, IndexRecordOption, NumericOptions, STORED, Schema, TextFieldIndexing, TextOptions,
    Value,
};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use tantivy::{Index, TantivyDocument};

use crate::model::Post;
use crate::query::words;

use super::error::ArchiveError;
use super::record::Record;
use super::values;

/// The name of our words among tantivy's tokenizers.
const WORDS: &str = "words";

/// Fast fields, for orders and comparisons.
pub(super) const DATED: &str = "dated";
pub(super) const RECEIVED: &str = "received";
pub(super) const PUBLISHED: &str = "published";
pub(super) const SCORE: &str = "score";
pub(super) const LIKES: &str = "likes";
pub(super) const REPLIES: &str = "replies";
pub(super) const SENTIMENT: &str = "sentiment";

/// Every field of the index. A change here needs a new [`super::open::SCHEMA_VERSION`].
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) schema: Schema,
    pub(super) id: Field,
    pub(super) story: Field,
    /// The conversation's root, also of the root itself.
    pub(super) thread: Field,
    pub(super) title: Field,
    pub(super) text: Field,
    pub(super) author: Field,
    /// The permalink's host and the domains above it.
    pub(super) site: Field,
    /// The permalink's path and those above it.
    pub(super) path: Field,
    /// The path of the permalink, and of its canonical form.
    pub(super) page: Field,
    /// The hosts that it links to and the domains above them.
    pub(super) link: Field,
    pub(super) source: Field,
    pub(super) kind: Field,
    pub(super) post_type: Field,
    pub(super) lang: Field,
    pub(super) tag: Field,
    pub(super) watch: Field,
    pub(super) owner: Field,
    /// Labels and those above them.
    pub(super) label: Field,
    pub(super) status: Field,
    pub(super) outcome: Field,
    /// [`MENTION`] for what retention keeps as a mention.
    pub(super) kept_as: Field,
    dated: Field,
    received: Field,
    published: Field,
    score: Field,
    likes: Field,
    replies: Field,
    sentiment: Field,
    record: Field,
}

/// The one value of [`Fields::kept_as`].
pub(super) const MENTION: &str = "mention";

impl Fields {
    pub(super) fn new() -> Self {
        let mut builder = Schema::builder();
        let positions = IndexRecordOption::WithFreqsAndPositions;
        let words = TextFieldIndexing::default().set_tokenizer(WORDS).set_index_option(positions);
        let words = TextOptions::default().set_indexing_options(words);
        let term = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(false);
        let term = TextOptions::default().set_indexing_options(term);
        let number = NumericOptions::default().set_fast();
        let mut text = |name: &str, options: &TextOptions| builder.add_text_field(name, options.clone());
        let (title, body) = (text("title", &words), text("text", &words));
        let (author, site, path, page) =
            (text("author", &term), text("site", &term), text("path", &term), text("page", &term));
        let (link, source, kind, post_type) =
            (text("link", &term), text("source", &term), text("kind", &term), text("type", &term));
        let (lang, tag, watch, owner) =
            (text("lang", &term), text("tag", &term), text("watch", &term), text("owner", &term));
        let (label, status, outcome, kept_as) =
            (text("label", &term), text("status", &term), text("outcome", &term), text("kept_as", &term));
        let mut id = |name: &str| builder.add_bytes_field(name, BytesOptions::from(INDEXED));
        let (id, story, thread) = (id("id"), id("story"), id("thread"));
        let mut moment = |name: &str| builder.add_i64_field(name, number.clone());
        let (dated, received) = (moment(DATED), moment(RECEIVED));
        let mut number = |name: &str| builder.add_f64_field(name, number.clone());
        let (published, score, likes, replies, sentiment) =
            (number(PUBLISHED), number(SCORE), number(LIKES), number(REPLIES), number(SENTIMENT));
        let record = builder.add_bytes_field("record", STORED);
        Self {
            schema: builder.build(),
            id,
            story,
            thread,
            title,
            text: body,
            author,
            site,
            path,
            page,
            link,
            source,
            kind,
            post_type,
            lang,
            tag,
            watch,
            owner,
            label,
            status,
            outcome,
            kept_as,
            dated,
            received,
            published,
            score,
            likes,
            replies,
            sentiment,
            record,
        }
    }

    /// The document of a post.
    pub(super) fn document(&self, record: &Record) -> Result<TantivyDocument, String> {
        let mut document = TantivyDocument::default();
        document.add_bytes(self.record, &record.encode()?);
        self.add_identity(record, &mut document);
        self.add_fields(&record.post, &mut document);
        self.add_numbers(&record.post, &mut document);
        self.add_facts(record, &mut document);
        Ok(document)
    }

    fn add_identity(&self, record: &Record, document: &mut TantivyDocument) {
        let post = &record.post;
        document.add_bytes(self.id, &post.id.0);
        document.add_bytes(self.story, &record.story.0.0);
        document.add_bytes(self.thread, &post.id.0);
        if let Some(root) = post.thread {
            document.add_bytes(self.thread, &root.0);
        }
        document.add_text(self.outcome, record.outcome.name());
        if record.is_mention() {
            document.add_text(self.kept_as, MENTION);
        }
    }

    fn add_fields(&self, post: &Post, document: &mut TantivyDocument) {
        document.add_text(self.title, &post.title);
        document.add_text(self.text, &post.text);
        let fields = [
            (self.author, values::authors(post)),
            (self.site, values::sites(post)),
            (self.path, values::paths(post)),
            (self.page, values::pages(post)),
            (self.link, values::links(post)),
            (self.source, values::own(&post.source).collect()),
            (self.kind, values::own(&post.kind).collect()),
            (self.post_type, [post.post_type.word().to_owned()].into()),
            (self.lang, values::langs(post)),
            (self.tag, post.tags.iter().flat_map(|tag| values::own(tag)).collect()),
        ];
        add_all(fields, document);
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

    fn add_facts(&self, record: &Record, document: &mut TantivyDocument) {
        let facts = record.facts();
        add_numbers([(self.score, facts.score), (self.sentiment, facts.sentiment)], document);
        let own = |facts: &[String]| facts.iter().flat_map(|fact| values::own(fact)).collect();
        let fields = [
            (self.watch, own(&facts.watches)),
            (self.owner, own(&facts.owners)),
            (self.label, facts.labels.iter().flat_map(|label| values::labels(label)).collect()),
            (self.status, facts.status.iter().flat_map(|status| values::own(status)).collect()),
        ];
        add_all(fields, document);
    }

    /// The post that a stored document holds.
    pub(super) fn record_of(&self, document: &TantivyDocument) -> Result<Record, ArchiveError> {
        let bytes = document.get_first(self.record).and_then(|value| value.as_bytes());
        let bytes = bytes.ok_or_else(|| ArchiveError::damaged("a document holds no post"))?;
        Record::decode(bytes).map_err(ArchiveError::damaged)
    }
}

fn add_all<const N: usize>(fields: [(Field, BTreeSet<String>); N], document: &mut TantivyDocument) {
    for (field, values) in fields {
        values.iter().for_each(|value| document.add_text(field, value));
    }
}

fn add_numbers<const N: usize>(fields: [(Field, Option<f64>); N], document: &mut TantivyDocument) {
    for (field, number) in fields {
        if let Some(number) = number {
            document.add_f64(field, number);
        }
    }
}

/// Makes an index split texts into the words that queries are made of.
pub(super) fn register_words(index: &Index) {
    index.tokenizers().register(WORDS, Words);
}

/// The term for a word that is written with a sigil. No word begins with one.
pub(super) fn with_sigil(sigil: char, word: &str) -> String {
    format!("{sigil}{word}")
}

/// [`words`] for tantivy: a word's position is its index; a word with a sigil stands there a second time, with it.
#[derive(Clone)]
struct Words;

struct WordStream {
    tokens: Vec<Token>,
    next: usize,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream {
        let words = words(text);
        let mut tokens = Vec::with_capacity(words.len());
        for (position, word) in words.iter().enumerate() {
            let token =
                |text| Token { offset_from: word.start, offset_to: word.end, position, text, position_length: 1 };
            tokens.push(token(word.text.to_owned()));
            if let Some(sigil) = word.sigil {
                tokens.push(token(with_sigil(sigil, word.text)));
            }
        }
        WordStream { tokens, next: 0 }
    }
}

impl TokenStream for WordStream {
    fn advance(&mut self) -> bool {
        self.next += 1;
        self.next <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.next - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.next - 1]
    }
}
