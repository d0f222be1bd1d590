//! What does a store promise? The same tests for every store there is.

use super::scene::*;
use crate::model::event::{Decided, DeliveryAttempt, DeliveryResult};
use crate::model::{
    Candidate, DigestEntry, Event, Handle, Mark, Outcome, Position, Seen, SourceState, StoryId, Timestamp,
};
use crate::store::memory::InMemory;
use crate::store::{Delivery, DeliveryFilter, DeliveryState, Stage, Store, Story};

/// Runs every promise on every store, each on a new one.
macro_rules! promises {
    ($($promise:ident),* $(,)?) => {
        mod in_memory {
            $(#[test] fn $promise() { super::$promise(&super::InMemory::default()); })*
        }
        mod sled {
            $(#[test] fn $promise() {
                let dir = tempfile::tempdir().unwrap();
                let (store, _) = super::Store::open(&dir.path().join("store")).unwrap();
                super::$promise(&store);
            })*
        }
        mod sled_without_memory_above {
            $(#[test] fn $promise() {
                let dir = tempfile::tempdir().unwrap();
                super::$promise(&super::without_room(&dir.path().join("store")));
            })*
        }
    };
}

promises!(
    a_new_store_knows_nothing,
    a_frame_applied_twice_or_late_changes_nothing,
    a_post_is_seen_with_its_newest_hash,
    each_source_is_asked_what_it_said_itself_of_a_post_that_is_kept,
    the_cursor_moves_with_the_last_page_of_a_poll,
    a_source_that_is_gone_stays_gone_until_it_is_read_again,
    a_story_of_one_is_found_by_its_key,
    joining_moves_a_storys_last_moment_and_an_edit_does_not,
    a_key_leads_to_the_story_that_used_it_last,
    merged_stories_answer_to_every_id_they_had,
    a_chain_of_merges_leads_to_the_oldest,
    handles_and_told_receivers_move_along_in_a_merge,
    an_alert_waits_is_tried_again_and_is_delivered,
    the_longest_due_comes_first_and_others_receivers_are_not_due,
    a_dead_letter_leaves_the_outbox_and_returns_when_replayed,
    a_verdict_on_an_alert_that_does_not_wait_changes_nothing,
    a_sample_is_delivered_and_not_remembered_as_told,
    deliveries_are_listed_newest_first_by_stage_receiver_and_story,
    posts_are_counted_by_day_and_source,
    a_story_ends_when_its_last_member_expires,
    keys_are_swept_after_eight_quiet_days_and_not_before,
    an_expired_post_is_remembered_while_a_source_lists_it,
    a_post_in_the_archive_is_remembered_though_no_source_lists_it,
    a_stub_is_known_when_read_again_and_is_member_of_nothing,
    an_unconfigured_source_is_forgotten_with_what_only_it_listed,
    old_deliveries_are_swept_and_pending_ones_stay,
    a_story_is_counted_once_against_each_watch_and_day,
    what_a_cap_held_back_waits_for_the_end_of_its_day_and_is_told_once,
    what_comes_after_a_day_was_told_waits_for_another_digest,
    a_story_told_meanwhile_is_in_no_digest,
    a_conversation_is_followed_once_until_it_is_over,
    a_reply_of_the_team_answers_once_and_what_became_of_a_post_is_known,
    a_deleted_post_leaves_no_words_in_alerts_and_digests,
    of_a_forgotten_post_only_its_id_is_known,
    what_was_spent_is_swept_after_its_day_and_what_was_held_back_is_not,
);

fn apply(store: &dyn AnyStore, frames: impl IntoIterator<Item = Vec<Event>>) {
    for events in frames {
        store.apply(Position(store.position().0 + 1), &events).unwrap();
    }
}

fn candidate(store: &dyn AnyStore, number: u8) -> Option<(StoryId, i64, i64)> {
    let found = store.candidates(&[key(number)]).unwrap().remove(0);
    found.map(|Candidate { story, opened_at, last_joined_at }| (story, opened_at.0, last_joined_at.0))
}

fn listed(store: &dyn AnyStore, filter: &DeliveryFilter) -> Vec<String> {
    store.list(filter).into_iter().map(|delivery| delivery.alert.id).collect()
}

