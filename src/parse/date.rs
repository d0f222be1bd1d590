//! Which moment does a date mean, in any of the forms that feeds and pages write it in?
//!
//! A date is cut into numbers, words and signs; the time of day is found by its colon, the zone stands
//! right behind it, and what is left over is year, month and day in one of the usual orders. Words that
//! are no month, zone or half of the day are passed over: that is what makes weekdays, `le`, `à` and `at` harmless.

mod names;
mod time_of_day;

use jiff::civil;
use jiff::fmt::rfc2822;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use self::names::{DAYS, month};
use self::time_of_day::TimeOfDay;
use crate::model::Timestamp;

/// The longest text that can be a date, in bytes; `Wednesday, the 24th of September 2025, 10:15:00 PM
/// Central European Summer Time` has 86.
const MAX_LENGTH: usize = 128;

/// Years that a post can be of. What lies outside is a placeholder (`0001-01-01`) or no date at all.
const YEARS: std::ops::RangeInclusive<i64> = 1900..=2200;

/// A wrong day of the week is no reason to doubt a date.
const RFC_2822: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);

/// Reads a date in any form seen in feeds and pages; without a zone it is UTC, without a time midnight.
///
/// RFC 3339 and its looser relatives, RFC 2822, ctime, compact ISO 8601, day and month names of many
/// languages, slashes (month first unless that cannot be), dots (day first), seconds and milliseconds since the Unix epoch.
/// `None` when it is none of these, or names no year: this function knows no "now".
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_LENGTH || text.contains("://") {
        return None;
    }
    if let Some(moment) = standard(text) {
        let plausible = YEARS.contains(&i64::from(moment.to_zoned(jiff::tz::TimeZone::UTC).year()));
        return plausible.then(|| Timestamp(moment.as_millisecond()));
    }
    epoch(text).or_else(|| Parts::of(tokens(text))?.moment())
}

/// The two forms that nearly all feeds write, read quickly.
fn standard(text: &str) -> Option<jiff::Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    // Zones by other names would be taken for UTC.
    let known_zone = text.ends_with("GMT") || text.get(text.len().checked_sub(5)?..)?.starts_with(['+', '-']);
    RFC_2822.parse_timestamp(text).ok().filter(|_| known_zone)
}

/// Seconds (9 or 10 digits, with or without a fraction) or milliseconds (12 or 13) since the Unix epoch.
fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') || fraction.contains('.') {
        return None;
    }
    match whole.len() {
        9 | 10 => whole.parse().ok().map(Timestamp::from_seconds),
        12 | 13 => whole.parse().ok().map(Timestamp),
        _ => None,
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number {
        value: i64,
        digits: usize,
    },
    /// In lower case, without marks.
    Word(String),
    Sign(char),
}

fn tokens(text: &str) -> Vec<Token> {
    let text = text.to_lowercase().replace("a.m", "am").replace("p.m", "pm");
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&first) = chars.peek() {
        if first.is_ascii_digit() {
            let mut number = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                number.push(digit);
            }
            // More digits than an i64 holds are no part of a date; a value out of every range says so later.
            tokens.push(Token::Number { value: number.parse().unwrap_or(i64::MAX), digits: number.len() });
        } else if first.is_alphabetic() {
            let mut word = String::new();
            while let Some(letter) = chars.next_if(|next| next.is_alphabetic()) {
                word.push(letter);
            }
            tokens.push(Token::Word(plain(&word)));
        } else {
            chars.next();
            match first {
                ' ' | '\t' | '\n' | '\r' | '\u{a0}' | '\u{202f}' => {}
                '\u{2212}' | '\u{2013}' => tokens.push(Token::Sign('-')),
                sign => tokens.push(Token::Sign(sign)),
            }
        }
    }
    tokens
}

/// The word without the marks on its letters.
fn plain(word: &str) -> String {
    if word.is_ascii() {
        return word.to_owned();
    }
    // Hangul must stay whole, so what the marks were taken off is composed again.
    word.nfd().filter(|letter| !is_combining_mark(*letter)).nfc().collect()
}

/// What was found so far: the time of day and its zone are taken out of the tokens, the date is left in them.
struct Parts {
    time: TimeOfDay,
    /// Value and digits.
    numbers: Vec<(i64, usize)>,
    month: Option<i64>,
    /// What was taken for the month's name may be that of a day: another month's name overrules it.
    perhaps_day: bool,
    /// The sign right behind the first number.
    separator: Option<char>,
    words: bool,
}

