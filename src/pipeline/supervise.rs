//! Which tasks make up the daemon, and how do they start, change and stop together?

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Context;
use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use metrics::{counter, gauge};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::backtest::{self, BacktestError, Question, Report, Tell};
use super::coverage::Silences;
use super::data::{self, Data, Places};
use super::holds::Holds;
use super::lessons::Lessons;
use super::look::{self, SearchAnswer, SearchError, SearchQuestion};
use super::ours::Ours;
use super::push::{self, PushError, Pushed, Taken};
use super::rates::Rates;
use super::schedule::{self, Listeners};
use super::writer::{Desk, Writer};
use super::{Board, Rules, doors, ears, threads, upkeep};
use crate::archive::Archive;
use crate::clock::Clock;
use crate::config::{Changes, Config, Paths, ReceiverConfig, SourceConfig, Watcher};
use crate::deliver::{Deliverer, Destination, Output, Parts, Sender, Tried};
use crate::fetch::Door;
use crate::http::Client;
use crate::journal::{DataLock, History, Journal};
use crate::model::{
    Coverage, Day, Duration, Fault, Issue, Position, Secret, Severity, SourceHealth, SourceState, Sources, Timestamp,
    words,
};
use crate::store::Store;
use crate::telemetry::{CONFIG_OK, RELOADS};

/// How long running polls and requests may take to end when the daemon stops.
const DRAIN: Duration = Duration::seconds(5);
/// How long deliveries under way may take to land when the daemon stops.
const LAND: Duration = Duration::seconds(5);

/// Back-tests and countings that run at the same time.
const DESKS: usize = 2;

/// Serves the page and the API until the token is cancelled; the web front's own function.
pub type Front = fn(TcpListener, Arc<Daemon>, CancellationToken) -> BoxFuture<'static, std::io::Result<()>>;

/// The running daemon, and what the web front and tests may ask of it.
pub struct Daemon {
    pub clock: Clock,
    pub board: Board,
    pub store: Arc<Store>,
    pub archive: Arc<Archive>,
    pub deliverer: Arc<Deliverer>,
    pub writer: Writer,
    /// Each back-test and each counting holds one while it runs: they must not keep the line from the disk.
    pub desks: Arc<Semaphore>,
    /// Where the page and the API listen.
    pub address: SocketAddr,
    dir: PathBuf,
    history: History,
    places: Places,
    paths: Paths,
    config: ArcSwap<Config>,
    rules: Arc<ArcSwap<Rules>>,
    /// What people taught by correcting.
    pub lessons: Arc<Lessons>,
    /// How many posts a day each source brings; counted once an hour.
    rates: ArcSwap<Rates>,
    listeners: Listeners,
    pushes: Semaphore,
    token: Secret,
    /// Faults of the last configuration that was rejected; empty when the newest one runs.
    rejected: Mutex<Vec<Fault>>,
    /// One forgetting at a time.
    pub(super) forgetting: tokio::sync::Mutex<()>,
    /// One reload at a time.
    reloading: tokio::sync::Mutex<()>,
    /// Told whenever another configuration was taken.
    reloaded: tokio::sync::Notify,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Taken by the one who stops the daemon.
    ending: Mutex<Option<Ending>>,
}

/// What only the end of the daemon needs.
struct Ending {
    writer: std::thread::JoinHandle<Journal>,
    lock: DataLock,
}

/// Whether the daemon does its work, and what keeps it from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Condition {
    pub ready: bool,
    pub problems: Vec<String>,
}

/// What a running daemon leaves in its data directory (`daemon.json`, mode 0600) for commands to find it.
#[derive(Clone, Serialize, Deserialize)]
pub struct DaemonFile {
    pub address: SocketAddr,
    pub token: String,
    pub pid: u32,
}

