"""Texts of a conversation in other forms, for a clipboard. Writes nothing."""

from tui_chat.core.conversation import Conversation


def as_html(markdown: str) -> str:
    """Return a message as HTML that can do no harm."""
    from tui_chat.formats.html_markdown import markdown_html

    return markdown_html(markdown)


def conversation_markdown(conversation: Conversation) -> str:
    from tui_chat.formats.markdown import to_markdown

    return to_markdown(conversation)
