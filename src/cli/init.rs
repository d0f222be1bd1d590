//! `overheard init`: which configuration do you begin with?

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::{Context, Exit};
use crate::config::starter::{Answers, files};
use crate::config::{Config, Paths};

/// Longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 10_000;

/// Writes a configuration to begin with: asks, or takes everything from the command line.
#[derive(Clone, Debug, Default, Args)]
pub struct Init {
    /// Name of your brand, as people write it.
    #[arg(long)]
    brand: Option<String>,
    /// A product of yours; once for each.
    #[arg(long = "product", value_name = "NAME")]
    products: Vec<String>,
    /// A domain of yours, like acme.example; once for each.
    #[arg(long = "domain", value_name = "DOMAIN")]
    domains: Vec<String>,
    /// A handle of yours with its site, like acme_support@reddit.com; once for each.
    #[arg(long = "handle", value_name = "HANDLE")]
    handles: Vec<String>,
    /// A competitor; once for each.
    #[arg(long = "competitor", value_name = "NAME")]
    competitors: Vec<String>,
    /// Who looks after what is found: a person or a team.
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// How the sites that are asked can reach you: an e-mail address or a page.
    #[arg(long)]
    contact: Option<String>,
    /// Write into this folder: DIR/config and DIR/sources.toml.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs the command. What exists is never written over.
///
/// # Errors
/// A file exists; an answer cannot be used; nobody is there to answer.
pub fn run(args: &Init, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let stdin = std::io::stdin();
    let mut input = stdin.lock();
    let input: Option<&mut dyn BufRead> = if stdin.is_terminal() { Some(&mut input) } else { None };
    init(args, &context.paths, input, out)
}

fn init(args: &Init, paths: &Paths, input: Option<&mut dyn BufRead>, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let paths = args.dir.as_deref().map_or_else(|| paths.clone(), |dir| paths_in(dir, paths));
    refuse_existing(&paths)?;
    let answers = match (&args.brand, input) {
        (Some(_), _) => given(args),
        (None, Some(input)) => ask(args, input, out)?,
        (None, None) => {
            bail!("the name of your brand is missing; write: overheard init --brand \"Acme\" --domain acme.example")
        }
    };
    let answers = answers.tidy()?;
    write_all(&files(&answers, &paths))?;
    report(&paths, out)
}

fn paths_in(dir: &Path, paths: &Paths) -> Paths {
    Paths { config: dir.join("config"), sources: dir.join("sources.toml"), data: paths.data.clone() }
}

fn refuse_existing(paths: &Paths) -> anyhow::Result<()> {
    let existing: Vec<String> =
        paths.files().iter().filter(|file| file.exists()).map(|file| file.display().to_string()).collect();
    if existing.is_empty() {
        return Ok(());
    }
    bail!(
        "nothing was written, because there is a configuration already: {}. Name another folder, for example: \
         overheard init --dir my-brand",
        existing.join(", ")
    )
}

fn given(args: &Init) -> Answers {
    Answers {
        brand: args.brand.clone().unwrap_or_default(),
        products: args.products.clone(),
        domains: args.domains.clone(),
        handles: args.handles.clone(),
        competitors: args.competitors.clone(),
        owner: args.owner.clone().unwrap_or_default(),
        contact: args.contact.clone(),
    }
}

/// Asks for what was not given. An empty answer is none.
fn ask(args: &Init, input: &mut dyn BufRead, out: &mut dyn Write) -> anyhow::Result<Answers> {
    let mut answers = given(args);
    writeln!(out, "A few questions; leave out what you do not have. Several names: with commas between.\n")?;
    let mut question = |text: &str, already: bool| -> anyhow::Result<Option<String>> {
        if already {
            return Ok(None);
        }
        write!(out, "{text}: ")?;
        out.flush()?;
        let mut line = String::new();
        std::io::Read::take(&mut *input, MAX_ANSWER).read_line(&mut line).context("cannot read the answer")?;
        Ok(Some(line.trim().to_owned()))
    };
    if let Some(brand) = question("Name of your brand, as people write it", false)? {
        answers.brand = brand;
    }
    let lists = [
        ("Products", &mut answers.products),
        ("Your domains, like acme.example", &mut answers.domains),
        ("Your handles with their site, like acme_support@reddit.com", &mut answers.handles),
        ("Competitors", &mut answers.competitors),
    ];
    for (text, list) in lists {
        if let Some(line) = question(text, !list.is_empty())? {
            *list = line.split(',').map(str::to_owned).collect();
        }
    }
    if let Some(owner) = question("Who looks after what is found", args.owner.is_some())? {
        answers.owner = owner;
    }
    if let Some(contact) = question("How sites can reach you (e-mail or page)", args.contact.is_some())? {
        answers.contact = Some(contact);
    }
    Ok(answers)
}

/// Writes files that do not exist; the first that does ends it.
fn write_all(files: &[(PathBuf, String)]) -> anyhow::Result<()> {
    for (path, text) in files {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let mut file = std::fs::File::create_new(path).with_context(|| format!("cannot write {}", path.display()))?;
        file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn report(paths: &Paths, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let checked = Config::check(paths, &|name| std::env::var(name).ok());
    writeln!(out, "\nWritten:")?;
    for file in paths.files() {
        writeln!(out, "  {}", file.display())?;
    }
    write!(out, "{}", checked.lines())?;
    let flags = flags(paths);
    writeln!(out, "\nNext:")?;
    writeln!(out, "  overheard run{flags}")?;
    writeln!(out, "  overheard check{flags}   (after every change)")?;
    Ok(if checked.config.is_some() { Exit::Done } else { Exit::Nothing })
}

/// What must be written behind a command so that it finds the files.
fn flags(paths: &Paths) -> String {
    let usual = Paths::default();
    let mut flags = String::new();
    if paths.config != usual.config {
        flags.push_str(&format!(" --config {}", paths.config.display()));
    }
    if paths.sources != usual.sources {
        flags.push_str(&format!(" --sources {}", paths.sources.display()));
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(dir: &Path, brand: Option<&str>) -> Init {
        Init { brand: brand.map(str::to_owned), dir: Some(dir.to_path_buf()), ..Init::default() }
    }

    fn text_of(dir: &Path, file: &str) -> String {
        std::fs::read_to_string(dir.join(file)).expect("a file")
    }

    #[test]
    fn flags_write_a_configuration_that_is_good() {
        let root = tempfile::tempdir().expect("a folder");
        let mut out = Vec::new();
        let exit = init(&args(root.path(), Some("Acme")), &Paths::default(), None, &mut out).expect("written");
        let said = String::from_utf8(out).expect("text");
        assert_eq!(exit, Exit::Done, "{said}");
        assert!(said.contains("overheard check --config"), "{said}");
    }

    #[test]
    fn questions_are_asked_for_what_was_not_given() {
        let root = tempfile::tempdir().expect("a folder");
        let args = Init { competitors: vec!["Globex".into()], ..args(root.path(), None) };
        let mut answers = "Acme\nAcme Cloud, Acme Box\nhttps://www.acme.example/\n\nkim\nkim@acme.example\n".as_bytes();
        let mut out = Vec::new();
        init(&args, &Paths::default(), Some(&mut answers), &mut out).expect("written");
        let said = String::from_utf8(out).expect("text");
        assert!(said.contains("Products: ") && !said.contains("Competitors: "), "{said}");
        let watches = text_of(root.path(), "config/watches.toml");
        for part in ["Acme Cloud", "Acme Box", "link:acme.example", "Globex", "owner = \"kim\""] {
            assert!(watches.contains(part), "{part} in {watches}");
        }
        assert!(text_of(root.path(), "config/daemon.toml").contains("contact = \"mailto:kim@acme.example\""));
    }

    #[test]
    fn what_exists_is_never_written_over() {
        let root = tempfile::tempdir().expect("a folder");
        let mine = root.path().join("sources.toml");
        std::fs::write(&mine, "# mine").expect("a file");
        let error = init(&args(root.path(), Some("Acme")), &Paths::default(), None, &mut Vec::new());
        let error = error.expect_err("refused").to_string();
        assert!(error.contains("sources.toml") && error.contains("--dir"), "{error}");
        assert_eq!(std::fs::read_to_string(&mine).expect("the file"), "# mine");
        assert!(!root.path().join("config").exists(), "nothing else was written");
    }

    #[test]
    fn without_a_terminal_and_a_brand_it_says_what_to_write() {
        let root = tempfile::tempdir().expect("a folder");
        let error =
            init(&args(root.path(), None), &Paths::default(), None, &mut Vec::new()).expect_err("nobody answers");
        assert!(error.to_string().contains("--brand"), "{error}");
    }

    #[test]
    fn an_answer_that_cannot_be_used_writes_nothing() {
        let root = tempfile::tempdir().expect("a folder");
        let args = Init { handles: vec!["acme".into()], ..args(root.path(), Some("Acme")) };
        let error = init(&args, &Paths::default(), None, &mut Vec::new()).expect_err("no site");
        assert!(error.to_string().contains("needs the site"), "{error}");
        assert!(!root.path().join("config").exists());
    }
}
