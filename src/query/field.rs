//! Which fields and quantities can a query name, where do they exist, and what may their values be?

use url::Url;

use super::Place;
use super::ast::{FieldClause, Quantity};
use super::eval::without_scheme;
use crate::model::{Duration, Field, Outcome, PostId, PostType, Timestamp, nearest};

/// A word before a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Words are looked for in this text of the post only.
    Words(Field),
    /// Exact characters.
    Raw,
    /// A value is compared with the post's.
    Value(Value),
}

/// A field that has a value among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Author,
    Site,
    Url,
    Link,
    Source,
    Kind,
    Type,
    Lang,
    Tag,
    Thread,
    Watch,
    Label,
    Status,
    Owner,
    Outcome,
}

/// Every field: its word, the first place in which it exists (the later ones have it too), what it is.
pub(super) const FIELDS: [(&str, Place, Lookup); 18] = [
    ("title", Place::Watch, Lookup::Words(Field::Title)),
    ("text", Place::Watch, Lookup::Words(Field::Text)),
    ("raw", Place::Watch, Lookup::Raw),
    ("author", Place::Watch, Lookup::Value(Value::Author)),
    ("site", Place::Watch, Lookup::Value(Value::Site)),
    ("url", Place::Watch, Lookup::Value(Value::Url)),
    ("link", Place::Watch, Lookup::Value(Value::Link)),
    ("source", Place::Watch, Lookup::Value(Value::Source)),
    ("kind", Place::Watch, Lookup::Value(Value::Kind)),
    ("type", Place::Watch, Lookup::Value(Value::Type)),
    ("lang", Place::Watch, Lookup::Value(Value::Lang)),
    ("tag", Place::Watch, Lookup::Value(Value::Tag)),
    ("thread", Place::Watch, Lookup::Value(Value::Thread)),
    ("watch", Place::Route, Lookup::Value(Value::Watch)),
    ("label", Place::Route, Lookup::Value(Value::Label)),
    ("owner", Place::Route, Lookup::Value(Value::Owner)),
    ("status", Place::Search, Lookup::Value(Value::Status)),
    ("outcome", Place::Search, Lookup::Value(Value::Outcome)),
];

/// Every quantity: its word, the first place in which it exists, what it is.
pub(super) const QUANTITIES: [(&str, Place, Quantity); 6] = [
    ("age", Place::Watch, Quantity::Age),
    ("published", Place::Watch, Quantity::Published),
    ("replies", Place::Watch, Quantity::Replies),
    ("likes", Place::Watch, Quantity::Likes),
    ("score", Place::Route, Quantity::Score),
    ("sentiment", Place::Route, Quantity::Sentiment),
];

/// The states of triage, as `status:` knows them.
const STATUSES: [&str; 5] = ["new", "acknowledged", "assigned", "answered", "closed"];

/// Largest number in a comparison, either sign: whole numbers up to here are exact and short to print.
const MAX_NUMBER: f64 = 1e15;

/// The field of this name, in any case.
pub(super) fn field(name: &str) -> Option<(&'static str, Place, Lookup)> {
    FIELDS.into_iter().find(|(word, ..)| word.eq_ignore_ascii_case(name))
}

/// The quantity of this name, in any case.
pub(super) fn quantity(name: &str) -> Option<(&'static str, Place, Quantity)> {
    QUANTITIES.into_iter().find(|(word, ..)| word.eq_ignore_ascii_case(name))
}

/// The words of all fields and quantities.
pub(super) fn all_names() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(word, ..)| *word).chain(QUANTITIES.iter().map(|(word, ..)| *word))
}

