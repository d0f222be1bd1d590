//! Which nouns cross the borders between the parts of Overheard?
//!
//! Everything here is plain data or a narrow trait; nothing does I/O and nothing imports another
//! part of the crate. Read in the order of the `mod` list: it follows the line from a source's
//! request to a delivered alert.

pub mod alert;
pub mod conversation;
pub mod event;
pub mod fault;
pub mod feedback;
pub mod health;
pub mod issue;
pub mod mention;
pub mod outcome;
pub mod post;
pub mod receiver;
pub mod request;
pub mod said;
pub mod scoring;
pub mod secret;
pub mod sentiment;
pub mod settings;
pub mod source;
pub mod story;
pub mod time;
pub mod view;
pub mod words;

pub use alert::{
    Alert, AlertId, Coverage, Digest, DigestEntry, FLOOD_WINDOW, Heard, Reason, SuppressedAlert, flood_window,
    is_mention,
};
pub use conversation::{Answered, Standing, next_reading};
pub use event::{Event, PageRead, Position};
pub use fault::{Fault, Severity, nearest};
pub use feedback::{Corrected, Correction, Feedback, Said};
pub use health::{Budget, FetchProblem, Health, HealthChange, SourceHealth};
pub use issue::{DeafSource, Deafness, Issue, IssueId};
pub use mention::{ClauseHit, Field, Match, Priority, Role, Score, ScorePart, Span, WatchVersion};
pub use outcome::{Counts, Outcome, Rejection};
pub use post::{Author, Engagement, Post, PostId, PostType, RawAuthor, RawPost, TextForm};
pub use receiver::{Answer, Handle, Receiver, ReceiverKind, Rendered, Verdict};
pub use request::{Auth, Body, Method, Request, Response, TokenGrant};
pub use said::{Mark, Update};
pub use scoring::{Scoring, Weights};
pub use secret::{Secret, SecretValue};
pub use sentiment::{
    Cue, Label, LabelShown, Labelled, Sense, SenseShown, Sentiment, SentimentClass, Unclassified, Valence,
};
pub use settings::Settings;
pub use source::{
    Lack, Next, PageLink, Progress, Rank, ReadError, Reading, Recognised, SeenPage, Source, SourceKind, Subscription,
    Thread,
};
pub use story::{Bands, JoinedBy, StoryDecision, StoryId};
pub use time::{Day, Duration, Timestamp};
pub use view::{
    Candidate, Ledger, LedgerError, MAX_ANSWERED, MAX_COUNTED, Memory, Outbox, Pending, Seen, SourceState, Sources,
    Spent, View, ViewError,
};
