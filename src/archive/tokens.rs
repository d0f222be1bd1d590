//! How does tantivy split a text into the words that queries are made of?

use tantivy::Index;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::query::words;

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

struct WordStream {
    tokens: Vec<Token>,
    /// How many were taken.
    taken: usize,
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
        WordStream { tokens, taken: 0 }
    }
}

impl TokenStream for WordStream {
    fn advance(&mut self) -> bool {
        self.taken += 1;
        self.taken <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.taken - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.taken - 1]
    }
}
