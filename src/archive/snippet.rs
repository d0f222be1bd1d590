//! Which part of a post shows why it was found?

use std::ops::Range;

use serde::Serialize;

use crate::model::{ClauseHit, Field, Post};

/// Longest window of text, in characters.
const WINDOW: usize = 160;
/// How much of a window stands before what it is about, in characters.
const LEAD: usize = 40;
/// Most windows of one snippet.
const WINDOWS: usize = 2;
/// Most places that a window is tried at.
const ANCHORS: usize = 64;
/// Stands where text was left out.
const GAP: &str = "…";

/// Plain text on one line, and which bytes of it the query was about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Snippet {
    pub text: String,
    /// Byte ranges of `text`, in order, never overlapping, always at characters.
    pub highlights: Vec<Range<usize>>,
}

/// A place in the text, and the number of the clause that it is from.
type Anchor = (Range<usize>, usize);

/// The whole title of a post and the part of its text that shows the most clauses, both highlighted.
pub fn highlighted(post: &Post, hits: &[ClauseHit]) -> (Snippet, Snippet) {
    (title(&post.title, hits), excerpt(&post.text, hits))
}

/// The whole of a title, highlighted.
fn title(text: &str, hits: &[ClauseHit]) -> Snippet {
    let mut snippet = Snippet::default();
    snippet.append(text, 0..text.len(), &merged(&anchors(text, Field::Title, hits)));
    snippet
}

/// The windows of a text that show the most clauses, highlighted; its beginning if there is nothing to show.
fn excerpt(text: &str, hits: &[ClauseHit]) -> Snippet {
    let anchors = anchors(text, Field::Text, hits);
    let places = merged(&anchors);
    let mut snippet = Snippet::default();
    let mut shown = 0;
    for window in windows(text, &anchors) {
        if window.start > shown {
            snippet.text.push_str(if shown == 0 { GAP } else { " … " });
        }
        shown = window.end;
        snippet.append(text, window, &places);
    }
    if shown < text.trim_end().len() {
        snippet.text.push_str(GAP);
    }
    snippet
}

impl Snippet {
    /// The whole of a title, with these places highlighted.
    pub fn of_title(text: &str, hits: &[ClauseHit]) -> Self {
        title(text, hits)
    }

    /// The part of a text that shows the most of these clauses, highlighted.
    pub fn of_text(text: &str, hits: &[ClauseHit]) -> Self {
        excerpt(text, hits)
    }

    /// Appends a stretch of `text`, every run of white space as one space.
    fn append(&mut self, text: &str, stretch: Range<usize>, places: &[Range<usize>]) {
        let Some(visible) = text.get(stretch.clone()) else { return };
        let first = self.text.len();
        // Where each byte of the stretch went; highlights begin and end at characters.
        let mut went = Vec::with_capacity(visible.len() + 1);
        for character in visible.chars() {
            went.resize(went.len() + character.len_utf8(), self.text.len());
            if !character.is_whitespace() {
                self.text.push(character);
            } else if self.text.len() > first && !self.text.ends_with(' ') {
                self.text.push(' ');
            }
        }
        self.text.truncate(first + self.text[first..].trim_end().len());
        went.push(self.text.len());
        for place in places {
            let (start, end) = (place.start.max(stretch.start), place.end.min(stretch.end));
            if start >= end {
                continue;
            }
            let highlight = went[start - stretch.start]..went[end - stretch.start].min(self.text.len());
            if highlight.start < highlight.end {
                self.highlights.push(highlight);
            }
        }
    }
}

/// The places in one field, in order.
fn anchors(text: &str, field: Field, hits: &[ClauseHit]) -> Vec<Anchor> {
    let mut anchors = Vec::new();
    for (clause, hit) in hits.iter().enumerate() {
        for span in hit.spans.iter().filter(|span| span.field == field) {
            let range = span.start as usize..span.end as usize;
            if text.get(range.clone()).is_some_and(|part| !part.is_empty()) {
                anchors.push((range, clause));
            }
        }
    }
    anchors.sort_by_key(|(range, _)| (range.start, range.end));
    anchors
}

/// The places without their clauses, overlapping ones joined.
fn merged(anchors: &[Anchor]) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for (range, _) in anchors {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range.clone()),
        }
    }
    merged
}

/// The windows to show, in order, not overlapping.
fn windows(text: &str, anchors: &[Anchor]) -> Vec<Range<usize>> {
    let mut left: Vec<Anchor> = anchors.iter().take(ANCHORS).cloned().collect();
    let mut chosen: Vec<Range<usize>> = Vec::new();
    while chosen.len() < WINDOWS && !left.is_empty() {
        // Of equal ones the first.
        let tried = left.iter().rev().map(|(range, _)| window(text, range));
        let Some(best) = tried.max_by_key(|window| worth(window, &left)) else { break };
        let seen: Vec<usize> = left.iter().filter(|anchor| holds(&best, anchor)).map(|(_, clause)| *clause).collect();
        // A second window is for clauses that the first does not show.
        left.retain(|anchor| !seen.contains(&anchor.1));
        let apart = chosen.iter().all(|other| best.end <= other.start || other.end <= best.start);
        if apart {
            chosen.push(best);
        }
    }
    if chosen.is_empty() {
        chosen.push(window(text, &(0..0)));
    }
    chosen.sort_by_key(|window| window.start);
    chosen
}

