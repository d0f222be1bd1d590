//! How does a test play the web: many hosts on one loopback port, with answers that can change?

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;

/// One request that came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub host: String,
    /// Path and query.
    pub path: String,
    pub headers: HeaderMap,
}

/// What the web answers at one address.
#[derive(Clone, Debug)]
pub enum Page {
    Ok {
        content_type: &'static str,
        body: Bytes,
        headers: Vec<(&'static str, String)>,
    },
    Status {
        status: u16,
        headers: Vec<(&'static str, String)>,
    },
    /// A status with a body of JSON, as APIs tell their errors.
    Error {
        status: u16,
        json: &'static str,
    },
    /// Takes the request and never answers.
    Hang,
    /// 200 and this many zero bytes.
    Flood(usize),
    /// 200 with these bytes as they are, already gzip-compressed.
    Gzip(Bytes),
}

impl Page {
    pub fn rss(items: &[(&str, &str, &str)]) -> Self {
        let items: String = items
            .iter()
            .map(|(path, title, text)| {
                format!("<item><guid>{path}</guid><link>http://site.test{path}</link><title>{title}</title><description>{text}</description></item>")
            })
            .collect();
        let body =
            format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Feed</title>{items}</channel></rss>");
        Self::Ok { content_type: "application/rss+xml", body: body.into(), headers: Vec::new() }
    }

    pub fn json(body: &str) -> Self {
        Self::Ok {
            content_type: "application/json",
            body: Bytes::copy_from_slice(body.as_bytes()),
            headers: Vec::new(),
        }
    }

    pub fn status(status: u16) -> Self {
        Self::Status { status, headers: Vec::new() }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        match &mut self {
            Self::Ok { headers, .. } | Self::Status { headers, .. } => headers.push((name, value.into())),
            Self::Error { .. } | Self::Hang | Self::Flood(_) | Self::Gzip(_) => panic!("no headers here"),
        }
        self
    }
}

#[derive(Default)]
struct Shared {
    pages: Mutex<HashMap<(String, String), Page>>,
    asked: Mutex<Vec<Asked>>,
}

/// A running web. Clones share it.
#[derive(Clone)]
pub struct Web {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Web {
    /// Starts an empty web: every address answers 404 until told otherwise.
    pub async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, shared }
    }

    /// The address of a path on a made-up host; the daemon must resolve `*.test` to loopback.
    pub fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.address.port())
    }

    /// Sets what a host answers at a path (without query).
    pub fn set(&self, host: &str, path: &str, page: Page) {
        self.shared.pages.lock().unwrap().insert((host.to_owned(), path.to_owned()), page);
    }

    /// Every request so far, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// How often a host was asked.
    pub fn count(&self, host: &str) -> usize {
        self.asked().iter().filter(|asked| asked.host == host).count()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_owned();
    let path = request.uri().path().to_owned();
    shared.asked.lock().unwrap().push(Asked {
        host: host.clone(),
        path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: request.headers().clone(),
    });
    let page = shared.pages.lock().unwrap().get(&(host, path)).cloned();
    match page {
        None => Response::builder().status(StatusCode::NOT_FOUND).body(Body::empty()).unwrap(),
        Some(Page::Ok { content_type, body, headers }) => {
            let mut response = Response::builder().header(header::CONTENT_TYPE, content_type);
            for (name, value) in &headers {
                response = response.header(*name, value);
            }
            let unchanged = headers.iter().any(|(name, value)| {
                *name == "etag"
                    && request.headers().get(header::IF_NONE_MATCH).is_some_and(|given| given == value.as_str())
            });
            if unchanged {
                return response.status(StatusCode::NOT_MODIFIED).body(Body::empty()).unwrap();
            }
            response.body(Body::from(body)).unwrap()
        }
        Some(Page::Status { status, headers }) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::empty()).unwrap()
        }
        Some(Page::Error { status, json }) => Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(json))
            .unwrap(),
        Some(Page::Hang) => std::future::pending().await,
        Some(Page::Flood(bytes)) => {
            let chunk = Bytes::from(vec![b'0'; 64 << 10]);
            let chunks = (0..bytes.div_ceil(chunk.len())).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
            Response::new(Body::from_stream(futures_util::stream::iter(chunks)))
        }
        Some(Page::Gzip(body)) => Response::builder()
            .header(header::CONTENT_ENCODING, "gzip")
            .header(header::CONTENT_TYPE, "application/rss+xml")
            .body(Body::from(body))
            .unwrap(),
    }
}
