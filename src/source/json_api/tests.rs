//! Does any JSON API become posts, page by page?

use serde_json::{Value, json};

use super::paging::next_of;
use super::*;
use crate::model::{Timestamp, TokenGrant};

const MINIMAL: &str =
    "url = \"https://api.acme.example/v1/posts?tag=acme\"\nmap.id = \"$.id\"\nmap.text = \"$.text\"\n";

fn load(block: &str) -> Result<Box<dyn Source>, Vec<String>> {
    let settings = Settings::parse("source.x", block).expect("well-formed TOML");
    KIND.load(&settings)
        .map_err(|faults| faults.into_iter().map(|fault| fault.placed("s.toml", block).to_string()).collect())
}

fn source(more: &str) -> Box<dyn Source> {
    load(&format!("{MINIMAL}{more}")).expect("a source")
}

fn request(source: &dyn Source, progress: &Progress) -> Option<Request> {
    match source.next(progress) {
        Next::Http(request) => Some(*request),
        Next::Subscribe(_) | Next::Done => None,
    }
}

fn asked(source: &dyn Source, progress: &Progress) -> Option<String> {
    request(source, progress).map(|request| request.url.to_string())
}

fn answer(body: &Value, link: Option<&str>) -> Response {
    Response {
        status: 200,
        url: Url::parse("https://api.acme.example/v1/posts?tag=acme").expect("a URL"),
        headers: link.map(|link| ("link".to_owned(), link.to_owned())).into_iter().collect(),
        body: body.to_string().into(),
        received_at: Timestamp(0),
    }
}

fn read(source: &dyn Source, progress: &Progress, body: Value) -> Result<Reading, ReadError> {
    source.read(progress, &answer(&body, None))
}

fn items(ids: &[u64]) -> Vec<Value> {
    ids.iter().map(|id| json!({"id": id, "text": "x"})).collect()
}

/// The requests of a second poll whose pages hold these ids; the first poll saw 3, 2 and 1.
fn second_poll(source: &dyn Source, pages: &[&[u64]], rest: &dyn Fn(usize) -> (Value, Option<String>)) -> Vec<String> {
    let first = read(source, &Progress::default(), wrapped(&[3, 2, 1], json!({}))).expect("a page").progress;
    assert_eq!(asked(source, &first), None, "the first poll of all reads one page");
    let mut progress = first.start_poll();
    let mut urls = Vec::new();
    for (page, ids) in pages.iter().enumerate() {
        let Some(url) = asked(source, &progress) else { break };
        urls.push(url.trim_start_matches("https://api.acme.example/v1/posts").to_owned());
        let (fields, link) = rest(page);
        let answer = answer(&wrapped(ids, fields), link.as_deref());
        progress = source.read(&progress, &answer).expect("a page").progress;
    }
    urls.extend(asked(source, &progress).map(|url| format!("still {url}")));
    urls
}

fn wrapped(ids: &[u64], mut fields: Value) -> Value {
    fields["items"] = items(ids).into();
    fields
}

#[test]
fn later_polls_go_back_page_by_page_to_what_is_known() {
    let cursor = |page: usize| (json!({"next": format!("c{page}")}), None);
    let address = |page: usize| (json!({"next": format!("/v1/posts?after={page}")}), None);
    let link = |page: usize| (json!({}), Some(format!("</v1/posts?p={page}>; rel=\"next\"")));
    let nothing = |_: usize| (json!({}), None);
    let pages: &[&[u64]] = &[&[9, 8], &[7, 6], &[5, 3], &[2, 1]];
    let of = |paging: &str| source(&format!("items = \"$.items\"\npaging = {{ {paging} }}"));
    for (source, rest, urls) in [
        (
            of("cursor = \"$.next\", parameter = \"after\""),
            &cursor as &dyn Fn(usize) -> _,
            ["?tag=acme", "?tag=acme&after=c0", "?tag=acme&after=c1"],
        ),
        (of("page = \"page\""), &nothing, ["?tag=acme", "?tag=acme&page=2", "?tag=acme&page=3"]),
        (
            of("page = \"offset\", start = 0, step = 2"),
            &nothing,
            ["?tag=acme", "?tag=acme&offset=2", "?tag=acme&offset=4"],
        ),
        (of("link = true"), &link, ["?tag=acme", "?p=0", "?p=1"]),
        (of("next = \"$.next\""), &address, ["?tag=acme", "?after=0", "?after=1"]),
    ] {
        assert_eq!(second_poll(&*source, pages, rest), urls);
    }
}

