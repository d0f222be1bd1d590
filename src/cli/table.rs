//! How do listings look on a terminal?

use std::io::IsTerminal;

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

/// How words that matched are set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `*word*`: where no terminal is, and in tables.
    Stars,
    /// Bold.
    Bold,
}

impl Mark {
    /// Bold where standard output is a terminal and nobody asked for no colours.
    pub fn of_output() -> Self {
        let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        if colours && std::io::stdout().is_terminal() { Self::Bold } else { Self::Stars }
    }

    fn around(self) -> (&'static str, &'static str) {
        match self {
            Self::Stars => ("*", "*"),
            Self::Bold => ("\u{1b}[1m", "\u{1b}[0m"),
        }
    }
}

/// Foreign text on a terminal with what matched set apart.
pub fn marked(words: &Highlighted, mark: Mark) -> String {
    let (before, after) = mark.around();
    let piece = |(piece, hit): (&str, bool)| match hit {
        true => format!("{before}{}{after}", plain(piece)),
        false => plain(piece),
    };
    words.pieces().into_iter().map(piece).collect()
}
