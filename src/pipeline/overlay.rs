//! What has been decided already but is not in the store yet?
//!
//! Pages that share one write to the journal are decided one after the other before any of them is durable.
//! The overlay lets the later ones know of the earlier ones; it is dropped when the store has applied them.

use std::collections::{HashMap, HashSet};

use crate::model::event::Decided;
use crate::model::{
    Answered, Candidate, Corrected, Day, Event, Mark, Memory, PostId, Seen, Spent, Standing, StoryDecision, StoryId,
    Timestamp, ViewError, flood_window, is_mention,
};

/// A memory with the newest decisions laid over it.
pub struct Overlay<'a> {
    below: &'a dyn Memory,
    seen: HashMap<PostId, Seen>,
    /// By post: what sources said of it since, each source once.
    said: HashMap<PostId, Vec<(String, Mark)>>,
    keys: HashMap<[u8; 16], StoryId>,
    stories: HashMap<StoryId, Candidate>,
    absorbed: HashMap<StoryId, StoryId>,
    alerted: HashMap<StoryId, Vec<String>>,
    /// By watch and local day: stories alerted that were not counted below.
    spent: HashMap<(String, Day), Vec<StoryId>>,
    /// By receiver and window: alerts decided since.
    sent: HashMap<(String, Timestamp), u32>,
    standing: HashMap<PostId, Standing>,
    forgotten: HashSet<PostId>,
    /// To be forgotten below, but not any more.
    readmitted: HashSet<PostId>,
    /// By root of the conversation.
    mentions: HashMap<PostId, Vec<(PostId, Timestamp)>>,
}

impl<'a> Overlay<'a> {
    /// Nothing laid over `below` yet.
    pub fn new(below: &'a dyn Memory) -> Self {
        Self {
            below,
            seen: HashMap::new(),
            said: HashMap::new(),
            keys: HashMap::new(),
            stories: HashMap::new(),
            absorbed: HashMap::new(),
            alerted: HashMap::new(),
            spent: HashMap::new(),
            sent: HashMap::new(),
            standing: HashMap::new(),
            forgotten: HashSet::new(),
            readmitted: HashSet::new(),
            mentions: HashMap::new(),
        }
    }

    /// Lays a decision over what is known; its story was opened at `opened_at`.
    ///
    /// # Errors
    /// When the memory below cannot be asked.
    pub fn remember(&mut self, decided: &Decided, opened_at: Timestamp) -> Result<(), ViewError> {
        let (post, story) = (&decided.post, decided.story.story);
        self.seen.insert(post.id, Seen { content_hash: decided.content_hash, story });
        self.note_said(post.id, &post.source, Mark::of(&post.engagement, &post.tags));
        self.remember_story(&decided.story, post.received, opened_at);
        for absorbed in &decided.story.absorbs {
            let told = self.alerted.remove(absorbed).unwrap_or_default();
            self.alerted.entry(story).or_default().extend(told);
        }
        if !decided.alerts.is_empty() {
            let told = decided.alerts.iter().map(|alert| alert.receiver.clone());
            self.alerted.entry(story).or_default().extend(told);
        }
        for alert in &decided.alerts {
            *self.sent.entry((alert.receiver.clone(), flood_window(alert.decided_at))).or_default() += 1;
        }
        self.remember_conversation(decided)?;
        match decided.day.filter(|_| !decided.alerts.is_empty()) {
            Some(day) => decided.alerted_for().iter().try_for_each(|found| self.count(&found.watch, day, story)),
            None => Ok(()),
        }
    }

    /// Lays over what a source says of a post.
    pub fn note_said(&mut self, post: PostId, source: &str, mark: Mark) {
        let said = self.said.entry(post).or_default();
        said.retain(|(by, _)| by != source);
        said.push((source.to_owned(), mark));
    }

    /// Lays over which story a post joined at a moment, and when that was opened.
    pub fn remember_story(&mut self, decision: &StoryDecision, at: Timestamp, opened_at: Timestamp) {
        let story = decision.story;
        for key in &decision.keys {
            self.keys.insert(*key, story);
        }
        if !decision.keys.is_empty() {
            self.stories.insert(story, Candidate { story, opened_at, last_joined_at: at });
        }
        for absorbed in &decision.absorbs {
            self.absorbed.insert(*absorbed, story);
        }
    }

    /// The story that a story belongs to by now.
    pub fn survivor(&self, story: StoryId) -> StoryId {
        self.resolve(story)
    }

