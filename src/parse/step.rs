//! Where does a poll stand that reads several lists, one after the other and each page by page?

/// One request of such a poll. Written as the list's index, the page from 1, and where the page is if the API said it:
/// `1 2 t3_abc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Index among the lists that the source reads.
    pub list: usize,
    /// From 1.
    pub page: u32,
    /// A cursor, a token, an address or the last item before the page, in the API's own notation. It may hold spaces.
    pub at: Option<String>,
}

impl Step {
    /// The first page of the first list.
    pub const FIRST: Self = Self { list: 0, page: 1, at: None };

    /// The first page of a list.
    pub fn of_list(list: usize) -> Self {
        Self { list, ..Self::FIRST }
    }

    /// What was [`Step::written`]; `None` for anything else.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (list, page) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { list, page, at: parts.next().map(str::to_owned) })
    }

    pub fn written(&self) -> String {
        let at = self.at.as_ref().map(|at| format!(" {at}")).unwrap_or_default();
        format!("{} {}{at}", self.list, self.page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_read_as_it_was_written_and_nothing_else_is_one() {
        for step in
            [Step::FIRST, Step::of_list(3), Step { list: 1, page: 2, at: Some("https://acme.example/?a=b c".into()) }]
        {
            assert_eq!(Step::read(&step.written()), Some(step));
        }
        for wrong in ["", "1", "x 1", "1 -1", "1  2"] {
            assert_eq!(Step::read(wrong), None, "{wrong}");
        }
    }
}
