//! How does somebody at a terminal see how far a long command is?

use std::io::{IsTerminal, Write};

use crate::clock::Clock;
use crate::model::{Duration, Timestamp};
use crate::pipeline::backtest::Progress;

/// What takes less is not worth a line.
const SHOW_AFTER: Duration = Duration(500);
/// How often the line is written anew.
const SHOW_EVERY: Duration = Duration(100);

/// One line on standard error that is written over; none where that is no terminal.
pub struct Meter<'a> {
    clock: &'a Clock,
    terminal: bool,
    started: Timestamp,
    shown: Option<Timestamp>,
}

impl<'a> Meter<'a> {
    pub fn new(clock: &'a Clock) -> Self {
        Self { clock, terminal: std::io::stderr().is_terminal(), started: clock.now(), shown: None }
    }

    pub fn show(&mut self, progress: Progress) {
        let now = self.clock.now();
        let soon =
            now.since(self.started) < SHOW_AFTER || self.shown.is_some_and(|shown| now.since(shown) < SHOW_EVERY);
        if !self.terminal || soon {
            return;
        }
        self.shown = Some(now);
        // A line that cannot be shown holds nothing up.
        let _ = write!(std::io::stderr(), "\r\x1b[2K{} of about {} posts visited", progress.done, progress.of);
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}
