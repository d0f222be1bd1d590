//! How does a single term of a query become a clause?

use std::ops::Range;

use super::ast::{Comparison, Expr, Quantity, Scope, TextClause};
use super::field::{self, Lookup, Value};
use super::habit::{self, Habit};
use super::lexer::{TokenKind, is_minus};
use super::names::missing_in;
use super::parser::{Context, Parser};
use super::words::{Word, WordList, words};
use super::{Place, Problem, QueryError};

/// Most words of a phrase.
pub const MAX_PHRASE: usize = 200;

/// Fewest characters before the first wildcard of a word.
pub(super) const MIN_STEM: usize = 2;

/// Letters without case that stand in for `*` and `?` while a pattern is normalised like any word.
const MANY: char = '\u{1bb}';
const ONE: char = '\u{1c0}';

impl Context {
    fn scope(self) -> Scope {
        match self {
            Self::Open | Self::Values(..) => Scope::Either,
            Self::Words(_, field) => Scope::Only(field),
        }
    }
}

/// Where a name may end, and its value begin: also as other keyboards have it.
const SEPARATORS: [char; 10] = [':', '<', '>', '=', '：', '＜', '＞', '＝', '≤', '≥'];

/// The operators of comparison, longer ones first.
const COMPARISONS: [(&str, Comparison); 13] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("=<", Comparison::LessOrEqual),
    ("=>", Comparison::GreaterOrEqual),
    ("==", Comparison::Equal),
    ("≤", Comparison::LessOrEqual),
    ("≥", Comparison::GreaterOrEqual),
    ("＜", Comparison::Less),
    ("＞", Comparison::Greater),
    ("＝", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("=", Comparison::Equal),
];

