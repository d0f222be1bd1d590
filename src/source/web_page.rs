//! How is a page listened to that has no feed, by CSS selectors, as a known forum, or by what changes on it?

mod changes;
mod presets;

use std::collections::HashMap;

use schemars::JsonSchema;
use scraper::error::SelectorErrorKind;
use scraper::{ElementRef, Html, Selector};
use serde::Deserialize;
use url::Url;

use self::presets::Software;
use crate::model::{
    Fault, Next, PostType, Progress, RawAuthor, RawPost, ReadError, Reading, Rejection, Request, Response, Settings,
    Source, SourceKind, TextForm,
};
use crate::parse::{charset, date, html, wall};

pub static KIND: Kind = Kind;

const ACCEPT: &str = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5";

/// How many items of one page are read.
const MAX_ITEMS: usize = 1_000;

/// Longest quotation in a rejection, in characters (see [`Rejection::what`]).
const MAX_QUOTED: usize = 120;

/// Items of a web page that has no feed, found by CSS selectors.
///
/// A selector may end in `@` and the name of an attribute (`time@datetime`), whose value is taken then, or in `@text` (`h2@text`),
/// which takes the element's own text without that of the elements inside of it. `@href` alone is the attribute of the
/// item itself. `:contains()` and `::text` do not exist. The host's robots.txt is obeyed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebPage {
    /// Address of the page; http or https.
    #[schemars(with = "String")]
    url: Url,
    /// Forum software whose lists of topics are known: then no selector is needed. Those that are set count more. Topics
    /// have a title, mostly no text.
    /// Has the forum a feed, an API or Discourse, their kinds know more of each topic.
    preset: Option<Software>,
    /// `true`: no items, but what is new on the page since it was last read becomes a post: a paragraph, an entry of a list, a row.
    /// A small change tells the wording before it too. The first poll only learns the page.
    #[serde(default)]
    changes: bool,
    /// With `changes`: selectors of what does not count, for example `[".visitors", ".ad"]`. Scripts, navigation and
    /// footers never do.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    ignore: Vec<Pick>,
    /// Selects every item of the page, for example `article.post`; the others select inside of each item. With
    /// `changes`, the part of the page that is watched.
    #[schemars(with = "Option<String>")]
    item: Option<Pick>,
    /// Selects the link to the item's own page; takes its `href`. Without it, the first link of the item.
    #[schemars(with = "Option<String>")]
    link: Option<Pick>,
    /// Selects the title. Without it, the text of the link.
    #[schemars(with = "Option<String>")]
    title: Option<Pick>,
    /// Selects the text, for example `.summary`. Without it, the whole item.
    #[schemars(with = "Option<String>")]
    text: Option<Pick>,
    /// Selects the author's name.
    #[schemars(with = "Option<String>")]
    author: Option<Pick>,
    /// Selects the date; takes `datetime` where the element has one, else its text, in any usual form.
    #[schemars(with = "Option<String>")]
    date: Option<Pick>,
}

/// A selector with what is taken of the element it finds.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Pick {
    /// As it was written.
    written: String,
    /// `None` is the item itself.
    selector: Option<Selector>,
    take: Take,
}

#[derive(Clone, Debug, PartialEq)]
enum Take {
    /// What suits the setting: text, markup, `href`, `datetime`.
    Usual,
    OwnText,
    Attribute(String),
}

impl TryFrom<String> for Pick {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_:".contains(c));
        let (css, take) = match written.rsplit_once('@') {
            Some((css, "text")) => (css, Take::OwnText),
            Some((css, name)) if is_name(name) => (css, Take::Attribute(name.to_ascii_lowercase())),
            _ => (&written[..], Take::Usual),
        };
        let selector = match css.trim() {
            "" if take == Take::Usual => return Err("an empty selector".to_owned()),
            "" => None,
            css => Some(
                Selector::parse(css).map_err(|error| format!("`{css}` is no CSS selector: {}", in_words(&error)))?,
            ),
        };
        Ok(Self { selector, take, written })
    }
}

/// What is wrong with a selector, on one line.
fn in_words(error: &SelectorErrorKind) -> String {
    match error {
        // Its own words are a request to report it to the developer.
        SelectorErrorKind::UnexpectedSelectorParseError(kind) => format!("{kind:?}"),
        other => other.to_string(),
    }
}

