//! `overheard reference`: does the reference of the configuration say what the program does?

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use crate::config::reference::{FOLDER, files};

/// Prints, writes or checks the reference of the configuration.
#[derive(Debug, Args)]
pub struct Reference {
    /// Write the files.
    #[arg(long)]
    write: bool,
    /// Check that the files are what would be written.
    #[arg(long, conflicts_with = "write")]
    check: bool,
    /// Folder of the files.
    #[arg(long, default_value_os_t = Path::new("config").join(FOLDER))]
    dir: PathBuf,
}

/// Runs the command: 1 when the files are not what would be written.
pub fn run(args: &Reference, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let mut exit = Exit::Done;
    if args.write {
        std::fs::create_dir_all(&args.dir).with_context(|| format!("cannot make {}", args.dir.display()))?;
    }
    for (name, text) in files() {
        let path = args.dir.join(name);
        if args.write {
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        } else if !args.check {
            writeln!(out, "{text}")?;
        } else if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            writeln!(out, "{} is not what the program does; run `overheard reference --write`", path.display())?;
            exit = Exit::Nothing;
        }
    }
    Ok(exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_passes_the_check_until_it_is_edited() {
        let root = tempfile::tempdir().expect("a folder");
        let dir = root.path().join("reference");
        let run = |write, check| {
            run(&Reference { write, check, dir: dir.clone() }, &mut Vec::new()).expect("a folder to write to")
        };
        assert_eq!(run(false, true), Exit::Nothing, "nothing is there yet");
        assert_eq!(run(true, false), Exit::Done);
        assert_eq!(run(false, true), Exit::Done);
        std::fs::write(dir.join("daemon.md"), "edited").expect("a file");
        assert_eq!(run(false, true), Exit::Nothing);
    }
}
