//! How is a query written in its canonical form?
//!
//! What is printed parses to the same query: AND is spelled out, lists are expanded, brackets stand only
//! where precedence needs them.

use std::fmt::{self, Display, Formatter, Write};

use super::ast::{Comparison, Expr, FieldClause, NearOperand, Quantity, Scope, TextClause};
use super::habit;
use super::lexer::{ends_bare, starts_comment};
use crate::model::{Field, Timestamp};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => joined(f, parts, " AND ", |part| matches!(part, Self::Or(_))),
            Self::Or(parts) => joined(f, parts, " OR ", |_| false),
            Self::Not(inner) => {
                f.write_str("NOT ")?;
                bracketed(f, inner, matches!(**inner, Self::And(_) | Self::Or(_)))
            }
            Self::Text { scope, what } => text(f, *scope, what),
            Self::Is(clause) => write!(f, "{clause}"),
            Self::Compare { what, op, value } => {
                let (name, _) = what.parts();
                write!(f, "{name}{}{}", op.sign(), number(*what, *value))
            }
        }
    }
}

fn joined(f: &mut Formatter<'_>, parts: &[Expr], between: &str, needs_brackets: fn(&Expr) -> bool) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        bracketed(f, part, needs_brackets(part))?;
    }
    Ok(())
}

fn bracketed(f: &mut Formatter<'_>, expr: &Expr, in_brackets: bool) -> fmt::Result {
    if in_brackets { write!(f, "({expr})") } else { write!(f, "{expr}") }
}

fn text(f: &mut Formatter<'_>, scope: Scope, what: &TextClause) -> fmt::Result {
    match scope {
        Scope::Either => return write!(f, "{what}"),
        Scope::Only(Field::Title) => f.write_str("title:")?,
        Scope::Only(Field::Text) => f.write_str("text:")?,
    }
    match what {
        TextClause::Near { .. } => write!(f, "({what})"),
        TextClause::Phrase(_)
        | TextClause::Loose { .. }
        | TextClause::Wildcard(_)
        | TextClause::ExactCase { .. }
        | TextClause::Raw(_)
        | TextClause::Sigil { .. } => write!(f, "{what}"),
    }
}

impl Display for TextClause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phrase(words) => phrase(f, words),
            Self::Loose { words, extra } => write!(f, "{}~{extra}", quoted(&spaced(words))),
            Self::Wildcard(pattern) => f.write_str(pattern),
            Self::Near { left, right, distance, ordered } => {
                side(f, left)?;
                write!(f, " {}/{distance} ", if *ordered { "ONEAR" } else { "NEAR" })?;
                side(f, right)
            }
            Self::ExactCase { written, .. } => write!(f, "{{{written}}}"),
            Self::Raw(characters) => write!(f, "raw:{}", quoted(characters)),
            Self::Sigil { sigil, words } => {
                f.write_char(*sigil)?;
                phrase(f, words)
            }
        }
    }
}

fn phrase(f: &mut Formatter<'_>, words: &[String]) -> fmt::Result {
    match words {
        [word] if is_plain_word(word) => f.write_str(word),
        _ => f.write_str(&quoted(&spaced(words))),
    }
}

fn side(f: &mut Formatter<'_>, operands: &[NearOperand]) -> fmt::Result {
    let one = |f: &mut Formatter<'_>, operand: &NearOperand| match operand {
        NearOperand::Word(word) => phrase(f, std::slice::from_ref(word)),
        NearOperand::Phrase(words) => phrase(f, words),
        NearOperand::Wildcard(pattern) => f.write_str(pattern),
    };
    if let [only] = operands {
        return one(f, only);
    }
    for (index, operand) in operands.iter().enumerate() {
        f.write_str(if index == 0 { "(" } else { " OR " })?;
        one(f, operand)?;
    }
    f.write_char(')')
}

/// The words as they are written: with spaces, except between characters of scripts that have none.
fn spaced(words: &[String]) -> String {
    let mut text = String::new();
    for word in words {
        let touches = text.ends_with(needs_no_space) && word.starts_with(needs_no_space);
        if !text.is_empty() && !touches {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// Kana, common Han and Hangul syllables: each is a word, whatever stands beside it.
fn needs_no_space(character: char) -> bool {
    matches!(character, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Whether a normalised word is read as that word when it stands without quotes.
fn is_plain_word(word: &str) -> bool {
    let means_something = |c: char| matches!(c, ':' | '<' | '>' | '=' | '*' | '?' | '$' | '@' | '#' | '~' | '-');
    !word.contains(|c: char| ends_bare(c) || means_something(c)) && habit::of(word).is_none()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Display for FieldClause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (name, _, value) = self.parts();
        let comment = value.char_indices().any(|(at, c)| c == '<' && starts_comment(&value[at..]));
        // A list of values without brackets is refused where it stands without quotes.
        let is_plain = !comment && !value.starts_with('$') && !value.contains(ends_bare) && !value.contains([',', '|']);
        if is_plain { write!(f, "{name}:{value}") } else { write!(f, "{name}:{}", quoted(&value)) }
    }
}

impl Comparison {
    fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }
}

fn number(what: Quantity, value: f64) -> String {
    match what {
        Quantity::Age => length(value as u64),
        Quantity::Published => {
            let moment = Timestamp(value as i64).to_string();
            moment.strip_suffix("T00:00:00Z").map_or(moment.clone(), str::to_owned)
        }
        Quantity::Score | Quantity::Replies | Quantity::Likes | Quantity::Sentiment => value.to_string(),
    }
}

/// A length of time in the largest unit that divides it, so that nothing is lost.
fn length(milliseconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = UNITS.iter().find(|(length, _)| milliseconds > 0 && milliseconds.is_multiple_of(*length));
    unit.map_or_else(|| format!("{milliseconds}ms"), |(length, unit)| format!("{}{unit}", milliseconds / length))
}
