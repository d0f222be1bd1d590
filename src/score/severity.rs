//! How grave can become what the post is about?

use super::Sight;
use crate::model::Label;

/// By the gravest label as far as it is sure.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    let labels = sight.sense?.labels.iter().map(|labelled| (severity(labelled.label) * labelled.confidence, labelled));
    let (share, gravest) = labels.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (share > 0.0).then(|| (share, format!("{} ({:.0} % sure)", gravest.label.name(), gravest.confidence * 100.0)))
}

/// 0–1: how much harm it does to hear of it a day later.
fn severity(label: Label) -> f32 {
    match label {
        Label::Security | Label::Outage => 1.0,
        Label::IntentToLeave => 0.9,
        Label::Bug | Label::Billing | Label::Abuse => 0.7,
        Label::Problem | Label::Support | Label::Shipping | Label::Controversial => 0.6,
        Label::Question | Label::Comparison => 0.4,
        Label::Idea | Label::News => 0.3,
        Label::Praise => 0.2,
        Label::Promotion | Label::Job | Label::Spam => 0.0,
    }
}
