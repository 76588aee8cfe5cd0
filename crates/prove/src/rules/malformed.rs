//! Requests that are wrong in every way an outsider can think of; several rules look at the answers.

use crate::document::{Document, Route};
use crate::material::{Part, form, media};
use crate::wire::{Body, Request};
use serde_json::json;

/// Absurd ids, as they stand in a path.
const IDS: &[&str] = &[
    "0",
    "-1",
    "not-a-uuid",
    "%00",
    "%ff%fe",
    "'%20OR%20'1'='1",
    "..%2f..%2fetc%2fpasswd",
    "%7B%7B7*7%7D%7D",
    "99999999999999999999999999",
    "00000000-0000-0000-0000-00000000000g",
];

/// Absurd bodies of the type JSON.
fn bodies() -> Vec<Vec<u8>> {
    let mut list: Vec<Vec<u8>> = [
        "",
        "{",
        "[",
        "nul",
        "\"text\"",
        "42",
        "[]",
        "{\"a\":1}",
        "{\"score\":\"high\"}",
        "{\"score\":1e400}",
        "{\"score\":1,\"score\":2}",
        "{\"email\":[],\"password\":{}}",
        "{\"title\":\"\\ud800\",\"content\":\"\\u0000\"}",
        "{\"tags\":{\"0\":1}}",
        "{\"noted_at\":\"yesterday\",\"score\":1}",
        "{\"noted_at\":\"9999999-01-01T00:00:00Z\",\"score\":1}",
        "{\"email\":\"a'; DROP TABLE users;--\",\"password\":\"x\"}",
        "{} {}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    list.push(b"{\"note\":\"\xff\xfe\xc3\x28\"}".to_vec());
    list.push(b"\xef\xbb\xbf{\"score\":1}".to_vec());
    list
}

/// Against every route of the document that is not about files. Sent with a token, so that they reach the handler.
/// Those by which one signs in count each try by address, so they are left out where there is one address only.
pub(super) fn against(document: &Document, many_addresses: bool) -> Vec<Request> {
    let mut list = Vec::new();
    let fits =
        |route: &&Route| !route.ends_session() && !is_upload(&route.template) && (many_addresses || !route.is_public());
    for route in document.routes.iter().filter(fits) {
        if route.takes_json() {
            for body in bodies() {
                let request = Request::new(&route.method, &route.path(crate::document::NOBODY));
                list.push(request.header("If-Match", "*").content("application/json", body));
            }
        }
        if route.has_placeholder() {
            for id in IDS {
                let mut request = Request::new(&route.method, &route.path(id)).header("If-Match", "*");
                if route.takes_json() {
                    request = request.json(&json!({}));
                }
                list.push(request);
            }
        }
    }
    for query in [
        "limit=abc",
        "limit=-1",
        "limit=99999999999999999999",
        "cursor=%00%ff",
        "cursor=zzzz",
        "from=x&to=y",
        "limit=1&limit=2",
        "cursor=' OR 1=1--",
        "unknown=1",
        "limit=%zz",
    ] {
        let query = query.replace(' ', "%20");
        list.push(Request::get(&format!("/api/moods?{query}")));
        list.push(Request::get(&format!("/api/journal/entries?{query}")));
    }
    for query in
        ["days=0", "days=abc", "days=99999999999", "time_zone=Mars%2FOlympus", "time_zone=%2e%2e%2fetc%2fpasswd"]
    {
        list.push(Request::get(&format!("/api/moods/stats?{query}")));
    }
    list.push(Request::post("/api/moods").content("text/plain", b"x".to_vec()));
    list.push(Request::post("/api/moods").content("application/json; charset=\"", b"{}".to_vec()));
    list.push(Request::get("/api/%ff%fe"));
    list
}

pub(super) fn is_upload(template: &str) -> bool {
    template.starts_with("/api/recordings") || template.starts_with("/v1/")
}

/// Against the routes that take sound.
pub(super) fn uploads() -> Vec<(&'static str, Request)> {
    let mut list = Vec::new();
    let sound = crate::material::wav();
    let mut broken = sound.clone();
    broken.truncate(30);
    let mut absurd = sound.clone();
    absurd[20..44].fill(0xff);
    for path in ["/api/recordings", "/v1/audio/transcriptions"] {
        let post = || Request::post(path);
        list.push(("a form without its boundary", post().content("multipart/form-data", b"--x\r\n".to_vec())));
        list.push((
            "a form cut off",
            post().content(&media(), b"--prove-7f3a91c2\r\nContent-Disposition: form-da".to_vec()),
        ));
        list.push(("a form of noise", post().content(&media(), vec![0xff; 512])));
        list.push(("a form without parts", form(post(), &[])));
        list.push(("a form in chunks that lie", post().framed(&media(), Body::Chunked(b"zz\r\nx\r\n".to_vec()))));
        list.push(("a field nobody knows", form(post(), &[Part::Field("user_id", "1"), Part::file("a.wav", &sound)])));
        list.push((
            "a language nobody speaks",
            form(
                post(),
                &[
                    Part::Field("model", "whisper-1"),
                    Part::Field("language", "../../etc/passwd"),
                    Part::file("a.wav", &sound),
                ],
            ),
        ));
        list.push((
            "a recording cut off in its header",
            form(post(), &[Part::Field("model", "whisper-1"), Part::file("a.wav", &broken)]),
        ));
        list.push((
            "a recording with an absurd header",
            form(post(), &[Part::Field("model", "whisper-1"), Part::file("a.wav", &absurd)]),
        ));
        list.push(("an empty recording", form(post(), &[Part::Field("model", "whisper-1"), Part::file("a.wav", b"")])));
        list.push((
            "a text as a recording",
            form(post(), &[Part::Field("model", "whisper-1"), Part::file("a.flac", b"fLaC text")]),
        ));
    }
    let format = [
        Part::Field("model", "whisper-1"),
        Part::Field("response_format", "'; DROP TABLE users;--"),
        Part::file("a.wav", &sound),
    ];
    list.push(("a format nobody knows", form(Request::post("/v1/audio/transcriptions"), &format)));
    list.push(("JSON instead of a form", Request::post("/v1/audio/transcriptions").json(&json!({"model": "x"}))));
    for id in IDS {
        for end in ["", "/audio", "/transcript", "/export?format=exe"] {
            list.push(("an absurd id", Request::get(&format!("/api/recordings/{id}{end}"))));
        }
    }
    list
}
