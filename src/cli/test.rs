//! `overheard test`: do the watches find what their examples say?

use std::io::{self, Write};

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::explain::write_because;
use super::table::plain;
use super::{Context, Exit};
use crate::config::{Checked, Config, Tried, TriedBlock};
use crate::model::{Fault, Severity, nearest};

/// Tries the examples (must_match and must_not_match) of all watches and exclusions, also of a configuration that is
/// refused because of them.
#[derive(Debug, Args)]
pub struct Test {
    /// Only these watches or exclusions; else all.
    #[arg(value_name = "WATCH")]
    names: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    /// Examples that are as they must be.
    passed: usize,
    failed: usize,
    /// Watches and exclusions in the order of the file.
    tried: Vec<&'a TriedBlock>,
    /// Names of the watches that have no examples.
    without_examples: Vec<&'a str>,
    /// What else is wrong in watches.toml, so that not everything could be tried.
    faults: Vec<&'a Fault>,
}

/// Runs the command: 0 when every example is as it must be, 1 when not, or when something could not be tried.
///
/// # Errors
/// A name is none of a watch or an exclusion.
pub fn run(args: &Test, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let checked = Config::check(&context.paths, &|name| std::env::var(name).ok());
    let tried = chosen(&checked.tried, &args.names)?;
    let failed = tried.iter().map(|block| failures(block).count()).sum();
    let outcome = Outcome {
        passed: tried.iter().map(|block| block.examples.len()).sum::<usize>() - failed,
        failed,
        without_examples: tried
            .iter()
            .filter(|block| block.sort == "watch" && block.examples.is_empty())
            .map(|block| block.name.as_str())
            .collect(),
        faults: other_faults(&checked, context),
        tried,
    };
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &outcome)?;
        writeln!(out)?;
    } else {
        write(&outcome, out)?;
    }
    Ok(if failed == 0 && outcome.faults.is_empty() { Exit::Done } else { Exit::Nothing })
}

fn failures(block: &TriedBlock) -> impl Iterator<Item = &Tried> {
    block.examples.iter().filter(|tried| !tried.holds)
}

/// The blocks with these names, or all.
fn chosen<'t>(tried: &'t [TriedBlock], names: &[String]) -> anyhow::Result<Vec<&'t TriedBlock>> {
    for name in names {
        if tried.iter().any(|block| block.name == *name) {
            continue;
        }
        match nearest(name, tried.iter().map(|block| block.name.as_str())) {
            Some(near) => bail!("there is no watch or exclusion `{name}` that can be tried (did you mean `{near}`?)"),
            None => {
                bail!("there is no watch or exclusion `{name}` that can be tried; `overheard check` tells of faults")
            }
        }
    }
    Ok(tried.iter().filter(|block| names.is_empty() || names.contains(&block.name)).collect())
}

/// The faults of watches.toml that are none of an example.
fn other_faults<'c>(checked: &'c Checked, context: &Context) -> Vec<&'c Fault> {
    let file = context.paths.watches().display().to_string();
    let of_example = |fault: &Fault| {
        let mut failed = checked.tried.iter().flat_map(failures);
        failed.any(|tried| (tried.line, tried.column) == (fault.line, fault.column))
    };
    let faults = checked.faults.iter().filter(|fault| fault.file == file && fault.severity == Severity::Error);
    faults.filter(|fault| !of_example(fault)).collect()
}

fn write(outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
    for block in outcome.tried.iter().filter(|block| !block.examples.is_empty()) {
        let (all, failed) = (block.examples.len(), failures(block).count());
        writeln!(out, "{} {}: {} of {} passed", block.sort, plain(&block.name), all - failed, count(all, "example"))?;
        failures(block).try_for_each(|tried| write_failure(tried, out))?;
    }
    if !outcome.without_examples.is_empty() {
        let (number, names) = (outcome.without_examples.len(), plain(&outcome.without_examples.join(", ")));
        let have = if number == 1 { "1 watch has".to_owned() } else { format!("{number} watches have") };
        writeln!(out, "{have} no examples: {names}")?;
    }
    if !outcome.faults.is_empty() {
        writeln!(out, "What else is wrong, so that not everything could be tried:")?;
    }
    outcome.faults.iter().try_for_each(|fault| writeln!(out, "  {fault}"))?;
    writeln!(out, "{} passed, {} failed.", count(outcome.passed, "example"), outcome.failed)
}

fn write_failure(tried: &Tried, out: &mut dyn Write) -> io::Result<()> {
    let said = match tried.must_match {
        true => "must be found, and is not",
        false => "must not be found, and is",
    };
    writeln!(out, "  {}:{}:{}: “{}” {said}", tried.file, tried.line, tried.column, plain(&tried.example))?;
    write_because(&tried.because, "    ", out)
}

fn count(number: usize, what: &str) -> String {
    crate::pipeline::explain::words::count(number as u64, what)
}