impl Pick {
    fn find<'p>(&self, item: ElementRef<'p>) -> Option<ElementRef<'p>> {
        match &self.selector {
            Some(selector) => item.select(selector).next(),
            None => Some(item),
        }
    }

    /// What is taken inside of an item; `usual` takes it where the selector does not say.
    fn take(&self, item: ElementRef<'_>, usual: fn(ElementRef<'_>) -> Option<String>) -> Option<String> {
        let element = self.find(item)?;
        let taken = match &self.take {
            Take::Usual => usual(element)?,
            Take::OwnText => {
                element.children().filter_map(|child| child.value().as_text()).map(|text| &text[..]).collect()
            }
            Take::Attribute(name) => element.attr(name)?.to_owned(),
        };
        Some(taken).filter(|taken| !taken.trim().is_empty())
    }
}

/// What forums call the session in their links, and how long one is at least.
const SESSIONS: [&str; 3] = ["sid", "s", "PHPSESSID"];
const MIN_SESSION: usize = 22;

/// Items that hold more text together than so many times the page are nested, by mistake or to eat memory.
const MOST_COPIES: usize = 8;

pub struct Kind;

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "web_page"
    }

    fn summary(&self) -> &'static str {
        "items of a web page without feed, topics of common forums, or what changes on a page"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(WebPage)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "acme-changelog"
kind = "web_page"
url = "https://acme.example/changelog"
item = "article.release"
link = "h2 a"
title = "h2"
text = ".notes"
date = "time@datetime"
"#
    }

    /// Which elements of a page are its items, an address does not tell.
    fn recognise(&self, _: &Url) -> Option<String> {
        None
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let mut page: WebPage = settings.read()?;
        let faults = page.faults(settings);
        if !faults.is_empty() {
            return Err(faults);
        }
        page.fill_in(settings)?;
        match page.url.scheme() {
            "http" | "https" => Ok(Box::new(page)),
            other => {
                Err(vec![settings.fault("url", format!("`{other}` is no way to fetch a page")).hint("http or https")])
            }
        }
    }
}

impl Source for WebPage {
    fn next(&self, progress: &Progress) -> Next {
        if progress.page > 0 {
            return Next::Done;
        }
        let request = Request { robots: true, ..Request::get(self.url.clone()) };
        Next::Http(Box::new(request.header("accept", ACCEPT)))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let (text, recoded) = charset::decode(&response.body, response.header("content-type"));
        let text = if self.preset == Some(Software::Flarum) { presets::without_scripts(&text) } else { text };
        html::check_depth(&text).map_err(|deep| ReadError::Hostile { why: deep.to_string() })?;
        let page = Html::parse_document(&text);
        if self.changes {
            return self.changed(&page, &text, progress, response);
        }
        let Some(items) = self.items(&page) else { return Err(self.nothing(&page, &text, response)) };
        let mut repaired = self.empty_handed(&items);
        if recoded {
            repaired.push("wrong encoding or control characters".to_owned());
        }
        if items.len() > MAX_ITEMS {
            repaired.push(format!("{} items past the first {MAX_ITEMS} left out", items.len() - MAX_ITEMS));
        }
        let base = base(&page, &response.url);
        let lang = page.root_element().attr("lang").map(str::to_owned);
        let mut room = text.len().saturating_mul(MOST_COPIES);
        let mut posts = Vec::new();
        for item in items.iter().take(MAX_ITEMS) {
            let post = self.post(*item, &base, &lang);
            room = room.saturating_sub(post.text.len() + post.title.len());
            if room == 0 {
                let why = format!(
                    "its items stand inside of each other: together they hold the page more than {MOST_COPIES} times"
                );
                return Err(ReadError::Hostile { why });
            }
            posts.push(post);
        }
        let posts = told_apart(posts, &response.url);
        Ok(Reading {
            posts,
            progress: Progress { page: progress.page.saturating_add(1), ..progress.clone() },
            repaired,
            ..Reading::default()
        })
    }
}

impl WebPage {
    /// What cannot be, whatever the page holds.
    fn faults(&self, settings: &Settings<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        let plain = |(key, pick): (&str, &Pick)| {
            let fault = settings.fault(key, format!("`{}` takes a part of what it selects", pick.written));
            (pick.take != Take::Usual).then(|| fault.hint("a plain selector"))
        };
        let picks = self.item.iter().map(|pick| ("item", pick)).chain(self.ignore.iter().map(|pick| ("ignore", pick)));
        faults.extend(picks.filter_map(plain));
        if self.item.is_none() && self.preset.is_none() && !self.changes {
            let fault = settings.fault("item", "nothing says what the items of the page are");
            faults.push(fault.hint("a selector (`item = \"article\"`), `preset = \"phpbb\"`, or `changes = true`"));
        }
        if self.changes && self.preset.is_some() {
            let fault = settings.fault("changes", "a page is read by its items or by its changes");
            faults.push(fault.hint("take out `preset` or `changes`"));
        }
        if !self.ignore.is_empty() && !self.changes {
            faults.push(settings.fault("ignore", "only `changes` looks at the whole page").hint("take it out"));
        }
        faults
    }

