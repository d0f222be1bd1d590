//! What does a query ask of a post, said in terms?

use std::collections::HashMap;

use super::anchor::{self, Asked, Key};
use super::terms::{Term, Terms};
use crate::query::ast::{Expr, NearOperand, Scope, TextClause};

/// A query in terms. Negation stands at single questions only.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plan {
    /// All of them; of none it is true.
    All(Vec<Plan>),
    /// Any of them; of none it is false.
    Any(Vec<Plan>),
    Not(Ask),
    Is(Ask),
}

/// A single question about a post.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ask {
    /// Whether a text has the term.
    Term(Scope, Term),
    /// Whether the words stand next to each other; at least two.
    Phrase(Scope, Vec<Term>),
    Near {
        scope: Scope,
        left: Vec<Term>,
        right: Vec<Term>,
        distance: u32,
        ordered: bool,
    },
    /// A clause that the evaluator of queries is asked about.
    Clause(u32),
}

/// Clauses that are no question about terms, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Clauses {
    exprs: Vec<Expr>,
    /// What a post must have for the clause to be true, and how rare that is.
    keys: Vec<Option<(Key, f64)>>,
    asked: Asked,
}

/// Numbers of clauses by how they print; only needed while plans are made.
pub(super) type Known = HashMap<String, u32>;

impl Clauses {
    pub(super) fn get(&self, number: u32) -> Option<&Expr> {
        self.exprs.get(number as usize)
    }

    pub(super) fn key(&self, number: u32) -> Option<&(Key, f64)> {
        self.keys.get(number as usize)?.as_ref()
    }

    /// Which fields any of them asks for.
    pub(super) fn asked(&self) -> Asked {
        self.asked
    }

    fn name(&mut self, expr: &Expr, known: &mut Known) -> u32 {
        *known.entry(expr.to_string()).or_insert_with(|| {
            let key = anchor::key_of(expr);
            key.iter().for_each(|(key, _)| self.asked.add(key));
            self.exprs.push(expr.clone());
            self.keys.push(key);
            (self.exprs.len() - 1) as u32
        })
    }
}

/// Makes plans; terms and clauses are numbered on the way.
pub(super) struct Planner<'t> {
    pub(super) terms: &'t mut Terms,
    pub(super) clauses: &'t mut Clauses,
    pub(super) known: Known,
}

