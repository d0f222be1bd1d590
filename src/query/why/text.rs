//! What of a clause about words is in a post, when the clause itself is not?

use crate::model::{ClauseHit, Field, Span};
use crate::query::ast::{NearOperand, Scope, TextClause};
use crate::query::explain::spans;
use crate::query::find::{fields, positions_of};
use crate::query::{Subject, WordList, words};

/// Most words of a phrase whose places are told.
const MAX_TOLD: usize = 4;
/// Shortest word that is looked for inside of others.
const MIN_PART: usize = 3;
/// Shortest word of which a misspelling is looked for.
const MIN_MISSPELT: usize = 5;

/// Where a clause is: `in the title`, `in the text, 3 times`.
pub(super) fn places(spans: &[Span]) -> String {
    let count = |field| spans.iter().filter(|span| span.field == field).count();
    let told: Vec<String> = [Field::Title, Field::Text]
        .into_iter()
        .filter_map(|field| match count(field) {
            0 => None,
            1 => Some(format!("in the {}", name(field))),
            more => Some(format!("in the {}, {more} times", name(field))),
        })
        .collect();
    if told.is_empty() { "it is there".to_owned() } else { told.join(" and ") }
}

/// Why a clause is not found, and the places of what came near.
pub(super) fn missing(scope: Scope, what: &TextClause, subject: &Subject<'_>) -> (String, Vec<Span>) {
    let look = Look { scope, subject };
    if let Scope::Only(field) = scope {
        let other = if field == Field::Title { Field::Text } else { Field::Title };
        let found = spans(Scope::Only(other), what, subject);
        if !found.is_empty() {
            return (format!("only in the {}, not in the {}", name(other), name(field)), found);
        }
    }
    match what {
        TextClause::Phrase(words) => look.phrase(words),
        TextClause::Loose { words, extra } => look.loose(words, *extra as usize),
        TextClause::Near { left, right, distance, ordered } => look.near(left, right, *distance as usize, *ordered),
        TextClause::Wildcard(pattern) => look.wildcard(pattern),
        TextClause::ExactCase { words, .. } => {
            look.otherwise(words, |_, written| format!("there, but written `{written}`"))
        }
        TextClause::Sigil { sigil, words } => look.otherwise(words, |before, written| match before {
            Some(other) => format!("`{other}{written}` is there, but not with `{sigil}`"),
            None => format!("`{written}` is there, but without `{sigil}`"),
        }),
        TextClause::Raw(characters) => look.raw(characters),
    }
}

fn name(field: Field) -> &'static str {
    match field {
        Field::Title => "title",
        Field::Text => "text",
    }
}

/// What can be looked at for one clause.
struct Look<'a> {
    scope: Scope,
    subject: &'a Subject<'a>,
}

/// Words that stand as near each other as they do anywhere in a post.
struct Tightest {
    field: Field,
    /// A position of each word, in the order of the words.
    at: Vec<usize>,
}

impl Tightest {
    /// How many words the stretch that holds them has.
    fn width(&self) -> usize {
        let first = self.at.iter().min().copied().unwrap_or_default();
        self.at.iter().max().map_or(0, |last| last - first + 1)
    }
}

