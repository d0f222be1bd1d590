//! What of a URL may stand in a log, an error or a page?

use url::Url;

/// Length from which a part of a path may be a token rather than a word.
const TOKEN_LENGTH: usize = 16;
/// Longest run of letters that is still taken for a word, of digits for a number.
const LONGEST_WORD: usize = 20;
const LONGEST_NUMBER: usize = 12;

/// A URL without what may be secret: no user, no password, no fragment, `…` for the values of the query and for
/// parts of the path that look like tokens. Keys of the query stay: they say what was asked.
pub fn redact(url: &Url) -> String {
    let mut told = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        told.push_str(&format!(":{port}"));
    }
    for segment in url.path_segments().into_iter().flatten() {
        told.push('/');
        told.push_str(if is_token(segment) { "…" } else { segment });
    }
    for (index, pair) in url.query().into_iter().flat_map(|query| query.split('&')).enumerate() {
        told.push(if index == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((key, _)) if !is_token(key) => told.push_str(&format!("{key}=…")),
            Some(_) | None => told.push('…'),
        }
    }
    told
}

/// Whether a part of a path looks made by a machine: long, and not just words and numbers with marks between.
fn is_token(part: &str) -> bool {
    let plain = |piece: &str| {
        let letters = piece.len() <= LONGEST_WORD && piece.bytes().all(|byte| byte.is_ascii_alphabetic());
        let digits = piece.len() <= LONGEST_NUMBER && piece.bytes().all(|byte| byte.is_ascii_digit());
        (letters && !changes_case_inside(piece)) || digits
    };
    part.len() >= TOKEN_LENGTH && !part.split(['-', '_', '.', '+', ',']).all(plain)
}

/// `aBcDe` does, `Acme`, `ACME`, `acme` and `AcmeCloud` do not: random letters change case more than once.
fn changes_case_inside(piece: &str) -> bool {
    let bytes = piece.as_bytes();
    bytes.windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()).count() > 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_urls_are_not_told() {
        for (url, told) in [
            ("https://user:hunter2@example.com/feed.xml", "https://example.com/feed.xml"),
            ("https://example.com:8443/a?token=hunter2&q=acme#x", "https://example.com:8443/a?token=…&q=…"),
            ("https://example.com/?hunter2", "https://example.com/?…"),
            (
                "https://hooks.example.com/services/T00000000/B00000000/abcdEFGHijklMNOPqrstUVWX",
                "https://hooks.example.com/services/T00000000/B00000000/…",
            ),
            ("https://m.example/hooks/xn4hn7ypmjbzdr1a8k3q9w5e7t", "https://m.example/hooks/…"),
            ("https://t.example/bot123456:AAHk-x7Yz_0pQ9/sendMessage", "https://t.example/…/sendMessage"),
            ("https://w.example/550e8400-e29b-41d4-a716-446655440000", "https://w.example/…"),
            (
                "https://blog.example/2026/how-acme-cloud-went-down-in-2026.html",
                "https://blog.example/2026/how-acme-cloud-went-down-in-2026.html",
            ),
            ("https://example.com/AcmeCloud_incident_report", "https://example.com/AcmeCloud_incident_report"),
        ] {
            assert_eq!(redact(&Url::parse(url).expect(url)), told);
        }
    }
}
