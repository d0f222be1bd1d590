//! Which month, which day of the week and which zone does a name in a date mean?

/// Beginnings of the names of the months, in lower case and without marks: English, German, French, Spanish,
/// Italian, Portuguese, Dutch, the Scandinavian languages, Polish, Russian, Greek.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen", "sty", "янв", "ιαν"],
    &["feb", "fev", "lut", "фев", "φεβ"],
    &["mar", "maa", "mrt", "мар", "μαρ", "μαρτ"],
    &["apr", "avr", "abr", "kwi", "апр", "απρ"],
    &["may", "mai", "maj", "mei", "mag", "мая", "маи", "μαι", "μαϊ"],
    &["jun", "juin", "giu", "cze", "июн", "ιουν"],
    &["jul", "juil", "lug", "lip", "июл", "ιουλ"],
    &["aug", "aou", "ago", "sie", "авг", "αυγ"],
    &["sep", "set", "wrz", "сен", "σεπ"],
    &["oct", "okt", "out", "ott", "paz", "окт", "οκτ"],
    &["nov", "lis", "ноя", "νοε"],
    &["dec", "dez", "dic", "des", "gru", "дек", "δεκ"],
];

/// Names of days of the week that begin like that of a month.
pub(super) const DAYS: [&str; 5] = ["mar", "mardi", "martes", "martedi", "maandag"];

/// The month that a word names, in lower case and without marks.
pub(super) fn month(word: &str) -> Option<i64> {
    let place = MONTHS.iter().position(|names| names.iter().any(|name| word.starts_with(name)))?;
    i64::try_from(place + 1).ok()
}

/// Seconds east of Greenwich of a zone's usual name. Where two zones share one, the one of more feeds is meant.
pub(super) fn zone(name: &str) -> Option<i64> {
    let quarters = match name {
        "z" | "ut" | "utc" | "gmt" | "wet" => 0,
        "cet" | "met" | "mez" | "bst" | "west" | "wat" => 4,
        "cest" | "mest" | "mesz" | "eet" | "sast" | "cat" => 8,
        "eest" | "msk" | "trt" | "eat" => 12,
        "ist" => 22,
        "sgt" | "hkt" | "awst" | "pht" => 32,
        "jst" | "kst" => 36,
        "acst" => 38,
        "aest" => 40,
        "acdt" => 42,
        "aedt" => 44,
        "nzst" => 48,
        "nzdt" => 52,
        "brt" | "art" | "adt" => -12,
        "ast" | "edt" => -16,
        "est" | "cdt" => -20,
        "cst" | "mdt" => -24,
        "mst" | "pdt" => -28,
        "pst" | "akdt" => -32,
        "akst" => -36,
        "hst" => -40,
        _ => return None,
    };
    Some(quarters * 900)
}
