"""Faults as core errors; statuses and words are tried over the wire in `test_anthropic.py`."""

import socket
import ssl
from itertools import pairwise

import httpx2
import pytest

from tui_chat.core.error import ProtocolBroken, ProviderError, RequestRefused, Unreachable
from tui_chat.core.masking import Masker
from tui_chat.providers.anthropic.errors import (
    Refusal,
    connection_error,
    error_from_refusal,
    page_message,
    stream_cut_error,
)
from tui_chat.providers.error_details import scrub


def because(*causes: BaseException) -> BaseException:
    """The first, raised from the second, raised from the third …"""
    for fault, cause in pairwise(causes):
        fault.__cause__ = cause
    return causes[0]


@pytest.mark.parametrize(
    ("fault", "kind", "detail"),
    [
        (because(httpx2.ConnectError("x"), socket.gaierror(-2, "Name or service not known")), Unreachable, "dns"),
        (because(httpx2.ConnectError("x"), OSError(), ConnectionRefusedError(111, "no")), Unreachable, "refused"),
        (because(httpx2.ConnectError("x"), ssl.SSLCertVerificationError(1, "self-signed")), Unreachable, "tls"),
        (httpx2.ProxyError("407 no"), Unreachable, "proxy"),
        (httpx2.ConnectTimeout("x"), Unreachable, "timeout"),
        (httpx2.PoolTimeout("x"), Unreachable, "timeout"),
        (TimeoutError(), Unreachable, "timeout"),
        (httpx2.ReadError(""), Unreachable, ""),
        (httpx2.UnsupportedProtocol("x"), RequestRefused, "bad_url"),
        (httpx2.LocalProtocolError("Illegal header value b'sk-secret'"), RequestRefused, "bad_url"),
        (httpx2.TooManyRedirects("x"), ProtocolBroken, "redirect"),
    ],
)
def test_no_connection_is_reported_by_its_root_cause(
    fault: BaseException, kind: type[ProviderError], detail: str
) -> None:
    error = connection_error(fault)
    assert type(error) is kind
    assert error.detail == detail
    assert error.message
    assert "secret" not in error.message


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert connection_error(first).message == "b"


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (httpx2.ReadTimeout(""), "stalled"),
        (httpx2.ReadError(""), "dropped"),
        (httpx2.RemoteProtocolError("peer closed"), "dropped"),
        (httpx2.DecodingError("gzip"), "garbled"),
        (ValueError("json"), "garbled"),
        (RecursionError(), "garbled"),
    ],
)
def test_a_reply_that_broke_off_reports_how(fault: BaseException, detail: str) -> None:
    error = stream_cut_error(fault, "req_1")
    assert (error.detail, error.request_id) == (detail, "req_1")
    assert error.message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Incorrect API key provided: sk-proj-abcdefgh123", "Incorrect API key provided: …"),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: …"),
        ("my-own-key and a risk-free task-list", "… and a risk-free task-list"),
    ],
)
def test_keys_are_masked(text: str, shown: str) -> None:
    assert error_from_refusal(Refusal(401, message=text), Masker(["my-own-key"])).message == shown


def test_scrubbing_reaches_the_causes() -> None:
    fault = because(ValueError("has my-own-key"), OSError(5, "my-own-key", "file"))
    scrub(fault, Masker(["my-own-key"]))
    assert fault.args == ("has …",)
    assert fault.__cause__ is not None
    assert "my-own-key" not in str(fault.__cause__.args)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("<!doctype html><title>\n 502  Bad\nGateway </title><p>x", "502 Bad Gateway"),
        ("<h1>Oops</h1>", "Oops"),
        ("<p>Oops</p>", ""),
        ("upstream  connect\nerror", "upstream connect error"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_page_is_reported_in_a_line(body: str, line: str) -> None:
    assert page_message(body) == line


def test_a_refusal_without_words_still_has_a_text_and_a_long_one_is_cut() -> None:
    assert "418" in error_from_refusal(Refusal(418)).message
    assert len(error_from_refusal(Refusal(400, message="x" * 100_000)).message) == 2_000
