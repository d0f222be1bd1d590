//! Which words and parts of queries have a name?

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::document::Document;
use super::place;
use super::watches::Watches;
use crate::model::{Fault, Settings};
use crate::query::{NameError, Names};

/// Every list of the document of the watches.
pub(super) fn read(document: &mut Document<'_>, watches: &mut Watches) {
    let Some(block) = document.table("lists") else { return };
    let mut lists = BTreeMap::new();
    for (key, value) in block.table.get_ref() {
        let name = key.get_ref().to_string();
        let Some(entries) = entries(value.get_ref()) else {
            let fault = block.fault(&name, "a list is a text in quotes or several in square brackets");
            document.faults([fault.hint(format!("write for example {name} = [\"acme\", '\"acme cloud\"']"))]);
            watches.broken_lists.push(name);
            continue;
        };
        watches.lists.push((name.clone(), key.span()));
        watches.texts.extend(entries.iter().cloned());
        lists.insert(name, entries);
    }
    watches.names = names_of(document, &block, lists, &mut watches.broken_lists);
}

/// The names of all lists that are right; the others are told and noted.
fn names_of(
    document: &mut Document<'_>,
    block: &Settings<'_>,
    mut lists: BTreeMap<String, Vec<String>>,
    broken: &mut Vec<String>,
) -> Names {
    // Each round takes at least one list out: at most as many rounds as lists.
    loop {
        let errors = match Names::new(&lists) {
            Ok(names) => return names,
            Err(errors) => errors,
        };
        let before = lists.len();
        for error in errors {
            // A list that names a broken one is not wrong itself.
            let consequence = names_broken(&lists, &error, broken);
            if !consequence {
                document.faults([list_fault(document.text(), block, &error)]);
            }
            lists.remove(&error.name);
            broken.push(error.name);
        }
        if lists.len() == before {
            return Names::default();
        }
    }
}

fn names_broken(lists: &BTreeMap<String, Vec<String>>, wrong: &NameError, broken: &[String]) -> bool {
    let entry = lists.get(&wrong.name).and_then(|entries| entries.get(wrong.entry));
    let part = entry.and_then(|entry| entry.get(wrong.error.span.clone()));
    part.is_some_and(|part| broken.iter().any(|list| part == format!("${list}")))
}

fn entries(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Array(texts) => texts.iter().map(|text| text.get_ref().as_str().map(str::to_owned)).collect(),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Table(_) => {
            None
        }
    }
}

fn list_fault(text: &str, block: &Settings<'_>, wrong: &NameError) -> Fault {
    let fault = block.fault(&wrong.name, wrong.error.what());
    let Some((key, value)) = block.table.get_ref().iter().find(|(key, _)| key.get_ref().as_ref() == wrong.name) else {
        return fault;
    };
    let entry = match value.get_ref().as_array() {
        Some(entries) => entries.get(wrong.entry),
        None => Some(value),
    };
    let span = entry.map_or_else(
        || key.span(),
        |entry| place::of_part(text, &entry.span(), entry.get_ref().as_str().unwrap_or_default(), &wrong.error.span),
    );
    Fault { span: Some(span), hint: wrong.error.hint(), ..fault }
}
