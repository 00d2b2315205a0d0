"""A secret is never shown by accident."""

import copy
import pickle
import traceback

import pytest

from tui_chat.core.error import SettingsError
from tui_chat.core.secret import Secret

KEY = "sk-proj-canary-0123456789-wxyz"


def test_printing_and_formatting_a_secret_give_a_mask() -> None:
    secret = Secret(KEY)
    shown = f"{secret} {secret!r} {secret!s}" + str([secret])
    assert "canary" not in shown
    assert "…wxyz" in shown


def test_a_short_secret_shows_nothing_of_itself() -> None:
    assert str(Secret("short-canary")) == "…"


def test_a_secret_cannot_be_pickled_or_copied_into_a_file() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY))
    with pytest.raises(TypeError):
        copy.copy(Secret(KEY))


def test_a_traceback_with_local_variables_does_not_hold_the_key() -> None:
    def fails(secret: Secret) -> None:
        raise ValueError(f"broken with {secret}")

    try:
        fails(Secret(KEY))
    except ValueError as error:
        printed = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        inner = error.__traceback__.tb_next  # type: ignore[union-attr]
        assert inner is not None
        assert "secret = Secret(…wxyz)" in printed
        assert KEY not in repr(inner.tb_frame.f_locals)


def test_blanks_around_a_key_are_taken_off_and_nothing_is_no_key() -> None:
    found = Secret.of(f"  {KEY}\r\n", "OPENAI_API_KEY")
    assert found is not None
    assert found.reveal() == KEY
    assert Secret.of(" \n", "OPENAI_API_KEY") is None


@pytest.mark.parametrize("sign", ["\n", "\x00", "“", " ", "\x1b"])
def test_a_character_no_key_has_is_reported_without_the_key(sign: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Secret.of(f"sk-can{sign}ary", "OPENAI_API_KEY")
    assert "OPENAI_API_KEY" in str(raised.value)
    assert "position 7" in str(raised.value)
    assert "sk-can" not in str(raised.value)