    fn remember_conversation(&mut self, decided: &Decided) -> Result<(), ViewError> {
        let post = &decided.post;
        if is_mention(&decided.matches, &decided.held_back) {
            self.mentions.entry(post.conversation()).or_default().push((post.id, post.dated()));
        }
        if decided.standing != Standing::default() {
            self.standing.insert(post.id, decided.standing.clone());
        }
        for answered in &decided.answers {
            let mut standing = self.standing(*answered)?;
            standing.answered.get_or_insert_with(|| Answered::by(post));
            self.standing.insert(*answered, standing);
        }
        Ok(())
    }

    /// Lays over what events say that is to be forgotten.
    pub fn forget(&mut self, events: &[Event]) {
        for event in events {
            if let Event::Forgotten { posts, authors, at: _ } = event {
                self.forgotten.extend(posts.iter().chain(authors));
                self.readmitted.retain(|mark| !posts.contains(mark) && !authors.contains(mark));
            }
            if let Event::Readmitted { marks, at: _ } = event {
                self.forgotten.retain(|mark| !marks.contains(mark));
                self.readmitted.extend(marks);
            }
        }
    }

    /// See [`Memory::is_forgotten`].
    pub fn is_forgotten(&self, mark: PostId) -> Result<bool, ViewError> {
        let below = !self.readmitted.contains(&mark) && self.below.is_forgotten(mark)?;
        Ok(below || self.forgotten.contains(&mark))
    }

    /// See [`Memory::standing`].
    pub fn standing(&self, post: PostId) -> Result<Standing, ViewError> {
        match self.standing.get(&post) {
            Some(standing) => Ok(standing.clone()),
            None => self.below.standing(post),
        }
    }

    /// See [`Memory::mentions_in`].
    pub fn mentions_in(&self, root: PostId) -> Result<Vec<(PostId, Timestamp)>, ViewError> {
        let mut mentions = self.mentions.get(&root).cloned().unwrap_or_default();
        mentions.extend(self.below.mentions_in(root)?);
        Ok(mentions)
    }

    fn count(&mut self, watch: &str, day: Day, story: StoryId) -> Result<(), ViewError> {
        if !self.spent(watch, day, story)?.counted {
            self.spent.entry((watch.to_owned(), day)).or_default().push(story);
        }
        Ok(())
    }

    /// The ids under which the memory below may know a story: its own, and those it absorbed since.
    fn ids(&self, story: StoryId) -> Vec<StoryId> {
        let absorbed = self.absorbed.keys().copied().filter(|id| self.resolve(*id) == story);
        std::iter::once(story).chain(absorbed).collect()
    }

    fn resolve(&self, story: StoryId) -> StoryId {
        let mut story = story;
        // Each step goes to an older story, so this ends.
        while let Some(survivor) = self.absorbed.get(&story) {
            story = *survivor;
        }
        story
    }

    /// What is known of a story that the store knows, with what was decided since.
    fn newest(&self, known: Candidate) -> Candidate {
        let story = self.resolve(known.story);
        self.stories.get(&story).copied().unwrap_or(Candidate { story, ..known })
    }

    /// See [`Memory::corrected`].
    pub fn corrected(&self, post: PostId) -> Result<Option<Corrected>, ViewError> {
        self.below.corrected(post)
    }

    /// See [`Memory::members`].
    pub fn members(&self, story: StoryId) -> Result<u32, ViewError> {
        let story = self.resolve(story);
        let since = self.seen.values().filter(|seen| self.resolve(seen.story) == story).count() as u32;
        self.ids(story).into_iter().try_fold(since, |sum, id| Ok(sum + self.below.members(id)?))
    }

    /// What is known of a post, laid over or below.
    pub fn seen(&self, post: PostId) -> Result<Option<Seen>, ViewError> {
        match self.seen.get(&post) {
            Some(seen) => Ok(Some(*seen)),
            None => self.below.seen(post),
        }
    }

    /// See [`Memory::seen_by`].
    pub fn seen_by(&self, post: PostId, source: &str) -> Result<Option<(Seen, Option<Mark>)>, ViewError> {
        let below = self.below.seen_by(post, source)?;
        let Some(seen) = self.seen.get(&post).copied().or(below.map(|(seen, _)| seen)) else { return Ok(None) };
        let over = self.said.get(&post).and_then(|said| said.iter().find(|(by, _)| by == source));
        let said = match (over, below) {
            (Some((_, mark)), _) => Some(*mark),
            (None, Some((_, said))) => said,
            (None, None) => Some(Mark::NOTHING),
        };
        Ok(Some((seen, said)))
    }

    /// See [`Memory::candidates`].
    pub fn candidates(&self, keys: &[[u8; 16]]) -> Result<Vec<Option<Candidate>>, ViewError> {
        let below = self.below.candidates(keys)?;
        let laid_over = keys.iter().map(|key| self.keys.get(key).copied());
        Ok(laid_over
            .zip(below)
            .map(|(over, below)| match (over, below) {
                (Some(story), _) => self.stories.get(&self.resolve(story)).copied(),
                (None, Some(known)) => Some(self.newest(known)),
                (None, None) => None,
            })
            .collect())
    }

