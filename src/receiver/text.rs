//! How are an alert and the foreign words in it put for people to read?
//!
//! Whatever a mention says is text of a stranger: it must never act in the place where it is shown. What
//! is special to one place (its markup) is escaped by that kind; what acts everywhere (control characters,
//! direction overrides, line breaks that fake a line of ours) is taken out here.

use unicode_segmentation::UnicodeSegmentation;
use url::Url;

use crate::model::words::plural;
use crate::model::{Alert, ClauseHit, Digest, DigestEntry, FLOOD_WINDOW, Field, Post, Priority, ScorePart, Span};

/// Most clauses told of in one alert.
pub const MAX_CLAUSES: usize = 20;
/// Most different words told of for one clause.
const MAX_WORDS: usize = 8;
/// Most characters of a headline's part that comes from the post.
const MAX_HEADLINE: usize = 120;
/// Most characters shown before and after a match.
const SNIPPET_SIDE: usize = 80;
/// Most characters of one matching word, so that a raw match of a whole paragraph stays a word.
const MAX_WORD: usize = 60;

/// Foreign text as one line without anything that acts: control characters (terminal sequences lose their
/// escape), line breaks and characters that turn the direction of text; runs of white space become one space.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for part in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|part| !part.is_empty()) {
        if !line.is_empty() && !line.ends_with(' ') {
            line.push(' ');
        }
        line.extend(part.chars().filter(|c| !turns_direction(*c)));
    }
    line.truncate(line.trim_end().len());
    line
}

/// Embeddings, overrides and isolates; the plain marks (U+200E, U+200F) only break ties and stay.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// At most `max` characters of a text, cut between what people see as characters, with `…` where it was cut.
pub fn cut(text: &str, max: usize) -> String {
    cut_as(text, max, str::to_owned)
}

/// A text in another form (escaped, for example), cut so that the form has at most `max` characters.
pub fn cut_as(text: &str, max: usize, form: impl Fn(&str) -> String) -> String {
    // Two characters more than can stay: no text, however long, is formed as a whole.
    let head = text.char_indices().nth(max.saturating_add(1)).map_or(text, |(at, _)| &text[..at]);
    let whole = form(head);
    if whole.chars().nth(max).is_none() {
        return whole;
    }
    let mut kept = String::new();
    let mut length = 0;
    for cluster in head.graphemes(true).map(&form) {
        length += cluster.chars().count();
        if length >= max {
            break;
        }
        kept.push_str(&cluster);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// What an alert is about in one line: `acme-problems: Is Acme down for anyone else?`
pub fn headline(alert: &Alert) -> String {
    let sample = if alert.sample { "[sample] " } else { "" };
    if let Some(digest) = &alert.digest {
        return format!("{sample}{}", digest_headline(digest));
    }
    let watches = match &alert.matches[..] {
        [] => String::new(),
        [only] => format!("{}: ", one_line(&only.watch)),
        [first, more @ ..] => format!("{} +{}: ", one_line(&first.watch), more.len()),
    };
    format!("{sample}{watches}{}", title(&alert.post))
}

/// What a digest is about in one line: `acme: 37 more stories on 2026-11-20 were held back by max_alerts_per_day = 20`, or
/// `940 more stories before 2026-11-20 14:30:00 UTC were held back by max_alerts_per_10_minutes = 60`.
pub fn digest_headline(digest: &Digest) -> String {
    let Digest { watch, cap, day, stories, flood, .. } = digest;
    let (stories, were) = (plural(*stories, "more story", "more stories"), if *stories == 1 { "was" } else { "were" });
    if let Some(window) = flood {
        let until = (*window + FLOOD_WINDOW).in_words();
        return format!("{stories} before {until} {were} held back by max_alerts_per_10_minutes = {cap}");
    }
    format!("{}: {stories} on {day} {were} held back by max_alerts_per_day = {cap}", one_line(watch))
}

/// What stands before the stories of a digest, where not all are listed.
pub fn digest_intro(digest: &Digest) -> Option<String> {
    let listed = digest.listed.len();
    (digest.stories > listed as u64).then(|| format!("The {listed} with the highest scores:"))
}

/// For how much of the day the sources could be heard: `Sources were heard for 75 % of that day (sample-forum 50 %)`.
pub fn digest_coverage(digest: &Digest) -> Option<String> {
    let percent = |share: f64| format!("{:.0} %", (share * 100.0).floor());
    let coverage = digest.coverage.as_ref()?;
    let least = coverage.least.iter().map(|heard| format!("{} {}", one_line(&heard.source), percent(heard.share)));
    let least: Vec<String> = least.collect();
    let least = if least.is_empty() { String::new() } else { format!(" ({})", least.join(", ")) };
    Some(format!("Sources were heard for {} of that day{least}", percent(coverage.share)))
}

/// One story of a digest: `78 · Is Acme down? · community.acme.example`.
pub fn digest_line(entry: &DigestEntry) -> String {
    let title = cut(&one_line(&entry.title), MAX_HEADLINE);
    let title = if title.is_empty() { format!("post {}, which left the archive", entry.post) } else { title };
    let parts = [entry.score.to_string(), title, cut(&one_line(&entry.site), MAX_WORD)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// The post's title, or how its text begins, or its address.
fn title(post: &Post) -> String {
    let mut texts = [&post.title, &post.text, &post.url].into_iter().map(|text| one_line(&cut(text, 2 * MAX_HEADLINE)));
    cut(&texts.find(|text| !text.is_empty()).unwrap_or_default(), MAX_HEADLINE)
}

/// How the post's text begins, as one line of at most `max` characters.
pub fn excerpt(post: &Post, max: usize) -> String {
    cut(&one_line(&cut(&post.text, 2 * max)), max)
}

/// Where, by whom and when: `community.acme.example · Kim · 2026-01-31T12:00:00Z`.
pub fn byline(post: &Post) -> String {
    let author = post.author.as_ref().map(|author| cut(&one_line(&author.name), MAX_WORD));
    let parts = [Some(one_line(&post.site)), author, Some(post.dated().to_string())];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A post's address, if it is one that a reader may be sent to.
pub fn link(url: &str) -> Option<Url> {
    Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// One clause of a watch that was true, with the words of the post that made it so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause<'a> {
    pub watch: &'a str,
    /// As the query language prints it.
    pub clause: &'a str,
    /// Different words as they stand in the post, in order of place; empty for a clause about a field.
    pub words: Vec<&'a str>,
    /// The first place with the text around it.
    pub snippet: Option<String>,
}

/// What made the post a mention, watch by watch; at most [`MAX_CLAUSES`].
pub fn clauses(alert: &Alert) -> Vec<Clause<'_>> {
    let hits = alert.matches.iter().flat_map(|found| found.clauses.iter().map(|hit| (found.watch.as_str(), hit)));
    hits.take(MAX_CLAUSES).map(|(watch, hit)| clause(&alert.post, watch, hit)).collect()
}

fn clause<'a>(post: &'a Post, watch: &'a str, hit: &'a ClauseHit) -> Clause<'a> {
    let mut words: Vec<&str> = Vec::new();
    for word in hit.spans.iter().filter_map(|span| text_of(post, span)) {
        if words.len() < MAX_WORDS && !words.contains(&word) {
            words.push(word);
        }
    }
    let snippet = hit.spans.iter().find_map(|span| snippet(post, span));
    Clause { watch, clause: &hit.clause, words, snippet }
}

fn field_of(post: &Post, field: Field) -> &str {
    match field {
        Field::Title => &post.title,
        Field::Text => &post.text,
    }
}

/// `None` for a span that does not fit the post (an older record of a post that was edited since).
fn text_of<'a>(post: &'a Post, span: &Span) -> Option<&'a str> {
    field_of(post, span.field).get(span.start as usize..span.end as usize)
}

