//! What do an answer's headers say of how soon we may, or need to, ask again?

use crate::model::{Duration, Timestamp};

/// Seconds since 1970 are larger than this, seconds to wait are smaller.
const EPOCH: f64 = 1e9;
/// Longest freshness that is believed; a year stands in many headers and means "for ever".
const MAX_FRESH: Duration = Duration::days(1);

/// How long to wait because the quota is spent: `x-ratelimit-remaining: 0` (or `x-rate-limit-`, `ratelimit-`) with the
/// `…-reset` beside it, in seconds from now (Reddit, the IETF drafts), as a Unix time (GitHub) or as a date (Mastodon);
/// or `ratelimit: "name";r=0;t=30` of the later draft.
pub(super) fn spent<'h>(header: impl Fn(&str) -> Option<&'h str>, now: Timestamp) -> Option<Duration> {
    for family in ["x-ratelimit", "x-rate-limit", "ratelimit"] {
        let remaining = header(&format!("{family}-remaining")).and_then(|left| left.trim().parse::<f64>().ok());
        if remaining.is_some_and(|left| left < 1.0) {
            return header(&format!("{family}-reset")).and_then(|reset| until(reset.trim(), now));
        }
    }
    let drafted = header("ratelimit")?;
    let item =
        |key: &str| drafted.split([';', ',']).find_map(|item| item.trim().strip_prefix(key)?.parse::<f64>().ok());
    item("r=").filter(|left| *left < 1.0).and(item("t=")).and_then(seconds)
}

fn until(reset: &str, now: Timestamp) -> Option<Duration> {
    match reset.parse::<f64>() {
        Ok(at) if at > EPOCH => Some(Timestamp((at * 1000.0) as i64).since(now)),
        Ok(wait) => seconds(wait),
        Err(_) => Timestamp::parse(reset).map(|at| at.since(now)),
    }
}

fn seconds(wait: f64) -> Option<Duration> {
    (wait.is_finite() && wait >= 0.0).then(|| Duration((wait * 1000.0).ceil() as u64))
}

/// How long an answer stays fresh: `max-age` of Cache-Control less `Age` (RFC 9111). `None` where it says nothing, or
/// that it must be asked for each time.
pub(super) fn fresh_for<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Duration> {
    let control = header("cache-control")?.to_ascii_lowercase();
    let mut directives = control.split(',').map(str::trim);
    if directives.clone().any(|directive| directive.starts_with("no-cache") || directive == "no-store") {
        return None;
    }
    let age =
        directives.find_map(|directive| directive.strip_prefix("max-age="))?.trim_matches('"').parse::<u64>().ok()?;
    let spent = header("age").and_then(|age| age.trim().parse::<u64>().ok()).unwrap_or_default();
    let left = Duration::seconds(age.saturating_sub(spent)).min(MAX_FRESH);
    (left > Duration::default()).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'h>(headers: &'h [(&'h str, &'h str)]) -> impl Fn(&str) -> Option<&'h str> {
        move |name| headers.iter().find(|(have, _)| *have == name).map(|(_, value)| *value)
    }

    #[test]
    fn a_spent_quota_is_read_in_every_form_that_sites_use() {
        let now = Timestamp::parse("2026-11-22T12:00:00Z").expect("a date");
        for (headers, wait) in [
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795348860")][..], Some(60)),
            (&[("x-ratelimit-remaining", "0.0"), ("x-ratelimit-reset", "417")], Some(417)),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2026-11-22T12:05:00.000Z")], Some(300)),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000000001")], Some(0)),
            (&[("ratelimit-remaining", "0"), ("ratelimit-reset", "30")], Some(30)),
            (&[("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "30")], Some(30)),
            (&[("ratelimit", "\"default\";r=0;t=45")], Some(45)),
            (&[("ratelimit", "\"default\";r=7;t=45")], None),
            (&[("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", "417")], None),
            (&[("x-ratelimit-remaining", "0")], None),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "soon")], None),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "-5")], None),
            (&[("x-ratelimit-remaining", "none"), ("x-ratelimit-reset", "5")], None),
            (&[], None),
        ] {
            assert_eq!(spent(lookup(headers), now), wait.map(Duration::seconds), "{headers:?}");
        }
    }

    #[test]
    fn freshness_is_what_is_left_of_max_age() {
        for (headers, fresh) in [
            (&[("cache-control", "public, max-age=600")][..], Some(600)),
            (&[("cache-control", "max-age=600"), ("age", "500")], Some(100)),
            (&[("cache-control", "MAX-AGE=600"), ("age", "900")], None),
            (&[("cache-control", "max-age=31536000, immutable")], Some(86_400)),
            (&[("cache-control", "no-cache, max-age=600")], None),
            (&[("cache-control", "s-maxage=600")], None),
            (&[("cache-control", "max-age=soon")], None),
            (&[], None),
        ] {
            assert_eq!(fresh_for(lookup(headers)), fresh.map(Duration::seconds), "{headers:?}");
        }
    }
}
