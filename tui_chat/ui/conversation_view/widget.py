"""The conversation as one widget: takes in conversations and events of a reply, and draws them at most once a frame.

Must not know the service or the storage.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar, NamedTuple

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.theme import Theme
from textual.widget import Widget

from tui_chat.core.conversation import Conversation
from tui_chat.core.event import ReplyEvent
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Turn
from tui_chat.rendering.line import Line
from tui_chat.rendering.styles import DARK, TextStyles
from tui_chat.settings.values import UiSettings
from tui_chat.ui.conversation_view.cursor import Code
from tui_chat.ui.conversation_view.folding import Folding
from tui_chat.ui.conversation_view.frame_builder import FrameBuilder
from tui_chat.ui.conversation_view.frame_pacer import FramePacer
from tui_chat.ui.conversation_view.headings import heading_at, row_of_heading
from tui_chat.ui.conversation_view.highlights import Highlights
from tui_chat.ui.conversation_view.layout_options import (
    DEFAULT_UI,
    Describe,
    Expanded,
    KeyLabel,
    LayoutOptions,
    PictureOf,
    no_picture,
    text_row,
)
from tui_chat.ui.conversation_view.links import Target
from tui_chat.ui.conversation_view.mouse import Mouse
from tui_chat.ui.conversation_view.prelayout import Prelayout
from tui_chat.ui.conversation_view.row_painter import PaintStyles
from tui_chat.ui.conversation_view.scrolling import WHEEL_ROWS, Scroller
from tui_chat.ui.conversation_view.shown_branch import ShownBranch
from tui_chat.ui.conversation_view.turn_layout import TurnLayout
from tui_chat.ui.conversation_view.viewport import Row, RowPosition, Viewport
from tui_chat.ui.keymap import Scope, bindings
from tui_chat.ui.messages import AttachmentTextRequested, ConversationScrolled
from tui_chat.ui.terminal.direct_paint import DirectPainter, Frame, is_behind, is_seen


class Position(NamedTuple):
    """What the pane shows, and its cursor."""

    following: bool
    top: RowPosition
    turn: TurnLayout | None
    code: Code | None
    target: tuple[Row, Target] | None


class ConversationPane(Widget, can_focus=True):
    DEFAULT_CSS = """
    ConversationPane {
        height: 1fr;
        width: 100%;
        background: $background;
        color: $foreground;

        & > .pane--selected { background: $primary 35%; }
        & > .pane--match { background: $warning 30%; }
        & > .pane--current { background: $warning; color: $background; text-style: bold; }
        & > .pane--marker { background: $panel; color: $accent; }
        &:ansi {
            & > .pane--selected { background: ansi_default; text-style: reverse; }
            & > .pane--match { background: ansi_default; text-style: underline; }
            & > .pane--current { background: ansi_default; color: ansi_default; text-style: bold reverse; }
            & > .pane--marker { background: ansi_default; color: ansi_magenta; text-style: reverse; }
        }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"pane--selected", "pane--match", "pane--current", "pane--marker"}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.PANE)]
    ALLOW_SELECT = False

    def __init__(
        self,
        describe: Describe,
        key_label: KeyLabel,
        ui: UiSettings = DEFAULT_UI,
        picture: PictureOf = no_picture,
    ) -> None:
        self._has_current_styles = False
        """Whether the frame builder has the colours and filters that are in force."""
        super().__init__()
        self._measure = ui.measure
        self._welcome: Callable[[int, int], Sequence[str]] = lambda width, height: ()
        unfolded = Expanded(thinking=not ui.thinking_folded, tools=not ui.tools_folded)
        self._file_texts: dict[str, str | None] = {}
        """Texts of unfolded files by their hashes; `None` while one is loaded."""
        options = LayoutOptions(1, DARK, describe, key_label, unfolded, self._file_text, ui.costs)
        self.viewport = Viewport(replace(options, picture=picture, has_images=ui.images != "off"))
        self.highlights = Highlights(self.viewport, self.changed, self.post_message)
        self.scroller = Scroller(self.viewport, self.changed, key_label)
        self.folding = Folding(self.viewport, self.relayout, self.changed)
        self.prelayout = Prelayout(self.viewport, self.changed, self.highlights.rows_changed)
        self.branch = ShownBranch(self.viewport, self.highlights, self.prelayout, self.changed)
        self.add_turn = self.branch.add_turn
        self.end_turn = self.branch.end_turn
        self.shows = self.branch.shows
        self.show_note = self.branch.show_note
        self._mouse = Mouse(self)
        self._frames = FrameBuilder(self.viewport, self.highlights.runs, self._marker, self._welcome_rows)
        self._painter = DirectPainter(self)
        self._pacer = FramePacer(self._draw)
        self._drawn_size = (0, 0)
        self._is_outdated = False
        """Something changed while another screen was shown."""
        self._reported: RowPosition | None = None
        """The first visible row that was last reported; `None` at the end."""
        self._name_actions()

    # What is shown

    def show(self, conversation: Conversation, *, at: str | None = None) -> None:
        if not self.branch.is_of(conversation):
            self._file_texts.clear()
        self.branch.show(conversation, at=at)

    def apply(self, event: ReplyEvent) -> None:
        self.branch.apply(event)

    def show_welcome(self, rows: Callable[[int, int], Sequence[str]]) -> None:
        """Show these rows while the conversation is empty; they are made for a width and a height."""
        self._welcome = rows
        self.changed()

    def show_file(self, sha256: str, text: str) -> None:
        self._file_texts[sha256] = text
        self.folding.show_file(sha256, text)

    def show_images(self) -> None:
        """Lay out again, as images can be shown now."""
        options = self.viewport.turns.layout_options
        self.relayout(replace(options, images=options.images + 1))
        self.changed()

    def _file_text(self, part: AttachmentPart) -> str | None:
        if part.sha256 and part.sha256 not in self._file_texts:
            self._file_texts[part.sha256] = None
            self.post_message(AttachmentTextRequested(part.sha256))
        return self._file_texts.get(part.sha256)

    @property
    def following(self) -> bool:
        """Whether the end stays visible as the conversation grows."""
        return self.viewport.following

    # Drawing

    def changed(self, *, streams: bool = False) -> None:
        """Draw soon: something visible may have changed."""
        if self.is_mounted and self.outer_size:
            self._pacer.request(streams=streams)

    def flush(self) -> None:
        self._pacer.flush()

    def _draw(self) -> bool:
        """Draw what changed. Return whether there is more to draw, or the terminal is not ready for it."""
        if not self.is_attached or not self.outer_size:
            return False
        app, screen = self.app, self.screen
        if not is_seen(app, screen):
            self._is_outdated = True
            return False
        if is_behind(app):
            return True
        self._painter.draw(self._frame(), app, screen)
        self._report_scrolling()
        return self.viewport.turns.streaming is not None and self.viewport.turns.streaming.is_behind

    def _report_scrolling(self) -> None:
        """Report that other rows came first; not while the end is followed, as each frame would."""
        viewport = self.viewport
        position = None if viewport.following else viewport.top
        if position != self._reported:
            self._reported = position
            self.post_message(ConversationScrolled())

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return rows for the compositor: those drawn last, so that both ways of drawing show the same."""
        if self._is_outdated or self._drawn_size != self.outer_size or not self._has_current_styles:
            self._painter.shown = self._frame()
        frame = self._painter.shown
        lines = [frame.line(y) for y in range(crop.y, min(crop.bottom, len(frame.rows)))]
        if (crop.x, crop.right) != (0, self.outer_size.width):
            lines = [line.crop(crop.x, crop.right) for line in lines]
        return lines

    def render_line(self, y: int) -> Strip:
        return self.render_lines(Region(0, y, self.outer_size.width, 1))[0]

    def _frame(self) -> Frame:
        self._is_outdated = False
        width, height = self.outer_size
        if self._drawn_size != (width, height):
            self._drawn_size = (width, height)
            self._fit(width, height)
        if not self._has_current_styles:
            self._update_styles()
        self.branch.catch_up()
        return self._frames.build(height)

    def _marker(self) -> str:
        return self.highlights.link_label() or self.scroller.new_rows_label()

    def _welcome_rows(self) -> list[Line]:
        layout_options = self.viewport.turns.layout_options
        rows = self._welcome(layout_options.width, self.viewport.height)
        return [text_row(layout_options.width, [(row, layout_options.styles.accent)]) for row in rows]

    @property
    def visible_rows(self) -> list[Row]:
        """The rows of the last frame, from the top."""
        return self._frames.rows

    @property
    def text_x(self) -> int:
        """The column in which text starts."""
        return self._frames.margin

    # Width and colours

    def _fit(self, width: int, height: int) -> None:
        text_width = self._frames.set_width(width)
        self.viewport.height = height
        self.relayout(replace(self.viewport.turns.layout_options, width=text_width))
        self.viewport.follow_if_at_end()

    def relayout(self, layout_options: LayoutOptions) -> None:
        """Lay out again what is visible; the same text stays selected."""
        if layout_options == self.viewport.turns.layout_options:
            return
        selection = self.highlights.selection
        selected = selection.offsets(self.viewport)
        self.viewport.relayout(layout_options)
        self.highlights.rows_changed()
        if self.is_attached:
            self.prelayout.start()
        selection.restore(selected, self.viewport)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._has_current_styles = False

    def _update_styles(self) -> None:
        """Take the widget's own colours and the filters in force, where they are not those of the last frame."""
        self._has_current_styles = True
        base = self.visual_style.rich_style
        filters = tuple(self.get_line_filters())
        if self._frames.has_styles(base, filters):
            return
        styles = self.viewport.turns.layout_options.styles
        paint_styles = PaintStyles(
            base=base,
            user=styles.user,
            current_turn=styles.accent,
            selected=self._highlight("pane--selected"),
            match=self._highlight("pane--match"),
            current=self.get_component_rich_style("pane--current"),
            label=self.get_component_rich_style("pane--marker"),
            error=styles.error,
            warning=styles.warning,
            faint=styles.dim,
        )
        self._frames.set_styles(paint_styles, filters, styles.bar)

    def _highlight(self, name: str) -> Style:
        """Return a background for letters that keep their own colour."""
        style = self.get_component_rich_style(name)
        return Style(bgcolor=style.bgcolor, reverse=style.reverse, underline=style.underline)

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)
        self._recolour()

    def _theme_changed(self, _theme: Theme) -> None:
        self._recolour()
        self.changed()

    def set_measure(self, measure: int) -> None:
        """Lay prose out in lines of at most so many cells."""
        self._measure = measure
        self._recolour()
        self.changed()

    def _recolour(self) -> None:
        styles = TextStyles.of(self.app.theme_variables, self._measure)
        self._frames.forget_styles()
        self._has_current_styles = False
        self.relayout(replace(self.viewport.turns.layout_options, styles=styles))

    def on_unmount(self) -> None:
        self.app.theme_changed_signal.unsubscribe(self)
        self._pacer.stop()
        self.prelayout.stop()

    # The cursor, the selection and the matches

    @property
    def current_turn(self) -> Turn | None:
        """The turn that the user stepped to."""
        return self.highlights.current_turn

    @property
    def current_code(self) -> str:
        """The code block at the cursor, or the last one of the current turn or of the last reply."""
        return self.highlights.cursor.code_source

    @property
    def text_around_code(self) -> str:
        """The whole message that holds `current_code`."""
        return self.highlights.cursor.text_around_code

    @property
    def selected_text(self) -> str:
        return self.highlights.selection.text(self.viewport)

    @property
    def position(self) -> "Position":
        """The rows that are shown, and where the cursor is."""
        viewport, cursor = self.viewport, self.highlights.cursor
        return Position(viewport.following, viewport.top, cursor.turn, cursor.code, cursor.target)

    def return_to(self, position: "Position") -> None:
        """Show these rows again, unless the branch has become shorter."""
        viewport, cursor = self.viewport, self.highlights.cursor
        if position.top.entry < max(1, len(viewport.turns.entries)):
            viewport.following, viewport.top = position.following, position.top
            cursor.turn, cursor.code, cursor.target = position.turn, position.code, position.target
            self.changed()

    def go_to(self, turn_id: str) -> None:
        self.highlights.go_to(turn_id)

    @property
    def first_visible_turn(self) -> Turn | None:
        first, last = self.viewport.visible_turns
        return self.viewport.turns.entries[first].turn if first <= last else None

    def go_to_text(self, turn_id: str, text: str) -> None:
        """Show a turn from the row with this text on; without such a row from its start."""
        index = self.viewport.turns.index_of(turn_id)
        if index is None:
            return
        self.highlights.go_to(turn_id)
        entry = self.viewport.turns.layout(index)
        row = row_of_heading(entry, text)
        self.viewport.go(index, min(entry.block(0).gap, entry.rows - 1) if row is None else row)
        self.changed()

    def heading_in_view(self, headings: Sequence[str]) -> int | None:
        """Return the number of the heading, of these of the first visible turn, whose text is the first visible."""
        viewport = self.viewport
        if viewport.following or not viewport.turns.entries:
            return None
        entry, row = viewport.first_row
        return heading_at(viewport.turns.layout(entry), row, headings)

    def find(self, *queries: str) -> None:
        """Highlight every match of these and go to the nearest; an empty query finds nothing."""
        self.highlights.find(*queries)

    def clear_highlights(self) -> None:
        """Drop the selection and the current turn, code block or link."""
        self.highlights.clear()

    # Actions

    def _name_actions(self) -> None:
        """Give the methods of the parts the names that `keymap.py` has for them."""
        self.action_scroll_line = self.scroller.scroll
        self.action_half_page = self.scroller.scroll_half_pages
        self.action_page = self.scroller.scroll_pages
        self.action_start = self.scroller.to_start
        self.action_end = self.scroller.to_end
        self.action_toggle_fold = self.folding.toggle_visible_turn
        self.action_fold_all = self.folding.toggle_all
        self.action_details = self._toggle_details
        self.action_step_turn = self.highlights.step_turn
        self.action_step_code = self.highlights.step_code
        self.action_clear_marks = self.highlights.clear_all
        self.action_copy_chosen = self.highlights.copy_chosen
        self.action_copy_turn = self.highlights.copy_turn
        self.action_copy_code = self.highlights.copy_code
        self.action_open_link = self.highlights.open_current
        self.action_find_next = partial(self.highlights.step_match, 1)
        self.action_find_previous = partial(self.highlights.step_match, -1)

    def _toggle_details(self) -> None:
        """Show the figures of the selected message or of the last reply, or hide them."""
        if (entry := self.highlights.cursor.entry_or_last_reply) is not None:
            self.folding.toggle_details(entry)

    def action_step_link(self, by: int) -> None:
        self.highlights.step_link(self.visible_rows, by)

    # The mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button == 1:
            event.stop()
            self.capture_mouse()
            self._mouse.press(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._mouse.move(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        event.stop()
        self.release_mouse()
        self._mouse.release()

    def on_leave(self) -> None:
        self.highlights.hover(None)

    def on_click(self, event: events.Click) -> None:
        self._mouse.click(event)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroller.scroll(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroller.scroll(-WHEEL_ROWS)
