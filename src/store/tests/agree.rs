//! Do the store over sled and the plain maps give the same answers, whatever happens to them?

use proptest::prelude::*;

use super::scene::*;
use crate::model::{Alert, Event, Memory, Position, Timestamp, View, flood_window};
use crate::store::memory::InMemory;
use crate::store::{DeliveryFilter, Opened, Store, restore};

/// Posts, stories and keys have few numbers, so that they meet.
const NUMBERS: u8 = 8;
const RECEIVERS: [&str; 2] = ["it", "it-ops"];
const SOURCES: [&str; 2] = ["blog", "planet"];
const WATCHES: [&str; 2] = ["acme", "acme-cloud"];
/// Local days have few numbers too.
const DAYS: std::ops::Range<i8> = 1..4;
/// A day is long in a test: moments are in hours.
const HOUR: i64 = DAY / 24;

/// What happens to a store.
#[derive(Clone, Debug)]
enum Step {
    Frame(Vec<Event>),
    /// A frame that was applied is applied again.
    Again(prop::sample::Index),
    Listed {
        source: usize,
        posts: Vec<u8>,
        at: i64,
    },
    Sweep {
        at: i64,
        configured: usize,
    },
    Snapshot,
    Stop,
    /// The process dies; what is in sled is worth nothing.
    Crash,
}

fn post() -> impl Strategy<Value = crate::model::event::Decided> {
    let absorbs = prop_oneof![3 => Just(None), 1 => (0..NUMBERS).prop_map(Some)];
    let alert = prop_oneof![2 => Just(None), 1 => (0..RECEIVERS.len()).prop_map(Some)];
    let held = prop::option::of((0..WATCHES.len(), 0..RECEIVERS.len(), 0..4u8));
    let cap = (DAYS, 0..=WATCHES.len(), held);
    let flood = prop::option::of((0..RECEIVERS.len(), 0..4u8));
    (0..NUMBERS, 0..NUMBERS, any::<bool>(), 0..2000i64, absorbs, alert, 0..NUMBERS, cap, flood).prop_map(
        |(number, other, own, at, absorbs, alert, another_key, (day, watches, held), flood)| {
            let decided = joins(number, if own { number } else { other }, at * HOUR);
            let mut decided = absorbing(decided, absorbs.as_slice());
            decided.content_hash = at as u64;
            decided.story.keys.push(key(another_key));
            let decided = on_day(decided, day, &WATCHES[..watches]);
            let decided = match other % 4 {
                0 => following(decided, another_key),
                1 => answering(decided, another_key, &[other, number]),
                _ => decided,
            };
            let decided = match held {
                Some((watch, to, score)) => held_back(decided, WATCHES[watch], RECEIVERS[to], day, score),
                None => decided,
            };
            let decided = match flood {
                Some((receiver, score)) => flooded(decided, RECEIVERS[receiver], score),
                None => decided,
            };
            match alert {
                Some(receiver) => alerting(decided, RECEIVERS[receiver]),
                None => decided,
            }
        },
    )
}

