//! With which configuration does somebody begin who tells us the name of their brand?
//!
//! Names are the user's: they may hold quotes, signs and any script. What is written is valid TOML with valid
//! queries for every name; a test tries.

use std::fmt::Write;
use std::path::PathBuf;

use url::Url;

use super::Paths;
use super::block::slug;
use super::daemon::is_host;
use crate::query::words;
use crate::{receiver, source};

/// Longest name taken, in characters.
const MAX_NAME: usize = 80;
/// Most names of each sort.
const MAX_NAMES: usize = 50;
/// Most letters of a name whose signs at its edges belong to it.
const MAX_EDGED: usize = 3;
/// Most competitors that get a source of their own.
const MAX_COMPETITOR_SOURCES: usize = 3;

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
    #[error("`{0}` has no letter, digit or sign")]
    NoName(String),
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
    let one_line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let name = one_line.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Ok(None);
    }
    if name.chars().count() > MAX_NAME {
        return Err(BadAnswer::TooLong(name));
    }
    Ok(Some(name))
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

/// The files of a configuration to begin with.
pub fn files(answers: &Answers, paths: &Paths) -> Vec<(PathBuf, String)> {
    vec![
        (paths.daemon(), daemon(answers)),
        (paths.sources.clone(), sources(answers)),
        (paths.watches(), watches(answers)),
        (paths.routes(), routes(answers)),
    ]
}

fn daemon(answers: &Answers) -> String {
    let mut text = String::from(
        "# The daemon itself. Everything here has a default; config/reference/daemon.md lists all keys.\n\n",
    );
    text.push_str("data_dir = \"data\"\nlisten = \"127.0.0.1:7700\"\n\n");
    text.push_str("# How sites can reach you; goes into the User-Agent of every request.\n");
    match &answers.contact {
        Some(contact) => line(&mut text, "contact", contact.as_str()),
        None => text.push_str("# contact = \"mailto:you@example.org\"\n"),
    }
    text.push_str("\n# time_zone = \"Europe/Zurich\"\n\n");
    text.push_str(
        "# At the first poll of a source, only posts younger than this are told.\nfirst_poll_alert_age = \"1h\"\n\n",
    );
    text.push_str("# How long posts stay searchable.\nretention = { posts = \"30d\", mentions = \"400d\" }\n\n");
    text.push_str("# Who speaks for you.\n[team]\n");
    line(&mut text, "handles", answers.handles.clone());
    line(&mut text, "domains", answers.domains.clone());
    text
}

fn sources(answers: &Answers) -> String {
    let mut text =
        String::from("# Where to listen. `overheard kinds` shows what else there is, with a block to copy for each.\n");
    text.push_str("# After a change: `overheard check`, and `overheard poll NAME` to see what a source brings.\n");
    let brand = slug(&answers.brand).unwrap_or_else(|| "brand".to_owned());
    for page in pages(answers, &brand) {
        if let Some(block) = page.block() {
            let _ = write!(text, "\n{block}");
        }
    }
    text
}

/// A page that says what is said, and the words to search for where it can be searched.
struct Page {
    name: String,
    url: Option<Url>,
    query: Option<String>,
}

fn pages(answers: &Answers, brand: &str) -> Vec<Page> {
    let search = |name: String, url: &str, query: &str| Page {
        name,
        url: Url::parse(url).ok(),
        query: Some(format!("\"{}\"", query.replace(['"', '\\'], " "))),
    };
    let feed = |name: String, url: &str| Page { name, url: Url::parse(url).ok(), query: None };
    let mut pages = vec![
        search(format!("{brand}-hn"), HACKER_NEWS, &answers.brand),
        search(format!("{brand}-stackoverflow"), "https://stackoverflow.com/questions", &answers.brand),
    ];
    let tag: String =
        answers.brand.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if !tag.is_empty() {
        pages.push(feed(format!("{brand}-mastodon"), &format!("https://mastodon.social/tags/{tag}.rss")));
    }
    pages.push(feed("lobsters".to_owned(), "https://lobste.rs/rss"));
    for (index, competitor) in answers.competitors.iter().take(MAX_COMPETITOR_SOURCES).enumerate() {
        pages.push(search(format!("competitor-{}-hn", index + 1), HACKER_NEWS, competitor));
    }
    pages
}

