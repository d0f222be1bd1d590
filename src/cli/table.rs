//! How do listings look on a terminal?

use comfy_table::{ContentArrangement, Table, presets};

use crate::pipeline::look::Highlighted;

/// Width where the terminal does not say.
const WIDTH: u16 = 120;

/// An empty table with a header, as wide as the terminal.
pub fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(std::env::var("COLUMNS").ok().and_then(|width| width.parse().ok()).unwrap_or(WIDTH));
    table.set_header(header);
    table
}

/// Foreign text on a terminal: no control character may act.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text with a star before and behind every part that matched.
pub fn marked(words: &Highlighted) -> String {
    let mark = |(piece, hit): (&str, bool)| if hit { format!("*{piece}*") } else { piece.to_owned() };
    plain(&words.pieces().into_iter().map(mark).collect::<String>())
}
