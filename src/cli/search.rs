//! `overheard search QUERY`: what was said?

use std::io::Write;

use anyhow::bail;
use clap::Args;

use super::table::{Mark, marked, plain, table};
use super::{Context, Exit, Format};
use crate::model::SenseShown;
use crate::pipeline::look::{self, DEFAULT_LIMIT, FoundPost, SearchAnswer, SearchQuestion, SortBy};

/// Searches everything that was read.
#[derive(Debug, Args)]
pub struct Search {
    /// In the query language, for example: acme AND (down OR outage) age<7d
    query: Vec<String>,
    /// Which posts come first.
    #[arg(long, value_enum, default_value_t = SortBy::Newest)]
    sort: SortBy,
    /// How many posts to show, 1 to 1000.
    #[arg(long, default_value_t = DEFAULT_LIMIT)]
    limit: usize,
    /// How many posts to skip.
    #[arg(long, default_value_t = 0)]
    offset: usize,
    #[command(flatten)]
    format: Format,
}

/// Runs the command: 0 when something was found, 1 when nothing was.
pub fn run(args: &Search, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let ask = SearchQuestion { query: args.query.join(" "), sort: args.sort, limit: args.limit, offset: args.offset };
    let answer = match context.daemon() {
        Some(daemon) => daemon.get("/api/v1/search", &parameters(&ask))?,
        None => search_data(context, &ask)?,
    };
    if args.format.json {
        serde_json::to_writer_pretty(&mut *out, &answer)?;
        writeln!(out)?;
    } else if args.format.csv {
        write_csv(&answer, out)?;
    } else {
        write_table(&answer, out)?;
    }
    Ok(if answer.results.is_empty() { Exit::Nothing } else { Exit::Done })
}

fn parameters(ask: &SearchQuestion) -> [(&'static str, String); 4] {
    let sort = match ask.sort {
        SortBy::Newest => "newest",
        SortBy::Best => "best",
    };
    [
        ("query", ask.query.clone()),
        ("sort", sort.to_owned()),
        ("limit", ask.limit.to_string()),
        ("offset", ask.offset.to_string()),
    ]
}

/// No daemon runs: this process takes the lock and looks itself.
fn search_data(context: &Context, ask: &SearchQuestion) -> anyhow::Result<SearchAnswer> {
    let data = context.open_data()?;
    let names = context.names();
    match look::search(&data.archive, &data.store, &names, ask, context.clock.now()) {
        Ok(answer) => {
            data.close()?;
            Ok(answer)
        }
        Err(look::SearchError::Query(error)) => bail!("{}", super::query_error(&ask.query, &error)),
        Err(error) => Err(error.into()),
    }
}

fn write_table(answer: &SearchAnswer, out: &mut dyn Write) -> anyhow::Result<()> {
    if answer.results.is_empty() {
        writeln!(out, "Nothing was found.")?;
        return Ok(());
    }
    let mut table = table(["Score", "When", "Where", "Post", "Watches"]);
    for found in &answer.results {
        let score = found.score.as_ref().map_or(String::new(), |score| score.total.to_string());
        let when = format!("{} ago", answer.as_of.since(found.published.unwrap_or(found.received)));
        let not_told = match found.held_back.is_empty() {
            true => String::new(),
            false => plain(&format!("{}: {}", found.outcome.name(), found.held_back.join("; "))),
        };
        let words: Vec<String> = [
            marked(&found.title, Mark::Stars),
            marked(&found.snippet, Mark::Stars),
            said(&found.sense),
            plain(&found.url),
            not_told,
        ]
        .into_iter()
        .filter(|words| !words.is_empty())
        .collect();
        table.add_row([score, when, plain(&found.site), words.join("\n"), found.watches.join(", ")]);
    }
    writeln!(out, "{table}")?;
    writeln!(out, "{} of {} found; *words* that matched are marked.", answer.results.len(), answer.total)?;
    Ok(())
}

/// `negative · problem/outage`
fn said(sense: &SenseShown) -> String {
    let class = sense.sentiment.map(|sentiment| sentiment.class.name());
    let labels = sense.labels.iter().map(|labelled| labelled.label.name());
    class.into_iter().chain(labels).collect::<Vec<_>>().join(" · ")
}

fn write_csv(answer: &SearchAnswer, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "id",
        "story",
        "published",
        "received",
        "source",
        "site",
        "author",
        "type",
        "outcome",
        "score",
        "watches",
        "title",
        "snippet",
        "url",
        "held_back",
        "lang",
        "sentiment",
        "labels",
    ])?;
    for found in &answer.results {
        csv.write_record(csv_row(found).map(|cell| harmless(&cell)))?;
    }
    csv.flush()?;
    Ok(())
}

fn csv_row(found: &FoundPost) -> [String; 18] {
    [
        found.id.to_string(),
        found.story.to_string(),
        found.published.map_or(String::new(), |moment| moment.to_string()),
        found.received.to_string(),
        found.source.clone(),
        found.site.clone(),
        found.author.clone().unwrap_or_default(),
        found.post_type.word().to_owned(),
        found.outcome.name().to_owned(),
        found.score.as_ref().map_or(String::new(), |score| score.total.to_string()),
        found.watches.join(" "),
        found.title.text.clone(),
        found.snippet.text.clone(),
        found.url.clone(),
        found.held_back.join("; "),
        found.lang.clone().unwrap_or_default(),
        found.sense.sentiment.map_or(String::new(), |sentiment| format!("{:.2}", sentiment.value)),
        found.sense.labels.iter().map(|labelled| labelled.label.name()).collect::<Vec<_>>().join(" "),
    ]
}

/// A cell that a spreadsheet would take for a formula is quoted.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}
