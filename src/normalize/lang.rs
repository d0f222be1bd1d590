//! In which language is a post written?
//!
//! What the words say counts before what the site says: feeds state the language of their software, accounts that of their
//! menus. Where the words are too few or too mixed to tell, the site's statement stands, and without one nothing is claimed.

use std::sync::LazyLock;

use super::tidy;
use whatlang::{Detector, Info, Lang, Script};

/// Of a post this much prose is looked at, in bytes: more changes no verdict.
const LOOKED_AT: usize = 600;
/// Fewer words of a script that several languages share tell nothing.
const MIN_WORDS: usize = 6;
/// Fewer characters of a script that one language has, or one that needs no spaces, tell nothing.
const MIN_LETTERS: usize = 6;
/// Han characters alone may be Japanese; so many without kana are Chinese.
const MIN_HAN: usize = 12;
/// So many words of English are enough.
const ENOUGH: usize = 16;
/// How sure the comparison must be, of 1, where no small word of English stands in the text.
const SURE: f64 = 0.75;
/// Share of a text's words which must be [`ENGLISH`] for English to be told without comparing languages.
const ENGLISH_SHARE: f64 = 0.15;

/// Small words that English has and its neighbours have not; in the order of the alphabet.
const ENGLISH: &[&str] = &[
    "about",
    "after",
    "also",
    "always",
    "and",
    "any",
    "anyone",
    "anything",
    "are",
    "because",
    "been",
    "before",
    "being",
    "better",
    "between",
    "but",
    "can",
    "can't",
    "could",
    "couldn't",
    "did",
    "didn't",
    "does",
    "doesn't",
    "don't",
    "even",
    "every",
    "from",
    "get",
    "getting",
    "got",
    "have",
    "haven't",
    "help",
    "how",
    "i'd",
    "i'm",
    "i've",
    "into",
    "isn't",
    "it",
    "it's",
    "its",
    "just",
    "keeps",
    "know",
    "like",
    "make",
    "more",
    "most",
    "much",
    "my",
    "need",
    "never",
    "new",
    "next",
    "not",
    "now",
    "only",
    "other",
    "our",
    "over",
    "people",
    "please",
    "really",
    "same",
    "should",
    "since",
    "some",
    "someone",
    "something",
    "still",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "today",
    "too",
    "using",
    "very",
    "want",
    "wasn't",
    "we're",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "why",
    "with",
    "without",
    "won't",
    "work",
    "working",
    "would",
    "would've",
    "wouldn't",
    "years",
    "yet",
    "you",
    "you're",
    "your",
];

/// The languages that are told apart, each with its ISO 639-1 code. Left out is what people hardly write on the sites that
/// we listen to and what short texts of others are taken for: Esperanto, Latin, Javanese, Yiddish, Akan, Shona, Zulu.
const LANGUAGES: &[(Lang, &str)] = &[
    (Lang::Afr, "af"),
    (Lang::Amh, "am"),
    (Lang::Ara, "ar"),
    (Lang::Aze, "az"),
    (Lang::Bel, "be"),
    (Lang::Ben, "bn"),
    (Lang::Bul, "bg"),
    (Lang::Cat, "ca"),
    (Lang::Ces, "cs"),
    (Lang::Cmn, "zh"),
    (Lang::Dan, "da"),
    (Lang::Deu, "de"),
    (Lang::Ell, "el"),
    (Lang::Eng, "en"),
    (Lang::Est, "et"),
    (Lang::Fin, "fi"),
    (Lang::Fra, "fr"),
    (Lang::Guj, "gu"),
    (Lang::Heb, "he"),
    (Lang::Hin, "hi"),
    (Lang::Hrv, "hr"),
    (Lang::Hun, "hu"),
    (Lang::Hye, "hy"),
    (Lang::Ind, "id"),
    (Lang::Ita, "it"),
    (Lang::Jpn, "ja"),
    (Lang::Kan, "kn"),
    (Lang::Kat, "ka"),
    (Lang::Khm, "km"),
    (Lang::Kor, "ko"),
    (Lang::Lav, "lv"),
    (Lang::Lit, "lt"),
    (Lang::Mal, "ml"),
    (Lang::Mar, "mr"),
    (Lang::Mkd, "mk"),
    (Lang::Mya, "my"),
    (Lang::Nep, "ne"),
    (Lang::Nld, "nl"),
    (Lang::Nob, "nb"),
    (Lang::Ori, "or"),
    (Lang::Pan, "pa"),
    (Lang::Pes, "fa"),
    (Lang::Pol, "pl"),
    (Lang::Por, "pt"),
    (Lang::Ron, "ro"),
    (Lang::Rus, "ru"),
    (Lang::Sin, "si"),
    (Lang::Slk, "sk"),
    (Lang::Slv, "sl"),
    (Lang::Spa, "es"),
    (Lang::Srp, "sr"),
    (Lang::Swe, "sv"),
    (Lang::Tam, "ta"),
    (Lang::Tel, "te"),
    (Lang::Tgl, "tl"),
    (Lang::Tha, "th"),
    (Lang::Tuk, "tk"),
    (Lang::Tur, "tr"),
    (Lang::Ukr, "uk"),
    (Lang::Urd, "ur"),
    (Lang::Uzb, "uz"),
    (Lang::Vie, "vi"),
];