impl Daemon {
    /// Opens the data, starts every task, and returns when the page answers.
    ///
    /// # Errors
    /// The data directory is taken or cannot be read, or the address to listen on is taken.
    pub async fn start(
        config: Config,
        paths: Paths,
        clock: Clock,
        output: Output,
        front: Front,
    ) -> anyhow::Result<Arc<Self>> {
        let dir = config.daemon.data_dir.clone();
        let (data, findings) = tokio::task::spawn_blocking({
            let (dir, clock) = (dir.clone(), clock.clone());
            move || Data::open(&dir, &clock)
        })
        .await??;
        for finding in findings {
            tracing::warn!("{finding}");
        }
        let listen = config.daemon.listen;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}; change `listen` in daemon.toml"))?;

        let Data { journal, store, archive, lock, .. } = data;
        let history = journal.history();
        let rules = Arc::new(ArcSwap::from_pointee(rules_of(&config)));
        // Before anything is read: a post must not be read otherwise for having come early.
        let lessons = tokio::task::spawn_blocking({
            let store = store.clone();
            move || Lessons::of(&store)
        });
        let lessons = Arc::new(lessons.await?);
        let wake = Arc::new(OnceLock::<Arc<Deliverer>>::new());
        let desk = Desk {
            journal,
            store: store.clone(),
            archive: archive.clone(),
            dir: dir.clone(),
            rules: rules.clone(),
            lessons: lessons.clone(),
            wake: Box::new({
                let wake = wake.clone();
                move |receiver| wake.get().into_iter().for_each(|deliverer| deliverer.wake(receiver))
            }),
        };
        let (writer, thread) = Writer::start(desk).context("cannot start the writer")?;
        let stop = CancellationToken::new();
        let client = Client::new(&doors::client_settings(&config))?;
        let parts = Parts {
            outbox: store.clone(),
            ledger: Arc::new(writer.clone()),
            client: client.clone(),
            output,
            clock: clock.clone(),
        };
        let deliverer = Arc::new(Deliverer::new(parts, stop.child_token()));
        // Set once, here: nobody else holds it yet.
        let _ = wake.set(deliverer.clone());
        let board = Board::new(clock.clone());
        let places = Places::of(&dir);
        let door = Door::new(doors::door_settings(&config), clock.clone())?;
        let listening = schedule::Parts {
            door: door.clone(),
            writer: writer.clone(),
            store: store.clone(),
            board: board.clone(),
            clock: clock.clone(),
            holds: Holds::at(places.holds.clone()),
        };
        let listeners = Listeners::new(listening, stop.child_token());