impl Parts {
    fn of(mut tokens: Vec<Token>) -> Option<Self> {
        let time = time_of_day::take(&mut tokens).ok()?;
        let mut parts =
            Self { time, numbers: Vec::new(), month: None, perhaps_day: false, separator: None, words: false };
        let mut previous_was_number = false;
        for token in tokens {
            let is_number = matches!(token, Token::Number { .. });
            match token {
                Token::Number { value, digits } => parts.numbers.push((value, digits)),
                Token::Word(word) => parts.take_word(&word),
                Token::Sign(sign) if previous_was_number && parts.numbers.len() == 1 => parts.separator = Some(sign),
                Token::Sign(_) => {}
            }
            previous_was_number = is_number;
        }
        Some(parts)
    }

    fn take_word(&mut self, word: &str) {
        if let Some(month) = month(word).filter(|_| self.month.is_none() || self.perhaps_day) {
            self.month = Some(month);
            self.perhaps_day = DAYS.contains(&word);
        } else if !matches!(word, "t" | "z" | "年" | "月" | "日" | "년" | "월" | "일") {
            self.words = true;
        }
    }

    fn moment(&self) -> Option<Timestamp> {
        let (year, month, day) = self.date()?;
        if !YEARS.contains(&year) {
            return None;
        }
        let date = civil::Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()?;
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
        Some(Timestamp(midnight + self.time.millisecond - self.time.offset * 1000))
    }

    /// Year, month, day.
    fn date(&self) -> Option<(i64, i64, i64)> {
        match (self.month, &self.numbers[..]) {
            (Some(month), &[year]) if year.1 == 4 => Some((year.0, month, 1)),
            (Some(month), &[first, second]) if first.1 > 2 => Some((first.0, month, second.0)),
            (Some(month), &[first, second]) => Some((full_year(second)?, month, first.0)),
            (None, &[first, second, third]) => self.in_numbers(first, second, third),
            (None, &[year, day]) if year.1 == 4 && day.1 == 3 => ordinal(year.0, day.0),
            (None, &[year, month]) if year.1 == 4 && !self.words => Some((year.0, month.0, 1)),
            (None, &[(value, 8)]) => Some((value / 10_000, value / 100 % 100, value % 100)),
            (None, &[(value, 7)]) => ordinal(value / 1000, value % 1000),
            (None, &[(value, 4)]) if !self.words => Some((value, 1, 1)),
            _ => None,
        }
    }

    fn in_numbers(&self, first: (i64, usize), second: (i64, usize), third: (i64, usize)) -> Option<(i64, i64, i64)> {
        if first.1 >= 3 || (third.1 <= 2 && self.separator == Some('-')) {
            let year = full_year(first)?;
            return Some(if second.0 > 12 { (year, third.0, second.0) } else { (year, second.0, third.0) });
        }
        let year = full_year(third)?;
        let month_first = self.separator == Some('/');
        let (month, day) = if month_first { (first.0, second.0) } else { (second.0, first.0) };
        Some(if month > 12 { (year, day, month) } else { (year, month, day) })
    }
}

/// A year of two digits is of 1970 to 2069; there is none of one or three.
fn full_year((year, digits): (i64, usize)) -> Option<i64> {
    match (digits, year) {
        (2, 70..) => Some(1900 + year),
        (2, _) => Some(2000 + year),
        (4, _) => Some(year),
        _ => None,
    }
}

