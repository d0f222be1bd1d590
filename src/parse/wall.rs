//! Does a page of consent, login or doubt that we are human stand in the place of the content?
//!
//! Asked only once nothing was found that was looked for: a page with its content and a banner over it is no wall.
//! What says so, in the order of trust: where the answer came from in the end, the title of the page, the scripts that
//! such pages are made of, and a form for a password on a page that says little else.

use scraper::{Html, Selector};
use url::Url;

use super::html::check_depth;

/// How far into a page its scripts are looked at, in bytes.
const MAX_LOOKED_AT: usize = 256 * 1024;
/// A page with more visible text than this, in bytes, has something to say besides its form.
const FEW_WORDS: usize = 3_000;
/// Longest title quoted, in characters.
const MAX_QUOTED: usize = 80;

const CONSENT: &str = "it asks for consent";
const HUMAN: &str = "it asks whether a human is there";
const LOGIN: &str = "it asks for a login";

/// First labels of hosts that only such pages have.
const HOSTS: [(&str, &str); 6] =
    [("consent", CONSENT), ("cmp", CONSENT), ("login", LOGIN), ("accounts", LOGIN), ("sso", LOGIN), ("auth", LOGIN)];

/// Parts of paths that only such pages have, whole segments.
const PATHS: [(&str, &str); 18] = [
    ("/consent", CONSENT),
    ("/collectconsent", CONSENT),
    ("/cookiewall", CONSENT),
    ("/cookie-wall", CONSENT),
    ("/privacy-gate", CONSENT),
    ("/login", LOGIN),
    ("/log-in", LOGIN),
    ("/login.php", LOGIN),
    ("/signin", LOGIN),
    ("/sign-in", LOGIN),
    ("/sign_in", LOGIN),
    ("/sso", LOGIN),
    ("/authwall", LOGIN),
    ("/wp-login.php", LOGIN),
    ("/captcha", HUMAN),
    ("/cdn-cgi/challenge-platform", HUMAN),
    ("/sorry/index", HUMAN),
    ("/.within.website", HUMAN),
];

/// Beginnings of titles, in lower case.
const TITLES: [(&str, &str); 38] = [
    ("just a moment", HUMAN),
    ("one moment, please", HUMAN),
    ("attention required! | cloudflare", HUMAN),
    ("checking your browser", HUMAN),
    ("verify you are human", HUMAN),
    ("verifying you are human", HUMAN),
    ("please verify you are", HUMAN),
    ("human verification", HUMAN),
    ("bot verification", HUMAN),
    ("security verification", HUMAN),
    ("security check", HUMAN),
    ("robot check", HUMAN),
    ("are you a robot", HUMAN),
    ("are you human", HUMAN),
    ("are you a human", HUMAN),
    ("captcha", HUMAN),
    ("ddos-guard", HUMAN),
    ("pardon our interruption", HUMAN),
    ("making sure you're not a bot", HUMAN),
    ("client challenge", HUMAN),
    ("access to this page has been denied", HUMAN),
    ("before you continue", CONSENT),
    ("bevor sie fortfahren", CONSENT),
    ("bevor sie weiter", CONSENT),
    ("avant de continuer", CONSENT),
    ("prima di continuare", CONSENT),
    ("antes de continuar", CONSENT),
    ("cookie consent", CONSENT),
    ("your privacy choices", CONSENT),
    ("log in", LOGIN),
    ("login", LOGIN),
    ("sign in", LOGIN),
    ("anmelden", LOGIN),
    ("anmeldung", LOGIN),
    ("se connecter", LOGIN),
    ("connexion", LOGIN),
    ("accedi", LOGIN),
    ("iniciar sesi", LOGIN),
];

/// What pages of this sort are made of; ordinary pages have none of them.
const MADE_OF: [(&str, &str); 10] = [
    ("_cf_chl_opt", HUMAN),
    ("cf-browser-verification", HUMAN),
    ("/cdn-cgi/challenge-platform/h/", HUMAN),
    ("_Incapsula_Resource", HUMAN),
    ("px-captcha", HUMAN),
    ("geo.captcha-delivery.com", HUMAN),
    ("within.website/x/cmd/anubis", HUMAN),
    ("action=\"https://consent.", CONSENT),
    ("name=\"consentUUID\"", CONSENT),
    ("id=\"consent-page\"", CONSENT),
];

/// What ordinary pages have too: they count where little else is said.
const FORMS: [(&str, &str); 5] = [
    ("input[type=password]", LOGIN),
    (".g-recaptcha", HUMAN),
    (".h-captcha", HUMAN),
    (".cf-turnstile", HUMAN),
    ("form[action*=consent]", CONSENT),
];

