"""Every way in which a server refuses, and the error for it."""

import json
import ssl

import httpx2
import pytest

from tui_chat.core.error import (
    KeyRejected,
    Overloaded,
    ProtocolBroken,
    ProviderError,
    RateLimited,
    RequestRefused,
    StreamCut,
    Unreachable,
)
from tui_chat.core.masking import Masker
from tui_chat.providers.openai.errors import connection_error, error_from_response, message_in


def error(
    status: int, body: object = None, *, content_type: str = "application/json", **headers: str
) -> ProviderError:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else b""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_from_response(httpx2.Response(status, headers={"content-type": content_type, **named}), raw)


def error_body(message: str, **more: object) -> object:
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "detail"),
    [
        (400, error_body("bad things"), RequestRefused, "bad_request"),
        (400, error_body("too much", code="context_length_exceeded"), RequestRefused, "too_long"),
        (400, error_body("the request exceeds the available context size"), RequestRefused, "too_long"),
        (400, error_body("Incorrect API key provided"), KeyRejected, "rejected"),
        (400, error_body("blocked by content management policy", code="content_filter"), RequestRefused, "flagged"),
        (
            500,
            error_body("image input is not supported - hint: you may need to provide the mmproj"),
            RequestRefused,
            "bad_file",
        ),
        (400, error_body("This model does not support image input."), RequestRefused, "bad_file"),
        (422, error_body("unknown variant `image_url`, expected `text`"), RequestRefused, "bad_file"),
        (401, error_body("no"), KeyRejected, "rejected"),
        (402, error_body("Insufficient Balance"), RateLimited, "quota"),
        (403, error_body("not for you"), KeyRejected, "forbidden"),
        (403, error_body("your input was flagged"), RequestRefused, "flagged"),
        (
            404,
            error_body("The model `gpt-9` does not exist", code="model_not_found"),
            RequestRefused,
            "no_such_model",
        ),
        (404, error_body('model "llama9" not found, try pulling it first'), RequestRefused, "no_such_model"),
        (404, "Not Found", RequestRefused, "not_found"),
        (405, None, RequestRefused, "not_found"),
        (407, None, Unreachable, "proxy"),
        (408, None, Unreachable, "timeout"),
        (409, error_body("conflict"), RequestRefused, "bad_request"),
        (413, None, RequestRefused, "too_long"),
        (422, {"detail": [{"loc": ["body", "x"], "msg": "field required"}]}, RequestRefused, "bad_request"),
        (429, error_body("slow down"), RateLimited, ""),
        (429, error_body("You exceeded your current quota, check your billing"), RateLimited, "quota"),
        (429, error_body("x", code="insufficient_quota"), RateLimited, "quota"),
        (500, error_body("oops"), Overloaded, ""),
        (502, "<html><head><title>502 Bad Gateway</title></head></html>", Overloaded, "gateway"),
        (503, error_body("Loading model", code=503), Overloaded, ""),
        (529, error_body("overloaded"), Overloaded, ""),
        (302, None, ProtocolBroken, "redirect"),
        (418, None, RequestRefused, "bad_request"),
    ],
)
def test_each_status_is_the_right_error(status: int, body: object, kind: type[ProviderError], detail: str) -> None:
    raised = error(status, body)
    assert (type(raised), raised.detail, raised.status) == (kind, detail, status)
    assert raised.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (error_body("plain"), "plain"),
        ({"error": "a word"}, "a word"),
        ({"message": "m", "code": 1}, "m"),
        ({"detail": "d"}, "d"),
        ({"detail": [{"loc": ["body", "x"], "msg": "field required"}]}, "body.x: field required"),
        ({"errors": [{"code": 10000, "message": "Authentication error"}], "success": False}, "Authentication error"),
        ([{"error": {"message": "in a list"}}], "in a list"),
        (
            error_body(
                "Provider returned error", metadata={"raw": '{"error": {"message": "deep"}}', "provider_name": "V"}
            ),
            "Provider returned error (V: deep)",
        ),
        ("just\n  words", "just words"),
        ("", "the answer was 400 and nothing more"),
        ("{}", "the answer was 400 and nothing more"),
        ("x" * 5000, "x" * 600 + "…"),
    ],
)
def test_the_message_is_found_in_any_shape(body: object, message: str) -> None:
    assert error(400, body).message == message


def test_a_web_page_becomes_its_title_and_never_markup() -> None:
    page = "<html><head><style>p{}</style><title>502 Bad&nbsp;Gateway</title></head><body><h1>x</h1></body></html>"
    assert error(502, page, content_type="text/html").message == "502 Bad Gateway"
    untitled = "<div>Try <b>later</b></div><script>alert(1)</script>"
    assert error(503, untitled, content_type="text/html").message == "Try later"


