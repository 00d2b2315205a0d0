"""Patterns for the start and end of Markdown's blocks. Holds no state."""

import re

RULE = re.compile(r"(?:(?:\*[ ]*){3,}|(?:_[ ]*){3,}|(?:-[ ]*){3,})$")
HEADING = re.compile(r"(#{1,6})(?: +|$)")
HEADING_END = re.compile(r"(?:^|[ ]+)#+[ ]*$")
UNDERLINE = re.compile(r"(?:=+|-+) *$")
FENCE = re.compile(r"(`{3,})(?!.*`)|(~{3,})")
FENCE_END = re.compile(r"(?:`{3,}|~{3,})(?= *$)")
BULLET = re.compile(r"[-+*](?= |$)")
NUMBER = re.compile(r"([0-9]{1,9})[.)](?= |$)")
TASK = re.compile(r"\[([ xX])\] +(?=\S)")
NOTE = re.compile(r"\[\^([^\]\s]+)\]: *")
MATHS = {"$$": "$$", "\\[": "\\]"}
"""Openers of displayed mathematics, and what closes each."""

DELIMITERS = re.compile(r"\|?(?: *:?-+:? *\|)* *:?-+:? *\|? *$")
SECTION_START = re.compile(r"[^\W\d_]|#|```|\*\*[^\s*]|\|")
"""What ends every list, quote and paragraph where it follows an empty line."""
CELL_END = re.compile(r"(?<!\\)\|")

_BLOCK_TAGS = (
    "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|"
    "fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|"
    "menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|"
    "track|ul"
)
_ATTRIBUTE = r"""\s+[a-zA-Z_:][\w:.-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?"""
_LONE_TAG = re.compile(
    rf"(?:<[a-zA-Z][a-zA-Z0-9-]*(?:{_ATTRIBUTE})*\s*/?>|</[a-zA-Z][a-zA-Z0-9-]*\s*>)\s*$", re.ASCII
)
_HTML = (
    (
        re.compile(r"<(?:script|pre|style|textarea)(?=\s|>|$)", re.I),
        re.compile(r"</(?:script|pre|style|textarea)>", re.I),
    ),
    (re.compile(r"<!--"), re.compile(r"-->")),
    (re.compile(r"<\?"), re.compile(r"\?>")),
    (re.compile(r"<![A-Za-z]"), re.compile(r">")),
    (re.compile(r"<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(rf"</?(?:{_BLOCK_TAGS})(?=\s|/?>|$)", re.I), None),
)


def html_end(text: str, interrupts: bool) -> tuple[bool, re.Pattern[str] | None]:
    """Return whether a line starts a block of HTML, and the pattern that ends it; `None` means an empty line.

    `interrupts`: the line is within a paragraph, which only some tags can end.
    """
    for opener, end in _HTML:
        if opener.match(text):
            return True, end
    return not interrupts and _LONE_TAG.match(text) is not None, None


def cells_of(row: str) -> list[str]:
    """Return the cells of a table's row."""
    row = row.strip(" \t")
    cells = CELL_END.split(row) if "\\" in row else row.split("|")
    if cells and not cells[0]:
        del cells[0]
    if cells and not cells[-1]:
        del cells[-1]
    return [cell.strip(" \t").replace("\\|", "|") for cell in cells]


def alignments(row: str) -> tuple[str, ...]:
    """Return `left`, `right`, `center` or nothing for each column that a delimiter row names."""
    found = []
    for cell in cells_of(row):
        left, right = cell.startswith(":"), cell.endswith(":")
        found.append("center" if left and right else "right" if right else "left" if left else "")
    return tuple(found)
