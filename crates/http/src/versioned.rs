//! Answers that have a version: whoever has it already is not sent it again.

use actix_web::body::BoxBody;
use actix_web::http::header::{self, ETag, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, Responder};

/// Whether the caller says that it has the version of this tag.
pub(crate) fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|one| one.weak_eq(tag)),
        Err(_) => false,
    }
}

/// An answer with its version.
pub(crate) struct Versioned {
    tag: String,
    kind: &'static str,
    filename: Option<String>,
    body: Vec<u8>,
}

impl Versioned {
    /// A JSON answer.
    pub(crate) fn json(tag: String, body: &impl serde::Serialize) -> serde_json::Result<Self> {
        let body = serde_json::to_vec(body)?;
        Ok(Self { tag, kind: "application/json", filename: None, body })
    }

    /// A file to save.
    pub(crate) fn file(tag: String, kind: &'static str, filename: String, body: Vec<u8>) -> Self {
        Self { tag, kind, filename: Some(filename), body }
    }
}

impl Responder for Versioned {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let tag = EntityTag::new_strong(self.tag);
        if is_known(request, &tag) {
            return HttpResponse::NotModified().insert_header(ETag(tag)).finish();
        }
        let mut response = HttpResponse::Ok();
        response.insert_header(ETag(tag)).content_type(self.kind);
        if let Some(filename) = self.filename {
            let disposition = format!("attachment; filename=\"{filename}\"");
            response.insert_header((header::CONTENT_DISPOSITION, disposition));
        }
        response.body(self.body)
    }
}
