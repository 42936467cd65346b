//! The Model Context Protocol at `/mcp`: what agents do over HTTP, as tools of their models.
//!
//! Streamable HTTP without state: each POST is one message and is answered with JSON; there is no
//! stream to GET and no session to DELETE. Keys, throttles, limits and the request log are those of
//! every other request. A tool reads the same body and calls the same use case as its path below
//! `/api`, and answers with a short text that says what to do next.

mod arguments;
mod catalog;
mod message;
mod next;
mod planning;
mod reading;
mod reviewing;
mod schema;
mod watching;
mod words;
mod working;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::uri::Uri;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, web};
use openmoss_domain::{Agent, text};
use openmoss_service::{Context, Service};
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ContentBlock, ErrorCode, ErrorData, Implementation,
    InitializeResult, JsonRpcError, JsonRpcResponse, ProtocolVersion, RequestId,
    ServerCapabilities, ToolsCapability,
};
use serde_json::{Value, json};

use arguments::Arguments;
use message::Message;

use crate::call::{Call, Known, is_this_host};
use crate::problem::Problem;
use crate::request_log::{Instead, Seen};

/// Where it is.
pub(crate) const PATH: &str = "/mcp";
/// The versions of the protocol that are spoken here, oldest first.
const VERSIONS: &[ProtocolVersion] =
    &[ProtocolVersion::V_2025_06_18, ProtocolVersion::V_2025_11_25];
/// The answer to whoever asks for another one.
const NEWEST: ProtocolVersion = ProtocolVersion::V_2025_11_25;
/// Says which version a client speaks, in every request after the first.
const VERSION_HEADER: &str = "mcp-protocol-version";

const INSTRUCTIONS: &str = "OpenMOSS gives a team of agents its work. Call next_work to be told what \
     to do now; every answer says what comes next.";

/// What a tool is called with, apart from its arguments.
struct Turn<'a> {
    service: &'a Service,
    cx: Context,
    agent: &'a Agent,
    /// The client's session, if it sent one.
    session: Option<String>,
}

/// What a tool answers.
type Told = Result<String, Problem>;

/// What is sent back, and what the request log says of it.
struct Reply {
    status: StatusCode,
    /// Nothing for a notification.
    body: Option<String>,
    noted: Option<Instead>,
}

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    let there_is_only_post = || async {
        let detail = "there is no stream and no session here; POST each message";
        let mut response = Problem::new("method_not_allowed", detail).error_response();
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        response
    };
    config.service(
        web::resource(PATH)
            .route(web::post().to(receive))
            .default_service(web::to(there_is_only_post)),
    );
}

/// One message of a client.
async fn receive(request: HttpRequest, call: Call) -> Result<HttpResponse, Problem> {
    check_origin(&request, call.service())?;
    let message = Message::parse(call.body());
    let version = request.headers().get(VERSION_HEADER).cloned();
    let call = if message.is_tool_call() { call } else { call.short() };
    let replied = call.agent(move |known, agent| Ok(reply(known, agent, message, version))).await;
    let Reply { status, body, noted } = replied?.into_inner();
    if let (Some(noted), Some(seen)) = (noted, request.extensions().get::<Seen>()) {
        seen.note_instead(noted);
    }
    let mut response = HttpResponse::build(status);
    Ok(match body {
        Some(body) => response.content_type("application/json").body(body),
        None => response.finish(),
    })
}

/// Refuses what a page from elsewhere sends: its name may have been made to lead to this host, so
/// the `Host` says nothing. Programs send no `Origin`.
fn check_origin(request: &HttpRequest, service: &Service) -> Result<(), Problem> {
    let settings = service.settings();
    let external = settings.server.external_url.parse::<Uri>().ok();
    let is_external = |origin: &str| {
        let own = external.as_ref().and_then(|uri| uri.scheme_str().zip(uri.authority()));
        own.is_some_and(|(scheme, authority)| {
            origin.eq_ignore_ascii_case(&format!("{scheme}://{authority}"))
        })
    };
    let is_welcome = |origin: &HeaderValue| {
        origin.to_str().is_ok_and(|origin| is_this_host(origin) || is_external(origin))
    };
    if request.headers().get_all(header::ORIGIN).all(is_welcome) {
        return Ok(());
    }
    let detail = "this Origin may not ask here; the server's own is server.external_url";
    Err(Problem::new("forbidden", detail))
}

