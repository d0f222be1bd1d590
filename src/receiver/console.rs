//! How does an alert read on the daemon's standard output?

use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;

use super::text;
use crate::model::{Alert, Answer, Fault, Handle, Receiver, ReceiverKind, Rendered, Settings, Timestamp, Verdict};

/// The daemon's own standard output, for trying things out and for a journal that reads it.
pub static KIND: Kind = Kind;

pub struct Kind;

/// Most characters of the text that are shown.
const MAX_TEXT: usize = 300;

/// The standard output of the daemon. It has no settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ConsoleSettings {}

#[derive(Debug)]
struct Console;

impl ReceiverKind for Kind {
    fn name(&self) -> &'static str {
        "console"
    }

    fn summary(&self) -> &'static str {
        "Prints each alert as a block of text on the daemon's standard output."
    }

    fn schema(&self) -> schemars::Schema {
        SchemaGenerator::default().into_root_schema_for::<ConsoleSettings>()
    }

    fn sample(&self) -> &'static str {
        "[[receiver]]\nname = \"screen\"\nkind = \"console\"\n"
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Receiver>, Vec<Fault>> {
        let ConsoleSettings {} = settings.read()?;
        Ok(Box::new(Console))
    }
}

impl Receiver for Console {
    fn render(&self, alert: &Alert, _: Option<&Handle>, _: Timestamp) -> Rendered {
        Rendered::Line(block(alert))
    }

    fn verdict(&self, _: &Answer) -> Verdict {
        Verdict::Delivered { handle: None }
    }
}

/// A headline, and under it one indented line for each thing to know. Each value is one line whatever the post
/// says, so that no post can fake a line of ours.
fn block(alert: &Alert) -> String {
    let post = &alert.post;
    let lines = [
        ("text", text::excerpt(post, MAX_TEXT)),
        ("post", text::byline(post)),
        ("link", text::link(post).map(String::from).unwrap_or_default()),
        ("why", text::why_line(alert)),
        ("score", text::score_line(alert)),
        ("route", text::route_line(alert)),
        ("owner", text::owner(alert).map(text::one_line).unwrap_or_default()),
        ("alert", alert.id.clone()),
    ];
    let mut block = format!("▌ {}\n", text::headline(alert));
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        block.push_str(&format!("  {name:<5}  {value}\n"));
    }
    block.push('\n');
    block
}