impl Parser<'_> {
    pub(super) fn quoted(
        &mut self,
        content: &str,
        extra: Option<u32>,
        span: Range<usize>,
        context: Context,
    ) -> Result<Expr, QueryError> {
        if let Context::Values(name, field) = context {
            return self.value(name, field, content, span);
        }
        let list = self.words_of(content, &span)?;
        let words: Vec<String> = texts(&list);
        let what = match extra {
            Some(extra) if words.len() > 1 => TextClause::Loose { words, extra },
            Some(_) | None => TextClause::Phrase(words),
        };
        self.text_clause(what, span, context)
    }

    pub(super) fn braced(&mut self, written: &str, span: Range<usize>, context: Context) -> Result<Expr, QueryError> {
        if let Context::Values(outer, _) = context {
            return Err(Problem::NestedField { name: "{}".to_owned(), outer }.at(span));
        }
        let words = texts(&self.words_of(written, &span)?);
        let written = written.split_whitespace().collect::<Vec<_>>().join(" ");
        self.text_clause(TextClause::ExactCase { words, written }, span, context)
    }

    /// A run of characters that is no operator: a word, a wildcard, `field:value`, a comparison, a list.
    pub(super) fn bare(&mut self, bare: &str, span: Range<usize>, context: Context) -> Result<Expr, QueryError> {
        if let Some(name) = bare.strip_prefix('$') {
            return self.name(name, span, context);
        }
        if let Context::Values(name, field) = context {
            return self.value(name, field, bare, span);
        }
        let prefix = bare.find(SEPARATORS).map(|at| bare.split_at(at));
        match prefix {
            Some((name, rest)) if is_name(name) => match rest.strip_prefix([':', '：']) {
                Some(value) => self.field(name, value, span, context),
                None => self.comparison(name, rest, span, context),
            },
            Some((name, rest)) if name.strip_suffix('!').is_some_and(is_known) => Err(unequal(name, rest, span)),
            Some(("", rest)) if !rest.starts_with([':', '：']) => {
                Err(Problem::SpacedComparison { text: bare.to_owned() }.at(span))
            }
            Some(_) | None => self.word(bare, span, context),
        }
    }

    fn word(&mut self, bare: &str, span: Range<usize>, context: Context) -> Result<Expr, QueryError> {
        if let Some(Habit { what, instead }) =
            habit::of(bare).or_else(|| self.single_quotes(bare)).or_else(|| self.late_minus(bare))
        {
            return Err(Problem::Foreign { text: bare.to_owned(), what, instead }.at(span));
        }
        if bare.contains(['*', '?']) {
            let pattern = pattern(bare).map_err(|problem| problem.at(span.clone()))?;
            return self.text_clause(TextClause::Wildcard(pattern), span, context);
        }
        // `#"acme cloud"`: a phrase of which the first word has the sigil.
        if matches!(bare, "@" | "#")
            && let Some(token) = self.touching()
            && let TokenKind::Quoted { content, extra: None } = token.what
        {
            self.advance();
            let whole = span.start..token.span.end;
            return self.word_or_phrase(&format!("{bare}{}", content.trim_start()), whole, context);
        }
        self.word_or_phrase(bare, span, context)
    }

    /// Several words in single quotes, which are apostrophes to us.
    fn single_quotes(&self, bare: &str) -> Option<Habit> {
        let closing = match bare.chars().next()? {
            '\'' => ['\'', '\''],
            '`' => ['`', '\''],
            '‘' | '‚' => ['‘', '’'],
            _ => return None,
        };
        let rest = self.rest_of_words();
        let end = rest.iter().position(|word| word.len() > 1 && word.ends_with(closing))?;
        let words = std::iter::once(&bare).chain(rest.get(..=end)?).copied().collect::<Vec<_>>().join(" ");
        let inner = words.trim_matches(|c: char| !c.is_alphanumeric());
        let instead = format!("write \"{inner}\"");
        (!bare.ends_with(closing)).then_some(Habit { what: "only double quotes hold words together", instead })
    }

    /// `acme-(down)`, `acme-"down"`: no `-` at the start of a term.
    fn late_minus(&self, bare: &str) -> Option<Habit> {
        let word = bare.strip_suffix(is_minus).filter(|word| word.contains(char::is_alphanumeric))?;
        self.touching().filter(|token| token.what != TokenKind::Close)?;
        let instead = format!("write a space before it: {word} -(…)");
        Some(Habit { what: "`-` excludes only at the start of a term", instead })
    }

    fn word_or_phrase(&mut self, written: &str, span: Range<usize>, context: Context) -> Result<Expr, QueryError> {
        let list = self.words_of(written, &span)?;
        let words = texts(&list);
        let what = match list.get(0).and_then(|first| first.sigil) {
            Some(sigil) => TextClause::Sigil { sigil, words },
            None => TextClause::Phrase(words),
        };
        self.text_clause(what, span, context)
    }

    fn field(&mut self, name: &str, rest: &str, span: Range<usize>, context: Context) -> Result<Expr, QueryError> {
        let name_span = span.start..span.start + name.len();
        let rest_span = span.end - rest.len()..span.end;
        let Some((name, since, lookup)) = field::field(name) else {
            return Err(self.unknown_field(name, rest, span));
        };
        if let Context::Words(outer, _) = context
            && lookup != Lookup::Raw
        {
            return Err(Problem::NestedField { name: format!("{name}:"), outer }.at(name_span));
        }
        self.must_exist(name, since, name_span.clone())?;
        let inner = match lookup {
            Lookup::Raw => return self.raw(name, rest, span, context),
            Lookup::Words(field) => match rest.strip_prefix(is_minus).filter(|excluded| !excluded.is_empty()) {
                // As in `title:(-acme)`: what is excluded is looked for in that text.
                Some(excluded) => {
                    let place = span.end - excluded.len()..span.end;
                    let excluded = self.bare(excluded, place, Context::Words(name, field))?;
                    return Ok(Expr::Not(Box::new(excluded)));
                }
                None => Context::Words(name, field),
            },
            Lookup::Value(field) => Context::Values(name, field),
        };
        if !rest.is_empty() {
            return self.bare(rest, rest_span, inner);
        }
        match self.touching().map(|token| token.what) {
            Some(TokenKind::Open | TokenKind::Quoted { .. } | TokenKind::Braced(_)) => self.term(inner),
            Some(TokenKind::Close | TokenKind::Minus | TokenKind::Bare(_)) | None => {
                Err(Problem::MissingValue { name }.at(span))
            }
        }
    }

    fn raw(
        &mut self,
        name: &'static str,
        rest: &str,
        span: Range<usize>,
        context: Context,
    ) -> Result<Expr, QueryError> {
        if !rest.is_empty() {
            let place = span.end - rest.len()..span.end;
            return self.text_clause(TextClause::Raw(rest.to_owned()), place, context);
        }
        let Some(token) = self.touching() else { return Err(Problem::MissingValue { name }.at(span)) };
        match token.what {
            TokenKind::Quoted { content, extra: None } if !content.is_empty() => {
                self.advance();
                self.text_clause(TextClause::Raw(content), token.span, context)
            }
            TokenKind::Open
            | TokenKind::Close
            | TokenKind::Minus
            | TokenKind::Quoted { .. }
            | TokenKind::Braced(_)
            | TokenKind::Bare(_) => Err(Problem::MissingValue { name }.at(token.span)),
        }
    }

    fn unknown_field(&self, name: &str, rest: &str, span: Range<usize>) -> QueryError {
        if rest.starts_with("//") {
            return Problem::BareUrl { url: format!("{name}:{rest}") }.at(span);
        }
        if let Some((name, ..)) = field::quantity(name) {
            return Problem::ComparedField { name }.at(span);
        }
        let text = format!("{name}:{rest}");
        if let Some(Habit { what, instead }) = habit::of(&text) {
            return Problem::Foreign { text, what, instead }.at(span);
        }
        let meant = habit::meant(name, rest, field::all_names());
        Problem::UnknownField { name: name.to_owned(), text, meant }.at(span.start..span.start + name.len())
    }

    fn comparison(&mut self, name: &str, rest: &str, span: Range<usize>, context: Context) -> Result<Expr, QueryError> {
        let name_span = span.start..span.start + name.len();
        let Some((name, since, quantity)) = field::quantity(name) else {
            let value = rest.trim_start_matches(SEPARATORS);
            let problem = match field::field(name) {
                Some((name, ..)) if value.is_empty() => Problem::LookedUpField { name, value: "value".to_owned() },
                Some((name, ..)) => Problem::LookedUpField { name, value: value.to_owned() },
                None => {
                    let meant = habit::meant(name, value, field::all_names());
                    Problem::UnknownField { name: name.to_owned(), text: format!("{name}{rest}"), meant }
                }
            };
            return Err(problem.at(name_span));
        };
        if let Context::Words(outer, _) = context {
            return Err(Problem::NestedField { name: name.to_owned(), outer }.at(name_span));
        }
        self.must_exist(name, since, name_span)?;
        let found = COMPARISONS.iter().find_map(|(sign, op)| Some((*op, rest.strip_prefix(sign)?)));
        if rest.starts_with("<>") {
            return Err(unequal(name, rest, span));
        }
        let Some((op, written)) = found.filter(|(_, written)| !written.is_empty()) else {
            let text = format!("{name}{rest}");
            return Err(Problem::SpacedComparison { text }.at(span));
        };
        let value = field::number(quantity, written).map_err(|why| {
            Problem::BadValue { name, value: written.to_owned(), why }.at(span.end - written.len()..span.end)
        })?;
        self.counted(compared(quantity, op, value, written), span)
    }

    fn value(&mut self, name: &'static str, field: Value, value: &str, span: Range<usize>) -> Result<Expr, QueryError> {
        let is_quoted = self.text.get(span.clone()).is_some_and(|written| written != value);
        let several = if is_quoted { None } else { several(name, field, value) };
        if let Some(Habit { what, instead }) = several {
            return Err(Problem::Foreign { text: format!("{name}:{value}"), what, instead }.at(span));
        }
        if value.trim().is_empty() {
            return Err(Problem::MissingValue { name }.at(span));
        }
        let wrong = |why| Problem::BadValue { name, value: value.to_owned(), why }.at(span.clone());
        let clause = field::clause(field, value).map_err(wrong)?;
        self.counted(Expr::Is(clause), span)
    }

    /// What a list stands for here: its query, its words in one text only, or its entries as values of a field.
    fn name(&mut self, name: &str, span: Range<usize>, context: Context) -> Result<Expr, QueryError> {
        let names = self.names;
        let Some(list) = names.get(name) else {
            let nearest = names.nearest(name);
            return Err(Problem::UnknownName { name: name.to_owned(), nearest }.at(span));
        };
        let not_here = |inner: String| Problem::NameNotHere { name: name.to_owned(), inner }.at(span.clone());
        let expr = match context {
            Context::Open => list.expr.clone(),
            Context::Words(_, field) => list.words_in(field).map_err(not_here)?,
            Context::Values(outer, field) => list.values_of(field).map_err(|(value, why)| {
                let value = format!("{value}` of `${name}");
                Problem::BadValue { name: outer, value, why }.at(span.clone())
            })?,
        };
        if let Some(missing) = missing_in(&expr, self.place) {
            return Err(Problem::NotHere { name: missing, place: self.place }.at(span));
        }
        // Printed out, the list stands in brackets of its own.
        self.reach(list.depth + 1, span.clone())?;
        self.counted(expr, span)
    }

    fn must_exist(&self, name: &'static str, since: Place, span: Range<usize>) -> Result<(), QueryError> {
        if since > self.place {
            return Err(Problem::NotHere { name, place: self.place }.at(span));
        }
        Ok(())
    }

    fn text_clause(&mut self, what: TextClause, span: Range<usize>, context: Context) -> Result<Expr, QueryError> {
        self.counted(Expr::Text { scope: context.scope(), what }, span)
    }

    /// The words of a part of the query, at least one.
    fn words_of(&self, written: &str, span: &Range<usize>) -> Result<WordList, QueryError> {
        if written.trim().is_empty() {
            let marks =
                if self.text.get(span.clone()).is_some_and(|text| text.contains('{')) { "braces" } else { "quotes" };
            return Err(Problem::EmptyGroup { marks }.at(span.clone()));
        }
        let list = words(written);
        if list.is_empty() {
            return Err(Problem::NoWord { text: written.to_owned() }.at(span.clone()));
        }
        if list.len() > MAX_PHRASE {
            return Err(Problem::PhraseTooLong { words: list.len(), bound: MAX_PHRASE }.at(span.clone()));
        }
        Ok(list)
    }
}

