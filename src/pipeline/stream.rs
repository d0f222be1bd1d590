//! What happens while a source's posts come by themselves?

use super::doors;
use super::schedule::{Parts, PollError, page_of, recovered};
use crate::config::SourceConfig;
use crate::fetch::Stream;
use crate::model::{Duration, Memory, Next, Progress, Subscription};

/// After a first break the source is subscribed to again so soon.
pub const AGAIN: Duration = Duration::seconds(1);
/// A stream that lived so long was no failure: the next break is a first one again.
const LIVED: Duration = Duration::minutes(1);

/// How a stream ended; it always does.
pub struct Ended {
    pub error: PollError,
    /// It worked before it broke.
    pub worked: bool,
}

/// What the source waits for once it stands at `progress`, where it does not want to be asked.
pub fn subscription(source: &SourceConfig, progress: &Progress) -> Option<Subscription> {
    match source.source.next(progress) {
        Next::Subscribe(subscription) => Some(*subscription),
        Next::Http(_) | Next::Done => None,
    }
}

/// Whether posts are pushed to us, so that nobody is ever asked.
pub fn is_pushed(source: &SourceConfig) -> bool {
    matches!(subscription(source, &Progress::default()), Some(Subscription::Push))
}

/// Subscribes and takes what comes, each frame durable before the next, until it breaks.
pub async fn run(parts: &Parts, source: &SourceConfig, progress: Progress, subscription: &Subscription) -> Ended {
    let began = parts.clock.now();
    let opened = parts.door.listen(source.source.clone(), progress, subscription, doors::policy(source)).await;
    let mut stream = match opened {
        Ok(stream) => stream,
        Err(problem) => return Ended { error: problem.into(), worked: false },
    };
    // One that broke before must live for a while until it counts as heard again: it may break at the same message.
    let mut heard = parts.board.failures(&source.name) == 0;
    if heard {
        hear(parts, source);
    }
    let error = loop {
        let mut next = Box::pin(take(parts, source, &mut stream));
        let taken = loop {
            tokio::select! {
                taken = &mut next => break taken,
                () = parts.clock.sleep_until(began + LIVED), if !heard => {
                    heard = true;
                    hear(parts, source);
                }
            }
        };
        match taken {
            Ok(()) if heard => parts.board.listening(&source.name),
            Ok(()) => {}
            Err(error) => break error,
        }
    };
    Ended { error, worked: parts.clock.now().since(began) >= LIVED }
}

fn hear(parts: &Parts, source: &SourceConfig) {
    recovered(parts, source);
    parts.board.listening(&source.name);
}

async fn take(parts: &Parts, source: &SourceConfig, stream: &mut Stream) -> Result<(), PollError> {
    let page = stream.turn().await?;
    let first_poll = parts.store.source(&source.name)?.first_polled.is_none();
    let page = page_of(source, page, first_poll);
    let repaired = page.reading.repaired.clone();
    let kept = parts.writer.page(page).await?;
    parts.board.page(&source.name, &kept.counts, &repaired, false);
    Ok(())
}
