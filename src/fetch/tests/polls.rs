//! Is a poll run page by page, and does a broken reader break only its own poll?

use super::*;

/// Reads `page N of M` and asks for page after page; does other things for other words.
#[derive(Debug)]
struct Pages(Url);

impl Source for Pages {
    fn next(&self, progress: &Progress) -> Next {
        if progress.page > 0 && progress.next.is_none() {
            return Next::Done;
        }
        let mut url = self.0.clone();
        url.set_query(progress.next.as_deref());
        Next::Http(Box::new(Request::get(url)))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let text = String::from_utf8_lossy(&response.body).into_owned();
        match text.split_once(" of ") {
            Some((page, all)) => {
                let next = (page != all).then(|| format!("page={}", page.parse::<u32>().unwrap_or(0) + 1));
                let progress =
                    Progress { page: progress.page + 1, next, cursor: Some(text.clone()), ..progress.clone() };
                Ok(Reading { progress, ..Reading::default() })
            }
            None if text == "slow down" => {
                let progress = Progress { page: 1, next: Some("page=2".into()), ..progress.clone() };
                Ok(Reading { progress, wait: Some(Duration::hours(1)), ..Reading::default() })
            }
            None if text == "quota" => {
                Err(ReadError::Api { why: "quota spent".into(), wait: Some(Duration::hours(2)) })
            }
            None if text == "panic" => panic!("index out of bounds"),
            None => Err(ReadError::WrongFormat { expected: "pages", why: "other words".into() }),
        }
    }
}

impl Bench {
    async fn turn(&self, mut poll: Poll) -> (Poll, Result<Option<Turned>, FetchProblem>) {
        driven(&self.clock, &self.hands, async move {
            let turned = poll.turn().await;
            (poll, turned)
        })
        .await
    }

    fn poll(&self, url: Url, state: &SourceState, max_pages: u32) -> Poll {
        self.door.poll(Arc::new(Pages(url)), state, Policy { max_pages, ..Policy::default() })
    }
}

fn page(turned: Result<Option<Turned>, FetchProblem>) -> Box<Page> {
    match turned {
        Ok(Some(Turned::Page(page))) => page,
        other => panic!("{other:?}"),
    }
}

async fn book(clock: &Clock, pages: u32) -> Site {
    Site::open(clock, move |asking| {
        let page = asking.path.rsplit_once("page=").map_or("1", |(_, page)| page).to_owned();
        let etag = format!("\"{page}\"");
        if asking.header("if-none-match") == Some(etag.as_str()) {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        ([("etag", etag)], format!("{page} of {pages}")).into_response()
    })
    .await
}

#[tokio::test]
async fn a_poll_hands_out_each_page_before_it_asks_for_the_next() {
    let bench = Bench::new(settings());
    let site = book(&bench.clock, 3).await;
    let mut poll = bench.poll(site.url("a.test", "/"), &SourceState::default(), 10);
    let mut state = SourceState::default();
    for (number, last) in [(1, false), (2, false), (3, true)] {
        let (rest, turned) = bench.turn(poll).await;
        poll = rest;
        let page = page(turned);
        assert_eq!(site.asked().len(), number, "the next page is not asked for yet");
        assert_eq!((page.last, page.gap, page.validators.is_some()), (last, false, last), "page {number}");
        assert_eq!(page.reading.progress.cursor, Some(format!("{number} of 3")));
        state = SourceState { progress: page.reading.progress, validators: page.validators, ..state };
    }
    let (_, end) = bench.turn(poll).await;
    assert!(matches!(end, Ok(None)), "{end:?}");
    // The next poll begins with the first page, under the first page's validators.
    let (poll, turned) = bench.turn(bench.poll(site.url("a.test", "/"), &state, 10)).await;
    assert!(matches!(turned, Ok(Some(Turned::Unchanged { .. }))), "{turned:?}");
    assert!(matches!(bench.turn(poll).await.1, Ok(None)));
    assert_eq!(site.asked().len(), 4);
}

#[tokio::test]
async fn a_poll_that_reaches_the_page_bound_while_more_is_wanted_has_a_gap() {
    let bench = Bench::new(settings());
    for (pages, gap) in [(2, false), (3, true)] {
        let site = book(&bench.clock, pages).await;
        let poll = bench.poll(site.url("a.test", "/"), &SourceState::default(), 2);
        let (poll, first) = bench.turn(poll).await;
        let (poll, second) = bench.turn(poll).await;
        let (first, second) = (page(first), page(second));
        assert_eq!((first.last, first.gap, second.last, second.gap), (false, false, true, gap), "{pages} pages");
        assert!(matches!(bench.turn(poll).await.1, Ok(None)));
        assert_eq!(site.asked().len(), 2);
    }
}

#[tokio::test]
async fn what_a_kind_cannot_read_is_told_and_stops_only_its_poll() {
    let bench = Bench::new(settings());
    let now = bench.clock.now();
    for (host, body, told) in [
        ("a.test", "garbage \u{0}\u{fffd}", FetchProblem::Unreadable { why: "not pages: other words".into() }),
        (
            "b.test",
            "panic",
            FetchProblem::Unreadable {
                why: "its reader broke on it, which is a bug of Overheard: index out of bounds".into(),
            },
        ),
        (
            "c.test",
            "quota",
            FetchProblem::Limited { until: now + Duration::hours(2), why: "the API says: quota spent".into() },
        ),
    ] {
        let site = Site::open(&bench.clock, move |_| body.into_response()).await;
        let (poll, turned) = bench.turn(bench.poll(site.url(host, "/"), &SourceState::default(), 10)).await;
        assert_eq!(turned.map(|_| ()), Err(told), "{body}");
        assert!(matches!(bench.turn(poll).await.1, Ok(None)), "{body}: the poll is over");
    }
    assert_eq!(bench.door.holds(), [("c.test".to_owned(), now + Duration::hours(2))]);
}

#[tokio::test]
async fn a_long_wait_between_pages_ends_the_poll_without_moving_its_cursor() {
    let bench = Bench::new(settings());
    let site = Site::open(&bench.clock, |_| "slow down".into_response()).await;
    let until = bench.clock.now() + Duration::hours(1);
    let (poll, first) = bench.turn(bench.poll(site.url("a.test", "/"), &SourceState::default(), 10)).await;
    assert!(!page(first).last);
    let (_, second) = bench.turn(poll).await;
    assert_eq!(second.map(|_| ()), Err(FetchProblem::Limited { until, why: "its answer says so".into() }));
}
