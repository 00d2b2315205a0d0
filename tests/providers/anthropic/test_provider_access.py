"""Where the API is and how one gets in."""

from typing import Any

import pytest

from tui_chat.core.error import ChatError, KeyRejected, SettingsError
from tui_chat.core.secret import Secret
from tui_chat.providers.anthropic.access import access_of
from tui_chat.providers.config import ProviderConfig

KEY = "sk-ant-canary-0123456789"


def config(**more: Any) -> ProviderConfig:
    return ProviderConfig("work", "anthropic", **{"find_key": lambda: Secret(KEY), **more})


def test_without_settings_it_is_the_vendors_address_and_a_bearer_key() -> None:
    access = access_of(config())
    assert access.base_url == "https://api.anthropic.com"
    assert access.headers == {"anthropic-version": "2026-10-21", "authorization": f"Bearer {KEY}"}
    assert access.masker.mask(f"no {KEY}!") == "no …!"


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("", "authorization", f"Bearer {KEY}"),
        ("bearer", "authorization", f"Bearer {KEY}"),
        ("x-api-key", "x-api-key", KEY),
        ("api-key", "api-key", KEY),
    ],
)
def test_the_key_goes_where_the_settings_say_and_nowhere_else(auth: str, header: str, value: str) -> None:
    headers = access_of(config(auth=auth)).headers
    assert {name: text for name, text in headers.items() if KEY in text} == {header: value}


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1234", "http://localhost", "http://[::1]:80/v1", "http://a.localhost", "https://x.example"],
)
def test_plain_http_is_for_this_machine(url: str) -> None:
    assert access_of(config(base_url=url)).base_url.startswith("http")


@pytest.mark.parametrize("url", ["http://gateway.example", "http://192.168.0.7/v1", "http://localhost.example"])
def test_plain_http_to_another_machine_is_refused_unless_allowed(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        access_of(config(base_url=url))
    assert raised.value.detail == "plain_http"
    assert access_of(config(base_url=url, allow_http=True)).base_url == url.removesuffix("/v1")


@pytest.mark.parametrize("url", ["gateway.example/v1", "ftp://x", "https://", "file:///etc/passwd", "http://[bad"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        access_of(config(base_url=url))
    assert raised.value.detail == "bad_url"


def test_no_key_names_where_to_put_one() -> None:
    with pytest.raises(KeyRejected) as raised:
        access_of(config(find_key=lambda: None, key_source="WORK_KEY"))
    assert raised.value.detail == "no_key"
    assert "WORK_KEY" in raised.value.message
    for way in ({"auth": "none"}, {"is_local": True}, {"find_headers": lambda: {"X-Auth": "something long"}}):
        assert "authorization" not in access_of(config(find_key=lambda: None, **way)).headers


def test_no_secret_shows_in_its_representation() -> None:
    access = access_of(config(find_headers=lambda: {"X-Token": "canary-of-a-gateway"}))
    assert "canary" not in repr(access)
    assert access.masker.mask(f"{KEY} canary-of-a-gateway") == "… …"


@pytest.mark.parametrize("key", [f"{KEY}\n", f" {KEY}\t", f"{KEY}\r\n"])
def test_blank_space_around_a_key_is_stripped(key: str) -> None:
    access = access_of(config(find_key=lambda: Secret.of(key, "X")))
    assert access.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", [f"“{KEY}”", f"{KEY}\0", f"sk-ant\n{KEY}"])
@pytest.mark.parametrize("made", [lambda key: Secret.of(key, "X"), Secret])
def test_a_key_that_cannot_be_sent_is_refused_without_quoting_it(key: str, made: Any) -> None:
    with pytest.raises(ChatError) as raised:
        access_of(config(find_key=lambda: made(key)))
    assert "canary" not in f"{raised.value!r} {raised.value}"
    assert raised.value.kind == "settings"
    assert len(str(raised.value)) > 20


def test_a_header_that_cannot_be_sent_is_refused_without_quoting_it() -> None:
    with pytest.raises(SettingsError) as raised:
        access_of(config(find_headers=lambda: {"X-Token": "canary\nX-Other: 1"}))
    assert "canary" not in str(raised.value)
    assert "x-token" in str(raised.value)
