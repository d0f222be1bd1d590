//! How is the conversation of a post asked for?

use std::sync::Arc;

use url::Url;

use super::{Door, Fetched, Policy, poll::caught, problem};
use crate::model::event::Validators;
use crate::model::{FetchProblem, Post, Source, Thread, Timestamp};

/// What came of asking for a conversation.
#[derive(Debug)]
pub enum Conversation {
    /// The kind cannot say how this post is followed; nothing was asked.
    NotFollowed,
    /// Nothing changed since the last time.
    Unchanged,
    Read(Box<ThreadPage>),
}

/// A conversation as it stands now.
#[derive(Debug)]
pub struct ThreadPage {
    /// Where the answer came from after redirects; relative links are resolved against it.
    pub url: Url,
    pub received_at: Timestamp,
    pub thread: Thread,
    /// What makes the next request conditional.
    pub validators: Validators,
}

impl Door {
    /// Asks how the conversation of a post goes on: one request, in its turn under the limit of its host like every
    /// other. `known` are the validators of the last time.
    ///
    /// There is no other way here as polls have one ([`Source::fall_back`]): that is a progress to go on with, and a
    /// conversation has none. A source that falls back shows less in its other way, most of all no counts and no
    /// replies, which are all that is asked for here; the schedule asks again later, when the first way may work.
    pub async fn conversation(
        &self,
        source: Arc<dyn Source>,
        post: &Post,
        known: Option<&Validators>,
        policy: &Policy,
    ) -> Result<Conversation, FetchProblem> {
        let Some(request) = caught(|| source.follow(post))? else { return Ok(Conversation::NotFollowed) };
        let (fetched, slot) = self.ask_holding(&request, known, policy).await?;
        let (response, validators) = match fetched {
            Fetched::Unchanged { .. } => return Ok(Conversation::Unchanged),
            Fetched::Answer { response, validators } => (response, validators),
        };
        let (url, received_at, status) = (response.url.clone(), response.received_at, response.status);
        let post = post.clone();
        let thread = self.in_reader(move || source.read_thread(&post, &response)).await?;
        let hold = |wait, why: &str| self.lanes().hold(&self.limit_key(&url, policy), received_at + wait, why);
        let thread = thread.map_err(|error| match problem::of_reading(error) {
            (FetchProblem::Unreadable { why }, Some(wait)) => FetchProblem::Limited { until: hold(wait, &why), why },
            (problem, _) => problem,
        })?;
        if status >= 400 {
            // The kind found no error in the body; the status is one all the same.
            return Err(FetchProblem::Status { status });
        }
        drop(slot);
        if let Some(wait) = thread.wait {
            hold(wait, "its answer says so");
        }
        Ok(Conversation::Read(Box::new(ThreadPage { url, received_at, thread, validators })))
    }
}
