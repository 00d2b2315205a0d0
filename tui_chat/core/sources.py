"""The sources that a reply cites: each is a part without a block of its own, only shown. Knows no provider."""

import re

from tui_chat.core.part import OtherPart, Part

_PREFIX = "citation: "
_URL = re.compile(r"https?://\S+$")


def source_part(source: str) -> OtherPart:
    """Return the part for a source: its title, its address, or both with a dash between them."""
    return OtherPart(f"{_PREFIX}{source}")


def source_of(part: Part) -> str | None:
    """Return the source that a part names; `None` for any other part."""
    if isinstance(part, OtherPart) and part.opaque is None and part.kind.startswith(_PREFIX):
        return part.kind.removeprefix(_PREFIX)
    return None


def title_and_url(source: str) -> tuple[str, str]:
    """Return the title and the address of a source; either may be empty."""
    found = _URL.search(source)
    url = found[0] if found else ""
    return source.removesuffix(url).rstrip(" —"), url
