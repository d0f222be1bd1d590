//! What does somebody tell us about what they look after, and can it be used?

use url::Url;

use super::daemon::is_host;

/// Longest name taken, in characters.
const MAX_NAME: usize = 80;
/// Most names of each sort.
const MAX_NAMES: usize = 50;

/// What the user tells about what they look after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    pub brand: String,
    pub products: Vec<String>,
    /// Without `https://` and path.
    pub domains: Vec<String>,
    /// With their site: `acme_support@reddit.com`.
    pub handles: Vec<String>,
    pub competitors: Vec<String>,
    /// Who looks after the mentions.
    pub owner: String,
    /// `mailto:…` or the address of a page.
    pub contact: Option<String>,
}

/// Why an answer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    #[error("the name of the brand is missing")]
    NoBrand,
    #[error("`{0}` is longer than {MAX_NAME} characters")]
    TooLong(String),
    #[error("more than {MAX_NAMES} names of one sort")]
    TooMany,
    #[error("`{0}` is no domain; write for example acme.example")]
    NoDomain(String),
    #[error("`{0}` needs the site that the handle is on; write for example acme_support@reddit.com")]
    NoHandle(String),
    #[error("`{0}` is neither an e-mail address nor the address of a page")]
    NoContact(String),
}

impl Answers {
    /// The same answers with what surrounds the names taken off.
    ///
    /// # Errors
    /// The first answer that cannot be used.
    pub fn tidy(self) -> Result<Self, BadAnswer> {
        let brand = name(&self.brand)?.ok_or(BadAnswer::NoBrand)?;
        let owner = name(&self.owner)?.unwrap_or_else(|| "community".to_owned());
        Ok(Self {
            brand,
            products: names(&self.products)?,
            domains: each(&self.domains, domain)?,
            handles: each(&self.handles, handle)?,
            competitors: names(&self.competitors)?,
            owner,
            contact: self.contact.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(contact).transpose()?,
        })
    }
}

fn names(texts: &[String]) -> Result<Vec<String>, BadAnswer> {
    if texts.len() > MAX_NAMES {
        return Err(BadAnswer::TooMany);
    }
    let found: Result<Vec<Option<String>>, BadAnswer> = texts.iter().map(|text| name(text)).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// A name on one line; `None` where there is none.
fn name(text: &str) -> Result<Option<String>, BadAnswer> {
    let name = one_line(text);
    if name.is_empty() {
        return Ok(None);
    }
    if name.chars().count() > MAX_NAME {
        return Err(BadAnswer::TooLong(name));
    }
    Ok(Some(name))
}

/// The text with every stretch of space and control characters as one space.
pub(super) fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn each(texts: &[String], read: impl Fn(&str) -> Result<String, BadAnswer>) -> Result<Vec<String>, BadAnswer> {
    if texts.len() > MAX_NAMES {
        return Err(BadAnswer::TooMany);
    }
    texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).map(read).collect()
}

/// The host of an address, or a domain as it is.
fn domain(text: &str) -> Result<String, BadAnswer> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&with_scheme).ok();
    let host = url.as_ref().and_then(Url::host_str).map(|host| host.strip_prefix("www.").unwrap_or(host));
    host.filter(|host| is_host(host)).map(str::to_owned).ok_or_else(|| BadAnswer::NoDomain(text.to_owned()))
}

fn handle(text: &str) -> Result<String, BadAnswer> {
    let wrong = || BadAnswer::NoHandle(text.to_owned());
    let (handle, site) = text.trim_start_matches('@').rsplit_once('@').ok_or_else(wrong)?;
    let good = !handle.is_empty() && !handle.contains(|letter: char| letter.is_control() || letter.is_whitespace());
    if good && is_host(site) { Ok(format!("{handle}@{site}")) } else { Err(wrong()) }
}

fn contact(text: &str) -> Result<String, BadAnswer> {
    let written = if text.contains(':') { text.to_owned() } else { format!("mailto:{text}") };
    let page = written.starts_with("https://") || written.starts_with("http://");
    let good = written.is_ascii() && !written.contains(|letter: char| letter.is_ascii_control() || letter == ' ');
    if good && (page || written.starts_with("mailto:") && written.contains('@')) {
        Ok(written)
    } else {
        Err(BadAnswer::NoContact(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> Answers {
        Answers { brand: "Acme".into(), ..Answers::default() }
    }

    #[test]
    fn what_surrounds_a_name_is_taken_off() {
        let tidy = Answers {
            brand: "  Acme\t Cloud\n".into(),
            products: vec!["".into(), " Acme Box ".into()],
            domains: vec!["https://www.acme.example/about?x=1".into(), "acme.example".into(), " ".into()],
            handles: vec!["@acme_support@reddit.com".into()],
            contact: Some(" kim@acme.example ".into()),
            ..Answers::default()
        };
        let expected = Answers {
            brand: "Acme Cloud".into(),
            products: vec!["Acme Box".into()],
            domains: vec!["acme.example".into(), "acme.example".into()],
            handles: vec!["acme_support@reddit.com".into()],
            contact: Some("mailto:kim@acme.example".into()),
            owner: "community".into(),
            ..Answers::default()
        };
        assert_eq!(tidy.tidy(), Ok(expected));
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        for (answers, error) in [
            (Answers::default(), BadAnswer::NoBrand),
            (Answers { brand: "\n".into(), ..acme() }, BadAnswer::NoBrand),
            (Answers { domains: vec!["not a domain".into()], ..acme() }, BadAnswer::NoDomain("not a domain".into())),
            (Answers { handles: vec!["acme".into()], ..acme() }, BadAnswer::NoHandle("acme".into())),
            (Answers { contact: Some("call me".into()), ..acme() }, BadAnswer::NoContact("call me".into())),
            (Answers { products: vec!["x".into(); 51], ..acme() }, BadAnswer::TooMany),
            (Answers { brand: "x".repeat(81), ..acme() }, BadAnswer::TooLong("x".repeat(81))),
        ] {
            assert_eq!(answers.tidy(), Err(error));
        }
    }
}
