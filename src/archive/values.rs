//! Which values of a field stand for a post in the index?
//!
//! Each function here gives the values that [`crate::query::eval`] would accept in a clause about the post.

use std::collections::BTreeSet;

use crate::model::Post;
use crate::query::eval::host_and_path;

/// Most paths above one page that are indexed; a deeper one in a query is looked up in the post itself.
pub(super) const MAX_PATHS: usize = 32;

/// The value of a clause, as it is looked up.
pub(super) fn wanted(value: &str) -> String {
    value.to_ascii_lowercase()
}

/// A value of a post, as clauses may have it: case is ignored in ASCII, and otherwise as Unicode lower case.
pub(super) fn own(value: &str) -> impl Iterator<Item = String> {
    let beyond_ascii = (!value.is_ascii()).then(|| value.to_lowercase());
    std::iter::once(value.to_ascii_lowercase()).chain(beyond_ascii)
}

/// Handle and shown name of the author.
pub(super) fn authors(post: &Post) -> BTreeSet<String> {
    post.author.iter().flat_map(|author| own(&author.handle).chain(own(&author.name))).collect()
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

/// The path of a permalink and those above it: `/r/acme/1`, `/r/acme`, `/r`.
pub(super) fn paths(post: &Post) -> BTreeSet<String> {
    let path = host_and_path(&post.url).1;
    let ends = path.match_indices('/').map(|(slash, _)| slash).chain([path.len()]).skip(1);
    ends.take(MAX_PATHS).map(|end| path[..end].to_ascii_lowercase()).collect()
}

/// Whether [`paths`] has every post that lies under the path.
pub(super) fn is_indexed(path: &str) -> bool {
    path.matches('/').count() <= MAX_PATHS
}

/// The pages that a post is: equal addresses have equal ones, though not the other way round.
pub(super) fn pages(post: &Post) -> BTreeSet<String> {
    [page(&post.canonical_url), page(&post.url)].into()
}

/// The path of an address, without what differs between two ways to write it.
pub(super) fn page(url: &str) -> String {
    host_and_path(url).1.trim_end_matches('/').to_ascii_lowercase()
}

/// The primary language.
pub(super) fn langs(post: &Post) -> BTreeSet<String> {
    let primary = post.lang.iter().filter_map(|tag| tag.split(['-', '_']).next());
    primary.map(str::to_ascii_lowercase).collect()
}

/// A label, those above it and those below: `problem/outage`, `problem`, `outage`.
pub(super) fn labels(label: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = Some(label);
    while let Some(label) = rest {
        found.extend(own(label));
        let parts = label.split_once('/');
        found.extend(parts.into_iter().flat_map(|(parent, _)| own(parent)));
        rest = parts.map(|(_, child)| child);
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
        assert_eq!(listed(paths(&post)), ["/r", "/r/acme", "/r/acme/1"]);
        post.url = "https://old.forum.example".to_owned();
        assert_eq!(listed(paths(&post)), [""; 0]);
        post.url = "https://old.forum.example/r/".to_owned();
        assert_eq!(listed(paths(&post)), ["/r", "/r/"]);
    }

    #[test]
    fn labels_stand_for_their_parents_and_children() {
        assert_eq!(listed(labels("problem")), ["problem"]);
        assert_eq!(listed(labels("Problem/Outage/eu")), ["eu", "outage", "outage/eu", "problem", "problem/outage/eu"]);
    }
}