    /// Sets what the preset knows and the settings do not say.
    fn fill_in(&mut self, settings: &Settings<'_>) -> Result<(), Vec<Fault>> {
        let Some(software) = self.preset else { return Ok(()) };
        let preset = software.preset();
        for (slot, css) in [
            (&mut self.item, preset.item),
            (&mut self.link, preset.link),
            (&mut self.text, preset.text),
            (&mut self.author, preset.author),
            (&mut self.date, preset.date),
        ] {
            if slot.is_none() && !css.is_empty() {
                *slot = Some(Pick::try_from(css.to_owned()).map_err(|why| vec![settings.fault("preset", why)])?);
            }
        }
        Ok(())
    }

    /// The items of the page.
    fn items<'p>(&self, page: &'p Html) -> Option<Vec<ElementRef<'p>>> {
        let items: Vec<ElementRef<'p>> = page.select(self.item.as_ref()?.selector.as_ref()?).collect();
        Some(items).filter(|items| !items.is_empty())
    }

    /// Why nothing was found. It is an error: a page that was rebuilt shall not fall silent unnoticed.
    fn nothing(&self, page: &Html, text: &str, response: &Response) -> ReadError {
        if let Some(why) = wall::of(text, &response.url) {
            return ReadError::Wall { why };
        }
        let title = Selector::parse("title").ok().and_then(|title| page.select(&title).next()).map(one_line);
        let title = title.unwrap_or_default();
        let what = match &self.item {
            Some(item) => format!("the selector `{}` of `item` finds nothing", item.written),
            None => "there is no text".to_owned(),
        };
        let why = format!("{what} on the page “{title}”; either the page was rebuilt, or scripts fill it");
        ReadError::FoundNothing { why }
    }

    fn changed(&self, page: &Html, text: &str, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let ignore: Vec<Selector> = self.ignore.iter().filter_map(|pick| pick.selector.clone()).collect();
        let within = self.item.as_ref().and_then(|item| item.selector.as_ref());
        match changes::of(page, &ignore, within, progress, &response.url) {
            Some(found) => Ok(Reading {
                posts: found.posts,
                progress: found.progress,
                repaired: found.repaired,
                ..Reading::default()
            }),
            None => Err(self.nothing(page, text, response)),
        }
    }

    /// Says which selectors find nothing in any item.
    fn empty_handed(&self, items: &[ElementRef<'_>]) -> Vec<String> {
        let picks = [
            ("link", &self.link),
            ("title", &self.title),
            ("text", &self.text),
            ("author", &self.author),
            ("date", &self.date),
        ];
        // A preset serves several versions of its software, which do not all show everything.
        let known = if self.preset.is_some() { 1 } else { picks.len() };
        let wanted = picks.into_iter().take(known).filter_map(|(name, pick)| Some((name, pick.as_ref()?)));
        wanted
            .filter(|(_, pick)| items.iter().all(|item| pick.find(*item).is_none()))
            .map(|(name, pick)| format!("the selector `{}` of `{name}` finds nothing in any item", pick.written))
            .collect()
    }

    fn post(&self, item: ElementRef<'_>, base: &Url, lang: &Option<String>) -> RawPost {
        let link = match &self.link {
            Some(pick) => pick.take(item, href),
            None => href(item),
        };
        let url =
            link.and_then(|link| base.join(link.trim()).ok()).filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.map(without_session);
        let title = match (&self.title, &self.link) {
            (Some(pick), _) => pick.take(item, |element| Some(one_line(element))),
            (None, Some(pick)) => pick.find(item).map(one_line),
            (None, None) => first_link(item).map(one_line),
        };
        let text = match &self.text {
            Some(pick) if pick.take == Take::Usual => pick.take(item, |element| Some(element.inner_html())),
            Some(pick) => pick.take(item, |_| None).map(escaped),
            None if self.preset.is_some() => None,
            None => Some(item.inner_html()),
        };
        let author = self.author.as_ref().and_then(|pick| pick.take(item, |element| Some(one_line(element))));
        let moment = self.date.as_ref().and_then(|pick| pick.take(item, when));
        RawPost {
            url: url.map(String::from).unwrap_or_default(),
            post_type: if self.preset.is_some() { PostType::Story } else { PostType::Article },
            title: title.map(escaped).unwrap_or_default(),
            text: text.unwrap_or_default(),
            form: TextForm::Html,
            author: author.map(|name| RawAuthor { name: name.trim().to_owned(), ..RawAuthor::default() }),
            published: moment.and_then(|moment| date::parse(&moment)),
            lang: lang.clone(),
            ..RawPost::default()
        }
    }
}

