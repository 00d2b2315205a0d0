"""Every error of the program, as one tree. `wording` makes the sentences that users read.

ChatError
├── ProviderError
│   ├── Unreachable       no connection, DNS, TLS, proxy, time-out before the first byte
│   ├── StreamCut         after it started: dropped, stalled, garbled
│   ├── KeyRejected       no key, 401, 403
│   ├── RateLimited       429
│   ├── Overloaded        5xx, 529
│   ├── RequestRefused    other 4xx: too long, bad parameter, no such model
│   └── ProtocolBroken    an answer that cannot be parsed
├── StorageError          disk full, locked, read-only, damaged, newer schema
├── NotFound              no such conversation or turn
├── ReplyInFlight         a second send in a branch that is being answered
├── SettingsError         file, line and key named
├── FormatError           a file or text that is not what it should be; the place is named
├── AttachmentRefused     a file that cannot go with a prompt; the message names it and the figure
├── SyncError             the hub that other machines share, or its key
├── BudgetReached         a request that goes over a limit of the user's; the message has the figures
└── Unexpected            a fault of ours; the trace is in the log
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as it is stored with the turn it ended."""

    kind: str
    """One of the `kind` words below."""
    message: str
    """The message of the provider or of this program; raw, not yet clean for a screen."""
    request_id: str | None = None
    detail: str = ""
    """A finer word within the kind: `disk_full`, `tls`, `no_key`, `stalled` …; may be empty."""
    status: int | None = None
    """The status of the provider's response."""
    retry_after_s: float | None = None
    """How long the provider asks to wait."""
    attempts: int = 1
    """How often the request was sent."""

    @property
    def as_dict(self) -> dict[str, str | int | float | None]:
        """The fields as plain values; those that only some errors have are left out where they are not known."""
        values: dict[str, str | int | float | None] = {
            "kind": self.kind,
            "message": self.message,
            "request_id": self.request_id,
            "detail": self.detail,
        }
        if self.status is not None:
            values["status"] = self.status
        if self.retry_after_s is not None:
            values["retry_after_s"] = self.retry_after_s
        return values if self.attempts == 1 else values | {"attempts": self.attempts}


class ChatError(Exception):
    """Base of all errors that the program can explain."""

    kind: ClassVar[str] = "unexpected"

    def __init__(self, message: str = "", *, detail: str = "", request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.request_id = request_id

    @property
    def fault(self) -> Fault:
        """The error as a plain value that can be stored."""
        return Fault(self.kind, self.message, self.request_id, self.detail)


class ProviderError(ChatError):
    kind = "provider"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str = "",
        *,
        detail: str = "",
        request_id: str | None = None,
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message, detail=detail, request_id=request_id)
        self.retry_after_s = retry_after_s
        self.status = status
        """Kept for the log and for a person; nothing above providers decides by it."""
        self.attempts = 1
        """How often the request was sent."""

    @property
    def fault(self) -> Fault:
        return Fault(
            self.kind, self.message, self.request_id, self.detail, self.status, self.retry_after_s, self.attempts
        )


class Unreachable(ProviderError):
    """No answer. `detail`: `dns`, `refused`, `tls`, `proxy`, `timeout` or empty."""

    kind = "unreachable"
    retryable = True


class StreamCut(ProviderError):
    """The reply broke off after it had started. `detail`: `dropped`, `stalled`, `garbled`, `error` or empty."""

    kind = "stream_cut"
    retryable = True


class KeyRejected(ProviderError):
    """No key, a wrong one, or one that may not do this. `detail`: `no_key`, `rejected`, `forbidden`."""

    kind = "key_rejected"


class RateLimited(ProviderError):
    """Too many requests; `retry_after_s` is the time to wait. `detail`: `quota` when waiting does not help."""

    kind = "rate_limited"
    retryable = True


class Overloaded(ProviderError):
    """The provider failed on its side."""

    kind = "overloaded"
    retryable = True


class RequestRefused(ProviderError):
    """The provider refused the request. `detail`: `too_long`, `no_such_model`, `bad_request` …"""

    kind = "request_refused"


class ProtocolBroken(ProviderError):
    """The answer cannot be parsed."""

    kind = "protocol_broken"


class StorageError(ChatError):
    """The database. `detail`: `disk_full`, `file_limit`, `locked`, `read_only`, `damaged`, `newer_schema`,
    `unsafe_path`, `unusable_path`; `no_copy` where a backup cannot be written."""

    kind = "storage"


class NotFound(ChatError):
    """No conversation or turn has that id, or more than one has."""

    kind = "not_found"


class ReplyInFlight(ChatError):
    """That branch is being answered already, here or in another copy of the program."""

    kind = "reply_in_flight"


class SettingsError(ChatError):
    """Something in the settings; the message names file, line and key."""

    kind = "settings"


class FormatError(ChatError):
    """A file or text that is not in the shape it should have; the message names the place.

    `detail`: `unreadable` or `unwritable` where the file system refuses it, `stdout` where the output does, else
    empty.
    """

    kind = "format"


class AttachmentRefused(ChatError):
    """A file cannot go with a prompt; the message names the file, what is wrong and the figure.

    `detail`: `missing`, `folder`, `special`, `loop`, `no_access`, `empty`, `binary`, `encoding`, `too_large`,
    `too_many`; `not_confirmed` after a question, `not_fetched` from an address; `gone` where stored bytes are
    lost; `cannot_see`, `not_taken`, `over_limit`, `not_shrunk` where this model does not take it.
    """

    kind = "attachment"


class SyncError(ChatError):
    """Other machines cannot be reached through the hub, or may not be.

    `detail`: `away`, `silent`, `tls`, `password`, `no_password`, `no_database`, `bad_url`; `not_set_up`, `no_right`,
    `no_member`, `wrong_key`, `hub_full`, `read_only`, `busy`, `old_server`, `hub_failed`; `bad_key`, `no_key`,
    `command`, `off`, `on`, `has_space`, `has_database`, `unequal`, `not_installed`, `local`.
    """

    kind = "sync"


class BudgetReached(ChatError):
    """A request goes over the budget, and was not sent.

    `detail`: `limit`, or `warning` where the same request passes the next time.
    """

    kind = "budget"


class Unexpected(ChatError):
    """A fault of ours; the trace is in the log."""

    kind = "unexpected"
