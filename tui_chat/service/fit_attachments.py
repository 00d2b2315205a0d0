"""Make the attachments of a request fit what the model takes, before it is sent. Knows no provider, decodes no image.

What cannot fit is refused if it belongs to the prompt that is sent, with the figure. In earlier turns it is left out
of this request, with a note to the user, so that no file and no change of model can block a conversation.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from tui_chat.core.attachment import PDF, is_image
from tui_chat.core.attachment_limits import LONG_CONTEXT, AttachmentLimits, base64_bytes
from tui_chat.core.error import AttachmentRefused
from tui_chat.core.part import AttachmentPart, Part, TextPart, ToolResultPart
from tui_chat.core.provider import Model, Request
from tui_chat.core.turn import Role, Turn

Shrink = Callable[[AttachmentPart, int, int], AttachmentPart | None]
"""An image, the longest edge and the most bytes → a smaller copy; `None` where that is not possible here."""

_KEPT_COPIES = 16
_NO_LIMIT = 1 << 62
Place = tuple[int, int]
"""The index of a turn, and of a part in it."""


def no_shrink(part: AttachmentPart, edge: int, size: int) -> AttachmentPart | None:
    """Return nothing: the default where no image library is installed."""
    return None


@dataclass(slots=True)
class _Fitting:
    """One request while it is made to fit."""

    request: Request
    limits: AttachmentLimits
    model: str
    files: dict[Place, AttachmentPart]
    own: int
    """The index of the turn with the prompt that is sent."""
    changed: dict[Place, Part] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    """Names of earlier files by the reason for which they are left out."""

    def is_own(self, place: Place) -> bool:
        return place[0] == self.own

    def refuse(self, place: Place, reason: AttachmentRefused) -> None:
        """Refuse a file of this prompt; leave an earlier one out."""
        name = self.files[place].name
        if self.is_own(place):
            raise AttachmentRefused(f"{name}: {reason.message}", detail=reason.detail)
        self.left_out.setdefault(reason.message, []).append(name)
        self.changed[place] = TextPart(f"[{name}: left out, since {reason.message}]")
        del self.files[place]


class AttachmentFitter:
    """Fits requests, and keeps the last smaller copies so that a branch does not make them with every prompt."""

    def __init__(self, shrink: Shrink) -> None:
        self._shrink = shrink
        self._copies: OrderedDict[tuple[str, int, int], AttachmentPart | None] = OrderedDict()

    async def fit(self, request: Request, limits: AttachmentLimits, model: str) -> tuple[Request, tuple[str, ...]]:
        """Return the request with attachments that the model takes, and notes on what was changed.

        Raises `AttachmentRefused` where a file of the prompt cannot be made to fit.
        """
        own = max((at for at, turn in enumerate(request.turns) if _is_prompt(turn)), default=-1)
        fitting = _Fitting(request, limits, model, _files_of(request.turns), own)
        _check_kinds(fitting)
        await self._check_images(fitting)
        _check_counts(fitting)
        return _changed(request, fitting), (*fitting.notes, *map(_note, fitting.left_out.items()))

    async def _check_images(self, fitting: _Fitting) -> None:
        """Shrink images that are too large; with many images in a request the limit is lower."""
        limits = fitting.limits
        images = {place: part for place, part in fitting.files.items() if is_image(part)}
        edge, size = limits.image_edge or _NO_LIMIT, limits.image_base64_bytes or _NO_LIMIT
        if limits.many_images is not None and len(images) > limits.many_images and limits.image_edge_of_many:
            edge = limits.image_edge_of_many
        for place, part in images.items():
            if not (reason := _too_large(part, edge, size)):
                continue
            smaller = await self._smaller(part, edge, size)
            if smaller is None or _too_large(smaller, edge, size):
                fitting.refuse(place, AttachmentRefused(reason, detail="not_shrunk"))
                continue
            fitting.files[place] = fitting.changed[place] = smaller
            if fitting.is_own(place):
                fitting.notes.append(f"{part.name} was shrunk: {_pixels(part)} → {_pixels(smaller)}")

    async def _smaller(self, part: AttachmentPart, edge: int, size: int) -> AttachmentPart | None:
        key = part.sha256, edge, size
        if not part.sha256 or key not in self._copies:
            made = await asyncio.to_thread(self._shrink, part, edge, size // 4 * 3)
            if not part.sha256:
                return made
            self._copies[key] = made
            while len(self._copies) > _KEPT_COPIES:
                self._copies.popitem(last=False)
        self._copies.move_to_end(key)
        return self._copies[key]


def limits_of(limits: AttachmentLimits, listed: Model | None) -> AttachmentLimits:
    """Return the limits with what the provider's list of models adds: whether it sees, how long its context is."""
    if listed is None:
        return limits
    sees = limits.sees if listed.can_see is None else listed.can_see
    is_long = (listed.context_window or 0) > LONG_CONTEXT
    images = limits.images_in_long_context if is_long and limits.images_in_long_context else limits.images
    return replace(limits, sees=sees, images=images)


