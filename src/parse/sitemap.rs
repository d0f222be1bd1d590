//! Which pages does a sitemap list (sitemaps.org 0.9, with Google's extension for news)?
//!
//! One pass over quick-xml, by the local names of the elements and what they stand in; `loc` of an image is not one
//! of a page. Depth, number and the length of what gzip unfolds are bounded.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::Event;

use super::{charset, wall};
use crate::model::{ReadError, Response, Timestamp};
use crate::parse::date;

const EXPECTED: &str = "a sitemap";
/// Longest sitemap, in bytes, unfolded: the protocol's own bound.
const MAX_BYTES: usize = 50 * 1024 * 1024;
/// Most entries of one sitemap: the protocol's own bound.
pub const MAX_ENTRIES: usize = 50_000;
/// How deep elements may stand in each other; real ones have five levels.
const MAX_DEPTH: usize = 32;
/// Longest text of one field that is kept, in bytes.
const MAX_FIELD: usize = 4_096;
/// What a file of gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What was read.
#[derive(Debug, Default, PartialEq)]
pub struct Sitemap {
    /// It lists sitemaps, not pages.
    pub is_index: bool,
    pub entries: Vec<Entry>,
    /// What had to be mended, in words.
    pub repaired: Vec<String>,
}

/// A page, or a sitemap of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// As it stands there.
    pub address: String,
    pub changed: Option<Timestamp>,
    pub news: Option<News>,
}

/// What the news extension says of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    pub title: String,
    pub published: Option<Timestamp>,
    pub lang: Option<String>,
    /// Name of the publication.
    pub publication: Option<String>,
    pub keywords: Vec<String>,
}

/// Reads a sitemap, a sitemap index, or a plain list of addresses; gzipped or not.
///
/// # Errors
/// What came is none of these; more than the bounds allow; a page of consent, login or doubt stands in its place.
pub fn read(response: &Response) -> Result<Sitemap, ReadError> {
    let body = unfolded(&response.body)?;
    let (text, recoded) = charset::decode(&body, response.header("content-type"));
    let mut sitemap = match text.trim_start() {
        "" => return Err(wrong("the answer is empty")),
        list if list.starts_with("http://") || list.starts_with("https://") => listed(list),
        xml if xml.starts_with('<') => of_xml(&text)?,
        _ => return Err(wrong("it is neither XML nor a list of addresses")),
    };
    if sitemap.entries.is_empty() && !has_root(&text) {
        if let Some(why) = wall::of(&text, &response.url) {
            return Err(ReadError::Wall { why });
        }
        return Err(wrong("it has neither <urlset> nor <sitemapindex>"));
    }
    // A list that broke before its first page was whole is none: it must not look like a quiet one.
    if let (true, Some(broken)) = (sitemap.entries.is_empty(), sitemap.repaired.first()) {
        return Err(wrong(&format!("{broken}, and before it no page is whole")));
    }
    if recoded {
        sitemap.repaired.push("wrong encoding or control characters".to_owned());
    }
    Ok(sitemap)
}

fn wrong(why: &str) -> ReadError {
    ReadError::WrongFormat { expected: EXPECTED, why: why.to_owned() }
}

fn hostile(why: String) -> ReadError {
    ReadError::Hostile { why }
}

/// What a gzipped body unfolds to, never more than the bound. What is cut off is read as far as it goes.
fn unfolded(body: &[u8]) -> Result<Cow<'_, [u8]>, ReadError> {
    if !body.starts_with(&GZIP) {
        let too_long = body.len() > MAX_BYTES;
        return if too_long { Err(hostile(format!("it has more than {MAX_BYTES} bytes"))) } else { Ok(body.into()) };
    }
    let mut text = Vec::new();
    let ended = MultiGzDecoder::new(body).take(MAX_BYTES as u64 + 1).read_to_end(&mut text);
    if text.len() > MAX_BYTES {
        return Err(hostile(format!("it unfolds into more than {MAX_BYTES} bytes")));
    }
    match ended {
        Err(error) if text.is_empty() => Err(wrong(&format!("it is damaged gzip: {error}"))),
        Ok(_) | Err(_) => Ok(text.into()),
    }
}

