//! `overheard deliveries`: what was sent, what waits, what was refused; and replaying.

use std::io::Write;

use clap::{Args, ValueEnum};

use super::table::{plain, table};
use super::{Context, Exit};
use crate::model::{Event, View};
use crate::pipeline::look::{self, DeliveryRow, Stage};
use crate::web::api::deliveries::{DeliveryList, Replayed};

/// Lists deliveries; with --replay, puts a dead letter back into the outbox.
#[derive(Debug, Args)]
pub struct Deliveries {
    /// Only deliveries in this state.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Short for `--state dead`.
    #[arg(long, conflicts_with = "state")]
    dead: bool,
    /// At most so many, newest first.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Send this dead letter again, with the same id; `all` for every one.
    #[arg(long, value_name = "ALERT")]
    replay: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Pending,
    Delivered,
    Dead,
}

impl Deliveries {
    fn stage(&self) -> Option<Stage> {
        match (self.dead || self.replay.is_some(), self.state) {
            (true, _) | (false, Some(State::Dead)) => Some(Stage::Dead),
            (false, Some(State::Pending)) => Some(Stage::Pending),
            (false, Some(State::Delivered)) => Some(Stage::Delivered),
            (false, None) => None,
        }
    }
}

/// Runs the command: 1 when there is nothing to list or replay.
pub fn run(args: &Deliveries, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let list = match (context.daemon(), &args.replay) {
        (Some(daemon), None) => list_at(&daemon, args)?,
        (Some(daemon), Some(alert)) => {
            let alerts = chosen(alert, || Ok(list_at(&daemon, args)?.deliveries))?;
            for alert in &alerts {
                daemon.post::<Replayed>(&format!("/api/v1/deliveries/{alert}/replay"), &())?;
            }
            return told(&alerts, out);
        }
        (None, None) => {
            let data = context.open_data()?;
            let rows = look::deliveries(&data.store, args.stage(), args.limit)?;
            data.close()?;
            DeliveryList { as_of: context.clock.now(), deliveries: rows }
        }
        (None, Some(alert)) => {
            let alerts = replay_data(alert, args, context)?;
            return told(&alerts, out);
        }
    };
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &list)?;
        writeln!(out)?;
    } else {
        write_table(&list, out)?;
    }
    Ok(if list.deliveries.is_empty() { Exit::Nothing } else { Exit::Done })
}

fn list_at(daemon: &super::daemon::Client, args: &Deliveries) -> anyhow::Result<DeliveryList> {
    let mut ask = vec![("limit", args.limit.to_string())];
    let word = |stage| match stage {
        Stage::Pending => "pending",
        Stage::Delivered => "delivered",
        Stage::Dead => "dead",
    };
    ask.extend(args.stage().map(|stage| ("state", word(stage).to_owned())));
    daemon.get("/api/v1/deliveries", &ask)
}

/// The alerts to replay: the one named, or all dead letters.
fn chosen(alert: &str, dead: impl FnOnce() -> anyhow::Result<Vec<DeliveryRow>>) -> anyhow::Result<Vec<String>> {
    if alert != "all" {
        return Ok(vec![alert.to_owned()]);
    }
    Ok(dead()?.into_iter().map(|row| row.id).collect())
}

/// No daemon runs: the outbox is changed here, and the next daemon sends.
fn replay_data(alert: &str, args: &Deliveries, context: &Context) -> anyhow::Result<Vec<String>> {
    let mut data = context.open_data()?;
    let alerts = chosen(alert, || Ok(look::deliveries(&data.store, Some(Stage::Dead), args.limit)?))?;
    for alert in &alerts {
        let dead = look::delivery(&data.store, alert)?.is_some_and(|delivery| delivery.is_dead());
        anyhow::ensure!(dead, "{alert} is no dead letter; `overheard deliveries --dead` lists them");
        let events = vec![Event::Replayed { alert: alert.clone(), at: context.clock.now(), by: "command".to_owned() }];
        for position in data.journal.append(std::slice::from_ref(&events))? {
            data.store.apply(position, &events)?;
            data.archive.apply(position, &events)?;
        }
    }
    data.close()?;
    Ok(alerts)
}

fn told(alerts: &[String], out: &mut dyn Write) -> anyhow::Result<Exit> {
    writeln!(out, "{} dead letters go out again, each with its old id.", alerts.len())?;
    Ok(if alerts.is_empty() { Exit::Nothing } else { Exit::Done })
}

fn write_table(list: &DeliveryList, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut table = table(["Alert", "Receiver", "State", "Attempts", "Decided", "Post", "Why"]);
    for row in &list.deliveries {
        table.add_row([
            row.id.clone(),
            row.receiver.clone(),
            row.state.clone(),
            row.attempts.to_string(),
            format!("{} ago", list.as_of.since(row.decided_at)),
            plain(&row.title),
            row.why.clone().unwrap_or_default(),
        ]);
    }
    writeln!(out, "{table}")?;
    Ok(())
}
