//! Do the lanes keep everybody's distance, whoever asks from however many threads, without growing?

use super::*;
use crate::clock::Moved;
use crate::fetch::tests::driven;

const PATIENCE: Duration = Duration::minutes(1);

fn limit(key: &str) -> Limit {
    Limit { key: key.to_owned(), waits: key.to_owned(), interval: Duration::seconds(1), concurrent: 1 }
}

fn lanes() -> (Arc<Lanes>, Arc<Semaphore>, Clock, Moved) {
    let (clock, hands) = Clock::moved(Timestamp(1_000_000_000));
    (Arc::new(Lanes::new(clock.clone())), Arc::new(Semaphore::new(64)), clock, hands)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_cores_never_go_faster_than_the_limit() {
    let (lanes, slots, clock, hands) = lanes();
    for concurrent in [1, 2] {
        let start = clock.now();
        let times = Arc::new(Mutex::new(Vec::new()));
        let limit = Limit { concurrent, ..limit(&format!("{concurrent} abreast")) };
        let askers = (0..40).map(|_| {
            let (lanes, slots, clock) = (lanes.clone(), slots.clone(), clock.clone());
            let (times, limit) = (times.clone(), limit.clone());
            tokio::spawn(async move {
                let turn = lanes.turn(&limit, &slots, PATIENCE, 0.0).await.expect("a turn");
                times.lock().expect("a lock").push(clock.now());
                drop(turn);
            })
        });
        let askers: Vec<_> = askers.collect();
        driven(&clock, &hands, futures_util::future::join_all(askers)).await;
        let times = std::mem::take(&mut *times.lock().expect("a lock"));
        assert_eq!(times.len(), 40);
        assert!(clock.now().since(start) >= Duration::seconds(39), "{concurrent} abreast");
        // Two abreast may write into this log late, while the other goes on; in single file nobody can.
        let nearest = times.windows(2).map(|pair| pair[1].since(pair[0])).min();
        assert!(concurrent == 2 || nearest == Some(Duration::seconds(1)), "{nearest:?}");
    }
}

#[tokio::test]
async fn a_hold_is_sat_out_when_short_and_told_when_long() {
    let (lanes, slots, clock, hands) = lanes();
    let start = clock.now();
    assert_eq!(lanes.hold("a", start + Duration::seconds(30), "HTTP 429"), start + Duration::seconds(30));
    let waiting = {
        let (lanes, slots) = (lanes.clone(), slots.clone());
        async move { lanes.turn(&limit("a"), &slots, PATIENCE, 0.0).await.map(drop) }
    };
    assert_eq!(driven(&clock, &hands, waiting).await, Ok(()));
    assert_eq!(clock.now(), start + Duration::seconds(30));

    let until = clock.now() + Duration::seconds(61);
    lanes.hold("a", until, "HTTP 429");
    let refused = lanes.turn(&limit("a"), &slots, PATIENCE, 0.0).await.map(drop);
    assert_eq!(refused, Err(FetchProblem::Limited { until, why: "HTTP 429".into() }));
    assert_eq!(lanes.holds(), [("a".to_owned(), until)]);
    assert_eq!(lanes.turn(&limit("b"), &slots, PATIENCE, 0.0).await.map(drop), Ok(()), "others go on");

    assert_eq!(
        lanes.hold("a", until - Duration::seconds(50), "shorter"),
        until,
        "a shorter wait does not undo a longer"
    );
    let most = clock.now() + Duration::days(30);
    assert_eq!(lanes.hold("a", Timestamp(i64::MAX), "for ever"), most, "30 days at most");
    hands.advance(Duration::days(30));
    assert_eq!(lanes.holds(), []);
}

#[tokio::test]
async fn those_who_queue_when_the_host_says_wait_are_told_at_once() {
    let (lanes, slots, clock, _hands) = lanes();
    let first = lanes.turn(&limit("a"), &slots, PATIENCE, 0.0).await.expect("a turn");
    let queue: Vec<_> = (0..5)
        .map(|_| {
            let (lanes, slots) = (lanes.clone(), slots.clone());
            tokio::spawn(async move { lanes.turn(&limit("a"), &slots, PATIENCE, 0.0).await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    let until = lanes.hold("a", clock.now() + Duration::hours(1), "HTTP 429");
    drop(first);
    for asker in queue {
        let told = asker.await.expect("an answer");
        assert_eq!(told, Err(FetchProblem::Limited { until, why: "HTTP 429".into() }));
    }
}

#[tokio::test]
async fn who_waits_in_a_slow_lane_takes_no_place_from_others() {
    let (lanes, _, _, _hands) = lanes();
    let slots = Arc::new(Semaphore::new(2));
    let hanging = lanes.turn(&limit("slow"), &slots, PATIENCE, 0.0).await.expect("a turn");
    let waiting: Vec<_> = (0..10)
        .map(|_| {
            let (lanes, slots) = (lanes.clone(), slots.clone());
            tokio::spawn(async move { lanes.turn(&limit("slow"), &slots, PATIENCE, 0.0).await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    for host in ["a", "b", "c"] {
        assert!(lanes.turn(&limit(host), &slots, PATIENCE, 0.0).await.is_ok(), "{host}");
    }
    drop(hanging);
    waiting.iter().for_each(|asker| asker.abort());
}

#[tokio::test]
async fn who_sits_out_a_wait_takes_no_place_from_others() {
    let (lanes, _, clock, hands) = lanes();
    let slots = Arc::new(Semaphore::new(1));
    lanes.hold("held", clock.now() + Duration::seconds(30), "HTTP 429");
    for host in ["held", "spaced", "spaced"] {
        let (lanes, slots) = (lanes.clone(), slots.clone());
        tokio::spawn(async move { lanes.turn(&limit(host), &slots, PATIENCE, 0.0).await.map(drop) });
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(hands.next_wake(), Some(clock.now() + Duration::seconds(1)), "all three have come as far as they can");
    assert_eq!(slots.available_permits(), 1, "one waits a second and one half a minute, without a place");
}

#[tokio::test]
async fn a_source_with_a_limit_of_its_own_waits_alone_but_keeps_the_pace_of_its_host() {
    let (lanes, slots, clock, hands) = lanes();
    let start = clock.now();
    let own = Limit { waits: "url a/feed".to_owned(), ..limit("a") };
    let until = start + Duration::hours(1);
    lanes.hold(&own.waits, until, "HTTP 429");
    let refused = lanes.turn(&own, &slots, PATIENCE, 0.0).await.map(drop);
    assert_eq!(refused, Err(FetchProblem::Limited { until, why: "HTTP 429".into() }));
    assert_eq!(lanes.turn(&limit("a"), &slots, PATIENCE, 0.0).await.map(drop), Ok(()), "its host goes on");
    let other = Limit { waits: "url a/other".to_owned(), ..limit("a") };
    let next = {
        let (lanes, slots, other) = (lanes.clone(), slots.clone(), other.clone());
        async move { lanes.turn(&other, &slots, PATIENCE, 0.0).await.map(drop) }
    };
    assert_eq!(driven(&clock, &hands, next).await, Ok(()));
    assert_eq!(clock.now(), start + Duration::seconds(1), "at the pace of the host");
    let budget = lanes.budget(&own);
    assert_eq!((budget.limit.as_str(), budget.waits_until), ("url a/feed", Some(until)));
}

#[tokio::test]
async fn a_slow_pace_outlives_a_restart() {
    let (lanes, slots, clock, _) = lanes();
    let slow = Limit { interval: Duration::minutes(1), ..limit("slow") };
    for limit in [&slow, &limit("fast")] {
        lanes.turn(limit, &slots, PATIENCE, 0.0).await.map(drop).expect("a turn");
    }
    assert_eq!(lanes.holds(), [("slow".to_owned(), clock.now() + Duration::minutes(1))]);
}

#[tokio::test]
async fn a_host_that_says_too_many_is_asked_at_half_its_pace_for_a_while() {
    let (lanes, slots, clock, hands) = lanes();
    lanes.turn(&limit("a"), &slots, PATIENCE, 0.0).await.map(drop).expect("a turn");
    let pace = |lanes: &Lanes| lanes.budget(&limit("a")).interval.to_string();
    assert_eq!(pace(&lanes), "1s");
    let paces: Vec<String> = (0..8)
        .map(|_| {
            lanes.slow_down(&limit("a"));
            pace(&lanes)
        })
        .collect();
    assert_eq!(paces, ["2s", "4s", "8s", "16s", "32s", "1m4s", "1m4s", "1m4s"]);
    let start = clock.now();
    let next = {
        let (lanes, slots) = (lanes.clone(), slots.clone());
        async move { lanes.turn(&limit("a"), &slots, PATIENCE, 0.0).await.map(drop) }
    };
    assert_eq!(driven(&clock, &hands, next).await, Ok(()));
    assert_eq!(clock.now(), start + Duration::seconds(64));
    for (minutes, expected) in [(10, "32s"), (10, "16s"), (40, "1s")] {
        hands.advance(Duration::minutes(minutes));
        assert_eq!(pace(&lanes), expected);
    }
    assert!(!lanes.budget(&limit("a")).slowed);
}

#[tokio::test]
async fn a_new_pace_and_a_crawl_delay_count_from_the_last_request() {
    let (lanes, slots, clock, hands) = lanes();
    let start = clock.now();
    lanes.turn(&limit("a"), &slots, PATIENCE, 0.0).await.map(drop).expect("a turn");
    lanes.crawl_delay(&limit("a"), Duration::seconds(20)).expect("room");
    for seconds in [20, 40] {
        let (lanes, slots) = (lanes.clone(), slots.clone());
        let next = async move { lanes.turn(&limit("a"), &slots, PATIENCE, 0.0).await.map(drop) };
        assert_eq!(driven(&clock, &hands, next).await, Ok(()));
        assert_eq!(clock.now(), start + Duration::seconds(seconds));
    }
}

#[tokio::test]
async fn a_hundred_thousand_hosts_come_and_go_and_the_memory_shrinks() {
    let (lanes, slots, clock, hands) = lanes();
    lanes.hold("held", clock.now() + Duration::hours(20), "HTTP 429");
    let mut most = 0;
    for number in 0..100_000 {
        let turn = lanes.turn(&limit(&number.to_string()), &slots, PATIENCE, 0.0).await;
        assert!(turn.is_ok(), "{number}");
        hands.advance(Duration(10));
        most = most.max(lanes.known().lanes.len());
    }
    assert!(most <= 2 * FEW_LANES, "{most} lanes at once");
    assert!(lanes.known().lanes.capacity() <= 4 * FEW_LANES);
    assert!(lanes.known().lanes.contains_key("held"), "who asked us to wait is not forgotten");
}

#[tokio::test]
async fn beyond_the_bound_new_hosts_wait() {
    let (lanes, slots, clock, hands) = lanes();
    for number in 0..MAX_LANES {
        lanes.hold(&number.to_string(), clock.now() + Duration::hours(1), "HTTP 429");
    }
    let refused = lanes.turn(&limit("one more"), &slots, PATIENCE, 0.0).await.map(drop);
    assert!(matches!(refused, Err(FetchProblem::Limited { .. })), "{refused:?}");
    hands.advance(Duration::hours(2));
    assert!(lanes.turn(&limit("one more"), &slots, PATIENCE, 0.0).await.is_ok());
    assert_eq!(lanes.known().lanes.len(), 1);
}