fn texts(list: &WordList) -> Vec<String> {
    list.iter().map(|word| word.text.to_owned()).collect()
}

/// Whether text before a colon or a comparison reads as a name.
fn is_name(text: &str) -> bool {
    text.starts_with(char::is_alphabetic) && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// Whether a name is one of ours.
fn is_known(name: &str) -> bool {
    field::quantity(name).is_some() || field::field(name).is_some()
}

/// `score!=5`, `score<>5`.
fn unequal(name: &str, rest: &str, span: Range<usize>) -> QueryError {
    let name_only = name.trim_end_matches('!');
    let value = rest.trim_start_matches(SEPARATORS);
    let sign = if field::quantity(name_only).is_some() { '=' } else { ':' };
    let instead = format!("write -{name_only}{sign}{value}");
    Problem::Foreign { text: format!("{name}{rest}"), what: "there is no sign for unequal", instead }.at(span)
}

/// Several values of a field, joined by signs in place of OR.
fn several(name: &str, field: Value, value: &str) -> Option<Habit> {
    // Commas may stand in the path of an address.
    let list = match field {
        Value::Url | Value::Thread => return None,
        Value::Site | Value::Link => value.rsplit_once('/').map_or(value, |(_, last)| last),
        _ => value,
    };
    let sign = list.chars().find(|sign| matches!(sign, ',' | '|'))?;
    let values: Vec<&str> = value.split(sign).map(str::trim).filter(|value| !value.is_empty()).collect();
    if matches!(field, Value::Site | Value::Link) && !values.iter().skip(1).any(|value| value.contains('.')) {
        return None;
    }
    let is_free =
        matches!(field, Value::Author | Value::Tag | Value::Source | Value::Watch | Value::Label | Value::Owner);
    let sign_itself = if is_free { "; if the sign is part of it, put the value in quotes" } else { "" };
    let instead = format!("write {name}:({}){sign_itself}", values.join(" OR "));
    Some(Habit { what: "several values are joined by OR", instead })
}

/// Normalises a word with wildcards as a word, the wildcards standing in as letters.
fn pattern(written: &str) -> Result<String, Problem> {
    let several = || Problem::PatternOfSeveralWords { pattern: written.to_owned() };
    if written.contains([MANY, ONE]) {
        return Err(several());
    }
    let list = words(&written.replace('*', &MANY.to_string()).replace('?', &ONE.to_string()));
    // A word with a colon in it would read as a field where it is printed.
    let fits = |word: &Word<'_>| list.len() == 1 && word.sigil.is_none() && !word.text.contains(':');
    let Some(word) = list.get(0).filter(fits) else { return Err(several()) };
    if word.text.chars().take_while(|c| !matches!(*c, MANY | ONE)).count() < MIN_STEM {
        return Err(Problem::ShortStem { pattern: written.to_owned() });
    }
    Ok(word.text.replace(MANY, "*").replace(ONE, "?"))
}

/// A comparison; equality with a day means any moment of that day.
fn compared(what: Quantity, op: Comparison, value: f64, written: &str) -> Expr {
    let is_day = what == Quantity::Published && op == Comparison::Equal && !written.contains(['T', 't', ':']);
    if !is_day {
        return Expr::Compare { what, op, value };
    }
    const DAY: f64 = 86_400_000.0;
    Expr::all(vec![
        Expr::Compare { what, op: Comparison::GreaterOrEqual, value },
        Expr::Compare { what, op: Comparison::Less, value: value + DAY },
    ])
}
