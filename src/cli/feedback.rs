//! `overheard feedback POST …`: what does a person say of a post, and how is it read by that?

use std::io::Write;

use clap::Args;

use super::table::{plain, table};
use super::{Context, Exit};
use crate::model::{Event, Sense, Sentiment};
use crate::pipeline::feedback::{self, FeedbackError, FeedbackList, FeedbackOrder, FeedbackShown, PostRead};
use crate::pipeline::lessons::Lessons;

/// Takes what you say of a post, and reads later posts by it; without flags shows how the post is read and why; without a
/// post lists what was said. What you say later about the same takes the place of what was said before.
#[derive(Debug, Args)]
pub struct Feedback {
    /// Address or id of the post, or of an alert.
    post: Option<String>,
    /// It is what its watches are meant to find.
    #[arg(long, conflicts_with = "not_relevant", requires = "post")]
    relevant: bool,
    /// It is not.
    #[arg(long, requires = "post")]
    not_relevant: bool,
    /// Only for this watch, where several found it.
    #[arg(long, value_name = "WATCH", requires = "post")]
    watch: Option<String>,
    /// Negative, neutral or positive; none takes back what was said.
    #[arg(long, value_name = "CLASS", requires = "post")]
    sentiment: Option<String>,
    /// It has this label, for example problem/outage; may be repeated.
    #[arg(long, value_name = "LABEL", requires = "post")]
    label: Vec<String>,
    /// It does not have this label; may be repeated.
    #[arg(long, value_name = "LABEL", requires = "post")]
    not_label: Vec<String>,
    /// Take back everything that was said of it.
    #[arg(long, requires = "post")]
    take_back: bool,
    /// Who says it; without it the name of your account.
    #[arg(long, value_name = "NAME", env = "OVERHEARD_USER")]
    by: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT", requires = "post")]
    note: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Feedback {
    fn order(&self, post: &str) -> FeedbackOrder {
        FeedbackOrder {
            post: post.to_owned(),
            relevant: (self.relevant || self.not_relevant).then_some(self.relevant),
            watch: self.watch.clone(),
            sentiment: self.sentiment.clone(),
            labels: self.label.clone(),
            not_labels: self.not_label.clone(),
            take_back: self.take_back,
            by: self.by.clone().or_else(|| std::env::var("USER").ok()),
            note: self.note.clone(),
        }
    }

    fn says_something(&self) -> bool {
        let flag = self.relevant || self.not_relevant || self.take_back;
        let named = self.watch.is_some() || self.sentiment.is_some() || self.note.is_some();
        flag || named || !self.label.is_empty() || !self.not_label.is_empty()
    }
}

/// Runs the command: 1 when nothing was ever said.
pub fn run(args: &Feedback, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let Some(post) = &args.post else {
        let list = list(context)?;
        match args.json {
            true => write_json(&list, out)?,
            false => write_list(&list, out)?,
        }
        return Ok(if list.feedback.is_empty() { Exit::Nothing } else { Exit::Done });
    };
    let read = match context.daemon() {
        Some(daemon) if args.says_something() => daemon.post("/api/v1/feedback", &args.order(post))?,
        Some(daemon) => daemon.get("/api/v1/feedback", &[("post", post.clone())])?,
        None => at_rest(args, post, context)?,
    };
    match args.json {
        true => write_json(&read, out)?,
        false => write_read(&read, out)?,
    }
    Ok(Exit::Done)
}

/// What stands, from the running daemon or from the data.
pub fn list(context: &Context) -> anyhow::Result<FeedbackList> {
    if let Some(daemon) = context.daemon() {
        return daemon.get::<FeedbackList>("/api/v1/feedback", &[] as &[(&str, String)]);
    }
    let configured = context.load().map(|(config, _)| config);
    let watches: Vec<&str> = match &configured {
        Ok(config) => config.watches.specs().iter().map(|spec| spec.name.as_str()).collect(),
        // The feedback is there also while the configuration has faults.
        Err(_) => Vec::new(),
    };
    let data = context.open_data()?;
    let list = feedback::list(&data.store, &watches, None, context.clock.now())?;
    data.close()?;
    Ok(list)
}

/// No daemon runs: what is said is written here, and the next daemon learns from it.
fn at_rest(args: &Feedback, post: &str, context: &Context) -> anyhow::Result<PostRead> {
    let mut data = context.open_data()?;
    let now = context.clock.now();
    let record = feedback::find(&data.archive, &data.store, post, now).map_err(with_hint)?;
    if args.says_something() {
        let said = feedback::checked(&args.order(post), &record, now).map_err(with_hint)?;
        let events = vec![Event::Feedback(Box::new(said))];
        for position in data.journal.append(std::slice::from_ref(&events))? {
            crate::model::View::apply(data.store.as_ref(), position, &events)?;
            crate::model::View::apply(data.archive.as_ref(), position, &events)?;
        }
    }
    let lessons = Lessons::of(&data.store);
    let read = feedback::read(&record, &data.store, &lessons)?;
    data.close()?;
    Ok(read)
}

fn with_hint(error: FeedbackError) -> anyhow::Error {
    match error.hint() {
        Some(hint) => anyhow::anyhow!("{error} ({hint})"),
        None => error.into(),
    }
}

pub(super) fn write_json(value: &impl serde::Serialize, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    Ok(writeln!(out)?)
}

fn write_read(read: &PostRead, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}\n{}", plain(&read.title), plain(&read.url))?;
    let mut rows = table(["", "By its words", "Now"]);
    rows.add_row(["sentiment".to_owned(), sentiment(&read.untrained), sentiment(&read.sense)]);
    rows.add_row(["problem".to_owned(), percent(read.untrained.problem), percent(read.sense.problem)]);
    rows.add_row(["labels".to_owned(), read.untrained.label_names().join(", "), read.sense.label_names().join(", ")]);
    writeln!(out, "{rows}")?;
    for relevance in &read.relevance {
        writeln!(out, "Relevant to {}: {}", relevance.watch, percent(relevance.likely))?;
    }
    for moved in read.moved.iter().chain(read.relevance.iter().flat_map(|relevance| &relevance.moved)) {
        writeln!(out, "{}: {} by “{}”", moved.question, signed(moved.by), plain(&moved.words))?;
    }
    for line in read.feedback.iter().flat_map(said) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn write_list(list: &FeedbackList, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut rows = table(["Post", "When", "Said"]);
    for feedback in &list.feedback {
        let when = format!("{} ago", list.as_of.since(feedback.at));
        rows.add_row([feedback.post.to_string(), when, said(feedback).join("\n")]);
    }
    writeln!(out, "{rows}")?;
    writeln!(out, "{} of {} posts of which something was said.", list.feedback.len(), list.total)?;
    Ok(())
}

/// Everything that stands of a post, a line each.
fn said(feedback: &FeedbackShown) -> Vec<String> {
    let mut lines = Vec::new();
    for (watch, said) in &feedback.relevant {
        let word = if said.what { "relevant" } else { "not relevant" };
        lines.push(format!("{word} to {watch}, says {}", plain(&said.by)));
    }
    if let Some(said) = &feedback.sentiment {
        lines.push(format!("{}, says {}", said.what.name(), plain(&said.by)));
    }
    for (label, said) in &feedback.labels {
        let not = if said.what { "" } else { "not " };
        lines.push(format!("{not}{}, says {}", label.name(), plain(&said.by)));
    }
    lines
}

fn sentiment(sense: &Sense) -> String {
    match &sense.sentiment {
        Sentiment::Classified(valence) => {
            format!("{} ({}, {} sure)", valence.class.name(), signed(valence.value), percent(valence.confidence))
        }
        Sentiment::Unclassified(_) => "unclassified".to_owned(),
    }
}

fn percent(share: f32) -> String {
    format!("{:.0} %", share * 100.0)
}

fn signed(number: f32) -> String {
    format!("{number:+.2}")
}