static DETECTOR: LazyLock<Detector> =
    LazyLock::new(|| Detector::with_allowlist(LANGUAGES.iter().map(|(lang, _)| *lang).collect()));

/// The primary subtag of the language that a title and a text are written in, as far as they tell; else the one `stated`.
pub(super) fn identify(title: &str, text: &str, stated: Option<String>) -> Option<String> {
    let prose = prose(title, text);
    let counted = count(&prose);
    if is_english(&counted, stated.as_deref() == Some("en")) {
        return Some("en".to_owned());
    }
    // Comparing languages is dear, and of a text with a word or two of English it says little.
    let telling = counted.words >= MIN_WORDS && counted.english == 0;
    if prose.is_ascii() && !telling {
        return stated;
    }
    found(&prose, counted.words, counted.english == 0).or(stated)
}

/// What comparing languages finds; `None` where that is not to be believed. The dear part: about 40 µs.
fn found(prose: &str, words: usize, foreign: bool) -> Option<String> {
    let found = DETECTOR.detect(prose)?;
    let sure = found.is_reliable() || (foreign && found.confidence() >= SURE);
    if !sure || !is_enough(prose, words, &found) {
        return None;
    }
    LANGUAGES.iter().find(|(lang, _)| *lang == found.lang()).map(|(_, code)| (*code).to_owned())
}

/// Whether there is enough to believe what was found.
fn is_enough(prose: &str, words: usize, found: &Info) -> bool {
    let letters = prose.chars().filter(|c| c.is_alphabetic()).count();
    match found.script() {
        Script::Latin | Script::Cyrillic | Script::Arabic | Script::Devanagari | Script::Hebrew => words >= MIN_WORDS,
        Script::Mandarin => letters >= MIN_HAN,
        Script::Armenian
        | Script::Bengali
        | Script::Ethiopic
        | Script::Georgian
        | Script::Greek
        | Script::Gujarati
        | Script::Gurmukhi
        | Script::Hangul
        | Script::Hiragana
        | Script::Kannada
        | Script::Katakana
        | Script::Khmer
        | Script::Malayalam
        | Script::Myanmar
        | Script::Oriya
        | Script::Sinhala
        | Script::Tamil
        | Script::Telugu
        | Script::Thai => letters >= MIN_LETTERS,
    }
}

/// How many words a text has, and which of them only English has.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    words: usize,
    english: usize,
    /// Two of these are different words.
    differ: bool,
}

/// Whether enough of the words are such that only English has them: at least two different ones, or one where the site
/// says that it is English.
fn is_english(counted: &Counted, stated: bool) -> bool {
    let Counted { words, english, differ } = *counted;
    words >= MIN_WORDS && english > 0 && (stated || (differ && english as f64 >= ENGLISH_SHARE * words as f64))
}

/// Counts the words of a text, and no more of them than [`ENOUGH`] once they are English.
fn count(prose: &str) -> Counted {
    let mut counted = Counted::default();
    let mut first = None;
    let mut word = String::new();
    for raw in prose.split(' ').filter(|word| word.contains(char::is_alphabetic)) {
        counted.words += 1;
        word.clear();
        let letters = raw.trim_matches(|c: char| !c.is_alphanumeric());
        word.extend(letters.chars().map(|c| if c == '’' { '\'' } else { c.to_ascii_lowercase() }));
        if let Ok(place) = ENGLISH.binary_search(&word.as_str()) {
            counted.english += 1;
            counted.differ |= *first.get_or_insert(place) != place;
        }
        if counted.words >= ENOUGH && is_english(&counted, false) {
            break;
        }
    }
    counted
}

