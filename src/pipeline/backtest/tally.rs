//! How are mentions counted: by day, source, site, other watch and receiver?

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::tz::TimeZone;

use super::replay::Mention;
use super::report::{Capped, Counted, DayData, DayFound, Findings, Received, Searched};
use crate::archive::Window;
use crate::model::event::Decided;
use crate::model::{Day, StoryId, SuppressedAlert, Timestamp};

/// Most sources and sites in a report.
const TOP: usize = 10;

/// Counts what a replay judges, in order of arrival.
pub(super) struct Tally<'a> {
    zone: &'a TimeZone,
    watch: &'a str,
    found: usize,
    mentions: usize,
    days: BTreeMap<Day, (usize, usize)>,
    /// Stories of the latest day.
    today: (Option<Day>, HashSet<StoryId>),
    sources: HashMap<String, usize>,
    sites: HashMap<String, usize>,
    excluded: HashMap<String, usize>,
    others: HashMap<String, usize>,
    receivers: BTreeMap<String, Received>,
    capped: BTreeMap<(String, Day), HashSet<StoryId>>,
    without_route: usize,
}

impl<'a> Tally<'a> {
    pub fn new(zone: &'a TimeZone, watch: &'a str) -> Self {
        Self {
            zone,
            watch,
            found: 0,
            mentions: 0,
            days: BTreeMap::new(),
            today: (None, HashSet::new()),
            sources: HashMap::new(),
            sites: HashMap::new(),
            excluded: HashMap::new(),
            others: HashMap::new(),
            receivers: BTreeMap::new(),
            capped: BTreeMap::new(),
            without_route: 0,
        }
    }

    pub fn exclude(&mut self, exclusion: &str) {
        self.found += 1;
        count(&mut self.excluded, exclusion);
    }

    pub fn add(&mut self, mention: &Mention) {
        let decided = &mention.decided;
        self.found += 1;
        self.mentions += 1;
        self.add_to_day(decided);
        count(&mut self.sources, &decided.post.source);
        count(&mut self.sites, &decided.post.site);
        for found in decided.matches.iter().filter(|found| found.watch != self.watch) {
            count(&mut self.others, &found.watch);
        }
        for alert in &decided.alerts {
            let received = self.receiver(&alert.receiver);
            received.alerts += 1;
            received.only_this_watch += usize::from(mention.only.contains(&alert.receiver));
        }
        decided.held_back.iter().for_each(|held_back| self.hold_back(held_back, decided.story.story));
    }

    fn add_to_day(&mut self, decided: &Decided) {
        let day = decided.post.received.day(self.zone);
        if self.today.0 != Some(day) {
            self.today = (Some(day), HashSet::new());
        }
        let (mentions, stories) = self.days.entry(day).or_default();
        *mentions += 1;
        *stories += usize::from(self.today.1.insert(decided.story.story));
    }

    fn hold_back(&mut self, held_back: &SuppressedAlert, story: StoryId) {
        match held_back {
            SuppressedAlert::StoryAlerted { receiver, .. } => self.receiver(receiver).told_before += 1,
            SuppressedAlert::DailyCap { receiver, day, .. } => {
                self.receiver(receiver);
                self.capped.entry((receiver.clone(), *day)).or_default().insert(story);
            }
            SuppressedAlert::NoRoute => self.without_route += 1,
            // Exclusions are counted before; there is no first poll in a replay, and the bounds of receivers are not asked.
            SuppressedAlert::Excluded { .. }
            | SuppressedAlert::OwnPost
            | SuppressedAlert::FirstPoll { .. }
            | SuppressedAlert::Flood { .. } => {}
        }
    }

    fn receiver(&mut self, name: &str) -> &mut Received {
        if !self.receivers.contains_key(name) {
            let received = Received { receiver: name.to_owned(), ..Received::default() };
            self.receivers.insert(name.to_owned(), received);
        }
        self.receivers.entry(name.to_owned()).or_default()
    }

    /// Other watches by how many of the mentions they find too, the most first.
    pub fn others(&self) -> Vec<Counted> {
        most(&self.others, usize::MAX)
    }