fn reply(
    known: &Known<'_>,
    agent: &Agent,
    message: Message,
    version: Option<HeaderValue>,
) -> Reply {
    let (id, method, params) = match message {
        Message::Request { id, method, params } => (id, method, params),
        Message::Silent => return Reply { status: StatusCode::ACCEPTED, body: None, noted: None },
        Message::Broken(error) => return refused(StatusCode::BAD_REQUEST, None, error),
    };
    let version = version.filter(|_| method != "initialize");
    let result = match method.as_str() {
        "initialize" => initialize(params.as_ref()),
        "ping" => Ok(json!({})),
        "tools/list" => Ok(json!({"tools": catalog::listed(agent.role)})),
        "tools/call" => return call_tool(known, agent, id, params, version.as_ref()),
        unknown => Err(ErrorData::new(
            ErrorCode::METHOD_NOT_FOUND,
            format!("{} is not a method of this server", words::shortened(unknown)),
            None,
        )),
    };
    // A client that speaks another version asks for methods that this one does not have, and must
    // hear of that: it is how it finds out which version to speak.
    let result = match (result, speaks(version.as_ref())) {
        (Ok(_), Err(error)) => return refused(StatusCode::BAD_REQUEST, Some(id), error),
        (result, _) => result,
    };
    match result {
        Ok(result) => answered(id, result, None),
        Err(error) => refused(StatusCode::OK, Some(id), error),
    }
}

fn answered(id: RequestId, result: Value, noted: Option<Instead>) -> Reply {
    let response = JsonRpcResponse { jsonrpc: rmcp::model::JsonRpcVersion2_0, id, result };
    Reply { status: StatusCode::OK, body: serde_json::to_string(&response).ok(), noted }
}

fn refused(status: StatusCode, id: Option<RequestId>, error: ErrorData) -> Reply {
    let body = serde_json::to_string(&JsonRpcError::new(id, error)).ok();
    Reply { status, body, noted: None }
}

/// Whether the version that a request names is one of ours. Old clients name none.
fn speaks(version: Option<&HeaderValue>) -> Result<(), ErrorData> {
    let Some(version) = version else {
        return Ok(());
    };
    let asked = version.to_str().unwrap_or_default();
    if VERSIONS.iter().any(|ours| ours.as_str() == asked) {
        return Ok(());
    }
    let data = json!({"requested": words::shortened(asked), "supported": VERSIONS});
    let message = "unsupported protocol version";
    Err(ErrorData::new(ErrorCode::UNSUPPORTED_PROTOCOL_VERSION, message, Some(data)))
}

/// Agrees on a version: the client's if it is one of ours, else the newest that we have.
fn initialize(params: Option<&Value>) -> Result<Value, ErrorData> {
    let asked = params.and_then(|params| params.get("protocolVersion"));
    let Some(asked) = asked.and_then(Value::as_str) else {
        return Err(ErrorData::invalid_params("protocolVersion must be a string", None));
    };
    let agreed = VERSIONS.iter().find(|ours| ours.as_str() == asked).unwrap_or(&NEWEST);
    let server = Implementation::new("openmoss", env!("CARGO_PKG_VERSION")).with_title("OpenMOSS");
    let mut capabilities = ServerCapabilities::default();
    capabilities.tools = Some(ToolsCapability::default());
    let result = InitializeResult::new(capabilities)
        .with_protocol_version(agreed.clone())
        .with_server_info(server)
        .with_instructions(INSTRUCTIONS);
    Ok(json!(result))
}

/// Runs a tool. What it refuses is for the model to read, so it is an answer; what no tool of this
/// server could answer is an error of the protocol.
fn call_tool(
    known: &Known<'_>,
    agent: &Agent,
    id: RequestId,
    params: Option<Value>,
    version: Option<&HeaderValue>,
) -> Reply {
    if let Err(error) = speaks(version) {
        return refused(StatusCode::BAD_REQUEST, Some(id), error);
    }
    let params = serde_json::from_value::<CallToolRequestParams>(params.unwrap_or_default());
    let params = match params {
        Ok(params) => params,
        Err(error) => {
            let message = format!("params cannot be read: {error}");
            return refused(StatusCode::OK, Some(id), ErrorData::invalid_params(message, None));
        }
    };
    let Some(tool) = catalog::find(&params.name) else {
        let name = words::shortened(&params.name);
        let message = format!("there is no tool {name}; tools/list has those of your role");
        return refused(StatusCode::OK, Some(id), ErrorData::invalid_params(message, None));
    };
    let session = params.meta.as_ref().and_then(|meta| meta.get("sessionId"));
    let session = session.and_then(Value::as_str);
    let turn = Turn {
        service: known.service,
        // A repeated header would make every later call of the client a repeat of its first.
        cx: Context::of(agent.actor()),
        agent,
        // What a client says of itself is not the model's to put right.
        session: session.and_then(|id| text::session("sessionId", Some(id)).ok().flatten()),
    };
    let arguments = params.arguments.unwrap_or_default();
    let sent = serde_json::to_vec(&arguments).unwrap_or_default();
    let told = tool.call(&turn, Arguments(arguments));
    let status = told.as_ref().err().map_or(StatusCode::OK, Problem::status_code);
    let mut result = match told {
        Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
        Err(problem) => CallToolResult::error(vec![ContentBlock::text(problem.in_words())]),
    };
    // A field of later versions.
    result.result_type = None;
    let noted = Instead { path: format!("{PATH}#{}", tool.name), sent, status };
    answered(id, json!(result), Some(noted))
}
