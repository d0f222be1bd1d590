//! How does a test run the daemon in its own process, with a clock that it moves?

use std::io::Write;
use std::sync::{Arc, Mutex};

use overheard::clock::{Clock, Moved};
use overheard::config::{Config, Paths};
use overheard::model::{Duration, SourceHealth, Sources, Timestamp};
use overheard::pipeline::look::{self, SearchAnswer, SearchQuestion, SortBy, Stage};
use overheard::pipeline::supervise::Daemon;

use super::home::Home;

/// When every moved clock starts.
pub const START: Timestamp = Timestamp(1_790_000_000_000);

/// A daemon in this process.
pub struct Inside {
    pub daemon: Arc<Daemon>,
    pub hands: Moved,
    printed: Arc<Mutex<Vec<u8>>>,
}

/// The paths of a home.
pub fn paths(home: &Home) -> Paths {
    Paths { config: home.config(), sources: home.sources(), data: Some(home.data()) }
}

impl Inside {
    /// Starts at the beginning of time.
    pub async fn start(home: &Home) -> Self {
        Self::start_at(home, START).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Starts at a moment; for restarts.
    pub async fn start_at(home: &Home, now: Timestamp) -> anyhow::Result<Self> {
        let (config, _) = Config::load(&paths(home)).unwrap_or_else(|faults| panic!("{faults:#?}"));
        overheard::telemetry::start_metrics();
        overheard::telemetry::start_logs();
        let (clock, hands) = Clock::moved(now);
        let printed = Arc::new(Mutex::new(Vec::<u8>::new()));
        let output: Arc<Mutex<dyn Write + Send>> = printed.clone();
        let daemon = Daemon::start(config, paths(home), clock, output, overheard::web::serve).await?;
        Ok(Self { daemon, hands, printed })
    }

    /// Moves the clock in small steps until `what` gives a value.
    pub async fn until<T>(&self, name: &str, mut what: impl AsyncFnMut() -> Option<T>) -> T {
        super::until(name, async || {
            let found = what().await;
            if found.is_none() {
                self.hands.advance(Duration(250));
            }
            found
        })
        .await
    }

    /// Moves the clock until a source was polled to its end once more.
    pub async fn next_poll(&self, source: &str) {
        let before = self.health(source);
        self.until("the next poll", async || {
            let now = self.health(source);
            let answered = now.last_answered > before.last_answered;
            (answered || now.failures > before.failures).then_some(())
        })
        .await;
    }

    pub fn health(&self, source: &str) -> SourceHealth {
        self.daemon.board.health().into_iter().find(|health| health.name == source).unwrap()
    }

    /// Searches, once everything applied so far is searchable.
    pub fn search(&self, query: &str) -> SearchAnswer {
        self.daemon.archive.flush(std::time::Duration::from_secs(30)).unwrap();
        let ask = SearchQuestion { query: query.to_owned(), sort: SortBy::Newest, limit: 1000, offset: 0 };
        self.daemon.search(&ask).unwrap()
    }

    pub fn titles(&self, query: &str) -> Vec<String> {
        let mut titles: Vec<String> = self.search(query).results.into_iter().map(|found| found.title.text).collect();
        titles.sort();
        titles
    }

    /// Whether every alert was delivered, with the verdict in the journal.
    pub fn nothing_waits(&self) -> bool {
        look::deliveries(&self.daemon.store, Some(Stage::Pending), 1).unwrap().is_empty()
    }

    /// What receivers of kind `console` printed.
    pub fn printed(&self) -> String {
        String::from_utf8(self.printed.lock().unwrap().clone()).unwrap()
    }

    pub fn now(&self) -> Timestamp {
        self.daemon.clock.now()
    }

    /// Stops it as SIGTERM would; returns the time.
    pub async fn stop(self) -> Timestamp {
        let now = self.now();
        self.daemon.stop().await;
        now
    }
}
