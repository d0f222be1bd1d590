//! Which page does a URL mean, however it is written?

use std::borrow::Cow;
use std::fmt::Write;

use url::Url;

use super::tracking::is_tracking;

/// Longest URL looked at, in bytes; what is longer is no address that people share.
pub(super) const MAX_URL: usize = 8_192;
/// Most wrappers taken off one URL (a redirect around an AMP cache around a page).
const MAX_WRAPPERS: usize = 3;

/// Labels below the registrable domain that name a form of a page for other devices, not another page.
const FORMS: [&str; 4] = ["www", "m", "mobile", "amp"];

/// Hosts that show the same pages as another one.
const SAME_SITES: [(&str, &str); 6] = [
    ("twitter.com", "x.com"),
    ("old.reddit.com", "reddit.com"),
    ("new.reddit.com", "reddit.com"),
    ("np.reddit.com", "reddit.com"),
    ("i.reddit.com", "reddit.com"),
    ("music.youtube.com", "youtube.com"),
];

/// Pages whose only purpose is to send the reader on: host without `www.`, path, and the parameter with the address.
const REDIRECTS: [(&str, &str, &str); 8] = [
    ("google.com", "/url", "url"),
    ("google.com", "/url", "q"),
    ("facebook.com", "/l.php", "u"),
    ("l.facebook.com", "/l.php", "u"),
    ("lm.facebook.com", "/l.php", "u"),
    ("l.instagram.com", "/", "u"),
    ("out.reddit.com", "", "url"),
    ("youtube.com", "/redirect", "q"),
];

/// Last segments of a path that name the same page as the folder.
const INDEX_FILES: [&str; 4] = ["index.html", "index.htm", "index.php", "index.xhtml"];

/// First and only segments that name a site's front page in one language.
const LANGUAGES: [&str; 20] = [
    "ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "it", "ja", "ko", "nl", "no", "pl", "pt", "ru", "sv",
    "zh",
];

/// The URL in the one form that all addresses of the same page share. For telling pages apart only, not
/// for asking: it says `https` also for sites that speak only `http`.
///
/// Taken away: tracking parameters, fragment (but `#!…`), user, default port, `www.`, mobile and AMP forms,
/// `index.html`, the last slash, redirect and AMP cache wrappers. Made equal: order of parameters,
/// percent-encoding, hosts known to show the same pages. A URL that is not http(s) is only printed.
pub fn canonical_url(url: &Url) -> String {
    let mut page = Cow::Borrowed(url);
    for _ in 0..MAX_WRAPPERS {
        let Some(inner) = unwrapped(&page) else { break };
        page = Cow::Owned(inner);
    }
    match page.host_str() {
        Some(host) if is_web(&page) => compose(&page, &site_host(host)),
        _ => page.to_string(),
    }
}

/// The host without `www.`, in lower case; empty for a URL without one. International names are in their ASCII form.
pub fn site_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(host).to_owned()
}

/// Whether the URL is a page of the web.
pub(super) fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty())
}

/// Whether a canonical URL is the front page of its site (also one per language): too many unrelated posts point there.
pub(super) fn is_front_page(canonical: &str) -> bool {
    let Some((_, path)) = canonical.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let language = path.split(['-', '_']).next().unwrap_or_default();
    path.is_empty() || (path.len() <= 5 && LANGUAGES.contains(&language))
}

/// The web address that some text from a site means, seen from `base`. `None` when it is none, or too long to be one.
pub(super) fn resolve(text: &str, base: &Url) -> Option<Url> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_URL {
        return None;
    }
    let url = Url::options().base_url(Some(base)).parse(text).ok()?;
    (is_web(&url) && url.as_str().len() <= MAX_URL).then_some(url)
}

fn compose(url: &Url, host: &str) -> String {
    let mut out = String::with_capacity(url.as_str().len() + 1);
    out.push_str("https://");
    out.push_str(host);
    // 443 is the default once every page is https.
    if let Some(port) = url.port().filter(|port| *port != 443) {
        // Writing to a string cannot fail.
        let _ = write!(out, ":{port}");
    }
    let path = normal_encoding(url.path());
    let path = page_path(&path);
    if let Some(video) = short_video(host, &path) {
        return format!("https://youtube.com/watch?v={video}");
    }
    out.push_str(&path);
    push_query(url.query().unwrap_or_default(), host, &mut out);
    if let Some(fragment) = url.fragment().filter(|fragment| fragment.starts_with('!')) {
        out.push('#');
        out.push_str(&normal_encoding(fragment));
    }
    out
}

/// `youtu.be/ID` and the like are the page of the video.
fn short_video<'a>(host: &str, path: &'a str) -> Option<&'a str> {
    let id = match host {
        "youtu.be" => path.strip_prefix('/'),
        "youtube.com" => path.strip_prefix("/shorts/").or_else(|| path.strip_prefix("/live/")),
        _ => None,
    };
    id.filter(|id| !id.is_empty() && !id.contains('/'))
}

