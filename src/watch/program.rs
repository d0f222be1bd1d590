//! How is a plan written down so that it is asked quickly, and what does it answer?
//!
//! All programs stand in one row of numbers, those that are asked together side by side. An instruction is a
//! number: what to do in its upper five bits, an argument below; more arguments may follow. A program is a row
//! of instructions that must all hold.

use super::plan::{Ask, Clauses, Plan};
use super::seen::Seen;
use super::terms::Term;
use crate::model::Field;
use crate::query::ast::Scope;
use crate::query::eval::holds;

const ARGUMENT_BITS: u32 = 27;
/// One more than the largest argument; nothing that is numbered here reaches it.
const ARGUMENTS: u32 = 1 << ARGUMENT_BITS;

const TERM: u32 = 0;
const TERM_IN_TITLE: u32 = 1;
const TERM_IN_TEXT: u32 = 2;
const NO_SUCH_TERM: u32 = 3;
/// So many terms follow, one of which the post has.
const ANY_TERM: u32 = 4;
/// So many numbers follow: which of the words is the rarest, then the words. Next comes the same for the title.
const PHRASE: u32 = 5;
const PHRASE_IN_TEXT: u32 = 7;
/// So many numbers follow: distance, how many stand on the left, the left side, the right side. Next, for the title.
const NEAR: u32 = 8;
const NEAR_IN_TEXT: u32 = 10;
const ORDERED_NEAR: u32 = 11;
const ORDERED_NEAR_IN_TEXT: u32 = 13;
const CLAUSE: u32 = 14;
/// So many numbers follow: instructions, all of which hold.
const ALL: u32 = 15;
/// So many numbers follow: instructions, one of which holds.
const ANY: u32 = 16;
/// So many numbers follow: instructions, not all of which hold.
const NOT: u32 = 17;
/// The two terms of an [`Entry`] stand so near to each other, in any order.
const PAIR_NEAR: u32 = 18;
/// The same, the anchor left of the guard.
const PAIR_IN_ORDER: u32 = 19;
/// The same, the guard left of the anchor.
const PAIR_REVERSED: u32 = 20;
/// A program begins there in the code.
const RUN: u32 = 30;
/// Nothing is asked.
const TRUE: u32 = 31;

/// What is left to ask of a post that has two terms: most often a single instruction, which stands in the entry itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question(u32);

impl Question {
    /// Where in the code its program begins, if it has one.
    pub(super) fn program(self) -> Option<usize> {
        (self.0 >> ARGUMENT_BITS == RUN).then_some((self.0 % ARGUMENTS) as usize)
    }

    /// The question of the program at another place.
    pub(super) fn at(start: usize) -> Self {
        Self(instruction(RUN, start as u32))
    }

    /// The answer for a post that is known to have the two terms, as far as they are terms.
    #[inline]
    pub(super) fn holds(self, pair: (Term, Term), code: &[u32], seen: &Seen<'_>, clauses: &Clauses) -> bool {
        let (what, argument) = (self.0 >> ARGUMENT_BITS, self.0 % ARGUMENTS);
        match what {
            TRUE => true,
            RUN => match code.get(argument as usize..) {
                Some([length, rest @ ..]) => all_hold(rest.get(..*length as usize).unwrap_or_default(), seen, clauses),
                Some([]) | None => false,
            },
            PAIR_NEAR => seen.near(pair.0, pair.1, argument, false),
            PAIR_IN_ORDER => seen.near(pair.0, pair.1, argument, true),
            PAIR_REVERSED => seen.near(pair.1, pair.0, argument, true),
            _ => step(self.0, &[], seen, clauses).0,
        }
    }
}

/// Writes programs.
pub(super) struct Writer<'t> {
    /// How common each term is, as a share of posts.
    pub(super) shares: &'t [f64],
    pub(super) code: Vec<u32>,
}

