//! To which story does a post belong, and what made it a member?

use serde::{Deserialize, Serialize};

use super::{Evidence, ExplainError, Member, words};
use crate::archive::Record;
use crate::dedup;
use crate::dedup::near::{Commons, Sketch, Words, verify};
use crate::model::{JoinedBy, PostId, StoryId};

/// Most members that are listed, the oldest first.
pub const MAX_LISTED: usize = 20;

/// A story as it stands now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoryShown {
    pub id: StoryId,
    /// What made the post a member; `None` when it opened the story.
    pub joined: Option<Joined>,
    /// How it came into the story, as a sentence.
    pub words: String,
    /// Those that are kept, the oldest first, at most [`MAX_LISTED`].
    pub members: Vec<Member>,
    /// All that are kept.
    pub total: usize,
}

/// What ties a post to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    pub by: JoinedBy,
    /// The earlier member.
    pub with: PostId,
}

impl Evidence<'_> {
    pub(super) fn story(&self, record: &Record) -> Result<StoryShown, ExplainError> {
        let members = self.archive.members(record.story)?;
        let tie = tie(record, &members);
        let said = match tie {
            _ if record.story.0 == record.post.id && members.len() < 2 => "it is the only post of its story".to_owned(),
            _ if record.story.0 == record.post.id => "it opened the story".to_owned(),
            Some((by, with)) => format!("{} {}", words::joined(by), name(with)),
            None => "it joined the story by a post that is not kept any more, or that was edited since".to_owned(),
        };
        Ok(StoryShown {
            id: record.story,
            joined: tie.map(|(by, with)| Joined { by, with: with.post.id }),
            words: said,
            total: members.len(),
            members: members.iter().take(MAX_LISTED).map(Member::from).collect(),
        })
    }
}

/// The strongest tie of a post to a member that was read before it.
fn tie<'m>(record: &Record, members: &'m [Record]) -> Option<(JoinedBy, &'m Record)> {
    if record.story.0 == record.post.id {
        return None;
    }
    let sought = dedup::keys(&record.post).sought;
    let earlier = members.iter().filter(|member| {
        member.post.id != record.post.id
            && (member.post.received, member.post.id) <= (record.post.received, record.post.id)
    });
    let earlier: Vec<(&Record, Vec<[u8; 16]>)> =
        earlier.map(|member| (member, dedup::keys(&member.post).own)).collect();
    let exact = sought.iter().find_map(|(key, by)| {
        let (member, _) = earlier.iter().find(|(_, own)| own.contains(key))?;
        Some((*by, *member))
    });
    exact.or_else(|| Some((JoinedBy::NearText, nearest(record, earlier.iter().map(|(member, _)| *member))?)))
}

/// The member that says most nearly the same.
fn nearest<'m>(record: &Record, earlier: impl Iterator<Item = &'m Record>) -> Option<&'m Record> {
    let sketch = |record: &Record| Sketch::new(&Words::new(&record.post.title, &record.post.text), &Commons::default());
    let own = sketch(record);
    let like = |member: &'m Record| Some((verify(&own, &sketch(member))?.both, member));
    earlier.filter_map(like).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, member)| member)
}

fn name(record: &Record) -> String {
    let Member { title, site, .. } = Member::from(record);
    format!("“{title}” on {site}")
}
