//! Which story does a post belong to?
//!
//! Pure: [`keys`] says under which keys a post can be found and looked for, the line looks them up,
//! [`decide`] says what follows. Evidence, strongest first: the same address, the same submission
//! target, the same words, and nearly the same words, which [`near`] compares.

pub mod near;

use std::hash::Hasher;

use xxhash_rust::xxh3::Xxh3;

use crate::model::{Bands, Candidate, Duration, JoinedBy, Post, StoryDecision, StoryId};

/// A story takes members until this long after the last one joined.
pub const QUIET: Duration = Duration::days(7);

/// A body with fewer words is no evidence alone: "thanks, works now" is said by many.
const MIN_BODY_WORDS: usize = 12;
/// Title and body together need this many words where the body alone is too short.
const MIN_WORDS: usize = 6;

/// The keys of one post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Under which later posts find this one.
    pub own: Vec<[u8; 16]>,
    /// Under which earlier ones are looked for, strongest evidence first, with what finding one proves.
    pub sought: Vec<([u8; 16], JoinedBy)>,
    /// The one among its own under which posts with the same words find it, if it says enough.
    pub text: Option<[u8; 16]>,
}

/// The keys of a post; at most three of its own and five sought.
pub fn keys(post: &Post) -> Keys {
    let mut keys = Keys { own: Vec::new(), sought: Vec::new(), text: text_key(post) };
    if let Some(page) = page_of(post) {
        keys.own.push(key(b'u', &page));
        keys.sought.push((key(b'u', &page), JoinedBy::SameUrl));
        keys.sought.push((key(b't', &page), JoinedBy::SameTarget));
    }
    if let Some(target) = &post.target {
        keys.own.push(key(b't', target));
        keys.sought.push((key(b't', target), JoinedBy::SameTarget));
        keys.sought.push((key(b'u', target), JoinedBy::SameTarget));
    }
    if let Some(text) = keys.text {
        keys.own.push(text);
        keys.sought.push((text, JoinedBy::SameText));
    }
    keys
}

/// What a post joins, given the stories found under its sought keys.
///
/// Its bands are for the caller to add. The oldest story that still takes members wins; all others found are proved to be the same story and absorbed.
pub fn decide(post: &Post, own_keys: Vec<[u8; 16]>, found: &[(JoinedBy, Candidate)]) -> StoryDecision {
    let open = || found.iter().filter(|(_, story)| post.received.since(story.last_joined_at) <= QUIET);
    let Some((_, oldest)) = open().min_by_key(|(_, story)| (story.opened_at, story.story)) else {
        return StoryDecision {
            story: StoryId(post.id),
            joined_by: None,
            absorbs: Vec::new(),
            keys: own_keys,
            bands: Bands::default(),
        };
    };
    let mut absorbs: Vec<StoryId> =
        open().map(|(_, story)| story.story).filter(|story| *story != oldest.story).collect();
    absorbs.sort_unstable();
    absorbs.dedup();
    StoryDecision {
        story: oldest.story,
        joined_by: open().map(|(by, _)| *by).next(),
        absorbs,
        keys: own_keys,
        bands: Bands::default(),
    }
}

/// Hash of a post's title and text: differs when the words that a reader sees were edited.
pub fn content_hash(post: &Post) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(post.title.as_bytes());
    hasher.update(&[0]);
    hasher.update(post.text.as_bytes());
    hasher.finish()
}

/// The page that a post is, as far as its address proves it.
///
/// A front page proves nothing (status feeds link every item there), and a fragment tells comments and
/// changelog items of one page apart.
fn page_of(post: &Post) -> Option<String> {
    let (_, rest) = post.canonical_url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    if path.is_empty() {
        return None;
    }
    match post.url.split_once('#') {
        Some((_, fragment)) if !fragment.is_empty() => Some(format!("{}#{fragment}", post.canonical_url)),
        _ => Some(post.canonical_url.clone()),
    }
}

fn key(space: u8, text: &str) -> [u8; 16] {
    let mut hasher = Xxh3::new();
    hasher.update(&[space]);
    hasher.update(text.as_bytes());
    hasher.digest128().to_be_bytes()
}

/// The same words in body (or in title and body, where the body is short) give the same key.
fn text_key(post: &Post) -> Option<[u8; 16]> {
    let mut body = Xxh3::new();
    body.write_u8(b'x');
    let body_words = fold_words(&post.text, &mut body);
    if body_words >= MIN_BODY_WORDS {
        return Some(body.digest128().to_be_bytes());
    }
    let mut both = Xxh3::new();
    both.write_u8(b'y');
    let title_words = fold_words(&post.title, &mut both);
    both.write_u8(0);
    fold_words(&post.text, &mut both);
    (title_words + body_words >= MIN_WORDS).then(|| both.digest128().to_be_bytes())
}