impl Writer<'_> {
    /// Writes what is left to ask of a post that has two terms (or none, where they are [`NO_TERM`](super::terms::NO_TERM)).
    pub(super) fn question(&mut self, plan: Plan, pair: (Term, Term)) -> Question {
        if plan.is_always() {
            return Question(instruction(TRUE, 0));
        }
        if let Some(question) = short_question(&plan, pair) {
            return question;
        }
        let start = self.code.len();
        self.code.push(0);
        self.write(plan);
        match self.code.get(start + 1..) {
            Some([only]) if *only >> ARGUMENT_BITS < ANY_TERM || *only >> ARGUMENT_BITS == CLAUSE => {
                let question = Question(*only);
                self.code.truncate(start);
                question
            }
            Some(program) => {
                let length = program.len() as u32;
                self.code.get_mut(start).into_iter().for_each(|place| *place = length);
                Question::at(start)
            }
            None => Question::at(start),
        }
    }

    /// Appends a program; what is quick to ask and seldom true first.
    pub(super) fn write(&mut self, plan: Plan) {
        match plan {
            Plan::All(mut parts) => {
                parts.sort_by(|a, b| self.order(a).total_cmp(&self.order(b)));
                parts.into_iter().for_each(|part| self.part(part));
            }
            other => self.part(other),
        }
    }

    /// Work to be done times how often it is in vain, as far as it can be guessed.
    fn order(&self, plan: &Plan) -> f64 {
        match plan {
            Plan::Is(Ask::Term(_, term)) => self.share(*term),
            Plan::Any(parts) if parts.iter().all(is_term) => 0.2 + parts.len() as f64 / 1000.0,
            Plan::Is(Ask::Phrase(_, words)) => words.iter().map(|word| self.share(*word)).fold(1.0, f64::min),
            Plan::Is(Ask::Near { .. }) => 0.6,
            Plan::Not(Ask::Term(..)) => 0.7,
            Plan::Not(_) | Plan::All(_) | Plan::Any(_) => 2.0,
            Plan::Is(Ask::Clause(_)) => 3.0,
        }
    }

    fn share(&self, term: Term) -> f64 {
        self.shares.get(term as usize).copied().unwrap_or_default()
    }

    fn part(&mut self, plan: Plan) {
        match plan {
            Plan::Is(ask) => self.ask(&ask),
            Plan::Not(Ask::Term(Scope::Either, term)) => self.one(NO_SUCH_TERM, term),
            Plan::Not(ask) => self.block(NOT, |writer| writer.ask(&ask)),
            Plan::All(parts) => self.block(ALL, |writer| writer.write(Plan::All(parts))),
            Plan::Any(parts) if parts.iter().all(is_term) => self.block(ANY_TERM, |writer| {
                writer.code.extend(parts.iter().filter_map(term_of));
            }),
            Plan::Any(parts) => {
                self.block(ANY, |writer| parts.into_iter().for_each(|part| writer.part(part)));
            }
        }
    }

    fn ask(&mut self, ask: &Ask) {
        match ask {
            Ask::Term(scope, term) => self.one(scoped(TERM, *scope), *term),
            Ask::Phrase(scope, words) => self.block(scoped(PHRASE, *scope), |writer| {
                let share = |index: &usize| words.get(*index).map_or(1.0, |word| writer.share(*word));
                let rarest = (0..words.len()).min_by(|a, b| share(a).total_cmp(&share(b))).unwrap_or_default();
                writer.code.push(rarest as u32);
                writer.code.extend(words);
            }),
            Ask::Near { scope, left, right, distance, ordered } => {
                let near = if *ordered { ORDERED_NEAR } else { NEAR };
                self.block(scoped(near, *scope), |writer| {
                    writer.code.extend([*distance, left.len() as u32]);
                    writer.code.extend(left.iter().chain(right));
                });
            }
            Ask::Clause(number) => self.one(CLAUSE, *number),
        }
    }

    fn one(&mut self, what: u32, argument: u32) {
        self.code.push(instruction(what, argument));
    }

    /// An instruction that says how many numbers belong to it.
    fn block(&mut self, what: u32, fill: impl FnOnce(&mut Self)) {
        let at = self.code.len();
        self.code.push(0);
        fill(self);
        let length = (self.code.len() - at - 1) as u32;
        if let Some(head) = self.code.get_mut(at) {
            *head = instruction(what, length);
        }
    }
}

/// The question whether two terms stand near each other, if that is all that is asked.
fn short_question(plan: &Plan, pair: (Term, Term)) -> Option<Question> {
    let only = match plan {
        Plan::All(parts) if parts.len() == 1 => parts.first()?,
        other => other,
    };
    let (left, right, distance, ordered) = match only {
        Plan::Is(Ask::Phrase(Scope::Either, words)) => match words[..] {
            [left, right] => (left, right, 1, true),
            _ => return None,
        },
        Plan::Is(Ask::Near { scope: Scope::Either, left, right, distance, ordered }) => match (&left[..], &right[..]) {
            ([left], [right]) => (*left, *right, *distance, *ordered),
            _ => return None,
        },
        Plan::Is(_) | Plan::Not(_) | Plan::All(_) | Plan::Any(_) => return None,
    };
    let what = match ordered {
        _ if distance >= ARGUMENTS => return None,
        false if (left, right) == pair || (right, left) == pair => PAIR_NEAR,
        true if (left, right) == pair => PAIR_IN_ORDER,
        true if (right, left) == pair => PAIR_REVERSED,
        _ => return None,
    };
    Some(Question(instruction(what, distance)))
}

fn instruction(what: u32, argument: u32) -> u32 {
    (what << ARGUMENT_BITS) | (argument % ARGUMENTS)
}

fn is_term(plan: &Plan) -> bool {
    term_of(plan).is_some()
}

