//! How much time and memory did some work take?

use std::time::{Duration, Instant};

/// Measures work of one thread in CPU time where the system tells it (Linux), else in time on the wall.
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

    /// CPU seconds (user and system) of this thread since the beginning.
    pub fn seconds(&self) -> f64 {
        match (self.cpu, cpu_seconds()) {
            (Some(before), Some(now)) => now - before,
            _ => self.elapsed().as_secs_f64(),
        }
    }
}

/// Seconds of CPU time that this thread has used, user and system.
fn cpu_seconds() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: u64 = told.split_whitespace().next()?.parse().ok()?;
    // Systems that do not count say 0.
    (nanoseconds > 0).then_some(nanoseconds as f64 / 1e9)
}

/// Megabytes (1,000,000 bytes) of memory that this process holds now; `None` where the system does not tell.
pub fn resident_megabytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0 / 1e6)
}