        let daemon = Arc::new(Self {
            clock,
            board,
            store,
            archive,
            deliverer,
            writer,
            desks: Arc::new(Semaphore::new(DESKS)),
            address: listener.local_addr()?,
            dir,
            history,
            places,
            paths,
            config: ArcSwap::from_pointee(config),
            rules,
            lessons,
            rates: ArcSwap::default(),
            listeners,
            pushes: Semaphore::new(push::AT_ONCE),
            token: Secret::new(new_token()?),
            rejected: Mutex::default(),
            forgetting: tokio::sync::Mutex::default(),
            reloading: tokio::sync::Mutex::default(),
            reloaded: tokio::sync::Notify::new(),
            stop: stop.clone(),
            tasks: TaskTracker::new(),
            ending: Mutex::new(Some(Ending { writer: thread, lock })),
        });
        daemon.leave_address().context("cannot write daemon.json")?;
        daemon.take(&daemon.config.load(), client)?;
        gauge!(CONFIG_OK).set(1.0);
        let watcher = Watcher::new(&daemon.paths, daemon.clock.clone());
        daemon.tasks.spawn(upkeep::run(daemon.clone(), watcher, stop.clone()));
        daemon.tasks.spawn(ears::run(daemon.clone(), stop.clone()));
        daemon.tasks.spawn(threads::run(daemon.clone(), door, stop.clone()));
        daemon.tasks.spawn({
            let daemon = daemon.clone();
            async move {
                if let Err(error) = front(listener, daemon, stop).await {
                    tracing::error!(%error, "the page stopped");
                }
            }
        });
        Ok(daemon)
    }

    /// Gives every part what it needs of a configuration.
    fn take(&self, config: &Config, client: Client) -> anyhow::Result<()> {
        self.deliverer.reconfigure(client, config.receivers.iter().map(destination).collect());
        self.board
            .configure(config.sources.iter().map(|source| (source.name.clone(), source.kind.to_owned(), source.every)));
        self.listeners.reconfigure(config)?;
        Ok(())
    }

    /// Takes the configuration files as they are now, whole; or rejects them, and the old configuration runs on.
    pub async fn reload(&self) -> Result<Changes, Vec<Fault>> {
        let _one_at_a_time = self.reloading.lock().await;
        let (paths, before) = (self.paths.clone(), self.config.load().watches.clone());
        let loaded = tokio::task::spawn_blocking(move || Config::load_after(&before, &paths)).await;
        let loaded = loaded.unwrap_or_else(|error| Err(vec![Fault::error("", None, error.to_string())]));
        let taken = loaded.and_then(|(config, warnings)| {
            warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            self.swap(config).map_err(|error| vec![Fault::error("", None, format!("{error:#}"))])
        });
        match &taken {
            Ok(changes) => tracing::info!(%changes, "configuration reloaded"),
            Err(faults) => {
                tracing::error!(faults = faults.len(), "the changed configuration has faults; the old one runs on");
                faults.iter().for_each(|fault| tracing::error!("{fault}"));
            }
        }
        let result = if taken.is_ok() { "taken" } else { "rejected" };
        counter!(RELOADS, "result" => result).increment(1);
        gauge!(CONFIG_OK).set(f64::from(u8::from(taken.is_ok())));
        if let Err(faults) = &taken {
            self.set_rejected(errors(faults));
        }
        taken
    }

    fn swap(&self, config: Config) -> anyhow::Result<Changes> {
        let before = self.config.load_full();
        not_emptied(&before, &config)?;
        let changes = Changes::between(&before, &config);
        let client = Client::new(&doors::client_settings(&config))?;
        self.rules.store(Arc::new(rules_of(&config)));
        self.take(&config, client)?;
        // Before the configuration is seen: nobody finds the new one and the old one's faults together.
        self.set_rejected(Vec::new());
        self.config.store(Arc::new(config));
        self.reloaded.notify_one();
        Ok(changes)
    }

    fn set_rejected(&self, faults: Vec<Fault>) {
        *self.rejected.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Returns when another configuration was taken since this was asked last.
    pub(super) async fn reloaded(&self) {
        self.reloaded.notified().await;
    }

    /// The configuration that runs.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// How every configured source does, with the limit under which it is asked.
    pub fn sources(&self) -> Vec<SourceHealth> {
        let config = self.config.load();
        let configured: HashMap<&str, &SourceConfig> =
            config.sources.iter().map(|source| (source.name.as_str(), source)).collect();
        let (rates, now) = (self.rates(), self.clock.now());
        let silences = Silences::of(&self.issues(), self.store.downs().unwrap_or_default(), now);
        let read: HashMap<String, SourceState> = self.store.sources().unwrap_or_default().into_iter().collect();
        let mut sources = self.board.health();
        for seen in &mut sources {
            let first = read.get(&seen.name).and_then(|state| state.first_polled);
            // Before it was read for the first time there was nothing to hear.
            let since = |days| first.unwrap_or(now).max(now - Duration::days(days)).min(now);
            let coverage = |days| first.map(|_| silences.coverage(&seen.name, first, since(days), now));
            (seen.coverage_day, seen.coverage_week) = (coverage(1), coverage(7));
            seen.expected_per_day = rates.get(&seen.name).map(|rate| rate.per_day);
            seen.budget = configured.get(seen.name.as_str()).and_then(|source| self.listeners.budget(source));
        }
        sources
    }

    /// For how much of a local day the sources could be heard that were configured all the while.
    pub(super) fn heard_on(&self, day: Day, zone: &TimeZone) -> Option<Coverage> {
        let from = Timestamp::start_of(day, zone);
        let until = from.end_of_day(zone).min(self.clock.now());
        let silences = Silences::of(&self.issues(), self.store.downs().ok()?, self.clock.now());
        let (config, read) = (self.config(), self.store.sources().ok()?);
        let configured: HashSet<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
        let sources = read.into_iter().filter(|(name, _)| configured.contains(name.as_str()));
        silences.over(sources.map(|(name, state)| (name, state.first_polled)), from, until)
    }

    /// Every issue that is remembered, the open ones first; none while the store cannot be read.
    pub fn issues(&self) -> Vec<Issue> {
        self.store.issues().unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot read the issues");
            Vec::new()
        })
    }

    /// What the line decides by.
    pub(super) fn rules(&self) -> Arc<Rules> {
        self.rules.load_full()
    }

    /// What is expected of each source.
    pub(super) fn rates(&self) -> Arc<Rates> {
        self.rates.load_full()
    }

    pub(super) fn set_rates(&self, rates: Rates) {
        self.rates.store(Arc::new(rates));
    }

    /// A place for one push more, to be kept while it is read and written; none when too many are on their way.
    pub fn place_for_push(&self) -> Option<SemaphorePermit<'_>> {
        self.pushes.try_acquire().ok()
    }

    /// Takes what was pushed for a source.
    ///
    /// # Errors
    /// No such source, not authorised, not readable, or nothing can be written: then nothing was taken.
    pub async fn push(&self, name: &str, pushed: Pushed) -> Result<Taken, PushError> {
        let config = self.config();
        let source = config.source(name).filter(|source| source.enabled).ok_or(PushError::NoSuchSource)?;
        if self.is_stopping() {
            return Err(PushError::Stopped);
        }
        self.listeners.push(source, pushed).await
    }

    /// Searches the archive.
    pub fn search(&self, ask: &SearchQuestion) -> Result<SearchAnswer, SearchError> {
        look::search(&self.archive, &self.store, &self.config.load().names, ask, self.clock.now())
    }

    /// The newest mentions.
    pub fn recent_mentions(&self, limit: usize) -> Result<SearchAnswer, SearchError> {
        look::recent_mentions(&self.archive, &self.store, limit, self.clock.now())
    }

    /// Runs a watch over the archive; for a thread that may block.
    ///
    /// # Errors
    /// As [`backtest::run`]; also when the changed file has faults.
    pub fn backtest(&self, question: &Question, tell: Tell<'_>) -> Result<Report, BacktestError> {
        let current = self.config.load_full();
        let changed = question.changed(&self.paths)?;
        backtest::run(question, (&current, changed.as_ref()), &self.archive, self.clock.now(), tell)
    }

    /// Whether the daemon is on its way out.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Copies the data while the daemon runs.
    pub async fn backup(&self, to: PathBuf) -> anyhow::Result<Position> {
        let (history, places) = (self.history.clone(), self.places.clone());
        tokio::task::spawn_blocking(move || data::backup(&history, &places, &to)).await?
    }

    /// Whether the daemon does its work.
    pub fn condition(&self) -> Condition {
        let mut problems = Vec::new();
        if self.writer.is_stopped() {
            problems.push("The disk takes no writes: nothing new is read until there is room.".to_owned());
        }
        if let Some(problem) = self.archive.health().problem {
            problems.push(format!("The archive cannot be written, new posts cannot be found yet: {}", problem.why));
        }
        let ready = problems.is_empty();
        let rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        if !rejected.is_empty() {
            let first = rejected.first().map(ToString::to_string).unwrap_or_default();
            let count = words::count(rejected.len() as u64, "fault");
            problems.push(format!("The changed configuration was rejected ({count}) and the old one runs on: {first}"));
        }
        Condition { ready, problems }
    }

    /// What calls that change something must show.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// Keeps the waits that hosts asked for over a restart.
    pub(super) fn save_holds(&self) {
        self.listeners.save_holds();
    }

    /// The journal, to be read while it is written.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The data directory.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// Stops every task within a bound and closes the data cleanly.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        let drained = async {
            self.listeners.ended().await;
            self.tasks.wait().await;
        };
        if tokio::time::timeout(DRAIN.to_std(), drained).await.is_err() {
            tracing::warn!(
                "some polls or requests did not end in time; what they read is read again after the next start"
            );
        }
        if !self.deliverer.stopped(LAND).await {
            tracing::warn!(
                "some deliveries did not land in time; they are repeated after the next start, with the same id"
            );
        }
        let ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(ending) = ending else { return };

        let (store, archive) = (self.store.clone(), self.archive.clone());
        let writer = self.writer.clone();
        let closed = async move {
            writer.close().await;
            tokio::task::spawn_blocking(move || close(ending, &store, &archive)).await
        };
        match tokio::time::timeout(DRAIN.to_std(), closed).await {
            Ok(Ok(Ok(()))) => tracing::info!("stopped"),
            Ok(Ok(Err(error))) => tracing::error!("stopped, but not cleanly: {error:#}"),
            Ok(Err(_)) | Err(_) => {
                tracing::error!("stopped before everything was written to the views; the next start makes them again")
            }
        }
        // Gone already, or unwritable: a stale file only costs commands one failed knock.
        let _ = std::fs::remove_file(&self.places.daemon);
    }

    fn leave_address(&self) -> anyhow::Result<()> {
        let file = DaemonFile { address: self.address, token: self.token.expose().to_owned(), pid: std::process::id() };
        data::write_private(&self.places.daemon, &serde_json::to_vec(&file)?)
    }
}