fn snippet(post: &Post, span: &Span) -> Option<String> {
    let word = text_of(post, span)?;
    let text = field_of(post, span.field);
    let (before, after) = (text.get(..span.start as usize)?, text.get(span.end as usize..)?);
    let start = before.char_indices().rev().nth(SNIPPET_SIDE - 1).map_or(0, |(at, _)| at);
    let end = after.char_indices().nth(SNIPPET_SIDE).map_or(after.len(), |(at, _)| at);
    let opening = if start > 0 { "…" } else { "" };
    let closing = if end < after.len() { "…" } else { "" };
    let around = format!("{}{}{}", before.get(start..)?, cut(word, 4 * MAX_WORD), after.get(..end)?);
    Some(format!("{opening}{}{closing}", one_line(&around)))
}

/// Why it is a mention: `acme-problems: acme (Acme), down (down), site:example.org`.
pub fn why_line(alert: &Alert) -> String {
    let mut line = String::new();
    let mut watch = None;
    for clause in clauses(alert) {
        match watch {
            Some(before) if before == clause.watch => line.push_str(", "),
            Some(_) => line.push_str("; "),
            None => {}
        }
        if watch != Some(clause.watch) {
            line.push_str(&one_line(clause.watch));
            line.push_str(": ");
        }
        watch = Some(clause.watch);
        line.push_str(&one_line(clause.clause));
        if !clause.words.is_empty() {
            let words: Vec<String> = clause.words.iter().map(|word| cut(&one_line(word), MAX_WORD)).collect();
            line.push_str(&format!(" ({})", words.join(", ")));
        }
    }
    line
}

/// Why it matters this much: `78 = relevance 40 (acme in the title) + freshness 38`.
pub fn score_line(alert: &Alert) -> String {
    let part = |part: &ScorePart| {
        let why = if part.why.is_empty() { String::new() } else { format!(" ({})", one_line(&part.why)) };
        format!("{} {}{why}", one_line(&part.signal), (f64::from(part.points) * 10.0).round() / 10.0)
    };
    let parts: Vec<String> = alert.score.parts.iter().map(part).collect();
    if parts.is_empty() {
        alert.score.total.to_string()
    } else {
        format!("{} = {}", alert.score.total, parts.join(" + "))
    }
}

/// Why it came here: `(default) › label:problem`.
pub fn route_line(alert: &Alert) -> String {
    alert.reason.route.iter().map(|route| one_line(route)).collect::<Vec<_>>().join(" › ")
}

/// The highest priority of the watches that matched.
pub fn priority(alert: &Alert) -> Priority {
    alert.matches.iter().map(|found| found.priority).max().unwrap_or_default()
}

/// Who owns it: the owner of the first watch of the highest priority that has one.
pub fn owner(alert: &Alert) -> Option<&str> {
    let mut owned: Vec<_> = alert.matches.iter().filter(|found| found.owner.is_some()).collect();
    owned.sort_by_key(|found| std::cmp::Reverse(found.priority));
    owned.first().and_then(|found| found.owner.as_deref())
}

#[cfg(test)]
mod tests;
