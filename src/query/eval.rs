//! Is a query true of a post, and where?
//!
//! Words are looked for in [`each_place`], which both the answer and the explanation use, so that they
//! cannot disagree. The archive uses the `*_matches` functions for what its index cannot answer exactly.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::ast::{Expr, FieldClause, NearOperand, Quantity, Scope, TextClause};
use super::words::{WordList, words};
use super::{Facts, Subject};
use crate::model::{Field, Post, PostId};

/// Whether an expression is true of a post.
pub fn holds(expr: &Expr, subject: &Subject<'_>) -> bool {
    match expr {
        Expr::And(parts) => parts.iter().all(|part| holds(part, subject)),
        Expr::Or(parts) => parts.iter().any(|part| holds(part, subject)),
        Expr::Not(inner) => !holds(inner, subject),
        Expr::Text { scope, what } => {
            let found_in = |field| !each_place(what, subject.text_of(field), &mut |_| false);
            fields(*scope).iter().any(|field| found_in(*field))
        }
        Expr::Is(clause) => field_matches(clause, subject),
        Expr::Compare { what, op, value } => quantity(*what, subject).is_some_and(|actual| op.holds(actual, *value)),
    }
}

/// The texts that a scope covers.
pub(super) fn fields(scope: Scope) -> &'static [Field] {
    match scope {
        Scope::Either => &[Field::Title, Field::Text],
        Scope::Only(Field::Title) => &[Field::Title],
        Scope::Only(Field::Text) => &[Field::Text],
    }
}

/// A text with its words.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    words: &'a WordList,
    original: &'a str,
}

impl<'a> Subject<'a> {
    pub(super) fn text_of(&self, field: Field) -> Text<'a> {
        match field {
            Field::Title => Text { words: self.title, original: &self.post.title },
            Field::Text => Text { words: self.text, original: &self.post.text },
        }
    }
}

/// Receives the place of something found, in bytes of the original text; answers whether to look on.
type Visit<'v> = &'v mut dyn FnMut(Range<usize>) -> bool;

/// Visits every place in a text that makes a clause true; `false` once a visit has answered so.
pub(super) fn each_place(clause: &TextClause, text: Text<'_>, visit: Visit<'_>) -> bool {
    match clause {
        TextClause::Phrase(words) => phrases(words, text.words).all(|at| visit(text.place(at, words.len()))),
        TextClause::Sigil { sigil, words } => phrases(words, text.words)
            .filter(|at| text.words.get(*at).is_some_and(|word| word.sigil == Some(*sigil)))
            .all(|at| visit(text.place(at, words.len()))),
        TextClause::ExactCase { words, written } => each_exact(words, written, text, visit),
        TextClause::Raw(characters) => {
            text.original.match_indices(characters.as_str()).all(|(at, found)| visit(at..at + found.len()))
        }
        TextClause::Wildcard(pattern) => {
            let matching = (0..text.words.len()).filter(|at| wildcard_matches(pattern, text.words.text(*at)));
            matching.into_iter().all(|at| visit(text.place(at, 1)))
        }
        TextClause::Loose { words, extra } => each_loose(words, *extra as usize, text, visit),
        TextClause::Near { left, right, distance, ordered } => {
            each_near(left, right, *distance as usize, *ordered, text, visit)
        }
    }
}

impl Text<'_> {
    /// The bytes of `count` words from a position on.
    fn place(&self, position: usize, count: usize) -> Range<usize> {
        let start = self.words.get(position).map_or(0, |word| word.start);
        let end = self.words.get(position + count.max(1) - 1).map_or(start, |word| word.end);
        start..end
    }
}

/// Positions at which the words stand next to each other in order.
fn phrases<'a>(words: &'a [String], list: &'a WordList) -> impl Iterator<Item = usize> + 'a {
    let (first, rest) = words.split_first().map_or(("", words), |(first, rest)| (first.as_str(), rest));
    let follows = move |at: usize| rest.iter().enumerate().all(|(index, word)| list.text(at + 1 + index) == word);
    list.positions(first).filter(move |at| follows(*at))
}

fn each_exact(wanted: &[String], written: &str, text: Text<'_>, visit: Visit<'_>) -> bool {
    let mut found = phrases(wanted, text.words).peekable();
    if found.peek().is_none() {
        return true;
    }
    let written_words = words(written);
    let is_exact = |at: usize| {
        written_words.iter().enumerate().all(|(index, word)| {
            let place = text.place(at + index, 1);
            same_characters(written.get(word.start..word.end), text.original.get(place))
        })
    };
    found.filter(|at| is_exact(*at)).all(|at| visit(text.place(at, wanted.len())))
}

/// Whether two texts are written with the same characters, however accents are encoded.
fn same_characters(left: Option<&str>, right: Option<&str>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left == right || left.nfc().eq(right.nfc()),
        _ => false,
    }
}

