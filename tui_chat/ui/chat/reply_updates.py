"""Takes a reply's events to the widgets that show it. One reader of one reply; leaving it stops nothing."""

from collections.abc import Callable

from tui_chat.core.event import RetryScheduled, TurnEnded, TurnStarted
from tui_chat.service.reply import Reply
from tui_chat.ui.conversation_view.widget import ConversationPane
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.widgets.status_footer import StatusFooter
from tui_chat.wording import explain


async def follow(
    reply: Reply, pane: ConversationPane, status: StatusFooter, keys: Keyboard, ended: Callable[[TurnEnded], None]
) -> None:
    """Show the reply until it ends, then tell."""
    async for event in reply:
        # A branch without this reply may be shown: then it grows out of sight.
        if not isinstance(event, TurnStarted) or pane.shows(event.turn):
            pane.apply(event)
        status.apply(event)
        match event:
            case RetryScheduled(attempt, _, error):
                send, stop = keys("prompt.send"), keys("reply.cancel")
                pane.say(explain(error.fault).sentence, f"Attempt {attempt} follows. {send}: now, {stop}: stop.")
            case TurnEnded():
                ended(event)