impl<'a> Look<'a> {
    fn fields(&self) -> &'static [Field] {
        fields(self.scope)
    }

    fn list(&self, field: Field) -> &'a WordList {
        match field {
            Field::Title => self.subject.title,
            Field::Text => self.subject.text,
        }
    }

    fn original(&self, field: Field) -> &'a str {
        match field {
            Field::Title => &self.subject.post.title,
            Field::Text => &self.subject.post.text,
        }
    }

    fn nowhere(&self) -> String {
        match self.scope {
            Scope::Either => "not in the title or the text".to_owned(),
            Scope::Only(field) => format!("not in the {}", name(field)),
        }
    }

    /// The place of the word at a position.
    fn span(&self, field: Field, position: usize) -> Option<Span> {
        let word = self.list(field).get(position)?;
        Some(Span { field, start: word.start as u32, end: word.end as u32 })
    }

    fn written(&self, span: Span) -> &'a str {
        self.original(span.field).get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    fn has(&self, word: &str) -> bool {
        self.fields().iter().any(|field| self.list(*field).positions(word).next().is_some())
    }

    fn phrase(&self, words: &[String]) -> (String, Vec<Span>) {
        match words {
            [word] => self.absent(word),
            _ => self.apart(words).unwrap_or_else(|| self.not_together(words)),
        }
    }

    /// One word that is not there: what looks like it.
    fn absent(&self, word: &str) -> (String, Vec<Span>) {
        match self.alike(word) {
            Some((how, span)) => (format!("{}; {how}", self.nowhere()), vec![span]),
            None => (self.nowhere(), Vec::new()),
        }
    }

    /// A word of the post that is taken for another by mistake, and in which way.
    fn alike(&self, wanted: &str) -> Option<(String, Span)> {
        let length = wanted.chars().count();
        let mut misspelt = None;
        for field in self.fields() {
            for (position, word) in self.list(*field).iter().enumerate() {
                let span = || self.span(*field, position);
                if length >= MIN_PART && word.text.contains(wanted) {
                    let span = span()?;
                    return Some((format!("only as part of `{}`", self.written(span)), span));
                }
                let is_near = || {
                    let stem = word.text.chars().count() > MIN_PART && wanted.starts_with(word.text);
                    let slip = word.text.len().abs_diff(wanted.len()) <= 1;
                    stem || slip && strsim::damerau_levenshtein(wanted, word.text) == 1
                };
                if misspelt.is_none() && length >= MIN_MISSPELT && is_near() {
                    misspelt = span();
                }
            }
        }
        misspelt.map(|span| (format!("`{}` is there", self.written(span)), span))
    }

    /// All words stand in one text, but not as the phrase has them.
    fn apart(&self, words: &[String]) -> Option<(String, Vec<Span>)> {
        let tightest = self.tightest(words)?;
        let place = name(tightest.field);
        if tightest.width() == words.len() {
            return Some((format!("its words are in the {place}, but in another order"), self.spans_of(&tightest)));
        }
        let told: Vec<String> = words
            .iter()
            .zip(&tightest.at)
            .take(MAX_TOLD)
            .map(|(word, at)| format!("`{word}` is word {}", at + 1))
            .collect();
        let why = format!("its words are in the {place}, but not next to each other: {}", told.join(", "));
        Some((why, self.spans_of(&tightest)))
    }

    fn loose(&self, words: &[String], extra: usize) -> (String, Vec<Span>) {
        let Some(tightest) = self.tightest(words) else { return self.not_together(words) };
        let (width, most) = (tightest.width(), words.len() + extra);
        if width <= most {
            let why = format!("not all of its words stand as often in the {} as it asks for", name(tightest.field));
            return (why, self.spans_of(&tightest));
        }
        let why =
            format!("its words are spread over {width} words of the {}; {most} are the most", name(tightest.field));
        (why, self.spans_of(&tightest))
    }

    /// Some of the words are missing, or they are in two texts.
    fn not_together(&self, words: &[String]) -> (String, Vec<Span>) {
        let (there, not): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| self.has(word));
        let place_of = |word: &String| {
            self.fields().iter().find_map(|field| self.span(*field, self.list(*field).positions(word).next()?))
        };
        let near: Vec<Span> = there.iter().take(MAX_TOLD).filter_map(|word| place_of(word)).collect();
        if not.is_empty() {
            return ("its words are partly in the title and partly in the text".to_owned(), near);
        }
        if there.is_empty() {
            return (self.nowhere(), near);
        }
        (format!("{} {} there, {} {} not", quoted(&there), are(&there), quoted(&not), are(&not)), near)
    }

    fn near(&self, left: &[NearOperand], right: &[NearOperand], distance: usize, ordered: bool) -> (String, Vec<Span>) {
        let positions = |side: &[NearOperand], field: Field| positions_of(side, self.list(field));
        let anywhere = |side: &[NearOperand]| self.fields().iter().any(|field| !positions(side, *field).is_empty());
        let absent: Vec<String> =
            [left, right].into_iter().filter(|side| !anywhere(side)).map(|side| format!("`{}`", shown(side))).collect();
        if !absent.is_empty() {
            return (format!("{} {}", absent.join(" and "), self.nowhere()), Vec::new());
        }
        let closest = |field: &Field| {
            let (left, right) = (positions(left, *field), positions(right, *field));
            Some((closest(&left, &right, ordered).or_else(|| closest_any(&left, &right))?, *field))
        };
        let Some(((one, other), field)) =
            self.fields().iter().filter_map(closest).min_by_key(|((one, other), _)| apart(*one, *other))
        else {
            return ("one is in the title and the other in the text, or both are the same word".to_owned(), Vec::new());
        };
        let near = [one, other].into_iter().filter_map(|(first, _)| self.span(field, first)).collect();
        let apart = apart(one, other);
        match apart > distance {
            true => {
                (format!("both are in the {}, but {apart} words apart; {distance} are the most", name(field)), near)
            }
            false => (format!("both are in the {}, but in the other order", name(field)), near),
        }
    }

    fn wildcard(&self, pattern: &str) -> (String, Vec<Span>) {
        let stem = pattern.split(['*', '?']).next().unwrap_or_default();
        let begins_alike = |field: &Field| {
            let position = self.list(*field).iter().position(|word| word.text.starts_with(stem))?;
            self.span(*field, position)
        };
        let near = self.fields().iter().find_map(begins_alike);
        match near {
            Some(span) => {
                let word = self.written(span);
                (format!("no word fits; `{word}` begins with `{stem}`, but does not fit"), vec![span])
            }
            None => (format!("no word begins with `{stem}`"), Vec::new()),
        }
    }

    /// The words are there, but not written as is asked for.
    fn otherwise(&self, words: &[String], tell: impl Fn(Option<char>, &str) -> String) -> (String, Vec<Span>) {
        let found = spans(self.scope, &TextClause::Phrase(words.to_vec()), self.subject);
        let Some(first) = found.first().copied() else { return self.phrase(words) };
        let before = self.list(first.field).iter().find(|word| word.start == first.start as usize);
        (tell(before.and_then(|word| word.sigil), self.written(first)), found)
    }

    fn raw(&self, characters: &str) -> (String, Vec<Span>) {
        let wanted = words(characters);
        let wanted: Vec<String> = wanted.iter().map(|word| word.text.to_owned()).collect();
        let found = match wanted.is_empty() {
            true => Vec::new(),
            false => spans(self.scope, &TextClause::Phrase(wanted), self.subject),
        };
        let near = || self.fields().iter().find_map(|field| self.in_another_case(*field, characters));
        match near().or_else(|| found.first().copied()) {
            Some(span) => (format!("not in these very characters; `{}` is there", self.written(span)), vec![span]),
            None => (self.nowhere(), Vec::new()),
        }
    }

    /// Where characters stand in a text when case does not matter (of ASCII letters).
    fn in_another_case(&self, field: Field, characters: &str) -> Option<Span> {
        let text = self.original(field);
        let fits =
            |at: usize| text.get(at..at + characters.len()).is_some_and(|part| part.eq_ignore_ascii_case(characters));
        let at = text.char_indices().map(|(at, _)| at).find(|at| fits(*at))?;
        Some(Span { field, start: at as u32, end: (at + characters.len()) as u32 })
    }

    /// Where all the words stand nearest to each other in one text.
    fn tightest(&self, words: &[String]) -> Option<Tightest> {
        let in_field = |field: &Field| Some(Tightest { field: *field, at: tightest(words, self.list(*field))? });
        self.fields().iter().filter_map(in_field).min_by_key(Tightest::width)
    }

    fn spans_of(&self, tightest: &Tightest) -> Vec<Span> {
        let mut at = tightest.at.clone();
        at.sort_unstable();
        at.dedup();
        at.iter().take(ClauseHit::MAX_SPANS).filter_map(|position| self.span(tightest.field, *position)).collect()
    }
}