fn one_delivery(store: &dyn AnyStore) -> Delivery {
    let mut found = store.list(&DeliveryFilter::default());
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn a_new_store_knows_nothing(store: &dyn AnyStore) {
    assert_eq!(store.position(), Position(0));
    assert_eq!(store.seen(id(1)), Ok(None));
    assert_eq!(store.candidates(&[key(1), key(2)]), Ok(vec![None, None]));
    assert_eq!(store.alerted(story(1)), Ok(vec![]));
    assert_eq!(store.source("acme-blog"), Ok(SourceState::default()));
    assert_eq!(store.due("it-ops", Timestamp(i64::MAX), 9), Ok(vec![]));
    assert_eq!(store.next_due("it-ops"), Ok(None));
    assert_eq!(store.handle("it-ops", story(1)), Ok(None));
    assert_eq!(store.resolved(story(1)), story(1));
    assert_eq!(store.told_story(story(1)), None);
}

fn a_frame_applied_twice_or_late_changes_nothing(store: &dyn AnyStore) {
    let frame = read(page("acme-blog", 10, vec![alerting(opens(1, 10), "it-ops")]));
    store.apply(Position(4), &frame).unwrap();
    store.apply(Position(5), &delivered(1, "it-ops", 12, None)).unwrap();
    let (counts, deliveries) = (store.counted(Timestamp(0)), store.list(&DeliveryFilter::default()));
    for late in [4, 5, 1] {
        store.apply(Position(late), &frame).unwrap();
        assert_eq!(store.position(), Position(5));
        assert_eq!(store.counted(Timestamp(0)), counts);
        assert_eq!(store.list(&DeliveryFilter::default()), deliveries);
    }
}

fn a_post_is_seen_with_its_newest_hash(store: &dyn AnyStore) {
    apply(store, [read(page("acme-blog", 10, vec![opens(1, 10)]))]);
    assert_eq!(store.seen(id(1)), Ok(Some(Seen { content_hash: 100, story: story(1) })));
    let mut edited = opens(1, 20);
    (edited.content_hash, edited.story.keys) = (7, Vec::new());
    apply(store, [read(page("acme-blog", 20, vec![edited]))]);
    assert_eq!(store.seen(id(1)), Ok(Some(Seen { content_hash: 7, story: story(1) })));
    assert_eq!(store.seen(id(2)), Ok(None));
}

fn each_source_is_asked_what_it_said_itself_of_a_post_that_is_kept(store: &dyn AnyStore) {
    let said = |source: &str| store.seen_by(id(1), source).unwrap().map(|(_, mark)| mark);
    let mark = |replies| Some(Some(update(1, replies).mark()));
    assert_eq!(said("forum"), None);
    let mut first = opens(1, 10);
    first.post.engagement = update(1, 3).engagement;
    apply(store, [read(page("forum", 10, vec![first]))]);
    let nothing = Some(Some(Mark::NOTHING));
    assert_eq!((said("forum"), said("planet")), (mark(3), nothing));
    apply(store, [read(updating(page("planet", 11, vec![]), &[(1, 5)]))]);
    store.listed("forum", &[id(1)], Timestamp(3 * DAY)).unwrap();
    assert_eq!((said("forum"), said("planet")), (mark(3), mark(5)));
    apply(store, [read(updating(page("forum", 12, vec![]), &[(1, 7), (2, 7)]))]);
    assert_eq!((said("forum"), said("planet")), (mark(7), mark(5)));
    assert_eq!(store.seen(id(2)), Ok(None), "what is not known is not made known");
    apply(store, [read(updating(page("blog", 12, vec![]), &[(1, 7)])), thread(1, 13, None, Some(9), false)]);
    assert_eq!((said("forum"), said("blog")), (mark(7), nothing), "its conversation said otherwise since");
    apply(store, [expired(&[1], 13)]);
    assert_eq!(said("forum"), Some(None), "nothing of it is kept");
}

fn the_cursor_moves_with_the_last_page_of_a_poll(store: &dyn AnyStore) {
    let mut expected = SourceState::default();
    apply(store, [read(page("acme-blog", 10, vec![opens(1, 10)]))]);
    assert_eq!(store.source("acme-blog"), Ok(expected.clone()));
    for (at, cursor) in [(20, "c1"), (30, "c2")] {
        let last = last_page("acme-blog", at, cursor, vec![]);
        (expected.progress, expected.validators) = (last.progress.clone().unwrap(), last.validators.clone());
        expected.first_polled = Some(Timestamp(20));
        apply(store, [read(last), read(page("acme-blog", at + 5, vec![]))]);
        assert_eq!(store.source("acme-blog"), Ok(expected.clone()));
    }
    assert_eq!(store.all_sources(), [("acme-blog".to_owned(), expected)]);
}

fn a_source_that_is_gone_stays_gone_until_it_is_read_again(store: &dyn AnyStore) {
    apply(store, [read(last_page("acme-blog", 10, "c", vec![])), gone("acme-blog", 11), gone("other", 12)]);
    let state = store.source("acme-blog").unwrap();
    assert_eq!((state.gone.as_deref(), state.progress.cursor.as_deref()), (Some("HTTP 410"), Some("c")));
    assert!(store.source("other").unwrap().gone.is_some());
    apply(store, [read(page("acme-blog", 20, vec![]))]);
    assert_eq!(store.source("acme-blog").unwrap().gone, None);
}

fn a_story_of_one_is_found_by_its_key(store: &dyn AnyStore) {
    apply(store, [read(page("acme-blog", 10, vec![opens(1, 9)]))]);
    assert_eq!(store.candidates(&[key(2), key(1)]).unwrap().len(), 2);
    assert_eq!(candidate(store, 1), Some((story(1), 9, 9)));
    assert_eq!(candidate(store, 2), None);
    let told = Story { id: story(1), opened_at: Timestamp(9), last_joined_at: Timestamp(9), members: vec![id(1)] };
    assert_eq!(store.told_story(story(1)), Some(told));
}

fn joining_moves_a_storys_last_moment_and_an_edit_does_not(store: &dyn AnyStore) {
    let joined = vec![opens(1, 10), joins(2, 1, 20)];
    apply(store, [read(page("acme-blog", 20, joined)), read(page("acme-blog", 50, vec![joins(2, 1, 50)]))]);
    for number in [1, 2] {
        assert_eq!(candidate(store, number), Some((story(1), 10, 20)));
    }
    assert_eq!(store.told_story(story(1)).unwrap().members, [id(1), id(2)]);
    // Read later, received earlier: the last moment does not move back.
    apply(store, [read(page("acme-blog", 60, vec![joins(3, 1, 15)]))]);
    assert_eq!(candidate(store, 3), Some((story(1), 10, 20)));
}

fn a_key_leads_to_the_story_that_used_it_last(store: &dyn AnyStore) {
    let mut later = opens(2, 20);
    later.story.keys = vec![key(1), key(2)];
    apply(store, [read(page("acme-blog", 20, vec![opens(1, 10), later]))]);
    assert_eq!(candidate(store, 1), Some((story(2), 20, 20)));
}

fn merged_stories_answer_to_every_id_they_had(store: &dyn AnyStore) {
    let bridge = absorbing(joins(4, 1, 40), &[2]);
    apply(
        store,
        [read(page("a", 30, vec![opens(1, 10), opens(2, 20), joins(3, 2, 30)])), read(page("a", 40, vec![bridge]))],
    );
    for number in 1..=4 {
        assert_eq!(candidate(store, number), Some((story(1), 10, 40)), "key {number}");
        assert_eq!(store.seen(id(number)).unwrap().unwrap().story, story(1), "post {number}");
    }
    let told = store.told_story(story(2)).unwrap();
    assert_eq!((told.id, told.members), (story(1), vec![id(1), id(2), id(3), id(4)]));
    assert_eq!(store.resolved(story(2)), story(1));
    // A decision made on the old id counts for the survivor.
    apply(store, [read(page("a", 50, vec![joins(5, 2, 50)]))]);
    assert_eq!(candidate(store, 5), Some((story(1), 10, 50)));
}

fn a_chain_of_merges_leads_to_the_oldest(store: &dyn AnyStore) {
    let posts = vec![opens(1, 10), opens(2, 20), opens(3, 30)];
    let into_2 = absorbing(joins(4, 2, 40), &[3]);
    let into_1 = absorbing(joins(5, 1, 50), &[2]);
    apply(store, [posts, vec![into_2], vec![into_1]].map(|posts| read(page("a", 50, posts))));
    for number in [1, 2, 3] {
        assert_eq!(store.resolved(story(number)), story(1));
    }
    assert_eq!(store.told_story(story(3)).unwrap().members, [1, 2, 3, 4, 5].map(id));
    // Merging again what is one already changes nothing.
    apply(store, [read(page("a", 60, vec![absorbing(joins(5, 1, 60), &[2, 3, 1])]))]);
    assert_eq!(candidate(store, 3), Some((story(1), 10, 50)));
}

fn handles_and_told_receivers_move_along_in_a_merge(store: &dyn AnyStore) {
    let posts = vec![alerting(opens(1, 10), "it-ops"), alerting(alerting(opens(2, 20), "it-ops"), "community")];
    apply(
        store,
        [read(page("a", 20, posts)), delivered(2, "it-ops", 21, Some("m2")), delivered(2, "community", 22, Some("c2"))],
    );
    assert_eq!(store.alerted(story(1)), Ok(vec!["it-ops".to_owned()]));
    apply(store, [read(page("a", 30, vec![absorbing(joins(3, 1, 30), &[2])]))]);
    for number in [1, 2] {
        assert_eq!(store.alerted(story(number)), Ok(vec!["community".to_owned(), "it-ops".to_owned()]));
        assert_eq!(store.handle("it-ops", story(number)), Ok(Some(Handle("m2".into()))));
        assert_eq!(store.handle("community", story(number)), Ok(Some(Handle("c2".into()))));
    }
    // The survivor's own handle counts more than one that moved to it, and an alert of the old id fills it in.
    apply(store, [delivered(1, "it-ops", 40, Some("m1"))]);
    assert_eq!(store.handle("it-ops", story(2)), Ok(Some(Handle("m1".into()))));
}

fn an_alert_waits_is_tried_again_and_is_delivered(store: &dyn AnyStore) {
    apply(store, [read(page("a", 10, vec![alerting(opens(1, 10), "it-ops")]))]);
    assert_eq!(store.alerted(story(1)), Ok(vec!["it-ops".to_owned()]));
    assert_eq!(store.next_due("it-ops"), Ok(Some(Timestamp(10))));
    assert_eq!(store.due("it-ops", Timestamp(9), 9), Ok(vec![]));
    let pending = store.due("it-ops", Timestamp(10), 9).unwrap().remove(0);
    assert_eq!((pending.alert.id, pending.attempts, pending.first_due), (alert_id(1, "it-ops"), 0, Timestamp(10)));

    apply(store, [retry(1, "it-ops", 11, 100)]);
    assert_eq!(store.next_due("it-ops"), Ok(Some(Timestamp(100))));
    let pending = store.due("it-ops", Timestamp(100), 9).unwrap().remove(0);
    assert_eq!((pending.attempts, pending.first_due), (1, Timestamp(10)));
    let state = DeliveryState::Pending { next: Timestamp(100), why: Some("HTTP 503".into()) };
    assert_eq!(one_delivery(store).state, state);

    apply(store, [delivered(1, "it-ops", 101, Some("m"))]);
    assert_eq!(store.next_due("it-ops"), Ok(None));
    assert_eq!(store.handle("it-ops", story(1)), Ok(Some(Handle("m".into()))));
    let done = one_delivery(store);
    assert_eq!((done.attempts, done.state), (2, DeliveryState::Delivered { at: Timestamp(101), took_ms: 5 }));
}

fn the_longest_due_comes_first_and_others_receivers_are_not_due(store: &dyn AnyStore) {
    let posts = vec![alerting(opens(1, 30), "it"), alerting(opens(2, 10), "it"), alerting(opens(3, 20), "it-ops")];
    apply(store, [read(page("a", 30, posts))]);
    let due = |receiver, now, limit| {
        let pending = store.due(receiver, Timestamp(now), limit).unwrap();
        pending.into_iter().map(|pending| pending.alert.id).collect::<Vec<_>>()
    };
    assert_eq!(due("it", 99, 9), [alert_id(2, "it"), alert_id(1, "it")]);
    assert_eq!(due("it", 99, 1), [alert_id(2, "it")]);
    assert_eq!(due("it", 29, 9), [alert_id(2, "it")]);
    assert_eq!(due("it-ops", 99, 9), [alert_id(3, "it-ops")]);
}

fn a_dead_letter_leaves_the_outbox_and_returns_when_replayed(store: &dyn AnyStore) {
    apply(
        store,
        [
            read(page("a", 10, vec![alerting(opens(1, 10), "it-ops")])),
            retry(1, "it-ops", 11, 20),
            dead(1, "it-ops", 21),
        ],
    );
    assert_eq!(store.next_due("it-ops"), Ok(None));
    assert_eq!(one_delivery(store).state, DeliveryState::Dead { at: Timestamp(21), why: "HTTP 400".into() });
    apply(store, [replayed(1, "it-ops", 50)]);
    let pending = store.due("it-ops", Timestamp(50), 9).unwrap().remove(0);
    assert_eq!((pending.attempts, pending.first_due), (0, Timestamp(50)));
    assert_eq!(one_delivery(store).state.stage(), Stage::Pending);
}

fn a_verdict_on_an_alert_that_does_not_wait_changes_nothing(store: &dyn AnyStore) {
    apply(store, [read(page("a", 10, vec![alerting(opens(1, 10), "it-ops")])), delivered(1, "it-ops", 11, None)]);
    let done = one_delivery(store);
    let late = [retry(1, "it-ops", 12, 13), dead(1, "it-ops", 12), replayed(1, "it-ops", 12), dead(9, "it-ops", 12)];
    apply(store, late);
    assert_eq!(one_delivery(store), done);
    assert_eq!(store.next_due("it-ops"), Ok(None));
    // Deciding the same alert again does not send it again.
    apply(store, [read(page("a", 20, vec![alerting(opens(1, 20), "it-ops")]))]);
    assert_eq!(one_delivery(store), done);
}

fn a_sample_is_delivered_and_not_remembered_as_told(store: &dyn AnyStore) {
    let mut sample = alerting(opens(1, 10), "it-ops");
    sample.alerts[0].sample = true;
    apply(store, [read(page("a", 10, vec![sample]))]);
    assert_eq!(store.due("it-ops", Timestamp(10), 9).unwrap().len(), 1);
    apply(store, [delivered(1, "it-ops", 11, Some("m"))]);
    assert_eq!(store.alerted(story(1)), Ok(vec![]));
    assert_eq!(store.handle("it-ops", story(1)), Ok(None));
}

fn deliveries_are_listed_newest_first_by_stage_receiver_and_story(store: &dyn AnyStore) {
    let alert = |number, receiver: &str| alerting(opens(number, i64::from(number) * 10), receiver);
    let posts = vec![alert(1, "it"), alert(2, "it"), alert(3, "it"), alert(4, "team"), alert(5, "team")];
    apply(store, [read(page("a", 50, posts)), delivered(1, "it", 60, None), dead(2, "it", 55)]);
    let names =
        |expected: &[(u8, &str)]| expected.iter().map(|(of, receiver)| alert_id(*of, receiver)).collect::<Vec<_>>();
    let all = DeliveryFilter::default();
    assert_eq!(listed(store, &all), names(&[(1, "it"), (2, "it"), (5, "team"), (4, "team"), (3, "it")]));
    let pending = DeliveryFilter { stage: Some(Stage::Pending), ..all.clone() };
    assert_eq!(listed(store, &pending), names(&[(5, "team"), (4, "team"), (3, "it")]));
    let to_it = DeliveryFilter { receiver: Some("it".into()), limit: 2, ..all.clone() };
    assert_eq!(listed(store, &to_it), names(&[(1, "it"), (2, "it")]));
    let dead = DeliveryFilter { stage: Some(Stage::Dead), receiver: Some("team".into()), ..all.clone() };
    assert_eq!(listed(store, &dead), names(&[]));
    apply(store, [read(page("a", 70, vec![absorbing(joins(6, 3, 70), &[4])]))]);
    let of_story = DeliveryFilter { story: Some(story(4)), ..all };
    assert_eq!(listed(store, &of_story), names(&[(4, "team"), (3, "it")]));
}

fn posts_are_counted_by_day_and_source(store: &dyn AnyStore) {
    let pages = [("a", 10, 2), ("a", 20, 1), ("b", 20, 1), ("a", DAY, 1)];
    for (index, (source, at, posts)) in pages.into_iter().enumerate() {
        let posts = (0..posts).map(|post| opens(index as u8 * 10 + post, at)).collect();
        apply(store, [read(page(source, at, posts))]);
    }
    let counted = |from| {
        let counts = store.counted(Timestamp(from));
        counts
            .into_iter()
            .map(|(day, source, counts)| (day.0, source, counts.mention, counts.already_seen))
            .collect::<Vec<_>>()
    };
    assert_eq!(counted(5), [(0, "a".to_owned(), 3, 2), (0, "b".to_owned(), 1, 1), (DAY, "a".to_owned(), 1, 1)]);
    assert_eq!(counted(DAY), [(DAY, "a".to_owned(), 1, 1)]);
}

fn a_story_ends_when_its_last_member_expires(store: &dyn AnyStore) {
    let posts = vec![alerting(opens(1, 10), "it-ops"), opens(2, 10), absorbing(joins(3, 1, 20), &[2])];
    apply(store, [read(page("a", 20, posts)), expired(&[1], 30)]);
    assert_eq!(store.told_story(story(1)).unwrap().members, [id(2), id(3)]);
    assert_eq!(store.alerted(story(2)), Ok(vec!["it-ops".to_owned()]));
    apply(store, [expired(&[2, 3, 9], 40)]);
    assert_eq!(store.told_story(story(1)), None);
    assert_eq!(store.alerted(story(1)), Ok(vec![]));
    assert_eq!(store.resolved(story(2)), story(2));
    assert_eq!([1, 2, 3].map(|number| candidate(store, number)), [None; 3]);
    assert!(store.seen(id(1)).unwrap().is_some(), "a source may still list it");
    // Read anew, it is a member again.
    apply(store, [read(page("a", 50, vec![opens(1, 50)]))]);
    assert_eq!(candidate(store, 1), Some((story(1), 50, 50)));
}

fn keys_are_swept_after_eight_quiet_days_and_not_before(store: &dyn AnyStore) {
    apply(store, [read(page("a", 0, vec![opens(1, 0), opens(2, 0)])), read(page("a", DAY, vec![joins(3, 2, DAY)]))]);
    let after = |days| {
        store.swept(Timestamp(days * DAY), &|_| true);
        [1, 2, 3].map(|number| candidate(store, number).is_some())
    };
    assert_eq!(after(8), [true, true, true]);
    assert_eq!(after(9), [false, true, true], "the second story had a member a day later");
    assert_eq!(after(10), [false, false, false]);
    assert_eq!(store.told_story(story(2)).unwrap().members, [id(2), id(3)]);
}

fn an_expired_post_is_remembered_while_a_source_lists_it(store: &dyn AnyStore) {
    let remembered = |days: i64| {
        store.swept(Timestamp(days * DAY), &|_| true);
        [1, 2].map(|number| store.seen(id(number)).unwrap().is_some())
    };
    apply(store, [read(page("blog", 0, vec![opens(1, 0), opens(2, 0)])), expired(&[1, 2], DAY)]);
    store.listed("blog", &[id(1), id(2)], Timestamp(0)).unwrap();
    // Months of "unchanged": the source was not read, so it lists what it listed.
    assert_eq!(remembered(200), [true, true]);
    // Read again, with one of the two.
    store.listed("blog", &[id(1)], Timestamp(201 * DAY)).unwrap();
    assert_eq!(remembered(201), [true, false]);
    // Another source lists it too; the first one drops it and goes on.
    store.listed("planet", &[id(1)], Timestamp(202 * DAY)).unwrap();
    store.listed("blog", &[], Timestamp(300 * DAY)).unwrap();
    assert_eq!(remembered(300), [true, false]);
    store.listed("planet", &[], Timestamp(232 * DAY)).unwrap();
    assert_eq!(remembered(300), [true, false], "30 days are not more than 30 days");
    store.listed("planet", &[], Timestamp(233 * DAY)).unwrap();
    assert_eq!(remembered(300), [false, false]);
}

fn a_post_in_the_archive_is_remembered_though_no_source_lists_it(store: &dyn AnyStore) {
    apply(store, [read(page("blog", 0, vec![opens(1, 0)]))]);
    store.listed("blog", &[], Timestamp(300 * DAY)).unwrap();
    store.swept(Timestamp(300 * DAY), &|_| false);
    assert!(store.seen(id(1)).unwrap().is_some());
}

fn a_stub_is_known_when_read_again_and_is_member_of_nothing(store: &dyn AnyStore) {
    apply(store, [read(stubbed(page("blog", 0, vec![]), &[1, 2])), read(page("blog", DAY, vec![opens(2, DAY)]))]);
    assert_eq!(store.seen(id(1)), Ok(Some(Seen { content_hash: 100, story: story(1) })));
    assert_eq!(store.told_story(story(1)), None);
    // Edited since, the other one is in the archive again.
    assert_eq!(store.told_story(story(2)).unwrap().members, [id(2)]);
    // It is remembered as any expired post is.
    store.listed("blog", &[], Timestamp(100 * DAY)).unwrap();
    store.swept(Timestamp(100 * DAY), &|_| true);
    assert_eq!([1, 2].map(|number| store.seen(id(number)).unwrap().is_some()), [false, true]);
}

fn an_unconfigured_source_is_forgotten_with_what_only_it_listed(store: &dyn AnyStore) {
    let posts = |number| vec![opens(number, 0)];
    apply(
        store,
        [read(last_page("old", 0, "c", posts(1))), read(last_page("kept", 0, "c", posts(2))), expired(&[1, 2], DAY)],
    );
    store.swept(Timestamp(29 * DAY), &|source| source == "kept");
    assert_eq!(store.all_sources().len(), 2);
    store.swept(Timestamp(31 * DAY), &|source| source == "kept");
    assert_eq!(store.source("old"), Ok(SourceState::default()), "its first poll, should it come back");
    assert!(store.source("kept").unwrap().first_polled.is_some());
    assert_eq!([1, 2].map(|number| store.seen(id(number)).unwrap().is_some()), [false, true]);
}

fn old_deliveries_are_swept_and_pending_ones_stay(store: &dyn AnyStore) {
    let posts = (1..=3).map(|number| alerting(opens(number, 0), "it")).collect();
    apply(store, [read(page("a", 0, posts)), delivered(1, "it", 0, None), dead(2, "it", 0)]);
    let after = |days: i64| {
        store.swept(Timestamp(days * DAY), &|_| true);
        listed(store, &DeliveryFilter::default()).len()
    };
    assert_eq!([30, 31, 90, 91, 900].map(after), [3, 2, 2, 1, 1]);
    assert_eq!(store.due("it", Timestamp(0), 9).unwrap().len(), 1);
}

fn spent(store: &dyn AnyStore, watch: &str, day: i8, number: u8) -> (u32, bool) {
    let spent = store.spent(watch, january(day), story(number)).unwrap();
    (spent.stories, spent.counted)
}

fn a_story_is_counted_once_against_each_watch_and_day(store: &dyn AnyStore) {
    let alerts = |number, to, day| on_day(alerting(joins(number, to, 10), "it"), day, &["acme", "cloud"]);
    let quiet = on_day(opens(9, 10), 1, &["acme"]);
    apply(store, [read(page("blog", 10, vec![alerts(1, 1, 1), alerts(2, 1, 1), alerts(3, 3, 1), quiet]))]);
    assert_eq!(spent(store, "acme", 1, 1), (2, true));
    assert_eq!(spent(store, "cloud", 1, 2), (2, false), "asked by the story, not by the post");
    assert_eq!(spent(store, "acme", 1, 9), (2, false), "who alerts nobody takes no room");
    assert_eq!(spent(store, "acme", 2, 1), (0, false));
    apply(store, [read(page("blog", 20, vec![absorbing(alerts(4, 1, 1), &[3])]))]);
    assert_eq!(spent(store, "acme", 1, 1), (2, true));
    assert_eq!(spent(store, "acme", 1, 3), (2, true), "a merged story is one that was counted");
}

/// Receiver, stories, and of those listed story, post and score.
type Told = (String, u64, Vec<(StoryId, crate::model::PostId, u8)>);

fn waiting(store: &dyn AnyStore, watch: &str, day: i8) -> Vec<Told> {
    let held = store.held_on(watch, january(day)).receivers;
    let best = |best: Vec<crate::store::Held>| best.into_iter().map(|held| (held.story, held.post, held.score));
    held.into_iter().map(|(receiver, back)| (receiver, back.stories, best(back.best).collect())).collect()
}

fn what_a_cap_held_back_waits_for_the_end_of_its_day_and_is_told_once(store: &dyn AnyStore) {
    let held = |number, to, score| held_back(joins(number, to, 10), "acme", "it", 5, score);
    let both = held_back(held(3, 3, 70), "acme", "team", 5, 70);
    apply(store, [read(page("blog", 10, vec![held(1, 1, 40), held(2, 1, 60), both, held(4, 4, 5)]))]);
    assert_eq!(store.over(january(5)), [], "the day is not over");
    assert_eq!(store.over(january(6)), [("acme".to_owned(), january(5))]);
    let of = |number, post, score| (story(number), id(post), score);
    let it = ("it".to_owned(), 3, vec![of(3, 3, 70), of(1, 2, 60), of(4, 4, 5)]);
    let team = ("team".to_owned(), 1, vec![of(3, 3, 70)]);
    assert_eq!(waiting(store, "acme", 5), [it, team]);
    assert_eq!(store.held_on("acme", january(5)).receivers["it"].best[0].reason.route, ["watch:acme"]);

    let through = store.position().0;
    apply(store, [day_over("acme", 5, through, vec![digest(3, "it", 5)])]);
    assert_eq!((store.over(january(9)), waiting(store, "acme", 5)), (vec![], vec![]));
    assert_eq!(store.due("it", Timestamp(9 * DAY), 9).unwrap().len(), 1, "the digest waits in the outbox");
    assert_eq!(store.alerted(story(3)), Ok(vec![]), "a digest is not the alert of its first story");
    let taken = DeliveryResult::Delivered { handle: Some(Handle("m1".into())) };
    let attempt = |alert: &str| DeliveryAttempt {
        alert: alert.into(),
        receiver: "it".into(),
        at: Timestamp(9 * DAY),
        took_ms: 1,
        result: taken.clone(),
    };
    apply(store, [read(page("blog", 9 * DAY, vec![alerting(joins(5, 3, 9 * DAY), "it")]))]);
    apply(store, [vec![Event::Delivery(attempt("digest_003_it"))]]);
    assert_eq!(store.handle("it", story(3)), Ok(None), "nor is its message");
}

fn what_comes_after_a_day_was_told_waits_for_another_digest(store: &dyn AnyStore) {
    let held = |number| read(page("blog", 10, vec![held_back(opens(number, 10), "acme", "it", 5, 1)]));
    apply(store, [held(1)]);
    let through = store.held_on("acme", january(5)).through;
    assert_eq!((through, store.held_on("acme", january(5)).digests), (store.position(), 0));
    apply(store, [held(2), day_over("acme", 5, through.0, vec![])]);
    assert_eq!(waiting(store, "acme", 5), [("it".to_owned(), 1, vec![(story(2), id(2), 1)])]);
    assert_eq!(store.held_on("acme", january(5)).digests, 1);
}

fn a_story_told_meanwhile_is_in_no_digest(store: &dyn AnyStore) {
    let held = |number| held_back(opens(number, 10), "acme", "it", 5, 1);
    apply(store, [read(page("blog", 10, vec![held(1), held(2), held(3)]))]);
    apply(store, [read(page("blog", 20, vec![alerting(joins(4, 1, 20), "it"), absorbing(joins(5, 2, 20), &[3])]))]);
    assert_eq!(waiting(store, "acme", 5), [("it".to_owned(), 1, vec![(story(2), id(2), 1)])]);
}

fn what_was_spent_is_swept_after_its_day_and_what_was_held_back_is_not(store: &dyn AnyStore) {
    let alerts = on_day(alerting(opens(1, 10), "it"), 5, &["acme", "cloud"]);
    apply(store, [read(page("blog", 10, vec![alerts, held_back(opens(2, 10), "acme", "it", 5, 1)]))]);
    store.swept(Timestamp(6 * DAY), &|_| true);
    assert_eq!(spent(store, "cloud", 5, 1), (1, true), "a day may be over here and not there");
    store.swept(Timestamp(30 * DAY), &|_| true);
    assert_eq!(spent(store, "cloud", 5, 1), (0, false));
    assert_eq!(spent(store, "acme", 5, 1), (1, true), "its digest is still to come");
    assert_eq!(waiting(store, "acme", 5).len(), 1);
    apply(store, [day_over("acme", 5, store.position().0, vec![])]);
    store.swept(Timestamp(30 * DAY), &|_| true);
    assert_eq!(spent(store, "acme", 5, 1), (0, false));
}

fn a_conversation_is_followed_once_until_it_is_over(store: &dyn AnyStore) {
    apply(store, [read(page("blog", 10, vec![following(opens(1, 10), 1), following(opens(2, 10), 1)]))]);
    let followed = store.all_followed();
    let shown: Vec<_> = followed.iter().map(|one| (one.conversation, one.post, one.since, one.readings)).collect();
    assert_eq!(shown, [(id(1), id(1), Timestamp(10), 0)], "its reply is not followed apart");
    assert!(followed[0].next > Timestamp(10) && followed[0].validators.is_none());
    assert_eq!(store.mentions_in(id(1)), Ok(vec![(id(1), Timestamp(10)), (id(2), Timestamp(10))]));

    apply(store, [thread(1, 20, Some(30), None, false)]);
    let followed = store.all_followed().remove(0);
    assert_eq!((followed.next, followed.readings, followed.since), (Timestamp(30), 1, Timestamp(10)));
    assert_eq!(followed.validators.and_then(|known| known.etag).as_deref(), Some("20"));
    apply(store, [thread(1, 30, None, None, true)]);
    assert_eq!(store.all_followed(), []);
    apply(store, [read(page("blog", 40, vec![following(opens(3, 40), 1)]))]);
    assert_eq!(store.all_followed()[0].post, id(3), "a later mention begins it anew");
}

fn a_reply_of_the_team_answers_once_and_what_became_of_a_post_is_known(store: &dyn AnyStore) {
    apply(store, [read(page("blog", 10, vec![opens(1, 10)])), thread(1, 15, None, Some(7), true)]);
    let reply = |number, at| read(page("blog", at, vec![answering(opens(number, at), 1, &[1, 2])]));
    apply(store, [reply(8, 20), reply(9, 30)]);
    let standing = store.standing(id(1)).unwrap();
    assert_eq!((standing.accepted, standing.closed), (Some(id(7)), true));
    let answered = standing.answered.clone().unwrap();
    assert_eq!((answered.at, answered.url.as_str()), (Timestamp(20), "https://acme.example/8"));
    assert_eq!(store.standing(id(2)).unwrap().answered, Some(answered), "also before the post itself is read");
    let edited = Decided { outcome: Outcome::Edited, standing: standing.clone(), ..opens(1, 40) };
    apply(store, [read(page("blog", 40, vec![edited]))]);
    assert_eq!(store.standing(id(1)), Ok(standing));
}

fn a_deleted_post_leaves_no_words_in_alerts_and_digests(store: &dyn AnyStore) {
    let mut digest = digest(2, "it", 5);
    let listed = |number, title: &str| DigestEntry {
        story: story(number),
        post: id(number),
        title: title.into(),
        url: String::new(),
        site: String::new(),
        score: 1,
    };
    digest.digest.as_mut().unwrap().listed = vec![listed(2, "stays"), listed(1, "goes")];
    apply(store, [read(page("blog", 10, vec![alerting(opens(1, 10), "it"), alerting(opens(2, 10), "it")]))]);
    apply(store, [day_over("acme", 5, 1, vec![digest]), deleted(&[1], 20)]);
    for delivery in store.list(&DeliveryFilter::default()) {
        let alert = delivery.alert;
        assert_eq!(alert.post.title.is_empty(), alert.post.id == id(1), "{}", alert.id);
        let titles: Vec<String> =
            alert.digest.into_iter().flat_map(|digest| digest.listed).map(|entry| entry.title).collect();
        assert!(titles.is_empty() || titles == ["stays", ""]);
    }
    assert_eq!(store.standing(id(1)).unwrap().deleted, Some(Timestamp(20)));
    assert_eq!(store.seen(id(1)).unwrap().unwrap().content_hash, 100, "it is known when it is listed again");

    let again = Decided { outcome: Outcome::Edited, ..opens(1, 30) };
    apply(store, [read(page("blog", 30, vec![again]))]);
    assert_eq!(store.standing(id(1)).unwrap().deleted, None, "the site brought it back");
    assert_eq!(store.all_blanked(), [(id(1), Timestamp(20))].into(), "what it said before stays gone");
}

fn of_a_forgotten_post_only_its_id_is_known(store: &dyn AnyStore) {
    let both = vec![alerting(following(opens(1, 10), 1), "it"), alerting(opens(2, 10), "it")];
    apply(store, [read(page("blog", 10, both)), day_over("acme", 5, 1, vec![digest(1, "it", 5)])]);
    apply(store, [thread(1, 15, Some(20), Some(7), true), forgotten(&[1], &[9])]);
    assert_eq!(store.seen(id(1)), Ok(None));
    assert_eq!((store.standing(id(1)), store.all_followed()), (Ok(Default::default()), vec![]));
    assert_eq!((store.told_story(story(1)), store.mentions_in(id(1))), (None, Ok(vec![])));
    let left: Vec<String> = store.list(&DeliveryFilter::default()).into_iter().map(|one| one.alert.id).collect();
    assert_eq!(left, ["digest_001_it", "alert_002_it"]);
    let due = store.due("it", Timestamp(9 * DAY), 9).unwrap();
    assert_eq!(
        due.iter().filter(|pending| pending.alert.post.title.is_empty()).count(),
        1,
        "the digest tells of others"
    );
    let known = [1, 2, 9].map(|number| store.is_forgotten(id(number)).unwrap());
    assert_eq!(known, [true, false, true]);
}
