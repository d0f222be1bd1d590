//! In which writing system is a character, as far as splitting into words depends on it?

use unicode_segmentation::UnicodeSegmentation;

/// Latin and Greek letters: those whose marks are stripped.
pub(super) fn marks_are_stripped(base: char) -> bool {
    base.is_ascii_alphabetic()
        || matches!(base,
            '\u{aa}' | '\u{ba}' | '\u{c0}'..='\u{2af}' | '\u{370}'..='\u{3ff}'
            | '\u{1d00}'..='\u{1dbf}' | '\u{1e00}'..='\u{1fff}'
            | '\u{2c60}'..='\u{2c7f}' | '\u{a722}'..='\u{a7ff}' | '\u{ab30}'..='\u{ab6f}')
}

/// Han, kana, Hangul, Thai, Lao, Khmer and Myanmar: written without spaces, or with endings joined to the
/// word, so that each grapheme cluster is a word and a name is a phrase of them.
pub(super) fn is_split(character: char) -> bool {
    character >= '\u{e00}'
        && matches!(character,
            '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}'
            | '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}'
            | '\u{1780}'..='\u{17ff}' | '\u{19e0}'..='\u{19ff}'
            | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{309f}'
            | '\u{30a0}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
            | '\u{1aff0}'..='\u{1b16f}' | '\u{20000}'..='\u{3ffff}')
}

/// Characters of the split scripts that stand for themselves: no normalisation changes or joins them.
pub(super) fn is_plain_split(character: char) -> bool {
    matches!(character, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Characters that no normalisation and no folding changes; asked first, because tables are slow to ask.
pub(super) fn is_folded(character: char) -> bool {
    is_plain_split(character) || matches!(character, 'а'..='я')
}

/// Whether a letter or a digit; as the standard library has it, but quick for the letters that are most written.
pub(super) fn is_alphanumeric(character: char) -> bool {
    match character {
        '\0'..='\x7f' => character.is_ascii_alphanumeric(),
        '\u{400}'..='\u{481}' => true,
        '\u{2010}'..='\u{2027}' | '\u{3000}'..='\u{3003}' => false,
        _ => is_plain_split(character) || character.is_alphanumeric(),
    }
}

/// Characters that show nothing and that people and programs put into words: soft hyphens, joiners,
/// direction marks, variation selectors.
pub(super) fn is_ignorable(character: char) -> bool {
    character >= '\u{ad}'
        && matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a picture: Extended_Pictographic from the arrows up, or half of a flag.
pub(super) fn is_pictograph(character: char) -> bool {
    // Below stand © and dashes and quotes, which are no words.
    if character < '\u{2190}' {
        return false;
    }
    if matches!(character, '\u{1f1e6}'..='\u{1f1ff}') {
        return true;
    }
    // Rule GB11: only pictographs are joined to each other by a zero width joiner. This asks the tables
    // of the segmenter, which keep the property to themselves.
    let mut buffer = [0; 11];
    let length = character.encode_utf8(&mut buffer).len();
    let joiner = '\u{200d}'.encode_utf8(&mut buffer[length..]).len();
    let whole = length + joiner + character.encode_utf8(&mut buffer[length + joiner..]).len();
    std::str::from_utf8(&buffer[..whole]).is_ok_and(|joined| joined.graphemes(true).count() == 1)
}
