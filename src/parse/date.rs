//! Which moment does a date mean, in any of the forms that feeds and pages write it in?
//!
//! A date is cut into numbers, words and signs; the time of day is found by its colon, the zone stands
//! right behind it, and what is left over is year, month and day in one of the usual orders. Words that
//! are no month, zone or half of the day are passed over: that is what makes weekdays, `le`, `à` and `at` harmless.

use jiff::civil;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::model::Timestamp;

/// The longest text that can be a date, in bytes; `Wednesday, the 24th of September 2025, 10:15:00 PM
/// Central European Summer Time` has 86.
const MAX_LENGTH: usize = 128;

/// Years that a post can be of. What lies outside is a placeholder (`0001-01-01`) or no date at all.
const YEARS: std::ops::RangeInclusive<i64> = 1900..=2200;

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
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        let plausible = YEARS.contains(&i64::from(moment.to_zoned(jiff::tz::TimeZone::UTC).year()));
        return plausible.then(|| Timestamp(moment.as_millisecond()));
    }
    epoch(text).or_else(|| Parts::of(tokens(text))?.moment())
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
    // Hangul must stay whole, so what the marks were taken off is composed again.
    word.nfd().filter(|letter| !is_combining_mark(*letter)).nfc().collect()
}

/// What was found so far: the time of day and its zone are taken out of the tokens, the date is left in them.
struct Parts {
    /// Since midnight, in milliseconds; may be that of the next day (24:00).
    time: i64,
    /// East of Greenwich, in seconds.
    offset: i64,
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
        let (time, offset) = match take_time(&mut tokens)? {
            Some((time, offset)) => (time, offset),
            None => (0, take_zone_word(&mut tokens)),
        };
        let mut parts =
            Self { time, offset, numbers: Vec::new(), month: None, perhaps_day: false, separator: None, words: false };
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
        Some(Timestamp(midnight + self.time - self.offset * 1000))
    }

    /// Year, month, day.
    fn date(&self) -> Option<(i64, i64, i64)> {
        match (self.month, &self.numbers[..]) {
            (Some(month), &[year]) if year.1 == 4 => Some((year.0, month, 1)),
            (Some(month), &[first, second]) if first.1 > 2 => Some((first.0, month, second.0)),
            (Some(month), &[first, second]) => Some((full_year(second), month, first.0)),
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
            let year = full_year(first);
            return Some(if second.0 > 12 { (year, third.0, second.0) } else { (year, second.0, third.0) });
        }
        let year = full_year(third);
        let month_first = self.separator == Some('/');
        let (month, day) = if month_first { (first.0, second.0) } else { (second.0, first.0) };
        Some(if month > 12 { (year, day, month) } else { (year, month, day) })
    }
}

/// A year of two digits is of 1970 to 2069.
fn full_year((year, digits): (i64, usize)) -> i64 {
    match year {
        _ if digits > 2 => year,
        70.. => 1900 + year,
        _ => 2000 + year,
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

/// Takes the time of day and the zone behind it out of the tokens: `Some(None)` when there is none, `None`
/// when there is one that no clock shows.
#[expect(clippy::option_option, reason = "no time at all and an impossible time end differently")]
fn take_time(tokens: &mut Vec<Token>) -> Option<Option<(i64, i64)>> {
    let Some(start) = start_of_time(tokens) else { return Some(None) };
    let mut rest = Rest { tokens, at: start };
    let (mut hour, minute, second) = match rest.number() {
        // `150405` or `1504` behind the `T` of the compact form
        Some((value, 6)) => (value / 10_000, value / 100 % 100, value % 100),
        Some((value, 4)) => (value / 100, value % 100, 0),
        Some((hour, _)) => {
            let minute = if rest.sign(":") || rest.word("h") { rest.number()?.0 } else { 0 };
            (hour, minute, if rest.sign(":") { rest.number()?.0 } else { 0 })
        }
        None => return Some(None),
    };
    let mut millisecond = 0;
    if rest.sign(".,") {
        let (value, digits) = rest.number()?;
        millisecond = (value as f64 * 1000.0 / 10f64.powi(digits.try_into().ok()?)) as i64;
    }
    match half_of_day(&rest, start) {
        Some((half, at)) => {
            if at == rest.at {
                rest.at += 1;
            }
            hour = hour % 12 + 12 * half;
        }
        None if hour > 24 => return None,
        None => {}
    }
    if minute > 59 || second > 60 {
        return None;
    }
    let offset = rest.zone();
    let end = rest.at;
    tokens.drain(start..end);
    Some(Some((((hour * 60 + minute) * 60 + second) * 1000 + millisecond, offset)))
}

/// Where the time of day starts: a number of up to two digits before a colon, before `h` and a number, or
/// before `am` or `pm`; or four or six digits behind a `T`.
fn start_of_time(tokens: &[Token]) -> Option<usize> {
    let is_number = |at: usize| matches!(tokens.get(at), Some(Token::Number { .. }));
    tokens.iter().enumerate().position(|(at, token)| {
        let Token::Number { digits, .. } = token else { return false };
        let behind_t = at > 0 && tokens.get(at - 1) == Some(&Token::Word("t".into()));
        match tokens.get(at + 1) {
            _ if behind_t && matches!(digits, 4 | 6) => true,
            _ if *digits > 2 => false,
            Some(Token::Sign(':')) => is_number(at + 2),
            Some(Token::Word(word)) => word == "h" && is_number(at + 2) || half(word).is_some(),
            _ => false,
        }
    })
}

/// Whether a word for the first (0) or second (1) half of the day stands behind the time or, as in Korean, before it.
fn half_of_day(rest: &Rest<'_>, start: usize) -> Option<(i64, usize)> {
    [Some(rest.at), start.checked_sub(1)].into_iter().flatten().find_map(|at| match rest.tokens.get(at) {
        Some(Token::Word(word)) => Some((half(word)?, at)),
        _ => None,
    })
}

fn half(word: &str) -> Option<i64> {
    match word {
        "am" | "오전" | "上午" | "午前" => Some(0),
        "pm" | "오후" | "下午" | "午後" => Some(1),
        _ => None,
    }
}

/// The tokens from a place on.
struct Rest<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Rest<'_> {
    fn number(&mut self) -> Option<(i64, usize)> {
        let Some(&Token::Number { value, digits }) = self.tokens.get(self.at) else { return None };
        self.at += 1;
        Some((value, digits))
    }

    /// Takes one of these signs, if a number follows it.
    fn sign(&mut self, signs: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Sign(sign)) if signs.contains(*sign))
            && matches!(self.tokens.get(self.at + 1), Some(Token::Number { .. }));
        self.at += usize::from(found);
        found
    }

    /// Takes this word, if a number follows it.
    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word == wanted)
            && matches!(self.tokens.get(self.at + 1), Some(Token::Number { .. }));
        self.at += usize::from(found);
        found
    }

    /// Takes a zone, `GMT`, `+0100` or `GMT+01:00`: seconds east of Greenwich, 0 when there is none.
    fn zone(&mut self) -> i64 {
        let mut offset = 0;
        if let Some(Token::Word(word)) = self.tokens.get(self.at)
            && let Some(hours) = zone(word)
        {
            self.at += 1;
            offset = hours;
        }
        let east = self.sign("+");
        if !east && !self.sign("-") {
            return offset;
        }
        let (hours, minutes) = match self.number() {
            Some((value, 4)) => (value / 100, value % 100),
            Some((hours, 1 | 2)) => {
                (hours, if self.sign(":") { self.number().map_or(0, |(value, _)| value) } else { 0 })
            }
            _ => return offset,
        };
        // No zone is further from Greenwich than 14 hours; what claims to be is taken for UTC.
        if hours > 14 || minutes > 59 {
            return offset;
        }
        let distance = hours * 3600 + minutes * 60;
        if east { distance } else { -distance }
    }
}

