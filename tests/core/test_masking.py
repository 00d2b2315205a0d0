"""Secrets out of text: whole, cut, encoded; ordinary words stay."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.attacks import attack
from tests.support.echoing_server import leaks
from tui_chat.core.masking import Masker, plain_words

KEY = "qX7vBn2LmPz9RtYw3KsD"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"no such key {KEY}.", "no such key …."),
        (f"{KEY}{KEY}", "……"),
        (f"cut at the end {KEY[:8]}", "cut at the end …"),
        (f"cut at the end {KEY[:7]}", f"cut at the end {KEY[:7]}"),
        (f"{KEY[:9]}******{KEY[-8:]}", "…******…"),
        ("cVg3dkJuMkxtUHo5UnRZdzNLc0Q=", "…"),
        ("nothing here", "nothing here"),
        ("", ""),
    ],
)
def test_a_key_is_masked_whole_and_in_pieces(text: str, shown: str) -> None:
    assert Masker([KEY]).mask(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("the pin is 4711.", "the pin is …."), ("id 14711 and x4711y", "id 14711 and x4711y"), ("NDcxMQ==", "…")],
)
def test_a_short_secret_is_masked_as_a_whole_word_only(text: str, shown: str) -> None:
    assert Masker(["4711"]).mask(text) == shown


def test_a_secret_of_three_characters_masks_nothing() -> None:
    assert Masker(["the", ""]).mask("the model") == "the model"


def test_a_name_loses_whole_secrets_only() -> None:
    masker = Masker(["my-gpt-4o-mini-key"])
    assert masker.mask_whole("gpt-4o-mini") == "gpt-4o-mini"
    assert masker.mask_whole("x/my-gpt-4o-mini-key") == "x/…"


@pytest.mark.parametrize("written", ['a"b\\c<d>&e/f+g', "p@ss w/ %20 & more!"])
def test_a_secret_is_known_however_it_is_written(written: str) -> None:
    import html
    import json
    from urllib.parse import quote

    masker = Masker([written])
    for form in (written, json.dumps(written)[1:-1], html.escape(written), quote(written, safe="")):
        assert masker.mask(f"[{form}]") == "[…]"


SECRETS = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40), max_size=3)


@attack
@given(secrets=SECRETS, data=st.data())
def test_no_eight_characters_of_any_secret_are_left_in_any_text(secrets: list[str], data: st.DataObject) -> None:
    pieces = [secret[start : start + 12] for secret in secrets for start in range(len(secret))]
    part = st.one_of(st.text(max_size=10), *([st.sampled_from([*secrets, *pieces])] if pieces else []))
    text = "".join(data.draw(st.lists(part, max_size=8)))
    shown = Masker(secrets).mask(text)
    assert not [secret for secret in secrets for at in range(len(secret) - 7) if secret[at : at + 8] in shown]


def test_masking_takes_time_in_proportion_to_the_text() -> None:
    masker = Masker([KEY, "short", "x" * 2000])
    for unit in (KEY[:7], KEY[:8], "x", "Bearer ", "sk-", "sk-a"):
        took_s = []
        for length in (16_000, 128_000):
            started_s = time.perf_counter()
            masker.mask((unit * length)[:length])
            took_s.append(time.perf_counter() - started_s)
        assert took_s[1] < max(16 * took_s[0], 0.2), unit


def test_a_complaint_keeps_ordinary_words_alone() -> None:
    assert plain_words("pass: the store is locked, try BADKEYCANARY66 or abc123", "") == (
        "pass: the store is locked, try … or …"
    )
    assert plain_words("unlocked: horse", "horse\n") == "unlocked: …"


def test_leaks_are_found() -> None:
    assert leaks(b"xx" + KEY[3:11].encode(), [KEY]) == [KEY[3:11]]
    assert leaks(b"pin 4711", ["4711"]) and not leaks(b"pin 14711", ["4711"])


@pytest.mark.parametrize("dummy", ["x", "none", "EMPTY", "dummy"])
def test_a_dummy_key_masks_no_word_of_an_error(dummy: str) -> None:
    text = "claude-none-existent: invalid x-api-key; the EMPTY maximum exceeds a dummy rate"
    assert Masker([dummy]).mask(text) == text