impl Planner<'_> {
    /// The plan of a query, or of its negation.
    pub(super) fn plan(&mut self, expr: &Expr, negated: bool) -> Plan {
        match expr {
            Expr::Not(inner) => self.plan(inner, !negated),
            Expr::And(parts) if negated => Plan::Any(self.plans(parts, true)),
            Expr::Or(parts) if negated => Plan::All(self.plans(parts, true)),
            Expr::And(parts) => Plan::All(self.plans(parts, false)),
            Expr::Or(parts) => Plan::Any(self.plans(parts, false)),
            Expr::Text { scope, what } => self.text(expr, *scope, what, negated),
            Expr::Is(_) | Expr::Compare { .. } => self.clause(expr, negated),
        }
    }

    fn plans(&mut self, parts: &[Expr], negated: bool) -> Vec<Plan> {
        parts.iter().map(|part| self.plan(part, negated)).collect()
    }

    fn text(&mut self, expr: &Expr, scope: Scope, what: &TextClause, negated: bool) -> Plan {
        match what {
            TextClause::Phrase(words) => ask(self.phrase(scope, words), negated),
            TextClause::Wildcard(pattern) => ask(Ask::Term(scope, self.terms.name_pattern(pattern)), negated),
            TextClause::Near { left, right, distance, ordered } => match (self.operands(left), self.operands(right)) {
                (Some(left), Some(right)) => {
                    ask(Ask::Near { scope, left, right, distance: *distance, ordered: *ordered }, negated)
                }
                // Names of several words are looked for first; how near they are, only where both sides are.
                _ => {
                    let sides = vec![self.side(scope, left, negated), self.side(scope, right, negated)];
                    self.with_clause(sides, expr, negated)
                }
            },
            // The words are looked for first; how they are written, only where they are.
            TextClause::ExactCase { words, .. } | TextClause::Sigil { words, .. } => {
                let phrase = ask(self.phrase(scope, words), negated);
                self.with_clause(vec![phrase], expr, negated)
            }
            TextClause::Loose { words, .. } => {
                let words = words.iter().map(|word| Ask::Term(scope, self.terms.name_word(word)));
                let parts = words.map(|word| ask(word, negated)).collect();
                self.with_clause(parts, expr, negated)
            }
            TextClause::Raw(_) => self.clause(expr, negated),
        }
    }

    fn with_clause(&mut self, mut parts: Vec<Plan>, expr: &Expr, negated: bool) -> Plan {
        parts.push(self.clause(expr, negated));
        if negated { Plan::Any(parts) } else { Plan::All(parts) }
    }

    fn clause(&mut self, expr: &Expr, negated: bool) -> Plan {
        ask(Ask::Clause(self.clauses.name(expr, &mut self.known)), negated)
    }

    fn phrase(&mut self, scope: Scope, words: &[String]) -> Ask {
        match words {
            [word] => Ask::Term(scope, self.terms.name_word(word)),
            words => Ask::Phrase(scope, words.iter().map(|word| self.terms.name_word(word)).collect()),
        }
    }

    /// The terms of one side of NEAR; `None` where one of them is a name of several words.
    fn operands(&mut self, operands: &[NearOperand]) -> Option<Vec<Term>> {
        let term = |operand: &NearOperand| match operand {
            NearOperand::Word(word) => Some(self.terms.name_word(word)),
            NearOperand::Wildcard(pattern) => Some(self.terms.name_pattern(pattern)),
            NearOperand::Phrase(_) => None,
        };
        operands.iter().map(term).collect()
    }

    /// Whether a text has any operand of one side of NEAR.
    fn side(&mut self, scope: Scope, operands: &[NearOperand], negated: bool) -> Plan {
        let any = |operand: &NearOperand| match operand {
            NearOperand::Word(word) => Ask::Term(scope, self.terms.name_word(word)),
            NearOperand::Wildcard(pattern) => Ask::Term(scope, self.terms.name_pattern(pattern)),
            NearOperand::Phrase(words) => self.phrase(scope, words),
        };
        let asks = operands.iter().map(any).map(|any| ask(any, negated)).collect();
        if negated { Plan::All(asks) } else { Plan::Any(asks) }
    }
}

fn ask(ask: Ask, negated: bool) -> Plan {
    if negated { Plan::Not(ask) } else { Plan::Is(ask) }
}

impl Plan {
    /// What is left to ask of a post that is known to have a term somewhere.
    pub(super) fn given(self, term: Term) -> Self {
        match self {
            Self::All(parts) => {
                let mut left = Vec::with_capacity(parts.len());
                for part in parts {
                    match part.given(term) {
                        Self::All(inner) => left.extend(inner),
                        never @ Self::Any(_) if never.is_never() => return never,
                        other => left.push(other),
                    }
                }
                Self::All(left)
            }
            Self::Any(parts) => {
                let mut left = Vec::with_capacity(parts.len());
                for part in parts {
                    match part.given(term) {
                        Self::Any(inner) => left.extend(inner),
                        always @ Self::All(_) if always.is_always() => return always,
                        other => left.push(other),
                    }
                }
                if left.len() == 1 { left.pop().unwrap_or(Self::Any(Vec::new())) } else { Self::Any(left) }
            }
            Self::Is(Ask::Term(Scope::Either, had)) if had == term => Self::All(Vec::new()),
            Self::Not(Ask::Term(Scope::Either, had)) if had == term => Self::Any(Vec::new()),
            other => other,
        }
    }

    /// About how many numbers its program takes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => 1 + parts.iter().map(Self::size).sum::<usize>(),
            Self::Not(ask) | Self::Is(ask) => match ask {
                Ask::Term(..) | Ask::Clause(_) => 1,
                Ask::Phrase(_, words) => 2 + words.len(),
                Ask::Near { left, right, .. } => 3 + left.len() + right.len(),
            },
        }
    }

    pub(super) fn is_always(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }

    pub(super) fn is_never(&self) -> bool {
        matches!(self, Self::Any(parts) if parts.is_empty())
    }
}
