//! Which commands are there?
//!
//! One file a command. Commands that only read ask the running daemon where there is one; else they lock the
//! data and look themselves. Exit codes: 0 done, 1 nothing found or a check failed, 2 error.

mod backtest;
mod backup;
mod check;
mod daemon;
mod deliveries;
mod demo;
mod evaluate;
mod explain;
mod feedback;
mod forget;
mod init;
mod kinds;
mod poll;
mod precision;
mod rebuild;
mod reference;
mod run;
mod search;
mod sources;
mod table;
mod test;
mod test_route;
mod why_not;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::clock::Clock;
use crate::config::{Config, Paths};
use crate::model::{Fault, Severity, words};
use crate::pipeline::data::Data;
use crate::query::{Names, QueryError};

/// A self-hosted social-listening daemon: watches feeds, forums and APIs politely, and tells the right person, with the reason.
#[derive(Debug, Parser)]
#[command(name = "overheard", version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    places: PlaceArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Where configuration and data are; for every command.
#[derive(Debug, Args)]
struct PlaceArgs {
    /// Folder with daemon.toml, watches.toml and routes.toml.
    #[arg(long, global = true, value_name = "DIR", default_value = "config", env = "OVERHEARD_CONFIG")]
    config: PathBuf,
    /// File that lists the sources.
    #[arg(long, global = true, value_name = "FILE", default_value = "sources.toml", env = "OVERHEARD_SOURCES")]
    sources: PathBuf,
    /// Folder for the data, in place of `data_dir` in daemon.toml.
    #[arg(long, global = true, value_name = "DIR", env = "OVERHEARD_DATA")]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the daemon (also without any command).
    Run,
    /// Show the product on a small recorded web, without internet.
    Demo(demo::Demo),
    /// Write a starter configuration for your brand.
    Init(init::Init),
    /// Check all configuration and report every fault at once.
    Check(check::Check),
    /// List the kinds of sources and receivers with their settings.
    Kinds(kinds::Kinds),
    /// Ask one source now and print what it would bring; stores nothing.
    Poll(poll::Poll),
    /// Try the examples of all watches and exclusions.
    Test(test::Test),
    /// Search everything that was read.
    Search(search::Search),
    /// Try a watch, or a change of it, on the archive.
    Backtest(backtest::Backtest),
    /// Tell everything that was decided on a post, and why.
    Explain(explain::Explain),
    /// Tell why a watch did not bring a post to anybody.
    WhyNot(why_not::WhyNotArgs),
    /// Show how each source does.
    Sources(sources::SourcesArgs),
    /// List deliveries and dead letters, and replay them.
    Deliveries(deliveries::Deliveries),
    /// Measure a part on data with known answers.
    Evaluate(evaluate::Evaluate),
    /// Send a marked sample alert to a receiver.
    TestRoute(test_route::TestRoute),
    /// Make the views (store and archive) anew from the journal.
    Rebuild,
    /// Copy the data, also while the daemon runs.
    Backup(backup::Backup),
    /// Say what a post is, or whether it matters; later posts are read by it.
    Feedback(feedback::Feedback),
    /// Tell how much of what each watch finds is relevant, as people said.
    Precision(precision::Precision),
    /// Let nothing be left of a post or of an author.
    Forget(forget::Forget),
    /// Write or check the generated reference in config/reference.
    #[command(hide = true)]
    Reference(reference::Reference),
}

/// How listings are printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct Format {
    /// Print JSON.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV.
    #[arg(long)]
    pub csv: bool,
}

/// How a command ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// Nothing was found, or a check failed.
    Nothing,
}

/// What every command may need.
pub struct Context {
    pub paths: Paths,
    pub clock: Clock,
}

