//! The embedded dashboard: the files that `build.rs` put into `OUT_DIR/webui`, answered from
//! memory.
//!
//! Register it last, behind every other route. It looks names up in a fixed list, never in a file
//! system, so there is no path to climb out of.

use std::borrow::Cow;
use std::path::Path;

use actix_web::http::Method;
use actix_web::http::header::{
    self, AcceptEncoding, CacheControl, CacheDirective, ContentEncoding, ETag, Encoding, EntityTag,
    Header as _,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _, web};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::Problem;
use crate::versioned::is_known;

/// `debug-embed` keeps debug builds the same as release builds: all files are in the program.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/webui"]
struct Files;

const INDEX: &str = "index.html";

/// Files under this path carry a hash of their content in their names.
const HASHED: &str = "assets/";

const IMMUTABLE_SECONDS: u32 = 365 * 24 * 60 * 60;

/// Only what this server sends may run or be shown; nobody may put the dashboard into a frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Answers every GET and HEAD that no other route takes.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config.default_service(web::to(serve));
}

async fn serve(request: HttpRequest) -> HttpResponse {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return HttpResponse::MethodNotAllowed()
            .insert_header((header::ALLOW, "GET, HEAD"))
            .finish();
    }
    let path = request.path().trim_start_matches('/');
    match Asset::find(path) {
        Some(asset) => asset.respond(&request),
        // An old page asks for files of an older build: HTML instead would be a riddle to it.
        None if path.starts_with(HASHED) => HttpResponse::NotFound().finish(),
        // An agent that forgot /api should not have to read a page.
        None if !path.is_empty() && !wants_page(&request) => {
            Problem::new("not_found", "there is nothing at this path; the API is below /api")
                .error_response()
        }
        // A path of the dashboard's own router.
        None => Asset::find(INDEX)
            .map_or_else(|| HttpResponse::NotFound().finish(), |index| index.respond(&request)),
    }
}

/// Browsers ask for pages; nothing else does.
fn wants_page(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

struct Asset {
    name: String,
    plain: EmbeddedFile,
    gzip: Option<EmbeddedFile>,
}

impl Asset {
    /// `None` for the compressed copies too: they are variants, not files of their own.
    fn find(path: &str) -> Option<Self> {
        let name = if path.is_empty() { INDEX } else { path };
        if Path::new(name).extension().is_some_and(|extension| extension == "gz") {
            return None;
        }
        Some(Self {
            name: name.to_owned(),
            plain: Files::get(name)?,
            gzip: Files::get(&format!("{name}.gz")),
        })
    }

    fn respond(self, request: &HttpRequest) -> HttpResponse {
        let has_variants = self.gzip.is_some();
        let is_hashed = self.name.starts_with(HASHED);
        let (file, encoding) = match self.gzip {
            Some(gzip) if accepts_gzip(request) => (gzip, Some(ContentEncoding::Gzip)),
            _ => (self.plain, None),
        };
        let tag = EntityTag::new_strong(fingerprint(&file));
        let is_known = is_known(request, &tag);
        let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header(ETag(tag)).insert_header(cache_control(is_hashed));
        if has_variants {
            response.insert_header((header::VARY, "accept-encoding"));
        }
        secure(&mut response);
        if is_known {
            // actix would send a body that is set here, and the client take it for the next answer.
            return response.finish();
        }
        if let Some(encoding) = encoding {
            response.insert_header(encoding);
        }
        response.content_type(content_type(&self.name));
        // actix keeps the body back when the request is a HEAD.
        response.body(bytes(file.data))
    }
}

fn accepts_gzip(request: &HttpRequest) -> bool {
    let supported = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request)
        .is_ok_and(|accepted| accepted.negotiate(supported.iter()) == Some(Encoding::gzip()))
}

/// Each variant has its own, as a strong entity tag must.
fn fingerprint(file: &EmbeddedFile) -> String {
    hex::encode(file.metadata.sha256_hash())
}

fn cache_control(is_hashed: bool) -> CacheControl {
    CacheControl(if is_hashed {
        vec![
            CacheDirective::Public,
            CacheDirective::MaxAge(IMMUTABLE_SECONDS),
            CacheDirective::Extension("immutable".to_owned(), None),
        ]
    } else {
        vec![CacheDirective::NoCache]
    })
}

fn secure(response: &mut HttpResponseBuilder) {
    response
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header(("cross-origin-opener-policy", "same-origin"));
}

fn content_type(name: &str) -> String {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    if kind.type_() == mime_guess::mime::TEXT {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_string()
    }
}