const HACKER_NEWS: &str = "https://news.ycombinator.com/newest";

impl Page {
    /// The block of the kind that recognises the page; `None` where none does.
    fn block(&self) -> Option<String> {
        let url = self.url.as_ref()?;
        let (kind, block) = source::KINDS.iter().find_map(|kind| Some((kind, kind.recognise(url)?)))?;
        let table: toml::Table = block.parse().ok()?;
        let mut source = table.get("source")?.as_array()?.first()?.as_table()?.clone();
        if let Some(query) = &self.query
            && super::schema::names(&kind.schema()).iter().any(|key| key == "query")
        {
            source.insert("query".to_owned(), query.as_str().into());
        }
        let mut text = String::from("[[source]]\n");
        line(&mut text, "name", self.name.as_str());
        line(&mut text, "kind", source.remove("kind")?);
        source.remove("name");
        source.into_iter().for_each(|(key, value)| line(&mut text, &key, value));
        Some(text)
    }
}

fn watches(answers: &Answers) -> String {
    let brand = slug(&answers.brand).unwrap_or_else(|| "brand".to_owned());
    let mut text = String::from(
        "# What to listen for. config/reference/watches.md explains the query language.\n\
         # must_match and must_not_match are tried whenever this file is read: add what was missed, or found in vain.\n\n\
         [lists]\n",
    );
    let handles = answers.handles.iter().filter_map(|handle| handle.split('@').next()).map(str::to_owned);
    let brands: Vec<String> = std::iter::once(answers.brand.clone()).chain(handles).collect();
    line(&mut text, "brand", terms(&brands));
    line_unless_empty(&mut text, "products", terms(&answers.products));
    line_unless_empty(&mut text, "competitors", terms(&answers.competitors));
    line_unless_empty(&mut text, "our_links", answers.domains.iter().map(|domain| format!("link:{domain}")).collect());
    line_unless_empty(&mut text, "our_sites", answers.domains.iter().map(|domain| format!("site:{domain}")).collect());
    line(&mut text, "trouble", TROUBLE.to_vec());
    line(&mut text, "asking", ASKING.to_vec());

    let not_ours = if answers.domains.is_empty() { "" } else { " NOT $our_sites" };
    let linked = if answers.domains.is_empty() { "" } else { " OR $our_links" };
    let ours = if answers.products.is_empty() { "$brand" } else { "($brand OR $products)" };
    let about = |what: &str| format!("{} {what}", answers.brand);
    let watch =
        |name: String, role, query: String, example: String| Watch { name, role, priority: None, query, example };
    let mut all = vec![
        watch(brand.clone(), "brand", format!("($brand{linked}){not_ours}"), about("is what we use")),
        Watch {
            priority: Some("high"),
            ..watch(
                format!("{brand}-problems"),
                "brand",
                format!("{ours} AND $trouble{not_ours}"),
                about("is down again"),
            )
        },
        watch(
            format!("{brand}-questions"),
            "brand",
            format!("{ours} AND $asking{not_ours}"),
            about(": does anyone know how to begin?"),
        ),
    ];
    if let Some(product) = answers.products.first() {
        all.push(watch(
            format!("{brand}-products"),
            "product",
            format!("$products{not_ours}"),
            format!("{product} has a new version"),
        ));
    }
    if let Some(competitor) = answers.competitors.first() {
        all.push(watch(
            "competitors".to_owned(),
            "competitor",
            "$competitors".to_owned(),
            format!("{competitor} has a new version"),
        ));
        let example = format!("{} or {competitor}?", answers.brand);
        all.push(watch(format!("{brand}-compared"), "competitor", format!("{ours} AND $competitors"), example));
    }
    for watch in all {
        watch.write(&mut text, &answers.owner);
    }
    text
}