#[test]
fn a_poll_ends_where_nothing_more_comes() {
    let source = source("items = \"$.items\"\npaging = { page = \"page\", most = 4 }");
    let nothing = |_: usize| (json!({}), None);
    for (pages, asked) in [
        (&[&[9, 8][..], &[]][..], 2),         // an empty page
        (&[&[9, 8], &[9, 8], &[7]], 2),       // a page that repeats itself
        (&[&[3, 2, 1], &[0]], 1),             // nothing new
        (&[&[1, 9, 8], &[7, 3]], 2),          // a known item pinned to the top
        (&[&[9], &[8], &[7], &[6], &[5]], 4), // the bound
    ] {
        assert_eq!(second_poll(&*source, pages, &nothing).len(), asked, "{pages:?}");
    }
}

#[test]
fn the_next_page_is_never_on_another_host() {
    for (paging, next) in [
        ("next = \"$.next\"", "https://evil.example/v1/posts"),
        ("next = \"$.next\"", "http://api.acme.example/v1/posts"),
        ("next = \"$.next\"", "https://api.acme.example:8443/"),
        ("next = \"$.next\"", "javascript:x"),
    ] {
        let source = source(&format!("items = \"$.items\"\npaging = {{ {paging} }}"));
        let progress = Progress { cursor: Some("x".into()), ..Progress::default() };
        let progress = read(&*source, &progress, wrapped(&[9], json!({"next": next}))).expect("a page").progress;
        assert_eq!(asked(&*source, &progress), None, "{next}");
        let written_by_another = Progress { page: 1, next: Some(next.into()), ..Progress::default() };
        assert_eq!(asked(&*source, &written_by_another), None, "{next}");
    }
}

#[test]
fn links_of_rfc_8288_are_found_among_others() {
    for (header, next) in [
        (
            "<https://a.example/?page=2>; rel=\"next\", <https://a.example/?page=9>; rel=\"last\"",
            Some("https://a.example/?page=2"),
        ),
        ("</p1>; rel=prev; title=\"a, <b>; rel=next\", </p3>; title=x; REL=Next", Some("/p3")),
        ("</p3>; rel=\"last next\"", Some("/p3")),
        ("</p3>; rel=\"nextish\"", None),
        ("</p3", None),
        ("<>;rel=next", Some("")),
        ("", None),
    ] {
        assert_eq!(next_of(header), next, "{header}");
    }
}

#[test]
fn a_post_sends_its_body_with_the_place_of_the_page() {
    let source = source(
        "items = \"$.items\"\nmethod = \"POST\"\npaging = { cursor = \"$.next\" }\n\
         body = '{\"q\": \"acme\", \"after\": \"{cursor}\", \"text\": \"from {cursor} on\"}'\nheaders = { \"X-Version\" = \"2\" }",
    );
    let sent = |progress: &Progress| {
        let request = request(&*source, progress).expect("a request");
        assert!(request.method == Method::Post && !request.conditional);
        assert!(request.headers.contains(&("X-Version".to_owned(), "2".to_owned())), "{:?}", request.headers);
        assert_eq!(request.url.query(), Some("tag=acme"));
        serde_json::from_slice::<Value>(&request.body.expect("a body").bytes).expect("JSON")
    };
    assert_eq!(sent(&Progress::default()), json!({"q": "acme", "after": null, "text": "from  on"}));
    let second = Progress { page: 1, next: Some("a\"b".into()), ..Progress::default() };
    assert_eq!(sent(&second), json!({"q": "acme", "after": "a\"b", "text": "from a\"b on"}));
}