impl FieldClause {
    /// The word of the field, the first place in which it exists, and the value as it is printed.
    pub(super) fn parts(&self) -> (&'static str, Place, String) {
        let (which, value) = match self {
            Self::Author(value) => (Value::Author, value.clone()),
            Self::Site { domain, path } => (Value::Site, joined(domain, path.as_deref())),
            Self::Url(value) => (Value::Url, value.clone()),
            Self::Link { domain, path } => (Value::Link, joined(domain, path.as_deref())),
            Self::Source(value) => (Value::Source, value.clone()),
            Self::Kind(value) => (Value::Kind, value.clone()),
            Self::Type(value) => (Value::Type, value.word().to_owned()),
            Self::Lang(value) => (Value::Lang, value.clone()),
            Self::Tag(value) => (Value::Tag, value.clone()),
            Self::Thread(value) => (Value::Thread, value.clone()),
            Self::Watch(value) => (Value::Watch, value.clone()),
            Self::Label(value) => (Value::Label, value.clone()),
            Self::Status(value) => (Value::Status, value.clone()),
            Self::Owner(value) => (Value::Owner, value.clone()),
            Self::Outcome(value) => (Value::Outcome, value.name().to_owned()),
        };
        let known = FIELDS.iter().find(|(.., lookup)| *lookup == Lookup::Value(which));
        let (word, since) = known.map_or(("", Place::Search), |(word, since, _)| (*word, *since));
        (word, since, value)
    }
}

impl Quantity {
    /// The word of the quantity, and the first place in which it exists.
    pub(super) fn parts(self) -> (&'static str, Place) {
        let known = QUANTITIES.iter().find(|(.., quantity)| *quantity == self);
        known.map_or(("", Place::Search), |(word, since, _)| (*word, *since))
    }
}

fn joined(domain: &str, path: Option<&str>) -> String {
    format!("{domain}{}", path.unwrap_or_default())
}

/// The clause that a field and a written value make; `Err` says why the value cannot be.
pub(super) fn clause(field: Value, written: &str) -> Result<FieldClause, String> {
    let written = written.trim();
    let value = written.to_lowercase();
    Ok(match field {
        Value::Author => FieldClause::Author(plain(value.trim_start_matches('@'))?),
        Value::Site => {
            let (domain, path) = domain_and_path(written)?;
            FieldClause::Site { domain, path }
        }
        Value::Url => FieldClause::Url(whole_url(written)?),
        Value::Link => {
            let (domain, path) = domain_and_path(written)?;
            FieldClause::Link { domain, path }
        }
        Value::Source => FieldClause::Source(plain(&value)?),
        Value::Kind => FieldClause::Kind(plain(&value)?),
        Value::Type => FieldClause::Type(post_type(&value)?),
        Value::Lang => FieldClause::Lang(language(&value)?),
        Value::Tag => FieldClause::Tag(plain(value.trim_start_matches('#'))?),
        Value::Thread => FieldClause::Thread(thread(written)?),
        Value::Watch => FieldClause::Watch(plain(&value)?),
        Value::Label => FieldClause::Label(plain(&value)?),
        Value::Status => FieldClause::Status(one_of(&value, &STATUSES)?),
        Value::Owner => FieldClause::Owner(plain(&value)?),
        Value::Outcome => FieldClause::Outcome(outcome(&value)?),
    })
}

/// The number that a comparison with this quantity is about (see [`Quantity`] for units).
pub(super) fn number(quantity: Quantity, written: &str) -> Result<f64, String> {
    match quantity {
        Quantity::Age => written.parse::<Duration>().map(|length| length.0 as f64).and_then(within_bound),
        Quantity::Published => moment(written).map(|moment| moment.0 as f64),
        Quantity::Score | Quantity::Replies | Quantity::Likes | Quantity::Sentiment => written
            .parse()
            .map_err(|_| "write a number in digits, such as 1000 or 0.5".to_owned())
            .and_then(within_bound),
    }
}

/// A day (its first moment, UTC) or a moment with its zone.
fn moment(written: &str) -> Result<Timestamp, String> {
    const DAY: usize = "2026-01-31".len();
    let moment = Timestamp::parse(written)
        .ok_or_else(|| "write a day such as 2026-01-31; for the last days write age<7d".to_owned())?;
    // What is read as a day must be no more than a day: a time without zone would be dropped silently.
    let has_zone = written.ends_with(['Z', 'z']) || written.get(DAY..).is_some_and(|time| time.contains(['+', '-']));
    if written.len() == DAY || has_zone {
        Ok(moment)
    } else {
        Err("write its time zone, as in 2026-01-31T12:00:00Z".to_owned())
    }
}

