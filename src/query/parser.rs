//! How do tokens become a query?
//!
//! ```text
//! any  = all { "OR" all }
//! all  = not { ["AND"] not }
//! not  = ("NOT" | "-") not | near
//! near = term [ ("NEAR/n" | "ONEAR/n") term ]
//! term = "(" any ")" | quoted | braced | bare | field ":" term
//! ```
//!
//! Recursion is counted, so that no text can exhaust the stack.

use std::ops::Range;

use super::ast::{Expr, NearOperand, Scope, TextClause};
use super::field::Value;
use super::lexer::{Token, TokenKind, distance, tokens};
use super::{Names, Place, Problem, QueryError};
use crate::model::Field;

/// Longest query that is read, in characters.
pub const MAX_LENGTH: usize = 10_000;

/// How deep brackets and NOT may be nested, lists included.
pub const MAX_DEPTH: usize = 50;

/// Most clauses of a query, lists included.
pub const MAX_CLAUSES: usize = 2_000;

/// What a term is read as.
#[derive(Clone, Copy, Debug)]
pub(super) enum Context {
    /// Words in title or text, fields, comparisons.
    Open,
    /// Words in one text, after `title:` or `text:`.
    Words(&'static str, Field),
    /// Values of one field.
    Values(&'static str, Value),
}

pub(super) struct Parser<'a> {
    pub text: &'a str,
    pub place: Place,
    pub names: &'a Names,
    tokens: Vec<Token<'a>>,
    /// Index of the next token.
    at: usize,
    /// How many brackets and NOTs are open here, and were at most, those of lists included.
    depth: usize,
    deepest: usize,
    clauses: usize,
}

/// What was read, and how deep brackets and NOT are nested in it.
pub(super) struct Parsed {
    pub expr: Expr,
    pub depth: usize,
}

/// Reads a whole query.
pub(super) fn parse(text: &str, place: Place, names: &Names) -> Result<Parsed, QueryError> {
    let characters = text.chars().count();
    if characters > MAX_LENGTH {
        return Err(Problem::TooLong { characters, bound: MAX_LENGTH }.at(0..text.len()));
    }
    let mut parser = Parser { text, place, names, tokens: tokens(text)?, at: 0, depth: 0, deepest: 0, clauses: 0 };
    if parser.tokens.is_empty() {
        return Err(Problem::Empty.at(0..text.len()));
    }
    let expr = parser.any(Context::Open)?;
    Ok(Parsed { expr, depth: parser.deepest })
}

/// An operator between terms.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator<'a> {
    And,
    Or,
    Not,
    /// `NEAR` or `ONEAR`, as it is written.
    Near(&'a str),
}

impl<'a> Operator<'a> {
    fn of(bare: &'a str) -> Option<Self> {
        let is_near = |word: &str| bare.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match bare {
            "AND" => Some(Self::And),
            "OR" => Some(Self::Or),
            "NOT" => Some(Self::Not),
            _ if is_near("NEAR") || is_near("ONEAR") => Some(Self::Near(bare)),
            _ => None,
        }
    }
}

impl<'a> Parser<'a> {
    fn any(&mut self, context: Context) -> Result<Expr, QueryError> {
        let mut parts = vec![self.all(context)?];
        while self.operator() == Some(Operator::Or) {
            self.at += 1;
            parts.push(self.all(context)?);
        }
        Ok(Expr::any(parts))
    }

    fn all(&mut self, context: Context) -> Result<Expr, QueryError> {
        let mut parts = vec![self.not(context)?];
        loop {
            match self.operator() {
                Some(Operator::And) => self.at += 1,
                Some(Operator::Or) => break,
                Some(Operator::Not | Operator::Near(_)) => {}
                None if self.is_at_end() => break,
                None => {}
            }
            parts.push(self.not(context)?);
        }
        Ok(Expr::all(parts))
    }

    fn not(&mut self, context: Context) -> Result<Expr, QueryError> {
        if !self.excludes() {
            return self.near(context);
        }
        self.at += 1;
        if self.touching().is_some_and(|token| token.what == TokenKind::Minus) {
            let instead = "write one `-` to exclude, none to look for it".to_owned();
            let problem = Problem::Foreign { text: "--".to_owned(), what: "twice excluded is looked for", instead };
            return Err(problem.at(self.span_between(self.at - 1, self.at + 1)));
        }
        let inner = self.deeper(|parser| parser.not(context))?;
        Ok(Expr::Not(Box::new(inner)))
    }

    fn near(&mut self, context: Context) -> Result<Expr, QueryError> {
        let start = self.at;
        let left = self.term(context)?;
        let Some(Operator::Near(operator)) = self.operator() else { return Ok(left) };
        let span = self.span_at(self.at);
        let Some((_, number)) = operator.split_once('/') else {
            return Err(Problem::MissingDistance { operator: operator.to_owned() }.at(span));
        };
        let distance = distance(number, 1, span.clone())?;
        self.at += 1;
        let middle = self.at;
        if self.excludes() {
            return Err(Problem::NearOperand { operator: operator.to_owned() }.at(self.span_at(middle)));
        }
        let right = self.term(context)?;
        if let Some(Operator::Near(_)) = self.operator() {
            return Err(Problem::NearChain { operator: operator.to_owned() }.at(self.span_at(self.at)));
        }
        let wrong = |span| Problem::NearOperand { operator: operator.to_owned() }.at(span);
        let (left_scope, left) = operands(left).ok_or_else(|| wrong(self.span_between(start, middle - 1)))?;
        let (right_scope, right) = operands(right).ok_or_else(|| wrong(self.span_between(middle, self.at)))?;
        if left_scope != right_scope {
            return Err(Problem::NearFields { operator: operator.to_owned() }.at(span));
        }
        let ordered = operator.starts_with("ONEAR");
        Ok(Expr::Text { scope: left_scope, what: TextClause::Near { left, right, distance, ordered } })
    }