#[test]
fn an_answer_without_the_list_says_what_it_has() {
    let source = source("items = \"$.data.posts\"\nerror = \"$.error.message\"");
    for (body, said) in [
        (
            json!({"posts": [], "total": 0}),
            "nothing was found: the path `$.data.posts` of `items` finds nothing; the answer has the keys `posts`, `total`",
        ),
        (
            json!({"data": {"posts": "none"}}),
            "nothing was found: the path `$.data.posts` of `items` finds no list of items; the answer has the keys `data`",
        ),
        (
            json!([1]),
            "nothing was found: the path `$.data.posts` of `items` finds nothing; the answer is a list of 1; leave `items` out",
        ),
        (json!({"error": {"message": "the quota is spent"}}), "the API says: the quota is spent"),
    ] {
        assert_eq!(read(&*source, &Progress::default(), body).expect_err("an error").to_string(), said);
    }
    for empty in [json!({"data": {"posts": []}}), json!({"data": {"posts": null}})] {
        assert_eq!(read(&*source, &Progress::default(), empty).expect("an empty list").posts, []);
    }
}

#[test]
fn a_list_can_be_named_by_itself_or_by_its_entries() {
    for (path, body, posts) in [
        ("$", json!([{"id": 1, "text": "x"}]), 1),
        ("$[*]", json!([{"id": 1, "text": "x"}]), 1),
        ("$.items", wrapped(&[1, 2], json!({})), 2),
        ("$.items[*]", wrapped(&[1, 2], json!({})), 2),
        ("$.items[*]", wrapped(&[], json!({})), 0),
        ("$.pages[*]", json!({"pages": {"7": {"id": 7, "text": "x"}, "8": {"id": 8, "text": "y"}}}), 2),
        (
            "$.items[?@.hit == true].post",
            json!({"items": [{"hit": true, "post": {"id": 1, "text": "x"}}, {"post": 1}]}),
            1,
        ),
        ("$.item", json!({"item": {"id": 1, "text": "x"}}), 1),
    ] {
        let source = source(&format!("items = \"{path}\""));
        let reading = read(&*source, &Progress::default(), body).expect("a page");
        assert_eq!(reading.posts.iter().flatten().count(), posts, "{path}");
    }
}

#[test]
fn an_id_cannot_change_the_address_that_it_is_put_into() {
    let source = source("map.link = \"https://acme.example/r/{id}?x=1\"");
    let reading = read(&*source, &Progress::default(), json!([{"id": "../?a#b é", "text": "x"}])).expect("a page");
    let Ok(post) = &reading.posts[0] else { panic!("a post") };
    assert_eq!(post.url, "https://acme.example/r/..%2F%3Fa%23b%20%C3%A9?x=1");
}

#[test]
fn what_was_deleted_is_told_and_no_post() {
    let source = source("map.deleted = \"$.gone\"");
    let body = json!([{"id": 1, "text": "x", "gone": true}, {"id": 2, "text": "x", "gone": false}]);
    let reading = read(&*source, &Progress::default(), body).expect("a page");
    assert_eq!(reading.deleted, ["json:api.acme.example/v1/posts:1"]);
    assert_eq!(reading.posts.iter().flatten().count(), 1);
}

#[test]
fn paths_that_find_nothing_are_told_and_so_is_what_posts_lack() {
    let source = source("map.author = \"$.user.name\"\nmap.likes = \"$.likes\"");
    let reading = read(&*source, &Progress::default(), json!([{"id": 1, "text": "x"}])).expect("a page");
    assert_eq!(reading.repaired, ["the path `$.user.name` of `map.author` finds nothing in any item"]);
    assert_eq!(source.lacks().map(|lack| lack.fields), Some(&["replies"][..]));
}

