//! What does the reference of the configuration say?
//!
//! Everything in it comes from the doc comments of the settings and the words of the kinds, so that it
//! cannot say anything else than the program does.

use std::fmt::Write;

use super::block::schema_of;
use super::daemon::DaemonConfig;
use super::examples::ExampleParts;
use super::exclusions::ExclusionKeys;
use super::kinds::{KindDoc, catalogue};
use super::routes::RouteKeys;
use super::schema::{KeyDoc, keys};
use super::sources::HostConfig;
use super::watches::WatchKeys;
use crate::query;

/// Folder of the reference, inside the folder of the configuration.
pub const FOLDER: &str = "reference";

/// Every file of the reference: name and text.
pub fn files() -> Vec<(&'static str, String)> {
    vec![
        ("daemon.md", daemon()),
        ("sources.md", sources()),
        ("watches.md", watches()),
        ("routes.md", routes()),
        ("query.md", format!("{GENERATED}{}", query::reference::page())),
    ]
}

/// What stands above every file.
const GENERATED: &str =
    "<!-- Made by `overheard reference --write`; change the doc comments or tables in the code instead. -->\n\n";

const LENGTHS: &str = "A length of time is written `\"90s\"`, `\"2m\"`, `\"1h30m\"` or `\"7d\"`. ";

const SECRETS: &str = "A secret is never written into a file: `{ env = \"NAME\" }` names an environment variable, \
                       `{ file = \"path\" }` a file that holds it.";

fn daemon() -> String {
    let mut text = format!(
        "{GENERATED}# config/daemon.toml\n\nThe daemon itself. Every key may be left out, and so may the file. "
    );
    let _ = write!(text, "{LENGTHS}{SECRETS}\n\n");
    table(&mut text, &keys(&schema_of::<DaemonConfig>()));
    text
}

fn sources() -> String {
    let catalogue = catalogue();
    let mut text = format!("{GENERATED}# sources.toml\n\nWhat is read: one block `[[source]]` for each place. ");
    let _ = write!(text, "{LENGTHS}{SECRETS}\n\n## Every source\n\n");
    table(&mut text, &catalogue.source_keys);
    for kind in &catalogue.sources {
        kind_section(&mut text, kind);
    }
    text.push_str("\n## Hosts\n\nHow a host may be asked: `[hosts.\"community.acme.example\"]`, or ");
    text.push_str("`[hosts.\"*.acme.example\"]` for all hosts below. Hosts that are not named are asked at most once a second.\n\n");
    table(&mut text, &keys(&schema_of::<HostConfig>()));
    text
}

fn watches() -> String {
    let mut text =
        format!("{GENERATED}# config/watches.toml\n\nWhat is listened for: one block `[[watch]]` for each thing.\n\n");
    text.push_str("## Every watch\n\n");
    table(&mut text, &keys(&schema_of::<WatchKeys>()));
    text.push_str(
        "\n## Exclusions\n\nWhat nobody wants to be told of, whatever watch finds it: one block `[[exclusion]]` for each \
         thing. A post that a watch finds and an exclusion too is archived with both, can be searched, counts as \
         suppressed and alerts nobody.\n\n",
    );
    table(&mut text, &keys(&schema_of::<ExclusionKeys>()));
    text.push_str(
        "\n## Examples\n\nAn entry of `must_match` and `must_not_match` is a text in quotes, which stands for title \
         and body alike, or a table with the parts that matter: `{ title = \"Acme is down\", url = \
         \"https://forum.example/1\" }`.\n\n",
    );
    table(&mut text, &keys(&schema_of::<ExampleParts>()));
    text.push_str(
        "\n## Lists\n\n`[lists]` names words and parts of queries, which queries use as `$name`. Several entries stand \
         for any of them; a single text is a part of a query that has a name.\n\n```toml\n[lists]\nacme_names = \
         [\"acme\", '\"acme cloud\"']\nnot_the_cartoon = 'NOT (coyote OR anvil)'\n```\n\n",
    );
    text.push_str("## Queries\n\nWhat a query can say, with examples, and what is wrong with one that is refused: [query.md](query.md).\n");
    text
}

fn routes() -> String {
    let catalogue = catalogue();
    let mut text = format!("{GENERATED}# config/routes.toml\n\nWho is told of what, and how.\n\n## Routes\n\n");
    text.push_str(
        "A mention enters at `[route]` and goes down into the first `[[route.routes]]` whose `match` is true of it, \
         and into the ones after it too while the matching one says `continue = true`. Routes can have routes of \
         their own: `[[route.routes.routes]]`. Each receiver is told of a story once.\n\n",
    );
    table(&mut text, &keys(&schema_of::<RouteKeys>()));
    let _ = write!(text, "\n## Every receiver\n\nOne block `[[receiver]]` for each. {SECRETS}\n\n");
    table(&mut text, &catalogue.receiver_keys);
    for kind in &catalogue.receivers {
        kind_section(&mut text, kind);
    }
    text
}

fn kind_section(text: &mut String, kind: &KindDoc) {
    let _ = write!(text, "\n## {}\n\n{}\n\n", kind.name, kind.summary);
    table(text, &kind.settings);
    let _ = write!(text, "\n```toml\n{}\n```\n", kind.sample.trim());
}

fn table(text: &mut String, keys: &[KeyDoc]) {
    if keys.is_empty() {
        text.push_str("It has no settings of its own.\n");
        return;
    }
    text.push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
    for key in keys {
        let default = match (&key.default, key.required) {
            (Some(default), _) => format!("`{default}`"),
            (None, true) => "**required**".to_owned(),
            (None, false) => "none".to_owned(),
        };
        let _ = writeln!(text, "| `{}` | {} | {default} | {} |", key.key, cell(&key.type_name), cell(&key.doc));
    }
}

/// A text that fits into one cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
