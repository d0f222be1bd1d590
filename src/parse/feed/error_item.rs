//! Does the only item of a feed tell of an error instead of anything that was published?

use crate::model::{RawPost, Rejection};

/// How services that make feeds begin the title of such an item, in lower case.
const BEGINNINGS: [&str; 10] = [
    "bridge returned error",
    "feed not found",
    "this feed has expired",
    "your feed has expired",
    "this feed is no longer available",
    "error fetching feed",
    "error loading feed",
    "unable to fetch the feed",
    "failed to fetch feed",
    "there was an error creating the feed",
];

/// Whole titles, in lower case; as part of a title they may be news.
const WHOLE: [&str; 14] = [
    "error",
    "feed error",
    "404",
    "404 not found",
    "not found",
    "page not found",
    "403 forbidden",
    "access denied",
    "500 internal server error",
    "internal server error",
    "service unavailable",
    "too many requests",
    "429 too many requests",
    "rate limit exceeded",
];

/// Longest title quoted, in characters.
const MAX_QUOTED: usize = 120;

/// What the only item says, if it tells of an error.
pub(super) fn of(posts: &[Result<RawPost, Rejection>]) -> Option<String> {
    let [Ok(only)] = posts else { return None };
    let title = only.title.trim();
    let said = title.to_lowercase();
    let whole = said.trim_end_matches(['.', '!', ':']);
    let tells = BEGINNINGS.iter().any(|start| said.starts_with(start)) || WHOLE.contains(&whole);
    tells.then(|| title.chars().take(MAX_QUOTED).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(title: &str) -> Result<RawPost, Rejection> {
        Ok(RawPost { title: title.to_owned(), ..RawPost::default() })
    }

    #[test]
    fn an_only_item_that_tells_of_an_error_is_known() {
        for (title, tells) in [
            ("Bridge returned error 500! (20414)", true),
            ("Bridge returned error: cURL error 28", true),
            ("404 Not Found", true),
            (" Error! ", true),
            ("Error budgets at Acme", false),
            ("Not found: my lost anvil", false),
            ("Acme", false),
        ] {
            assert_eq!(of(&[post(title)]).is_some(), tells, "{title}");
        }
        assert_eq!(of(&[post("404 Not Found"), post("Acme")]), None);
        assert_eq!(of(&[]), None);
    }
}
