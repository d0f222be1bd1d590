//! Which sources does a list of subscriptions bring, and what list do the configured ones make?

use std::collections::HashMap;

use toml::{Table, Value};
use url::Url;

use crate::config::append::{self, Fitted, Growing, Wishes, names_secret, only_source, tag_of, written};
use crate::config::sample::source_of;
use crate::config::sources::MAX_SOURCES;
use crate::config::{Config, SourceConfig};
use crate::model::{Fault, Method, Next, Progress};
use crate::normalize::canonical_url;
use crate::parse::opml::{self, Entry, Outline};
use crate::source::feed_block;

pub use crate::parse::opml::MAX_BYTES;

/// Longest block that a list may bring of one source, in bytes.
const MAX_BLOCK: usize = 64 * 1024;

/// Which sources ask which addresses.
#[derive(Debug, Default)]
pub struct Addresses(HashMap<String, String>);

impl Addresses {
    /// Those of a configuration, resting sources too.
    pub fn of(config: &Config) -> Self {
        let mut addresses = Self::default();
        for source in config.sources.iter().chain(&config.resting) {
            if let Some(url) = asked(source) {
                addresses.0.insert(canonical_url(&url), source.name.clone());
            }
        }
        addresses
    }

    /// The source that asks the same as this one already.
    pub fn same_as(&self, source: &SourceConfig) -> Option<&str> {
        self.0.get(&canonical_url(&asked(source)?)).map(String::as_str)
    }
}

/// What a poll begins with, where the address says all of it.
fn asked(source: &SourceConfig) -> Option<Url> {
    match source.source.next(&Progress::default()) {
        Next::Http(request) if request.method == Method::Get && request.body.is_none() => Some(request.url),
        Next::Http(_) | Next::Subscribe(_) | Next::Done => None,
    }
}

/// What a list brings.
#[derive(Debug, Default)]
pub struct Import {
    pub added: Vec<Fitted>,
    /// Entries that are there already: their line, and which source it is.
    pub skipped: Vec<(usize, String)>,
    /// Entries that cannot be used.
    pub faults: Vec<Fault>,
}

/// Why nothing of a list was taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{0}")]
    Unreadable(#[from] crate::model::ReadError),
    #[error("there would be {0} sources; {MAX_SOURCES} is the most, so nothing was added")]
    TooMany(usize),
}

/// Adds what a list names to a growing `sources.toml`.
///
/// # Errors
/// It is no list, or names more than there may be; then nothing was added.
pub fn import(list: &[u8], growing: &mut Growing, config: &Config, wishes: &Wishes) -> Result<Import, ImportError> {
    let opml::List { entries, faults, .. } = opml::read(list)?;
    let mut addresses = Addresses::of(config);
    let mut import = Import { faults, ..Import::default() };
    let mut taken: Vec<(Entry, String, Option<String>)> = Vec::new();
    for entry in entries {
        let (block, key) = match block_of(&entry) {
            Ok(block) => block,
            Err(fault) => {
                import.faults.push(Fault { line: entry.line, column: entry.column, ..fault });
                continue;
            }
        };
        let line = entry.line;
        match key.as_ref().and_then(|key| addresses.0.get(key)) {
            Some(same) => import.skipped.push((line, same.clone())),
            None => {
                if let Some(key) = &key {
                    addresses.0.insert(key.clone(), format!("line {line}"));
                }
                taken.push((entry, block, key));
            }
        }
    }
    let sum = config.sources.len() + config.resting.len() + taken.len();
    if sum > MAX_SOURCES {
        return Err(ImportError::TooMany(sum));
    }
    for (entry, block, _) in taken {
        match growing.fit(&block, &wishes_of(&entry, wishes)) {
            Ok(fitted) => {
                growing.add(&fitted);
                import.added.push(fitted);
            }
            Err(why) => {
                import.faults.push(Fault { line: entry.line, column: entry.column, ..Fault::error("", None, why) })
            }
        }
    }
    import.faults.sort_by_key(|fault| (fault.line, fault.column));
    Ok(import)
}

