//! Which keys does a JSON schema describe, and with which words?

use schemars::Schema;
use serde::Serialize;
use serde_json::Value;

/// Deepest that references and alternatives of a schema are followed.
const MAX_DEPTH: usize = 16;

/// One key that can be configured, for `overheard kinds` and the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyDoc {
    /// Dotted where it stands in a table of its own: `retention.posts`.
    pub key: String,
    /// In words: `text`, `length of time`, `list of texts`, `one of brand, product`.
    #[serde(rename = "type")]
    pub type_name: String,
    pub required: bool,
    /// As it is written in TOML; `None` when there is none.
    pub default: Option<String>,
    /// The doc comment of its field.
    pub doc: String,
}

/// Every key that a schema describes, the required ones first, each group in the order of the alphabet.
pub fn keys(schema: &Schema) -> Vec<KeyDoc> {
    let root = schema.as_value();
    let mut keys = Vec::new();
    collect(root, root, "", 0, &mut keys);
    keys.sort_by(|a, b| b.required.cmp(&a.required).then_with(|| a.key.cmp(&b.key)));
    keys
}

/// The names of the keys on the top level of a schema.
pub(super) fn names(schema: &Schema) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// Whether a schema has no place for keys that it does not name.
pub(super) fn is_closed(schema: &Schema) -> bool {
    schema.get("additionalProperties") == Some(&Value::Bool(false))
}

/// What a schema stands for once references and alternatives are followed: itself first, then each of them.
pub(super) fn meanings<'s>(schema: &'s Value, root: &'s Value) -> Vec<&'s Value> {
    let mut found = Vec::new();
    follow(schema, root, 0, &mut found);
    found
}

fn follow<'s>(schema: &'s Value, root: &'s Value, depth: usize, found: &mut Vec<&'s Value>) {
    if depth > MAX_DEPTH {
        return;
    }
    found.push(schema);
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| root.pointer(path.strip_prefix('#')?));
    let others = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|word| schema.get(word)?.as_array()).flatten();
    for other in target.into_iter().chain(others) {
        follow(other, root, depth + 1, found);
    }
}

fn collect(schema: &Value, root: &Value, path: &str, depth: usize, keys: &mut Vec<KeyDoc>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let required = schema.get("required").and_then(Value::as_array);
    for (name, property) in properties {
        let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let meanings = meanings(property, root);
        let inner = meanings.iter().find(|meaning| meaning.get("properties").is_some());
        if let Some(inner) = inner
            && depth < MAX_DEPTH
            && !is_list(&meanings)
        {
            collect(inner, root, &key, depth + 1, keys);
            continue;
        }
        keys.push(KeyDoc {
            type_name: type_in_words(&meanings, root),
            required: required.is_some_and(|required| required.iter().any(|one| one.as_str() == Some(name))),
            default: property.get("default").and_then(as_toml),
            doc: text(property, "description"),
            key,
        });
    }
}

fn text(schema: &Value, word: &str) -> String {
    schema.get(word).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn is_list(meanings: &[&Value]) -> bool {
    meanings.iter().any(|meaning| types(meaning).contains(&"array"))
}

/// The types a schema names, without null.
pub(super) fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) if one != "null" => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect(),
        _ => Vec::new(),
    }
}

/// Each meaning's type in words, joined by "or".
fn type_in_words(meanings: &[&Value], root: &Value) -> String {
    let mut words: Vec<String> = Vec::new();
    for meaning in meanings {
        for word in own_type_in_words(meaning, root) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    if words.is_empty() { "any value".to_owned() } else { words.join(" or ") }
}

fn own_type_in_words(schema: &Value, root: &Value) -> Vec<String> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return vec![one_of(words)];
    }
    if let Some(word) = schema.get("const") {
        return vec![one_of(std::slice::from_ref(word))];
    }
    let format = text(schema, "format");
    types(schema).into_iter().map(|one| one_type_in_words(one, &format, schema, root)).collect()
}

