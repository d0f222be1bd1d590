//! Is a query true of a post?
//!
//! The archive uses the `*_matches` functions for what its index cannot answer exactly.

use super::ast::{Expr, FieldClause, Quantity};
use super::find::{each_place, fields};
pub use super::find::{is_near, wildcard_matches};
use super::{Facts, Subject};
use crate::model::{Post, PostId};

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

/// The number that a comparison asks for, where the post has one.
pub(super) fn quantity(what: Quantity, subject: &Subject<'_>) -> Option<f64> {
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
        FieldClause::Outcome(outcome) => fact(&|facts| facts.outcome == Some(*outcome)),
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
    let rest = without_scheme(url);
    // By bytes: this is asked of every link of every post.
    let until = |text: &str, ends: fn(u8) -> bool| text.bytes().position(ends).unwrap_or(text.len());
    let rest = &rest[..until(rest, |byte| matches!(byte, b'?' | b'#'))];
    let (authority, path) = rest.split_at(until(rest, |byte| byte == b'/'));
    let after_user = authority.bytes().rposition(|byte| byte == b'@').map_or(0, |at| at + 1);
    let host = &authority[after_user..];
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let port = host.bytes().rposition(|byte| byte == b':').filter(|at| is_port(&host[at + 1..]));
    (&host[..port.unwrap_or(host.len())], path)
}

/// An address without the scheme that it begins with; one in its path or behind `?` stays.
pub fn without_scheme(url: &str) -> &str {
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    // By bytes, up to the first that no scheme has.
    let end = url.bytes().take_while(is_scheme).count();
    url.get(end..).and_then(|rest| rest.strip_prefix("://")).unwrap_or(url)
}

/// A URL as `url:` compares it: without scheme, `www.`, fragment and slashes at its end.
pub fn bare_url(url: &str) -> &str {
    let rest = without_scheme(url);
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
