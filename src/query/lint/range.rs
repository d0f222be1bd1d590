//! Which numbers satisfy a comparison?

use crate::query::ast::{Comparison, Quantity};

/// The numbers from a least to a greatest one; whether these two belong to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    from: Bound,
    to: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Bound {
    at: f64,
    is_in: bool,
}

impl Range {
    /// The numbers that the quantity can have and that the comparison is true of.
    pub(super) fn of(what: Quantity, op: Comparison, value: f64) -> Self {
        let whole = Self::whole(what);
        let (below, above) = match op {
            Comparison::Less => (None, Some(Bound { at: value, is_in: false })),
            Comparison::LessOrEqual => (None, Some(Bound { at: value, is_in: true })),
            Comparison::Equal => (Some(Bound { at: value, is_in: true }), Some(Bound { at: value, is_in: true })),
            Comparison::GreaterOrEqual => (Some(Bound { at: value, is_in: true }), None),
            Comparison::Greater => (Some(Bound { at: value, is_in: false }), None),
        };
        let one = Self { from: below.unwrap_or(whole.from), to: above.unwrap_or(whole.to) };
        one.and(whole).in_steps(what)
    }

    /// Every number that the quantity can have.
    fn whole(what: Quantity) -> Self {
        let closed = |from, to| Self { from: Bound { at: from, is_in: true }, to: Bound { at: to, is_in: true } };
        match what {
            Quantity::Score => closed(0.0, 100.0),
            Quantity::Sentiment => closed(-1.0, 1.0),
            Quantity::Replies | Quantity::Likes => closed(0.0, f64::INFINITY),
            Quantity::Published | Quantity::Age => closed(f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// Counts are whole numbers: more than 5 is at least 6.
    fn in_steps(self, what: Quantity) -> Self {
        if !matches!(what, Quantity::Replies | Quantity::Likes) {
            return self;
        }
        let Self { from, to } = self;
        let least = if from.is_in { from.at.ceil() } else { from.at.floor() + 1.0 };
        let most = if to.is_in { to.at.floor() } else { to.at.ceil() - 1.0 };
        Self { from: Bound { at: least, is_in: true }, to: Bound { at: most, is_in: true } }
    }

    pub(super) fn and(self, other: Self) -> Self {
        let from = if other.from.is_above(self.from) { other.from } else { self.from };
        let to = if other.to.is_below(self.to) { other.to } else { self.to };
        Self { from, to }
    }

    pub(super) fn is_empty(self) -> bool {
        self.from.at > self.to.at || (self.from.at == self.to.at && !(self.from.is_in && self.to.is_in))
    }

    pub(super) fn is_within(self, other: Self) -> bool {
        self.is_empty() || self.and(other) == self
    }

    /// Whether every number that the quantity can have is in it.
    pub(super) fn is_whole(self, what: Quantity) -> bool {
        Self::whole(what).is_within(self)
    }
}

impl Bound {
    /// As a lower bound: whether it leaves fewer numbers.
    fn is_above(self, other: Self) -> bool {
        self.at > other.at || (self.at == other.at && !self.is_in && other.is_in)
    }

    /// As an upper bound: whether it leaves fewer numbers.
    fn is_below(self, other: Self) -> bool {
        self.at < other.at || (self.at == other.at && !self.is_in && other.is_in)
    }
}