fn listed(text: &str) -> Sitemap {
    let address = |line: &str| Entry { address: line.trim().to_owned(), ..Entry::default() };
    let entries = text.lines().filter(|line| !line.trim().is_empty()).take(MAX_ENTRIES).map(address).collect();
    Sitemap { entries, ..Sitemap::default() }
}

fn has_root(text: &str) -> bool {
    text.contains("urlset") || text.contains("sitemapindex")
}

/// The names, without prefix, of the elements that stand open, and the text of the innermost one.
#[derive(Default)]
struct Reading {
    open: Vec<String>,
    /// Still escaped.
    text: String,
    entry: Entry,
    sitemap: Sitemap,
    left_out: usize,
}

fn of_xml(text: &str) -> Result<Sitemap, ReadError> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut reading = Reading::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => reading.open(tag.local_name().as_ref())?,
            Ok(Event::End(tag)) => reading.close(tag.local_name().as_ref()),
            Ok(Event::Text(part)) => reading.add(&part),
            Ok(Event::GeneralRef(name)) => reading.add(&format!("&{};", &*name)),
            Ok(Event::CData(part)) => reading.add(&escape(&*part)),
            Ok(Event::Eof) => break,
            Ok(Event::Empty(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_)) => {}
            Err(_) => {
                reading.sitemap.repaired.push("what stands behind broken markup was left out".to_owned());
                break;
            }
        }
    }
    if !reading.open.is_empty() {
        reading.sitemap.repaired.push("the sitemap is cut off".to_owned());
    }
    if reading.left_out > 0 {
        let said = format!("{} entries past the first {MAX_ENTRIES} left out", reading.left_out);
        reading.sitemap.repaired.push(said);
    }
    Ok(reading.sitemap)
}

impl Reading {
    fn open(&mut self, name: &str) -> Result<(), ReadError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(hostile(format!("its elements stand more than {MAX_DEPTH} deep in each other")));
        }
        match name {
            "sitemapindex" => self.sitemap.is_index = true,
            "url" | "sitemap" => self.entry = Entry::default(),
            "news" => self.entry.news = Some(News::default()),
            _ => {}
        }
        self.open.push(name.to_owned());
        self.text.clear();
        Ok(())
    }

    fn add(&mut self, part: &str) {
        if self.text.len() + part.len() <= MAX_FIELD {
            self.text.push_str(part);
        }
    }

    fn close(&mut self, name: &str) {
        // An end tag without its start is passed over; starts without their end are closed with what they stand in.
        let Some(place) = self.open.iter().rposition(|open| open == name) else { return };
        self.open.truncate(place);
        let text = unescape(&self.text).map_or_else(|_| self.text.clone(), Cow::into_owned);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.text.clear();
        let within = self.open.last().map(String::as_str).unwrap_or_default();
        match (within, name) {
            ("url" | "sitemap", "loc") => self.entry.address = text,
            ("url" | "sitemap", "lastmod") => self.entry.changed = date::parse(&text),
            (_, "url" | "sitemap") => self.end_entry(),
            ("news" | "publication", field) => {
                if let Some(news) = &mut self.entry.news {
                    news.take(field, text);
                }
            }
            _ => {}
        }
    }

    fn end_entry(&mut self) {
        let entry = std::mem::take(&mut self.entry);
        if entry.address.is_empty() {
            return;
        }
        if self.sitemap.entries.len() < MAX_ENTRIES {
            self.sitemap.entries.push(entry);
        } else {
            self.left_out += 1;
        }
    }
}

