//! `overheard sources export`: which sources are there, in a form that other readers know?

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::super::{Context, Exit};
use crate::model::words::count;
use crate::pipeline::subscribe;

/// Writes all sources as OPML 2.0. Secrets are never written.
#[derive(Debug, Args)]
pub struct Export {
    /// Where to write it, a file that is not there yet; without it, or with `-`, standard output.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Export, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let (config, _) = context.load()?;
    let sources = &context.paths.sources;
    let text = std::fs::read_to_string(sources).with_context(|| format!("cannot read {}", sources.display()))?;
    let export = subscribe::export(&config, &text);
    let Some(file) = args.file.as_ref().filter(|file| file.as_os_str() != "-") else {
        out.write_all(export.text.as_bytes())?;
        return Ok(Exit::Done);
    };
    let mut written = std::fs::File::create_new(file).with_context(|| format!("cannot write {}", file.display()))?;
    written.write_all(export.text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))?;
    let (all, feeds) = (export.sources, export.feeds);
    writeln!(
        out,
        "{} written to {}, {feeds} of them with a feed for any reader",
        count(all as u64, "source"),
        file.display()
    )?;
    if !export.without_secrets.is_empty() {
        writeln!(out, "Without their secrets: {}", export.without_secrets.join(", "))?;
    }
    Ok(Exit::Done)
}
