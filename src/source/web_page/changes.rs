//! What is new on a page since it was last read?
//!
//! A page is a list of blocks: paragraphs, headings, entries, rows, each without those inside of it. A block whose words
//! were on the page before is not new, wherever it stands now. One that took the place of another and shares
//! words with it is a change of it. What was known lies in the progress, bounded: marks of the blocks and the words of short ones.

use std::collections::{HashMap, HashSet};

use scraper::{ElementRef, Html, Node, Selector};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::{PostType, Progress, RawPost, Rejection, TextForm};

/// What a block is.
const BLOCKS: [&str; 15] =
    ["p", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "dt", "dd", "figcaption", "summary"];
/// What says nothing about a page's content.
const UNREAD: [&str; 10] =
    ["script", "style", "noscript", "template", "nav", "footer", "svg", "select", "button", "head"];
/// What is read, but does not make a block another one: `3 minutes ago`.
const FLEETING: &str = "time";
/// Most blocks of a page that are compared.
const MAX_BLOCKS: usize = 1_000;
/// Most marks kept: of the blocks that stand there, and of some that stood there.
const MAX_MARKS: usize = 1_500;
/// Most new blocks of one reading that become posts: a page with more was rebuilt.
const MAX_NEW: usize = 20;
/// Longest block whose words are kept to be told when it changes, in bytes.
const MAX_KEPT: usize = 240;
/// Most bytes of words kept of one page.
const MAX_KEPT_TOGETHER: usize = 12 * 1024;
/// Longest block, in bytes; the rest is cut off.
const MAX_BLOCK: usize = 20_000;
/// The part of its words that a block must share with what stood in its place to be a change of it.
const SHARED: f64 = 0.4;
/// Note with what is known of the page.
const KNOWN: &str = "blocks";

/// One block of the page.
struct Block {
    mark: String,
    words: String,
    /// The heading above it.
    heading: String,
}

/// What is known of a page.
#[derive(Default, Serialize, Deserialize)]
struct Known {
    /// Marks of the blocks in the order of the page.
    now: Vec<String>,
    /// Marks of blocks that stood there before, the last gone first.
    gone: Vec<String>,
    /// Words of short blocks by their mark.
    words: HashMap<String, String>,
}

/// What a reading of the page brought.
pub(super) struct Changes {
    pub posts: Vec<Result<RawPost, Rejection>>,
    pub progress: Progress,
    pub repaired: Vec<String>,
}

/// The new blocks of a page; `None` where it has no blocks at all. The first reading only learns.
pub(super) fn of(
    page: &Html,
    ignore: &[Selector],
    within: Option<&Selector>,
    before: &Progress,
    address: &Url,
) -> Option<Changes> {
    let blocks = blocks(page, ignore, within);
    if blocks.is_empty() {
        return None;
    }
    let known = before.notes.get(KNOWN).and_then(|note| serde_json::from_str::<Known>(note).ok());
    let mut changes = Changes {
        posts: Vec::new(),
        progress: Progress { page: before.page.saturating_add(1), ..before.clone() },
        repaired: Vec::new(),
    };
    if let Some(known) = &known {
        let seen: HashSet<&str> = known.now.iter().chain(&known.gone).map(String::as_str).collect();
        let fresh: Vec<usize> = (0..blocks.len()).filter(|at| !seen.contains(blocks[*at].mark.as_str())).collect();
        if fresh.len() > MAX_NEW {
            let more = fresh.len() - MAX_NEW;
            changes.repaired.push(format!("the page was rebuilt: {more} new parts past the first {MAX_NEW} left out"));
        }
        let posts = fresh.iter().take(MAX_NEW).map(|at| Ok(post(&blocks, *at, known, address)));
        changes.posts = posts.collect();
    }
    let learned = learned(&blocks, known.unwrap_or_default());
    if let Ok(note) = serde_json::to_string(&learned) {
        changes.progress.notes.insert(KNOWN.to_owned(), note);
    }
    Some(changes)
}

fn post(blocks: &[Block], at: usize, known: &Known, address: &Url) -> RawPost {
    let block = &blocks[at];
    let before = replaced(blocks, at, known).and_then(|mark| known.words.get(mark));
    let before = before.filter(|before| share_words(before, &block.words));
    let text = match before {
        Some(before) => format!("{}\n\nBefore: {before}", block.words),
        None => block.words.clone(),
    };
    // The fragment tells the changes of one page apart; browsers pass over one that names nothing.
    let mut url = address.clone();
    url.set_fragment(Some(&format!("new-{}", block.mark)));
    RawPost {
        key: url.to_string(),
        url: url.into(),
        post_type: PostType::Article,
        title: block.heading.clone(),
        text,
        form: TextForm::Plain,
        ..RawPost::default()
    }
}

