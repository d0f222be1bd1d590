//! Which page of a long list is asked for?

use serde::{Deserialize, Deserializer, de};

/// Entries on a page, where nobody says how many.
const LIMIT: usize = 100;
/// Most that may be asked for.
pub const MOST: usize = 1_000;

/// What may be asked of a list.
#[derive(Debug, Default, Deserialize)]
pub struct Seek {
    /// `next` of the page before; without it the first page.
    #[serde(default)]
    pub after: Option<String>,
    /// Entries on the page: 1 to [`MOST`].
    #[serde(default, deserialize_with = "number")]
    pub limit: Option<usize>,
}

/// A number, though parameters that are flattened come as text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| de::Error::custom(format!("`limit` is `{text}`, which is no number")))
}

/// The entries of the page, and where the next one begins, if there is one; `None` when the list has no entry that the
/// page is to begin after.
pub fn seek<T>(all: Vec<T>, ask: &Seek, name: impl Fn(&T) -> &String) -> Option<(Vec<T>, Option<String>)> {
    let from = match &ask.after {
        Some(after) => all.iter().position(|entry| name(entry) == after)? + 1,
        None => 0,
    };
    let limit = ask.limit.unwrap_or(LIMIT).clamp(1, MOST);
    let more = all.len() > from + limit;
    let page: Vec<T> = all.into_iter().skip(from).take(limit).collect();
    let next = page.last().filter(|_| more).map(|last| name(last).clone());
    Some((page, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_through_a_list_once_and_end() {
        let all: Vec<String> = (0..250).map(|number| format!("n{number}")).collect();
        for (limit, pages) in [(None, 3), (Some(1), 250), (Some(0), 250), (Some(250), 1), (Some(usize::MAX), 1)] {
            let (mut after, mut seen, mut asked) = (None, Vec::new(), 0);
            loop {
                let (page, next) = seek(all.clone(), &Seek { after, limit }, |name| name).unwrap();
                seen.extend(page);
                asked += 1;
                after = next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!((seen == all, asked), (true, pages), "{limit:?}");
        }
        let lost = Seek { after: Some("gone".to_owned()), limit: None };
        assert_eq!(seek(all, &lost, |name| name), None);
    }
}
