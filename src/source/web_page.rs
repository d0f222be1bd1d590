//! How is a page listened to that has no feed, by CSS selectors?

use std::collections::HashMap;

use schemars::JsonSchema;
use scraper::error::SelectorErrorKind;
use scraper::{ElementRef, Html, Selector};
use serde::Deserialize;
use url::Url;

use crate::model::{
    Fault, Next, PostType, Progress, RawAuthor, RawPost, ReadError, Reading, Rejection, Request, Response, Settings,
    Source, SourceKind, TextForm,
};
use crate::parse::{charset, date, html};

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
    /// Selects every item of the page, for example `article.post`; the others select inside of each item.
    #[schemars(with = "String")]
    item: Pick,
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

/// Items that hold more text together than so many times the page are nested, by mistake or to eat memory.
const MOST_COPIES: usize = 8;

pub struct Kind;

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "web_page"
    }

    fn summary(&self) -> &'static str {
        "items of a web page without feed, by CSS selectors"
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
        let page: WebPage = settings.read()?;
        if page.item.take != Take::Usual {
            return Err(vec![
                settings
                    .fault("item", format!("`{}` takes a part of the items", page.item.written))
                    .hint("a plain selector"),
            ]);
        }
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
        html::check_depth(&text).map_err(|deep| ReadError::Hostile { why: deep.to_string() })?;
        let page = Html::parse_document(&text);
        let items = self.items(&page)?;
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
    /// The items of the page. That there are none is an error: a page that was rebuilt shall not fall silent unnoticed.
    fn items<'p>(&self, page: &'p Html) -> Result<Vec<ElementRef<'p>>, ReadError> {
        let items: Vec<ElementRef<'p>> = match &self.item.selector {
            Some(selector) => page.select(selector).collect(),
            None => Vec::new(),
        };
        if !items.is_empty() {
            return Ok(items);
        }
        let title = Selector::parse("title")
            .ok()
            .and_then(|title| page.select(&title).next())
            .map(one_line)
            .unwrap_or_default();
        let why = format!(
            "the selector `{}` of `item` finds nothing on the page “{title}”; either the page was rebuilt, or scripts fill it",
            self.item.written
        );
        Err(ReadError::WrongFormat { expected: "a page with items", why })
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
        let wanted = picks.into_iter().filter_map(|(name, pick)| Some((name, pick.as_ref()?)));
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
        let title = match (&self.title, &self.link) {
            (Some(pick), _) => pick.take(item, |element| Some(one_line(element))),
            (None, Some(pick)) => pick.find(item).map(one_line),
            (None, None) => first_link(item).map(one_line),
        };
        let text = match &self.text {
            Some(pick) if pick.take == Take::Usual => pick.take(item, |element| Some(element.inner_html())),
            Some(pick) => pick.take(item, |_| None).map(escaped),
            None => Some(item.inner_html()),
        };
        let author = self.author.as_ref().and_then(|pick| pick.take(item, |element| Some(one_line(element))));
        let moment = self.date.as_ref().and_then(|pick| pick.take(item, when));
        RawPost {
            url: url.map(String::from).unwrap_or_default(),
            post_type: PostType::Article,
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

fn when(element: ElementRef<'_>) -> Option<String> {
    Some(element.attr("datetime").map_or_else(|| one_line(element), str::to_owned))
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
            "not a page with items: the selector `article` of `item` finds nothing on the page “Acme Changelog”; \
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