/// A zone's name somewhere in a date without a time.
fn take_zone_word(tokens: &mut Vec<Token>) -> i64 {
    let found = tokens.iter().position(|token| matches!(token, Token::Word(word) if zone(word).is_some()));
    match found.map(|at| tokens.remove(at)) {
        Some(Token::Word(word)) => zone(&word).unwrap_or(0),
        _ => 0,
    }
}

/// Seconds east of Greenwich of a zone's usual name. Where two zones share one, the one of more feeds is meant.
fn zone(name: &str) -> Option<i64> {
    let quarters = match name {
        "z" | "ut" | "utc" | "gmt" | "wet" => 0,
        "cet" | "met" | "mez" | "bst" | "west" | "wat" => 4,
        "cest" | "mest" | "mesz" | "eet" | "sast" | "cat" => 8,
        "eest" | "msk" | "trt" | "eat" => 12,
        "ist" => 22,
        "sgt" | "hkt" | "awst" | "pht" => 32,
        "jst" | "kst" => 36,
        "acst" => 38,
        "aest" => 40,
        "acdt" => 42,
        "aedt" => 44,
        "nzst" => 48,
        "nzdt" => 52,
        "brt" | "art" | "adt" => -12,
        "ast" | "edt" => -16,
        "est" | "cdt" => -20,
        "cst" | "mdt" => -24,
        "mst" | "pdt" => -28,
        "pst" | "akdt" => -32,
        "akst" => -36,
        "hst" => -40,
        _ => return None,
    };
    Some(quarters * 900)
}

/// Beginnings of the names of the months, in lower case and without marks: English, German, French, Spanish,
/// Italian, Portuguese, Dutch, the Scandinavian languages, Polish, Russian, Greek.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen", "sty", "янв", "ιαν"],
    &["feb", "fev", "lut", "фев", "φεβ"],
    &["mar", "maa", "mrt", "мар", "μαρ", "μαρτ"],
    &["apr", "avr", "abr", "kwi", "апр", "απρ"],
    &["may", "mai", "maj", "mei", "mag", "мая", "маи", "μαι", "μαϊ"],
    &["jun", "juin", "giu", "cze", "июн", "ιουν"],
    &["jul", "juil", "lug", "lip", "июл", "ιουλ"],
    &["aug", "aou", "ago", "sie", "авг", "αυγ"],
    &["sep", "set", "wrz", "сен", "σεπ"],
    &["oct", "okt", "out", "ott", "paz", "окт", "οκτ"],
    &["nov", "lis", "ноя", "νοε"],
    &["dec", "dez", "dic", "des", "gru", "дек", "δεκ"],
];

/// Names of days of the week that begin like that of a month.
const DAYS: [&str; 5] = ["mar", "mardi", "martes", "martedi", "maandag"];

fn month(word: &str) -> Option<i64> {
    let place = MONTHS.iter().position(|names| names.iter().any(|name| word.starts_with(name)))?;
    i64::try_from(place + 1).ok()
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
