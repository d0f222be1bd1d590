//! `overheard why-not POST WATCH`: why did a watch not bring a post to anybody?

use std::io::{self, Write};

use clap::Args;

use super::explain::{asked, from_data, sentence, tell, write_because, write_context, write_told};
use super::table::{Mark, plain};
use super::{Context, Exit};
use crate::pipeline::explain::WhyNot;

/// Tells which clause of a watch failed on a post, or what held the post back.
#[derive(Debug, Args)]
pub struct WhyNotArgs {
    /// The post's address, or the id of a post, a story or an alert.
    post: String,
    /// Name of a watch.
    watch: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command: 0 when the post is there, 1 when it is not.
///
/// # Errors
/// There is no such watch.
pub fn run(args: &WhyNotArgs, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let answer = match context.daemon() {
        Some(daemon) => {
            let ask = [("post", args.post.clone()), ("watch", args.watch.clone())];
            asked(daemon.look_up("/api/v1/why-not", &ask)?)
        }
        None => {
            let (config, _) = context.load()?;
            from_data(context, Some(&config), |evidence| evidence.why_not(&args.post, &args.watch, &config.watches))?
        }
    };
    tell(answer, args.json, out, |told, out| write_why_not(told, Mark::of_output(), out))
}

fn write_why_not(told: &WhyNot, mark: Mark, out: &mut dyn Write) -> io::Result<()> {
    told.answer.iter().try_for_each(|words| writeln!(out, "{}.", sentence(&plain(words))))?;
    writeln!(out, "\n{}\n  {}", plain(&told.post.title), plain(&told.post.url))?;
    write_context(&told.title, &told.text, mark, out)?;
    writeln!(out, "\n{}", if told.matches { "The clauses that match:" } else { "The clauses that failed:" })?;
    write_because(&told.because, "  ", out)?;
    write_told(&told.alerts, &told.held_back, told.post.id, out)
}
