//! How is a number of things said to people?

/// A number of things: `1 post`, `2 posts`.
pub fn count(number: u64, what: &str) -> String {
    plural(number, what, &format!("{what}s"))
}

/// The same where more than one are called otherwise: `1 watch`, `2 watches`.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_said_in_the_singular() {
        let said = [0, 1, 2].map(|number| (count(number, "post"), plural(number, "story", "stories")));
        let said = said.each_ref().map(|(posts, stories)| (posts.as_str(), stories.as_str()));
        assert_eq!(said, [("0 posts", "0 stories"), ("1 post", "1 story"), ("2 posts", "2 stories")]);
    }
}