/// What is wished for all of them, and what the list says of one.
fn wishes_of(entry: &Entry, all: &Wishes) -> Wishes {
    // Overheard's own block has its name and its tags in it.
    let folders = if entry.source.is_some() { &[][..] } else { &entry.folders };
    let tags = folders.iter().chain(&all.tags).cloned().collect();
    let is_plain = entry.source.is_none() && !entry.title.is_empty();
    // A title without a letter that a name can have leaves the name to the host.
    let name = is_plain.then(|| entry.title.clone()).filter(|title| title.chars().any(|c| c.is_ascii_alphanumeric()));
    Wishes { name, every: all.every, tags }
}

/// The block of an entry, and the address by which it is known again.
fn block_of(entry: &Entry) -> Result<(String, Option<String>), Fault> {
    if let Some(block) = &entry.source {
        return own_block(block);
    }
    let Some(address) = &entry.address else { return Err(Fault::error("", None, "it has no address")) };
    let name = address.host_str().unwrap_or_default().trim_start_matches("www.").to_owned();
    Ok((feed_block(&name, address), Some(canonical_url(address))))
}

/// A block that Overheard wrote into a list. The list may come from anybody: a secret that it names would go to whom it says.
fn own_block(block: &str) -> Result<(String, Option<String>), Fault> {
    let wrong = |what: String| Fault::error("", None, format!("its block for Overheard cannot be used: {what}"));
    if block.len() > MAX_BLOCK {
        return Err(wrong(format!("it has more than {MAX_BLOCK} bytes")));
    }
    let table = only_source(block).map_err(wrong)?;
    if table.values().any(names_secret) {
        return Err(wrong("it names a secret".to_owned()).hint("add the source by hand"));
    }
    let text = written(&table).map_err(wrong)?;
    let source = source_of(&text).map_err(|faults| {
        let said: Vec<String> = faults.iter().map(|fault| fault.what.clone()).collect();
        wrong(said.join("; ")).hint("add the source by hand; what is secret is never exported")
    })?;
    Ok((text, asked(&source).map(|url| canonical_url(&url))))
}

/// What was written of the sources.
#[derive(Debug)]
pub struct Export {
    pub text: String,
    /// Sources in the list, and how many of them have a feed that any reader can read.
    pub sources: usize,
    pub feeds: usize,
    /// Sources of which something secret was left out, by name.
    pub without_secrets: Vec<String>,
}

/// The list of all sources of a configuration, whose `sources.toml` is given too.
pub fn export(config: &Config, sources_toml: &str) -> Export {
    let blocks: HashMap<String, Table> = append::blocks(sources_toml).into_iter().collect();
    let mut outlines = Vec::new();
    let mut without_secrets = Vec::new();
    for source in config.sources.iter().chain(&config.resting) {
        let mut table = blocks.get(&source.name).cloned().unwrap_or_default();
        let before = table.len();
        table.retain(|_, value| !names_secret(value));
        let mut address = source.source.feed();
        let mut left_out = table.len() < before;
        left_out |= address.as_mut().is_some_and(without_user);
        if let Some(Value::String(url)) = table.get_mut("url")
            && let Ok(mut parsed) = Url::parse(url)
            && without_user(&mut parsed)
        {
            *url = parsed.to_string();
            left_out = true;
        }
        if left_out {
            without_secrets.push(source.name.clone());
        }
        let says_it_all = address.as_ref().is_some_and(|address| is_plain(source, &table, address));
        let block = if says_it_all { None } else { written(&table).ok() };
        outlines.push(Outline { name: source.name.clone(), address, tags: source.tags.clone(), source: block });
    }
    let feeds = outlines.iter().filter(|outline| outline.address.is_some()).count();
    let text = opml::write("Sources of Overheard", &outlines);
    Export { text, sources: outlines.len(), feeds, without_secrets }
}

/// Whether name, address and tags make the same block again.
fn is_plain(source: &SourceConfig, table: &Table, address: &Url) -> bool {
    let Ok(mut again) = only_source(&feed_block(&source.name, address)) else { return false };
    if !source.tags.is_empty() {
        let tags = source.tags.iter().filter(|tag| tag_of(tag).as_deref() == Some(tag) && !tag.contains([',', '/']));
        again.insert("tags".to_owned(), Value::Array(tags.cloned().map(Value::String).collect()));
    }
    &again == table
}

/// Takes user and password out of an address; whether there were any.
fn without_user(url: &mut Url) -> bool {
    let had = !url.username().is_empty() || url.password().is_some();
    // Addresses that cannot have either cannot have had any.
    let _ = (url.set_username(""), url.set_password(None));
    had
}