def refuse_lost(turns: tuple[Turn, ...]) -> None:
    """Raise if the prompt that is sent has a file whose stored bytes are lost; earlier ones are sent as a name."""
    own = next((turn for turn in reversed(turns) if _is_prompt(turn)), None)
    for part in own.parts if own is not None else ():
        if isinstance(part, AttachmentPart) and part.sha256 and not part.data:
            raise AttachmentRefused(f"{part.name}: its bytes are no longer stored", detail="gone")


def _is_prompt(turn: Turn) -> bool:
    """Return whether the user wrote it: what tools answered is no prompt, and no reason to refuse a request."""
    return turn.role is Role.USER and not any(isinstance(part, ToolResultPart) for part in turn.parts)


def _files_of(turns: tuple[Turn, ...]) -> dict[Place, AttachmentPart]:
    """Return the files that are sent: those of prompts, with bytes."""
    return {
        (at, number): part
        for at, turn in enumerate(turns)
        if turn.role is Role.USER
        for number, part in enumerate(turn.parts)
        if isinstance(part, AttachmentPart) and part.data
    }


def _check_kinds(fitting: _Fitting) -> None:
    """Refuse what the model cannot read at all."""
    limits, model = fitting.limits, fitting.model
    for place, part in list(fitting.files.items()):
        if is_image(part) and limits.sees is False:
            fitting.refuse(place, AttachmentRefused(f"{model} cannot see images", detail="cannot_see"))
        elif is_image(part) and part.media_type not in limits.image_types:
            fitting.refuse(place, AttachmentRefused(f"{model} does not take {part.media_type}", detail="not_taken"))
        elif part.media_type == PDF and not limits.takes_pdf:
            fitting.refuse(place, AttachmentRefused(f"{model} does not take PDF files", detail="not_taken"))


def _check_counts(fitting: _Fitting) -> None:
    """Leave out the oldest files of earlier turns until the request is within its limits."""
    limits, model = fitting.limits, fitting.model
    counted: list[tuple[int | None, str, Callable[[AttachmentPart], int]]] = [
        (limits.images, "images", lambda part: int(is_image(part))),
        (limits.pdf_pages, "pages", lambda part: (part.pages or 1) if part.media_type == PDF else 0),
    ]
    reason = f"a request to {model} takes at most {{most:,}} {{what}}, not {{total:,}}"
    for most, what, amount in counted:
        _leave_out_oldest(fitting, amount, 0, most, partial(reason.format, what=what))
    texts = [part.text for turn in fitting.request.turns for part in turn.parts if isinstance(part, TextPart)]
    words = sum(map(len, texts)) + len(fitting.request.system)
    _leave_out_oldest(fitting, _sent_bytes, words, limits.request_bytes, partial(reason.format, what="bytes"))


def _leave_out_oldest(
    fitting: _Fitting,
    amount: Callable[[AttachmentPart], int],
    fixed: int,
    most: int | None,
    reason: Callable[..., str],
) -> None:
    if most is None:
        return
    total = fixed + sum(map(amount, fitting.files.values()))
    why = AttachmentRefused(reason(most=most, total=total), detail="over_limit")
    for place, part in list(fitting.files.items()):
        if total <= most:
            return
        if taken := amount(part):
            fitting.refuse(place, why)
            total -= taken


def _note(left_out: tuple[str, list[str]]) -> str:
    reason, names = left_out
    which = f"{names[0]} was" if len(names) == 1 else f"{len(names):,} files were"
    return f"{which} left out: {reason}"


def _sent_bytes(part: AttachmentPart) -> int:
    return base64_bytes(part.size) if is_image(part) or part.media_type == PDF else part.size


def _too_large(part: AttachmentPart, edge: int, size: int) -> str:
    """Return why an image is too large; empty if it is not."""
    if part.pixels is not None and max(part.pixels) > edge:
        return f"it has {_pixels(part)} pixels, and at most {edge:,} on a side are taken"
    if (encoded := base64_bytes(part.size)) > size:
        return f"it has {encoded:,} bytes as base64, and at most {size:,} are taken"
    return ""


def _pixels(part: AttachmentPart) -> str:
    return "×".join(f"{edge:,}" for edge in part.pixels or ()) or "unknown size"


def _changed(request: Request, fitting: _Fitting) -> Request:
    if not fitting.changed:
        return request
    turns = list(request.turns)
    for (at, number), part in fitting.changed.items():
        parts = list(turns[at].parts)
        parts[number] = part
        turns[at] = replace(turns[at], parts=tuple(parts))
    return replace(request, turns=tuple(turns))