fn term_of(plan: &Plan) -> Option<Term> {
    match plan {
        Plan::Is(Ask::Term(Scope::Either, term)) => Some(*term),
        Plan::Is(_) | Plan::Not(_) | Plan::All(_) | Plan::Any(_) => None,
    }
}

fn scoped(what: u32, scope: Scope) -> u32 {
    match scope {
        Scope::Either => what,
        Scope::Only(Field::Title) => what + 1,
        Scope::Only(Field::Text) => what + 2,
    }
}

/// The scope of an instruction of which the one for either text is `either`.
fn scope_of(what: u32, either: u32) -> Scope {
    match what - either {
        0 => Scope::Either,
        1 => Scope::Only(Field::Title),
        _ => Scope::Only(Field::Text),
    }
}

/// Whether a program holds of a post.
pub(super) fn all_hold(code: &[u32], seen: &Seen<'_>, clauses: &Clauses) -> bool {
    let mut rest = code;
    while let [head, after @ ..] = rest {
        let (answer, next) = step(*head, after, seen, clauses);
        if !answer {
            return false;
        }
        rest = next;
    }
    true
}

fn any_holds(code: &[u32], seen: &Seen<'_>, clauses: &Clauses) -> bool {
    let mut rest = code;
    while let [head, after @ ..] = rest {
        let (answer, next) = step(*head, after, seen, clauses);
        if answer {
            return true;
        }
        rest = next;
    }
    false
}

/// What an instruction answers, and what stands behind it.
#[inline]
fn step<'c>(head: u32, after: &'c [u32], seen: &Seen<'_>, clauses: &Clauses) -> (bool, &'c [u32]) {
    let (what, argument) = (head >> ARGUMENT_BITS, head % ARGUMENTS);
    match what {
        TERM => (seen.has(argument), after),
        NO_SUCH_TERM => (!seen.has(argument), after),
        TERM_IN_TITLE | TERM_IN_TEXT => (seen.has_in(argument, scope_of(what, TERM)), after),
        CLAUSE => (clauses.get(argument).is_some_and(|clause| holds(clause, seen.subject)), after),
        _ => {
            let (own, next) = after.split_at_checked(argument as usize).unwrap_or((after, &[]));
            (block(what, own, seen, clauses), next)
        }
    }
}

fn block(what: u32, own: &[u32], seen: &Seen<'_>, clauses: &Clauses) -> bool {
    match what {
        ANY_TERM => own.iter().any(|term| seen.has(*term)),
        PHRASE..=PHRASE_IN_TEXT => phrase(own, scope_of(what, PHRASE), seen),
        NEAR..=NEAR_IN_TEXT => near(own, scope_of(what, NEAR), false, seen),
        ORDERED_NEAR..=ORDERED_NEAR_IN_TEXT => near(own, scope_of(what, ORDERED_NEAR), true, seen),
        ALL => all_hold(own, seen, clauses),
        ANY => any_holds(own, seen, clauses),
        NOT => !all_hold(own, seen, clauses),
        _ => false,
    }
}

fn phrase(own: &[u32], scope: Scope, seen: &Seen<'_>) -> bool {
    let [rarest, words @ ..] = own else { return false };
    if !words.iter().all(|word| seen.may_have(*word)) {
        return false;
    }
    let Some(pivot) = words.get(*rarest as usize) else { return false };
    let starts = seen.places(*pivot).filter_map(|at| at.checked_sub(*rarest));
    starts.into_iter().any(|start| seen.reads(start, words) && seen.covers(scope, start))
}

/// With more pairs of words than this, all places of one side are gathered instead.
const MAX_PAIRS: usize = 64;

fn near(own: &[u32], scope: Scope, ordered: bool, seen: &Seen<'_>) -> bool {
    let [distance, on_left, sides @ ..] = own else { return false };
    let Some((left, right)) = sides.split_at_checked(*on_left as usize) else { return false };
    if ![left, right].iter().all(|side| side.iter().any(|term| seen.may_have(*term))) {
        return false;
    }
    if scope == Scope::Either && left.len() * right.len() <= MAX_PAIRS {
        let had = |side| <[Term]>::iter(side).copied().filter(|term| seen.may_have(*term));
        return had(left).any(|left| had(right).any(|right| seen.near(left, right, *distance, ordered)));
    }
    let mut places: Vec<u32> = left.iter().flat_map(|term| seen.places(*term)).collect();
    if places.is_empty() {
        return false;
    }
    if left.len() > 1 {
        places.sort_unstable();
    }
    let is_near = |at: u32| {
        let around = seen.around(at, *distance);
        let from = places.partition_point(|other| other < around.start());
        let last = if ordered { at.saturating_sub(1) } else { *around.end() };
        let others = places.get(from..).unwrap_or_default();
        others.iter().take_while(|other| **other <= last).any(|other| *other != at)
    };
    right.iter().flat_map(|term| seen.places(*term)).any(|at| seen.covers(scope, at) && is_near(at))
}
