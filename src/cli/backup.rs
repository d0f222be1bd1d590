//! `overheard backup DIR`: copy the data, also while the daemon runs.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::{Context, Exit};
use crate::pipeline::data::{self, Places};
use crate::web::api::backup::{BackupDone, BackupOrder};

/// Copies the journal, from which everything else can be made again.
#[derive(Debug, Args)]
pub struct Backup {
    /// A new or empty folder. To restore: `overheard run --data DIR` on a copy of it.
    dir: PathBuf,
}

/// Runs the command.
pub fn run(args: &Backup, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let to = std::path::absolute(&args.dir).context("cannot tell where the folder is")?;
    let position = match context.daemon() {
        Some(daemon) => daemon.post::<BackupDone>("/api/v1/backup", &BackupOrder { dir: to.clone() })?.position,
        None => {
            let data = context.open_data()?;
            let position = data::backup(&data.journal.history(), &Places::of(&data.dir), &to)?;
            data.close()?;
            position
        }
    };
    writeln!(
        out,
        "Copied {} frames to {}. To restore, copy the folder and start `overheard run --data` on the copy.",
        position.0,
        to.display()
    )?;
    Ok(Exit::Done)
}
