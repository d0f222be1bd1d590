//! How is a block read whose keys belong partly to all kinds and partly to its own?

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::document::{Document, unknown_key};
use super::schema;
use super::secrets::Secrets;
use crate::model::{Duration, Fault, Settings, Severity, nearest};

/// Longest name of a source, watch or receiver, in characters.
pub(super) const MAX_NAME: usize = 64;

/// A block as a `T`; its faults go to the document.
///
/// Where single keys are wrong, the block is read without them, so that the rest can be checked too: the
/// value is then only good for that, and `clean` is false. `None` where a key is missing that must be there.
pub(super) fn read<T: DeserializeOwned + JsonSchema>(
    document: &mut Document<'_>,
    block: &Settings<'_>,
) -> Option<Read<T>> {
    let faults = match block.read() {
        Ok(value) => return Some(Read { value, clean: true }),
        Err(faults) => faults,
    };
    let mut rest = block.clone();
    for fault in &faults {
        let key = fault.key.strip_prefix(&block.path).unwrap_or_default().trim_start_matches('.');
        remove(rest.table.get_mut(), key);
    }
    document.faults(faults);
    rest.read().ok().map(|value| Read { value, clean: false })
}

/// What was read of a block.
pub(super) struct Read<T> {
    pub value: T,
    /// Nothing was wrong.
    pub clean: bool,
}

/// Takes a key out of a table; dots go into sub-tables.
fn remove(table: &mut DeTable<'_>, key: &str) {
    if let Some((outer, inner)) = key.split_once('.')
        && let Some(DeValue::Table(table)) = table.get_mut(outer).map(Spanned::get_mut)
    {
        return remove(table, inner);
    }
    table.remove(key);
}

/// The text at a key of a block, if one stands there; also where the block has faults.
pub(super) fn text_at<'b>(block: &'b Settings<'_>, key: &str) -> Option<&'b str> {
    block.table.get_ref().get(key)?.get_ref().as_str()
}

/// The schema of a `T`.
pub(super) fn schema_of<T: JsonSchema>() -> Schema {
    SchemaGenerator::default().into_root_schema_for::<T>()
}

/// The kinds that a block can be of. Their schemas are made once, not for every block.
pub(super) struct Kinds<K: ?Sized + 'static> {
    /// Schema of the keys that all kinds share.
    common: Schema,
    kinds: Vec<Kind<K>>,
}

/// One kind that a block can be of.
pub(super) struct Kind<K: ?Sized + 'static> {
    pub name: &'static str,
    pub kind: &'static K,
    /// Schema of the keys that only this kind has.
    schema: Schema,
}

impl<K: ?Sized> Kinds<K> {
    /// Kinds with their names and schemas, and the schema of the keys that all of them share.
    pub fn new(common: Schema, kinds: impl Iterator<Item = (&'static str, Schema, &'static K)>) -> Self {
        Self { common, kinds: kinds.map(|(name, schema, kind)| Kind { name, kind, schema }).collect() }
    }

    /// A block parted into the keys that all kinds share and all others.
    pub fn split<'a>(&self, block: Settings<'a>) -> (Settings<'a>, Settings<'a>) {
        let names = schema::names(&self.common);
        let span = block.table.span();
        let (mut shared, mut own) = (DeTable::new(), DeTable::new());
        for (key, value) in block.table.into_inner() {
            let part = if names.iter().any(|name| name == key.get_ref()) { &mut shared } else { &mut own };
            part.insert(key, value);
        }
        let settings = |table| Settings { path: block.path.clone(), table: Spanned::new(span.clone(), table) };
        (settings(shared), settings(own))
    }

    /// The kind that a block names.
    pub fn of(&self, document: &mut Document<'_>, block: &Settings<'_>) -> Option<&Kind<K>> {
        let given = text_at(block, "kind")?;
        let found = self.kinds.iter().find(|kind| kind.name == given);
        if found.is_none() {
            let fault = block.fault("kind", format!("there is no kind `{given}`"));
            let names: Vec<&str> = self.kinds.iter().map(|kind| kind.name).collect();
            document.faults([match nearest(given, names.iter().copied()) {
                Some(word) => fault.hint(format!("did you mean `{word}`?")),
                None => fault.hint(format!("there are {}; `overheard kinds` says more", names.join(", "))),
            }]);
        }
        found
    }

    /// Loads the settings of a block's own kind: unknown keys and secrets first, then what the kind says.
    pub fn load<T>(
        &self,
        document: &mut Document<'_>,
        secrets: &mut Secrets<'_>,
        block: &mut Settings<'_>,
        kind: &Kind<K>,
        load: impl FnOnce(&Settings<'_>) -> Result<T, Vec<Fault>>,
    ) -> Option<T> {
        let unknown = take_unknown_out(block, &kind.schema, &self.common);
        let resolved = secrets.resolve(block, &kind.schema);
        let told: Vec<String> = resolved.faults.iter().map(|fault| fault.key.clone()).collect();
        let clean = unknown.is_empty() && told.is_empty();
        document.faults(unknown);
        document.secrets(resolved);
        match load(block) {
            Ok(value) => clean.then_some(value),
            Err(faults) => {
                // A secret that is missing was told already; that its stand-in does not please is no news.
                document.faults(faults.into_iter().filter(|fault| !told.contains(&fault.key)));
                None
            }
        }
    }
}

