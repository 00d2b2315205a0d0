"""The sentence and the next step for every error and ending. Pure words: knows no key, no screen, no exit code.

What a key of the app does is always named in the same words: try again, continue, choose another model, say it
differently. The app puts the key behind them.
"""

from dataclasses import dataclass

from tui_chat.core.error import ChatError, Fault, ProviderError
from tui_chat.core.turn import Role, Turn, TurnStatus


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What happened, and what to do about it."""

    sentence: str
    next_step: str = ""


_RETRY = "Try again."
_A_DAY_S = 86_400
_A_YEAR_S = 365 * _A_DAY_S

_BY_DETAIL: dict[tuple[str, str], ErrorText] = {
    ("unreachable", "dns"): ErrorText(
        "The provider's name could not be looked up.", "Check the network, then try again."
    ),
    ("unreachable", "refused"): ErrorText(
        "Nobody answers at the provider's address.", "Start the server or correct its base_url, then try again."
    ),
    ("unreachable", "tls"): ErrorText(
        "The connection could not be secured.", "Check the certificate, or set SSL_CERT_FILE to your CA's."
    ),
    ("unreachable", "proxy"): ErrorText("The proxy refused.", "Check HTTPS_PROXY and NO_PROXY, then try again."),
    ("unreachable", "timeout"): ErrorText("The provider did not answer in time.", _RETRY),
    ("stream_cut", "stalled"): ErrorText("The reply stopped arriving.", _RETRY),
    ("stream_cut", "garbled"): ErrorText("The reply arrived garbled and was cut.", _RETRY),
    ("stream_cut", "error"): ErrorText("The provider broke the reply off.", _RETRY),
    ("key_rejected", "no_key"): ErrorText(
        "There is no key for this provider.",
        "Set it and start again, or choose another model.",
    ),
    ("key_rejected", "forbidden"): ErrorText("The key may not use this model.", "Choose another model."),
    ("rate_limited", "quota"): ErrorText(
        "The account's quota is used up.",
        "Waiting does not help: check the plan, or choose another model.",
    ),
    ("request_refused", "too_long"): ErrorText(
        "The conversation is too long for this model.",
        "Fork from an earlier turn, or choose another model.",
    ),
    ("request_refused", "no_such_model"): ErrorText("There is no such model.", "Choose another model."),
    ("request_refused", "no_such_provider"): ErrorText(
        "There is no such provider.", "Choose another model, or add the provider to the settings."
    ),
    ("request_refused", "flagged"): ErrorText("The provider's filter refused the prompt.", "Say it differently."),
    ("request_refused", "no_prompt"): ErrorText("There is no prompt here to answer.", "Write one first."),
    ("request_refused", "not_a_prompt"): ErrorText(
        "Only a prompt of your own can be worded anew.", "Choose one while reading, or in the tree."
    ),
    ("request_refused", "not_a_reply"): ErrorText(
        "Only a reply that has stopped can be gone on with.", "Wait until it has, or choose another reply."
    ),
    ("request_refused", "bad_url"): ErrorText(
        "A provider's address is not right.", "Correct its base_url or headers."
    ),
    ("request_refused", "not_found"): ErrorText("There is nothing at the provider's address.", "Check its base_url."),
    ("overloaded", "timeout"): ErrorText("The provider took too long over the request.", _RETRY),
    ("protocol_broken", "empty"): ErrorText(
        "The provider's answer was empty.", "Try again; if it stays so, check its base_url and kind."
    ),
    ("protocol_broken", "redirect"): ErrorText("The provider's address has moved.", "Correct its base_url."),
    ("protocol_broken", "html"): ErrorText(
        "A web page came instead of a reply.", "Check its base_url, and whether a proxy or a sign-in is in the way."
    ),
    ("settings", "bad_url"): ErrorText("A provider's address is not right.", "Correct its base_url."),
    ("settings", "plain_http"): ErrorText(
        "The key would go over plain http, for anybody to read.", "Use https, or set allow_http for this provider."
    ),
    ("settings", "bad_header"): ErrorText("A provider's headers cannot be sent.", "Correct them in the settings."),
    ("settings", "bad_key"): ErrorText("The key holds what no key does.", "Set it again, with nothing around it."),
    ("settings", "api_key_cmd"): ErrorText("The command for the key failed.", "Run it by hand and see."),
    ("settings", "tls"): ErrorText("The certificates cannot be read.", "Correct SSL_CERT_FILE."),
    ("settings", "proxy"): ErrorText("The proxy cannot be used.", "Correct HTTPS_PROXY and ALL_PROXY."),
    ("settings", "connection"): ErrorText(
        "No connection can be set up.", "Check SSL_CERT_FILE, HTTPS_PROXY and ALL_PROXY."
    ),
    ("storage", "disk_full"): ErrorText(
        "The disk is full: nothing is being saved.", "Make room; saving goes on by itself."
    ),
    ("storage", "file_limit"): ErrorText(
        "Files may not grow any further: nothing is being saved.", "Raise the limit of the shell (`ulimit -f`)."
    ),
    ("storage", "unusable_path"): ErrorText("The data folder cannot be used.", "Choose another --data-dir."),
    ("storage", "no_copy"): ErrorText("The copy could not be written.", "Check the folder, or choose another."),
    ("storage", "read_only"): ErrorText(
        "The database cannot be written: this conversation is not being saved.",
        "Check the data folder's permissions, or choose another with --data-dir.",
    ),
    ("storage", "locked"): ErrorText(
        "The database is busy.", "Wait a moment: the app saves as soon as the other program lets it."
    ),
    ("storage", "damaged"): ErrorText("The database is damaged.", "Run `tui-chat doctor --repair`."),
    ("storage", "newer_schema"): ErrorText(
        "The database was written by a newer tui-chat and is left untouched.",
        "Update tui-chat, or choose another --data-dir.",
    ),
    ("storage", "unsafe_path"): ErrorText(
        "The data folder is not safe to use.",
        "Check who owns it and who may write there, or choose another --data-dir.",
    ),
    ("not_found", "turn"): ErrorText(
        "There is no such turn in the conversation.", "`tui-chat show ID --json` shows its turns."
    ),
    ("not_found", "ambiguous"): ErrorText("Several conversations are meant.", "Write more of the id."),
    ("format", "unreadable"): ErrorText("The file cannot be read.", "Check its name and who may read it."),
    ("format", "stdout"): ErrorText("The output cannot be written.", "Check where it is sent to."),
    ("format", "unwritable"): ErrorText("The file cannot be written.", "Check the folder, or choose another."),
}

_BY_KIND: dict[str, ErrorText] = {
    "unreachable": ErrorText("The provider cannot be reached.", _RETRY),
    "stream_cut": ErrorText("The reply broke off.", _RETRY),
    "key_rejected": ErrorText(
        "The provider does not accept the key.", "Set it again, choose another model, or see `tui-chat doctor`."
    ),
    "rate_limited": ErrorText("The provider asks for a pause.", _RETRY),
    "overloaded": ErrorText("The provider is overloaded.", _RETRY),
    "request_refused": ErrorText("The provider refused the request.", "Say it differently, or choose another model."),
    "protocol_broken": ErrorText("The provider's answer could not be understood.", "Check its base_url and kind."),
    "storage": ErrorText("The database failed.", "Run `tui-chat doctor`."),
    "not_found": ErrorText("There is no such conversation.", "`tui-chat list` shows what there is."),
    "reply_in_flight": ErrorText("A reply is still coming in here.", "Wait for it, or cancel it."),
    "settings": ErrorText("The settings need a correction.", "`tui-chat config show` tells what is in force."),
    "format": ErrorText(
        "The file could not be understood.", "Nothing was changed; `tui-chat import --help` names what can be read."
    ),
    "unexpected": ErrorText("Something went wrong in tui-chat itself.", "Try again; the log has the details."),
}

_BY_STOP: dict[str, ErrorText] = {
    "max_tokens": ErrorText("Stopped at the token limit.", "Continue the reply."),
    "length": ErrorText("Stopped at the token limit.", "Continue the reply."),
    "model_context_window_exceeded": ErrorText(
        "The model's context is full.", "Fork from an earlier turn, or choose another model."
    ),
    "refusal": ErrorText("The model declined to answer.", "Say it differently."),
    "content_filter": ErrorText("The provider's filter stopped the reply.", "Say it differently."),
    "pause_turn": ErrorText("The model paused in the middle of its work.", "Continue the reply."),
    "tool_use": ErrorText("The model asks for a tool that is not here.", "Answer in its place."),
    "tool_calls": ErrorText("The model asks for a tool that is not here.", "Answer in its place."),
}


def explain(error: ChatError | Fault) -> ErrorText:
    """What a person is told of an error, and what to do."""
    fault = error.fault if isinstance(error, ChatError) else error
    words = _BY_DETAIL.get((fault.kind, fault.detail)) or _BY_KIND.get(fault.kind) or _BY_KIND["unexpected"]
    if isinstance(error, ProviderError) and error.retry_after_s is not None and error.retry_after_s >= 1:
        asked = f"It asks to be left alone for {_duration(error.retry_after_s)}."
        words = ErrorText(f"{words.sentence} {asked}", words.next_step)
    return words


def ending(turn: Turn) -> ErrorText | None:
    """What is said under a turn that did not end as one would wish; `None` where all is well or still going on."""
    if turn.role is not Role.ASSISTANT:
        return None
    match turn.status:
        case TurnStatus.FAILED:
            return explain(turn.fault or Fault("unexpected", ""))
        case TurnStatus.CANCELLED:
            return ErrorText("Stopped.", "Continue or try again.")
        case TurnStatus.INTERRUPTED:
            return ErrorText("Interrupted: the program ended while this came in.", "Continue or try again.")
        case TurnStatus.COMPLETE if turn.stop_reason in _BY_STOP:
            return _BY_STOP[turn.stop_reason]
    return None


def _duration(seconds: float) -> str:
    """In two units at most; what is asked for beyond a year is no pause any more."""
    if not seconds < _A_YEAR_S:
        return "more than a year"
    whole = round(seconds)
    if whole >= 2 * _A_DAY_S:
        return f"{whole // _A_DAY_S} days"
    hours, rest = divmod(whole, 3600)
    if hours >= 2:
        return f"{hours} h {rest // 60} min" if rest >= 60 else f"{hours} h"
    minutes, rest = divmod(whole, 60)
    if minutes == 0:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
