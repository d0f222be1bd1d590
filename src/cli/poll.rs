//! `overheard poll NAME`: what would a source bring right now?

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde_json::json;
use url::Url;

use super::table::plain;
use super::{Context, Exit};
use crate::config::sample::source_of;
use crate::model::event::{Decided, PageRead};
use crate::model::words::count;
use crate::model::{Fault, Progress, Response, Timestamp, nearest};
use crate::pipeline::rehearse::{Blank, max_answer, poll_once, rehearse};
use crate::pipeline::{Page, Rules};
use crate::source::KINDS;

/// Asks one source now, or reads a recorded answer, and prints what it would bring. Stores nothing.
#[derive(Debug, Args)]
pub struct Poll {
    /// Name of a source in sources.toml.
    #[arg(required_unless_present = "kind", conflicts_with_all = ["kind", "from"])]
    name: Option<String>,
    /// Read a recorded answer with this kind instead.
    #[arg(long, requires = "from")]
    kind: Option<String>,
    /// The recorded answer's body.
    #[arg(long, value_name = "FILE", requires = "kind")]
    from: Option<PathBuf>,
    /// The recorded answer's headers, a `Name: value` a line.
    #[arg(long, value_name = "FILE", requires = "from")]
    headers: Option<PathBuf>,
    /// Where the recorded answer came from; relative links are resolved against it.
    #[arg(long, value_name = "URL", requires = "from", default_value = "https://recorded.example/")]
    url: Url,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Runs the command: 1 when no post was read.
pub fn run(args: &Poll, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let pages = match (&args.name, &args.kind, &args.from) {
        (Some(name), ..) => ask(name, context)?,
        (None, Some(kind), Some(from)) => vec![read(kind, from, args, context.clock.now())?],
        (None, ..) => bail!("name a source, or a kind and a file"),
    };
    let mut posts = 0;
    for page in &pages {
        posts += page.posts.len();
        if args.json { write_json(page, out)? } else { write_text(page, out)? }
    }
    Ok(if posts == 0 { Exit::Nothing } else { Exit::Done })
}

/// Asks a configured source through the real door; decides as if everything were new.
fn ask(name: &str, context: &Context) -> anyhow::Result<Vec<PageRead>> {
    let (config, _) = context.load()?;
    let Some(source) = config.source(name) else {
        let known: Vec<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
        let hint = nearest(name, known.iter().copied()).map(|word| format!("; did you mean `{word}`?"));
        bail!("there is no source `{name}` in {}{}", context.paths.sources.display(), hint.unwrap_or_default());
    };
    let polled = super::run::runtime()?.block_on(poll_once(&config, source, context.clock.clone()));
    polled.with_context(|| format!("`{name}` brought nothing"))
}

/// A recorded body, no larger than one that the daemon would take.
fn recorded_body(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bound = max_answer() as u64;
    let mut body = Vec::new();
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.take(bound + 1).read_to_end(&mut body).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(
        body.len() as u64 <= bound,
        "{} is larger than the {} MiB that are taken of an answer",
        path.display(),
        bound >> 20
    );
    Ok(body)
}

/// Reads a recorded answer as a source of this kind would.
fn read(kind: &str, from: &Path, args: &Poll, now: Timestamp) -> anyhow::Result<PageRead> {
    let Some(kind) = KINDS.iter().find(|known| known.name() == kind) else {
        let hint = nearest(kind, KINDS.iter().map(|kind| kind.name())).map(|word| format!("; did you mean `{word}`?"));
        bail!("there is no kind `{kind}`{}; `overheard kinds` lists them", hint.unwrap_or_default());
    };
    let response = Response {
        status: 200,
        url: args.url.clone(),
        headers: args.headers.as_deref().map(recorded_headers).transpose()?.unwrap_or_default(),
        body: recorded_body(from)?.into(),
        received_at: now,
    };
    let told = |faults: Vec<Fault>| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let source = source_of(kind.sample()).map_err(|faults| anyhow::anyhow!("{}", told(faults)))?.source;
    let reading = source.read(&Progress::default(), &response)?;
    let page = Page {
        source: kind.name().to_owned(),
        kind: kind.name().to_owned(),
        base: args.url.clone(),
        received_at: now,
        reading,
        first_poll: false,
        end: None,
        gap: false,
        asked: None,
    };
    let rules = Rules {
        watches: Arc::default(),
        routes: Arc::default(),
        exclusions: Arc::default(),
        time_zone: jiff::tz::TimeZone::UTC,
        first_poll_alert_age: Default::default(),
        team: Arc::default(),
        follow_score: 100,
        max_alerts: Arc::default(),
    };
    Ok(rehearse(page, &rules, &Blank)?)
}

fn recorded_headers(file: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let pair =
        |line: &str| line.split_once(':').map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()));
    Ok(text.lines().filter_map(pair).collect())
}

fn write_json(page: &PageRead, out: &mut dyn Write) -> anyhow::Result<()> {
    for decided in &page.posts {
        let mut object = serde_json::to_value(&decided.post)?;
        object["watches"] = json!(watches(decided));
        writeln!(out, "{object}")?;
    }
    for rejected in &page.rejected {
        writeln!(out, "{}", json!({ "rejected": rejected }))?;
    }
    for repaired in &page.repaired {
        writeln!(out, "{}", json!({ "repaired": repaired }))?;
    }
    Ok(())
}

fn write_text(page: &PageRead, out: &mut dyn Write) -> anyhow::Result<()> {
    for decided in &page.posts {
        let post = &decided.post;
        let when = post.published.map_or("no date".to_owned(), |moment| moment.to_string());
        let title = if post.title.is_empty() { post.text.chars().take(80).collect() } else { post.title.clone() };
        writeln!(out, "{when}  {}\n    {}", plain(&title), plain(&post.url))?;
        if !decided.matches.is_empty() {
            writeln!(out, "    matched: {}", watches(decided).join(", "))?;
        }
    }
    for rejected in &page.rejected {
        writeln!(out, "rejected: {} ({})", rejected.why, plain(&rejected.what))?;
    }
    for repaired in &page.repaired {
        writeln!(out, "mended: {repaired}")?;
    }
    let counts = page.counts;
    writeln!(
        out,
        "{} read: {}, {} unmatched, {} listed twice, {} rejected",
        count(counts.total(), "post"),
        count(counts.mention, "mention"),
        counts.unmatched,
        counts.already_seen + counts.edited,
        counts.rejected
    )?;
    Ok(())
}

fn watches(decided: &Decided) -> Vec<&str> {
    decided.matches.iter().map(|found| found.watch.as_str()).collect()
}
