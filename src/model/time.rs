//! What is a moment, and what is a length of time, in posts, journal, configuration and API?

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment: milliseconds since the Unix epoch, UTC.
///
/// Serialised as RFC 3339 in human-readable formats (JSON, TOML) and as the plain integer in
/// binary ones (journal, sled, archive).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A day of somebody's calendar, in the time zone of the configuration: `2026-01-31`.
pub type Day = jiff::civil::Date;

impl Timestamp {
    /// From whole seconds since the Unix epoch; saturates at the ends of the range.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds since the Unix epoch, rounded towards the past.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0).max(0) as u64)
    }

    /// Reads RFC 3339 (`2026-01-31T12:00:00Z`, with any offset) or a date (`2026-01-31`, midnight UTC).
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(moment) = jiff::Timestamp::from_str(text) {
            return Some(Self(moment.as_millisecond()));
        }
        let date = jiff::civil::Date::from_str(text).ok()?;
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(midnight.timestamp().as_millisecond()))
    }

    /// The local day that this moment belongs to.
    pub fn day(self, zone: &jiff::tz::TimeZone) -> Day {
        self.to_jiff().to_zoned(zone.clone()).date()
    }

    /// When the local day of this moment is over: midnight, or what stands for it where clocks are put forward over it.
    pub fn end_of_day(self, zone: &jiff::tz::TimeZone) -> Self {
        let tomorrow = self.day(zone).tomorrow().and_then(|day| day.to_zoned(zone.clone()));
        // At the end of time there is no tomorrow.
        tomorrow.map_or(Self(i64::MAX), |midnight| Self(midnight.timestamp().as_millisecond()))
    }

    /// For people: `2026-01-31 12:00:00 UTC`.
    pub fn in_words(self) -> String {
        Self::from_seconds(self.seconds()).to_string().replace('T', " ").replace('Z', " UTC")
    }

    /// The first moment of a local day.
    pub fn start_of(day: Day, zone: &jiff::tz::TimeZone) -> Self {
        let start = day.to_zoned(zone.clone());
        // Before the beginning of time there is none.
        start.map_or(Self(i64::MIN), |start| Self(start.timestamp().as_millisecond()))
    }

    /// The same moment for calendar arithmetic; moments outside jiff's range are clamped to it.
    pub fn to_jiff(self) -> jiff::Timestamp {
        let clamped = self.0.clamp(jiff::Timestamp::MIN.as_millisecond(), jiff::Timestamp::MAX.as_millisecond());
        jiff::Timestamp::from_millisecond(clamped).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(length.0))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, length: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(length.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_jiff())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    /// Takes both forms from every format: inside a tagged enum serde forgets which sort of format it reads.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Moment;
        impl de::Visitor<'_> for Moment {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an RFC 3339 date or milliseconds since the Unix epoch")
            }
            fn visit_i64<E: de::Error>(self, milliseconds: i64) -> Result<Timestamp, E> {
                Ok(Timestamp(milliseconds))
            }
            fn visit_u64<E: de::Error>(self, milliseconds: u64) -> Result<Timestamp, E> {
                i64::try_from(milliseconds).map(Timestamp).map_err(de::Error::custom)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).ok_or_else(|| de::Error::custom(format!("`{text}` is not an RFC 3339 date")))
            }
        }
        deserializer.deserialize_any(Moment)
    }
}

/// A length of time in milliseconds. In configuration and JSON: `"90s"`, `"2m"`, `"1h30m"`, `"7d"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub u64);

const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

impl Duration {
    /// A length of whole seconds; saturates.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// A length of whole minutes; saturates.
    pub const fn minutes(minutes: u64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// A length of whole hours; saturates.
    pub const fn hours(hours: u64) -> Self {
        Self::minutes(hours.saturating_mul(60))
    }

    /// A length of days of 24 hours; saturates.
    pub const fn days(days: u64) -> Self {
        Self::hours(days.saturating_mul(24))
    }

    /// For `tokio` and `std` interfaces.
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }

    /// This many seconds, with the fraction.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a length of time; write for example `90s`, `2m`, `1h30m` or `7d`");
        let mut rest = text.trim();
        let mut total: u64 = 0;
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, tail) = rest.split_at(digits);
            let unit_len = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_len);
            let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
            let number: u64 = number.parse().map_err(|_| wrong())?;
            total = number.checked_mul(*factor).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
            rest = tail;
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Duration {
    /// The largest two units that matter: `1h30m`, `2m`, `250ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return write!(f, "0s");
        }
        let mut rest = self.0;
        let mut shown = 0;
        for (unit, factor) in UNITS.iter().rev().filter(|(unit, _)| *unit != "w") {
            // Beside a larger unit, milliseconds are noise.
            if rest >= *factor && shown < 2 && (*factor > 1 || shown == 0) {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
                shown += 1;
            }
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_u64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return u64::deserialize(deserializer).map(Self);
        }
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "duration" })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_units_and_sums_and_refuse_the_rest() {
        for (text, milliseconds) in
            [("90s", 90_000), ("2m", 120_000), ("1h30m", 5_400_000), ("7d", 604_800_000), ("250ms", 250)]
        {
            assert_eq!(text.parse(), Ok(Duration(milliseconds)), "{text}");
        }
        for text in ["", "7", "d", "1x", "-1h", "1.5h", "99999999999999999999d", "999999999999999d"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_shown_duration_keeps_its_two_largest_units() {
        for (milliseconds, text) in [
            (0, "0s"),
            (250, "250ms"),
            (90_000, "1m30s"),
            (5_400_000, "1h30m"),
            (90_061_000, "1d1h"),
            (720_415, "12m"),
            (1_250, "1s"),
        ] {
            assert_eq!(Duration(milliseconds).to_string(), text);
        }
    }

    #[test]
    fn a_day_ends_at_local_midnight_however_long_it_was() {
        for (zone, moment, end) in [
            ("UTC", "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z"),
            ("Europe/Zurich", "2026-01-31T22:59:59Z", "2026-01-31T23:00:00Z"),
            ("Europe/Zurich", "2026-01-31T23:00:00Z", "2026-02-01T23:00:00Z"),
            // 23 and 25 hours.
            ("Europe/Zurich", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("Europe/Zurich", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            // The clocks go forward at midnight: the day begins at one.
            ("America/Santiago", "2026-09-05T12:00:00Z", "2026-09-06T04:00:00Z"),
        ] {
            let tz = jiff::tz::TimeZone::get(zone).expect("a zone");
            let end_of_day = Timestamp::parse(moment).expect("a moment").end_of_day(&tz);
            assert_eq!(end_of_day.to_string(), end, "{zone} {moment}");
        }
    }

    #[test]
    fn moments_read_rfc_3339_and_plain_dates() {
        assert_eq!(Timestamp::parse("2026-01-01"), Some(Timestamp(1_767_225_600_000)));
        assert_eq!(Timestamp::parse("2026-01-01T01:00:00+01:00"), Some(Timestamp(1_767_225_600_000)));
        assert_eq!(Timestamp::parse("yesterday"), None);
        assert_eq!(Timestamp(1_767_225_600_000).to_string(), "2026-01-01T00:00:00Z");
    }
}