fn bytes(data: Cow<'static, [u8]>) -> web::Bytes {
    match data {
        Cow::Borrowed(data) => web::Bytes::from_static(data),
        Cow::Owned(data) => web::Bytes::from(data),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use actix_web::body::to_bytes;
    use actix_web::http::StatusCode;
    use actix_web::http::header::{HeaderMap, HeaderName};
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    use super::*;

    // These hold for the dashboard and for the page that stands in for it.

    #[actix_web::test]
    async fn the_root_is_the_page_and_must_be_asked_for_each_time() {
        let (status, headers, body) = answer(TestRequest::get().uri("/")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(text(&headers, &header::CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(text(&headers, &header::CACHE_CONTROL), "no-cache");
        assert!(text(&headers, &header::CONTENT_SECURITY_POLICY).contains("default-src 'self'"));
        assert!(body.starts_with(b"<!doctype html>"));
    }

    #[actix_web::test]
    async fn the_page_has_nothing_inline_that_its_policy_forbids() {
        let (_, _, body) = answer(TestRequest::get().uri("/")).await;
        let page = String::from_utf8(body).unwrap();
        for script in page.split("<script").skip(1) {
            assert!(script.contains(" src=") && script.contains("></script>"), "{page}");
        }
        assert!(!page.contains("<style") && !page.contains(" style="), "{page}");
    }

    #[actix_web::test]
    async fn a_browser_gets_the_page_for_every_path_except_among_the_hashed_files() {
        let (_, _, index) = answer(TestRequest::get().uri("/")).await;
        for path in UNKNOWN {
            let (status, _, body) = answer(browser(path)).await;
            assert_eq!((status, &body), (StatusCode::OK, &index), "{path}");
        }
        let (status, _, body) = answer(browser("/assets/gone.js")).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_FOUND, 0));
    }

    #[actix_web::test]
    async fn who_is_no_browser_is_told_that_nothing_is_there() {
        let (_, _, index) = answer(TestRequest::get().uri("/")).await;
        let (_, _, named) = answer(TestRequest::get().uri("/index.html")).await;
        assert_eq!(named, index);
        for path in UNKNOWN {
            for accepted in ["*/*", "application/json"] {
                let request =
                    TestRequest::get().uri(path).insert_header((header::ACCEPT, accepted));
                let (status, headers, body) = answer(request).await;
                assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
                assert_eq!(text(&headers, &header::CONTENT_TYPE), "application/problem+json");
                assert!(String::from_utf8(body).unwrap().contains("\"not_found\""), "{path}");
            }
        }
    }

    const UNKNOWN: [&str; 5] =
        ["/tasks/1", "/tasks", "/index.html.gz", "/..%2f..%2fetc/passwd", "/%2e%2e/Cargo.toml"];

    fn browser(path: &str) -> TestRequest {
        let accepted = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        TestRequest::get().uri(path).insert_header((header::ACCEPT, accepted))
    }

    #[actix_web::test]
    async fn every_embedded_file_is_served_with_its_type_and_cache_rule() {
        for name in Files::iter().filter(|name| !name.ends_with(".gz")) {
            let (status, headers, body) = answer(TestRequest::get().uri(&format!("/{name}"))).await;
            assert_eq!(status, StatusCode::OK, "{name}");
            assert_eq!(body, *Files::get(&name).unwrap().data, "{name}");
            assert_ne!(text(&headers, &header::CONTENT_TYPE), "application/octet-stream", "{name}");
            let is_immutable = text(&headers, &header::CACHE_CONTROL).contains("immutable");
            assert_eq!(is_immutable, name.starts_with(HASHED), "{name}");
        }
    }

    #[actix_web::test]
    async fn the_compressed_copy_is_sent_to_those_who_accept_it() {
        let (_, plain_headers, plain) = answer(TestRequest::get().uri("/")).await;
        for accepted in ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8"] {
            let request =
                TestRequest::get().uri("/").insert_header((header::ACCEPT_ENCODING, accepted));
            let (_, headers, body) = answer(request).await;
            assert_eq!(text(&headers, &header::CONTENT_ENCODING), "gzip", "{accepted}");
            assert_eq!(text(&headers, &header::VARY), "accept-encoding");
            assert_ne!(headers.get(header::ETAG), plain_headers.get(header::ETAG));
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(body.as_slice()).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, plain);
        }
        for accepted in ["identity", "br", "gzip;q=0", "\u{fffd}"] {
            let request =
                TestRequest::get().uri("/").insert_header((header::ACCEPT_ENCODING, accepted));
            let (_, headers, body) = answer(request).await;
            assert!(!headers.contains_key(header::CONTENT_ENCODING), "{accepted}");
            assert_eq!(body, plain);
        }
    }

    #[actix_web::test]
    async fn who_has_the_newest_version_is_not_sent_it_again() {
        let (_, headers, _) = answer(TestRequest::get().uri("/")).await;
        let tag = text(&headers, &header::ETAG);
        for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let request =
                TestRequest::get().uri("/").insert_header((header::IF_NONE_MATCH, known.clone()));
            let (status, _, body) = answer(request).await;
            assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
        }
        let request =
            TestRequest::get().uri("/").insert_header((header::IF_NONE_MATCH, "\"other\""));
        assert_eq!(answer(request).await.0, StatusCode::OK);
    }

    #[actix_web::test]
    async fn nothing_but_reading_is_allowed() {
        for request in [TestRequest::post(), TestRequest::delete(), TestRequest::put()] {
            let (status, headers, _) = answer(request.uri("/")).await;
            assert_eq!(
                (status, text(&headers, &header::ALLOW).as_str()),
                (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD")
            );
        }
    }

    async fn answer(request: TestRequest) -> (StatusCode, HeaderMap, Vec<u8>) {
        let app = init_service(App::new().service(web::scope("/api")).configure(configure)).await;
        let response = call_service(&app, request.to_request()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        (status, headers, to_bytes(response.into_body()).await.unwrap().to_vec())
    }

    fn text(headers: &HeaderMap, name: &HeaderName) -> String {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }
}