/// A position of every word, so that the stretch that holds them all is the shortest; `None` if one is missing.
fn tightest(words: &[String], list: &WordList) -> Option<Vec<usize>> {
    let mut all: Vec<(usize, &str)> = Vec::new();
    for word in words {
        let before = all.len();
        all.extend(list.positions(word).map(|at| (at, word.as_str())));
        if all.len() == before {
            return None;
        }
    }
    all.sort_unstable();
    all.dedup();
    // The last place of each word up to here; the stretch from the first of them on is the shortest that ends here.
    let mut last: Vec<Option<usize>> = vec![None; words.len()];
    let mut best: Option<(usize, Vec<usize>)> = None;
    for (at, found) in all {
        words.iter().zip(&mut last).filter(|(word, _)| *word == found).for_each(|(_, last)| *last = Some(at));
        let Some(places) = last.iter().copied().collect::<Option<Vec<usize>>>() else { continue };
        let width = at - places.iter().min().copied().unwrap_or(at);
        if best.as_ref().is_none_or(|(narrowest, _)| width < *narrowest) {
            best = Some((width, places));
        }
    }
    best.map(|(_, places)| places)
}

/// The nearest pair with different places; `ordered`: only with the left one before the right one.
fn closest(left: &[Stretch], right: &[Stretch], ordered: bool) -> Option<(Stretch, Stretch)> {
    let pairs = right.iter().flat_map(|at| {
        let before = left.partition_point(|other| other.1 < at.0);
        let after = left.partition_point(|other| other.0 <= at.1);
        let before = before.checked_sub(1).and_then(|index| left.get(index));
        let after = if ordered { None } else { left.get(after) };
        before.into_iter().chain(after).map(|other| (*other, *at))
    });
    pairs.min_by_key(|(other, at)| apart(*other, *at))
}

/// First and last position of words that stand together.
type Stretch = (usize, usize);

/// How many positions lie between the end of one and the beginning of the other, the latter included.
fn apart(one: Stretch, other: Stretch) -> usize {
    if one.0 <= other.0 { other.0.saturating_sub(one.1) } else { one.0.saturating_sub(other.1) }
}

fn closest_any(left: &[Stretch], right: &[Stretch]) -> Option<(Stretch, Stretch)> {
    closest(left, right, false)
}

fn shown(side: &[NearOperand]) -> String {
    let word = |operand: &NearOperand| match operand {
        NearOperand::Word(word) | NearOperand::Wildcard(word) => word.clone(),
        NearOperand::Phrase(words) => format!("\"{}\"", words.join(" ")),
    };
    side.iter().map(word).collect::<Vec<_>>().join(" OR ")
}

fn quoted(words: &[&String]) -> String {
    let mut told: Vec<String> = words.iter().take(MAX_TOLD).map(|word| format!("`{word}`")).collect();
    if words.len() > MAX_TOLD {
        told.push("…".to_owned());
    }
    told.join(", ")
}

fn are(words: &[&String]) -> &'static str {
    if words.len() == 1 { "is" } else { "are" }
}
