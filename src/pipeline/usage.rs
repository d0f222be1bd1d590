//! How much time and memory did this process take?

use std::time::{Duration, Instant};

/// Clock ticks a second in `/proc`; the same on every Linux that matters here.
const TICKS: f64 = 100.0;

/// Measures work in CPU time where the system tells it (Linux), else in time on the wall.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    begun: Instant,
    cpu: Option<f64>,
}

impl Meter {
    /// Begins to measure.
    pub fn start() -> Self {
        Self { begun: Instant::now(), cpu: cpu_seconds() }
    }

    /// Time on the wall since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// CPU seconds (user and system, in steps of 10 ms) since the beginning.
    pub fn seconds(&self) -> f64 {
        match (self.cpu, cpu_seconds()) {
            (Some(before), Some(now)) => now - before,
            _ => self.elapsed().as_secs_f64(),
        }
    }
}

/// Seconds of CPU time that this process has used, user and system.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is a name in brackets that may hold anything.
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

/// Megabytes (1,000,000 bytes) of memory that this process holds now; `None` where the system does not tell.
pub fn resident_megabytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0 / 1e6)
}