/// The address without the session that forums write into their links for readers without cookies: it is another one
/// each time.
fn without_session(mut url: Url) -> Url {
    let is_session = |name: &str, value: &str| {
        let name = name.rsplit(';').next().unwrap_or(name);
        SESSIONS.iter().any(|session| name.eq_ignore_ascii_case(session))
            && value.len() >= MIN_SESSION
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b',' | b'-'))
    };
    let Some(query) = url.query() else { return url };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.split_once('=').is_some_and(|(name, value)| is_session(name, value)))
        .collect();
    let kept = kept.join("&");
    if kept.len() != query.len() {
        url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    }
    url
}

/// Gives every post its key: its link, where no other item has the same one, else a hash of its words.
fn told_apart(posts: Vec<RawPost>, page: &Url) -> Vec<Result<RawPost, Rejection>> {
    let mut uses: HashMap<String, usize> = HashMap::new();
    for post in &posts {
        *uses.entry(post.url.clone()).or_default() += 1;
    }
    let host = page.host_str().unwrap_or_default();
    let keyed = |mut post: RawPost| {
        if post.title.is_empty() && post.text.trim().is_empty() {
            let what = post.url.chars().take(MAX_QUOTED).collect();
            return Err(Rejection { why: "an item without title and text".to_owned(), what });
        }
        post.key = match uses.get(&post.url) {
            Some(1) if !post.url.is_empty() => post.url.clone(),
            _ => {
                let words = blake3::hash(format!("{}\0{}", post.title, post.text).as_bytes()).to_hex();
                format!("{host}:{}", &words[..32])
            }
        };
        Ok(post)
    };
    posts.into_iter().map(keyed).collect()
}

/// Where relative links of the page count from.
fn base(page: &Html, address: &Url) -> Url {
    let stated = Selector::parse("base[href]").ok().and_then(|base| page.select(&base).next()?.attr("href"));
    stated.and_then(|stated| address.join(stated.trim()).ok()).unwrap_or_else(|| address.clone())
}

