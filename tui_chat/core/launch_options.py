"""The options of a launch: which conversation, which model. Not validated yet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """Options from the command line; the settings decide where one is empty."""

    model: str | None = None
    system: str | None = None
    profile: str | None = None
    latest: bool = False
    """Continue the most recent conversation."""
    conversation: str | None = None
    """A conversation's id, or a unique prefix of one."""
    temporary: bool = False
    """Keep nothing after this run of the program."""
    query: str | None = None
    """Words of a title or of messages."""

    @property
    def is_contradictory(self) -> bool:
        """Whether they ask to continue a conversation and to keep nothing."""
        return self.temporary and bool(self.latest or self.conversation)
