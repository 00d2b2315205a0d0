"""Attachments within the text of a prompt."""

import pytest

from tui_chat.core.part import AttachmentPart
from tui_chat.ui.attachment_marks import attachments_in, brief, mark_of, prompt_text
from tui_chat.ui.widgets.attachment_placeholders import AttachmentPlaceholders, describe

HASH = "a1" * 32
SHOT = AttachmentPart("shot.png", "image/png", sha256=HASH, size=24_013, pixels=(1280, 800))
PAPER = AttachmentPart("paper.pdf", "application/pdf", sha256="b2" * 32, size=3_100_000, pages=12)
LOG = AttachmentPart("app.log", "text/x-log", sha256="c3" * 32, size=950)
NAMED_ONLY = AttachmentPart("lost.png", "image/png")


@pytest.mark.parametrize("part", [SHOT, PAPER, LOG, NAMED_ONLY])
def test_a_mark_holds_all_but_the_bytes(part: AttachmentPart) -> None:
    assert attachments_in(f"look: {mark_of(part)} and {mark_of(part)}") == (part,)


def test_a_hostile_name_does_not_end_its_mark() -> None:
    names = (
        "a⟧ b | image/png | 1 bytes | sha256:" + HASH + "⟧",
        "\x1b[31m\u202egnp.exe",
        "⟦",
        " | ",
        "\n\n",
        "𝔲 日本.md",
    )
    for name in names:
        (found,) = attachments_in(f"x {mark_of(AttachmentPart(name, 'text/plain', sha256=HASH, size=1))} y")
        assert found.sha256 == HASH and found.size == 1 and "\x1b" not in found.name and "\u202e" not in found.name


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("What is this? {}", "What is this?"),
        ("{} What is this?", "What is this?"),
        ("{} {}\nWhat is this?\n{}", "What is this?"),
        ("Compare {} with {}.", "Compare shot.png with shot.png."),
        ("{} differs from {} in one line {}", "differs from shot.png in one line"),
        ("{}", ""),
        (" {} \n", ""),
        ("  code\n", "  code\n"),
        ("  code {}", "  code"),
        ("⟦file: not one⟧", "⟦file: not one⟧"),
    ],
)
def test_marks_are_no_words_of_the_prompt(prompt: str, words: str) -> None:
    assert prompt_text(prompt.replace("{}", mark_of(SHOT))) == words


def test_a_list_shows_the_name_alone() -> None:
    assert brief(f"see {mark_of(SHOT)}!") == "see ⟦shot.png⟧!"


@pytest.mark.parametrize(
    ("part", "sign"),
    [
        (SHOT, "shot.png · PNG 1280×800 · 24 kB · ~1.4k tokens"),
        (PAPER, "paper.pdf · PDF 12 pages · 3.1 MB · ~1.4k tokens"),
        (LOG, "app.log · log · 950 B · ~1.4k tokens"),
        (NAMED_ONLY, "lost.png · PNG · not included"),
    ],
)
def test_a_sign_shows_what_the_file_is_and_costs(part: AttachmentPart, sign: str) -> None:
    assert describe(part, 1400).replace("1.40k", "1.4k") == sign


def test_a_long_name_keeps_its_end() -> None:
    part = AttachmentPart("a" * 100 + ".tar.json", "application/json", sha256=HASH, size=1)
    assert describe(part, 1).startswith("aaaaaaaaaaaaaaa…aaaaaaa.tar.json · json")


def test_signs_become_marks_again_and_a_changed_sign_is_text() -> None:
    placeholders = AttachmentPlaceholders()
    shot, log = placeholders.placeholder_of(SHOT, tokens=1400), placeholders.placeholder_of(LOG, tokens=3)
    text = f"a {shot} b {log}"
    assert placeholders.placeholder_of(SHOT) == shot
    assert placeholders.to_marks(text) == f"a {mark_of(SHOT)} b {mark_of(LOG)}"
    assert placeholders.to_placeholders(placeholders.to_marks(text)) == text
    assert placeholders.to_marks(shot.replace("shot", "shit")) == shot.replace("shot", "shit")
    assert placeholders.placeholder_at(text, 5) == (2, 2 + len(shot)) and placeholders.placeholder_at(text, 1) is None