impl News {
    fn take(&mut self, field: &str, text: String) {
        match field {
            "title" => self.title = text,
            "publication_date" => self.published = date::parse(&text),
            "language" => self.lang = Some(text).filter(|lang| !lang.is_empty()),
            "name" => self.publication = Some(text).filter(|name| !name.is_empty()),
            "keywords" => {
                let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
                self.keywords = words.map(str::to_owned).collect();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn response(body: impl Into<Vec<u8>>) -> Response {
        Response {
            status: 200,
            url: "https://acme.example/sitemap.xml".parse().expect("a URL"),
            headers: Vec::new(),
            body: body.into().into(),
            received_at: Timestamp(0),
        }
    }

    fn addresses(body: impl Into<Vec<u8>>) -> Vec<String> {
        read(&response(body)).expect("a sitemap").entries.into_iter().map(|entry| entry.address).collect()
    }

    fn gzipped(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(text).expect("gzip");
        packer.finish().expect("gzip")
    }

    #[test]
    fn the_address_of_a_page_is_not_that_of_its_image() {
        let page = "<url><image:image><image:loc>https://acme.example/i.png</image:loc></image:image><loc> https://acme.example/a?x=1&amp;y=2\n</loc></url>";
        assert_eq!(addresses(format!("<urlset>{page}</urlset>")), ["https://acme.example/a?x=1&y=2"]);
        assert_eq!(
            addresses("<s:urlset><s:url><s:loc><![CDATA[https://a.example/?x&y]]></s:loc></s:url></s:urlset>"),
            ["https://a.example/?x&y"]
        );
    }

    #[test]
    fn a_gzipped_sitemap_and_a_list_of_addresses_are_read_too() {
        assert_eq!(
            addresses(gzipped(b"<urlset><url><loc>https://a.example/</loc></url></urlset>")),
            ["https://a.example/"]
        );
        assert_eq!(
            addresses("https://a.example/1\n\nhttps://a.example/2\r\n"),
            ["https://a.example/1", "https://a.example/2"]
        );
    }

    #[test]
    fn broken_ones_give_what_stands_before_the_break() {
        let whole = "<urlset><url><loc>https://a.example/</loc></url><url><loc>https://a.exa";
        assert_eq!(addresses(whole), ["https://a.example/"]);
        let mut packed =
            gzipped(format!("<urlset>{}", "<url><loc>https://b.example/</loc></url>".repeat(500)).as_bytes());
        packed.truncate(packed.len() - 8);
        assert!(!addresses(packed).is_empty());
        assert_eq!(
            addresses("<urlset><url><loc>https://a.example/</loc></lastmod></url></urlset>"),
            ["https://a.example/"]
        );
    }

    #[test]
    fn bombs_are_refused() {
        for (what, body) in [
            ("unfolds into more", gzipped(&vec![b' '; MAX_BYTES + 1])),
            ("deep in each other", format!("<urlset>{}", "<url>".repeat(100_000)).into_bytes()),
        ] {
            let refused = read(&response(body)).map(|sitemap| sitemap.entries.len());
            assert!(matches!(&refused, Err(ReadError::Hostile { why }) if why.contains(what)), "{refused:?}");
        }
        let entities = "<!DOCTYPE a [<!ENTITY b 'cc'><!ENTITY a '&b;&b;'>]><urlset><url><loc>&a;</loc></url></urlset>";
        assert_eq!(addresses(entities), ["&a;"]);
        let many = format!("<urlset>{}</urlset>", "<url><loc>https://a.example/</loc></url>".repeat(MAX_ENTRIES + 1));
        let read = read(&response(many)).expect("a sitemap");
        assert_eq!(
            (read.entries.len(), &read.repaired[..]),
            (MAX_ENTRIES, &["1 entries past the first 50000 left out".to_owned()][..])
        );
    }

    #[test]
    fn what_is_no_sitemap_is_told_and_an_empty_one_is_one() {
        for (body, said) in [
            ("", "not a sitemap: the answer is empty"),
            ("{}", "not a sitemap: it is neither XML nor a list of addresses"),
            ("<rss><channel/></rss>", "not a sitemap: it has neither <urlset> nor <sitemapindex>"),
            (
                "<urlset><url><loc>https://a.example/",
                "not a sitemap: the sitemap is cut off, and before it no page is whole",
            ),
        ] {
            assert_eq!(read(&response(body)).expect_err("no sitemap").to_string(), said);
        }
        assert!(matches!(read(&response("<html><title>Just a moment...</title></html>")), Err(ReadError::Wall { .. })));
        assert_eq!(addresses("<urlset></urlset>"), Vec::<String>::new());
    }
}
