//! Which stories stand on the front page of Hacker News, and in which order?
//!
//! The site's own API lists the numbers of the top stories by rank, the search API gives those stories whole: two
//! requests a poll. Without the first one the search still knows which stories there are, not their order.

use serde_json::Value;
use url::Url;

use super::post;
use crate::model::{Progress, ReadError, Reading, Response};
use crate::parse::json;

/// Where the ranks are.
const RANKS: &str = "https://hacker-news.firebaseio.com/v0/topstories.json";
/// Stories on the front page.
const FRONT: usize = 30;
/// Of them, those at the top.
const TOP: usize = 10;
/// In the place of the numbers: they are not known.
const UNRANKED: &str = "unranked";

/// What to ask for in a poll that stands here.
pub(super) fn asked(api: &Url, progress: &Progress) -> Url {
    let per_page = FRONT.to_string();
    let search = |tags: &str| json::call(api, "search", [("tags", tags), ("hitsPerPage", per_page.as_str())]);
    let numbers = progress.next.as_deref().map(numbers).unwrap_or_default();
    match Url::parse(RANKS) {
        Ok(ranks) if progress.page == 0 => ranks,
        _ if numbers.is_empty() => search("front_page"),
        _ => {
            let stories: Vec<String> = numbers.iter().map(|number| format!("story_{number}")).collect();
            search(&format!("story,({})", stories.join(",")))
        }
    }
}

/// Reads the ranks: the numbers of the front page's stories become the next step.
pub(super) fn ranks(progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
    const EXPECTED: &str = "the list of top stories of Hacker News";
    let (answer, repaired) = json::parse(response, EXPECTED)?;
    let numbers: Vec<String> = answer
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .take(FRONT)
        .map(|id| id.to_string())
        .collect();
    if numbers.is_empty() {
        return Err(ReadError::WrongFormat { expected: EXPECTED, why: "it lists no numbers".to_owned() });
    }
    let next = Some(numbers.join(","));
    Ok(Reading { progress: Progress { page: 1, next, ..progress.clone() }, repaired, ..Reading::default() })
}

/// How a poll goes on that could not have the ranks.
pub(super) fn unranked(progress: &Progress) -> Progress {
    Progress { page: 1, next: Some(UNRANKED.to_owned()), ..progress.clone() }
}

/// The stories found, in the order of their ranks.
pub(super) fn stories(progress: &Progress, hits: &[Value], repaired: Vec<String>) -> Reading {
    let numbers = progress.next.as_deref().map(numbers).unwrap_or_default();
    let rank = |hit: &Value| {
        let number = json::id(hit, "objectID")?;
        numbers.iter().position(|ranked| *ranked == number)
    };
    let mut ranked: Vec<(usize, &Value)> = hits.iter().map(|hit| (rank(hit).unwrap_or(usize::MAX), hit)).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let posts = ranked.into_iter().map(|(rank, hit)| {
        let mut found = post(hit)?;
        found.tags.push("front-page".to_owned());
        if rank < TOP {
            found.tags.push("front-page-top".to_owned());
        }
        found.engagement.rank =
            u32::try_from(rank).ok().and_then(|above| above.checked_add(1)).filter(|_| rank < FRONT);
        Ok(found)
    });
    let degraded =
        numbers.is_empty().then(|| "the front page without its order: no post has the tag `front-page-top`".to_owned());
    Reading {
        posts: posts.collect(),
        progress: Progress { page: progress.page.saturating_add(1), next: None, ..progress.clone() },
        repaired,
        degraded,
        ..Reading::default()
    }
}

fn numbers(step: &str) -> Vec<u64> {
    step.split(',').take(FRONT).filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::KIND;
    use crate::model::{
        FetchProblem, Next, Progress, RawPost, Reading, Response, Settings, Source, SourceKind, Timestamp,
    };
    use serde_json::{Value, json};

    fn source() -> Box<dyn Source> {
        KIND.load(&Settings::parse("source.hn", "front_page = true").expect("TOML")).expect("a source")
    }

    fn asked(progress: &Progress) -> Option<String> {
        match source().next(progress) {
            Next::Http(request) => Some(request.url.to_string()),
            Next::Subscribe(_) | Next::Done => None,
        }
    }

    fn read(progress: &Progress, body: &Value) -> Reading {
        let url = "https://hn.algolia.com/api/v1/search".parse().expect("a URL");
        let response = Response {
            status: 200,
            url,
            headers: Vec::new(),
            body: body.to_string().into(),
            received_at: Timestamp(0),
        };
        source().read(progress, &response).expect("a reading")
    }

    #[test]
    fn the_ranks_are_asked_first_and_then_the_stories_in_their_order() {
        let first = asked(&Progress::default()).expect("a request");
        assert_eq!(first, "https://hacker-news.firebaseio.com/v0/topstories.json");
        let ids: Vec<u64> = (100..600).collect();
        let ranked = read(&Progress::default(), &json!(ids)).progress;
        let second = asked(&ranked).expect("a request");
        assert!(
            second.starts_with("https://hn.algolia.com/api/v1/search?tags=story%2C%28story_100%2Cstory_101%2C"),
            "{second}"
        );
        assert!(second.ends_with("story_129%29&hitsPerPage=30"), "{second}");
        let hit = |id: u64| json!({"objectID": id.to_string(), "title": "x", "_tags": ["story", "show_hn"]});
        let stories = read(&ranked, &json!({"hits": [hit(115), hit(101), hit(100)]}));
        let is_top = |post: &RawPost| post.tags.contains(&"front-page-top".to_owned());
        let told = stories.posts.iter().flatten().map(|post| (&post.key[..], is_top(post), post.engagement.rank));
        let told: Vec<_> = told.collect();
        assert_eq!(told, [("hn:100", true, Some(1)), ("hn:101", true, Some(2)), ("hn:115", false, Some(16))]);
        assert!(stories.posts.iter().flatten().all(|post| post.tags.contains(&"front-page".to_owned())));
        assert_eq!((asked(&stories.progress), stories.degraded), (None, None));
    }

    #[test]
    fn without_the_ranks_the_front_page_is_read_in_a_lesser_way_and_says_so() {
        let problem = FetchProblem::TimedOut { seconds: 30 };
        let progress = source().fall_back(&Progress::default(), &problem).expect("another way");
        let url = asked(&progress).expect("a request");
        assert_eq!(url, "https://hn.algolia.com/api/v1/search?tags=front_page&hitsPerPage=30");
        let stories = read(&progress, &json!({"hits": [{"objectID": "7", "title": "x", "_tags": ["story"]}]}));
        let ranks: Vec<_> = stories.posts.iter().flatten().map(|post| post.engagement.rank).collect();
        assert_eq!(ranks, [None]);
        assert!(stories.degraded.is_some_and(|why| why.contains("without its order")));
        assert!(source().fall_back(&stories.progress, &problem).is_none());
    }

    #[test]
    fn words_and_types_do_not_go_with_the_front_page() {
        for (settings, key) in [("types = [\"story\"]", "types"), ("query = \"acme\"", "query")] {
            let block = format!("front_page = true\n{settings}");
            let faults = KIND.load(&Settings::parse("source.hn", &block).expect("TOML")).expect_err("a fault");
            assert_eq!((faults.len(), &*faults[0].key), (1, &*format!("source.hn.{key}")));
        }
    }
}