fn holds(window: &Range<usize>, (range, _): &Anchor) -> bool {
    window.start <= range.start && range.end <= window.end
}

/// How many clauses a window shows, then how many places.
fn worth(window: &Range<usize>, anchors: &[Anchor]) -> (usize, usize) {
    let inside = || anchors.iter().filter(|anchor| holds(window, anchor));
    let mut clauses: Vec<usize> = inside().map(|(_, clause)| *clause).collect();
    clauses.sort_unstable();
    clauses.dedup();
    (clauses.len(), inside().count())
}

/// The window for a place: it begins and ends between words where there are spaces near.
fn window(text: &str, anchor: &Range<usize>) -> Range<usize> {
    // Near the end of the text there is more room before the place.
    let last = characters_before(text, text.len(), WINDOW);
    let mut start = characters_before(text, anchor.start, LEAD).min(last);
    if start > 0 {
        start = text[start..anchor.start].find(char::is_whitespace).map_or(start, |space| start + space);
    }
    start += text[start..anchor.start].len() - text[start..anchor.start].trim_start().len();
    let mut end = text[start..].char_indices().nth(WINDOW).map_or(text.len(), |(at, _)| start + at).max(anchor.end);
    if end < text.len() {
        let tail = anchor.end.max(start);
        end = text[tail..end].rfind(char::is_whitespace).map_or(end, |space| tail + space);
    }
    start..end
}

/// The byte that stands this many characters before another, or the first one.
fn characters_before(text: &str, byte: usize, count: usize) -> usize {
    text[..byte].char_indices().rev().nth(count - 1).map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    /// Every `[…]` in the text is a place; the rest is what the post says.
    fn marked(text: &str, field: Field) -> (String, Vec<ClauseHit>) {
        let mut plain = String::new();
        let mut hits = Vec::new();
        for part in text.split_inclusive(['[', ']']) {
            let start = plain.len() as u32;
            plain.push_str(part.trim_end_matches(['[', ']']));
            if part.ends_with(']') {
                let span = Span { field, start, end: plain.len() as u32 };
                let clause = plain[start as usize..].to_lowercase();
                hits.push(ClauseHit { clause, spans: vec![span] });
            }
        }
        (plain, hits)
    }

    /// The snippet with its highlights written as `[…]`.
    fn shown(snippet: &Snippet) -> String {
        let mut text = snippet.text.clone();
        for highlight in snippet.highlights.iter().rev() {
            text.insert(highlight.end, ']');
            text.insert(highlight.start, '[');
        }
        text
    }

    #[test]
    fn an_excerpt_shows_the_places_in_their_surroundings() {
        let filler = "word ".repeat(60);
        let filler = filler.trim_end();
        let wide = "字".repeat(300);
        let cases = [
            ("short text, nothing found".to_owned(), "short text, nothing found".to_owned()),
            ("Is [Acme] down again?".to_owned(), "Is [Acme] down again?".to_owned()),
            ("two\n\n  lines of [Acme]\tCloud \n".to_owned(), "two lines of [Acme] Cloud".to_owned()),
            ("[Café] 東[京]😀 [über]".to_owned(), "[Café] 東[京]😀 [über]".to_owned()),
            (
                format!("{filler} [Acme] {filler}"),
                format!("…{} [Acme] {}…", "word ".repeat(7).trim_end(), "word ".repeat(24).trim_end()),
            ),
            (
                format!("{filler} [Acme] {filler} [down] {filler}"),
                format!(
                    "…{lead} [Acme] {tail} … {lead} [down] {tail}…",
                    lead = "word ".repeat(7).trim_end(),
                    tail = "word ".repeat(24).trim_end()
                ),
            ),
            (format!("[Acme] was [down] {filler}"), format!("[Acme] was [down] {}…", "word ".repeat(29).trim_end())),
            (format!("{wide}[京]{wide}"), format!("…{}[京]{}…", "字".repeat(40), "字".repeat(119))),
            (filler.to_owned(), format!("{}…", "word ".repeat(32).trim_end())),
        ];
        for (text, expected) in cases {
            let (plain, hits) = marked(&text, Field::Text);
            assert_eq!(shown(&excerpt(&plain, &hits)), expected, "{text}");
        }
    }

    #[test]
    fn a_title_is_shown_whole() {
        let (plain, hits) = marked("Why is [Acme]  [Cloud] down?", Field::Title);
        assert_eq!(shown(&title(&plain, &hits)), "Why is [Acme] [Cloud] down?");
    }

    #[test]
    fn overlapping_places_are_one_highlight_and_wrong_ones_none() {
        let span = |start, end| Span { field: Field::Text, start, end };
        let hits = [
            ClauseHit { clause: "a".to_owned(), spans: vec![span(0, 4), span(2, 9)] },
            ClauseHit { clause: "b".to_owned(), spans: vec![span(11, 12), span(40, 50), span(3, 3)] },
        ];
        // Byte 11 is inside the é.
        assert_eq!(shown(&excerpt("acme cloudé", &hits)), "[acme clou]dé");
    }
}