/// The host without the labels of mobile, AMP and `www` forms.
fn site_host(host: &str) -> Cow<'_, str> {
    let host = host.trim_end_matches('.');
    let bare = match psl::domain_str(host) {
        Some(domain) if domain.len() < host.len() => without_forms(host, domain),
        _ => Cow::Borrowed(host),
    };
    match SAME_SITES.iter().find(|(known, _)| *known == bare) {
        Some((_, same)) => Cow::Borrowed(same),
        None => bare,
    }
}

fn without_forms<'a>(host: &'a str, domain: &'a str) -> Cow<'a, str> {
    let labels = host[..host.len() - domain.len()].trim_end_matches('.');
    if !labels.split('.').any(|label| FORMS.contains(&label)) {
        return Cow::Borrowed(host);
    }
    let kept: Vec<&str> = labels.split('.').filter(|label| !FORMS.contains(label)).chain([domain]).collect();
    Cow::Owned(kept.join("."))
}

/// The path without what does not name the page: session, AMP form, index file, last slash.
fn page_path(path: &str) -> Cow<'_, str> {
    let session = path.find(";jsessionid=").or_else(|| path.find(";JSESSIONID="));
    let path = path[..session.unwrap_or(path.len())].trim_end_matches('/');
    let path = path.strip_suffix("/amp").filter(|rest| !rest.is_empty()).unwrap_or(path);
    if let Some(stem) = path.strip_suffix(".amp.html") {
        return Cow::Owned(format!("{stem}.html"));
    }
    let path = path.strip_suffix(".amp").unwrap_or(path);
    let path = match path.rsplit_once('/') {
        Some((folder, file)) if INDEX_FILES.iter().any(|index| file.eq_ignore_ascii_case(index)) => folder,
        _ => path,
    };
    let path = path.trim_end_matches('/');
    if path.is_empty() { Cow::Borrowed("/") } else { Cow::Borrowed(path) }
}

/// Writes the parameters that name the page, in the order of their names; those of the same name stay in their order.
fn push_query(query: &str, host: &str, out: &mut String) {
    let query = normal_encoding(query);
    let query = if query.contains("%20") { Cow::Owned(query.replace("%20", "+")) } else { query };
    let mut kept: Vec<(&str, &str)> = query
        .split('&')
        // What is left of an address that was escaped once too often.
        .map(|pair| pair.trim_start_matches("amp;"))
        .filter(|pair| !pair.is_empty() && *pair != "=")
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, value)| !is_tracking(host, name, value))
        .collect();
    kept.sort_by_key(|(name, _)| *name);
    for (index, (name, value)) in kept.into_iter().enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        out.push_str(name);
        if !value.is_empty() {
            out.push('=');
            out.push_str(value);
        }
    }
}

/// What `Url` left of percent-encoding in one form: what needs none is written plainly, digits in upper case.
fn normal_encoding(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 2);
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let digits = rest.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
            out.push_str("%25");
            continue;
        };
        rest = &rest[2..];
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The address inside of a redirect page or an AMP cache, if this is one.
fn unwrapped(url: &Url) -> Option<Url> {
    let host = url.host_str()?.trim_start_matches("www.");
    let inner = amp_cached(host, url.path()).or_else(|| redirect_target(host, url))?;
    let inner = Url::parse(&inner).ok()?;
    is_web(&inner).then_some(inner)
}

fn redirect_target(host: &str, url: &Url) -> Option<String> {
    let matching = |(at, path, _): &&(&str, &str, &str)| *at == host && (path.is_empty() || *path == url.path());
    REDIRECTS.iter().filter(matching).find_map(|(_, _, parameter)| {
        url.query_pairs().find(|(name, _)| name == parameter).map(|(_, value)| value.into_owned())
    })
}