    pub(super) fn term(&mut self, context: Context) -> Result<Expr, QueryError> {
        let Some(token) = self.peek().cloned() else { return Err(self.missing_operand()) };
        if self.operator().is_some() {
            return Err(self.missing_operand());
        }
        match token.what {
            TokenKind::Open => self.group(context),
            TokenKind::Close | TokenKind::Minus => Err(self.missing_operand()),
            TokenKind::Quoted { content, extra } => {
                self.at += 1;
                self.quoted(&content, extra, token.span, context)
            }
            TokenKind::Braced(written) => {
                self.at += 1;
                self.braced(written, token.span, context)
            }
            TokenKind::Bare(bare) => {
                self.at += 1;
                self.bare(bare, token.span, context)
            }
        }
    }

    fn group(&mut self, context: Context) -> Result<Expr, QueryError> {
        let open = self.at;
        self.at += 1;
        if self.peek().is_some_and(|token| token.what == TokenKind::Close) {
            return Err(Problem::EmptyGroup { marks: "brackets" }.at(self.span_between(open, open + 2)));
        }
        let inner = self.deeper(|parser| parser.any(context))?;
        // The lexer has seen to it that every bracket is closed, and only `)` ends a group.
        self.at += 1;
        Ok(inner)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, QueryError>) -> Result<T, QueryError> {
        self.reach(1, self.span_at(self.at.saturating_sub(1)))?;
        self.depth += 1;
        let inner = read(self)?;
        self.depth -= 1;
        Ok(inner)
    }

    /// Notes that nesting goes `levels` deeper than here.
    pub(super) fn reach(&mut self, levels: usize, span: Range<usize>) -> Result<(), QueryError> {
        self.deepest = self.deepest.max(self.depth + levels);
        if self.deepest > MAX_DEPTH {
            return Err(Problem::TooDeep { bound: MAX_DEPTH }.at(span));
        }
        Ok(())
    }

    /// The next token, if it directly follows the one before.
    pub(super) fn touching(&self) -> Option<Token<'a>> {
        let touches = self.at > 0 && self.span_at(self.at - 1).end == self.span_at(self.at).start;
        self.peek().filter(|_| touches).cloned()
    }

    /// The runs of characters from the next token on, up to anything else.
    pub(super) fn rest_of_words(&self) -> Vec<&'a str> {
        let bare = |token: &Token<'a>| match token.what {
            TokenKind::Bare(bare) => Some(bare),
            _ => None,
        };
        self.tokens.get(self.at..).unwrap_or_default().iter().map_while(bare).collect()
    }

    /// Goes on behind the next token.
    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    /// Counts the clauses of an expression that becomes part of the query.
    pub(super) fn counted(&mut self, expr: Expr, span: Range<usize>) -> Result<Expr, QueryError> {
        self.clauses += expr.clauses();
        if self.clauses > MAX_CLAUSES {
            return Err(Problem::TooManyClauses { bound: MAX_CLAUSES }.at(span));
        }
        Ok(expr)
    }

    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    fn operator(&self) -> Option<Operator<'a>> {
        match self.peek()?.what {
            TokenKind::Bare(bare) => Operator::of(bare),
            TokenKind::Open | TokenKind::Close | TokenKind::Minus | TokenKind::Quoted { .. } | TokenKind::Braced(_) => {
                None
            }
        }
    }

    /// Whether a NOT or `-` comes next.
    fn excludes(&self) -> bool {
        self.operator() == Some(Operator::Not) || self.peek().is_some_and(|token| token.what == TokenKind::Minus)
    }

    /// Whether the group, or the query, ends here.
    fn is_at_end(&self) -> bool {
        self.peek().is_none_or(|token| token.what == TokenKind::Close)
    }

    /// The bytes of a token; an empty place at the end of the text for none.
    fn span_at(&self, index: usize) -> Range<usize> {
        self.tokens.get(index).map_or(self.text.len()..self.text.len(), |token| token.span.clone())
    }

    /// The bytes from one token up to, not including, another.
    fn span_between(&self, from: usize, to: usize) -> Range<usize> {
        self.span_at(from).start..self.span_at(to.saturating_sub(1)).end
    }

    /// The operator at hand, or else the one before, has no term beside it.
    fn missing_operand(&self) -> QueryError {
        let at = if self.operator().is_some() { self.at } else { self.at.saturating_sub(1) };
        let span = self.span_at(at);
        let operator = self.text.get(span.clone()).unwrap_or_default().to_owned();
        Problem::MissingOperand { operator }.at(span)
    }
}

/// What may stand beside NEAR: words, phrases and wildcards of one scope.
fn operands(expr: Expr) -> Option<(Scope, Vec<NearOperand>)> {
    let parts = match expr {
        Expr::Or(parts) => parts,
        other => vec![other],
    };
    let mut found = Vec::with_capacity(parts.len());
    let mut scope = None;
    for part in parts {
        let Expr::Text { scope: own, what } = part else { return None };
        if scope.is_some_and(|scope| scope != own) {
            return None;
        }
        scope = Some(own);
        found.push(match what {
            TextClause::Phrase(mut words) if words.len() == 1 => NearOperand::Word(words.pop()?),
            TextClause::Phrase(words) => NearOperand::Phrase(words),
            TextClause::Wildcard(pattern) => NearOperand::Wildcard(pattern),
            TextClause::Loose { .. }
            | TextClause::Near { .. }
            | TextClause::ExactCase { .. }
            | TextClause::Raw(_)
            | TextClause::Sigil { .. } => return None,
        });
    }
    scope.map(|scope| (scope, found))
}
