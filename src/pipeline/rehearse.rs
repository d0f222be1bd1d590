//! What would come of a page, if it were read for real?
//!
//! The same line as the daemon's, journaling nothing: for `poll`, for tests, and for everything that asks "what if".

use super::schedule::page_of;
use super::supervise::rules_of;
use super::{Learned, Overlay, Page, Rules, decide, doors, stream};
use crate::clock::Clock;
use crate::config::{Config, SourceConfig};
use crate::fetch::{Door, Policy, Turned};
use crate::model::{
    Candidate, Day, Duration, Memory, PageRead, PostId, Progress, Seen, SourceState, Spent, StoryId, Subscription,
    ViewError,
};

/// How long a stream is listened to by hand, and how many posts of it are enough.
const LISTENED: Duration = Duration::seconds(10);
const ENOUGH: u64 = 200;

/// Decides on a page with a memory that nothing is added to.
///
/// # Errors
/// When the memory cannot be asked.
pub fn rehearse(page: Page, rules: &Rules, memory: &dyn Memory) -> Result<PageRead, ViewError> {
    Ok(decide(page, rules, &mut Overlay::new(memory), &mut Learned::default())?.read)
}

/// Polls a source once through the real door and decides on what it brings as if everything were new.
///
/// # Errors
/// The source cannot be asked, or its answer not read.
pub async fn poll_once(config: &Config, source: &SourceConfig, clock: Clock) -> anyhow::Result<Vec<PageRead>> {
    let door = Door::new(doors::door_settings(config), clock)?;
    let rules = rules_of(config);
    if let Some(subscription) = stream::subscription(source, &Progress::default()) {
        return hear(&door, source, &subscription, &rules).await;
    }
    let mut poll = door.poll(source.source.clone(), &SourceState::default(), Policy::default());
    let mut pages = Vec::new();
    while let Some(turned) = poll.turn().await? {
        if let Turned::Page(page) = turned {
            pages.push(rehearse(page_of(source, *page, false), &rules, &Blank)?);
        }
    }
    Ok(pages)
}

/// Listens to a stream for some seconds, or until enough came.
async fn hear(
    door: &Door,
    source: &SourceConfig,
    subscription: &Subscription,
    rules: &Rules,
) -> anyhow::Result<Vec<PageRead>> {
    anyhow::ensure!(
        subscription.url().is_some(),
        "its posts are pushed to /in/{} of the running daemon; there is nobody to ask",
        source.name
    );
    let policy = doors::policy(source);
    let mut stream = door.listen(source.source.clone(), Progress::default(), subscription, policy).await?;
    let mut pages: Vec<PageRead> = Vec::new();
    let listening = async {
        while pages.iter().map(|page| page.counts.total()).sum::<u64>() < ENOUGH {
            let page = stream.turn().await?;
            pages.push(rehearse(page_of(source, page, false), rules, &Blank)?);
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(LISTENED.to_std(), listening).await {
        // The time is over: what came is what there is.
        Ok(Ok(())) | Err(_) => Ok(pages),
        Ok(Err(error)) if pages.is_empty() => Err(error),
        Ok(Err(_)) => Ok(pages),
    }
}

/// Largest body that the door takes of an answer, in bytes.
pub fn max_answer() -> usize {
    Policy::default().max_body
}

/// The memory of one who has never read anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blank;

impl Memory for Blank {
    fn seen(&self, _: PostId) -> Result<Option<Seen>, ViewError> {
        Ok(None)
    }

    fn candidates(&self, keys: &[[u8; 16]]) -> Result<Vec<Option<Candidate>>, ViewError> {
        Ok(vec![None; keys.len()])
    }

    fn alerted(&self, _: StoryId) -> Result<Vec<String>, ViewError> {
        Ok(Vec::new())
    }

    fn spent(&self, _: &str, _: Day, _: StoryId) -> Result<Spent, ViewError> {
        Ok(Spent::default())
    }

    fn source(&self, _: &str) -> Result<SourceState, ViewError> {
        Ok(SourceState::default())
    }
}
