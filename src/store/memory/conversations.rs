//! Which conversations are followed and what became of posts since, told in the plainest way?

use super::state::State;
use crate::model::event::{Decided, ThreadRead};
use crate::model::{Answered, Feedback, Mark, PostId, Timestamp, is_mention};
use crate::store::conversations::{begun, newest, read_again, says_standing, stand_after};
use crate::store::feedback::after;
use crate::store::{Left, blank_alert, forget_in_alert};

impl State {
    pub fn mentions_in(&self, root: PostId) -> Vec<(PostId, Timestamp)> {
        let of_root = self.mentioned.iter().filter(|((conversation, _), _)| *conversation == root);
        newest(of_root.map(|((_, post), dated)| (*post, *dated)).collect())
    }

    pub fn apply_conversation(&mut self, decided: &Decided, source: &str) {
        let (post, conversation) = (&decided.post, decided.post.conversation());
        if is_mention(&decided.matches, &decided.held_back) {
            self.mentioned.insert((conversation, post.id), post.dated());
        }
        if says_standing(decided) {
            self.standing.entry(post.id).or_default().standing = decided.standing.clone();
        }
        for answered in &decided.answers {
            let standing = &mut self.standing.entry(*answered).or_default().standing;
            standing.answered.get_or_insert_with(|| Answered::by(post));
        }
        if decided.follow && !self.followed.contains_key(&conversation) {
            self.followed.extend(begun(decided, source).map(|followed| (conversation, followed)));
        }
    }

    pub fn apply_thread(&mut self, read: &ThreadRead) {
        stand_after(&mut self.standing.entry(read.post).or_default().standing, read);
        let said = self.posts.get_mut(&read.post).and_then(|post| post.listed.get_mut(&read.source));
        if let (Some((_, mark)), true) = (said, read.engagement.is_some()) {
            *mark = Mark::NOTHING;
        }
        if let Some(known) = self.followed.remove(&read.conversation) {
            self.followed.extend(read_again(known, read).map(|followed| (read.conversation, followed)));
        }
    }

    pub fn apply_deleted(&mut self, posts: &[PostId], at: Timestamp) {
        for post in posts {
            let record = self.standing.entry(*post).or_default();
            record.standing.deleted = Some(at);
            record.blank_to = Some(at);
            if let Some(corrected) = self.corrected.get_mut(post) {
                corrected.blank();
            }
        }
        for delivery in self.deliveries.values_mut() {
            blank_alert(&mut delivery.alert, &|post| posts.contains(&post));
        }
    }

    pub fn apply_feedback(&mut self, feedback: &Feedback) {
        let before = self.corrected.remove(&feedback.post);
        self.corrected.extend(after(before, feedback).map(|corrected| (corrected.post, corrected)));
    }

    pub fn apply_forgotten(&mut self, posts: &[PostId], authors: &[PostId]) {
        self.forgotten.extend(posts.iter().chain(authors));
        let goes = |post: &PostId| posts.contains(post);
        for post in posts {
            let known = self.posts.remove(post);
            if let Some(member) = known.filter(|known| !known.expired) {
                self.leave(member.story, *post);
            }
        }
        self.standing.retain(|post, _| !goes(post));
        self.corrected.retain(|post, _| !goes(post));
        self.mentioned.retain(|(_, post), _| !goes(post));
        self.followed.retain(|_, followed| !goes(&followed.post));
        self.deliveries
            .retain(|_, delivery| forget_in_alert(&mut delivery.alert, &|post| posts.contains(&post)) != Left::Nothing);
    }
}
