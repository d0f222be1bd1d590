//! Which metrics are there, and what do they count?

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Posts read, by `source` and `outcome`.
pub const POSTS: &str = "overheard_posts_total";
/// Mentions that sent nothing, by `reason`.
pub const HELD_BACK: &str = "overheard_alerts_held_back_total";
/// Alerts decided, by `receiver`.
pub const ALERTS: &str = "overheard_alerts_total";
/// 1 for the state that a source is in, 0 for one that it was in; by `source` and `state`.
pub const SOURCE_HEALTH: &str = "overheard_source_health";
/// Polls ended, by `source` and `result`.
pub const POLLS: &str = "overheard_polls_total";
/// Seconds from the moment that a poll was due until its first request went out.
pub const POLL_LATENESS: &str = "overheard_poll_lateness_seconds";
/// Conversations read again.
pub const THREADS: &str = "overheard_threads_read_total";
/// Conversations that are followed no more, by `reason`.
pub const THREADS_ENDED: &str = "overheard_threads_ended_total";
/// Position of the last frame in the journal.
pub const JOURNAL_POSITION: &str = "overheard_journal_position";
/// 1 while the disk takes no writes and intake is stopped, else 0.
pub const INTAKE_STOPPED: &str = "overheard_intake_stopped";
/// Configuration reloads, by `result`.
pub const RELOADS: &str = "overheard_config_reloads_total";
/// Issues that are open.
pub const ISSUES_OPEN: &str = "overheard_issues_open";
/// 1 when the last reload was taken, 0 when it was rejected and the old configuration runs on.
pub const CONFIG_OK: &str = "overheard_config_last_reload_successful";

/// Registers the help texts.
pub(super) fn describe() {
    describe_counter!(POSTS, "Posts read, by source and outcome");
    describe_counter!(HELD_BACK, "Mentions that sent nothing, by reason");
    describe_counter!(ALERTS, "Alerts decided, by receiver");
    describe_gauge!(SOURCE_HEALTH, "1 for the state that a source is in, 0 for one that it was in");
    describe_counter!(POLLS, "Polls ended, by source and result");
    describe_counter!("overheard_fetch_requests_total", "Requests of the door in, by result");
    describe_counter!("overheard_fetch_bytes_total", "Bytes of bodies read, decompressed");
    describe_histogram!(POLL_LATENESS, "Seconds from when a poll was due until its request went out");
    describe_counter!("overheard_deliveries_total", "Attempts to deliver, by receiver and result");
    describe_histogram!("overheard_delivery_seconds", "How long receivers take, by receiver");
    describe_gauge!("overheard_receiver_failures", "Attempts in a row that a receiver did not take");
    describe_counter!(THREADS, "Conversations of mentions read again");
    describe_counter!(THREADS_ENDED, "Conversations that are followed no more, by reason");
    describe_gauge!(JOURNAL_POSITION, "Position of the last frame in the journal");
    describe_gauge!(INTAKE_STOPPED, "1 while the disk takes no writes and intake is stopped, else 0");
    describe_counter!(RELOADS, "Configuration reloads, by result");
    describe_gauge!(ISSUES_OPEN, "issues open: sources gone deaf");
    describe_gauge!(CONFIG_OK, "1 when the last reload was taken, 0 when it was rejected");
}
