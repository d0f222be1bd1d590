//! `overheard precision`: how much of what each watch finds is relevant, by what people said?

use std::io::Write;

use clap::Args;

use super::feedback::{list, write_json};
use super::table::{plain, table};
use super::{Context, Exit};
use crate::pipeline::feedback::WatchPrecision;

/// Tells for each watch how many of its mentions people called relevant (`overheard feedback`), with the 95 % interval.
#[derive(Debug, Args)]
pub struct Precision {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command: 1 when nobody said anything of any watch.
pub fn run(args: &Precision, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let list = list(context)?;
    if args.json {
        write_json(&list.precision, out)?;
    } else {
        let mut rows = table(["Watch", "Precision", "95 % interval", "Relevant", "Not relevant"]);
        for watch in &list.precision {
            rows.add_row(row(watch));
        }
        writeln!(out, "{rows}")?;
    }
    let said = list.precision.iter().any(|watch| watch.precision.is_some());
    Ok(if said { Exit::Done } else { Exit::Nothing })
}

fn row(watch: &WatchPrecision) -> [String; 5] {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let interval = watch.low.zip(watch.high).map(|(low, high)| format!("{} – {}", percent(low), percent(high)));
    [
        plain(&watch.watch),
        watch.precision.map_or("no data".to_owned(), percent),
        interval.unwrap_or_default(),
        watch.relevant.to_string(),
        watch.not_relevant.to_string(),
    ]
}
