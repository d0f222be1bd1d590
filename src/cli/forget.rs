//! `overheard forget WHAT`: let nothing be left of a post or of an author.

use std::io::Write;

use clap::Args;

use super::{Context, Exit};
use crate::pipeline::explain::words::count;
use crate::pipeline::forget::{self, Found, Undone};
use crate::web::api::forget::{ForgetOrder, UndoOrder};

/// Takes a post, or everything of an author, out of journal, archive, outbox and snapshots, and never takes it in again.
/// Copies made before with `backup` are yours to remove.
#[derive(Debug, Args)]
pub struct Forget {
    /// Address or id of a post; or an author as `handle@site` (or `handle`, on every site).
    what: String,
    /// Also keep out an author of whom nothing was ever read.
    #[arg(long)]
    in_advance: bool,
    /// Take in again what was kept out since it was forgotten: an author as `handle@site`, or a post by its id or key.
    /// What was forgotten does not come back by itself.
    #[arg(long, conflicts_with_all = ["in_advance", "yes"])]
    undo: bool,
    /// Do not ask first.
    #[arg(long)]
    yes: bool,
}

/// Runs the command: 0 when it was forgotten, 1 when there is nothing to forget or nobody agreed.
pub fn run(args: &Forget, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    if args.undo {
        return undo(args, context, out);
    }
    let daemon = context.daemon();
    let order = |only_look| ForgetOrder { what: args.what.clone(), only_look, in_advance: args.in_advance };
    let found: Found = match &daemon {
        Some(daemon) => daemon.post("/api/v1/forget", &order(true))?,
        None => {
            let data = context.open_data()?;
            let found = forget::find(&data.journal.history(), &args.what);
            data.close()?;
            found
        }
    };
    if found.is_empty() {
        writeln!(out, "Nothing of this is here. Give the address or id of a post, or an author as handle@site.")?;
        return Ok(Exit::Nothing);
    }
    if found.unknown && !args.in_advance {
        let who = super::table::plain(&args.what);
        writeln!(out, "Nothing of {who} was ever read: there is nothing to forget.")?;
        writeln!(out, "With --in-advance nothing will be taken in of this author either.")?;
        return Ok(Exit::Nothing);
    }
    say(&found, out)?;
    if !args.yes && !agreed(out)? {
        writeln!(out, "Nothing was forgotten.")?;
        return Ok(Exit::Nothing);
    }
    match &daemon {
        Some(daemon) => drop(daemon.post::<Found>("/api/v1/forget", &order(false))?),
        None => forget::offline(&context.data_dir(), &context.clock, &found)?,
    }
    writeln!(out, "Forgotten. Backups made before still hold it: they are yours to remove or make anew.")?;
    Ok(Exit::Done)
}

fn undo(args: &Forget, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let undone: Undone = match context.daemon() {
        Some(daemon) => daemon.post("/api/v1/forget/undo", &UndoOrder { what: args.what.clone() })?,
        None => forget::undo_offline(&context.data_dir(), &context.clock, &args.what)?,
    };
    if undone.marks == 0 {
        writeln!(out, "Nothing of this is kept out. Give an author as handle@site, or the id or key of a post.")?;
        return Ok(Exit::Nothing);
    }
    writeln!(out, "Taken in again from now on. What was forgotten comes back only where a source still lists it.")?;
    Ok(Exit::Done)
}

fn say(found: &Found, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "To be forgotten: {}.", count(found.posts.len() as u64, "post"))?;
    for author in &found.authors {
        writeln!(out, "Not taken in any more: what {} writes.", super::table::plain(author))?;
    }
    Ok(())
}

fn agreed(out: &mut dyn Write) -> std::io::Result<bool> {
    write!(out, "This cannot be undone. Write yes to go on: ")?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().eq_ignore_ascii_case("yes"))
}
