//! Which posts read before say nearly the same as this one?
//!
//! The newest are in memory ([`Hot`]); older ones are asked of the archive, whose index finds them by their bands. Few are
//! asked for: a filter in memory knows which bands the archive has.

use std::sync::Arc;

use crate::archive::Archive;
use crate::dedup;
use crate::dedup::near::{Commons, Filter, Hot, Likeness, MEMORY, Sketch, Words, verify};
use crate::model::{Bands, Post};

/// Bands that an archived post has to share before it is looked at: one is a phrase.
const LEAST_SHARED: usize = 2;
/// Most archived posts that are compared word by word for one new one.
const MAX_COMPARED: usize = 6;

/// What was read, as far as near-duplicates need it.
pub struct Nearby {
    commons: Commons,
    /// By the key under which posts with the same words are found.
    hot: Hot<[u8; 16]>,
    older: Option<Older>,
}

/// Posts that are in no memory any more.
struct Older {
    archive: Arc<Archive>,
    /// `None` until it was filled with what the archive has.
    filter: Option<Filter>,
}

/// A post as it was read for its near-duplicates.
pub struct Reading {
    words: Words,
    sketch: Sketch,
}

impl Reading {
    /// Under which the archive finds the post.
    pub fn bands(&self) -> Bands {
        self.sketch.bands()
    }
}

impl Default for Nearby {
    /// Nothing was read, and nothing is archived.
    fn default() -> Self {
        Self { commons: Commons::default(), hot: Hot::new(MEMORY), older: None }
    }
}

impl Nearby {
    /// Nothing was read since the start; what was before is in the archive.
    pub fn before(archive: Arc<Archive>) -> Self {
        Self { older: Some(Older { archive, filter: None }), ..Self::default() }
    }

    /// Reads a post.
    pub fn read(&self, post: &Post) -> Reading {
        let words = Words::new(&post.title, &post.text);
        let sketch = Sketch::new(&words, &self.commons);
        Reading { words, sketch }
    }

    /// The keys (see [`dedup::Keys::text`]) of posts that say the same: the likest, and all about which there is no doubt.
    pub fn like(&mut self, reading: &Reading) -> Vec<[u8; 16]> {
        let mut near: Vec<([u8; 16], Likeness)> =
            self.hot.near(&reading.sketch).into_iter().map(|near| (near.of, near.likeness)).collect();
        if near.is_empty()
            && let Some(older) = &mut self.older
        {
            near = older.like(&reading.sketch, &self.commons);
        }
        let certain = |(at, near): (usize, &([u8; 16], Likeness))| {
            (at == 0 || near.1.both >= Likeness::CERTAIN).then_some(near.0)
        };
        near.iter().enumerate().filter_map(certain).collect()
    }

    /// Keeps a post for those that come; `opened`: it opened a story.
    pub fn keep(&mut self, reading: Reading, key: [u8; 16], opened: bool) {
        if opened {
            reading.words.teach(&mut self.commons);
        }
        if let Some(filter) = self.older.as_mut().and_then(|older| older.filter.as_mut()) {
            reading.sketch.bands().0.into_iter().for_each(|band| filter.add(band));
        }
        self.hot.add(reading.sketch, key);
    }
}

impl Older {
    /// Archived posts that say the same, the likest first.
    fn like(&mut self, sketch: &Sketch, commons: &Commons) -> Vec<([u8; 16], Likeness)> {
        let bands = self.known(sketch.bands());
        if bands.len() < LEAST_SHARED {
            return Vec::new();
        }
        let found = match self.archive.sharing(&bands, LEAST_SHARED as u32, MAX_COMPARED) {
            Ok(found) => found,
            Err(error) => {
                // A copy opens a story of its own; the line goes on.
                tracing::warn!(%error, "cannot look for copies in the archive");
                return Vec::new();
            }
        };
        let mut near = Vec::new();
        for record in found {
            let other = Sketch::new(&Words::new(&record.post.title, &record.post.text), commons);
            let Some(likeness) = verify(sketch, &other) else { continue };
            near.extend(dedup::keys(&record.post).text.map(|key| (key, likeness)));
        }
        near.sort_by(|a, b| b.1.both.total_cmp(&a.1.both));
        near
    }

    /// Those of the bands that the archive may have.
    fn known(&mut self, bands: Bands) -> Vec<u64> {
        let archive = &self.archive;
        let filter = self.filter.get_or_insert_with(|| {
            let mut filter = Filter::default();
            if let Err(error) = archive.each_band(&mut |band| filter.add(band)) {
                tracing::warn!(%error, "cannot read which texts the archive has; copies of old posts open stories of their own");
            }
            filter
        });
        bands.0.into_iter().filter(|band| filter.may_hold(*band)).collect()
    }
}