#[test]
fn every_way_to_prove_who_asks_reaches_the_request() {
    let key = crate::model::SecretValue::KEY.replace('\0', "\\u0000");
    let auth = |block: &str| {
        let block = block.replace("SECRET", &format!("{{ \"{key}\" = \"s3cret\" }}"));
        request(&*source(&format!("auth = {{ {block} }}")), &Progress::default()).expect("a request").auth
    };
    assert!(matches!(
        auth("header = \"Authorization\", prefix = \"Bearer \", secret = SECRET"),
        Auth::Header { name, prefix, secret } if name == "Authorization" && prefix == "Bearer " && secret.expose() == "s3cret"
    ));
    assert!(matches!(auth("parameter = \"key\", secret = SECRET"), Auth::Query { name, .. } if name == "key"));
    let Auth::Token(grant) = auth(
        "token_url = \"https://login.acme.example/token\", client_id = \"me\", client_secret = SECRET, scope = \"read\"",
    ) else {
        panic!("a token")
    };
    assert!(matches!(*grant, TokenGrant::ClientCredentials { client_id, in_form: false, .. } if client_id == "me"));
}

#[test]
fn wrong_settings_are_told_with_place_and_hint() {
    for (more, said) in [
        (
            "items = \"data.posts\"",
            "s.toml:4:9: source.x.items: `data.posts` is no JSONPath: it begins with `$`, write `$.data.posts`",
        ),
        ("map.tags = \"$.tags[\"", "s.toml:4:12: source.x.map.tags: `$.tags[` is no JSONPath: "),
        ("map.type = \"rant\"", "s.toml:4:12: source.x.map.type: `rant` is no type of post (a path, or one of story,"),
        (
            "map.link = \"https://acme.example/x\"",
            "s.toml:4:12: source.x.map.link: `https://acme.example/x` is the same for every item",
        ),
        (
            "map.link = \"https://acme.example/{thread}\"",
            "s.toml:4:12: source.x.map.link: `https://acme.example/{thread}` needs `map.thread`",
        ),
        (
            "map.title = \"$.a\"\nmap.titel = \"$.b\"",
            "s.toml:5:5: source.x.map.titel: unknown key `titel` (did you mean `title`?)",
        ),
        (
            "paging = { link = true, page = \"p\" }",
            "s.toml:4:10: source.x.paging: it names no way to the next page, or several",
        ),
        ("paging = { link = true, most = 51 }", "s.toml:4:32: source.x.paging.most: `51` is not from 1 to 50"),
        (
            "paging = { page = \"p\", step = 0 }",
            "s.toml:4:31: source.x.paging.step: with 0 every page would be the first one",
        ),
        ("body = '{}'", "s.toml:4:8: source.x.body: a GET sends no body (add `method = \"POST\"`)"),
        ("method = \"POST\"\nbody = '{'", "s.toml:5:8: source.x.body: it is no JSON: EOF"),
        ("method = \"PUT\"", "s.toml:4:10: source.x.method: unknown variant `PUT`"),
        (
            "headers = { Cookie = \"x\" }",
            "s.toml:4:11: source.x.headers: `Cookie` cannot be set here (a secret belongs into `auth`)",
        ),
        ("auth = { header = \"X-Key\" }", "s.toml:4:8: source.x.auth: the header has no `secret`"),
        (
            "auth = { token_url = \"https://acme.example/token\" }",
            "s.toml:4:8: source.x.auth: `token_url` needs `client_id` and `client_secret`",
        ),
    ] {
        let faults = load(&format!("{MINIMAL}{more}")).expect_err(more);
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(faults[0].starts_with(said), "{}\nis not\n{said}", faults[0]);
    }
    let faults = load("url = \"https://acme.example/\"\nmap.id = \"$.id\"").expect_err("no words");
    assert!(faults[0].contains("neither `title` nor `text` is mapped"), "{faults:?}");
}

#[test]
fn an_expression_that_would_overflow_the_stack_is_refused_before_it_is_parsed() {
    for path in [format!("$[?{}@.a{}]", "(".repeat(400), ")".repeat(400)), format!("${}", ".a".repeat(400))] {
        let faults = load(&format!("{MINIMAL}items = \"{path}\"")).expect_err("a fault");
        assert!(faults[0].contains("a path"), "{}", faults[0]);
    }
}
