//! In which encoding are these bytes written, and what is their text?
//!
//! In the order of trust: byte order mark, the `charset` of the Content-Type, what the document declares
//! about itself, UTF-8, a guess. A declaration that the bytes contradict is overruled: a wrong label is a
//! far more frequent fault than a document of which half cannot be read.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How far into a document its declaration is looked for, in bytes, as browsers do.
const DECLARATION_WITHIN: usize = 1024;

/// How many bytes a guess is made from; more do not make it better, only slower.
const GUESS_FROM: usize = 256 * 1024;

/// How many bytes are looked at together.
const BLOCK: usize = 1024;

/// The text of `bytes`, and whether something had to be mended: a wrong declaration overruled, unreadable
/// bytes replaced, control characters (all but tab and line ends) taken out. Never fails.
///
/// `content_type` is the value of the HTTP header of that name. A byte order mark is no part of the text. A
/// declaration inside the text (`<?xml encoding="…"?>`) is left as it stands.
pub fn decode(bytes: &[u8], content_type: Option<&str>) -> (String, bool) {
    let (text, repaired) = decode_as_declared(bytes, content_type);
    if may_hold_unwanted(text.as_bytes()) && text.contains(is_unwanted) {
        (text.replace(is_unwanted, ""), true)
    } else {
        (text, repaired)
    }
}

/// Control characters and noncharacters, which no XML may contain and which mean nothing in text.
fn is_unwanted(letter: char) -> bool {
    matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether one of the bytes begins what is unwanted. Looks at all of a block at once, without a branch a byte: nearly no text has any.
fn may_hold_unwanted(bytes: &[u8]) -> bool {
    let begins = |byte: u8| (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f || byte == 0xef;
    bytes.chunks(BLOCK).any(|block| block.iter().fold(false, |found, byte| found | begins(*byte)))
}

fn decode_as_declared(bytes: &[u8], content_type: Option<&str>) -> (String, bool) {
    if let Some(text) = utf32(bytes) {
        return (text, false);
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, repaired) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return (text.into_owned(), repaired);
    }
    let declared: Vec<&'static Encoding> =
        [utf16_without_mark(bytes), content_type.and_then(charset_in), declared_inside(bytes)]
            .into_iter()
            .flatten()
            .collect();
    let utf8 = std::str::from_utf8(bytes).ok();
    for (place, encoding) in declared.iter().enumerate() {
        // Looked at already.
        if *encoding == UTF_8 {
            match utf8 {
                Some(text) => return (text.to_owned(), place > 0),
                None => continue,
            }
        }
        // Text that reads as UTF-8 beyond ASCII was hardly ever written in an encoding of one byte a letter.
        if encoding.is_single_byte() && utf8.is_some() && !bytes.is_ascii() {
            continue;
        }
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            return (text.into_owned(), place > 0);
        }
    }
    match utf8 {
        Some(text) => (text.to_owned(), !declared.is_empty()),
        None => guess(bytes, !declared.is_empty()),
    }
}