fn event() -> impl Strategy<Value = Vec<Event>> {
    let alert = (0..NUMBERS, 0..RECEIVERS.len(), 0..2000i64).prop_map(|(of, to, at)| (of, RECEIVERS[to], at * HOUR));
    let source = (0..SOURCES.len()).prop_map(|source| SOURCES[source]);
    prop_oneof![
        6 => (source.clone(), 0..2000i64, prop::collection::vec(post(), 0..4), any::<bool>()).prop_map(|(source, at, posts, last)| {
            read(if last { last_page(source, at * HOUR, "c", posts) } else { page(source, at * HOUR, posts) })
        }),
        1 => (source.clone(), 0..2000i64, prop::collection::vec(0..NUMBERS, 1..4))
            .prop_map(|(source, at, posts)| read(stubbed(page(source, at * HOUR, vec![]), &posts))),
        2 => (source.clone(), 0..2000i64, prop::collection::vec((0..NUMBERS, 0..4u64), 1..4))
            .prop_map(|(source, at, posts)| read(updating(page(source, at * HOUR, vec![]), &posts))),
        1 => (source, 0..2000i64).prop_map(|(source, at)| gone(source, at * HOUR)),
        1 => (0..NUMBERS, prop::option::of(0..2000i64)).prop_map(|(number, closed)| issue(number, closed.map(|at| at * HOUR))),
        1 => (0..2000i64, 1..9i64).prop_map(|(from, hours)| down(from * HOUR, (from + hours) * HOUR)),
        2 => alert.clone().prop_map(|(of, to, at)| delivered(of, to, at, Some("m"))),
        2 => (alert.clone(), 0..100i64).prop_map(|((of, to, at), wait)| retry(of, to, at, at + wait)),
        1 => alert.clone().prop_map(|(of, to, at)| dead(of, to, at)),
        1 => alert.prop_map(|(of, to, at)| replayed(of, to, at)),
        2 => (prop::collection::vec(0..NUMBERS, 1..4), 0..2000i64).prop_map(|(posts, at)| expired(&posts, at * HOUR)),
        1 => (prop::collection::vec(0..NUMBERS, 1..3), 0..2000i64).prop_map(|(posts, at)| deleted(&posts, at * HOUR)),
        1 => (prop::collection::vec(0..NUMBERS, 1..3), 0..NUMBERS).prop_map(|(posts, author)| forgotten(&posts, &[author])),
        2 => (0..NUMBERS, 0..2000i64, 0..5u8).prop_map(|(post, at, what)| feedback(post, at * HOUR, what)),
        1 => prop::collection::vec(0..NUMBERS, 1..3).prop_map(|marks| readmitted(&marks)),
        2 => (0..NUMBERS, 0..2000i64, prop::option::of(0..2000i64), prop::option::of(0..NUMBERS), any::<bool>())
            .prop_map(|(root, at, next, accepted, closed)| thread(root, at * HOUR, next, accepted, closed)),
        2 => (0..WATCHES.len(), DAYS, 0..40u64, 0..NUMBERS, 0..RECEIVERS.len()).prop_map(|(watch, day, through, of, to)| {
            day_over(WATCHES[watch], day, through, vec![digest(of, RECEIVERS[to], day)])
        }),
        2 => (0..RECEIVERS.len(), 0..2000i64, 0..40u64)
            .prop_map(|(to, at, through)| flood_over(RECEIVERS[to], at * HOUR, through, vec![])),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => prop::collection::vec(event(), 1..3).prop_map(|events| Step::Frame(events.concat())),
        2 => any::<prop::sample::Index>().prop_map(Step::Again),
        2 => (0..SOURCES.len(), prop::collection::vec(0..NUMBERS, 0..5), 0..2000i64)
            .prop_map(|(source, posts, at)| Step::Listed { source, posts, at: at * HOUR }),
        2 => (0..3000i64, 0..4usize).prop_map(|(at, configured)| Step::Sweep { at: at * HOUR, configured }),
        1 => Just(Step::Snapshot),
        1 => Just(Step::Stop),
        1 => Just(Step::Crash),
    ]
}

/// Both stores, and what is durable beside them.
struct Pair {
    dir: tempfile::TempDir,
    store: Store,
    model: InMemory,
    journal: Vec<Vec<Event>>,
    saved: InMemory,
    room: bool,
}

