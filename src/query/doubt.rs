//! What does a query say that its writer most likely meant otherwise?
//!
//! None of it is an error: each may be what was meant. `overheard check` tells it for watches and routes.

use std::ops::Range;

use super::Query;
use super::field::{self, Lookup, Value};
use super::lexer::{Token, TokenKind, tokens};
use super::words::words;

/// One thing that may be meant otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Bytes of the query's text.
    pub span: Range<usize>,
    /// What it means, as a sentence without full stop.
    pub what: String,
    /// What to write if something else was meant.
    pub hint: String,
}

impl Query {
    /// What may be meant otherwise in the query as it was written; lists are not looked into.
    pub fn doubts(&self) -> Vec<Doubt> {
        doubts(&self.source)
    }
}

/// What may be meant otherwise in a text that is a query; nothing for one that is none.
pub fn doubts(text: &str) -> Vec<Doubt> {
    let tokens = tokens(text).unwrap_or_default();
    let mut found = Vec::new();
    let mut values = ValueGroups::default();
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        let after = tokens.get(index + 1..).unwrap_or_default();
        if values.holds(token, before) {
            continue;
        }
        let doubt = match &token.what {
            TokenKind::Bare(bare) => of_bare(bare, before.is_some(), after),
            TokenKind::Quoted { content, .. } => thin(content),
            TokenKind::Open | TokenKind::Close | TokenKind::Minus | TokenKind::Braced(_) => None,
        };
        found.extend(doubt.map(|(what, hint)| Doubt { span: token.span.clone(), what, hint }));
    }
    found
}

/// Follows which tokens are values of a field: those in the brackets that touch it.
#[derive(Default)]
struct ValueGroups {
    /// Brackets open inside such a group.
    depth: usize,
}

impl ValueGroups {
    fn holds(&mut self, token: &Token<'_>, before: Option<&Token<'_>>) -> bool {
        let of_field = before.is_some_and(|before| match before.what {
            TokenKind::Bare(bare) => {
                let field = bare.strip_suffix([':', '：']).and_then(field::field);
                before.span.end == token.span.start && field.is_some_and(|(.., lookup)| !is_of_words(lookup))
            }
            _ => false,
        });
        match token.what {
            TokenKind::Open if self.depth > 0 || of_field => self.depth += 1,
            TokenKind::Close if self.depth > 0 => self.depth -= 1,
            _ => return self.depth > 0 || of_field,
        }
        true
    }
}

fn is_of_words(lookup: Lookup) -> bool {
    matches!(lookup, Lookup::Words(_))
}

fn of_bare(bare: &str, has_before: bool, after: &[Token<'_>]) -> Option<(String, String)> {
    if bare.starts_with('$') {
        return None;
    }
    if let Some((name, value)) = bare.split_once([':', '：'])
        && let Some((name, _, lookup)) = field::field(name)
    {
        return match lookup {
            Lookup::Words(_) => thin(value).or_else(|| ends_in_one(value)),
            Lookup::Value(field) => of_value(name, field, value, after),
            Lookup::Raw => None,
        };
    }
    let is_between = has_before && !after.is_empty();
    small_operator(bare, is_between, !after.is_empty())
        .or_else(|| no_operator(bare, is_between))
        .or_else(|| ends_in_one(bare))
        .or_else(|| thin(bare))
}

/// `acme or down`.
fn small_operator(bare: &str, is_between: bool, has_after: bool) -> Option<(String, String)> {
    let operator = ["AND", "OR", "NOT"].into_iter().find(|known| bare.eq_ignore_ascii_case(known))?;
    let is_place = if operator == "NOT" { has_after } else { is_between };
    if bare == operator || !is_place {
        return None;
    }
    let hint = format!("write {operator} in capitals, or \"{bare}\" in quotes if the word is meant");
    Some((format!("`{bare}` is looked for as a word"), hint))
}

/// `acme WITHOUT down`: what other languages have as operators.
fn no_operator(bare: &str, is_between: bool) -> Option<(String, String)> {
    const ELSEWHERE: [&str; 8] = ["BUT", "WITHOUT", "EXCEPT", "XOR", "BEFORE", "AFTER", "WITHIN", "MUST"];
    if !is_between || !ELSEWHERE.contains(&bare) {
        return None;
    }
    let hint =
        format!("the operators are AND, OR, NOT, NEAR/5 and ONEAR/5; write \"{bare}\" in quotes if the word is meant");
    Some((format!("`{bare}` is no operator: it is looked for as a word"), hint))
}

/// `is acme down?`
fn ends_in_one(bare: &str) -> Option<(String, String)> {
    let word = bare.strip_suffix('?').filter(|word| !word.is_empty() && !word.contains(['*', '?']))?;
    let what = format!("`{bare}` finds {word} with exactly one character more, and not {word} itself");
    Some((what, format!("write {word}, or {word}* for any ending")))
}

/// `C++` means the word c, `R&D` the phrase "r d": what makes it that name is lost.
fn thin(written: &str) -> Option<(String, String)> {
    if written.contains(char::is_whitespace) || written.contains(['*', '?']) {
        return None;
    }
    let list = words(written);
    let (first, last) = (list.get(0)?, list.get(list.len() - 1)?);
    let (before, after) = (written.get(..first.start)?, written.get(last.end..)?);
    let is_short =
        |text: &str| text.chars().count() <= 2 && !text.contains(|c: char| c.is_ascii_digit()) && text.is_ascii();
    let all_short = list.len() > 1 && list.iter().all(|word| is_short(word.text));
    let joined = all_short && written.contains(['&', '+', '/', '!', '#']);
    let lost = before.ends_with(['.', '$', '/', '%', '&', '=', '\\'])
        || after.starts_with(['+', '#', '&', '%', '/', '$', '=']);
    if !lost && !joined {
        return None;
    }
    let texts: Vec<&str> = list.iter().map(|word| word.text).collect();
    let means = match texts.as_slice() {
        [word] => format!("the word `{word}`"),
        words => format!("the phrase `{}`", words.join(" ")),
    };
    let what = format!("`{written}` means {means}: signs are not looked for");
    Some((what, format!("write raw:\"{written}\" for these very characters")))
}

fn of_value(name: &str, field: Value, value: &str, after: &[Token<'_>]) -> Option<(String, String)> {
    if matches!(field, Value::Site | Value::Link)
        && !value.is_empty()
        && !value.starts_with('$')
        && !value.contains(['.', '/', ':'])
        && !psl::suffix(value.to_lowercase().as_bytes()).is_some_and(|suffix| suffix.is_known())
    {
        let what = format!("`{value}` has no dot: no site on the internet is called so");
        return Some((what, format!("write the whole domain, as in {name}:{value}.com")));
    }
    let [Token { what: TokenKind::Bare("OR"), .. }, Token { what: TokenKind::Bare(next), .. }, ..] = after else {
        return None;
    };
    let is_value = match field {
        Value::Site | Value::Link => next.contains('.'),
        Value::Source | Value::Kind => true,
        Value::Type | Value::Lang => field::clause(field, next).is_ok(),
        _ => false,
    };
    if value.is_empty() || next.contains([':', '<', '>', '=', '$']) || !is_value {
        return None;
    }
    let what = format!("`{next}` is looked for as a word, not as a value of `{name}`");
    Some((what, format!("write {name}:({value} OR {next})")))
}
