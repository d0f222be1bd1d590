//! Is somebody told once when sources go deaf, once when they are heard again, and not for nothing?

use super::*;
use crate::model::FetchProblem;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn ear(name: &str, host: &str) -> Ear {
    let seen = SourceHealth {
        name: name.into(),
        kind: "rss".into(),
        health: Health::Ok,
        last_answered: Some(NOW - Duration::hours(1)),
        next_due: Some(NOW + Duration::minutes(5)),
        ..SourceHealth::default()
    };
    Ear { seen, host: host.into(), shrunk: None, stale_before: false }
}

fn failing(name: &str, host: &str, problem: &FetchProblem) -> Ear {
    let mut ear = ear(name, host);
    ear.seen.health = problem.health();
    ear.seen.reason = Some(Deafness::of(problem));
    ear.seen.last_error = Some(problem.to_string());
    ear.seen.troubled_since = ear.seen.last_answered;
    ear.seen.failures = 3;
    ear
}

fn heard(name: &str, host: &str, at: Timestamp) -> Ear {
    let mut ear = ear(name, host);
    ear.seen.last_answered = Some(at);
    ear
}

fn refused() -> FetchProblem {
    FetchProblem::Refused { status: 403 }
}

fn unreachable() -> FetchProblem {
    FetchProblem::Unreachable { why: "no route to host".into() }
}

fn titles(issues: &[Issue]) -> Vec<String> {
    issues.iter().map(Issue::title).collect()
}

#[test]
fn a_short_trouble_is_no_issue_and_a_long_one_is() {
    let with = |change: &dyn Fn(&mut Ear)| {
        let mut ear = failing("news", "news.example", &refused());
        change(&mut ear);
        titles(&changes(&[], &[ear], NOW))
    };
    let nothing: Vec<String> = Vec::new();
    assert_eq!(with(&|_| {}), ["news.example refuses us: source news is deaf"]);
    assert_eq!(with(&|ear| ear.seen.failures = 2), nothing);
    assert_eq!(with(&|ear| ear.seen.troubled_since = Some(NOW - Duration::minutes(9))), nothing);
    let limited = |hours| {
        with(&|ear: &mut Ear| {
            ear.seen.reason = Some(Deafness::Limited);
            ear.seen.troubled_since = Some(NOW - Duration::minutes(50));
            ear.seen.next_due = Some(NOW + Duration::hours(hours));
        })
    };
    assert_eq!(limited(1), nothing, "a wait is no issue");
    assert_eq!(limited(6), ["news.example asks us to wait for long: source news is deaf"]);
    let quiet = |change: &dyn Fn(&mut Ear)| {
        let mut ear = ear("news", "news.example");
        change(&mut ear);
        titles(&changes(&[], &[ear], NOW))
    };
    assert_eq!(quiet(&|_| {}), nothing);
    assert_eq!(quiet(&|ear| ear.seen.health = Health::Stale), nothing, "a machine that slept is no issue");
    let overdue = |ear: &mut Ear, minutes| {
        (ear.seen.health, ear.stale_before) = (Health::Stale, true);
        ear.seen.next_due = Some(NOW - Duration::minutes(minutes));
    };
    assert_eq!(quiet(&|ear| overdue(ear, 2)), nothing, "behind others for a moment");
    let stale = |ear: &mut Ear| overdue(ear, 10);
    assert_eq!(quiet(&stale), ["news.example was not asked in time: source news is deaf"]);
    let degraded = |minutes| {
        quiet(&|ear: &mut Ear| {
            ear.seen.degraded = Some("read without an account".into());
            ear.seen.degraded_since = Some(NOW - Duration::minutes(minutes));
        })
    };
    assert_eq!(degraded(29), nothing);
    assert_eq!(degraded(30), ["news.example is read in a lesser way than configured: source news is deaf"]);
    let shrunk = |ear: &mut Ear| ear.shrunk = Some("2 posts in two days, 40 before".into());
    assert_eq!(quiet(&shrunk), ["news.example brings far less than it did: source news is deaf"]);
}

#[test]
fn the_sources_of_one_host_are_one_issue_that_is_closed_when_all_were_heard_for_a_while() {
    let (a, b) = ("a", "b");
    let deaf = [failing(a, "news.example", &refused()), failing(b, "news.example", &refused())];
    let opened = changes(&[], &deaf, NOW);
    assert_eq!(titles(&opened), ["news.example refuses us: 2 sources are deaf"]);
    assert_eq!(changes(&opened, &deaf, NOW + Duration::minutes(1)), [], "nothing changed");

    let third = failing("c", "news.example", &unreachable());
    let three = [deaf[0].clone(), deaf[1].clone(), third.clone()];
    let joined = changes(&opened, &three, NOW + Duration::minutes(2));
    assert_eq!((joined.len(), &joined[0].id, joined[0].sources.len()), (1, &opened[0].id, 3));

    let later = NOW + Duration::hours(1);
    let two_heard = [heard(a, "news.example", later), heard(b, "news.example", later), third];
    let partly = changes(&joined, &two_heard, later);
    assert_eq!((partly.len(), partly[0].closed, partly[0].deaf().count()), (1, None, 1));
    let all_heard = [a, b, "c"].map(|name| heard(name, "news.example", later + Duration::minutes(1)));
    let settling = changes(&partly, &all_heard, later + Duration::minutes(2));
    assert_eq!((settling.len(), settling[0].closed), (1, None), "not closed at once: it may come and go");
    let relapsed = changes(&settling, &[two_heard[2].clone()], later + Duration::minutes(3));
    assert_eq!(relapsed[0].deaf().count(), 1, "it went deaf again before it was closed");
    let closed = changes(&settling, &all_heard, later + Duration::minutes(31));
    assert_eq!(titles(&closed), ["Heard again: 3 sources (news.example)"]);
    assert_eq!(closed[0].closed, Some(later + Duration::minutes(1)));
}

#[test]
fn when_hardly_any_host_can_be_reached_it_is_told_once() {
    let hosts = ["a.example", "b.example", "c.example", "d.example"];
    let mut ears: Vec<Ear> = hosts.iter().map(|host| failing(host, host, &unreachable())).collect();
    ears.push(heard("e.example", "e.example", NOW));
    assert_eq!(titles(&changes(&[], &ears, NOW)), ["hardly any host can be reached: 4 sources are deaf"]);
    // Most hosts fail for the first time only: still the network, not the host that failed first.
    ears[1..4].iter_mut().for_each(|ear| ear.seen.failures = 1);
    assert_eq!(titles(&changes(&[], &ears, NOW)), ["hardly any host can be reached: source a.example is deaf"]);
    ears[1..4].iter_mut().for_each(|ear| *ear = heard(&ear.host, &ear.host, NOW));
    assert_eq!(titles(&changes(&[], &ears, NOW)), ["a.example cannot be reached: source a.example is deaf"]);
}

#[test]
fn a_source_that_is_configured_no_more_keeps_no_issue_open_and_one_not_asked_yet_does() {
    let opened = changes(&[], &[failing("news", "news.example", &refused())], NOW);
    let mut pending = ear("news", "news.example");
    (pending.seen.health, pending.seen.last_answered) = (Health::Pending, None);
    assert_eq!(changes(&opened, &[pending], NOW + Duration::hours(1)), [], "a restart is no recovery");
    let removed = changes(&opened, &[], NOW + Duration::hours(1));
    assert_eq!(removed[0].sources[0].until, Some(NOW + Duration::hours(1)));
}
