//! How does a query find posts that none of tantivy's own queries finds?

use std::fmt;
use std::sync::Arc;

use tantivy::query::{BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TantivyError};

type Find = dyn Fn(&SegmentReader, &mut BitSet) -> tantivy::Result<()> + Send + Sync;

/// A query whose posts a function finds, segment by segment. It adds nothing to the score of a post.
#[derive(Clone)]
pub(super) struct Computed {
    /// What it finds, for debug output.
    name: &'static str,
    find: Arc<Find>,
}

impl Computed {
    /// `find` inserts the numbers of the segment's matching posts; deleted ones do no harm.
    pub(super) fn new(
        name: &'static str,
        find: impl Fn(&SegmentReader, &mut BitSet) -> tantivy::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self { name, find: Arc::new(find) }
    }
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Computed({})", self.name)
    }
}

impl Query for Computed {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Computed {
    fn scorer(&self, segment: &SegmentReader, _: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut posts = BitSet::with_max_value(segment.max_doc());
        (self.find)(segment, &mut posts)?;
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(posts), 0.0)))
    }

    fn explain(&self, segment: &SegmentReader, post: DocId) -> tantivy::Result<Explanation> {
        if self.scorer(segment, 1.0)?.seek(post) == post {
            return Ok(Explanation::new(self.name, 0.0));
        }
        Err(TantivyError::InvalidArgument(format!("post {post} is not among {}", self.name)))
    }
}
