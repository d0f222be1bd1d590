//! How much does the watch matter that found the post?

use super::Sight;
use crate::model::{Match, Priority, Role};

/// By the watch that matters most: priority first, and what it stands for.
pub fn rate(sight: &Sight<'_>) -> Option<(f32, String)> {
    let most = sight.matches.iter().max_by(|one, other| share(one).total_cmp(&share(other)))?;
    let (role, priority) = (role(most.role), priority(most.priority));
    Some((share(most), format!("{} watches a {role} with {priority} priority", most.watch)))
}

fn share(found: &Match) -> f32 {
    let priority = match found.priority {
        Priority::Low => 0.0,
        Priority::Normal => 0.3,
        Priority::High => 0.7,
    };
    let role = match found.role {
        Role::Brand | Role::Product => 0.3,
        Role::Competitor => 0.2,
        Role::Topic => 0.1,
    };
    priority + role
}

fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Normal => "normal",
        Priority::High => "high",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Brand => "brand",
        Role::Product => "product",
        Role::Competitor => "competitor",
        Role::Topic => "topic",
    }
}
