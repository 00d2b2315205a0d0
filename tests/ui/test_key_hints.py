"""A next step is shown with its keys, and the wording always uses the known words for it."""

import pytest

from tui_chat import wording
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import fitted_hint, hint_content, with_keys

KEYS = Keyboard({})
EVERY = [*wording._BY_DETAIL.values(), *wording._BY_KIND.values(), *wording._BY_STOP.values()]
VERBS = ("try again", "regenerate", "continue", "another model", "edit the prompt", "cancel")
"""What a key of the app does."""


@pytest.mark.parametrize("words", EVERY, ids=lambda words: words.sentence)
def test_every_error_has_a_next_step_and_what_a_key_does_has_its_key(words: wording.ErrorText) -> None:
    assert words.sentence.endswith(".") and words.next_step.endswith(".")
    step = with_keys(words.next_step, KEYS)
    named = [verb for verb in VERBS if verb in words.next_step.lower()]
    assert step.count("(") >= len(named)


def test_the_keys_are_the_users_own() -> None:
    own = Keyboard({"reply.retry": ["f11"], "reply.continue": []})
    assert with_keys("Continue or regenerate.", own) == "Continue or regenerate (F11)."


def test_under_a_reply_another_model_answers_it_again() -> None:
    assert with_keys("Choose another model.", KEYS, model="reply.retry_with") == "Choose another model (F3)."
    assert with_keys("Choose another model.", KEYS) == "Choose another model (Ctrl+L)."


def test_a_hint_line_drops_steps_before_its_last() -> None:
    hint = "Enter open · j k move · v compare · Esc close"
    assert fitted_hint(hint, 100) == hint
    assert fitted_hint(hint, 34) == "Enter open · j k move · Esc close"
    assert fitted_hint(hint, 1) == "Esc close"


def test_keys_are_brighter_than_what_they_do() -> None:
    line = hint_content("Ctrl+R retry · ↑↓ move · j k scroll · or type a name")
    bright = [line.plain[span.start : span.end] for span in line.spans if span.style == "$foreground"]
    assert bright == ["Ctrl+R", "↑↓", "j k"]


def test_keys_of_a_second_line_are_brighter_too() -> None:
    hint = hint_content("For more, wait.\nEnter select · Esc cancel")
    bright = [hint.plain[span.start : span.end] for span in hint.spans if span.style == "$foreground"]
    assert bright == ["Enter", "Esc"]
