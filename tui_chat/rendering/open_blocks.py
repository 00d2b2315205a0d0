"""What of Markdown's blocks is open: the containers, and the leaf in the innermost. Reads no line.

A leaf or container that has been closed is final, and handed to whoever lays it out.
"""

from copy import copy
from typing import Self

from tui_chat.rendering.block_nodes import BREAK, FENCED, INDENTED, LIST, PARAGRAPH, ROOT, Container, Leaf, Sink


class OpenBlocks:
    """Opens and closes blocks in their order."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.stack = [Container(ROOT)]
        self.leaf: Leaf | None = None
        self._blank = False
        """The last line was empty."""
        self._kept = 0
        """Lines of the leaf that are its own, while a fork has borrowed them."""

    def fork(self, sink: Sink) -> Self:
        """The same state, to try a line on that may yet become another; `unfork` must follow."""
        other = type(self)(sink)
        other.stack = [copy(container) for container in self.stack]
        if self.leaf is not None:
            other.leaf, self._kept = self.leaf.fork(), len(self.leaf.lines)
        other._blank = self._blank
        return other

    def unfork(self) -> list[str]:
        """Take away, and give, what a fork has added to the lines it was lent."""
        if self.leaf is None:
            return []
        added = self.leaf.lines[self._kept :]
        del self.leaf.lines[self._kept :]
        return added

    def close(self) -> None:
        """The text has ended."""
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
        """Close what is not around the next block: a list holds items only."""
        self._close_to(depth)
        if self.stack[-1].kind == LIST:
            self.sink.left(self.stack)
            self.stack.pop()

    def _close_to(self, depth: int) -> None:
        self._close_leaf()
        while len(self.stack) > max(1, depth):
            self.sink.left(self.stack)
            self.stack.pop()

    def _close_leaf(self) -> None:
        leaf, self.leaf = self.leaf, None
        if leaf is None:
            return
        if leaf.kind == PARAGRAPH and not leaf.continues and leaf.lines and leaf.lines[0].startswith("["):
            rest = self.sink.definitions("\n".join(leaf.lines))
            leaf.lines = rest.split("\n") if rest else []
        elif leaf.kind == INDENTED:
            while leaf.lines and not leaf.lines[-1].strip():
                leaf.lines.pop()
                self._blank = True
        if leaf.lines or leaf.kind in (BREAK, FENCED):
            self.sink.closed(self.stack, leaf)

    def _split(self, *, glued: bool = False) -> Leaf:
        """Close a paragraph that has become too long to be read together, and go on in another."""
        self._close_leaf()
        self.leaf = Leaf(PARAGRAPH, continues=True, glued=frozenset((0,)) if glued else frozenset())
        return self.leaf
