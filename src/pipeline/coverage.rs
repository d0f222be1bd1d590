//! For how much of a time could a source be heard?

use std::collections::HashMap;

use crate::model::{Coverage, Heard, Issue, Timestamp};
use crate::store::Down;

/// When each source could not be heard.
#[derive(Clone, Debug, Default)]
pub struct Silences {
    /// By source: from when to when (none: still).
    deaf: HashMap<String, Vec<Down>>,
    /// When nobody listened at all.
    downs: Vec<Down>,
}

impl Silences {
    /// What issues and the times without the daemon say, as of `now`.
    pub fn of(issues: &[Issue], downs: Vec<Down>, now: Timestamp) -> Self {
        let mut deaf: HashMap<String, Vec<Down>> = HashMap::new();
        for source in issues.iter().flat_map(|issue| &issue.sources) {
            let until = source.until.unwrap_or(now);
            deaf.entry(source.source.clone()).or_default().push(Down { from: source.since, until });
        }
        Self { deaf, downs }
    }

    /// For how much of a time these sources (name, and when each was first read) could be heard.
    pub fn over(
        &self,
        sources: impl IntoIterator<Item = (String, Option<Timestamp>)>,
        from: Timestamp,
        until: Timestamp,
    ) -> Option<Coverage> {
        let heard = |(source, first): (String, Option<Timestamp>)| {
            let share = self.coverage(&source, first, from, until);
            Heard { source, share }
        };
        Coverage::of(sources.into_iter().map(heard).collect())
    }

    /// The part of a time, 0 to 1, in which a source could be heard that was first read at `first`; 0 for one never
    /// read, and for no time at all.
    pub fn coverage(&self, source: &str, first: Option<Timestamp>, from: Timestamp, until: Timestamp) -> f64 {
        let whole = until.since(from).0;
        let Some(first) = first.filter(|_| whole > 0) else { return 0.0 };
        let before = Down { from, until: first };
        let deaf = self.deaf.get(source).into_iter().flatten();
        let mut silent: Vec<Down> = deaf.chain(&self.downs).chain([&before]).copied().collect();
        silent.sort_by_key(|silence| silence.from);
        let mut heard = 0;
        let mut at = from;
        for silence in silent {
            heard += silence.from.min(until).since(at).0;
            at = at.max(silence.until);
        }
        heard += until.since(at).0;
        heard as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeafSource, Deafness};

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_seconds(hour * 3600)
    }

    #[test]
    fn what_overlaps_counts_once_and_what_is_outside_not_at_all() {
        let deaf = |from, until: Option<i64>| DeafSource {
            source: "news".into(),
            kind: "rss".into(),
            reason: Deafness::Blocked,
            why: String::new(),
            since: at(from),
            until: until.map(at),
        };
        let coverage = |deaf: Vec<DeafSource>, downs: &[(i64, i64)], first: Option<i64>| {
            let issue = Issue { id: "i".into(), subject: "s".into(), sources: deaf, opened: at(0), closed: None };
            let downs = downs.iter().map(|(from, until)| Down { from: at(*from), until: at(*until) }).collect();
            let silences = Silences::of(&[issue], downs, at(110));
            silences.coverage("news", first.map(at), at(100), at(110))
        };
        for (deaf, downs, first, expected) in [
            (vec![], &[][..], Some(0), 1.0),
            (vec![deaf(102, Some(105))], &[], Some(0), 0.7),
            (vec![deaf(102, None)], &[], Some(0), 0.2),
            (vec![deaf(102, Some(105))], &[(104, 106)], Some(0), 0.6),
            (vec![deaf(90, Some(95)), deaf(120, Some(130))], &[], Some(0), 1.0),
            (vec![deaf(90, Some(101))], &[(109, 120)], Some(0), 0.8),
            (vec![], &[(90, 120)], Some(0), 0.0),
            (vec![], &[], Some(105), 0.5),
            (vec![], &[], None, 0.0),
        ] {
            assert_eq!(coverage(deaf.clone(), downs, first), expected, "{deaf:?} {downs:?} {first:?}");
        }
    }

    #[test]
    fn a_coverage_lists_the_least_heard_first() {
        let silences = Silences::of(&[], vec![Down { from: at(0), until: at(5) }], at(10));
        let sources = [("b", Some(0)), ("a", Some(0)), ("new", Some(8))];
        let sources = sources.map(|(name, first)| (name.to_owned(), first.map(at)));
        let coverage = silences.over(sources, at(0), at(10)).expect("there are sources");
        let least: Vec<_> = coverage.least.iter().map(|heard| (heard.source.as_str(), heard.share)).collect();
        assert_eq!(least, [("new", 0.2), ("a", 0.5), ("b", 0.5)]);
        assert!((coverage.share - 0.4).abs() < 1e-9);
        assert_eq!(silences.over([], at(0), at(10)), None);
    }

    #[test]
    fn another_source_has_a_coverage_of_its_own() {
        let silences = Silences::of(&[], vec![Down { from: at(0), until: at(5) }], at(10));
        assert_eq!(silences.coverage("other", Some(at(0)), at(0), at(10)), 0.5);
        assert_eq!(silences.coverage("other", Some(at(0)), at(3), at(3)), 0.0);
    }
}
