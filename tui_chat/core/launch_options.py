"""What somebody asked for when starting: which conversation, which model. Nothing of it is checked yet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """The wishes given on the command line; empty ones are left to the settings."""

    model: str | None = None
    system: str | None = None
    profile: str | None = None
    latest: bool = False
    """Go on with the conversation last used."""
    conversation: str | None = None
    """A conversation's id, or any unique beginning of it."""
    query: str | None = None
    """Words of a title, or of what was said."""
