//! `overheard test-route RECEIVER`: does an alert reach this receiver?

use std::io::Write;

use clap::Args;

use super::{Context, Exit};
use crate::http::Client;
use crate::pipeline::{doors, supervise};

/// Sends a marked sample alert through the real rendering and signing, and says what came of it. Journals nothing.
#[derive(Debug, Args)]
pub struct TestRoute {
    /// Name of a receiver in routes.toml.
    receiver: String,
}

/// Runs the command: 0 when the receiver took the sample, 1 when it did not.
pub fn run(args: &TestRoute, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let (config, _) = context.load()?;
    let client = Client::new(&doors::client_settings(&config))?;
    let Some(receiver) = config.receivers.iter().find(|receiver| receiver.name == args.receiver) else {
        let known: Vec<&str> = config.receivers.iter().map(|receiver| receiver.name.as_str()).collect();
        anyhow::bail!("there is no receiver `{}` in routes.toml; there are: {}", args.receiver, known.join(", "));
    };
    let tried = super::run::runtime()?.block_on(supervise::send_sample(receiver, client, context.clock.clone()));
    writeln!(out, "{}: {tried}", args.receiver)?;
    Ok(if tried.delivered() { Exit::Done } else { Exit::Nothing })
}
