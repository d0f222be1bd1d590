//! What can a query say?

use crate::model::{Field, Outcome, PostType};

/// A parsed query: names (`$lists`) are expanded, words are normalised, bounds are checked.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All of them; at least two.
    And(Vec<Expr>),
    /// Any of them; at least two.
    Or(Vec<Expr>),
    Not(Box<Expr>),
    /// Words looked for in title, text, or either (never across the two).
    Text {
        scope: Scope,
        what: TextClause,
    },
    /// A field that has a value among others: `site:reddit.com`.
    Is(FieldClause),
    /// A number or a moment on one side of a bound; false when the post has no value.
    Compare {
        what: Quantity,
        op: Comparison,
        value: f64,
    },
}

impl Expr {
    /// All of `parts`, without a conjunction directly inside a conjunction; one part is itself.
    pub fn all(parts: Vec<Expr>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::And(inner) => inner,
            other => vec![other],
        });
        Self::only_or(flat.collect(), Self::And)
    }

    /// Any of `parts`, without an alternative directly inside an alternative; one part is itself.
    pub fn any(parts: Vec<Expr>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::Or(inner) => inner,
            other => vec![other],
        });
        Self::only_or(flat.collect(), Self::Or)
    }

    fn only_or(mut parts: Vec<Expr>, several: fn(Vec<Expr>) -> Expr) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                several(parts)
            }
            None => several(parts),
        }
    }

    /// How many clauses there are to look at; every operand of NEAR counts.
    pub fn clauses(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::clauses).sum(),
            Self::Not(inner) => inner.clauses(),
            Self::Text { what: TextClause::Near { left, right, .. }, .. } => left.len() + right.len(),
            Self::Text { .. } | Self::Is(_) | Self::Compare { .. } => 1,
        }
    }

    /// Whether the words or characters of a post matter, not only its fields and numbers.
    pub fn reads_text(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::reads_text),
            Self::Not(inner) => inner.reads_text(),
            Self::Text { .. } => true,
            Self::Is(_) | Self::Compare { .. } => false,
        }
    }

    /// How many levels of AND, OR and NOT stand over the deepest clause.
    pub fn depth(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Not(inner) => 1 + inner.depth(),
            Self::Text { .. } | Self::Is(_) | Self::Compare { .. } => 0,
        }
    }

    /// Whether a post satisfies this without satisfying any clause of it: then it only excludes.
    pub fn holds_of_nothing(&self) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(Self::holds_of_nothing),
            Self::Or(parts) => parts.iter().any(Self::holds_of_nothing),
            Self::Not(inner) => !inner.holds_of_nothing(),
            Self::Text { .. } | Self::Is(_) | Self::Compare { .. } => false,
        }
    }
}

/// Where words are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    Either,
    Only(Field),
}

/// Something looked for in words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextClause {
    /// One word (`words.len() == 1`), or several next to each other in order.
    Phrase(Vec<String>),
    /// All the words in any order, with at most `extra` positions more than there are words.
    Loose { words: Vec<String>, extra: u32 },
    /// A pattern over one word: `*` is any characters, `?` is one; at least two characters before the first.
    Wildcard(String),
    /// `left` and `right` at positions that differ by at most `distance`, those of the words of phrases that are
    /// nearest to each other; `ordered`: left before right.
    Near { left: Vec<NearOperand>, right: Vec<NearOperand>, distance: u32, ordered: bool },
    /// Words next to each other that stand in the text in exactly this case: `{Acme Cloud}`.
    ExactCase { words: Vec<String>, written: String },
    /// These very characters, anywhere: `raw:"C++"`.
    Raw(String),
    /// Words next to each other of which the first is written with this sigil: `@acme`, `#acme`.
    Sigil { sigil: char, words: Vec<String> },
}

/// One alternative on a side of NEAR: a word, several next to each other in order, or a pattern over one word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NearOperand {
    Word(String),
    /// At least two.
    Phrase(Vec<String>),
    Wildcard(String),
}

impl NearOperand {
    /// How many words it is long.
    pub fn words(&self) -> usize {
        match self {
            Self::Word(_) | Self::Wildcard(_) => 1,
            Self::Phrase(words) => words.len(),
        }
    }
}

/// A field and the value it must have. Values are compared without case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldClause {
    /// Handle or shown name, without `@`.
    Author(String),
    /// The domain or a subdomain of it, and a path that the permalink's path starts with (at a segment), if any.
    Site {
        domain: String,
        path: Option<String>,
    },
    /// The permalink, in canonical form.
    Url(String),
    /// The post links to the domain or a subdomain of it (and path), in its body or as its target.
    Link {
        domain: String,
        path: Option<String>,
    },
    Source(String),
    Kind(String),
    Type(PostType),
    Lang(String),
    Tag(String),
    /// Id of a conversation's root; matches the root too.
    Thread(String),
    Watch(String),
    /// A label or one of its children.
    Label(String),
    Status(String),
    Owner(String),
    /// How the post ended when it was read last.
    Outcome(Outcome),
}

/// What a comparison is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// 0–100.
    Score,
    Replies,
    Likes,
    /// −1…1.
    Sentiment,
    /// The site's date, in milliseconds since the Unix epoch.
    Published,
    /// Now minus the site's date (or the date of reading), in milliseconds.
    Age,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Comparison {
    /// Whether `left` stands in this relation to `right`.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Equal => left == right,
            Self::GreaterOrEqual => left >= right,
            Self::Greater => left > right,
        }
    }
}
