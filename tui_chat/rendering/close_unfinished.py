"""Closes Markdown that is still incomplete, so that no syntax flickers on the screen while a reply streams.

Used for the preview only; nothing final depends on it.
"""

import re

_SIGN = re.compile(r"\\.|`+|\*+|_+|~~|\$\$|!?\[[^\[\]]*\]\([^()\s]*\)|<[^<>\s]*>", re.S)
_LINK_TAIL = re.compile(r"(\[[^\[\]]*\]\()[^()\s]*$")
_HALF_TAIL = re.compile(r"(?:!\[[^\[\]]*\]?|\[\^[^\]\s]*|(?<!\\)(?:\\\\)*\\|(?<!~)~|(?<=[\s(])<)$")
_ADDRESS_TAIL = re.compile(r"<(?=(?:https?|mailto):)[^<>\s]*$")
_MAYBE_MARKER = re.compile(
    r" *(?:(?:[-+*]|[0-9]{1,9}[.)]) +|> *)*"
    r"(?:[-+*_=~`#>|:$\\ ]*|[0-9]{1,9}[.)]?|\[[ xX]?\]? *|<!?-*|\[\^?[^\]\s]*\]?:?)$"
)
_MIRROR = str.maketrans("([", ")]")
_LONGEST_OPEN, _LONGEST_SEEN = 200, 1000
"""Syntax opened further back was hardly meant to be closed; text further back is not searched."""


def may_become_block(line: str) -> bool:
    """Return whether the start of a line may still become any kind of block and should not be shown yet."""
    return len(line) < 80 and _MAYBE_MARKER.match(line) is not None


def close_unfinished(text: str) -> str:
    """Return the text with its open syntax closed, and half a marker at its end left out."""
    if not any(sign in text for sign in "`*_~[$\\<"):
        return text
    if len(text) > _LONGEST_SEEN:
        cut = text.rfind("\n", 0, -_LONGEST_SEEN) + 1 or text.find(" ", len(text) - _LONGEST_SEEN) + 1
        return text[:cut] + close_unfinished(text[cut:]) if cut else text
    text = _LINK_TAIL.sub(r"\1)", text)
    text = _ADDRESS_TAIL.sub(lambda found: found[0][1:], _HALF_TAIL.sub("", text))
    opened, end = _left_open(text)
    text = text[:end]
    for opener, at in reversed(opened):
        if len(text) - at > _LONGEST_OPEN:
            break
        if at + len(opener) == len(text):
            text = text[:at].rstrip(" ")
        else:
            text = text.rstrip("` " if opener[0] == "`" else " ") + opener.translate(_MIRROR)
    return text


def _left_open(text: str) -> tuple[list[tuple[str, int]], int]:
    """Return the open markers with their positions, and where half of a closing marker starts at the end."""
    found: list[tuple[str, int]] = []
    at = 0
    while (sign := _SIGN.search(text, at)) is not None:
        at = sign.end()
        what = sign[0]
        if what[0] in "`$" or what in ("\\(", "\\["):
            end = _closing(text, what, at)
            if end < 0:
                return [*found, (what, sign.start())], len(text)
            at = end
        elif what[0] in "*_~" and _pair(found, sign, text):
            return found, sign.start()
    return found, len(text)


def _closing(text: str, opener: str, at: int) -> int:
    """Return the end of the closing marker of code or mathematics; -1 where there is none."""
    if opener[0] == "`":
        closer = re.compile(f"(?<!`){opener}(?!`)").search(text, at)
        return closer.end() if closer is not None else -1
    end = text.find(opener.translate(_MIRROR), at)
    return end + 2 if end >= 0 else -1


def _pair(found: list[tuple[str, int]], sign: re.Match[str], text: str) -> bool:
    """Open or close emphasis by the characters around its marker; return whether it is only half a closing marker."""
    before, after = text[sign.start() - 1 : sign.start()], text[sign.end() : sign.end() + 1]
    what, start = sign[0], sign.start()
    if before.isalnum() and after.isalnum() and (what[0] == "_" or not any(opener[0] == "*" for opener, _ in found)):
        return False
    while what and before.strip() and what[0] in [opener[0] for opener, _ in found]:
        opener, at = found.pop()
        if opener[0] == what[0]:
            if len(opener) > len(what):
                found.append((opener[len(what) :] if after else opener, at))
                return not after
            what = what[len(opener) :]
    if what and (after.strip() or not after):
        found.append((what, start))
    return False
