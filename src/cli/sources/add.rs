//! `overheard sources add URL`: how can this address be listened to?

use std::io::Write;

use anyhow::{Context as _, ensure};
use clap::Args;
use url::Url;

use super::super::run::runtime;
use super::super::table::plain;
use super::super::{Context, Exit};
use super::{AddedArgs, agreed, errors, growing, write};
use crate::config::append::{Fitted, Growing, Wishes, only_source};
use crate::config::{Config, SourceConfig};
use crate::model::words::count;
use crate::model::{PageRead, Recognised, nearest};
use crate::pipeline::discover::Explorer;
use crate::pipeline::rehearse::poll_once;
use crate::pipeline::subscribe::Addresses;
use crate::source::{KINDS, discover};

/// Most ways that are tried, each with a request or a few.
const MAX_TRIED: usize = 4;
/// Titles that are shown of what a source brings.
const SHOWN: usize = 3;

/// Finds out how an address is listened to, tries it once, and adds it to sources.toml.
#[derive(Debug, Args)]
pub struct Add {
    /// A page, a feed, a forum, a channel, an account; https:// may be left out.
    url: String,
    /// Its name in sources.toml.
    #[arg(long)]
    name: Option<String>,
    /// Only listen to it as this kind.
    #[arg(long)]
    kind: Option<String>,
    /// Add every feed that the page names, not only the best.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    added: AddedArgs,
}

/// A way of listening that was tried.
struct Tried {
    fitted: Fitted,
    pages: Vec<PageRead>,
}

/// What became of a way of listening.
enum Outcome {
    Works(Box<Tried>),
    /// A source of this name asks the same already.
    Known(String),
    /// Why it brings nothing.
    Not(String),
}

/// Runs the command: 1 when nothing was found or nothing was written.
pub fn run(args: &Add, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let url = address(&args.url)?;
    if let Some(kind) = &args.kind {
        let known = || KINDS.iter().map(|kind| kind.name());
        let hint = nearest(kind, known()).map(|word| format!("; did you mean `{word}`?")).unwrap_or_default();
        ensure!(known().any(|known| known == kind), "there is no kind `{kind}`{hint}; `overheard kinds` lists them");
    }
    let (mut growing, config) = growing(context)?;
    let runtime = runtime()?;
    let mut explorer = Explorer::new(&config, context.clock.clone())?;
    let by_address = chosen(discover::by_address(&url), args);
    let mut work = Work { args, context, config: &config, runtime: &runtime, works: Vec::new(), known: false };
    work.go_through(by_address, &mut growing, out)?;
    if work.works.is_empty() && !work.known {
        let by_page = chosen(runtime.block_on(explorer.explore(&url)), args);
        work.go_through(by_page, &mut growing, out)?;
    }
    let Work { works, known, .. } = work;
    if works.is_empty() {
        if !known {
            nothing(args, &url, &explorer.told, out)?;
        }
        return Ok(Exit::Nothing);
    }
    for tried in &works {
        show(tried, out)?;
    }
    if !agreed(&args.added, context, out)? {
        return Ok(if args.added.dry_run { Exit::Done } else { Exit::Nothing });
    }
    write(&growing, context, out)?;
    Ok(Exit::Done)
}

fn address(text: &str) -> anyhow::Result<Url> {
    // `acme.example:8443/feed` has a port, `mailto:jane@acme.example` another scheme.
    let host = text.split('/').next().unwrap_or_default();
    let is_other = |rest: &str| !rest.is_empty() && !rest.starts_with(|letter: char| letter.is_ascii_digit());
    let other = host.split_once(':').filter(|(_, rest)| is_other(rest));
    ensure!(other.is_none(), "`{text}` is no address that can be listened to; http:// or https://");
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&with_scheme).with_context(|| format!("`{text}` is no address"))?;
    let is_web = matches!(url.scheme(), "http" | "https");
    ensure!(is_web, "`{}` is no address that can be listened to; http:// or https://", url.scheme());
    Ok(url)
}

/// The ways that were asked for.
fn chosen(mut found: Vec<Recognised>, args: &Add) -> Vec<Recognised> {
    if let Some(kind) = &args.kind {
        found.retain(|found| kind_of(&found.block).as_ref() == Some(kind));
    }
    found
}