fn within_bound(number: f64) -> Result<f64, String> {
    // Also refuses what is no number.
    if number.abs() <= MAX_NUMBER { Ok(number) } else { Err("the number is too large".to_owned()) }
}

fn plain(value: &str) -> Result<String, String> {
    if value.contains('*') {
        return Err("wildcards stand in words only".to_owned());
    }
    if value.is_empty() {
        return Err("there is nothing in it".to_owned());
    }
    Ok(value.to_owned())
}

fn one_of(value: &str, known: &[&str]) -> Result<String, String> {
    if known.contains(&value) {
        return Ok(value.to_owned());
    }
    Err(match nearest(value, known.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("it is one of {}", known.join(", ")),
    })
}

fn post_type(value: &str) -> Result<PostType, String> {
    let word = one_of(value, &PostType::ALL.map(|(_, word)| word))?;
    Ok(PostType::ALL.into_iter().find(|(_, known)| *known == word).map_or(PostType::Story, |(kind, _)| kind))
}

/// Of the ends that leave a post in the archive.
fn outcome(value: &str) -> Result<Outcome, String> {
    const ARCHIVED: [Outcome; 4] = [Outcome::Mention, Outcome::Suppressed, Outcome::Unmatched, Outcome::Edited];
    let word = one_of(value, &ARCHIVED.map(Outcome::name))?;
    Ok(ARCHIVED.into_iter().find(|known| known.name() == word).unwrap_or(Outcome::Mention))
}

/// The primary subtag of a language tag.
fn language(value: &str) -> Result<String, String> {
    let primary = value.split(['-', '_']).next().unwrap_or_default();
    let is_tag = (2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_tag { Ok(primary.to_owned()) } else { Err("write a language tag such as en or de".to_owned()) }
}

/// An address, whole enough that a post could have it.
fn whole_url(value: &str) -> Result<String, String> {
    if value.contains('*') || !value.contains(['.', '/', ':']) {
        return Err("write a whole address; for all pages below one write site:acme.example/path".to_owned());
    }
    Ok(value.to_owned())
}

/// An id as it is shown, or the key (`hn:41000000`) that it is made from.
fn thread(value: &str) -> Result<String, String> {
    if let Ok(id) = value.to_lowercase().parse::<PostId>() {
        return Ok(id.to_string());
    }
    if value.contains(':') {
        return Ok(PostId::of(value).to_string());
    }
    Err("write the id of a post (20 hexadecimal digits) or its key".to_owned())
}

/// A domain without `www.`, and a path without a slash at its end, if any; both in lower case.
fn domain_and_path(value: &str) -> Result<(String, Option<String>), String> {
    let wrong = || "write a domain with an optional path, as in acme.example/forum".to_owned();
    if value.contains('*') {
        return Err("a domain covers its subdomains; leave `*.` out".to_owned());
    }
    let rest = without_scheme(value);
    let url = Url::parse(&format!("http://{rest}")).map_err(|_| wrong())?;
    let has_more = url.port().is_some() || url.query().is_some() || url.fragment().is_some();
    if has_more || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong());
    }
    let mut domain = url.host_str().ok_or_else(wrong)?.trim_start_matches('.');
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
    if domain.is_empty() || !domain.chars().all(is_letter) {
        return Err(wrong());
    }
    while let Some(shorter) = domain.strip_prefix("www.").filter(|rest| rest.contains('.')) {
        domain = shorter;
    }
    let path = url.path().trim_end_matches('/').to_lowercase();
    Ok((domain.trim_end_matches('.').to_owned(), (!path.is_empty()).then_some(path)))
}