/// The words that somebody wrote here: without addresses, handles, tags, numbers and lines quoted from others.
fn prose(title: &str, text: &str) -> String {
    let mut prose = String::with_capacity(LOOKED_AT + 64);
    let lines = std::iter::once(title).chain(text.lines().filter(|line| !line.trim_start().starts_with('>')));
    for word in lines.flat_map(str::split_whitespace).filter(|word| is_written(word)) {
        if prose.len() >= LOOKED_AT {
            break;
        }
        prose.push_str(tidy::cut(word, LOOKED_AT));
        prose.push(' ');
    }
    prose
}

fn is_written(word: &str) -> bool {
    !word.starts_with(['@', '#', '$', '/', '<', '{', '&']) && !word.contains("://") && !word.contains(['_', '=', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_words_of_english_stand_in_order() {
        assert!(ENGLISH.is_sorted());
    }

    #[test]
    fn sentences_are_told() {
        for (text, language) in [
            ("Is Acme Cloud down for anyone else, or is it just me?", "en"),
            ("acme's new pricing is insane, moving our servers to Globex next week", "en"),
            ("@acme_support your app keeps crashing since the update, please fix https://acme.example/x", "en"),
            ("Seit dem letzten Update stürzt die App von Acme bei mir ständig ab", "de"),
            ("Depuis la mise à jour, l'application ne démarre plus sur mon téléphone", "fr"),
            ("Desde la última actualización no funciona nada en mi teléfono, ¿qué puedo hacer?", "es"),
            ("Dall'ultimo aggiornamento l'applicazione non funziona più sul mio telefono", "it"),
            ("Sinds de laatste update werkt de app niet meer op mijn telefoon, heel vervelend", "nl"),
            ("Desde a última atualização o aplicativo não funciona mais no meu celular", "pt"),
            ("Po ostatniej aktualizacji aplikacja nie działa na moim telefonie, co robić?", "pl"),
            ("Кто-нибудь ещё не может зайти в облако с утра?", "ru"),
            ("Після останнього оновлення застосунок не запускається на моєму телефоні", "uk"),
            ("Son güncellemeden sonra uygulama telefonumda artık çalışmıyor", "tr"),
            ("アップデートの後、アプリが起動しなくなりました。", "ja"),
            ("更新之后应用程序就打不开了，有人知道怎么解决吗？", "zh"),
            ("업데이트 이후 앱이 실행되지 않습니다. 도와주세요", "ko"),
            ("หลังจากอัปเดตแอปไม่สามารถเปิดได้", "th"),
            ("Μετά την ενημέρωση η εφαρμογή δεν ανοίγει", "el"),
        ] {
            assert_eq!(identify("", text, None).as_deref(), Some(language), "{text}");
        }
    }

    #[test]
    fn nothing_is_claimed_of_little() {
        for text in [
            "",
            "Acme",
            "lol",
            "OK thanks",
            "Acme Cloud 3.2 released",
            "東京 障害",
            "https://acme.example/the/and/that/this",
            "@the @and @this #that #with",
            "12 345 678 90 11 22 33 44",
            "let x = foo(bar); x += 1; return x;",
            "😀 😀 😀 😀 😀 😀 😀",
        ] {
            assert_eq!(identify("", text, None), None, "{text}");
        }
    }

    #[test]
    fn who_quotes_another_language_writes_his_own() {
        let text = "> The app keeps crashing since the update and they do not answer\n\
                    Bei mir läuft seit gestern alles wieder, man muss es nur neu starten";
        assert_eq!(identify("", text, None).as_deref(), Some("de"));
        let text = "\"The Cloud\" ist seit heute früh nicht erreichbar, und niemand sagt warum das so ist";
        assert_eq!(identify("", text, None).as_deref(), Some("de"));
    }

    #[test]
    fn the_words_count_before_the_statement_and_the_statement_before_nothing() {
        for (text, stated, language) in [
            ("Seit dem letzten Update stürzt die App von Acme bei mir ständig ab", "en", "de"),
            ("Acme Cloud 3.2", "fr", "fr"),
            ("アップデートの後、アプリが起動しなくなりました。", "en", "ja"),
            ("Is Acme Cloud down for anyone else, or is it just me?", "de", "en"),
            ("Show: Acme Cloud for bakers with three ovens", "en", "en"),
        ] {
            assert_eq!(identify("", text, Some(stated.to_owned())).as_deref(), Some(language), "{text}");
        }
    }

    #[test]
    fn endless_words_do_no_harm() {
        identify(&"ä".repeat(100_000), &">".repeat(100_000), None);
        identify("", &"日".repeat(100_000), None);
    }
}
