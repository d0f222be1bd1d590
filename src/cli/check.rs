//! `overheard check`: is the configuration as it should be?

mod measure;

use std::io::{IsTerminal, Write};

use clap::Args;

use super::{Context, Exit};
use crate::config::{Checked, Config};
use crate::model::words;

/// Checks every file of the configuration and tells all faults at once.
#[derive(Debug, Args)]
pub struct Check {
    /// Print the faults as JSON.
    #[arg(long)]
    json: bool,
    /// Print one line for each fault, for editors and scripts. Done by itself where no terminal is there to read.
    #[arg(long, conflicts_with = "json")]
    plain: bool,
}

/// Runs the command: 0 when the daemon would take the configuration, 1 when not.
pub fn run(args: &Check, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let mut checked = Config::check(&context.paths, &|name| std::env::var(name).ok());
    measure::measure(&mut checked, context);
    print(&checked, args.json, args.plain, out)?;
    Ok(if checked.config.is_some() { Exit::Done } else { Exit::Nothing })
}

/// Prints every fault and a summary; `plain` also where no terminal is there to read.
pub fn print(checked: &Checked, json: bool, plain: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let terminal = std::io::stdout().is_terminal();
    if json {
        serde_json::to_writer_pretty(&mut *out, &checked.to_json())?;
        writeln!(out)?;
    } else if plain || !terminal {
        write!(out, "{}", checked.lines())?;
        writeln!(out, "{}", summary(checked))?;
    } else {
        let color = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        write!(out, "{}", checked.drawn(color))?;
        writeln!(out, "{}", summary(checked))?;
    }
    Ok(())
}

/// `The configuration is good: 5 sources, 4 watches, 1 receiver.`, or how many faults there are.
fn summary(checked: &Checked) -> String {
    let (errors, warnings) = checked.count();
    let warned = if warnings == 0 { String::new() } else { format!(", {}", count(warnings, "warning")) };
    match &checked.config {
        Some(config) => format!(
            "The configuration is good: {}, {}, {}{}{warned}.",
            count(config.sources.len(), "source"),
            words::plural(config.watches.specs().len() as u64, "watch", "watches"),
            match config.exclusions.len() {
                0 => String::new(),
                number => format!("{}, ", count(number, "exclusion")),
            },
            count(config.receivers.len(), "receiver"),
        ),
        None => format!("The configuration cannot be used: {}{warned}.", count(errors, "fault")),
    }
}

fn count(number: usize, what: &str) -> String {
    words::count(number as u64, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Paths;

    #[test]
    fn faults_come_with_place_and_hint_and_a_failure() {
        let root = tempfile::tempdir().expect("a folder");
        let paths = Paths { config: root.path().into(), sources: root.path().join("sources.toml"), data: None };
        std::fs::write(&paths.sources, "").expect("a file");
        std::fs::write(paths.watches(), "[[watch]]\nnam = 'x'\n").expect("a file");
        std::fs::write(paths.routes(), "").expect("a file");
        let context = Context { paths, clock: crate::clock::Clock::System };
        let mut out = Vec::new();
        let exit = run(&Check { json: false, plain: true }, &context, &mut out).expect("a terminal or none");
        let said = String::from_utf8(out).expect("text").replace(&format!("{}/", root.path().display()), "");
        assert_eq!(exit, Exit::Nothing);
        assert!(said.contains("watches.toml:2:1: watch[1].nam: unknown key `nam` (did you mean `name`?)\n"), "{said}");
        assert!(said.ends_with("The configuration cannot be used: 3 faults, 2 warnings.\n"), "{said}");
    }

    #[test]
    fn numbers_and_words_agree() {
        assert_eq!(count(1, "source"), "1 source");
        assert_eq!(words::plural(0, "watch", "watches"), "0 watches");
    }
}