impl Context {
    /// The whole configuration, or an error that lists every fault.
    pub fn load(&self) -> anyhow::Result<(Config, Vec<Fault>)> {
        Config::load(&self.paths).map_err(|faults| {
            let errors = faults.iter().filter(|fault| fault.severity == Severity::Error).count();
            let lines: Vec<String> =
                faults.iter().filter(|fault| fault.severity == Severity::Error).map(ToString::to_string).collect();
            anyhow::anyhow!(
                "the configuration has {}:\n  {}\n`overheard check` shows them in place",
                words::count(errors as u64, "fault"),
                lines.join("\n  ")
            )
        })
    }

    /// The data directory: as given, else as daemon.toml says, even where other files have faults.
    pub fn data_dir(&self) -> PathBuf {
        self.paths.data_dir()
    }

    /// The running daemon, if there is one.
    pub fn daemon(&self) -> Option<daemon::Client> {
        daemon::Client::find(&self.data_dir())
    }

    /// Opens the data for a command that looks itself; it must exist.
    pub fn open_data(&self) -> anyhow::Result<Data> {
        let dir = self.data_dir();
        anyhow::ensure!(
            is_data(&dir),
            "there is no data in {}; start `overheard run` first, or name the folder with --data",
            dir.display()
        );
        let (data, findings) = Data::open(&dir, &self.clock)?;
        findings.iter().for_each(|finding| tracing::warn!("{finding}"));
        Ok(data)
    }

    /// The lists that queries may name; none where the configuration has faults.
    pub fn names(&self) -> Names {
        Config::load(&self.paths).map(|(config, _)| config.names).unwrap_or_default()
    }
}

fn is_data(dir: &Path) -> bool {
    dir.join("journal").is_dir()
}

/// A query with a mark under what is wrong, and the hint.
pub fn query_error(query: &str, error: &QueryError) -> String {
    let before = query.get(..error.span.start.min(query.len())).unwrap_or(query);
    let within = query.get(error.span.start..error.span.end.min(query.len())).unwrap_or_default();
    let mark = "^".repeat(within.chars().count().max(1));
    let hint = error.hint().map(|hint| format!("\n  {hint}")).unwrap_or_default();
    format!("{error}\n  {query}\n  {}{mark}{hint}", " ".repeat(before.chars().count()))
}

/// Runs the command line and says how it ended.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // Not locked: receivers of the running daemon print too.
    let mut out = std::io::stdout();
    match dispatch(cli, &mut out).and_then(|exit| Ok(out.flush().map(|()| exit)?)) {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(Exit::Nothing) => ExitCode::from(1),
        // `overheard search … | head` closes the pipe; that is no fault.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done when standard error is gone too.
            let _ = writeln!(std::io::stderr(), "overheard: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

fn dispatch(cli: Cli, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let PlaceArgs { config, sources, data } = cli.places;
    let context = Context { paths: Paths { config, sources, data }, clock: Clock::System };
    match cli.command.unwrap_or(Command::Run) {
        Command::Run => run::run(&context),
        Command::Demo(args) => demo::run(&args),
        Command::Init(args) => init::run(&args, &context, out),
        Command::Check(args) => check::run(&args, &context, out),
        Command::Kinds(args) => kinds::run(&args, out),
        Command::Poll(args) => poll::run(&args, &context, out),
        Command::Test(args) => test::run(&args, &context, out),
        Command::Search(args) => search::run(&args, &context, out),
        Command::Backtest(args) => backtest::run(&args, &context, out),
        Command::Explain(args) => explain::run(&args, &context, out),
        Command::WhyNot(args) => why_not::run(&args, &context, out),
        Command::Sources(args) => sources::run(&args, &context, out),
        Command::Deliveries(args) => deliveries::run(&args, &context, out),
        Command::Evaluate(args) => evaluate::run(&args, out),
        Command::TestRoute(args) => test_route::run(&args, &context, out),
        Command::Rebuild => rebuild::run(&context, out),
        Command::Backup(args) => backup::run(&args, &context, out),
        Command::Feedback(args) => feedback::run(&args, &context, out),
        Command::Precision(args) => precision::run(&args, &context, out),
        Command::Forget(args) => forget::run(&args, &context, out),
        Command::Reference(args) => reference::run(&args, out),
    }
}
