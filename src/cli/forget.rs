//! `overheard forget WHAT`: let nothing be left of a post or of an author.

use std::io::Write;

use clap::Args;

use super::{Context, Exit};
use crate::pipeline::forget::{self, Found};
use crate::web::api::forget::ForgetOrder;

/// Takes a post, or everything of an author, out of journal, archive, outbox and snapshots, and never takes it in again.
/// Copies made before with `backup` are yours to remove.
#[derive(Debug, Args)]
pub struct Forget {
    /// Address or id of a post; or an author as `handle@site` (or `handle`, on every site).
    what: String,
    /// Do not ask first.
    #[arg(long)]
    yes: bool,
}

/// Runs the command: 0 when it was forgotten, 1 when there is nothing to forget or nobody agreed.
pub fn run(args: &Forget, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let daemon = context.daemon();
    let order = |only_look| ForgetOrder { what: args.what.clone(), only_look };
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

fn say(found: &Found, out: &mut dyn Write) -> std::io::Result<()> {
    let posts = if found.posts.len() == 1 { "1 post".to_owned() } else { format!("{} posts", found.posts.len()) };
    writeln!(out, "To be forgotten: {posts}.")?;
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
