//! How much does each watch find in the archive, where there is one?
//!
//! What is found out makes warnings better and is never needed: whatever goes wrong here, the check goes on without.

use std::collections::HashMap;

use crate::cli::Context;
use crate::cli::daemon::Client;
use crate::config::{Checked, MAX_MEASURED};
use crate::model::{Duration, Timestamp};
use crate::pipeline::count::{Alone, CountAnswer, CountQuestion};
use crate::query::{Names, Place, Query};

/// After this time nothing more is measured.
const PATIENCE: Duration = Duration::seconds(15);

/// Measures the watches on the archive: a running daemon counts, else this process does where it may.
pub fn measure(checked: &mut Checked, context: &Context) {
    let Some(config) = &checked.config else { return };
    let watches: Vec<String> =
        config.watches.specs().iter().take(MAX_MEASURED).filter_map(|spec| written(&spec.query)).collect();
    if watches.is_empty() {
        return;
    }
    let Some(archive) = Measured::find(context) else { return };
    let mut scale = Scale { archive, known: HashMap::new(), context, until: context.clock.now() + PATIENCE };
    scale.weigh(watches);
    checked.measure(&mut |query| scale.count(query));
}

/// The query as it can be asked elsewhere; `None` for one that is longer than may be written once lists are spelled out.
fn written(query: &Query) -> Option<String> {
    let text = query.to_string();
    Query::parse(&text, Place::Search, &Names::default()).is_ok().then_some(text)
}

/// Who counts.
enum Measured {
    ByDaemon(Client),
    Here(Alone),
}

impl Measured {
    fn find(context: &Context) -> Option<Self> {
        match context.daemon() {
            Some(daemon) => Some(Self::ByDaemon(daemon)),
            None => Alone::open(&context.data_dir(), &context.clock).map(Self::Here),
        }
    }

    fn count(&self, ask: &CountQuestion, context: &Context) -> Option<CountAnswer> {
        match self {
            Self::ByDaemon(daemon) => daemon.post("/api/v1/count", ask).ok(),
            Self::Here(alone) => alone.count(ask, &context.clock).ok(),
        }
    }
}

/// Counts of queries, each asked for once.
struct Scale<'a> {
    archive: Measured,
    /// Posts that a query is true of, and all posts.
    known: HashMap<String, Option<(usize, usize)>>,
    context: &'a Context,
    until: Timestamp,
}

impl Scale<'_> {
    fn weigh(&mut self, queries: Vec<String>) {
        let ask = CountQuestion { queries };
        let in_time = self.context.clock.now() < self.until;
        let answer = in_time.then(|| self.archive.count(&ask, self.context)).flatten();
        let (total, counts) = answer.map_or((0, Vec::new()), |answer| (answer.total, answer.counts));
        let counts = counts.into_iter().chain(std::iter::repeat(None));
        self.known.extend(
            ask.queries.into_iter().zip(counts).map(|(query, count)| (query, count.map(|count| (count, total)))),
        );
    }

    fn count(&mut self, query: &Query) -> Option<(usize, usize)> {
        let text = written(query)?;
        if !self.known.contains_key(&text) {
            self.weigh(vec![text.clone()]);
        }
        self.known.get(&text).copied().flatten()
    }
}
