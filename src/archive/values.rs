//! Which values of a field stand for a post in the index?
//!
//! Each function here gives the values that [`crate::query::eval`] would accept in a clause about the post.

use std::collections::BTreeSet;

use crate::model::Post;
use crate::query::eval::host_and_path;

/// Most paths above one page that are indexed; a deeper one in a query is looked up in the post itself.
pub(super) const MAX_PATHS: usize = 32;

/// Before the path of a permalink itself. A path begins with a slash or is empty.
const OWN: char = '=';
/// Before the path of a permalink's canonical form.
const CANONICAL: char = '~';

/// The value of a clause, as it is looked up.
pub(super) fn wanted(value: &str) -> String {
    value.to_ascii_lowercase()
}

/// Values of a post, as clauses may have them: case is ignored in ASCII, and otherwise as Unicode lower case.
pub(super) fn own<'a>(values: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    values.into_iter().flat_map(|value| forms(value)).collect()
}

fn forms(value: &str) -> impl Iterator<Item = String> {
    let beyond_ascii = (!value.is_ascii()).then(|| value.to_lowercase());
    std::iter::once(value.to_ascii_lowercase()).chain(beyond_ascii)
}

/// Handle and shown name of the author.
pub(super) fn authors(post: &Post) -> BTreeSet<String> {
    own(post.author.iter().flat_map(|author| [&author.handle, &author.name]))
}

/// The host of a post and the domains above it: `old.forum.example`, `forum.example`, `example`.
pub(super) fn sites(post: &Post) -> BTreeSet<String> {
    domains(&post.site).collect()
}

/// The hosts that a post links to, in its body or as its target, and the domains above them.
pub(super) fn links(post: &Post) -> BTreeSet<String> {
    post.links.iter().chain(&post.target).flat_map(|link| domains(host_and_path(link).0)).collect()
}

fn domains(host: &str) -> impl Iterator<Item = String> {
    let above = host.match_indices('.').map(|(dot, _)| &host[dot + 1..]);
    std::iter::once(host).chain(above).map(str::to_ascii_lowercase)
}

/// Under which paths a post is found: those above its permalink's (`/r/acme`, `/r`), and marked as such its own
/// (`=/r/acme/1`) and its canonical form's, where that is another one. So only one of them is of no other post.
pub(super) fn paths(post: &Post) -> BTreeSet<String> {
    let (own, canonical) = (page(&post.url), page(&post.canonical_url));
    let above = own.match_indices('/').skip(1).take(MAX_PATHS).map(|(slash, _)| own[..slash].to_owned());
    let canonical = (canonical != own).then(|| format!("{CANONICAL}{canonical}"));
    above.chain([format!("{OWN}{own}")]).chain(canonical).collect()
}

/// What to look for to find every post that lies at or under a path; `None` when too deep for it.
pub(super) fn under(path: &str) -> Option<[String; 2]> {
    let path = wanted(path);
    (path.matches('/').count() <= MAX_PATHS).then(|| [format!("{OWN}{path}"), path])
}

/// What to look for to find every post that is the page at an address, and some that are not.
pub(super) fn at(url: &str) -> [String; 2] {
    let page = page(url);
    [format!("{OWN}{page}"), format!("{CANONICAL}{page}")]
}

/// The path of an address, without what differs between two ways to write it.
fn page(url: &str) -> String {
    host_and_path(url).1.trim_end_matches('/').to_ascii_lowercase()
}

/// The primary language.
pub(super) fn langs(post: &Post) -> BTreeSet<String> {
    let primary = post.lang.iter().filter_map(|tag| tag.split(['-', '_']).next());
    primary.map(str::to_ascii_lowercase).collect()
}

/// Labels, those above them and those below: `problem/outage`, `problem`, `outage`.
pub(super) fn labels(labels: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for label in labels {
        let mut rest = Some(label.as_str());
        while let Some(label) = rest {
            let parts = label.split_once('/');
            found.extend(forms(label).chain(parts.into_iter().flat_map(|(parent, _)| forms(parent))));
            rest = parts.map(|(_, child)| child);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(values: BTreeSet<String>) -> Vec<String> {
        values.into_iter().collect()
    }

    #[test]
    fn a_post_is_found_under_every_domain_and_path_above_it() {
        let mut post = super::super::tests::post("1", "", "");
        post.site = "Old.Forum.example".to_owned();
        post.url = "https://old.forum.example:8080/r/Acme/1?sort=new#top".to_owned();
        assert_eq!(listed(sites(&post)), ["example", "forum.example", "old.forum.example"]);
        post.canonical_url = "https://forum.example/r/acme/1".to_owned();
        assert_eq!(listed(paths(&post)), ["/r", "/r/acme", "=/r/acme/1"]);
        post.url = "https://old.forum.example/r/".to_owned();
        assert_eq!(listed(paths(&post)), ["=/r", "~/r/acme/1"]);
        post.url = "https://old.forum.example".to_owned();
        assert_eq!(listed(paths(&post)), ["=", "~/r/acme/1"]);
    }

    #[test]
    fn labels_stand_for_their_parents_and_children() {
        assert_eq!(listed(labels(&["problem".to_owned()])), ["problem"]);
        let label = "Problem/Outage/eu".to_owned();
        assert_eq!(listed(labels(&[label])), ["eu", "outage", "outage/eu", "problem", "problem/outage/eu"]);
    }
}
