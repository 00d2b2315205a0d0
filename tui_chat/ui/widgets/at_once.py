"""Editing keys that act in the order they are typed. Textual runs a binding after all that was typed behind it."""

from textual import events
from textual.widget import Widget
from textual.widgets import Input


async def act_at_once(widget: Widget, event: events.Key) -> bool:
    """Do what the widget itself has bound to the key, now; false where that is nothing."""
    for binding in widget._bindings.key_to_bindings.get(event.key, ()):
        if await widget.app.run_action(binding.action, widget):
            event.stop()
            event.prevent_default()
            return True
    return False


class LineInput(Input):
    """A line to type in, where a backspace in a burst takes the letter before it."""

    async def _on_key(self, event: events.Key) -> None:
        await act_at_once(self, event)