/// The mark of the block that stood where this one stands now and is gone: behind the same neighbour, or before it.
fn replaced<'k>(blocks: &[Block], at: usize, known: &'k Known) -> Option<&'k str> {
    let place = |at: usize| known.now.iter().position(|mark| *mark == blocks[at].mark);
    let is_gone = |mark: &&String| !blocks.iter().any(|block| block.mark == **mark);
    // The ends of the page are neighbours too.
    let behind = if at == 0 { Some(0) } else { place(at - 1).map(|place| place + 1) };
    let ahead = if at + 1 == blocks.len() { Some(known.now.len()) } else { place(at + 1) };
    let ahead = ahead.and_then(|place| place.checked_sub(1));
    [behind, ahead].into_iter().flatten().find_map(|place| known.now.get(place).filter(is_gone)).map(String::as_str)
}

fn share_words(one: &str, other: &str) -> bool {
    let words = |text: &str| text.to_lowercase().split_whitespace().map(str::to_owned).collect::<HashSet<String>>();
    let (one, other) = (words(one), words(other));
    let both = one.intersection(&other).count() as f64;
    both >= SHARED * one.len().max(other.len()) as f64
}

fn learned(blocks: &[Block], before: Known) -> Known {
    let now: Vec<String> = blocks.iter().map(|block| block.mark.clone()).collect();
    let here: HashSet<&str> = now.iter().map(String::as_str).collect();
    let gone = before.now.into_iter().chain(before.gone).filter(|mark| !here.contains(mark.as_str()));
    let gone = gone.take(MAX_MARKS - now.len().min(MAX_MARKS)).collect();
    let mut room = MAX_KEPT_TOGETHER;
    let mut words = HashMap::new();
    for block in blocks.iter().filter(|block| block.words.len() <= MAX_KEPT) {
        let Some(left) = room.checked_sub(block.words.len()) else { break };
        room = left;
        words.insert(block.mark.clone(), block.words.clone());
    }
    Known { now, gone, words }
}

fn blocks(page: &Html, ignore: &[Selector], within: Option<&Selector>) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut marks = HashSet::new();
    let title = Selector::parse("title").ok().and_then(|title| page.select(&title).next());
    let mut heading = title.map(|title| one_line(&title.text().collect::<String>())).unwrap_or_default();
    for element in page.root_element().descendent_elements() {
        let name = element.value().name();
        if !BLOCKS.contains(&name) || is_left_out(element, ignore, within) {
            continue;
        }
        let (mut words, mut lasting) = (String::new(), String::new());
        gather(element, ignore, &mut words, &mut lasting);
        let (words, lasting) = (one_line(&words), one_line(&lasting));
        if !lasting.chars().any(char::is_alphanumeric) {
            continue;
        }
        let mark = blake3::hash(lasting.to_lowercase().as_bytes()).to_hex()[..8].to_owned();
        if marks.insert(mark.clone()) {
            found.push(Block { mark, words: words.clone(), heading: heading.clone() });
        }
        if name.len() == 2 && name.starts_with('h') {
            heading = words;
        }
        if found.len() >= MAX_BLOCKS {
            break;
        }
    }
    found
}

/// Whether it stands in what is not read, or outside of what is watched.
fn is_left_out(element: ElementRef<'_>, ignore: &[Selector], within: Option<&Selector>) -> bool {
    let around = || element.ancestors().filter_map(ElementRef::wrap);
    let unread = |element: ElementRef<'_>| {
        UNREAD.contains(&element.value().name()) || ignore.iter().any(|selector| selector.matches(&element))
    };
    let watched = |within: &Selector| within.matches(&element) || around().any(|outer| within.matches(&outer));
    unread(element) || around().any(unread) || !within.is_none_or(watched)
}

