//! How does a stream of bytes become whole server-sent events?
//!
//! As the HTML standard lays down (section 9.2): lines end in LF, CR or CRLF, an empty line ends an event, a line that begins
//! with a colon is only a sign of life. An event keeps its `event:`, `data:` and `id:` lines as they came.

use std::collections::VecDeque;

use crate::model::{Duration, FetchProblem};

/// Longest line, and longest event, in bytes.
const MAX_LINE: usize = 512 * 1024;
const MAX_EVENT: usize = 1024 * 1024;

/// What has come and is not yet taken.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    /// The last byte was a CR: an LF behind it ends no other line.
    after_cr: bool,
    event: String,
    has_data: bool,
    whole: VecDeque<String>,
    /// How long the server wants us to stay away after a break.
    pub retry: Option<Duration>,
}

impl Events {
    /// Takes the next bytes.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), FetchProblem> {
        for byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, *byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => self.end_line()?,
                _ if self.line.len() >= MAX_LINE => return Err(FetchProblem::TooLarge { limit: MAX_LINE }),
                _ => self.line.push(*byte),
            }
        }
        Ok(())
    }

    /// The next whole event: its lines, and the empty line that closes it.
    pub fn next(&mut self) -> Option<String> {
        self.whole.pop_front()
    }

    fn end_line(&mut self) -> Result<(), FetchProblem> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_start_matches('\u{feff}');
        if line.is_empty() {
            self.end_event();
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        match field {
            "data" => self.has_data = true,
            "event" | "id" => {}
            "retry" => {
                self.retry = value.trim().parse().ok().map(Duration);
                return Ok(());
            }
            // Comments and fields that nobody knows.
            _ => return Ok(()),
        }
        if self.event.len() + line.len() > MAX_EVENT {
            return Err(FetchProblem::TooLarge { limit: MAX_EVENT });
        }
        self.event.push_str(line);
        self.event.push('\n');
        Ok(())
    }

    fn end_event(&mut self) {
        let event = std::mem::take(&mut self.event);
        if std::mem::take(&mut self.has_data) {
            self.whole.push_back(format!("{event}\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let mut events = Events::default();
        pieces.iter().for_each(|piece| events.take(piece).expect("bytes within bounds"));
        std::iter::from_fn(|| events.next()).collect()
    }

    #[test]
    fn events_are_whole_however_they_are_cut_and_whatever_ends_their_lines() {
        let one = "event: update\ndata: {\"id\": 1}\n\n";
        let two = "data: a\ndata: b\nid: 7\n\n";
        let text = format!("\u{feff}:thump\n\n{one}: more\n{two}event: no data\n\ndata: unfinished");
        let text = text.as_bytes();
        let crlf = String::from_utf8_lossy(text).replace('\n', "\r\n");
        let cr = crlf.replace('\n', "");
        for bytes in [text, crlf.as_bytes(), cr.as_bytes()] {
            for size in [1, 2, 3, 7, bytes.len()] {
                let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
                assert_eq!(events(&pieces), [one, two], "in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_line_and_an_event_have_a_bound() {
        let too_large = |limit| Err(FetchProblem::TooLarge { limit });
        assert_eq!(Events::default().take(&vec![b'a'; MAX_LINE + 1]), too_large(MAX_LINE));
        let lines = format!("data:{}\n", "a".repeat(1000)).repeat(MAX_EVENT / 1000);
        assert_eq!(Events::default().take(lines.as_bytes()), too_large(MAX_EVENT));
    }

    #[test]
    fn the_server_says_how_long_to_stay_away() {
        let mut events = Events::default();
        events.take(b"retry: 2500\nretry\n\n").expect("bytes");
        assert_eq!(events.retry, None, "the last word counts");
        events.take(b"retry: 2500\n").expect("bytes");
        assert_eq!(events.retry, Some(Duration(2500)));
    }
}
