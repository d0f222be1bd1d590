//! `overheard kinds`: what can be listened to, and who can be told?

use std::io::Write;

use clap::Args;

use super::Exit;
use crate::config::kinds::{Catalogue, KindDoc, catalogue};
use crate::config::schema::KeyDoc;
use crate::model::nearest;

/// Lists the kinds of sources and receivers with their settings.
#[derive(Debug, Default, Args)]
pub struct Kinds {
    /// Show only this kind, with a block to copy.
    kind: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// There is no kind of the name that was given.
pub fn run(args: &Kinds, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let mut catalogue = catalogue();
    if let Some(name) = &args.kind {
        only(&mut catalogue, name)?;
    }
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &catalogue)?;
        writeln!(out)?;
        return Ok(Exit::Done);
    }
    section(out, "Sources, in sources.toml", &catalogue.source_keys, &catalogue.sources, args.kind.is_some())?;
    section(out, "Receivers, in routes.toml", &catalogue.receiver_keys, &catalogue.receivers, args.kind.is_some())?;
    Ok(Exit::Done)
}

fn only(catalogue: &mut Catalogue, name: &str) -> anyhow::Result<()> {
    let names: Vec<&str> = catalogue.sources.iter().chain(&catalogue.receivers).map(|kind| kind.name).collect();
    if !names.contains(&name) {
        let near = nearest(name, names.iter().copied());
        let hint =
            near.map_or_else(|| format!("there are {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
        anyhow::bail!("there is no kind `{name}`; {hint}");
    }
    catalogue.sources.retain(|kind| kind.name == name);
    catalogue.receivers.retain(|kind| kind.name == name);
    Ok(())
}

fn section(
    out: &mut dyn Write,
    title: &str,
    shared: &[KeyDoc],
    kinds: &[KindDoc],
    with_sample: bool,
) -> std::io::Result<()> {
    if kinds.is_empty() {
        return Ok(());
    }
    writeln!(out, "{title}\n\n  every kind")?;
    shared.iter().try_for_each(|key| setting(out, key))?;
    for kind in kinds {
        writeln!(out, "\n  {}: {}", kind.name, kind.summary)?;
        kind.settings.iter().try_for_each(|key| setting(out, key))?;
        if with_sample {
            writeln!(out)?;
            kind.sample.trim().lines().try_for_each(|line| writeln!(out, "      {line}"))?;
        }
    }
    writeln!(out)
}

fn setting(out: &mut dyn Write, key: &KeyDoc) -> std::io::Result<()> {
    let default = match (&key.default, key.required) {
        (Some(default), _) => format!(", {default} if not given"),
        (None, true) => ", required".to_owned(),
        (None, false) => String::new(),
    };
    let doc = key.doc.split_whitespace().collect::<Vec<_>>().join(" ");
    writeln!(out, "    {} ({}{default})", key.key, key.type_name)?;
    if doc.is_empty() { Ok(()) } else { writeln!(out, "        {doc}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: Option<&str>, json: bool) -> anyhow::Result<String> {
        let mut out = Vec::new();
        run(&Kinds { kind: kind.map(str::to_owned), json }, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn every_kind_is_listed_with_its_settings() {
        let text = said(None, false).expect("a list");
        let json: serde_json::Value = serde_json::from_str(&said(None, true).expect("a list")).expect("JSON");
        let kinds = [&json["sources"], &json["receivers"]];
        for kind in kinds.iter().filter_map(|kinds| kinds.as_array()).flatten() {
            assert!(text.contains(&format!("  {}: ", kind["name"].as_str().expect("a name"))), "{kind}");
            for key in kind["settings"].as_array().expect("settings") {
                assert!(text.contains(&format!("    {} (", key["key"].as_str().expect("a key"))), "{key}");
                assert_ne!(key["doc"], "", "every setting has words: {} {key}", kind["name"]);
            }
        }
    }

    #[test]
    fn one_kind_comes_with_a_block_to_copy() {
        let kind = crate::receiver::KINDS[0];
        let text = said(Some(kind.name()), false).expect("one kind");
        assert!(text.contains("[[receiver]]"), "{text}");
        assert!(!text.contains("Sources"), "{text}");
    }

    #[test]
    fn a_kind_that_does_not_exist_is_an_error_with_the_nearest_one() {
        let name = format!("{}x", crate::receiver::KINDS[0].name());
        let error = said(Some(&name), false).expect_err("no such kind").to_string();
        assert!(error.contains("did you mean"), "{error}");
    }
}