fn take_unknown_out(block: &mut Settings<'_>, own: &Schema, common: &Schema) -> Vec<Fault> {
    if !schema::is_closed(own) {
        return Vec::new();
    }
    let (mut known, shared) = (schema::names(own), schema::names(common));
    let is_unknown = |key: &str| !known.iter().any(|name| name == key);
    let unknown: Vec<_> = block.table.get_ref().keys().filter(|key| is_unknown(key.get_ref())).cloned().collect();
    known.extend(shared);
    let mut faults = Vec::new();
    for key in unknown {
        block.table.get_mut().remove(&key);
        faults.push(unknown_key(key.get_ref(), key.span(), &block.path, known.iter().map(String::as_str)));
    }
    faults
}

/// Changes whenever anything in these blocks does (secrets too), and only then.
pub(super) fn version(blocks: &[&Settings<'_>]) -> u64 {
    let written = |block: &&Settings<'_>| {
        let table = toml::Deserializer::from(block.table.clone());
        <serde_json::Value as serde::Deserialize>::deserialize(table)
            .map_or_else(|_| String::new(), |json| json.to_string())
    };
    xxhash_rust::xxh3::xxh3_64(blocks.iter().map(written).collect::<Vec<_>>().join("\n").as_bytes())
}

/// The names given so far in one file, and where each was.
#[derive(Default)]
pub(super) struct UniqueNames(BTreeMap<String, usize>);

impl UniqueNames {
    /// Faults if the name of a block is no good name or was given before.
    pub fn check(&mut self, document: &Document<'_>, block: &Settings<'_>, name: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !is_name(name) {
            let what = "a name has small letters, digits, `-`, `_` and `.`, and begins with a letter or digit";
            let fault = block.fault("name", what);
            faults.push(match slug(name) {
                Some(good) => fault.hint(format!("write \"{good}\"")),
                None => fault.hint("write for example \"acme-problems\""),
            });
        }
        if let Some(before) = self.0.get(name) {
            let (line, _) = document.place(*before);
            faults.push(block.fault("name", format!("the name `{name}` is taken: it stands in line {line} already")));
        } else {
            let at = block.span_of("name").map_or(0, |span| span.start);
            self.0.insert(name.to_owned(), at);
        }
        faults
    }
}

fn is_name(name: &str) -> bool {
    let good = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter);
    name.len() <= MAX_NAME && name.chars().all(good) && name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
}

/// The name that is nearest to any text; `None` where no letter of it can stay.
pub(super) fn slug(text: &str) -> Option<String> {
    let mut slug = String::new();
    for letter in text.nfkd().flat_map(char::to_lowercase) {
        match letter {
            mark if is_combining_mark(mark) => {}
            'a'..='z' | '0'..='9' => slug.push(letter),
            '_' | '.' if !slug.is_empty() => slug.push(letter),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
        if slug.len() >= MAX_NAME {
            break;
        }
    }
    let slug = slug.trim_end_matches(['-', '_', '.']).to_owned();
    (!slug.is_empty()).then_some(slug)
}

/// Whether a fault keeps a configuration from running.
pub(super) fn is_error(fault: &Fault) -> bool {
    fault.severity == Severity::Error
}

/// A fault if a length of time is out of its bounds.
pub(super) fn bounded(
    block: &Settings<'_>,
    key: &str,
    value: Duration,
    least: Duration,
    most: Duration,
) -> Option<Fault> {
    if value < least {
        return Some(block.fault(key, format!("{value} is too short: it must be at least {least}")));
    }
    (value > most).then(|| block.fault(key, format!("{value} is too long: it must be at most {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_gives_a_name_or_none() {
        for (text, name) in [
            ("Acme Cloud", Some("acme-cloud")),
            ("  ¡Ábc & Co.!", Some("abc-co")),
            ("x_y", Some("x_y")),
            ("Forum.Acme.example.", Some("forum.acme.example")),
            ("東京", None),
            ("", None),
        ] {
            assert_eq!(slug(text).as_deref(), name, "{text}");
            assert!(slug(text).is_none_or(|name| is_name(&name)), "{text}");
        }
        assert!(is_name(&slug(&"long ".repeat(100)).expect("a name")));
    }

    #[test]
    fn a_version_follows_values_and_not_places() {
        let version_of = |text: &str| version(&[&Settings::parse("x", text).expect("well-formed TOML")]);
        assert_eq!(version_of("a = 1\nb = \"x\""), version_of("\n# moved\nb = 'x'\na = 1"));
        assert_ne!(version_of("a = 1"), version_of("a = 2"));
    }
}