/// The element itself or the first one inside of it that leads somewhere.
fn first_link(element: ElementRef<'_>) -> Option<ElementRef<'_>> {
    let leads = |element: &ElementRef<'_>| element.attr("href").is_some();
    Some(element).filter(leads).or_else(|| element.descendent_elements().find(leads))
}

fn href(element: ElementRef<'_>) -> Option<String> {
    first_link(element)?.attr("href").map(str::to_owned)
}

/// A date: `datetime`, or the text, or where that only says "5 hours ago" the hint that shows the whole date.
fn when(element: ElementRef<'_>) -> Option<String> {
    if let Some(moment) = element.attr("datetime") {
        return Some(moment.to_owned());
    }
    let text = one_line(element);
    if date::parse(&text).is_some() {
        return Some(text);
    }
    let hints = [element].into_iter().chain(element.descendent_elements()).filter_map(|inner| inner.attr("title"));
    hints.filter(|hint| date::parse(hint).is_some()).map(str::to_owned).next().or(Some(text))
}

fn one_line(element: ElementRef<'_>) -> String {
    let text: String = element.text().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn escaped(text: String) -> String {
    quick_xml::escape::partial_escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn load(block: &str) -> Result<Box<dyn Source>, Vec<String>> {
        let settings = Settings::parse("source.x", block).expect("well-formed TOML");
        KIND.load(&settings)
            .map_err(|faults| faults.into_iter().map(|fault| fault.placed("s.toml", block).to_string()).collect())
    }

    fn sample() -> &'static str {
        KIND.sample().split_once("kind = \"web_page\"\n").expect("the kind").1
    }

    fn response(html: &str) -> Response {
        Response {
            status: 200,
            url: "https://acme.example/changelog".parse().expect("a URL"),
            headers: Vec::new(),
            body: html.to_owned().into(),
            received_at: Timestamp(0),
        }
    }

    fn read(settings: &str, html: &str) -> Result<Reading, ReadError> {
        load(&format!("url = \"https://acme.example/changelog\"\n{settings}"))
            .expect("a source")
            .read(&Progress::default(), &response(html))
    }

    #[test]
    fn a_poll_asks_once_and_obeys_robots_txt() {
        let source = load(sample()).expect("the sample loads");
        let Next::Http(request) = source.next(&Progress::default()) else { panic!("a request") };
        assert!(request.robots && request.conditional);
        assert!(matches!(source.next(&Progress { page: 1, ..Progress::default() }), Next::Done));
    }

    #[test]
    fn a_suffix_says_what_is_taken() {
        let html = "<li class='i' id='n1' data-by='Jo'><b title='full'>own <i>inner</i> text</b><a href='a'>x</a></li>";
        for (pick, title) in [
            ("b", "own inner text"),
            ("b@text", "own  text"),
            ("b@title", "full"),
            ("@id", "n1"),
            ("@data-by", "Jo"),
            ("b@missing", ""),
            ("[href*='@']", ""),
        ] {
            let reading = read(&format!("item = \".i\"\ntitle = \"{pick}\""), html).expect("a page");
            let [Ok(post)] = &reading.posts[..] else { panic!("one post by {pick}") };
            assert_eq!(post.title, title, "{pick}");
        }
    }

    #[test]
    fn links_are_made_absolute_and_name_the_post() {
        for (html, url, key) in [
            ("<p><a href='b'>x</a>", "https://acme.example/b", "https://acme.example/b"),
            (
                "<base href='//cdn.example/d/'><p><a href='b'>x</a>",
                "https://cdn.example/d/b",
                "https://cdn.example/d/b",
            ),
            ("<p><a href=' /b?x=1#y '>x</a>", "https://acme.example/b?x=1#y", "https://acme.example/b?x=1#y"),
            ("<p><a href='javascript:x()'>x</a>", "", "acme.example:"),
            ("<p>no link", "", "acme.example:"),
        ] {
            let reading = read("item = \"p\"", html).expect("a page");
            let [Ok(post)] = &reading.posts[..] else { panic!("one post in {html}") };
            assert_eq!(post.url, url, "{html}");
            assert!(post.key.starts_with(key), "{html}: {}", post.key);
        }
        let same = read("item = \"p\"", "<p><a href='b'>x</a><p><a href='b'>y</a>").expect("a page");
        let keys: Vec<&str> = same.posts.iter().flatten().map(|post| &post.key[..]).collect();
        assert!(keys[0] != keys[1], "{keys:?}");
    }

    #[test]
    fn a_page_without_items_is_an_error_and_an_item_without_words_a_rejection() {
        let error = read("item = \"article\"", "<title>Acme\n Changelog</title><p>moved").expect_err("no items");
        assert_eq!(
            error.to_string(),
            "nothing was found: the selector `article` of `item` finds nothing on the page “Acme Changelog”; \
             either the page was rebuilt, or scripts fill it"
        );
        let reading = read("item = \"p\"\ntext = \".body\"\ndate = \"time\"", "<p><a href='x'></a><p><a>no text</a>")
            .expect("a page");
        assert!(
            reading
                .posts
                .iter()
                .all(|post| post.as_ref().is_err_and(|rejection| rejection.why.contains("without title"))),
            "{:?}",
            reading.posts
        );
        assert_eq!(
            reading.repaired,
            [
                "the selector `.body` of `text` finds nothing in any item",
                "the selector `time` of `date` finds nothing in any item"
            ]
        );
    }

    #[test]
    fn a_page_in_the_place_of_the_items_is_told_as_such() {
        let error = read("item = \"article\"", "<title>Just a moment...</title>").expect_err("a wall");
        assert_eq!(
            error.to_string(),
            "a page in place of the content: it asks whether a human is there (“Just a moment...”)"
        );
        let banner = "<title>Log in or sign up</title><article>News<input type=password></article>";
        assert!(read("item = \"article\"", banner).is_ok());
    }

    #[test]
    fn every_preset_is_made_of_selectors_that_can_be_read_and_overruled() {
        for software in Software::ALL {
            let preset = software.preset();
            for css in [preset.item, preset.link, preset.text, preset.author, preset.date] {
                assert!(css.is_empty() || Pick::try_from(css.to_owned()).is_ok(), "{css}");
            }
        }
        let html = "<ul class='topiclist topics'><li class=row><a class=topictitle href=a>x</a><h3>y</h3></li></ul>";
        let reading = read("preset = \"phpbb\"\ntitle = \"h3\"", html).expect("topics");
        let Ok(post) = &reading.posts[0] else { panic!("a post") };
        assert_eq!((&post.title[..], post.post_type), ("y", PostType::Story));
    }

    #[test]
    fn a_session_in_a_link_does_not_make_another_post() {
        for (link, kept) in [
            ("t?f=2&t=9&sid=0123456789abcdef0123456789abcdef", "t?f=2&t=9"),
            ("t?s=0123456789abcdef0123456789abcdef&t=9", "t?t=9"),
            ("t?PHPSESSID=0123456789abcdef0123456789&topic=9.0", "t?topic=9.0"),
            ("t?sid=7", "t?sid=7"),
            ("t?s=acme", "t?s=acme"),
        ] {
            let url = without_session(Url::parse(&format!("https://acme.example/{link}")).expect("a URL"));
            assert_eq!(url.as_str(), format!("https://acme.example/{kept}"));
        }
    }

    #[test]
    fn what_is_new_on_a_page_is_told_and_its_first_reading_only_learns() {
        let source =
            load("url = \"https://acme.example/pricing\"\nchanges = true\nignore = [\".ad\"]\nitem = \"main\"")
                .expect("a source");
        let page = "<p>Outside</p><main><p>Small: 5 EUR</p><p class=ad>Buy</p></main>";
        let first = source.read(&Progress::default(), &response(page)).expect("a page");
        assert_eq!(first.posts, []);
        let after = page.replace("Outside", "Elsewhere").replace("Buy", "Sell").replace("5 EUR", "7 EUR");
        let second = source.read(&first.progress.start_poll(), &response(&after)).expect("a page");
        let texts: Vec<&str> = second.posts.iter().flatten().map(|post| &post.text[..]).collect();
        assert_eq!(texts, ["Small: 7 EUR\n\nBefore: Small: 5 EUR"]);
        let error = source.read(&first.progress, &response("<title>Gone</title>")).expect_err("nothing");
        assert!(matches!(error, ReadError::FoundNothing { .. }), "{error}");
    }

    #[test]
    fn settings_that_contradict_each_other_are_told() {
        for (settings, key) in [
            ("", "item"),
            ("changes = true\npreset = \"smf\"", "changes"),
            ("item = \"p\"\nignore = [\"b\"]", "ignore"),
            ("item = \"p@id\"", "item"),
            ("preset = \"punbb\"", "preset"),
        ] {
            let faults = load(&format!("url = \"https://acme.example/\"\n{settings}")).expect_err("faults");
            assert!(faults.len() == 1 && faults[0].contains(&format!("source.x.{key}:")), "{faults:?}");
        }
    }

    #[test]
    fn items_inside_of_each_other_are_refused_before_they_eat_the_memory() {
        let page = format!("{}{}", "<div class=\"i\"><a>acme</a>".repeat(300), "x".repeat(100_000));
        let refused = read("item = \".i\"", &page).map(|reading| reading.posts.len());
        assert!(
            matches!(&refused, Err(ReadError::Hostile { why }) if why.contains("inside of each other")),
            "{refused:?}"
        );
    }

    #[test]
    fn a_page_that_would_choke_the_parser_is_refused() {
        let error = read("item = \"p\"", &"<ul><li>".repeat(125_000)).expect_err("too deep");
        assert_eq!(error.to_string(), "refused before parsing: elements stand more than 512 deep in each other");
    }

    #[test]
    fn faults_in_the_settings_are_found_at_once() {
        assert_eq!(
            load("url = \"file:///etc/passwd\"\nitem = \"p\"").err(),
            Some(vec!["s.toml:1:7: source.x.url: `file` is no way to fetch a page (http or https)".to_owned()])
        );
        let faults = load("# a page\nurl = \"https://acme.example/\"\nitem = \"div:::x\"\nlink = \"a:contains(x)\"\ntitel = \"h2\"\ntext = \"\"").expect_err("faults");
        for (fault, start) in faults.iter().zip([
            "s.toml:3:8: source.x.item: `div:::x` is no CSS selector: ",
            "s.toml:4:8: source.x.link: `a:contains(x)` is no CSS selector: UnsupportedPseudoClassOrElement",
            "s.toml:6:8: source.x.text: an empty selector",
            "s.toml:5:1: source.x.titel: unknown key `titel` (did you mean `title`?)",
        ]) {
            assert!(fault.starts_with(start), "{fault}\nis not\n{start}");
        }
        assert_eq!(faults.len(), 4, "{faults:#?}");
    }
}