    /// The figures; overlaps and samples are left for others.
    pub fn findings(self, query: &str, stories: usize, window: Window, archive: &Searched) -> Findings {
        let mut receivers = self.receivers;
        for ((receiver, day), stories) in self.capped {
            let capped = Capped { day, stories: stories.len() };
            receivers.entry(receiver).or_default().capped.push(capped);
        }
        Findings {
            query: query.to_owned(),
            found: self.found,
            mentions: self.mentions,
            stories,
            days: days(self.zone, window, archive, &self.days),
            sources: most(&self.sources, TOP),
            sites: most(&self.sites, TOP),
            excluded: most(&self.excluded, usize::MAX),
            receivers: receivers.into_values().collect(),
            without_route: self.without_route,
            overlaps: Vec::new(),
            samples: Vec::new(),
        }
    }
}

fn count(counts: &mut HashMap<String, usize>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}

/// The most frequent first; of equal ones in the order of their names.
fn most(counts: &HashMap<String, usize>, keep: usize) -> Vec<Counted> {
    let mut counted: Vec<Counted> =
        counts.iter().map(|(name, posts)| Counted { name: name.clone(), posts: *posts }).collect();
    counted.sort_by(|a, b| b.posts.cmp(&a.posts).then_with(|| a.name.cmp(&b.name)));
    counted.truncate(keep);
    counted
}

/// Every local day of a window; bounded by how far back a question may go.
fn days(zone: &TimeZone, window: Window, archive: &Searched, found: &BTreeMap<Day, (usize, usize)>) -> Vec<DayFound> {
    let last = Timestamp(window.until.0.saturating_sub(1)).day(zone);
    let first = window.from.day(zone);
    let of_day = |day: Day| {
        let (mentions, stories) = found.get(&day).copied().unwrap_or_default();
        DayFound { day, data: data_of(day, zone, archive), mentions, stories }
    };
    first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last).map(of_day).collect()
}

fn data_of(day: Day, zone: &TimeZone, archive: &Searched) -> DayData {
    let (Some(oldest), Some(complete_from)) = (archive.oldest, archive.complete_from) else { return DayData::None };
    let whole = begins(day, zone).is_some_and(|midnight| midnight >= complete_from);
    match (day < oldest.day(zone), whole) {
        (true, _) => DayData::None,
        (false, true) => DayData::Whole,
        (false, false) => DayData::Partial,
    }
}

fn begins(day: Day, zone: &TimeZone) -> Option<Timestamp> {
    let midnight = day.to_zoned(zone.clone()).ok()?;
    Some(Timestamp(midnight.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a moment")
    }

    #[test]
    fn every_local_day_is_listed_and_says_what_the_archive_has_of_it() {
        let zone = TimeZone::get("Europe/Zurich").expect("a zone");
        let window = Window { from: moment("2026-03-01T12:00:00Z"), until: moment("2026-03-05T23:00:00Z") };
        let archive = Searched {
            posts: 0,
            oldest: Some(moment("2026-03-02T12:00:00Z")),
            complete_from: Some(moment("2026-03-03T23:00:00Z")),
        };
        let found = [(moment("2026-03-03T00:00:00Z").day(&zone), (5, 2))].into();
        let listed = days(&zone, window, &archive, &found);
        let shown: Vec<String> =
            listed.iter().map(|day| format!("{} {:?} {} {}", day.day, day.data, day.mentions, day.stories)).collect();
        assert_eq!(
            shown,
            [
                "2026-03-01 None 0 0",
                "2026-03-02 Partial 0 0",
                "2026-03-03 Partial 5 2",
                "2026-03-04 Whole 0 0",
                "2026-03-05 Whole 0 0",
            ]
        );
        let empty = days(&zone, window, &Searched::default(), &BTreeMap::new());
        assert!(empty.iter().all(|day| day.data == DayData::None) && empty.len() == 5);
    }

    #[test]
    fn the_most_frequent_come_first_and_equal_ones_by_name() {
        let counts = [("b", 2), ("a", 2), ("c", 9), ("d", 1)].map(|(name, posts)| (name.to_owned(), posts)).into();
        let names = |keep| most(&counts, keep).into_iter().map(|counted| counted.name).collect::<Vec<_>>();
        assert_eq!(names(3), ["c", "a", "b"]);
        assert_eq!(names(9), ["c", "a", "b", "d"]);
    }
}
