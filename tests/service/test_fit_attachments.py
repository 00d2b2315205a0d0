"""Nothing over a limit of the model leaves: it is shrunk, refused with the figure, or left out of earlier turns."""

from dataclasses import replace
from typing import Any

import pytest

from tests.attachments.samples import image, pdf
from tests.storage.make import prompt, reply
from tui_chat.attachments.shrink import shrink
from tui_chat.core.attachment import measured
from tui_chat.core.attachment_limits import AttachmentLimits, base64_bytes
from tui_chat.core.error import AttachmentRefused
from tui_chat.core.part import AttachmentPart, Part, TextPart
from tui_chat.core.provider import Model, Request
from tui_chat.core.turn import Turn
from tui_chat.providers.anthropic.models import LIMITS
from tui_chat.service.fit_attachments import AttachmentFitter, limits_of, no_shrink, refuse_lost
from tui_chat.wording import explain

MIB = 1024 * 1024
NOTES = AttachmentPart("notes.md", "text/markdown", b"# Notes")


def photo(
    width: int = 40, height: int = 30, *, size: int = 0, name: str = "shot.png", kind: str = "PNG"
) -> AttachmentPart:
    """An image, padded to a number of bytes."""
    data = image(kind, width, height)
    return measured(AttachmentPart(name, f"image/{kind.lower()}", data + b"\0" * (size - len(data))))


def document(pages: int, name: str = "plan.pdf") -> AttachmentPart:
    return measured(AttachmentPart(name, "application/pdf", pdf(pages)))


def asked(number: int, *files: AttachmentPart) -> Turn:
    turn = prompt(f"u{number}", f"a{number - 1}" if number else None)
    return replace(turn, parts=(*turn.parts, *files))


def request(*turns: Turn) -> Request:
    """A request whose prompts have replies between them."""
    path = [one for number, turn in enumerate(turns) for one in (turn, reply(f"a{number}", turn.id))]
    return Request("m", tuple(path[:-1]))


async def fit(
    asking: Request, limits: AttachmentLimits = LIMITS, *, can_shrink: bool = True
) -> tuple[list[Part], tuple[str, ...]]:
    """The parts of all prompts after fitting, and the notes."""
    fitter = AttachmentFitter(shrink if can_shrink else no_shrink)
    fitted, notes = await fitter.fit(asking, limits, "a/m")
    return [part for turn in fitted.turns if turn.role == "user" for part in turn.parts], notes


async def refused(asking: Request, limits: AttachmentLimits = LIMITS, **options: Any) -> AttachmentRefused:
    with pytest.raises(AttachmentRefused) as caught:
        await fit(asking, limits, **options)
    assert explain(caught.value).next_step
    return caught.value


async def test_what_fits_is_sent_as_it_is() -> None:
    asking = request(asked(0, photo(), document(3), NOTES))
    fitter = AttachmentFitter(no_shrink)
    assert await fitter.fit(asking, LIMITS, "a/m") == (asking, ())


async def test_an_image_over_five_mebibytes_of_base64_is_shrunk_with_a_word_about_it() -> None:
    large = photo(3000, 2000, size=4 * MIB)
    assert base64_bytes(large.size) > 5 * MIB > large.size
    (_, smaller), (note,) = await fit(request(asked(0, large)))
    assert isinstance(smaller, AttachmentPart) and base64_bytes(smaller.size) <= 5 * MIB
    assert note == "shot.png was shrunk: 3,000×2,000 → 3,000×2,000"


async def test_without_pillow_an_image_over_five_mebibytes_is_refused_with_the_figures() -> None:
    error = await refused(request(asked(0, photo(size=4 * MIB))), can_shrink=False)
    assert error.message == "shot.png: it has 5,592,408 bytes as base64, and at most 5,242,880 are taken"
    assert error.detail == "not_shrunk" and "the extra `images`" in explain(error).next_step


async def test_an_image_of_more_than_8000_pixels_is_shrunk_or_refused() -> None:
    wide = photo(8001, 40)
    (_, smaller), (note,) = await fit(request(asked(0, wide)))
    assert isinstance(smaller, AttachmentPart) and smaller.pixels == (8000, 40)
    assert note == "shot.png was shrunk: 8,001×40 → 8,000×40"
    assert "8,001×40 pixels" in (await refused(request(asked(0, wide)), can_shrink=False)).message


async def test_with_more_than_twenty_images_on_the_branch_the_edge_is_2000() -> None:
    earlier = asked(0, *(photo(name=f"{number}.png") for number in range(19)))
    assert (await fit(request(earlier, asked(1, photo(2500, 100)))))[1] == ()
    parts, notes = await fit(request(earlier, asked(1, photo(2500, 100), photo(name="b.png"))))
    shrunk = [part.pixels for part in parts if isinstance(part, AttachmentPart) and part.name == "shot.png"]
    assert shrunk == [(2000, 80)] and notes == ("shot.png was shrunk: 2,500×100 → 2,000×80",)


