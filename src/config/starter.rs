//! With which configuration does somebody begin who tells us the name of their brand?
//!
//! Names are the user's: they may hold quotes, signs and any script. What is written is valid TOML with valid
//! queries for every name; a test tries.

use std::fmt::Write;
use std::path::PathBuf;

use url::Url;

use super::Paths;
use super::answers::one_line;
pub use super::answers::{Answers, BadAnswer};
use super::block::slug;
use crate::query::lint::COMMON;
use crate::query::words;
use crate::{receiver, source};

/// Most letters of a name whose signs at its edges belong to it.
const MAX_EDGED: usize = 3;
/// Most products, and most competitors, that get a search of their own.
const MAX_SEARCHES: usize = 3;

/// The files of a configuration to begin with.
pub fn files(answers: &Answers, paths: &Paths) -> Vec<(PathBuf, String)> {
    vec![
        (paths.daemon(), daemon(answers, paths)),
        (paths.sources.clone(), sources(answers)),
        (paths.watches(), watches(answers)),
        (paths.routes(), routes(answers)),
    ]
}

fn daemon(answers: &Answers, paths: &Paths) -> String {
    let data = paths.sources.with_file_name("data");
    let mut text = String::from(
        "# The daemon itself. Everything here has a default; config/reference/daemon.md lists all keys.\n\n",
    );
    line(&mut text, "data_dir", data.display().to_string());
    text.push_str("listen = \"127.0.0.1:7700\"\n\n");
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
        query: Some(format!("\"{}\"", one_line(&query.replace(['"', '\\'], " ")))),
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
    pages.push(feed("lobsters-feed".to_owned(), "https://lobste.rs/rss"));
    for (what, names) in [("product", &answers.products), ("competitor", &answers.competitors)] {
        for (index, name) in names.iter().take(MAX_SEARCHES).enumerate() {
            pages.push(search(format!("{what}-{}-hn", index + 1), HACKER_NEWS, name));
        }
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
    text.push_str(WORDS);

    let not_ours = if answers.domains.is_empty() { "" } else { " NOT $our_sites" };
    let brand_or_link = if answers.domains.is_empty() { "$brand" } else { "($brand OR $our_links)" };
    let ours = if answers.products.is_empty() { "$brand" } else { "($brand OR $products)" };
    let about = |what: &str| format!("{} {what}", answers.brand);
    let watch =
        |name: String, role, query: String, example: String| Watch { name, role, priority: None, query, example };
    let mut all = vec![
        watch(brand.clone(), "brand", format!("{brand_or_link}{not_ours}"), about("is what we use")),
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
            format!("Does anyone know how to begin with {}?", answers.brand),
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
    text.push_str(EXCLUSION);
    text
}

/// What nobody wants to be told of differs from brand to brand: only how it is written is shown.
const EXCLUSION: &str = r#"
# What nobody wants to be told of, whatever watch finds it. It stays searchable, with the exclusion as the reason.
# [[exclusion]]
# name = "jobs"
# query = '"we are hiring" OR "job opening"'
# must_match = ["We are hiring engineers in Zurich"]
"#;

/// What people in trouble and people with a question write; the same for every brand.
const WORDS: &str = r#"
trouble = [
    "down", "outage", "broken", "bug", "crash*", "hacked", "scam", "refund*", "unusable",
    '"not working"', '"does not work"', "\"doesn't work\"", '"stopped working"', '"data loss"',
]
asking = ['"how do i"', '"how can i"', '"how to"', '"anyone know"', '"alternative to"', "recommend*"]
"#;

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
    let plain = words(name).iter().map(|word| word.text.to_owned()).collect::<Vec<_>>();
    if let [word] = plain.as_slice()
        && COMMON.split_ascii_whitespace().any(|common| common == word)
        && name.chars().all(char::is_alphanumeric)
    {
        // A brand that is called as a common word is told apart by its case, if by anything.
        return format!("{{{name}}}");
    }
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