/// What people in trouble write.
const TROUBLE: [&str; 14] = [
    "down",
    "outage",
    "broken",
    "bug",
    "crash*",
    "hacked",
    "scam",
    "refund*",
    "unusable",
    "\"not working\"",
    "\"does not work\"",
    "\"doesn't work\"",
    "\"stopped working\"",
    "\"data loss\"",
];

/// What people with a question write.
const ASKING: [&str; 6] =
    ["\"how do i\"", "\"how can i\"", "\"how to\"", "\"anyone know\"", "\"alternative to\"", "recommend*"];

struct Watch {
    name: String,
    role: &'static str,
    priority: Option<&'static str>,
    query: String,
    example: String,
}

impl Watch {
    fn write(&self, text: &mut String, owner: &str) {
        text.push_str("\n[[watch]]\n");
        line(text, "name", self.name.as_str());
        line(text, "role", self.role);
        line(text, "owner", owner);
        if let Some(priority) = self.priority {
            line(text, "priority", priority);
        }
        line(text, "query", self.query.as_str());
        line(text, "must_match", vec![self.example.clone()]);
    }
}

fn routes(answers: &Answers) -> String {
    let brand = slug(&answers.brand).unwrap_or_else(|| "brand".to_owned());
    let mut text = String::from("# Who is told of what. config/reference/routes.md lists all keys.\n");
    let block = simplest_receiver();
    let name = block.as_ref().and_then(|block| block.parse::<toml::Table>().ok());
    let name = name.as_ref().and_then(|table| table.get("receiver")?.as_array()?.first()?.get("name")?.as_str());
    if let (Some(block), Some(name)) = (&block, name) {
        let _ = write!(text, "\n{block}\n");
        text.push_str("# What no other route takes goes here.\n[route]\n");
        line(&mut text, "receiver", name);
    }
    text.push_str(
        "\n# Somebody else for problems: add their receiver above (`overheard kinds` shows blocks to copy), then\n",
    );
    let _ = write!(text, "# [[route.routes]]\n# match = \"watch:{brand}-problems\"\n# receiver = \"…\"\n");
    text
}

/// The sample of the first kind of receiver that needs nothing: no address, no account.
fn simplest_receiver() -> Option<String> {
    let needs =
        |kind: &&&dyn crate::model::ReceiverKind| super::schema::keys(&kind.schema()).iter().any(|key| key.required);
    let kind = receiver::KINDS.iter().find(|kind| !needs(kind))?;
    Some(format!("{}\n", kind.sample().trim()))
}

/// Each name as a query finds it.
fn terms(names: &[String]) -> Vec<String> {
    names.iter().map(|name| term(name)).collect()
}

/// A name as a query finds it: its words, or its exact characters where signs are what tells it apart
/// (`C++`, `.NET`).
fn term(name: &str) -> String {
    let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
    let letters: usize = words(name).iter().map(|word| word.text.chars().count()).sum();
    let is_sign = |letter: char| !letter.is_alphanumeric();
    let edged = name.starts_with(is_sign) || name.ends_with(is_sign);
    let exact = letters == 0 || (letters <= MAX_EDGED && edged);
    if exact { format!("raw:\"{escaped}\"") } else { format!("\"{escaped}\"") }
}

/// `key = value`, written so that TOML reads the value back.
fn line(text: &mut String, key: &str, value: impl Into<toml::Value>) {
    let _ = writeln!(text, "{key} = {}", value.into());
}

fn line_unless_empty(text: &mut String, key: &str, values: Vec<String>) {
    if !values.is_empty() {
        line(text, key, values);
    }
}
