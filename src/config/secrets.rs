//! How does `{ env = "NAME" }` become a secret, without a secret ever being shown?

use std::ops::Range;
use std::path::Path;

use schemars::Schema;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::schema::{self, meanings};
use crate::model::{Fault, Secret, SecretValue, Settings};

/// Largest file that a secret is read from, in bytes.
const MAX_SECRET: u64 = 64 * 1024;

/// Shortest secret that is looked for in messages: shorter ones would blank ordinary words.
const MIN_SCRUBBED: usize = 4;

const HOW: &str = "write { env = \"NAME\" } for an environment variable or { file = \"path\" } for a file";

/// What came of resolving the secrets of one block.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub faults: Vec<Fault>,
    /// Places of values that stand where a name should: most likely secrets, to be blanked when the file is shown.
    pub written: Vec<Range<usize>>,
}

/// Reads named secrets and remembers what must not be shown.
pub(super) struct Secrets<'e> {
    variable: &'e dyn Fn(&str) -> Option<String>,
    read: Vec<Secret>,
}

impl<'e> Secrets<'e> {
    /// Secrets from the variables of an environment, and from files.
    pub fn new(variable: &'e dyn Fn(&str) -> Option<String>) -> Self {
        Self { variable, read: Vec::new() }
    }

    /// Puts the value in the place of every `{ env = … }` and `{ file = … }` where the schema has a secret.
    ///
    /// A key whose secret cannot be had keeps an empty secret, so that the rest of the block can be checked;
    /// the keys of the faults say which those are.
    pub fn resolve(&mut self, settings: &mut Settings<'_>, schema: &Schema) -> Resolved {
        let root = schema.as_value();
        let mut resolved = Resolved::default();
        let path = settings.path.clone();
        self.walk_table(settings.table.get_mut(), &meanings(root, root), root, &path, &mut resolved);
        resolved
    }

    /// The text with every secret that was read replaced by `…`.
    pub fn scrub(&self, text: &str) -> String {
        let values = self.read.iter().map(Secret::expose).filter(|value| value.len() >= MIN_SCRUBBED);
        values.fold(text.to_owned(), |text, value| text.replace(value, "…"))
    }

    fn walk_table(
        &mut self,
        table: &mut DeTable<'_>,
        schemas: &[&Value],
        root: &Value,
        path: &str,
        resolved: &mut Resolved,
    ) {
        for (key, value) in table.iter_mut() {
            let name = key.get_ref().as_ref();
            let of_key = schemas.iter().filter_map(|schema| property(schema, name));
            let schemas: Vec<&Value> = of_key.flat_map(|schema| meanings(schema, root)).collect();
            self.walk_value(value, &schemas, root, &format!("{path}.{name}"), resolved);
        }
    }

