//! `overheard explain POST`: what was decided on a post, and why?

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::table::{Mark, marked, plain};
use super::{Context, Exit};
use crate::config::Config;
use crate::model::{PostId, Standing, Timestamp, Valence};
use crate::pipeline::explain::words::count;
use crate::pipeline::explain::{
    AlertShown, Answer, Currency, Evidence, ExplainError, Explanation, HeldBack, LabelTold, MatchShown, NotThere,
    PostShown, SenseTold, StoryShown, Unknown,
};
use crate::pipeline::look::Highlighted;
use crate::query::Because;

/// Tells everything that was decided on a post: watches, score, story, routes, deliveries, and why.
#[derive(Debug, Args)]
pub struct Explain {
    /// The post's address, or the id of a post, a story or an alert.
    post: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command: 0 when the post is there, 1 when it is not.
pub fn run(args: &Explain, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let answer = match context.daemon() {
        Some(daemon) => asked(daemon.look_up("/api/v1/explain", &[("post", args.post.clone())])?),
        // A configuration with faults keeps nobody from asking what was decided before.
        None => from_data(context, Config::load(&context.paths).ok().map(|(config, _)| config).as_ref(), |evidence| {
            evidence.explain(&args.post)
        })?,
    };
    tell(answer, args.json, out, |explanation, out| write_explanation(explanation, Mark::of_output(), out))
}

/// The daemon's answer as one.
pub fn asked<T>(answer: Result<T, NotThere>) -> Answer<T> {
    match answer {
        Ok(found) => Answer::Found(Box::new(found)),
        Err(not_there) => Answer::Unknown(Box::new(not_there.known)),
    }
}

/// No daemon runs: this process takes the lock and looks itself.
pub fn from_data<T>(
    context: &Context,
    config: Option<&Config>,
    look: impl FnOnce(&Evidence<'_>) -> Result<Answer<T>, ExplainError>,
) -> anyhow::Result<Answer<T>> {
    let data = context.open_data()?;
    let history = data.journal.history();
    let answer = look(&Evidence::of_data(&data, &history, config, context.clock.now()));
    data.close()?;
    answer.map_err(|error| match error.hint() {
        Some(hint) => anyhow::anyhow!("{error} ({hint})"),
        None => error.into(),
    })
}

/// Prints an answer, as JSON or for people.
pub fn tell<T: Serialize + DeserializeOwned>(
    answer: Answer<T>,
    json: bool,
    out: &mut dyn Write,
    write: impl FnOnce(&T, &mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<Exit> {
    match answer {
        Answer::Found(found) => {
            match json {
                true => write_json(&found, out)?,
                false => write(&found, out)?,
            }
            Ok(Exit::Done)
        }
        Answer::Unknown(known) => {
            match json {
                true => write_json(&NotThere::from(*known), out)?,
                false => write_unknown(&known, out)?,
            }
            Ok(Exit::Nothing)
        }
    }
}

fn write_json(value: &impl Serialize, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)?;
    Ok(())
}

fn write_explanation(told: &Explanation, mark: Mark, out: &mut dyn Write) -> io::Result<()> {
    write_post(&told.post, told.as_of, out)?;
    if !told.also.is_empty() {
        writeln!(out, "\nAlso at this address:")?;
        told.also.iter().try_for_each(|post| writeln!(out, "  {} {}", post.id, plain(&post.title)))?;
    }
    writeln!(out, "\n{}.", sentence(&told.ended))?;
    write_standing(&told.standing, told.read_again, out)?;
    told.matches.iter().try_for_each(|found| write_match(found, mark, out))?;
    if let Some(sense) = &told.sense {
        write_sense(sense, out)?;
    }
    if let Some(score) = &told.score {
        writeln!(out, "\nScore {}", score.total)?;
        for part in &score.parts {
            writeln!(out, "  {:>5.1}  {}: {}", part.points, part.signal, plain(&part.why))?;
        }
    }
    write_story(&told.story, told.post.id, out)?;
    write_told(&told.alerts, &told.held_back, told.post.id, out)?;
    if !told.differs.is_empty() {
        writeln!(out, "\nWith the configuration of now:")?;
    }
    for difference in &told.differs {
        writeln!(out, "  {}", plain(&difference.words))?;
        write_because(&difference.because, "    ", out)?;
    }
    Ok(())
}

/// What its words say, and which of them.
fn write_sense(sense: &SenseTold, out: &mut dyn Write) -> io::Result<()> {
    let quoted = |words: Vec<&String>| {
        let words: Vec<String> = words.iter().map(|words| format!("\u{201c}{}\u{201d}", plain(words))).collect();
        if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
    };
    match (sense.shown.sentiment, sense.shown.unclassified) {
        (Some(Valence { value, confidence, class }), _) => {
            let cues = sense.cues.iter().filter(|cue| cue.sentiment != 0.0).map(|cue| &cue.words).collect();
            let sure = confidence * 100.0;
            writeln!(out, "\nSentiment {} ({value:+.2}, {sure:.0} % sure){}", class.name(), quoted(cues))?;
        }
        (None, Some(why)) => writeln!(out, "\nSentiment unclassified: {why}")?,
        (None, None) => {}
    }
    sense.corrected.iter().try_for_each(|said| writeln!(out, "{}.", plain(said)))?;
    for LabelTold { label, words } in &sense.label_words {
        let sure = label.confidence * 100.0;
        writeln!(out, "Label {} ({sure:.0} % sure){}", label.label.name(), quoted(words.iter().collect()))?;
    }
    Ok(())
}

/// What became of it since it was read.
fn write_standing(standing: &Standing, read_again: Option<Timestamp>, out: &mut dyn Write) -> io::Result<()> {
    let Standing { accepted, closed, answered, deleted } = standing;
    if let Some(at) = deleted {
        writeln!(out, "Deleted at the site; seen on {}. Its words are not kept.", at.in_words())?;
    }
    if let Some(answered) = answered {
        writeln!(out, "Answered by {} on {}: {}", plain(&answered.by), answered.at.in_words(), plain(&answered.url))?;
    }
    if let Some(reply) = accepted {
        writeln!(out, "The reply {reply} was accepted.")?;
    }
    if *closed {
        writeln!(out, "The site takes no more replies.")?;
    }
    match read_again {
        Some(at) => writeln!(out, "Its conversation is followed; it is read again on {}.", at.in_words()),
        None => Ok(()),
    }
}

/// Who wrote what, where and when.
pub fn write_post(post: &PostShown, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    let author = post.author.as_ref().map_or_else(String::new, |author| format!(" by {}", plain(author)));
    let when = |at: Timestamp| format!("{} ({} ago)", at.in_words(), now.since(at));
    writeln!(out, "{}", plain(&post.title))?;
    writeln!(out, "  {}", plain(&post.url))?;
    writeln!(
        out,
        "  {}{author} on {}, from the source {} ({})",
        post.post_type.word(),
        plain(&post.site),
        post.source,
        post.kind
    )?;
    let published =
        post.published.map_or_else(|| "the site gives no date".to_owned(), |at| format!("published {}", when(at)));
    writeln!(out, "  {published}, read {}", when(post.received))?;
    writeln!(out, "  id {}", post.id)
}

fn write_match(found: &MatchShown, mark: Mark, out: &mut dyn Write) -> io::Result<()> {
    let owner = found.owner.as_ref().map_or_else(|| "nobody owns it".to_owned(), |owner| format!("owner {owner}"));
    let now = match found.now {
        Currency::Unchanged | Currency::Unknown => "",
        Currency::Altered => "; the watch was altered since",
        Currency::Removed => "; the watch is not there any more",
    };
    writeln!(out, "\nWatch {} ({owner}), version {}{now}", found.watch, found.version)?;
    write_context(&found.title, &found.text, mark, out)?;
    for clause in &found.clauses {
        let words: Vec<String> = clause.words.iter().map(|word| format!("“{}”", plain(word))).collect();
        let said = if words.is_empty() { "it is so".to_owned() } else { words.join(", ") };
        writeln!(out, "  {}: {said}", plain(&clause.clause))?;
    }
    Ok(())
}

/// Title and text with what matched in them; what nothing is marked in is left out.
pub fn write_context(title: &Highlighted, text: &Highlighted, mark: Mark, out: &mut dyn Write) -> io::Result<()> {
    let shown = [title, text].into_iter().filter(|shown| !shown.highlights.is_empty());
    shown.into_iter().try_for_each(|shown| writeln!(out, "  │ {}", marked(shown, mark)))
}

fn write_story(story: &StoryShown, own: PostId, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nStory {}: {}", story.id, plain(&story.words))?;
    if story.total < 2 {
        return Ok(());
    }
    for member in &story.members {
        let this = if member.id == own { " (this post)" } else { "" };
        let at = member.published.unwrap_or(member.received);
        writeln!(out, "  {}  {}  {}{this}", at.in_words(), plain(&member.site), plain(&member.title))?;
    }
    match story.total - story.members.len() {
        0 => Ok(()),
        more => writeln!(out, "  and {} more", count(more as u64, "post")),
    }
}

/// Who was told, who was not, and why.
pub fn write_told(alerts: &[AlertShown], held_back: &[HeldBack], own: PostId, out: &mut dyn Write) -> io::Result<()> {
    if !alerts.is_empty() {
        writeln!(out, "\nTold:")?;
    }
    for alert in alerts {
        let of = match (alert.digest, alert.raised_by == own) {
            (true, _) => ", in a digest",
            (false, true) => "",
            (false, false) => ", for another post of the story",
        };
        writeln!(out, "  {} by the route {}{of} [{}]", alert.receiver, plain(&alert.route.join(" → ")), alert.id)?;
        writeln!(out, "    {}", plain(&alert.words))?;
    }
    if !held_back.is_empty() {
        writeln!(out, "\nNot told:")?;
    }
    held_back.iter().try_for_each(|why| writeln!(out, "  {}", plain(&why.words)))
}

/// Clauses, each with why, and their alternatives below them.
pub fn write_because(because: &[Because], indent: &str, out: &mut dyn Write) -> io::Result<()> {
    for Because { clause, why, alternatives, .. } in because {
        writeln!(out, "{indent}{}: {}", plain(clause), plain(why))?;
        write_because(alternatives, &format!("{indent}  "), out)?;
    }
    Ok(())
}

fn write_unknown(known: &Unknown, out: &mut dyn Write) -> io::Result<()> {
    known.words.iter().try_for_each(|words| writeln!(out, "{}.", sentence(&plain(words))))?;
    for source in &known.sources {
        writeln!(out, "\nSource {} ({}) could have brought it:", source.name, source.kind)?;
        source.words.iter().try_for_each(|words| writeln!(out, "  {}", plain(words)))?;
    }
    Ok(())
}

/// With a capital letter.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