/// Bytes that are not in the encoding they declare, nor UTF-8 throughout.
fn guess(bytes: &[u8], declared: bool) -> (String, bool) {
    let whole = without_cut_off(bytes);
    let (mut letters, mut strays) = (0, 0);
    for chunk in whole.utf8_chunks() {
        letters += chunk.valid().chars().filter(|letter| !letter.is_ascii()).count();
        strays += usize::from(!chunk.invalid().is_empty());
    }
    if letters > strays {
        return (mixed(whole), true);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let sample = &bytes[..bytes.len().min(GUESS_FROM)];
    detector.feed(sample, true);
    let (text, replaced) = detector.guess(None, Utf8Detection::Deny).decode_without_bom_handling(bytes);
    (text.into_owned(), declared || replaced)
}

/// The bytes without the beginning of a UTF-8 letter that they end with.
fn without_cut_off(bytes: &[u8]) -> &[u8] {
    let tail = bytes.utf8_chunks().last().map_or(&[][..], |chunk| chunk.invalid());
    let cut_off = std::str::from_utf8(tail).is_err_and(|error| error.error_len().is_none());
    if cut_off { &bytes[..bytes.len() - tail.len()] } else { bytes }
}

/// UTF-8 in which single bytes are not: those are read as Windows-1252.
fn mixed(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    text
}

/// UTF-16 whose first letter is `<`, `{` or `[`.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<' | b'{' | b'[', 0, second, 0, ..] if *second != 0 => Some(UTF_16LE),
        [0, b'<' | b'{' | b'[', 0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// UTF-32, with or without its mark, which `encoding_rs` does not read because browsers do not.
fn utf32(bytes: &[u8]) -> Option<String> {
    let big_endian = match bytes {
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, b'<', ..] => true,
        [0xff, 0xfe, 0, 0, ..] | [b'<', 0, 0, 0, ..] => false,
        _ => return None,
    };
    let letter = |unit: &[u8; 4]| if big_endian { u32::from_be_bytes(*unit) } else { u32::from_le_bytes(*unit) };
    let (units, _) = bytes.as_chunks::<4>();
    let mark = usize::from(units.first().is_some_and(|unit| letter(unit) == 0xfeff));
    Some(units[mark..].iter().map(|unit| char::from_u32(letter(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// The encoding that `charset=…` names in a Content-Type or a `<meta>`.
fn charset_in(text: &str) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let rest = lower[lower.find("charset")? + "charset".len()..].trim_start().strip_prefix('=')?;
    named(rest)
}

/// The encoding whose name `text` begins with, in quotes or not.
fn named(text: &str) -> Option<&'static Encoding> {
    let text = text.trim_start().trim_start_matches(['"', '\'']);
    let end = text.find(['"', '\'', ';', ',', ' ', '\t', '\r', '\n', '>', '?', '/']).unwrap_or(text.len());
    Encoding::for_label_no_replacement(&text.as_bytes()[..end])
}

/// What an XML declaration or a `<meta>` near the beginning says.
fn declared_inside(bytes: &[u8]) -> Option<&'static Encoding> {
    let head: String = bytes[..bytes.len().min(DECLARATION_WITHIN)].iter().map(|byte| char::from(*byte)).collect();
    let encoding = if let Some((_, declaration)) = head.split_once("<?xml ") {
        let declaration = declaration.split("?>").next()?;
        named(declaration[declaration.find("encoding")? + "encoding".len()..].trim_start().strip_prefix('=')?)
    } else {
        let lower = head.to_ascii_lowercase();
        lower.split("<meta").skip(1).find_map(|tag| charset_in(tag.split('>').next()?))
    }?;
    // Whoever can read the declaration byte for byte does not have UTF-16 in front of them.
    Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    fn utf32(text: &str, unit: fn(u32) -> [u8; 4]) -> Vec<u8> {
        text.chars().flat_map(|letter| unit(letter.into())).collect()
    }

    #[test]
    fn what_is_as_declared_reads_without_repair() {
        let table: [(&[u8], Option<&str>, &str); 14] = [
            (b"", None, ""),
            ("café".as_bytes(), None, "café"),
            ("\u{feff}café".as_bytes(), Some("text/xml; charset=iso-8859-1"), "café"),
            (b"caf\xe9", Some("text/xml; charset=iso-8859-1"), "café"),
            (b"caf\xe9", Some("text/xml;Charset = \"latin1\""), "café"),
            (
                b"<?xml version='1.0' encoding='windows-1251'?>\xc0",
                None,
                "<?xml version='1.0' encoding='windows-1251'?>А",
            ),
            (b"<meta charset=koi8-r>\xc1", None, "<meta charset=koi8-r>а"),
            (
                b"<META content='text/html; charset=shift_jis'>\x93\xfa",
                None,
                "<META content='text/html; charset=shift_jis'>日",
            ),
            (b"<?xml version='1.0' encoding='utf-16'?>a", None, "<?xml version='1.0' encoding='utf-16'?>a"),
            (b"plain", Some("text/xml; charset=utf-7"), "plain"),
            (&utf16("<a>ü", u16::to_le_bytes), None, "<a>ü"),
            (&utf16("\u{feff}<a>ü", u16::to_be_bytes), None, "<a>ü"),
            (&utf32("<a>ü", u32::to_be_bytes), None, "<a>ü"),
            (&utf32("\u{feff}<a>ü", u32::to_le_bytes), None, "<a>ü"),
        ];
        for (bytes, content_type, text) in table {
            assert_eq!(decode(bytes, content_type), (text.to_owned(), false), "{text} {content_type:?}");
        }
    }

    #[test]
    fn what_contradicts_its_declaration_is_mended() {
        let table: [(&[u8], Option<&str>, &str); 7] = [
            // Latin-1 that calls itself UTF-8
            (
                b"<?xml version='1.0' encoding='utf-8'?>une journ\xe9e d'\xe9t\xe9",
                None,
                "<?xml version='1.0' encoding='utf-8'?>une journée d'été",
            ),
            // the server's default charset beside the document's own
            (
                "<?xml version='1.0' encoding='utf-8'?>é".as_bytes(),
                Some("text/xml; charset=iso-8859-1"),
                "<?xml version='1.0' encoding='utf-8'?>é",
            ),
            (
                b"<?xml version='1.0' encoding='latin1'?>\xe9",
                Some("text/xml; charset=utf-8"),
                "<?xml version='1.0' encoding='latin1'?>é",
            ),
            // one stray byte in much UTF-8, and a letter cut off at the end
            (b"\xc3\xa4\xc3\xb6\xc3\xbc \x93x\x94 \xc3", None, "äöü “x” "),
            (b"a\0b\x08c\x0cd\te\r\n", None, "abcd\te\r\n"),
            ("a\u{ffff}b".as_bytes(), None, "ab"),
            (b"\xff\xfea\0\0\xd8", None, "a\u{fffd}"),
        ];
        for (bytes, content_type, text) in table {
            assert_eq!(decode(bytes, content_type), (text.to_owned(), true), "{text} {content_type:?}");
        }
    }

    #[test]
    fn an_undeclared_encoding_is_guessed() {
        let (russian, ..) = encoding_rs::WINDOWS_1251.encode("Сервис снова не работает, кто-нибудь знает почему?");
        assert_eq!(decode(&russian, None).0, "Сервис снова не работает, кто-нибудь знает почему?");
        let (japanese, ..) = encoding_rs::SHIFT_JIS.encode("サービスが停止しています。原因をご存知の方はいますか");
        assert_eq!(decode(&japanese, None).0, "サービスが停止しています。原因をご存知の方はいますか");
    }
}
