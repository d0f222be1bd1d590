//! Which words does a good part of all posts have, so that they say little by themselves?

use crate::query::ast::{Expr, TextClause};

/// Words that a good part of all English posts has, the most common first.
pub const COMMON: &str = "the to a and of i it is in that you for this on with be have my are not but as was if or so \
    at can just your they do we all what like an from me how about there out when get up would will has one no by \
    any more some don't their it's i'm or then because than know other only people new time use need want been does \
    really also make good even think them who now see way much i've after got should could had go where which back \
    why first still going work help were here into anyone year day years most years his he her she our us its can't \
    app show best very something thing things anything using used over too";

/// A single word that is all a query asks of some posts, though `is_common` says that many posts have it: the query
/// is that word, or has it as an alternative.
pub fn common_word<'e>(expr: &'e Expr, is_common: &dyn Fn(&str) -> bool) -> Option<&'e str> {
    match expr {
        Expr::Text { what: TextClause::Phrase(words), .. } => match words.as_slice() {
            [word] if is_common(word) => Some(word),
            _ => None,
        },
        Expr::Or(parts) => parts.iter().find_map(|part| common_word(part, is_common)),
        // Common words beside each other are no context either; what is excluded is none.
        Expr::And(parts) => {
            let mut asked =
                parts.iter().filter(|part| !matches!(part, Expr::Not(_))).map(|part| common_word(part, is_common));
            let first = asked.next()??;
            asked.all(|word| word.is_some()).then_some(first)
        }
        Expr::Text { .. } | Expr::Not(_) | Expr::Is(_) | Expr::Compare { .. } => None,
    }
}

/// The words each of which is all that a query asks of some posts: the query is such a word, or has it as an alternative.
pub fn lone_words(expr: &Expr) -> Vec<&str> {
    match expr {
        Expr::Text { what: TextClause::Phrase(words), .. } => match words.as_slice() {
            [word] => vec![word],
            _ => Vec::new(),
        },
        Expr::Or(parts) => parts.iter().flat_map(lone_words).collect(),
        Expr::Text { .. } | Expr::And(_) | Expr::Not(_) | Expr::Is(_) | Expr::Compare { .. } => Vec::new(),
    }
}
