//! How are faults shown: with the lines they are about, as plain lines, as JSON?

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::json;

use super::Checked;
use super::block::is_error;
use crate::model::{Fault, Severity};

impl Checked {
    /// Each fault with the line it is about, as compilers show them; `color` for a terminal.
    pub fn drawn(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
        let draw = |fault: &Fault| renderer.render(&[self.group(fault)]);
        let mut text = self.faults.iter().map(draw).collect::<Vec<_>>().join("\n\n");
        if !text.is_empty() {
            text.push('\n');
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
        let place = self.texts.get(&fault.file).zip(fault.span.clone());
        let group = match place {
            Some((text, span)) if fault.line > 0 => {
                let end = span.end.min(end_of_line(text, span.start)).max(span.start);
                let mark = AnnotationKind::Primary.span(span.start..end);
                title.element(Snippet::source(text.as_str()).path(fault.file.as_str()).annotation(mark))
            }
            _ => title.element(annotate_snippets::Origin::path(fault.file.as_str())),
        };
        match &fault.hint {
            Some(hint) => group.element(Level::HELP.message(annotate_snippets::normalize_untrusted_str(hint))),
            None => group,
        }
    }
}

fn prefix(fault: &Fault) -> &'static str {
    match fault.severity {
        Severity::Error => "",
        Severity::Warning => "warning: ",
    }
}

/// Marks stay on one line: a whole block or a long query would bury what is said about it.
fn end_of_line(text: &str, start: usize) -> usize {
    text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| start + length)
}