/// The date of the n-th day of a year.
fn ordinal(year: i64, day: i64) -> Option<(i64, i64, i64)> {
    let first = civil::Date::new(year.try_into().ok()?, 1, 1).ok()?;
    if day < 1 || day > i64::from(first.days_in_year()) {
        return None;
    }
    let date = first.checked_add(jiff::Span::new().try_days(day - 1).ok()?).ok()?;
    Some((year, date.month().into(), date.day().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        parse(text).map_or("none".into(), |moment| moment.to_string())
    }

    #[test]
    fn every_form_names_its_moment() {
        for (text, moment) in [
            // RFC 3339 and W3C
            ("2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z"),
            ("2006-01-02T15:04:05.25-07:00", "2006-01-02T22:04:05.25Z"),
            ("2006-01-02T15:04:05-0700", "2006-01-02T22:04:05Z"),
            ("2006-01-02T15:04+01", "2006-01-02T14:04:00Z"),
            ("2006-01-02t15:04:05z", "2006-01-02T15:04:05Z"),
            ("2006-01-02T15:04:05", "2006-01-02T15:04:05Z"),
            ("2006-01-02 15:04:05", "2006-01-02T15:04:05Z"),
            ("2006-01-02 15:04:05 +0200", "2006-01-02T13:04:05Z"),
            ("2006-01-02 15:04:05 UTC", "2006-01-02T15:04:05Z"),
            ("2006-01-02 15:04:05.123456", "2006-01-02T15:04:05.123Z"),
            ("2006-01-02", "2006-01-02T00:00:00Z"),
            ("2006-01", "2006-01-01T00:00:00Z"),
            ("2006", "2006-01-01T00:00:00Z"),
            ("20060102", "2006-01-02T00:00:00Z"),
            ("20060102T150405Z", "2006-01-02T15:04:05Z"),
            ("2006-033", "2006-02-02T00:00:00Z"),
            ("2006033", "2006-02-02T00:00:00Z"),
            ("2006-12-31T24:00:00Z", "2007-01-01T00:00:00Z"),
            // RFC 2822
            ("Mon, 02 Jan 2006 15:04:05 GMT", "2006-01-02T15:04:05Z"),
            ("Mon, 2 Jan 06 15:04:05 +0100", "2006-01-02T14:04:05Z"),
            ("2 Jan 2006 15:04 EST", "2006-01-02T20:04:00Z"),
            ("Sun, 02 Jul 2006 15:04:05 CEST", "2006-07-02T13:04:05Z"),
            ("Wed, 02 Jan 2006 15:04:05 GMT+02:00", "2006-01-02T13:04:05Z"),
            ("Mon,02 Jan 2006 15:04:05 -0800 (PST)", "2006-01-02T23:04:05Z"),
            ("Mon, 02 January 2006 15:04:05 PDT", "2006-01-02T22:04:05Z"),
            ("Monday, 02-Jan-06 15:04:05 GMT", "2006-01-02T15:04:05Z"),
            // ctime and its relatives
            ("Mon Jan  2 15:04:05 2006", "2006-01-02T15:04:05Z"),
            ("Mon Jan 02 15:04:05 +0000 2006", "2006-01-02T15:04:05Z"),
            ("Mon Jan  2 15:04:05 PST 2006", "2006-01-02T23:04:05Z"),
            // United States
            ("January 2, 2006", "2006-01-02T00:00:00Z"),
            ("Monday, January 2nd, 2006 at 3:04 PM", "2006-01-02T15:04:00Z"),
            ("Jan 2, 2006 12:04:05 AM EST", "2006-01-02T05:04:05Z"),
            ("1/2/2006 3:04:05 p.m.", "2006-01-02T15:04:05Z"),
            ("01/02/2006", "2006-01-02T00:00:00Z"),
            // slashes, dots and dashes elsewhere
            ("30/01/2006 15:04", "2006-01-30T15:04:00Z"),
            ("2006/01/02 15:04:05", "2006-01-02T15:04:05Z"),
            ("02.01.2006", "2006-01-02T00:00:00Z"),
            ("02.01.2006 15:04", "2006-01-02T15:04:00Z"),
            ("02.01.06, 15:04 Uhr", "2006-01-02T15:04:00Z"),
            ("02-01-2006", "2006-01-02T00:00:00Z"),
            // other languages
            ("lundi 2 janvier 2006 à 15h04", "2006-01-02T15:04:00Z"),
            ("Mar, 03 août 2004 10:00:00 +0200", "2004-08-03T08:00:00Z"),
            ("mer, 01 fév 2006 15:04:05 GMT", "2006-02-01T15:04:05Z"),
            ("1er juillet 2006", "2006-07-01T00:00:00Z"),
            ("Montag, 2. März 2006 15:04", "2006-03-02T15:04:00Z"),
            ("2 de enero de 2006", "2006-01-02T00:00:00Z"),
            ("2 дек 2006", "2006-12-02T00:00:00Z"),
            ("2006年1月2日 15:04", "2006-01-02T15:04:00Z"),
            ("2006년 01월 02일 오후 03:04:05", "2006-01-02T15:04:05Z"),
            // since the epoch
            ("1136214245", "2006-01-02T15:04:05Z"),
            ("1136214245.5", "2006-01-02T15:04:05Z"),
            ("1136214245250", "2006-01-02T15:04:05.25Z"),
            ("  \n Mon, 02 Jan 2006 15:04:05 GMT \t", "2006-01-02T15:04:05Z"),
        ] {
            assert_eq!(shown(text), moment, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            " ",
            "yesterday",
            "3 hours ago",
            "42 comments",
            "42",
            "0000-00-00 00:00:00",
            "0001-01-01T00:00:00Z",
            "2006-13-32",
            "2006-02-30",
            "Mon, 99 Jan 2006 15:04:05 GMT",
            "2006-01-02T99:00:00Z",
            "2006-01-02 15:99",
            "1.2.3.4",
            "12:30",
            "January 2",
            "99999999999999999999",
            "https://acme.example/2006/01/02/x",
            "v2006.1",
            "4.1.9",
            "2006-01-02-03-04",
        ] {
            assert_eq!(shown(text), "none", "{text}");
        }
        assert_eq!(parse(&"2006 ".repeat(100_000)), None);
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "+",
            "12:",
            ":12",
            "1:1:1:1:1",
            "T",
            "1T1:1+",
            "1:1+99999999999999999999",
            "é1:1é",
            "1:1.99999999999999999999999999",
        ] {
            parse(text);
            parse(&format!("2006-01-02 {text}"));
        }
    }
}
