//! `overheard sources import FILE`: which feeds of a list are new?

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::super::table::plain;
use super::super::{Context, Exit};
use super::{AddedArgs, agreed, errors, growing, write};
use crate::model::Fault;
use crate::pipeline::subscribe::{self, MAX_BYTES};

/// Skipped entries that are told one by one.
const SHOWN: usize = 20;

/// Adds the feeds of a list to sources.toml: OPML, or an address a line.
#[derive(Debug, Args)]
pub struct Import {
    /// The list; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    added: AddedArgs,
}

/// Runs the command: 1 when an entry had a fault, or nobody agreed.
pub fn run(args: &Import, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let list = bytes_of(&args.file)?;
    let name = args.file.display().to_string();
    let (mut growing, config) = growing(context)?;
    let import = subscribe::import(&list, &mut growing, &config, &args.added.wishes()).with_context(|| name.clone())?;
    if let Err(faults) = growing.check() {
        anyhow::bail!(
            "nothing was added, because the configuration would have faults:\n  {}",
            errors(&faults).join("\n  ")
        );
    }
    for fault in &import.faults {
        writeln!(out, "{}", plain(&Fault { file: name.clone(), ..fault.clone() }.to_string()))?;
    }
    for (line, same) in import.skipped.iter().take(SHOWN) {
        writeln!(out, "{name}:{line}: skipped, it is the same as {}", plain(same))?;
    }
    if import.skipped.len() > SHOWN {
        writeln!(out, "… and {} more that are there already", import.skipped.len() - SHOWN)?;
    }
    if args.added.dry_run {
        import.added.iter().try_for_each(|fitted| writeln!(out, "\n{}", fitted.text.trim_end()))?;
    }
    let (added, skipped, faults) = (import.added.len(), import.skipped.len(), import.faults.len());
    writeln!(out, "{added} to add, {skipped} skipped (there already), {faults} with faults")?;
    let ended = if faults == 0 { Exit::Done } else { Exit::Nothing };
    if added == 0 {
        return Ok(ended);
    }
    if !agreed(&args.added, context, out)? {
        return Ok(if args.added.dry_run { ended } else { Exit::Nothing });
    }
    write(&growing, context, out)?;
    writeln!(out, "{added} added, {skipped} skipped, {faults} with faults")?;
    Ok(ended)
}

fn bytes_of(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let bound = MAX_BYTES as u64 + 1;
    let cannot = || format!("cannot read {}", path.display());
    if path.as_os_str() == "-" {
        std::io::stdin().take(bound).read_to_end(&mut bytes).with_context(cannot)?;
    } else {
        std::fs::File::open(path).with_context(cannot)?.take(bound).read_to_end(&mut bytes).with_context(cannot)?;
    }
    Ok(bytes)
}