/// A file that an editor has only begun to write is empty. Nobody stops listening by emptying a file: whoever means
/// it restarts the daemon.
fn not_emptied(before: &Config, after: &Config) -> anyhow::Result<()> {
    for (file, before, after) in [
        ("sources.toml", before.sources.len(), after.sources.len()),
        ("watches.toml", before.watches.specs().len(), after.watches.specs().len()),
        ("routes.toml", before.receivers.len(), after.receivers.len()),
    ] {
        anyhow::ensure!(
            before == 0 || after > 0,
            "{file} has nothing in it any more; if that is meant, restart the daemon"
        );
    }
    Ok(())
}

/// Only what kept a configuration from being taken.
fn errors(faults: &[Fault]) -> Vec<Fault> {
    faults.iter().filter(|fault| fault.severity == Severity::Error).cloned().collect()
}

/// Ends the writer and closes both views; everything written before is in them.
fn close(ending: Ending, store: &Store, archive: &Archive) -> anyhow::Result<()> {
    let Ending { writer, lock } = ending;
    let journal = writer.join().map_err(|_| anyhow::anyhow!("the writer ended in a panic"))?;
    archive.flush(data::FLUSH)?;
    store.mark_clean()?;
    drop((journal, lock));
    Ok(())
}

/// Sends a marked sample to one receiver the way every alert goes; journals nothing.
pub async fn send_sample(receiver: &ReceiverConfig, client: Client, clock: Clock) -> Tried {
    let output = Arc::new(Mutex::new(std::io::stdout()));
    Sender::new(client, output, clock).send_sample(&destination(receiver)).await
}

fn destination(receiver: &ReceiverConfig) -> Destination {
    Destination {
        name: receiver.name.clone(),
        allow_private: receiver.allow_private,
        receiver: receiver.receiver.clone(),
    }
}

/// What the line decides by, out of a configuration.
pub fn rules_of(config: &Config) -> Rules {
    Rules {
        watches: config.watches.clone(),
        routes: Arc::new(config.route.clone()),
        exclusions: config.exclusions.clone(),
        time_zone: config.daemon.time_zone.zone.clone(),
        first_poll_alert_age: config.daemon.first_poll_alert_age,
        team: Arc::new(Ours::new(&config.daemon.team)),
        follow_score: config.daemon.follow_score,
        scoring: Arc::new(config.daemon.score.clone()),
        max_alerts: Arc::new(config.receivers.iter().map(|to| (to.name.clone(), to.max_alerts)).collect()),
    }
}

/// 128 bits from the system's random source, in hexadecimal.
fn new_token() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers from the system: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