    fn walk_value(
        &mut self,
        value: &mut Spanned<DeValue<'_>>,
        schemas: &[&Value],
        root: &Value,
        path: &str,
        resolved: &mut Resolved,
    ) {
        if schemas.iter().any(|schema| is_secret(schema)) {
            if !may_be_written(schemas, value.get_ref()) {
                self.replace(value, path, resolved);
            }
            return;
        }
        match value.get_mut() {
            DeValue::Table(table) => self.walk_table(table, schemas, root, path, resolved),
            DeValue::Array(entries) => {
                let items = schemas.iter().filter_map(|schema| schema.get("items"));
                let schemas: Vec<&Value> = items.flat_map(|schema| meanings(schema, root)).collect();
                for entry in entries.iter_mut() {
                    self.walk_value(entry, &schemas, root, path, resolved);
                }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
    }

    fn replace(&mut self, value: &mut Spanned<DeValue<'_>>, path: &str, resolved: &mut Resolved) {
        let span = value.span();
        let secret = match Named::of(value.get_ref()) {
            Some(Named::Variable(name)) => self.variable(name),
            Some(Named::File(path)) => from_file(Path::new(path)),
            None => {
                resolved.written.push(span.clone());
                Err(("a secret does not belong into the file: it is named there".to_owned(), HOW.to_owned()))
            }
        };
        let secret = secret.unwrap_or_else(|(what, hint)| {
            resolved.faults.push(Fault::error(path, Some(span.clone()), what).hint(hint));
            Secret::new("")
        });
        *value.get_mut() = carried(&secret, span);
        self.read.push(secret);
    }

    fn variable(&self, name: &str) -> Result<Secret, (String, String)> {
        match (self.variable)(name) {
            Some(value) if !value.is_empty() => Ok(Secret::new(value)),
            Some(_) => Err((
                format!("the environment variable `{name}` is empty"),
                "put the secret into it, or take this block out".to_owned(),
            )),
            None => Err((
                format!("the environment variable `{name}` is not set"),
                format!("set it before `overheard` starts: export {name}=…"),
            )),
        }
    }
}

/// Where a secret is to be had.
enum Named<'v> {
    Variable(&'v str),
    File(&'v str),
}

impl<'v> Named<'v> {
    /// `None` for what names no secret. It is never repeated in a message: it may be the secret itself,
    /// also where a name of a variable should stand.
    fn of(value: &'v DeValue<'_>) -> Option<Self> {
        let mut entries = value.as_table()?.iter();
        let (key, value) = entries.next()?;
        let value = value.get_ref().as_str()?;
        match (key.get_ref().as_ref(), entries.next()) {
            ("env", None) if is_variable_name(value) => Some(Self::Variable(value)),
            ("file", None) => Some(Self::File(value)),
            _ => None,
        }
    }
}

fn is_variable_name(name: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !name.is_empty() && name.chars().all(letters) && !name.starts_with(|letter: char| letter.is_ascii_digit())
}

fn from_file(path: &Path) -> Result<Secret, (String, String)> {
    let shown = path.display();
    let unreadable = |why: String| {
        (
            format!("the file `{shown}` with the secret cannot be read: {why}"),
            "check the path and who may read the file".to_owned(),
        )
    };
    let about = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if !about.is_file() || about.len() > MAX_SECRET {
        return Err(unreadable(format!("it is no file of at most {MAX_SECRET} bytes")));
    }
    // Its content may be the secret: neither error repeats it.
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let value = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if value.is_empty() {
        return Err((format!("the file `{shown}` with the secret is empty"), "put the secret into it".to_owned()));
    }
    Ok(Secret::new(value))
}

/// The part of a table's schema that is about one key.
fn property<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let named = schema.get("properties").and_then(|properties| properties.get(name));
    named.or_else(|| schema.get("additionalProperties").filter(|others| others.is_object()))
}

fn is_secret(schema: &Value) -> bool {
    schema.get("format").and_then(Value::as_str) == Some("secret")
}

/// Whether the schema takes a plain text too (an address), and the text is one without a password.
fn may_be_written(schemas: &[&Value], value: &DeValue<'_>) -> bool {
    let takes_text = schemas.iter().any(|schema| schema::types(schema).contains(&"string"));
    let has_password = |text| Url::parse(text).is_ok_and(|url| !url.username().is_empty() || url.password().is_some());
    takes_text && value.as_str().is_some_and(|text| !has_password(text))
}

/// The value in the form in which [`Secret`] takes it.
fn carried<'a>(secret: &Secret, span: Range<usize>) -> DeValue<'a> {
    let mut table = DeTable::new();
    let value = DeValue::String(secret.expose().to_owned().into());
    table.insert(Spanned::new(span.clone(), SecretValue::KEY.into()), Spanned::new(span, value));
    DeValue::Table(table)
}

/// The file's text with what stands in quotes blanked in each of these places, byte for byte.
pub(super) fn masked(text: &str, places: &[Range<usize>]) -> String {
    let covered = |at: usize| places.iter().any(|place| place.contains(&at));
    let blank = |(at, letter): (usize, char)| {
        if covered(at) && !letter.is_whitespace() { "*".repeat(letter.len_utf8()) } else { letter.to_string() }
    };
    text.char_indices().map(blank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::daemon::Proxy;
    use schemars::JsonSchema;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Example {
        token: Option<Secret>,
        url: Option<Proxy>,
        keys: Option<Vec<Secret>>,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    struct Inner {
        password: Secret,
    }

    fn variable(name: &str) -> Option<String> {
        [("TOKEN", "s3cret-t0ken"), ("EMPTY", "")]
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
    }

    fn resolve(text: &str) -> (Result<Example, Vec<Fault>>, Vec<String>, String) {
        let mut settings = Settings::parse("receiver.x", text).expect("well-formed TOML");
        let mut secrets = Secrets::new(&variable);
        let resolved = secrets.resolve(&mut settings, &schemars::schema_for!(Example));
        let said = resolved.faults.iter().map(|fault| format!("{}: {}", fault.key, fault.what)).collect();
        (settings.read(), said, masked(text, &resolved.written))
    }

    #[test]
    fn variables_become_secrets_at_any_depth() {
        for text in [
            "token = { env = \"TOKEN\" }",
            "keys = [{ env = \"TOKEN\" }]",
            "inner = { password = { env = \"TOKEN\" } }",
            "[inner]\npassword.env = \"TOKEN\"",
        ] {
            let (example, said, _) = resolve(text);
            assert!(said.is_empty(), "{text}: {said:?}");
            let example = example.expect("a good block");
            let secrets = [example.token, example.keys.and_then(|keys| keys.into_iter().next())];
            let inner = example.inner.map(|inner| inner.password);
            let secret = secrets.into_iter().chain([inner]).flatten().next().expect("one secret");
            assert_eq!(secret.expose(), "s3cret-t0ken", "{text}");
        }
    }

    #[test]
    fn a_secret_that_cannot_be_had_is_one_fault() {
        for (text, fault) in [
            ("token = { env = \"NOT_SET\" }", "receiver.x.token: the environment variable `NOT_SET` is not set"),
            ("token = { env = \"EMPTY\" }", "receiver.x.token: the environment variable `EMPTY` is empty"),
            (
                "inner = { password = { env = \"EMPTY\" } }",
                "receiver.x.inner.password: the environment variable `EMPTY` is empty",
            ),
        ] {
            assert_eq!(resolve(text).1, [fault], "{text}");
        }
    }

    #[test]
    fn what_may_be_a_secret_is_neither_said_nor_shown() {
        for text in [
            "token = \"hunter2\"",
            "token = { env = \"https://hooks.example/hunter2\" }",
            "token = { value = \"hunter2\" }",
            "token = [\"hunter2\"]",
            "token = { env = \"TOKEN\", file = \"hunter2\" }",
            "inner = { password = \"hunter2\" }",
            "url = \"http://us:hunter2@proxy.acme.example\"",
            "url = 42",
        ] {
            let (_, said, shown) = resolve(text);
            assert_eq!(said.len(), 1, "{text}");
            assert!(!said[0].contains("hunter2"), "{said:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            assert_eq!(shown.len(), text.len());
        }
    }

    #[test]
    fn an_address_without_a_password_may_be_written() {
        let (example, said, _) = resolve("url = \"http://proxy.acme.example:3128/@x\"");
        assert!(said.is_empty(), "{said:?}");
        assert!(example.expect("a good block").url.expect("an address").url().is_some());
    }

    #[test]
    fn files_give_their_content_without_the_last_line_break() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let text = format!("token = {{ file = {} }}", toml::Value::from(path.display().to_string()));
        for (content, secret) in [("abc", "abc"), ("abc\n", "abc"), ("abc\r\n", "abc"), ("a\nb\n", "a\nb")] {
            std::fs::write(&path, content).expect("a file");
            let (example, said, _) = resolve(&text);
            assert!(said.is_empty(), "{said:?}");
            assert_eq!(example.expect("a good block").token.expect("a secret").expose(), secret);
        }
        for content in ["", "\n", "\u{1}"] {
            std::fs::write(&path, if content == "\u{1}" { &b"\xff\xfe"[..] } else { content.as_bytes() })
                .expect("a file");
            assert_eq!(resolve(&text).1.len(), 1, "{content:?}");
        }
        std::fs::remove_file(&path).expect("no file");
        assert_eq!(resolve(&text).1.len(), 1);
    }

    #[test]
    fn a_secret_that_was_read_is_scrubbed_from_messages() {
        let mut settings = Settings::parse("receiver.x", "token = { env = \"TOKEN\" }").expect("well-formed TOML");
        let mut secrets = Secrets::new(&variable);
        secrets.resolve(&mut settings, &schemars::schema_for!(Example));
        assert_eq!(secrets.scrub("`s3cret-t0ken` is no address"), "`…` is no address");
    }
}