/// What stands in the way, in words; `None` where nothing says that it is more than a page of another sort.
///
/// `text` is the answer, in which nothing was found; `address` is where it came from after redirects.
pub fn of(text: &str, address: &Url) -> Option<String> {
    let (page, title) = if check_depth(text).is_ok() { parsed(text) } else { (None, String::new()) };
    let what = by_address(address)
        .or_else(|| found(&TITLES, |start| title.to_lowercase().starts_with(start)))
        .or_else(|| made_of(text))
        .or_else(|| form(page.as_ref()?));
    let named = if title.is_empty() { String::new() } else { format!(" (“{title}”)") };
    what.map(|what| format!("{what}{named}"))
}

fn parsed(text: &str) -> (Option<Html>, String) {
    let page = Html::parse_document(text);
    let title = Selector::parse("title").ok().and_then(|title| page.select(&title).next());
    let title: String = title.map(|title| title.text().collect()).unwrap_or_default();
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_QUOTED).collect();
    (Some(page), title)
}

fn found(table: &[(&str, &'static str)], is_there: impl Fn(&str) -> bool) -> Option<&'static str> {
    table.iter().find(|(mark, _)| is_there(mark)).map(|(_, what)| *what)
}

fn by_address(address: &Url) -> Option<&'static str> {
    let label = address.host_str()?.split('.').next()?;
    let path = format!("{}/", address.path().trim_end_matches('/').to_ascii_lowercase());
    found(&HOSTS, |host| host == label).or_else(|| found(&PATHS, |part| path.contains(&format!("{part}/"))))
}

fn made_of(text: &str) -> Option<&'static str> {
    let end = (0..=MAX_LOOKED_AT.min(text.len())).rev().find(|end| text.is_char_boundary(*end))?;
    found(&MADE_OF, |mark| text[..end].contains(mark))
}

fn form(page: &Html) -> Option<&'static str> {
    let there = |css: &str| Selector::parse(css).is_ok_and(|css| page.select(&css).next().is_some());
    let what = found(&FORMS, there)?;
    (words(page) <= FEW_WORDS).then_some(what)
}

/// How much text a reader sees, in bytes.
fn words(page: &Html) -> usize {
    let unseen = ["script", "style", "noscript", "title", "template"];
    let mut seen = 0;
    for node in page.tree.root().descendants() {
        let Some(text) = node.value().as_text() else { continue };
        let holder = node.parent().and_then(|parent| parent.value().as_element().map(|element| element.name()));
        if !holder.is_some_and(|name| unseen.contains(&name)) {
            seen += text.trim().len();
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(html: &str, address: &str) -> Option<String> {
        of(html, &address.parse().expect("a URL"))
    }

    #[test]
    fn pages_in_the_place_of_the_content_are_known_by_address_title_scripts_or_form() {
        for (html, address, said) in [
            ("<p>We value your privacy", "https://consent.acme.example/m?continue=x", "it asks for consent"),
            ("<p>x", "https://acme.example/users/sign_in", "it asks for a login"),
            (
                "<title>Just a moment...</title>",
                "https://acme.example/f",
                "it asks whether a human is there (“Just a moment...”)",
            ),
            (
                "<title>\n Attention Required! | Cloudflare </title>",
                "https://acme.example/",
                "it asks whether a human is there (“Attention Required! | Cloudflare”)",
            ),
            ("<script>window._cf_chl_opt={}</script>", "https://acme.example/", "it asks whether a human is there"),
            ("<form action=\"https://consent.acme.example/save\">", "https://acme.example/", "it asks for consent"),
            (
                "<title>Acme Intranet</title><form><input name=u><input type=password></form>",
                "https://acme.example/",
                "it asks for a login (“Acme Intranet”)",
            ),
        ] {
            assert_eq!(wall(html, address).as_deref(), Some(said), "{html}");
        }
    }

    #[test]
    fn a_page_with_something_to_say_is_no_wall() {
        let long = format!(
            "<title>Acme forum</title><p>{}<form><input type=password></form>",
            "All about anvils. ".repeat(300)
        );
        let banner = "<title>Acme blog</title><div id=onetrust-banner-sdk>We use cookies. Accept all</div><article>News</article>";
        for (html, address) in [
            (&long[..], "https://acme.example/"),
            (banner, "https://acme.example/"),
            ("<title>How to log in faster</title><p>x", "https://acme.example/blog/login-tips"),
            ("<title>Justice served</title>", "https://acme.example/consenting-adults"),
            ("", "https://acme.example/"),
        ] {
            assert_eq!(wall(html, address), None, "{html}");
        }
        assert_eq!(wall(&"<ul><li>".repeat(125_000), "https://acme.example/"), None);
    }
}