    /// See [`Memory::alerted`].
    pub fn alerted(&self, story: StoryId) -> Result<Vec<String>, ViewError> {
        let story = self.resolve(story);
        let mut told: Vec<String> = self.alerted.get(&story).cloned().unwrap_or_default();
        for id in self.ids(story) {
            told.extend(self.below.alerted(id)?);
        }
        Ok(told)
    }

    /// See [`Memory::sent`].
    pub fn sent(&self, receiver: &str, window: Timestamp) -> Result<u32, ViewError> {
        let since = self.sent.get(&(receiver.to_owned(), window)).copied().unwrap_or_default();
        Ok(since.saturating_add(self.below.sent(receiver, window)?))
    }

    /// See [`Memory::spent`].
    pub fn spent(&self, watch: &str, day: Day, story: StoryId) -> Result<Spent, ViewError> {
        let story = self.resolve(story);
        let since = self.spent.get(&(watch.to_owned(), day)).map(Vec::as_slice).unwrap_or_default();
        let mut spent = Spent { stories: since.len() as u32, counted: false };
        spent.counted = since.iter().any(|counted| self.resolve(*counted) == story);
        spent.stories += self.below.spent(watch, day, story)?.stories;
        for id in self.ids(story) {
            spent.counted |= self.below.spent(watch, day, id)?.counted;
        }
        Ok(spent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Outcome, Score, SourceState};

    /// A store that has told `hook` of the younger story, and counted it.
    struct Below;

    const OLDER: StoryId = StoryId(PostId([1; 10]));
    const YOUNGER: StoryId = StoryId(PostId([2; 10]));
    const DAY: Day = jiff::civil::date(2026, 11, 20);

    impl Memory for Below {
        fn seen(&self, _: PostId) -> Result<Option<Seen>, ViewError> {
            Ok(None)
        }
        fn candidates(&self, keys: &[[u8; 16]]) -> Result<Vec<Option<Candidate>>, ViewError> {
            Ok(vec![None; keys.len()])
        }
        fn alerted(&self, story: StoryId) -> Result<Vec<String>, ViewError> {
            Ok(if story == YOUNGER { vec!["hook".to_owned()] } else { Vec::new() })
        }
        fn spent(&self, _: &str, _: Day, story: StoryId) -> Result<Spent, ViewError> {
            Ok(Spent { stories: 1, counted: story == YOUNGER })
        }
        fn source(&self, _: &str) -> Result<SourceState, ViewError> {
            Ok(SourceState::default())
        }
    }

    /// A post that proves both stories to be the same.
    fn merging() -> Decided {
        let post = crate::receiver::sample::alert("hook", Timestamp(0)).post;
        let story = StoryDecision {
            story: OLDER,
            joined_by: None,
            absorbs: vec![YOUNGER],
            keys: Vec::new(),
            bands: Default::default(),
        };
        Decided {
            post,
            outcome: Outcome::Unmatched,
            content_hash: 0,
            matches: Vec::new(),
            story,
            score: Score::default(),
            alerts: Vec::new(),
            held_back: Vec::new(),
            day: None,
            follow: false,
            answers: Vec::new(),
            standing: Default::default(),
            sense: None,
            corrected: None,
        }
    }

    #[test]
    fn what_is_known_of_a_story_is_known_of_the_one_that_absorbed_it_in_the_same_write() {
        let mut overlay = Overlay::new(&Below);
        assert_eq!(overlay.alerted(OLDER), Ok(Vec::new()));
        overlay.remember(&merging(), Timestamp(0)).expect("a memory");
        for story in [OLDER, YOUNGER] {
            assert_eq!(overlay.alerted(story), Ok(vec!["hook".to_owned()]));
            assert_eq!(overlay.spent("acme", DAY, story), Ok(Spent { stories: 1, counted: true }));
        }
    }

    #[test]
    fn alerts_of_the_same_write_count_against_the_cap_once_a_story() {
        let alert = crate::receiver::sample::alert("hook", Timestamp(0));
        let told = Decided { matches: alert.matches.clone(), alerts: vec![alert], day: Some(DAY), ..merging() };
        let told = Decided { story: StoryDecision { absorbs: Vec::new(), ..told.story }, ..told };
        let mut overlay = Overlay::new(&Below);
        for _ in 0..2 {
            overlay.remember(&told, Timestamp(0)).expect("a memory");
            assert_eq!(overlay.spent("sample-watch", DAY, OLDER), Ok(Spent { stories: 2, counted: true }));
        }
        assert_eq!(overlay.spent("another", DAY, OLDER), Ok(Spent { stories: 1, counted: false }));
    }
}
