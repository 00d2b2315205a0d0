"""What is on the screen of an app under test, as text; the one place that asks the compositor for it."""

from typing import Any

from textual.app import App


def screen_rows(app: App[Any]) -> list[str]:
    """The rows a person would see, without the spaces at their ends."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def screen_text(app: App[Any]) -> str:
    """The whole screen."""
    return "\n".join(screen_rows(app))