fn kind_of(block: &str) -> Option<String> {
    Some(only_source(block).ok()?.get("kind")?.as_str()?.to_owned())
}

/// Ways of listening, one after the other.
struct Work<'a> {
    args: &'a Add,
    context: &'a Context,
    config: &'a Config,
    runtime: &'a tokio::runtime::Runtime,
    works: Vec<Tried>,
    known: bool,
}

impl Work<'_> {
    /// Tries them in their order until one works, or all with `--all`; what works is taken into the file.
    fn go_through(&mut self, found: Vec<Recognised>, growing: &mut Growing, out: &mut dyn Write) -> anyhow::Result<()> {
        for found in &found {
            writeln!(out, "Found: {}, because {}", what(&found.block), plain(&found.why))?;
        }
        let most = if self.args.all { usize::MAX } else { MAX_TRIED };
        for found in found.into_iter().take(most) {
            match self.try_one(&found, growing)? {
                Outcome::Works(tried) => {
                    growing.add(&tried.fitted);
                    self.works.push(*tried);
                    if !self.args.all {
                        return Ok(());
                    }
                }
                Outcome::Known(name) => {
                    self.known = true;
                    writeln!(out, "`{name}` in {} listens to it already.", self.context.paths.sources.display())?;
                    if !self.args.all {
                        return Ok(());
                    }
                }
                Outcome::Not(why) => writeln!(out, "It does not work: {}", plain(&why))?,
            }
        }
        Ok(())
    }

    fn try_one(&self, found: &Recognised, growing: &Growing) -> anyhow::Result<Outcome> {
        let wishes = Wishes { name: self.args.name.clone(), ..self.args.added.wishes() };
        let fitted = growing.fit(&found.block, &wishes).map_err(|why| anyhow::anyhow!("{why}"))?;
        let checked = match growing.check_with(&fitted) {
            Ok(config) => config,
            Err(faults) => anyhow::bail!("it cannot be added:\n  {}\n{}", errors(&faults).join("\n  "), fitted.text),
        };
        let Some(source) = checked.source(&fitted.name) else {
            return Ok(Outcome::Not("its block names no source".to_owned()));
        };
        if let Some(name) = self.known_as(source) {
            return Ok(Outcome::Known(name));
        }
        let polled = self.runtime.block_on(poll_once(&checked, source, self.context.clock.clone()));
        Ok(match polled {
            Ok(pages) => Outcome::Works(Box::new(Tried { fitted, pages })),
            Err(error) => Outcome::Not(format!("{error:#}")),
        })
    }

    fn known_as(&self, source: &SourceConfig) -> Option<String> {
        Addresses::of(self.config).same_as(source).map(str::to_owned)
    }
}

/// A block in a few words: its kind and what tells it from others of that kind.
fn what(block: &str) -> String {
    let Ok(table) = only_source(block) else { return String::new() };
    let kind = table.get("kind").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    let rest = table.iter().filter(|(key, _)| !["name", "kind", "every"].contains(&key.as_str()));
    let rest: Vec<String> = rest.map(|(key, value)| format!("{key} = {value}")).collect();
    plain(&format!("{kind} ({})", rest.join(", ")))
}

fn show(tried: &Tried, out: &mut dyn Write) -> anyhow::Result<()> {
    let posts: Vec<_> = tried.pages.iter().flat_map(|page| &page.posts).collect();
    writeln!(
        out,
        "\nIt works: {} right now{}",
        count(posts.len() as u64, "post"),
        if posts.is_empty() { "." } else { ", among them" }
    )?;
    for decided in posts.iter().take(SHOWN) {
        let post = &decided.post;
        let title = if post.title.is_empty() { post.text.chars().take(80).collect() } else { post.title.clone() };
        writeln!(out, "  {}", plain(&title))?;
    }
    writeln!(out, "\n{}", tried.fitted.text)?;
    Ok(())
}

fn nothing(args: &Add, url: &Url, told: &[String], out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "No way to listen to {url} was found.")?;
    for line in told {
        writeln!(out, "  {}", plain(line))?;
    }
    match &args.kind {
        Some(kind) => writeln!(out, "`overheard kinds {kind}` shows how to write its block by hand.")?,
        None => writeln!(out, "A page without a feed can be read with selectors: `overheard kinds` shows how.")?,
    }
    Ok(())
}
