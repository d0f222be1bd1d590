//! Of which tokens does a query's text consist?

use std::ops::Range;

use super::{Problem, QueryError};

/// A token and its bytes in the query's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub what: TokenKind<'a>,
    pub span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind<'a> {
    Open,
    Close,
    /// `-` at the start of a term and touching it.
    Minus,
    /// What stands between quotes, and the number behind `~`, if any.
    Quoted {
        content: String,
        extra: Option<u32>,
    },
    /// What stands between `{` and `}`.
    Braced(&'a str),
    /// A run of other characters: words, operators, fields.
    Bare(&'a str),
}

/// Largest number behind `~` and `NEAR/`.
pub(super) const MAX_DISTANCE: u32 = 1_000;

const COMMENT_START: &str = "<<<";
const COMMENT_END: &str = ">>>";

/// The tokens of a query; every quote, brace, comment and bracket is closed.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, QueryError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    let mut open = Vec::new();
    while let Some(token) = lexer.next()? {
        match token.what {
            TokenKind::Open => open.push(token.span.clone()),
            TokenKind::Close if open.pop().is_none() => {
                let bracket = text.get(token.span.clone()).and_then(|written| written.chars().next()).unwrap_or(')');
                return Err(Problem::StrayBracket { bracket }.at(token.span));
            }
            TokenKind::Close
            | TokenKind::Minus
            | TokenKind::Quoted { .. }
            | TokenKind::Braced(_)
            | TokenKind::Bare(_) => {}
        }
        tokens.push(token);
    }
    match open.pop() {
        Some(span) => Err(Problem::OpenBracket { bracket: '(' }.at(span)),
        None => Ok(tokens),
    }
}

/// Whether a character cannot be part of a bare token.
pub(super) fn ends_bare(character: char) -> bool {
    character.is_whitespace() || matches!(character, '(' | ')' | '（' | '）' | '{' | '}') || opens_quote(character)
}

/// The quotation marks that people, their phones and their keyboards write for `"`.
fn opens_quote(character: char) -> bool {
    is_curly(character) || matches!(character, '«' | '»' | '‹' | '›' | '「' | '『' | '《')
}

/// Those that any other of them closes.
fn is_curly(character: char) -> bool {
    matches!(character, '"' | '“' | '”' | '„' | '‟' | '＂')
}

/// The dashes that programs make of a `-`, and those of other keyboards.
pub(super) fn is_minus(character: char) -> bool {
    matches!(character, '-' | '‐'..='—' | '−' | '﹣' | '－')
}

/// Where a comment begins.
pub(super) fn starts_comment(text: &str) -> bool {
    text.starts_with(COMMENT_START)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, QueryError> {
        self.skip_space()?;
        let start = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let what = match first {
            '(' | '（' => self.single(first, TokenKind::Open),
            ')' | '）' => self.single(first, TokenKind::Close),
            '{' => self.braced()?,
            '}' => return Err(Problem::StrayBracket { bracket: '}' }.at(start..start + 1)),
            minus if is_minus(minus) && touches_term(&rest[minus.len_utf8()..]) => self.single(first, TokenKind::Minus),
            quote if opens_quote(quote) => self.quoted(quote)?,
            _ => self.bare(),
        };
        Ok(Some(Token { what, span: start..self.at }))
    }

    fn skip_space(&mut self) -> Result<(), QueryError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !starts_comment(trimmed) {
                return Ok(());
            }
            let Some(length) = trimmed.find(COMMENT_END) else {
                return Err(Problem::OpenComment.at(self.at..self.at + COMMENT_START.len()));
            };
            self.at += length + COMMENT_END.len();
        }
    }

    fn single(&mut self, character: char, what: TokenKind<'a>) -> TokenKind<'a> {
        self.at += character.len_utf8();
        what
    }

    fn braced(&mut self) -> Result<TokenKind<'a>, QueryError> {
        let inner = &self.rest()[1..];
        let Some(length) = inner.find('}') else {
            return Err(Problem::OpenBracket { bracket: '{' }.at(self.at..self.at + 1));
        };
        self.at += length + 2;
        Ok(TokenKind::Braced(&inner[..length]))
    }

    /// Reads to the closing quote; `\"` and `\\` stand for the second character.
    fn quoted(&mut self, opening: char) -> Result<TokenKind<'a>, QueryError> {
        let start = self.at;
        let mut content = String::new();
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((at, character)) = characters.next() {
            if closes(opening, character) {
                self.at = start + at + character.len_utf8();
                let extra = self.extra()?;
                return Ok(TokenKind::Quoted { content, extra });
            }
            let escaped = characters.next_if(|(_, next)| character == '\\' && matches!(next, '"' | '\\'));
            content.push(escaped.map_or(character, |(_, escaped)| escaped));
        }
        Err(Problem::OpenQuote.at(start..start + opening.len_utf8()))
    }

    /// Reads the `~2` that may follow a quote.
    fn extra(&mut self) -> Result<Option<u32>, QueryError> {
        let Some(rest) = self.rest().strip_prefix('~') else { return Ok(None) };
        let written = &rest[..rest.find(ends_bare).unwrap_or(rest.len())];
        let span = self.at..self.at + 1 + written.len();
        self.at = span.end;
        distance(written, 0, span).map(Some)
    }

    fn bare(&mut self) -> TokenKind<'a> {
        let rest = self.rest();
        let ends = |(at, character): &(usize, char)| {
            *at > 0 && (ends_bare(*character) || (*character == '<' && starts_comment(&rest[*at..])))
        };
        let length = rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at);
        self.at += length;
        TokenKind::Bare(&rest[..length])
    }
}

/// Whether what follows a minus is a term that it touches.
fn touches_term(rest: &str) -> bool {
    let goes_on = rest.chars().next().is_some_and(|next| !next.is_whitespace() && !matches!(next, ')' | '）'));
    goes_on && !starts_comment(rest)
}

fn closes(opening: char, character: char) -> bool {
    match opening {
        '"' => character == '"',
        '「' => character == '」',
        '『' => character == '』',
        '《' => character == '》',
        // Written both ways round: «so» and »so«.
        '«' | '»' => matches!(character, '«' | '»'),
        '‹' | '›' => matches!(character, '‹' | '›'),
        _ => is_curly(character) && character != '„',
    }
}

/// A number of positions between `least` and [`MAX_DISTANCE`].
pub(super) fn distance(written: &str, least: u32, span: Range<usize>) -> Result<u32, QueryError> {
    let number = written.parse().ok().filter(|number| (least..=MAX_DISTANCE).contains(number));
    let is_plain = written.bytes().all(|byte| byte.is_ascii_digit());
    let wrong = || Problem::BadDistance { text: written.to_owned(), bound: MAX_DISTANCE }.at(span);
    number.filter(|_| is_plain).ok_or_else(wrong)
}
