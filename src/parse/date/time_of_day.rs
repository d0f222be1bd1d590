//! Which time of day, in which zone, stands among the tokens of a date?

use super::Token;
use super::names::zone;

/// The time of day and its zone.
#[derive(Clone, Copy, Default)]
pub(super) struct TimeOfDay {
    /// Since midnight, in milliseconds; may be that of the next day (24:00).
    pub millisecond: i64,
    /// East of Greenwich, in seconds.
    pub offset: i64,
}

/// A time that no clock shows.
pub(super) struct Impossible;

/// Takes the time of day and the zone behind it out of the tokens; midnight where they hold none.
pub(super) fn take(tokens: &mut Vec<Token>) -> Result<TimeOfDay, Impossible> {
    let Some(start) = start_of_time(tokens) else {
        return Ok(TimeOfDay { millisecond: 0, offset: take_zone_word(tokens) });
    };
    let mut rest = Rest { tokens, at: start };
    let (hour, minute, second) = rest.clock().ok_or(Impossible)?;
    let fraction = rest.fraction();
    let hour = match half_of_day(&rest, start) {
        Some((half, at)) => {
            rest.at += usize::from(at == rest.at);
            hour % 12 + 12 * half
        }
        None => hour,
    };
    if hour > 24 || minute > 59 || second > 60 {
        return Err(Impossible);
    }
    let offset = rest.zone();
    let end = rest.at;
    tokens.drain(start..end);
    Ok(TimeOfDay { millisecond: ((hour * 60 + minute) * 60 + second) * 1000 + fraction, offset })
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
    /// Hour, minute and second.
    fn clock(&mut self) -> Option<(i64, i64, i64)> {
        Some(match self.number()? {
            // `150405` or `1504` behind the `T` of the compact form
            (value, 6) => (value / 10_000, value / 100 % 100, value % 100),
            (value, 4) => (value / 100, value % 100, 0),
            (hour, _) => {
                let minute = if self.sign(":") || self.word("h") { self.number()?.0 } else { 0 };
                (hour, minute, if self.sign(":") { self.number()?.0 } else { 0 })
            }
        })
    }

    /// The fraction of a second, in milliseconds.
    fn fraction(&mut self) -> i64 {
        if !self.sign(".,") {
            return 0;
        }
        self.number().map_or(0, |(value, digits)| (value as f64 * 1000.0 / 10f64.powi(digits as i32)) as i64)
    }

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