/// Feeds letters and digits in lower case, words parted by one byte, to the hasher; returns how many words.
fn fold_words(text: &str, hasher: &mut Xxh3) -> usize {
    let mut words = 0;
    let mut folded = String::with_capacity(text.len());
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        words += 1;
        if word.is_ascii() {
            folded.extend(word.bytes().map(|byte| byte.to_ascii_lowercase() as char));
        } else {
            folded.extend(word.chars().flat_map(char::to_lowercase));
        }
        folded.push(' ');
    }
    hasher.update(folded.as_bytes());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Engagement, PostId, PostType, Timestamp};

    fn post(key: &str, url: &str, target: Option<&str>, title: &str, text: &str) -> Post {
        Post {
            id: PostId::of(key),
            key: key.into(),
            source: "s".into(),
            kind: "rss".into(),
            site: "a.example".into(),
            url: url.into(),
            canonical_url: url.split('#').next().unwrap_or_default().into(),
            target: target.map(Into::into),
            thread: None,
            post_type: PostType::Story,
            title: title.into(),
            text: text.into(),
            author: None,
            published: None,
            updated: None,
            received: Timestamp(0) + Duration::days(10),
            lang: None,
            tags: Vec::new(),
            links: Vec::new(),
            engagement: Engagement::default(),
        }
    }

    /// By what the second post would join the first, strongest evidence first.
    fn evidence(first: &Post, second: &Post) -> Option<JoinedBy> {
        let own = keys(first).own;
        keys(second).sought.into_iter().find(|(key, _)| own.contains(key)).map(|(_, by)| by)
    }

    const LONG: &str = "Acme Cloud is down in Europe since nine and nobody answers at the support desk";

    #[test]
    fn what_proves_that_two_posts_are_one_story() {
        let article = post("a", "https://n.example/acme-down", None, "Acme is down", LONG);
        for (name, other, expected) in [
            ("same address", post("b", "https://n.example/acme-down", None, "x", ""), Some(JoinedBy::SameUrl)),
            (
                "a submission of the article",
                post("b", "https://hn.example/1", Some("https://n.example/acme-down"), "x", ""),
                Some(JoinedBy::SameTarget),
            ),
            (
                "the same words in other dress",
                post("b", "https://c.example/copy", None, "Copied", &LONG.to_uppercase().replace(' ', " – ")),
                Some(JoinedBy::SameText),
            ),
            ("one title, other words", post("b", "https://c.example/2", None, "Acme is down", "No, it works."), None),
            ("another fragment of a page", post("b", "https://n.example/acme-down#c2", None, "x", "y"), None),
        ] {
            assert_eq!(evidence(&article, &other), expected, "{name}");
        }
    }

    #[test]
    fn little_words_and_front_pages_prove_nothing() {
        let first = post("a", "https://status.example/", None, "Thanks", "works now");
        let second = post("b", "https://status.example/", None, "Thanks", "works now");
        assert_eq!(evidence(&first, &second), None);
    }

    fn candidate(name: &str, opened: u64, joined: u64) -> Candidate {
        let day = |n| Timestamp(0) + Duration::days(n);
        Candidate { story: StoryId(PostId::of(name)), opened_at: day(opened), last_joined_at: day(joined) }
    }

    #[test]
    fn the_older_story_absorbs_the_younger() {
        let newcomer = post("c", "https://c.example/1", None, "t", "x");
        let found = [(JoinedBy::SameTarget, candidate("young", 8, 9)), (JoinedBy::SameText, candidate("old", 4, 9))];
        let decision = decide(&newcomer, Vec::new(), &found);
        assert_eq!(decision.story, StoryId(PostId::of("old")));
        assert_eq!(decision.joined_by, Some(JoinedBy::SameTarget));
        assert_eq!(decision.absorbs, [StoryId(PostId::of("young"))]);
    }

    #[test]
    fn a_story_that_was_quiet_for_a_week_takes_no_member() {
        let newcomer = post("c", "https://c.example/1", None, "t", "x");
        let decision = decide(&newcomer, Vec::new(), &[(JoinedBy::SameUrl, candidate("old", 1, 2))]);
        assert_eq!((decision.story, decision.joined_by), (StoryId(newcomer.id), None));
    }
}