impl Pair {
    fn new(room: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, opened) = Store::open(&dir.path().join("store")).unwrap();
        assert_eq!(opened, Opened::Fresh);
        let pair =
            Self { dir, store, model: InMemory::default(), journal: Vec::new(), saved: InMemory::default(), room };
        pair.take_room();
        pair
    }

    fn take_room(&self) {
        if !self.room {
            take_room(&self.store);
        }
    }

    fn last(&self) -> Position {
        Position(self.journal.len() as u64)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Frame(events) => {
                self.journal.push(events);
                let events = &self.journal[self.journal.len() - 1];
                self.store.apply(self.last(), events).unwrap();
                self.model.apply(self.last(), events).unwrap();
            }
            Step::Again(index) if !self.journal.is_empty() => {
                let index = index.index(self.journal.len());
                self.store.apply(Position(index as u64 + 1), &self.journal[index]).unwrap();
            }
            Step::Again(_) => {}
            Step::Listed { source, posts, at } => {
                let posts: Vec<_> = posts.into_iter().map(id).collect();
                self.store.listed(SOURCES[source], &posts, Timestamp(at)).unwrap();
                self.model.listed(SOURCES[source], &posts, Timestamp(at)).unwrap();
            }
            Step::Sweep { at, configured } => {
                let is_configured = |source: &str| SOURCES.iter().position(|name| *name == source) != Some(configured);
                self.store.sweep(Timestamp(at), &is_configured).unwrap();
                self.model.sweep(Timestamp(at), &is_configured);
            }
            Step::Snapshot => {
                self.store.snapshot(&self.dir.path().join("snapshots")).unwrap();
                self.saved = self.model.clone();
            }
            Step::Stop => {
                self.store.mark_clean().unwrap();
                let position = self.last();
                assert_eq!(self.open(), Opened::Clean { position });
                self.restore();
            }
            Step::Crash => {
                assert!(matches!(self.open(), Opened::SetAside { .. } | Opened::Fresh));
                self.restore();
                self.model = self.saved.clone();
                for (index, events) in self.journal.iter().enumerate() {
                    self.model.apply(Position(index as u64 + 1), events).unwrap();
                }
            }
        }
    }

    fn open(&mut self) -> Opened {
        // A store elsewhere takes its place meanwhile: sled holds its files as long as it lives.
        let elsewhere = self.dir.path().join("elsewhere");
        let _ = std::fs::remove_dir_all(&elsewhere);
        self.store = Store::open(&elsewhere).unwrap().0;
        let (store, opened) = Store::open(&self.dir.path().join("store")).unwrap();
        self.store = store;
        self.take_room();
        opened
    }

    fn restore(&mut self) {
        let frames = |after: Position| {
            let numbered = self.journal.iter().enumerate().skip(after.0 as usize);
            numbered.map(|(index, events)| Ok::<_, String>((Position(index as u64 + 1), events.clone())))
        };
        let done = restore(&self.store, &self.dir.path().join("snapshots"), self.last(), frames).unwrap();
        assert_eq!(done.bad_snapshots, Vec::<String>::new());
    }

    fn assert_agreed(&self) {
        let (left, right): (&dyn AnyStore, &dyn AnyStore) = (&self.store, &self.model);
        assert_eq!(left.position(), right.position());
        assert_eq!(left.all_sources(), right.all_sources());
        assert_eq!(left.counted(Timestamp(0)), right.counted(Timestamp(0)));
        assert_eq!((left.all_issues(), left.all_downs()), (right.all_issues(), right.all_downs()));
        assert_eq!(self.store.all_corrected().unwrap(), self.model.all_corrected());
        assert_eq!((left.all_followed(), left.all_blanked()), (right.all_followed(), right.all_blanked()));
        for number in 0..NUMBERS {
            assert_eq!(left.standing(id(number)), right.standing(id(number)));
            assert_eq!(left.mentions_in(id(number)), right.mentions_in(id(number)));
            assert_eq!(left.is_forgotten(id(number)), right.is_forgotten(id(number)));
        }
        assert_eq!(left.list(&DeliveryFilter::default()), right.list(&DeliveryFilter::default()));
        for number in 0..NUMBERS {
            assert_eq!(left.seen(id(number)), right.seen(id(number)), "post {number}");
            for source in SOURCES {
                assert_eq!(
                    left.seen_by(id(number), source),
                    right.seen_by(id(number), source),
                    "{source}, post {number}"
                );
            }
            assert_eq!(left.resolved(story(number)), right.resolved(story(number)), "story {number}");
            assert_eq!(left.told_story(story(number)), right.told_story(story(number)), "story {number}");
            assert_eq!(left.candidates(&[key(number)]), right.candidates(&[key(number)]), "key {number}");
            assert_eq!(left.alerted(story(number)), right.alerted(story(number)), "story {number}");
            let of_story = DeliveryFilter { story: Some(story(number)), limit: 2, ..DeliveryFilter::default() };
            assert_eq!(left.list(&of_story), right.list(&of_story), "story {number}");
            for receiver in RECEIVERS {
                assert_eq!(left.handle(receiver, story(number)), right.handle(receiver, story(number)));
            }
        }
        for day in DAYS {
            assert_eq!(left.over(january(day)), right.over(january(day)), "day {day}");
            for watch in WATCHES {
                assert_eq!(left.held_on(watch, january(day)), right.held_on(watch, january(day)), "{watch} on {day}");
                for number in 0..NUMBERS {
                    let spent = |store: &dyn AnyStore| store.spent(watch, january(day), story(number)).unwrap();
                    assert_eq!(spent(left), spent(right), "{watch} on {day}, story {number}");
                }
            }
        }
        let floods = left.flooding(Timestamp(i64::MAX));
        assert_eq!(floods, right.flooding(Timestamp(i64::MAX)));
        for (window, receiver) in &floods {
            assert_eq!(left.flooded_in(receiver, *window), right.flooded_in(receiver, *window));
        }
        for Alert { receiver, decided_at, .. } in left.list(&DeliveryFilter::default()).iter().map(|told| &told.alert) {
            let window = flood_window(*decided_at);
            assert_eq!(left.sent(receiver, window), right.sent(receiver, window));
        }
        for receiver in RECEIVERS {
            assert_eq!(left.next_due(receiver), right.next_due(receiver));
            for now in [500 * HOUR, i64::MAX] {
                assert_eq!(left.due(receiver, Timestamp(now), 3), right.due(receiver, Timestamp(now), 3));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sled_and_plain_maps_agree_over_any_events_restarts_and_crashes(
        room in any::<bool>(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut pair = Pair::new(room);
        for step in steps {
            let shown = format!("{step:?}");
            pair.take(step);
            let agreed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pair.assert_agreed()));
            prop_assert!(agreed.is_ok(), "they differ after {}", shown);
        }
    }
}
