//! `overheard rebuild`: make the views anew from the journal.

use std::io::Write;

use super::{Context, Exit};
use crate::model::View;
use crate::pipeline::data::Data;

/// Removes store and archive and replays the journal. No daemon may run on the data.
pub fn run(context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let dir = context.data_dir();
    // Opening first proves that there is a journal to build from and that nobody else holds it.
    context.open_data()?.close()?;
    Data::discard_views(&dir)?;
    let data = context.open_data()?;
    let position = data.store.position();
    data.close()?;
    writeln!(out, "Store and archive in {} were made anew from {} frames of the journal.", dir.display(), position.0)?;
    Ok(Exit::Done)
}
