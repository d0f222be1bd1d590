//! Which post does somebody mean who names an address or an id?

use url::Url;

use super::{Evidence, ExplainError};
use crate::archive::{Archive, Record, SearchRequest, Sort};
use crate::model::{PostId, StoryId, Timestamp};
use crate::normalize::canonical_url;
use crate::query::ast::FieldClause;
use crate::query::{Names, Place, Query};
use crate::store::Store;

/// Most posts at one address that are looked at.
const MAX_AT_ADDRESS: usize = 50;
/// How the ids of alerts begin.
const ALERT: &str = "alert_";

/// The post that is meant by an address, an id or an alert; `None` when the archive does not hold it.
///
/// # Errors
/// The archive or the store cannot be read.
pub fn find_post(
    archive: &Archive,
    store: &Store,
    asked: &str,
    now: Timestamp,
) -> Result<Option<Record>, ExplainError> {
    let looked = Looked { archive, store, now };
    Ok(looked.find(asked)?.map(|(record, _)| record))
}

/// Where posts are looked for.
struct Looked<'a> {
    archive: &'a Archive,
    store: &'a Store,
    now: Timestamp,
}

impl Evidence<'_> {
    /// The post, and others at the same address. `None` when the archive does not hold it.
    pub(super) fn find(&self, asked: &str) -> Result<Option<(Record, Vec<Record>)>, ExplainError> {
        Looked { archive: self.archive, store: self.store, now: self.now }.find(asked)
    }
}

impl Looked<'_> {
    fn find(&self, asked: &str) -> Result<Option<(Record, Vec<Record>)>, ExplainError> {
        let asked = asked.trim();
        if asked.starts_with(ALERT) {
            let Some(alert) = self.store.alert(asked)? else { return Ok(None) };
            return Ok(self.archive.get(alert.post.id)?.map(|record| (record, Vec::new())));
        }
        if let Ok(id) = asked.to_lowercase().parse::<PostId>() {
            return Ok(self.by_id(id)?.map(|record| (record, Vec::new())));
        }
        self.at_address(asked)
    }

    /// The post of an id; of a story whose first member is not kept any more, the oldest that is.
    fn by_id(&self, id: PostId) -> Result<Option<Record>, ExplainError> {
        if let Some(record) = self.archive.get(id)? {
            return Ok(Some(record));
        }
        let story = self.store.resolve(StoryId(id))?;
        Ok(self.archive.members(story)?.into_iter().next())
    }

    fn at_address(&self, asked: &str) -> Result<Option<(Record, Vec<Record>)>, ExplainError> {
        let clauses: Vec<String> =
            addresses(asked).into_iter().map(|address| FieldClause::Url(address).to_string()).collect();
        // What is no address is at none.
        let Ok(query) = Query::parse(&clauses.join(" OR "), Place::Search, &Names::default()) else { return Ok(None) };
        let request = SearchRequest { query, sort: Sort::Newest, limit: MAX_AT_ADDRESS, offset: 0, now: self.now };
        let mut found = Vec::new();
        for post in self.archive.search(&request)?.found {
            found.extend(self.archive.get(post.post.id)?);
        }
        // A fragment tells the posts of one page apart; else what stands at the top of the page is meant.
        let fragment = fragment(asked);
        found.sort_by_key(|record| {
            (self::fragment(&record.post.url) != fragment, record.post.thread.is_some(), record.post.dated())
        });
        let mut found = found.into_iter();
        Ok(found.next().map(|first| (first, found.collect())))
    }
}

/// An address as it was written, and in the form that all addresses of its page share.
pub(super) fn addresses(asked: &str) -> Vec<String> {
    let mut found = vec![asked.to_owned()];
    let canonical = parsed(asked).map(|url| canonical_url(&url));
    found.extend(canonical.filter(|canonical| canonical != asked));
    found
}

/// An address, also one without `https://`.
pub(super) fn parsed(asked: &str) -> Option<Url> {
    let url = if asked.contains("://") { Url::parse(asked) } else { Url::parse(&format!("https://{asked}")) };
    url.ok().filter(|url| url.host_str().is_some_and(|host| host.contains('.')))
}

fn fragment(address: &str) -> Option<&str> {
    address.split_once('#').map(|(_, fragment)| fragment).filter(|fragment| !fragment.is_empty())
}
