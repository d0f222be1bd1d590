//! How does an alert become a message in a chat channel?

use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, json};

use super::address::Address;
use super::{answer, text};
use crate::model::{
    Alert, Answer, Digest, Fault, Handle, Receiver, ReceiverKind, Rendered, Secret, Settings, Timestamp, Verdict,
};

/// An incoming webhook of Slack, and of those that take the same: Mattermost shows the text instead of the blocks.
pub static KIND: Kind = Kind;

pub struct Kind;

/// Slack's limits, in characters. Escaped text is counted: longer than what Slack counts, never shorter.
const MAX_HEADER: usize = 150;
const MAX_SECTION: usize = 3_000;
const MAX_FIELD: usize = 2_000;
const MAX_CONTEXT: usize = 2_000;
/// Slack refuses longer addresses in a link.
const MAX_LINK: usize = 2_000;
/// The words of a link.
const OPEN: &str = "Open the post";
/// Most characters of the post's text that are shown: more would fill a screen of the channel.
const MAX_TEXT: usize = 600;

/// An incoming webhook of a Slack channel, or of a Mattermost one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SlackSettings {
    /// The webhook's address. Who knows it can post to the channel, so it is a secret: `{ env = "NAME" }` or `{ file = "path" }`.
    url: Secret,
}

#[derive(Debug)]
struct Slack {
    address: Address,
}

impl ReceiverKind for Kind {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn summary(&self) -> &'static str {
        "Posts each alert to a Slack channel through an incoming webhook; Mattermost takes the same."
    }

    fn schema(&self) -> schemars::Schema {
        SchemaGenerator::default().into_root_schema_for::<SlackSettings>()
    }

    fn sample(&self) -> &'static str {
        "[[receiver]]\nname = \"it-ops\"\nkind = \"slack\"\nurl = { env = \"OVERHEARD_SLACK_IT\" }\n"
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Receiver>, Vec<Fault>> {
        let SlackSettings { url } = settings.read()?;
        let address = Address::secret(&url).map_err(|error| vec![settings.fault("url", error.to_string())])?;
        Ok(Box::new(Slack { address }))
    }
}

impl Receiver for Slack {
    fn render(&self, alert: &Alert, _: Option<&Handle>, _: Timestamp) -> Rendered {
        Rendered::Http(Box::new(self.address.post(message(alert).to_string())))
    }

    fn verdict(&self, answer: &Answer) -> Verdict {
        if (200..=299).contains(&answer.status) && answer::is_page(answer) {
            let why = format!("HTTP {}, but with a page instead of `ok`: is the address right?", answer.status);
            return Verdict::Refused { why };
        }
        match answer::by_status(answer) {
            Verdict::Refused { why } => Verdict::Refused { why: with_advice(why) },
            verdict @ (Verdict::Delivered { .. } | Verdict::Retry { .. }) => verdict,
        }
    }
}

/// What to do about the refusals that Slack's own words leave unclear.
const ADVICE: [(&str, &str); 6] = [
    ("no_service", "the webhook was removed; make a new one and set its address"),
    ("no_team", "the workspace is gone; make a new webhook and set its address"),
    ("invalid_token", "the address is wrong or was changed; set the new one"),
    ("channel_not_found", "the channel is gone; make a webhook for another one"),
    ("channel_is_archived", "the channel is archived; make a webhook for another one"),
    ("action_prohibited", "an administrator of the workspace does not allow it"),
];

fn with_advice(why: String) -> String {
    let advice = ADVICE.iter().find(|(code, _)| why.contains(code));
    advice.map_or(why.clone(), |(_, advice)| format!("{why} ({advice})"))
}

