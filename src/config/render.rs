//! How are faults shown: with the lines they are about, as plain lines, as JSON?

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::json;

use super::Checked;
use super::block::is_error;
use crate::model::{Fault, Severity};

/// Most faults drawn; who has more does not read them all at once.
const MAX_DRAWN: usize = 100;

impl Checked {
    /// Each fault with the line it is about, as compilers show them; `color` for a terminal.
    pub fn drawn(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
        let draw = |fault: &Fault| format!("{}\n", renderer.render(&[self.group(fault)]));
        let mut text = self.faults.iter().take(MAX_DRAWN).map(draw).collect::<Vec<_>>().join("\n");
        if self.faults.len() > MAX_DRAWN {
            text.push_str(&format!("\n… and {} more; see them with --plain\n", self.faults.len() - MAX_DRAWN));
        }
        text
    }

    /// Each fault on a line of its own: `file:line:column: key: what (hint)`.
    pub fn lines(&self) -> String {
        self.faults.iter().map(|fault| format!("{}{fault}\n", prefix(fault))).collect()
    }

    /// `{ "ok": …, "faults": […] }`.
    pub fn to_json(&self) -> serde_json::Value {
        json!({ "ok": self.config.is_some(), "faults": self.faults })
    }

    /// How many errors and warnings there are.
    pub fn count(&self) -> (usize, usize) {
        let errors = self.faults.iter().filter(|fault| is_error(fault)).count();
        (errors, self.faults.len() - errors)
    }

    fn group<'f>(&'f self, fault: &'f Fault) -> Group<'f> {
        let level = match fault.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = if fault.key.is_empty() { fault.what.clone() } else { format!("{}: {}", fault.key, fault.what) };
        let title = level.primary_title(title);
        let group = match self.line_of(fault) {
            Some((line, mark)) => {
                let snippet = Snippet::source(line).path(fault.file.as_str()).line_start(fault.line);
                title.element(snippet.annotation(AnnotationKind::Primary.span(mark)))
            }
            None => title.element(Origin::path(fault.file.as_str())),
        };
        match &fault.hint {
            Some(hint) => group.element(Level::HELP.message(annotate_snippets::normalize_untrusted_str(hint))),
            None => group,
        }
    }

    /// The line that a fault is about and the part of it that is marked. Only one line: a whole block or a long
    /// query would bury what is said about it.
    fn line_of(&self, fault: &Fault) -> Option<(&str, Range<usize>)> {
        let text = self.texts.get(&fault.file)?;
        let span = fault.span.clone().filter(|_| fault.line > 0)?;
        let start = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(start..)?.lines().next().unwrap_or_default();
        let end = (span.end - start).min(line.len()).max(span.start - start);
        Some((line, span.start - start..end))
    }
}

fn prefix(fault: &Fault) -> &'static str {
    match fault.severity {
        Severity::Error => "",
        Severity::Warning => "warning: ",
    }
}