/// Whether a normalised word fits a pattern: `*` is any characters, `?` is one.
pub fn wildcard_matches(pattern: &str, word: &str) -> bool {
    let stem = pattern.find(['*', '?']).unwrap_or(pattern.len());
    let (stem, mut pattern) = pattern.split_at(stem);
    let Some(mut rest) = word.strip_prefix(stem) else { return false };
    // Where to go on when what follows the last `*` does not fit: `*` takes one character more.
    let mut retry: Option<(&str, &str)> = None;
    loop {
        let mut characters = pattern.chars();
        let mut left = rest.chars();
        match (characters.next(), left.next()) {
            (Some('*'), _) => {
                pattern = characters.as_str();
                retry = Some((pattern, rest));
            }
            (Some(wanted), Some(actual)) if wanted == '?' || wanted == actual => {
                pattern = characters.as_str();
                rest = left.as_str();
            }
            (None, None) => return true,
            (None, Some(_)) | (Some(_), _) => {
                let Some((after_star, from)) = retry else { return false };
                let mut shorter = from.chars();
                if shorter.next().is_none() {
                    return false;
                }
                pattern = after_star;
                rest = shorter.as_str();
                retry = Some((after_star, rest));
            }
        }
    }
}

/// Visits the words of every window of at most `words.len() + extra` positions that holds them all.
fn each_loose(words: &[String], extra: usize, text: Text<'_>, visit: Visit<'_>) -> bool {
    let mut distinct: Vec<(&str, usize)> = Vec::with_capacity(words.len());
    for word in words {
        match distinct.iter_mut().find(|(known, _)| known == word) {
            Some((_, needed)) => *needed += 1,
            None => distinct.push((word, 1)),
        }
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (index, (word, needed)) in distinct.iter().enumerate() {
        let before = found.len();
        found.extend(text.words.positions(word).map(|at| (at, index)));
        if found.len() - before < *needed {
            return true;
        }
    }
    found.sort_unstable();
    let window = words.len() + extra;
    let mut counts = vec![0; distinct.len()];
    let (mut first, mut satisfied) = (0, 0);
    for (last, (at, index)) in found.iter().enumerate() {
        counts[*index] += 1;
        satisfied += usize::from(counts[*index] == distinct[*index].1);
        while found[first].0 + window <= *at {
            let (_, index) = found[first];
            satisfied -= usize::from(counts[index] == distinct[index].1);
            counts[index] -= 1;
            first += 1;
        }
        if satisfied == distinct.len() && !found[first..=last].iter().all(|(at, _)| visit(text.place(*at, 1))) {
            return false;
        }
    }
    true
}

/// Visits both words of every pair that stands near enough; a word is never near itself.
fn each_near(
    left: &[NearOperand],
    right: &[NearOperand],
    distance: usize,
    ordered: bool,
    text: Text<'_>,
    visit: Visit<'_>,
) -> bool {
    let left = positions_of(left, text.words);
    if left.is_empty() {
        return true;
    }
    for at in positions_of(right, text.words) {
        let from = left.partition_point(|other| other + distance < at);
        let to = if ordered { at } else { (at + distance).saturating_add(1) };
        let near = left[from..].iter().take_while(|other| **other < to).filter(|other| **other != at);
        for other in near {
            if !visit(text.place(*other, 1)) || !visit(text.place(at, 1)) {
                return false;
            }
        }
    }
    true
}

/// Positions of any of the operands, in order. Allocates only when there are some.
fn positions_of(operands: &[NearOperand], list: &WordList) -> Vec<usize> {
    let mut found = Vec::new();
    for operand in operands {
        match operand {
            NearOperand::Word(word) => found.extend(list.positions(word)),
            NearOperand::Wildcard(pattern) => {
                found.extend((0..list.len()).filter(|at| wildcard_matches(pattern, list.text(*at))));
            }
        }
    }
    if operands.len() > 1 {
        found.sort_unstable();
        found.dedup();
    }
    found
}

fn quantity(what: Quantity, subject: &Subject<'_>) -> Option<f64> {
    let post = subject.post;
    match what {
        Quantity::Score => subject.facts?.score,
        Quantity::Sentiment => subject.facts?.sentiment,
        Quantity::Replies => post.engagement.replies.map(|count| count as f64),
        Quantity::Likes => post.engagement.likes.map(|count| count as f64),
        Quantity::Published => post.published.map(|moment| moment.0 as f64),
        Quantity::Age => Some(subject.now.0 as f64 - post.dated().0 as f64),
    }
}

/// Whether a post has the value that a clause asks for.
pub fn field_matches(clause: &FieldClause, subject: &Subject<'_>) -> bool {
    let post = subject.post;
    let fact = |matches: &dyn Fn(&Facts) -> bool| subject.facts.is_some_and(matches);
    match clause {
        FieldClause::Author(name) => author_matches(post, name),
        FieldClause::Site { domain, path } => site_matches(post, domain, path.as_deref()),
        FieldClause::Url(url) => url_matches(post, url),
        FieldClause::Link { domain, path } => link_matches(post, domain, path.as_deref()),
        FieldClause::Source(name) => same(name, &post.source),
        FieldClause::Kind(name) => same(name, &post.kind),
        FieldClause::Type(kind) => post.post_type == *kind,
        FieldClause::Lang(tag) => lang_matches(post, tag),
        FieldClause::Tag(tag) => post.tags.iter().any(|own| same(tag, own)),
        FieldClause::Thread(root) => thread_matches(post, root),
        FieldClause::Watch(name) => fact(&|facts| facts.watches.iter().any(|own| same(name, own))),
        FieldClause::Owner(name) => fact(&|facts| facts.owners.iter().any(|own| same(name, own))),
        FieldClause::Label(label) => fact(&|facts| facts.labels.iter().any(|own| label_matches(own, label))),
        FieldClause::Status(status) => fact(&|facts| facts.status.as_deref().is_some_and(|own| same(status, own))),
    }
}

/// Whether a post's author has this handle or shown name.
pub fn author_matches(post: &Post, name: &str) -> bool {
    post.author.as_ref().is_some_and(|author| same(name, &author.handle) || same(name, &author.name))
}

/// Whether a post stands on the domain or a subdomain of it, under the path, if any.
pub fn site_matches(post: &Post, domain: &str, path: Option<&str>) -> bool {
    domain_covers(domain, &post.site) && path.is_none_or(|path| path_covers(path, host_and_path(&post.url).1))
}

/// Whether a post links to the domain or a subdomain of it (under the path, if any), in its body or as its target.
pub fn link_matches(post: &Post, domain: &str, path: Option<&str>) -> bool {
    post.links.iter().chain(&post.target).any(|link| {
        let (host, own) = host_and_path(link);
        domain_covers(domain, host) && path.is_none_or(|path| path_covers(path, own))
    })
}

/// Whether a post is the page at a URL; scheme, `www.`, a slash at the end and the fragment do not matter.
pub fn url_matches(post: &Post, url: &str) -> bool {
    let wanted = bare_url(url);
    same_url(wanted, bare_url(&post.canonical_url)) || same_url(wanted, bare_url(&post.url))
}

/// Whether a post is written in a language, given as primary subtag.
pub fn lang_matches(post: &Post, tag: &str) -> bool {
    let own = post.lang.as_deref().unwrap_or_default();
    own.split(['-', '_']).next().is_some_and(|own| own.eq_ignore_ascii_case(tag))
}

/// Whether a post is the root, or a reply in the conversation, of an id.
pub fn thread_matches(post: &Post, root: &str) -> bool {
    root.parse::<PostId>().is_ok_and(|root| post.id == root || post.thread == Some(root))
}

/// Whether a label is the wanted one, a child of it (`problem/outage` for `problem`), or that child itself (`outage`).
pub fn label_matches(own: &str, wanted: &str) -> bool {
    if same(wanted, own) {
        return true;
    }
    own.split_once('/').is_some_and(|(parent, child)| same(wanted, parent) || label_matches(child, wanted))
}

/// Whether `host` is the domain or a subdomain of it.
pub fn domain_covers(domain: &str, host: &str) -> bool {
    let host = host.as_bytes();
    let Some(rest) = host.len().checked_sub(domain.len()) else { return false };
    host[rest..].eq_ignore_ascii_case(domain.as_bytes()) && (rest == 0 || host[rest - 1] == b'.')
}

/// Whether `path` is the one of the clause or lies under it.
pub fn path_covers(prefix: &str, path: &str) -> bool {
    let (prefix, path) = (prefix.as_bytes(), path.as_bytes());
    path.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        && matches!(path.get(prefix.len()), None | Some(b'/'))
}

/// Host (without user and port) and path of an absolute URL.
pub fn host_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    (host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(host, _)| host), path)
}

/// A URL as `url:` compares it: without scheme, `www.`, fragment and slashes at its end.
pub fn bare_url(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or_default();
    let rest = rest.get(..4).filter(|start| start.eq_ignore_ascii_case("www.")).map_or(rest, |_| &rest[4..]);
    rest.trim_end_matches('/')
}

fn same_url(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

/// Whether a value of a clause, in lower case, is the value of the post.
fn same(wanted: &str, own: &str) -> bool {
    wanted.eq_ignore_ascii_case(own) || (!own.is_ascii() && own.to_lowercase() == wanted)
}