/// `host.cdn.ampproject.org/c/s/HOST/PATH` and `google.com/amp/s/HOST/PATH` are copies of pages.
fn amp_cached(host: &str, path: &str) -> Option<String> {
    let page = if host.ends_with(".cdn.ampproject.org") || host == "cdn.ampproject.org" {
        ["/c/", "/v/", "/i/"].iter().find_map(|form| path.strip_prefix(form))?
    } else {
        path.strip_prefix("/amp/").filter(|_| host == "google.com")?
    };
    Some(format!("https://{}", page.strip_prefix("s/").unwrap_or(page)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(url: &str) -> String {
        canonical_url(&Url::parse(url).expect("a URL"))
    }

    #[test]
    fn every_way_to_write_a_page_gives_one_url() {
        for (written, page) in [
            ("http://WWW.Acme.Example:80/Blog/", "https://acme.example/Blog"),
            ("https://acme.example", "https://acme.example/"),
            ("https://user:secret@acme.example:8443/a", "https://acme.example:8443/a"),
            ("https://acme.example./a", "https://acme.example/a"),
            ("https://m.acme.example/a", "https://acme.example/a"),
            ("https://mobile.acme.co.uk/a", "https://acme.co.uk/a"),
            ("https://de.m.wiki.example/a", "https://de.wiki.example/a"),
            ("https://amp.acme.example/a", "https://acme.example/a"),
            ("https://acme.example/a/amp", "https://acme.example/a"),
            ("https://acme.example/a/amp/", "https://acme.example/a"),
            ("https://acme.example/a.amp.html", "https://acme.example/a.html"),
            ("https://acme.example/a?amp=1", "https://acme.example/a"),
            ("https://acme.example/a?amp", "https://acme.example/a"),
            ("https://acme.example/amp", "https://acme.example/amp"),
            ("https://acme.example/amplifiers", "https://acme.example/amplifiers"),
            ("https://amp.dev/a", "https://amp.dev/a"),
            ("https://m.github.io/a", "https://m.github.io/a"),
            ("https://acme.example/a/index.html", "https://acme.example/a"),
            ("https://acme.example/index.php?id=3", "https://acme.example/?id=3"),
            ("https://acme.example/a;jsessionid=8F?x=1", "https://acme.example/a?x=1"),
            ("https://acme.example/a/../b/./c", "https://acme.example/b/c"),
            ("https://acme.example/%7ejane/%c3%bc%2f", "https://acme.example/~jane/%C3%BC%2F"),
            ("https://acme.example/ü", "https://acme.example/%C3%BC"),
            ("https://acme.example/100%", "https://acme.example/100%25"),
            ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
            ("https://acme.example/a#part", "https://acme.example/a"),
            ("https://acme.example/#!/a", "https://acme.example/#!/a"),
            ("https://acme.example/?b=2&a=1&utm_source=x&b=1", "https://acme.example/?a=1&b=2&b=1"),
            ("https://acme.example/?a=1&amp;b=2&amp;utm_medium=y", "https://acme.example/?a=1&b=2"),
            ("https://acme.example/?q=a%20b&empty=&&", "https://acme.example/?empty&q=a+b"),
            ("https://acme.example/?fbclid=1", "https://acme.example/"),
            ("http://127.0.0.1:7701/a/", "https://127.0.0.1:7701/a"),
            ("http://[::1]/a", "https://[::1]/a"),
            ("mailto:jane@acme.example", "mailto:jane@acme.example"),
        ] {
            assert_eq!(canonical(written), page, "{written}");
        }
    }

    #[test]
    fn wrappers_and_second_names_of_a_page_lead_to_it() {
        for (written, page) in [
            ("https://www.google.com/url?sa=t&url=https://acme.example/a%3Fb%3D1&ct=ga", "https://acme.example/a?b=1"),
            ("https://l.facebook.com/l.php?u=https%3A%2F%2Facme.example%2Fa&h=x", "https://acme.example/a"),
            ("https://www.google.com/amp/s/amp.acme.example/a", "https://acme.example/a"),
            ("https://acme-example.cdn.ampproject.org/c/s/acme.example/a.amp.html", "https://acme.example/a.html"),
            ("https://www.google.com/url?q=javascript:alert(1)", "https://google.com/url?q=javascript:alert(1)"),
            ("https://youtu.be/abc?t=3", "https://youtube.com/watch?v=abc"),
            ("https://m.youtube.com/watch?v=abc&feature=share", "https://youtube.com/watch?v=abc"),
            ("https://mobile.twitter.com/acme/status/1?s=20", "https://x.com/acme/status/1"),
            ("https://old.reddit.com/r/acme/comments/1/x/", "https://reddit.com/r/acme/comments/1/x"),
        ] {
            assert_eq!(canonical(written), page, "{written}");
        }
    }

    #[test]
    fn a_canonical_url_is_its_own_canonical_url() {
        for url in
            ["http://m.acme.example/a/?b=%20x&a=%2f#!%7e", "https://acme.example/%", "https://a.example/?%26=%3d"]
        {
            let once = canonical(url);
            assert_eq!(canonical(&once), once, "{url}");
        }
    }

    #[test]
    fn wrappers_in_wrappers_end() {
        let mut url = "https://acme.example/".to_owned();
        for _ in 0..6 {
            url = format!("https://google.com/url?q={}", url.replace('%', "%25").replace('&', "%26"));
        }
        assert!(canonical(&url).starts_with("https://google.com/url?q="));
    }

    #[test]
    fn front_pages_are_told_from_pages() {
        for (url, front) in [
            ("https://www.acme.example/?utm_source=hn", true),
            ("https://acme.example/index.html", true),
            ("https://acme.example/en/", true),
            ("https://acme.example/de-ch", true),
            ("https://blog.acme.example", true),
            ("https://acme.example/?p=12", false),
            ("https://acme.example/ai", false),
            ("https://acme.example/english", false),
            ("https://acme.example/#!/a", false),
            ("https://acme.example/en/blog", false),
        ] {
            assert_eq!(is_front_page(&canonical(url)), front, "{url}");
        }
    }

    #[test]
    fn a_site_is_a_host_without_www() {
        for (url, site) in [
            ("https://WWW.Acme.Example/a", "acme.example"),
            ("https://forum.acme.example:8080", "forum.acme.example"),
            ("https://www.example", "www.example"),
            ("mailto:x@y.example", ""),
        ] {
            assert_eq!(site_of(&Url::parse(url).expect("a URL")), site);
        }
    }
}