/// The whole message: blocks for Slack; a text for its notifications and for those who show no blocks.
fn message(alert: &Alert) -> Value {
    json!({
        "text": fallback(alert),
        "blocks": blocks(alert),
        // A preview would have the chat's servers ask a stranger's site, and show what it likes.
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// Foreign words stand only in `plain_text`, where no markup acts; `mrkdwn` is only ever our own link.
fn blocks(alert: &Alert) -> Vec<Value> {
    match &alert.digest {
        Some(digest) => digest_blocks(alert, digest),
        None => alert_blocks(alert),
    }
}

/// A block for each story, with a link beside it.
fn digest_blocks(alert: &Alert, digest: &Digest) -> Vec<Value> {
    let mut blocks = vec![json!({ "type": "header", "text": plain(&text::headline(alert), MAX_HEADER) })];
    if let Some(intro) = text::digest_intro(digest) {
        blocks.push(json!({ "type": "section", "text": plain(&intro, MAX_SECTION) }));
    }
    for entry in &digest.listed {
        let mut fields = vec![plain(&text::digest_line(entry), MAX_FIELD)];
        if let Some(link) = link(&entry.url) {
            fields.push(json!({ "type": "mrkdwn", "text": link, "verbatim": true }));
        }
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    if let Some(heard) = text::digest_coverage(digest) {
        blocks.push(json!({ "type": "context", "elements": [plain(&heard, MAX_CONTEXT)] }));
    }
    let route = format!("Route: {}", text::route_line(alert));
    blocks.push(json!({ "type": "context", "elements": [plain(&route, MAX_CONTEXT)] }));
    blocks
}

fn alert_blocks(alert: &Alert) -> Vec<Value> {
    let post = &alert.post;
    let fields: Vec<Value> = [
        ("From", text::byline(post)),
        ("Score", text::score_line(alert)),
        ("Owner", text::owner(alert).map(text::one_line).unwrap_or_default()),
        ("Route", text::route_line(alert)),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| plain(&format!("{name}: {value}"), MAX_FIELD))
    .collect();
    let mut blocks = vec![json!({ "type": "header", "text": plain(&text::headline(alert), MAX_HEADER) })];
    let excerpt = text::excerpt(post, MAX_TEXT);
    if !excerpt.is_empty() {
        blocks.push(json!({ "type": "section", "text": plain(&excerpt, MAX_SECTION) }));
    }
    if let Some(link) = link(&post.url) {
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": link, "verbatim": true } }));
    }
    blocks.push(json!({ "type": "section", "fields": fields }));
    let why = text::why_line(alert);
    if !why.is_empty() {
        blocks.push(json!({ "type": "context", "elements": [plain(&format!("Why: {why}"), MAX_CONTEXT)] }));
    }
    blocks
}

/// A text object that shows exactly these words.
fn plain(words: &str, max: usize) -> Value {
    json!({ "type": "plain_text", "text": text::cut_as(words, max, escape), "emoji": false })
}

/// Our link to a post. The address comes from the post: nothing in it may end the link early.
fn link(url: &str) -> Option<String> {
    let address = escape(text::link(url)?.as_str()).replace('|', "%7C");
    // A field takes fewer characters than a section, and the words stand beside the address.
    (address.len() <= MAX_LINK - OPEN.len()).then(|| format!("<{address}|{OPEN}>"))
}

fn digest_fallback(alert: &Alert, digest: &Digest) -> String {
    let mut lines = vec![inert(&text::headline(alert))];
    lines.extend(text::digest_intro(digest));
    for entry in &digest.listed {
        lines.push(inert(&text::digest_line(entry)));
        lines.extend(link(&entry.url));
    }
    lines.extend(text::digest_coverage(digest).map(|heard| inert(&heard)));
    lines.push(format!("Route: {}", inert(&text::route_line(alert))));
    lines.join("\n")
}

/// The alert in one text that is safe wherever it is shown, as Slack's markup or as Markdown.
fn fallback(alert: &Alert) -> String {
    if let Some(digest) = &alert.digest {
        return digest_fallback(alert, digest);
    }
    let mut lines = vec![inert(&text::headline(alert))];
    let excerpt = text::excerpt(&alert.post, MAX_TEXT);
    if !excerpt.is_empty() {
        lines.push(format!("“{}”", inert(&excerpt)));
    }
    lines.extend(link(&alert.post.url));
    lines.push(inert(&text::byline(&alert.post)));
    let about =
        [("Why", text::why_line(alert)), ("Score", text::score_line(alert)), ("Route", text::route_line(alert))];
    lines.extend(
        about
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}: {}", inert(&value))),
    );
    lines.join("\n")
}

/// Slack's three special characters as the entities that it shows as the characters.
fn escape(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Stands between the characters that would make a name, a tag or an address act; shows nothing.
const JOINER: char = '\u{2060}';

/// Words in which no markup acts, neither Slack's nor Markdown's: names, tags and addresses are broken by an invisible
/// joiner (`@channel`, `#tag`, `https://…`, `www.…`, `[a](b)`), and what makes text bold or code is shown by a look-alike.
fn inert(words: &str) -> String {
    let mut inert = String::with_capacity(words.len());
    let mut rest = words.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '&' => inert.push_str("&amp;"),
            '<' => inert.push_str("&lt;"),
            '>' => inert.push_str("&gt;"),
            '*' => inert.push('∗'),
            '_' => inert.push('ˍ'),
            '~' => inert.push('∼'),
            '`' => inert.push('ˋ'),
            '\\' => inert.push('∖'),
            other => inert.push(other),
        }
        let acts = match c {
            '@' | '#' | ']' => true,
            ':' => rest.peek() == Some(&'/'),
            'w' | 'W' => rest.peek() == Some(&'.'),
            _ => false,
        };
        if acts {
            inert.push(JOINER);
        }
    }
    inert
}

#[cfg(test)]
mod tests;
