"""Parses Markdown's block structure line by line. Must not know inline markup, widths or styles.

The algorithm is CommonMark's: match the open containers against the line, then start new blocks, then give the rest
of the line to the open leaf.
"""

import re
from copy import copy
from typing import Self

from tui_chat.rendering.block_nodes import (
    BREAK,
    DEEPEST,
    DISPLAY,
    FENCED,
    HEAD,
    HTML,
    INDENTED,
    ITEM,
    LIST,
    LONGEST,
    LONGEST_CODE,
    NOTED,
    PARAGRAPH,
    QUOTE,
    ROOT,
    TABLE,
    Container,
    Leaf,
    Sink,
)
from tui_chat.rendering.block_patterns import (
    BULLET,
    DELIMITERS,
    FENCE,
    FENCE_END,
    HEADING,
    HEADING_END,
    MATHS,
    NOTE,
    NUMBER,
    RULE,
    SECTION_START,
    TASK,
    UNDERLINE,
    alignments,
    cells_of,
    html_end,
)

_SPACES = re.compile(" *")
_STARTS = frozenset("#>`~<=-_*+|:$\\[0123456789")


class BlockParser:
    """The stack of open blocks, and the methods that feed it. A closed block is final and goes to the sink."""

    def __init__(self, sink: Sink, *, continues: bool = False, code: Leaf | None = None) -> None:
        """`continues`: other blocks and an empty line are before the text; `code`: it starts within this code."""
        self.sink = sink
        self.stack = [Container(ROOT, shown=continues)]
        """The open containers, outermost first."""
        self.leaf = None if code is None else code.continuation()
        """The open leaf in the innermost of them."""
        self._blank = continues
        """The last line was empty."""
        self._is_trial = False
        """It is a fork, which must not split the leaf."""
        self._own_lines = 0
        """Lines of the leaf that are its own, while a fork has borrowed them."""
        self._line = self._text = ""
        self._raw: str | None = None

    def fork(self, sink: Sink) -> Self:
        """Return a copy to try an unfinished line on; `unfork` must follow."""
        other = type(self)(sink)
        other.stack = [copy(container) for container in self.stack]
        if self.leaf is not None:
            other.leaf, self._own_lines = self.leaf.fork(), len(self.leaf.lines)
        other._blank, other._is_trial = self._blank, True
        return other

    def unfork(self) -> list[str]:
        """Remove the lines that a fork has added to the leaf, and return them."""
        if self.leaf is None:
            return []
        added = self.leaf.lines[self._own_lines :]
        del self.leaf.lines[self._own_lines :]
        return added

    def ends_before(self, line: str) -> bool:
        """Return whether every block ends before this line, or long code is split, so that a section can start."""
        if (code := self.open_code) is not None:
            return code.size >= LONGEST_CODE and not _closes(code, line.expandtabs(4), 0)
        is_closed = self.leaf is None and self._blank and self.stack[0].shown
        return is_closed and SECTION_START.match(line) is not None

    @property
    def open_code(self) -> Leaf | None:
        """The fenced code that is open, if no container is around it."""
        return self.leaf if self.leaf is not None and self.leaf.kind == FENCED and len(self.stack) == 1 else None

    def close(self) -> None:
        """Close all blocks at the end of the text."""
        self._close_to(0)

    def _push_item(self, depth: int, item: Container) -> None:
        """Add an item to the list that is open, or to a new one when it looks different."""
        around = self.stack[depth - 1]
        if around.kind == LIST and around.marker == item.marker[-1]:
            self._close_to(depth)
        else:
            self._push(depth, Container(LIST, item.marker[-1], indent=len(item.marker)))
            item.after_blank = self.stack[-1].after_blank
        item.after_blank = item.after_blank or self._blank
        self._blank = False
        self.stack[-1].has_child = True
        self.stack.append(item)

    def _push(self, depth: int, container: Container) -> None:
        self._leave_list(depth)
        container.after_blank, self._blank = self._blank, False
        self.stack[-1].has_child = True
        self.stack.append(container)

    def _open(self, depth: int, kind: str) -> Leaf:
        self._leave_list(depth)
        self.leaf = Leaf(kind, self._blank)
        self._blank = False
        self.stack[-1].has_child = True
        return self.leaf

    def _leave_list(self, depth: int) -> None:
        """Close what does not enclose the next block: a list holds items only."""
        self._close_to(depth)
        if self.stack[-1].kind == LIST:
            self.sink.container_closed(self.stack)
            self.stack.pop()

    def _close_to(self, depth: int) -> None:
        self._close_leaf()
        while len(self.stack) > max(1, depth):
            self.sink.container_closed(self.stack)
            self.stack.pop()

    def _close_leaf(self) -> None:
        leaf, self.leaf = self.leaf, None
        if leaf is None:
            return
        if leaf.kind == PARAGRAPH and not leaf.continues and leaf.lines and leaf.lines[0].startswith("["):
            rest = self.sink.take_definitions("\n".join(leaf.lines))
            leaf.lines = rest.split("\n") if rest else []
        elif leaf.kind == INDENTED:
            while leaf.lines and not leaf.lines[-1].strip():
                leaf.lines.pop()
                self._blank = True
        if leaf.lines or leaf.kind == BREAK or (leaf.kind == FENCED and not leaf.continues):
            self.sink.leaf_closed(self.stack, leaf)

    def _split(self, *, joined_lines: bool = False) -> Leaf:
        """Close a paragraph that is too long to be parsed together, and continue in a new leaf."""
        self._close_leaf()
        self.leaf = Leaf(PARAGRAPH, continues=True, joined_lines=frozenset((0,)) if joined_lines else frozenset())
        return self.leaf

    def continue_line(self, piece: str, raw: str | None = None) -> None:
        """Add more of the line that was fed last, which is too long to be parsed at once."""
        leaf = self.leaf
        if not piece:
            return
        if leaf is None:
            self._add_paragraph(len(self.stack), piece.expandtabs(4))
        elif leaf.kind == PARAGRAPH:
            self._split(joined_lines=True).lines.append(piece.expandtabs(4))
        else:
            leaf.joined_lines |= {len(leaf.lines)}
            if raw is not None:
                leaf.raw[len(leaf.lines)] = raw
            leaf.lines.append(piece)
            leaf.size += len(piece)

    def feed(self, line: str, raw: str | None = None) -> None:
        """Parse the next line, without its newline; `raw` is the line as written where that differs."""
        self._line = line
        self._raw = raw
        self._text = line.expandtabs(4) if "\t" in line else line
        depth, at = self._match()
        if depth == len(self.stack) and self.leaf is not None and self._continue_leaf(self.leaf, at):
            return
        self._start_blocks(depth, at)

    def _match(self) -> tuple[int, int]:
        """Return how many open containers this line belongs to, and where its content starts."""
        text, at, depth = self._text, 0, 1
        for container in self.stack[1:]:
            first = _first(text, at)
            if container.kind == QUOTE:
                if first - at > 3 or not text.startswith(">", first):
                    break
                at = first + 2 if text.startswith(" ", first + 1) else first + 1
            elif container.kind != LIST:
                if first == len(text):
                    if not container.has_child:
                        break
                    at = first
                elif first - at >= container.indent:
                    at += container.indent
                else:
                    break
            depth += 1
        return depth, at

    def _continue_leaf(self, leaf: Leaf, at: int) -> bool:
        """Give the line to an open leaf that takes lines verbatim; return whether it took it."""
        text = self._text
        first = _first(text, at)
        if leaf.kind == FENCED:
            if _closes(leaf, text, at):
                self._close_leaf()
                return True
            if leaf.size >= LONGEST_CODE and not self._is_trial:
                self._close_leaf()
                self.leaf = leaf = leaf.continuation()
            leaf.size += len(self._line) + 1
            self._add_verbatim(leaf, min(first, at + leaf.indent))
            return True
        if leaf.kind == INDENTED:
            if first - at < 4 and first < len(text):
                return False
            self._add_verbatim(leaf, at + 4)
            return True
        if leaf.kind in (HTML, DISPLAY):
            if first == len(text) and (leaf.end is None or leaf.kind == DISPLAY):
                self._close_leaf()
                return False
            self._add_verbatim(leaf, at)
            if (leaf.end is not None and leaf.end.search(text, at)) or (leaf.closer and leaf.closer in text[at:]):
                self._close_leaf()
            return True
        return False

    def _start_blocks(self, depth: int, at: int) -> None:
        """Open the blocks that start on this line, and give its text to a leaf."""
        text = self._text
        opened = False
        while True:
            first = _first(text, at)
            leaf = self.leaf
            if first == len(text) or (first - at > 3 and leaf is not None and leaf.kind == PARAGRAPH):
                break
            if first - at > 3:
                self._add_verbatim(self._open(depth, INDENTED), at + 4)
                return
            if text[first] not in _STARTS:
                break
            inside = leaf if leaf is not None and depth == len(self.stack) else None
            if self._start_leaf(depth, at, first, inside):
                return
            found = self._start_container(depth, at, first, inside) if depth < DEEPEST else None
            if found is None:
                break
            depth, at = found
            opened = True
        self._add_text(depth, first, is_empty=not opened)

    def _add_text(self, depth: int, first: int, is_empty: bool) -> None:
        text, leaf = self._text, self.leaf
        if first == len(text):
            self._close_to(depth)
            self._blank = is_empty
        elif leaf is not None and leaf.kind == PARAGRAPH:
            line = text[first:]
            if leaf.size + len(line) > LONGEST:
                leaf = self._split()
            leaf.lines.append(line)
            leaf.size += len(line) + 1
        elif leaf is not None and leaf.kind == TABLE and depth == len(self.stack):
            leaf.lines.append(text[first:])
        else:
            self._add_paragraph(depth, text[first:])

    def _add_paragraph(self, depth: int, text: str) -> None:
        leaf = self._open(depth, PARAGRAPH)
        leaf.lines.append(text)
        leaf.size = len(text) + 1

    def _start_leaf(self, depth: int, at: int, first: int, inside: Leaf | None) -> bool:
        """Start a leaf if this line does, and return whether; `inside` is the leaf that it would interrupt."""
        text, sign = self._text, self._text[first]
        paragraph = inside if inside is not None and inside.kind == PARAGRAPH else None
        if sign == "#" and (found := HEADING.match(text, first)):
            leaf = self._open(depth, HEAD)
            leaf.level = len(found[1])
            leaf.lines.append(HEADING_END.sub("", text[found.end() :]).strip(" "))
            self._close_leaf()
            return True
        if sign in "`~" and (found := FENCE.match(text, first)):
            leaf = self._open(depth, FENCED)
            leaf.fence, leaf.indent = found[0], first - at
            leaf.info = text[found.end() :].strip(" ")
            return True
        if sign == "<":
            begins, end = html_end(text[first:], interrupts=self.leaf is not None and self.leaf.kind == PARAGRAPH)
            if begins:
                self._start_verbatim(self._open(depth, HTML), at, first, end)
            return begins
        if sign in "$\\":
            return self._start_maths(depth, at, first)
        if paragraph is not None and self._becomes_other(paragraph, first):
            return True
        if sign in "*-_" and RULE.match(text, first):
            self._open(depth, BREAK)
            self._close_leaf()
            return True
        return False

    def _start_verbatim(self, leaf: Leaf, at: int, first: int, end: re.Pattern[str] | None) -> None:
        leaf.end = end
        self._add_verbatim(leaf, at)
        if end is not None and end.search(self._text, first):
            self._close_leaf()

    def _start_maths(self, depth: int, at: int, first: int) -> bool:
        text = self._text
        opener = text[first : first + 2]
        closer = MATHS.get(opener)
        if closer is None:
            return False
        end = text.find(closer, first + 2)
        if end >= 0 and text[end + 2 :].strip(" .,;"):
            return False
        leaf = self._open(depth, DISPLAY)
        leaf.closer = closer
        self._add_verbatim(leaf, at)
        if end >= 0:
            self._close_leaf()
        return True

    def _becomes_other(self, leaf: Leaf, first: int) -> bool:
        """Turn the paragraph above into a heading or a table's head if this line does so; return whether."""
        text = self._text
        if text[first] in "=-" and not leaf.continues and UNDERLINE.match(text, first):
            rest = self.sink.take_definitions("\n".join(leaf.lines))
            leaf.lines = rest.split("\n") if rest else []
            if not rest:
                return False
            leaf.kind, leaf.level = HEAD, 1 if text[first] == "=" else 2
            self._close_leaf()
            return True
        head = leaf.lines[-1] if leaf.lines else ""
        if text[first] not in "|:-" or text.startswith("- ", first) or "|" not in text or "|" not in head:
            return False
        if not DELIMITERS.match(text, first):
            return False
        aligns = alignments(text[first:])
        if len(cells_of(head)) != len(aligns):
            return False
        leaf.lines.pop()
        self._blank = leaf.after_blank and not leaf.lines
        if not leaf.lines:
            self.leaf = None
        table = self._open(len(self.stack), TABLE)
        table.lines.append(head)
        table.aligns = aligns
        return True

    def _start_container(self, depth: int, at: int, first: int, inside: Leaf | None) -> tuple[int, int] | None:
        """Open the container that starts here; return how many are open then, and where its content starts."""
        text, sign = self._text, self._text[first]
        if sign == ">":
            self._push(depth, Container(QUOTE))
            return len(self.stack), first + 2 if text.startswith(" ", first + 1) else first + 1
        if sign == "[":
            note = NOTE.match(text, first)
            if note is None:
                return None
            self._push(depth, Container(NOTED, note[1], indent=4))
            return len(self.stack), note.end()
        found = NUMBER.match(text, first) or BULLET.match(text, first)
        if found is None:
            return None
        end = found.end()
        content = _first(text, end)
        empty = content == len(text)
        if inside is not None and inside.kind == PARAGRAPH and (empty or (found.re is NUMBER and int(found[1]) != 1)):
            return None
        if empty or content - end > 4:
            content = end + 1
        self._push_item(depth, Container(ITEM, found[0], indent=content - at))
        content = min(content, len(text))
        if task := TASK.match(text, content):
            self.stack[-1].task = task[1].lower()
            content = task.end()
        return len(self.stack), content

    def _add_verbatim(self, leaf: Leaf, column: int) -> None:
        """Add the line to a leaf verbatim, from a column on."""
        line, cut, spaces = self._line, column, 0
        if line is not self._text:
            cut, spaces = _cut_at(line, column)
        if self._raw is not None and self._raw[:cut] == line[:cut]:
            leaf.raw[len(leaf.lines)] = " " * spaces + self._raw[cut:]
        leaf.lines.append(" " * spaces + line[cut:])


def _cut_at(line: str, column: int) -> tuple[int, int]:
    """Return the index of a column in a line with tabs, and the spaces that remain of a tab cut there."""
    at = 0
    for index, character in enumerate(line):
        if at >= column:
            return index, at - column
        at += 4 - at % 4 if character == "\t" else 1
    return len(line), max(0, at - column)


def _closes(code: Leaf, text: str, at: int) -> bool:
    """Return whether a line with its content at `at` ends fenced code."""
    first = _first(text, at)
    return first - at < 4 and text.startswith(code.fence, first) and FENCE_END.match(text, first) is not None


def _first(text: str, at: int) -> int:
    """Return the index of the next character that is not a space."""
    return at if text[at : at + 1] != " " else _SPACES.match(text, at).end()  # type: ignore[union-attr]
