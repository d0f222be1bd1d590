//! Did one of the team write a post?

use crate::config::Team;
use crate::model::{Post, PostType};
use crate::query::eval::{domain_covers, host_and_path};

/// Who speaks for us, ready to be asked of every post.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ours {
    /// Handle and site, in lower case.
    handles: Vec<(String, String)>,
    /// In lower case.
    domains: Vec<String>,
}

impl Ours {
    pub fn new(team: &Team) -> Self {
        let pair = |handle: &String| {
            let handle = handle.to_lowercase();
            let (name, site) = handle.trim_start_matches('@').rsplit_once('@')?;
            Some((name.to_owned(), site.trim_start_matches("www.").to_owned()))
        };
        Self {
            handles: team.handles.iter().filter_map(pair).collect(),
            domains: team.domains.iter().map(|domain| domain.to_lowercase()).collect(),
        }
    }

    /// Whether one of the team wrote a post: by its author's handle, or as an article on a site of ours. What others
    /// write in a forum of ours is not.
    pub fn wrote(&self, post: &Post) -> bool {
        if post.post_type == PostType::Article && self.domains.contains(&post.site) {
            return true;
        }
        let Some(author) = &post.author else { return false };
        if self.handles.is_empty() && self.domains.is_empty() {
            return false;
        }
        let handle = author.handle.trim_start_matches('@').to_lowercase();
        // In the Fediverse a handle says where it is at home, wherever it is read.
        let (name, home) = handle.rsplit_once('@').unwrap_or((&handle, &post.site));
        self.handles.iter().any(|(ours, site)| ours == name && is_at(home, site)) || self.is_domain(&handle, name, home)
    }

    /// The first of a post's links that leads to a page of ours; of posts on our own sites none.
    pub fn linked<'a>(&self, post: &'a Post) -> Option<&'a str> {
        if self.domains.is_empty() || self.owns(&post.site) {
            return None;
        }
        let mut links = post.target.iter().chain(&post.links);
        links.find(|link| self.owns(host_and_path(link).0)).map(String::as_str)
    }

    fn owns(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| domain_covers(domain, host))
    }

    /// Whether a handle is at a domain of ours: `kim@acme.example`, or `kim.acme.example` where handles are domains.
    fn is_domain(&self, handle: &str, name: &str, home: &str) -> bool {
        let at = if handle.contains('@') { home } else { name };
        self.domains.iter().any(|domain| is_at(at, domain))
    }
}

fn is_at(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Author, Timestamp};

    #[test]
    fn the_team_is_known_by_handle_and_site_and_never_by_a_likeness() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let team = Team {
            handles: words(&["Acme_Support@reddit.com", "@help@social.example"]),
            domains: words(&["acme.example"]),
        };
        let ours = Ours::new(&team);
        for (handle, site, is_ours) in [
            ("acme_support", "reddit.com", true),
            ("ACME_Support", "old.reddit.com", true),
            ("acme_support", "notreddit.com", false),
            ("acme_support", "forum.example", false),
            ("acme_support2", "reddit.com", false),
            ("help@social.example", "elsewhere.example", true),
            ("help@evil.example", "social.example", false),
            ("help", "social.example", true),
            ("support.acme.example", "bsky.app", true),
            ("notacme.example", "bsky.app", false),
            ("kim@acme.example", "social.example", true),
            ("kim", "community.acme.example", false),
        ] {
            let author = Some(Author { handle: handle.to_owned(), ..Author::default() });
            let post = Post { author, site: site.to_owned(), ..Post::bare("k", Timestamp(0)) };
            assert_eq!(ours.wrote(&post), is_ours, "{handle} on {site}");
        }
    }

    #[test]
    fn an_article_on_a_domain_of_ours_is_ours_without_an_author() {
        let ours = Ours::new(&Team { handles: Vec::new(), domains: vec!["acme.example".to_owned()] });
        let at = |site: &str, post_type| Post { site: site.to_owned(), post_type, ..Post::bare("k", Timestamp(0)) };
        assert!(ours.wrote(&at("acme.example", PostType::Article)));
        assert!(!ours.wrote(&at("acme.example", PostType::Comment)));
        assert!(!ours.wrote(&at("other.example", PostType::Article)));
    }
}