@pytest.mark.parametrize(
    "quoted",
    [
        "sk-proj-abcdefgh12345678",
        "sk-ab***************wxyz",
        "gsk_abcdefghijkl",
        "xai-abcdefghijkl",
        "Bearer abcdefghijkl",
    ],
)
def test_a_key_that_the_server_quotes_is_not_shown(quoted: str) -> None:
    message = error(401, error_body(f"Incorrect API key provided: {quoted}. Find yours at the site.")).message
    assert message == "Incorrect API key provided: …. Find yours at the site."


def test_a_key_of_ones_own_is_masked_whatever_it_looks_like() -> None:
    answer, body = httpx2.Response(429), b'{"error": "no more for letmein!"}'
    assert error_from_response(answer, body).message == "no more for letmein!"
    raised = error_from_response(answer, body, Masker(["letmein!"]))
    assert (raised.message, str(raised), raised.fault.message) == ("no more for …",) * 3


def test_the_request_id_is_kept() -> None:
    assert error(500, error_body("x"), x_request_id="req_1").request_id == "req_1"
    assert error(500, error_body("x"), cf_ray="ray").request_id == "ray"


def test_bytes_that_are_no_text_are_still_reported() -> None:
    assert message_in(b"<title>" * 9_000 + b"<ti", "text/html") == ("", "")
    assert message_in(b"<p>Not 3 < 4 here</p><div cla", "text/html") == ("Not 3 < 4 here", "")
    assert message_in(b"\xff\xfe oh", "") == ("\ufffd\ufffd oh", "")


def on_the_way(failure: Exception, cause: BaseException | None = None, has_started: bool = False) -> ProviderError:
    failure.__cause__ = cause
    return connection_error(failure, "llm.example.com", has_started)


def test_an_untrusted_certificate_is_explained() -> None:
    bad = ssl.SSLCertVerificationError()
    bad.verify_message = "self-signed certificate"
    raised = on_the_way(httpx2.ConnectError("x"), bad)
    assert (type(raised), raised.detail) == (Unreachable, "tls")
    assert raised.message == "no safe connection to llm.example.com: self-signed certificate"


@pytest.mark.parametrize(
    ("failure", "kind", "detail"),
    [
        (httpx2.ConnectTimeout("x"), Unreachable, "timeout"),
        (httpx2.PoolTimeout("x"), Unreachable, "timeout"),
        (httpx2.ConnectError("x"), Unreachable, "refused"),
        (httpx2.RemoteProtocolError("x"), Unreachable, ""),
        (httpx2.ReadError("x"), Unreachable, ""),
        (httpx2.ProxyError("407 Proxy Authentication Required"), Unreachable, "proxy"),
        (httpx2.LocalProtocolError("Illegal header value b'Bearer sk-abc'"), RequestRefused, "bad_url"),
        (httpx2.UnsupportedProtocol("x"), RequestRefused, "bad_url"),
        (httpx2.InvalidURL("x"), RequestRefused, "bad_url"),
    ],
)
def test_each_failure_before_an_answer_is_distinguished(
    failure: Exception, kind: type[ProviderError], detail: str
) -> None:
    raised = on_the_way(failure)
    assert (type(raised), raised.detail) == (kind, detail)
    assert "sk-abc" not in raised.message


@pytest.mark.parametrize(
    ("failure", "detail"),
    [
        (httpx2.ReadTimeout("x"), "stalled"),
        (httpx2.ReadError("x"), "dropped"),
        (httpx2.RemoteProtocolError("x"), "dropped"),
        (httpx2.DecodingError("x"), "garbled"),
    ],
)
def test_each_failure_in_the_middle_is_a_cut(failure: Exception, detail: str) -> None:
    raised = on_the_way(failure, has_started=True)
    assert (type(raised), raised.detail) == (StreamCut, detail)


def test_every_error_the_http_library_knows_becomes_one_of_ours() -> None:
    def below(kind: type[Exception]) -> list[type[Exception]]:
        return [kind, *(found for child in kind.__subclasses__() for found in below(child))]

    for kind in (*below(httpx2.HTTPError), *below(httpx2.StreamError), httpx2.InvalidURL):
        failure = kind.__new__(kind)
        Exception.__init__(failure, "x")
        for has_started in (False, True):
            assert isinstance(on_the_way(failure, has_started=has_started), ProviderError)


def test_an_error_response_in_the_form_of_a_stream_is_read() -> None:
    raised = error(500, 'data: {"error": {"message": "it broke", "code": "500"}}\n\ndata: [DONE]\n\n')
    assert raised.message == "it broke"