async def test_images_are_counted_over_the_branch_and_the_oldest_are_left_out() -> None:
    earlier = asked(0, *(photo(name=f"{number}.png") for number in range(60)))
    parts, notes = await fit(request(earlier, asked(1, *(photo(name=f"new {number}.png") for number in range(42)))))
    sent = [part.name for part in parts if isinstance(part, AttachmentPart)]
    assert len(sent) == 100 and sent[0] == "2.png" and sent[-1] == "new 41.png"
    assert notes == ("2 files were left out: a request to a/m takes at most 100 images, not 102",)
    assert TextPart("[0.png: left out, since a request to a/m takes at most 100 images, not 102]") in parts


async def test_more_images_in_one_prompt_than_a_request_takes_are_refused() -> None:
    error = await refused(request(asked(0, *(photo() for _ in range(101)))))
    assert error.message == "shot.png: a request to a/m takes at most 100 images, not 101"


async def test_a_model_with_a_long_context_takes_more_images() -> None:
    limits = limits_of(LIMITS, Model("a/m", context_window=1_000_000))
    assert (await fit(request(asked(0, *(photo() for _ in range(101)))), limits))[1] == ()
    assert limits_of(LIMITS, Model("a/m", context_window=200_000)).images == 100


async def test_pages_are_counted_over_the_branch() -> None:
    assert (await fit(request(asked(0, document(60)), asked(1, document(40)))))[1] == ()
    _, notes = await fit(request(asked(0, document(60, "old.pdf")), asked(1, document(41))))
    assert notes == ("old.pdf was left out: a request to a/m takes at most 100 pages, not 101",)
    error = await refused(request(asked(0, document(101))))
    assert error.message == "plan.pdf: a request to a/m takes at most 100 pages, not 101"


async def test_a_request_of_more_than_32_megabytes_does_not_leave() -> None:
    old = photo(name="old.png", size=3_900_000)
    files = [replace(old, name=f"{number}.png") for number in range(6)]
    parts, notes = await fit(request(asked(0, old), asked(1, *files)))
    sent = sum(base64_bytes(part.size) for part in parts if isinstance(part, AttachmentPart))
    assert sent <= 32_000_000 and len(notes) == 1 and notes[0].startswith("old.png was left out: a request to a/m")
    assert "32,000,000 bytes" in (await refused(request(asked(0, old, *files)))).message


# Models that cannot see, and kinds that are not taken


async def test_a_model_that_cannot_see_is_named_before_sending() -> None:
    limits = limits_of(AttachmentLimits(), Model("ollama/l", can_see=False))
    error = await refused(request(asked(0, photo())), limits)
    assert error.message == "shot.png: a/m cannot see images" and error.detail == "cannot_see"
    assert (await fit(request(asked(0, NOTES)), limits))[1] == ()


async def test_changing_to_a_model_that_cannot_see_does_not_block_the_conversation() -> None:
    parts, notes = await fit(request(asked(0, photo()), asked(1)), AttachmentLimits(sees=False))
    assert TextPart("[shot.png: left out, since a/m cannot see images]") in parts
    assert notes == ("shot.png was left out: a/m cannot see images",)


async def test_a_kind_that_the_server_does_not_take_is_refused() -> None:
    assert (await refused(request(asked(0, document(1))), AttachmentLimits())).message == (
        "plan.pdf: a/m does not take PDF files"
    )
    error = await refused(
        request(asked(0, photo(kind="WEBP"))), AttachmentLimits(image_types=frozenset({"image/png"}))
    )
    assert error.message == "shot.png: a/m does not take image/webp"


async def test_a_prompt_whose_stored_bytes_are_lost_is_refused_and_an_earlier_one_is_sent_as_its_name() -> None:
    lost = replace(photo(), data=b"")
    with pytest.raises(AttachmentRefused, match=r"shot.png: its bytes are no longer stored"):
        refuse_lost(request(asked(0, lost)).turns)
    asking = request(asked(0, lost), asked(1))
    refuse_lost(asking.turns)
    assert await AttachmentFitter(no_shrink).fit(asking, LIMITS, "a/m") == (asking, ())


async def test_a_smaller_copy_is_made_once_for_a_branch() -> None:
    made: list[str] = []

    def counting(part: AttachmentPart, edge: int, size: int) -> AttachmentPart | None:
        made.append(part.name)
        return shrink(part, edge, size)

    fitter = AttachmentFitter(counting)
    asking = request(asked(0, photo(8001, 10)), asked(1))
    first = await fitter.fit(asking, LIMITS, "a/m")
    assert first[1] == () and await fitter.fit(asking, LIMITS, "a/m") == first
    assert made == ["shot.png"]
