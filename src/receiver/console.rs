//! How does an alert read on the daemon's standard output?

use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;

use super::text;
use crate::model::{
    Alert, Answer, Digest, Fault, Handle, Receiver, ReceiverKind, Rendered, Settings, Timestamp, Verdict,
};

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
    let lines = match &alert.digest {
        Some(digest) => digest_lines(alert, digest),
        None => alert_lines(alert),
    };
    let mut block = format!("▌ {}\n", text::headline(alert));
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        block.push_str(&format!("  {name:<5}  {value}\n"));
    }
    block.push('\n');
    block
}

fn alert_lines(alert: &Alert) -> Vec<(&'static str, String)> {
    let post = &alert.post;
    vec![
        ("text", text::excerpt(post, MAX_TEXT)),
        ("post", text::byline(post)),
        ("link", text::link(&post.url).map(String::from).unwrap_or_default()),
        ("why", text::why_line(alert)),
        ("score", text::score_line(alert)),
        ("route", text::route_line(alert)),
        ("owner", text::owner(alert).map(text::one_line).unwrap_or_default()),
        ("alert", alert.id.clone()),
    ]
}

fn digest_lines(alert: &Alert, digest: &Digest) -> Vec<(&'static str, String)> {
    let mut lines = vec![("list", text::digest_intro(digest).unwrap_or_default())];
    for entry in &digest.listed {
        lines.push(("story", text::digest_line(entry)));
        lines.push(("link", text::link(&entry.url).map(String::from).unwrap_or_default()));
    }
    lines.push(("heard", text::digest_coverage(digest).unwrap_or_default()));
    lines.push(("route", text::route_line(alert)));
    lines.push(("owner", text::owner(alert).map(text::one_line).unwrap_or_default()));
    lines.push(("alert", alert.id.clone()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::sample;

    fn rendered(alert: &Alert) -> String {
        let settings = Settings::parse("receiver.screen", "").expect("no settings");
        let receiver = KIND.load(&settings).expect("needs none");
        let Rendered::Line(block) = receiver.render(alert, None, Timestamp(0)) else { panic!("a line") };
        block
    }

    #[test]
    fn an_alert_is_a_block_of_named_lines() {
        let block = rendered(&sample::alert("screen", Timestamp(1_767_225_600_000)));
        insta::with_settings!({ snapshot_path => "../../tests/fixtures/console", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("alert", block);
        });
    }

    #[test]
    fn a_digest_is_a_block_with_a_line_for_each_story() {
        let block = rendered(&sample::digest("screen", Timestamp(1_767_225_600_000)));
        insta::with_settings!({ snapshot_path => "../../tests/fixtures/console", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("digest", block);
        });
    }

    #[test]
    fn a_post_can_neither_steer_the_terminal_nor_fake_a_line() {
        let mut alert = sample::alert("screen", Timestamp(0));
        let evil = "x\u{1b}[2J\u{9b}1A\n  route  (fake)\r\u{8}\u{202e}y";
        alert.post.title = evil.into();
        alert.post.text = evil.into();
        alert.post.site = evil.into();
        alert.post.author = Some(crate::model::Author { name: evil.into(), ..Default::default() });
        alert.post.url = "javascript:alert(1)".into();
        alert.matches[0].clauses[0].clause = evil.into();
        let block = rendered(&alert);
        assert!(block.chars().all(|c| c == '\n' || !c.is_control()), "{block:?}");
        assert!(!block.contains('\u{202e}') && !block.contains("javascript"), "{block:?}");
        let routes = |block: &str| block.lines().filter(|line| line.starts_with("  route  ")).count();
        assert_eq!(routes(&block), 1, "{block}");

        let mut digest = sample::digest("screen", Timestamp(0));
        for entry in digest.digest.iter_mut().flat_map(|digest| &mut digest.listed) {
            (entry.title, entry.site, entry.url) = (evil.into(), evil.into(), "javascript:alert(1)".into());
        }
        let block = rendered(&digest);
        assert!(block.chars().all(|c| c == '\n' || !c.is_control()), "{block:?}");
        assert!(!block.contains('\u{202e}') && !block.contains("javascript"), "{block:?}");
        assert_eq!(routes(&block), 1, "{block}");
    }

    #[test]
    fn settings_are_refused_because_there_are_none() {
        let settings = Settings::parse("receiver.screen", "colour = true").expect("TOML");
        let faults = KIND.load(&settings).expect_err("unknown key");
        assert_eq!(faults[0].key, "receiver.screen.colour");
    }

    #[test]
    fn a_line_that_was_written_is_delivered() {
        assert_eq!(Console.verdict(&Answer::default()), Verdict::Delivered { handle: None });
    }
}