fn one_type_in_words(type_name: &str, format: &str, schema: &Value, root: &Value) -> String {
    match (type_name, format) {
        ("object", "secret") => "secret".to_owned(),
        ("string", "duration") => "length of time".to_owned(),
        ("string", "uri") => "address (URL)".to_owned(),
        ("string", "ip" | "ipv4" | "ipv6") => "IP address".to_owned(),
        ("string", _) => "text".to_owned(),
        ("boolean", _) => "`true` or `false`".to_owned(),
        ("integer", _) => format!("whole number{}", range_in_words(schema)),
        ("number", _) => format!("number{}", range_in_words(schema)),
        ("array", _) => list_in_words(schema, root),
        ("object", _) => table_in_words(schema, root),
        (other, _) => other.to_owned(),
    }
}

fn one_of(words: &[Value]) -> String {
    let words: Vec<String> = words.iter().filter_map(as_toml).map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

/// ` from 1 to 9`; types' own bounds (`uint32`: 0 to 4294967295) say nothing to a reader.
fn range_in_words(schema: &Value) -> String {
    let bound = |word: &str| schema.get(word).filter(|bound| !is_bound_of_type(bound));
    let number = |value: &Value| value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string());
    match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!(" from {} to {}", number(least), number(most)),
        (Some(least), None) if least.as_f64() != Some(0.0) => format!(", at least {}", number(least)),
        (None, Some(most)) => format!(", at most {}", number(most)),
        (Some(_) | None, None) => String::new(),
    }
}

fn is_bound_of_type(bound: &Value) -> bool {
    let powers = [8, 16, 32].map(|bits| (1_u64 << bits) - 1);
    bound.as_u64().is_some_and(|bound| powers.contains(&bound))
}

fn list_in_words(schema: &Value, root: &Value) -> String {
    let Some(items) = schema.get("items") else { return "list".to_owned() };
    let meanings = meanings(items, root);
    match type_in_words(&meanings, root).as_str() {
        "text" => "list of texts".to_owned(),
        "table" => "list of blocks".to_owned(),
        other => format!("list, each {other}"),
    }
}

fn table_in_words(schema: &Value, root: &Value) -> String {
    match schema.get("additionalProperties") {
        Some(values @ Value::Object(_)) => {
            format!("table of name = {}", type_in_words(&meanings(values, root), root))
        }
        _ => "table".to_owned(),
    }
}

/// A default as it is written in TOML; `None` for null and what is empty, which mean "none".
fn as_toml(value: &Value) -> Option<String> {
    let empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let value = toml::Value::try_from(value).ok().filter(|_| !empty)?;
    Some(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Duration, Role, Secret};
    use schemars::JsonSchema;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is read")]
    struct Example {
        /// Where it is.
        url: String,
        #[serde(default = "soon")]
        every: Duration,
        token: Option<Secret>,
        #[serde(default)]
        role: Role,
        #[serde(default)]
        #[schemars(range(min = 1, max = 9))]
        pages: u32,
        names: Option<Vec<String>>,
        rates: Option<BTreeMap<String, f64>>,
        item: Option<Item>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is read")]
    struct Item {
        title: Option<bool>,
    }

    fn soon() -> Duration {
        Duration::minutes(5)
    }

    #[test]
    fn keys_are_described_in_words() {
        let lines: Vec<String> = keys(&schemars::schema_for!(Example))
            .into_iter()
            .map(|key| {
                let required = if key.required { "!" } else { "" };
                format!("{}{required}: {} = {} # {}", key.key, key.type_name, key.default.unwrap_or_default(), key.doc)
            })
            .collect();
        assert_eq!(
            lines,
            [
                "url!: text =  # Where it is.",
                "every: length of time = \"5m\" # ",
                "item.title: `true` or `false` =  # ",
                "names: list of texts =  # ",
                "pages: whole number from 1 to 9 = 0 # ",
                "rates: table of name = number =  # ",
                "role: `\"brand\"`, `\"product\"`, `\"competitor\"`, `\"topic\"` = \"brand\" # ",
                "token: secret =  # ",
            ]
        );
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = serde_json::json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } });
        assert_eq!(meanings(&schema, &schema).len(), MAX_DEPTH + 1);
    }
}
