//! How does tantivy split a text into the words that queries are made of?

use tantivy::Index;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::query::{WordList, words};

/// The name of our words among tantivy's tokenizers.
pub(super) const WORDS: &str = "words";

/// Makes an index split texts into our words. Must be done whenever one is opened.
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

/// Hands the words on one by one in a token that is used again: an allocation for each word was a twelfth of all indexing.
struct WordStream {
    words: WordList,
    /// The place of the word that comes next.
    next: usize,
    /// The sigil of the word handed on last, which comes with it once more.
    sigil: Option<char>,
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream {
        WordStream { words: words(text), next: 0, sigil: None, token: Token { position_length: 1, ..Token::default() } }
    }
}

impl TokenStream for WordStream {
    fn advance(&mut self) -> bool {
        if let Some(sigil) = self.sigil.take() {
            self.token.text = with_sigil(sigil, &self.token.text);
            return true;
        }
        let Some(word) = self.words.get(self.next) else { return false };
        self.token.offset_from = word.start;
        self.token.offset_to = word.end;
        self.token.position = self.next;
        self.token.text.clear();
        self.token.text.push_str(word.text);
        self.sigil = word.sigil;
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