/// The text of a block without the blocks inside of it; `lasting` without what tells the time.
fn gather(block: ElementRef<'_>, ignore: &[Selector], words: &mut String, lasting: &mut String) {
    let mut open: Vec<_> = block.children().rev().map(|child| (child, true)).collect();
    while let Some((node, lasts)) = open.pop() {
        match node.value() {
            Node::Text(text) if words.len() + text.len() <= MAX_BLOCK => {
                words.push_str(text);
                if lasts {
                    lasting.push_str(text);
                }
            }
            Node::Element(element) => {
                let name = element.name();
                let ignored = || {
                    ElementRef::wrap(node).is_some_and(|inner| ignore.iter().any(|selector| selector.matches(&inner)))
                };
                if BLOCKS.contains(&name) || UNREAD.contains(&name) || ignored() {
                    words.push(' ');
                    lasting.push(' ');
                    continue;
                }
                if matches!(name, "td" | "th" | "br" | "div") {
                    words.push(' ');
                    lasting.push(' ');
                }
                let lasts = lasts && name != FLEETING;
                open.extend(node.children().rev().map(|child| (child, lasts)));
            }
            _ => {}
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of the posts when a page is read after another one.
    fn told(before: &str, after: &str) -> Vec<String> {
        told_ignoring(&[], before, after)
    }

    fn told_ignoring(ignore: &[&str], before: &str, after: &str) -> Vec<String> {
        let ignore: Vec<Selector> = ignore.iter().map(|css| Selector::parse(css).expect("a selector")).collect();
        let address = Url::parse("https://acme.example/pricing#x").expect("a URL");
        let read = |html: &str, progress: &Progress| {
            of(&Html::parse_document(html), &ignore, None, progress, &address).expect("blocks")
        };
        let first = read(before, &Progress::default());
        assert!(first.posts.is_empty(), "the first reading tells nothing");
        let second = read(after, &first.progress.start_poll());
        let third = read(after, &second.progress.start_poll());
        assert!(third.posts.is_empty(), "what was told is known");
        second.posts.into_iter().flatten().map(|post| post.text).collect()
    }

    #[test]
    fn only_what_is_new_is_told() {
        let page = "<title>Acme</title><h2>Plans</h2><ul><li>Small: 5 EUR<li>Large: 50 EUR</ul><p>Terms apply.";
        for (after, texts) in [
            (page.to_owned(), vec![]),
            (page.replace("<p>", "<p>No refunds.<p>"), vec!["No refunds."]),
            // another order, other markup, other spaces and case
            (
                "<table><tr><td>Terms  apply.</table><h2>PLANS</h2><li><b>Large:</b> 50 EUR<li>Small: 5 EUR".to_owned(),
                vec![],
            ),
            (page.replace("50 EUR", "80 EUR"), vec!["Large: 80 EUR\n\nBefore: Large: 50 EUR"]),
            // in the place of another, but with nothing in common
            (page.replace("Terms apply.", "Anvils ship free."), vec!["Anvils ship free."]),
            (page.replace("Small: 5 EUR", ""), vec![]),
        ] {
            assert_eq!(told(page, &after), texts, "{after}");
        }
    }

    #[test]
    fn a_post_names_the_heading_that_it_stands_under() {
        let (before, after) = ("<h2>Plans</h2><p>x1", "<h2>Plans</h2><p>x1<p>No refunds.");
        let address = Url::parse("https://acme.example/pricing#x").expect("a URL");
        let read = |html: &str, progress: &Progress| {
            of(&Html::parse_document(html), &[], None, progress, &address).expect("blocks")
        };
        let first = read(before, &Progress::default()).progress;
        let posts = read(after, &first).posts;
        let Ok(post) = &posts[0] else { panic!("a post") };
        assert_eq!(post.title, "Plans");
        assert!(post.url.starts_with("https://acme.example/pricing#new-"), "{}", post.url);
    }

    #[test]
    fn times_navigation_and_what_is_ignored_make_nothing_new() {
        let page = "<nav><li>Home 1</nav><p>Seen <time>3 minutes ago</time></p><p class=ad>Buy A</p><script>1</script><footer><p>© 2026</footer>";
        let other = page
            .replace("Home 1", "Home 2")
            .replace("3 minutes", "9 minutes")
            .replace("Buy A", "Buy B")
            .replace("2026", "2027");
        assert_eq!(told_ignoring(&[".ad"], page, &other), Vec::<String>::new());
        assert_eq!(told(page, &other), ["Buy B\n\nBefore: Buy A"]);
    }

    #[test]
    fn a_block_that_comes_back_is_not_new() {
        let address = Url::parse("https://acme.example/").expect("a URL");
        let mut progress = Progress::default();
        let mut told = 0;
        for turn in 0..10 {
            let page = format!("<p>Always</p><p>Customer {} praises Acme", turn % 3);
            let changes = of(&Html::parse_document(&page), &[], None, &progress, &address).expect("blocks");
            told += changes.posts.len();
            progress = changes.progress.start_poll();
        }
        assert_eq!(told, 2);
    }

    #[test]
    fn a_block_holds_no_block_inside_of_it() {
        let before = "<ul><li>One<ul><li>Two</ul></ul>";
        assert_eq!(told(before, "<ul><li>One<ul><li>Two<li>Three <b>and</b> more</ul></ul>"), ["Three and more"]);
    }

    #[test]
    fn a_page_that_was_rebuilt_tells_a_few_and_memory_is_bounded() {
        let page = |word: &str| (0..5_000).map(|n| format!("<p>{word} {n} {}", "x".repeat(100))).collect::<String>();
        let address = Url::parse("https://acme.example/").expect("a URL");
        let read = |html: &str, progress: &Progress| {
            of(&Html::parse_document(html), &[], None, progress, &address).expect("blocks")
        };
        let first = read(&page("old"), &Progress::default());
        let second = read(&page("new"), &first.progress);
        assert_eq!((second.posts.len(), second.repaired.len()), (MAX_NEW, 1));
        assert!(second.progress.notes[KNOWN].len() < 64 * 1024, "{}", second.progress.notes[KNOWN].len());
    }
}
