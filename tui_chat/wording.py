"""The sentence and the next step for every error and ending. Knows no key, no screen and no exit code.

A next step that the app has a key for is always named in the same words: try again, regenerate, continue, choose
another model, edit the prompt, leave out a message, lift the limit once, cancel it. The app adds the key.
"""

from dataclasses import dataclass, replace

from tui_chat.core.error import ChatError, Fault
from tui_chat.core.turn import Role, Turn, TurnStatus


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What happened, and what to do about it."""

    sentence: str
    next_step: str = ""


_RETRY = "Try again."
_HUB_WAITS = "Everything is kept here and is sent when it answers; check the network and `sync.url`."
_CONTINUE = "Continue or regenerate."
_REGENERATE = "Regenerate."
_SHOWS_STATUS = ("rate_limited", "overloaded")
"""Kinds of errors whose status users look up."""
_A_DAY_S = 86_400
_A_YEAR_S = 365 * _A_DAY_S

_BY_DETAIL: dict[tuple[str, str], ErrorText] = {
    ("unreachable", "dns"): ErrorText(
        "The provider's host name could not be resolved.", "Check the network, then try again."
    ),
    ("unreachable", "refused"): ErrorText(
        "Connection refused at the provider's address.", "Start the server or correct its base_url, then try again."
    ),
    ("unreachable", "tls"): ErrorText(
        "The TLS connection to the provider failed.", "Check the certificate, or set SSL_CERT_FILE to your CA's."
    ),
    ("unreachable", "proxy"): ErrorText(
        "The proxy refused the connection.", "Check HTTPS_PROXY and NO_PROXY, then try again."
    ),
    ("unreachable", "timeout"): ErrorText("The provider did not answer in time.", _RETRY),
    ("stream_cut", "stalled"): ErrorText("The reply stalled.", _CONTINUE),
    ("stream_cut", "garbled"): ErrorText("The reply was corrupted and cut off.", _CONTINUE),
    ("stream_cut", "error"): ErrorText("The provider ended the reply with an error.", _CONTINUE),
    ("key_rejected", "no_key"): ErrorText(
        "There is no API key for this provider.",
        "Set it and restart, or choose another model.",
    ),
    ("key_rejected", "forbidden"): ErrorText("The API key has no access to this model.", "Choose another model."),
    ("rate_limited", "quota"): ErrorText(
        "The account's quota is used up.",
        "Waiting does not help: check the plan, or choose another model.",
    ),
    ("request_refused", "too_long"): ErrorText(
        "The conversation is too long for this model.",
        "Use /compact, leave out a message, or choose another model.",
    ),
    ("request_refused", "no_such_model"): ErrorText("The provider has no such model.", "Choose another model."),
    ("request_refused", "no_such_provider"): ErrorText(
        "Unknown provider.", "Choose another model, or add the provider to the settings."
    ),
    ("request_refused", "flagged"): ErrorText(
        "The provider's content filter rejected the prompt.", "Edit the prompt."
    ),
    ("request_refused", "bad_file"): ErrorText(
        "The model does not take an attached file.", "Choose another model, or remove the file."
    ),
    ("request_refused", "fails_with_files"): ErrorText(
        "The server failed on a prompt with files.", "Choose another model, or restart the server if it hangs."
    ),
    ("request_refused", "no_server_tool"): ErrorText(
        "The provider does not have this web tool.", "Switch it off, or choose another model."
    ),
    ("request_refused", "no_prompt"): ErrorText("There is no prompt to reply to.", "Write one first."),
    ("request_refused", "nothing_to_compact"): ErrorText(
        "There is nothing to summarise yet.", "Use it when the context fills up."
    ),
    ("request_refused", "summarized_elsewhere"): ErrorText(
        "The summarised messages are in the original conversation.", "Make the summary there."
    ),
    ("request_refused", "no_summary"): ErrorText(
        "There is no summary to fork from yet.", "Fork from the branch before it, or regenerate."
    ),
    ("request_refused", "no_files"): ErrorText("There are no files to leave out.", "Try again, or edit the prompt."),
    ("request_refused", "not_a_prompt"): ErrorText(
        "Only your own prompts can be edited.", "Select one in reading mode or in the tree."
    ),
    ("request_refused", "not_a_reply"): ErrorText(
        "Only a stopped reply can be continued.", "Wait until it stops, or select another reply."
    ),
    ("request_refused", "bad_url"): ErrorText("A provider's address is invalid.", "Correct its base_url or headers."),
    ("request_refused", "not_found"): ErrorText(
        "Nothing was found at the provider's address.", "Check its base_url."
    ),
    ("overloaded", "gateway"): ErrorText("The provider's proxy has no answer from its server.", _RETRY),
    ("overloaded", "timeout"): ErrorText("The provider timed out on the request.", _RETRY),
    ("protocol_broken", "empty"): ErrorText(
        "The provider's response was empty.", "Try again; if it stays empty, check its base_url and kind."
    ),
    ("protocol_broken", "redirect"): ErrorText("The provider's address has moved.", "Correct its base_url."),
    ("protocol_broken", "html"): ErrorText(
        "Received a web page instead of a reply.", "Check its base_url, and for a proxy or login page in between."
    ),
    ("settings", "exists"): ErrorText(
        "The settings file exists already.", "`tui-chat config edit` opens it; --force overwrites it."
    ),
    ("settings", "bad_url"): ErrorText("A provider's address is invalid.", "Correct its base_url."),
    ("settings", "plain_http"): ErrorText(
        "The API key would be sent over unencrypted http.", "Use https, or set allow_http for this provider."
    ),
    ("settings", "bad_header"): ErrorText("A provider's headers are invalid.", "Correct them in the settings."),
    ("settings", "bad_key"): ErrorText(
        "The API key has invalid characters.", "Set it again, without quotes or spaces around it."
    ),
    ("settings", "plugin"): ErrorText(
        "A plug-in cannot be used.", "Update it or uninstall it; `tui-chat doctor` lists all plug-ins."
    ),
    ("settings", "api_key_cmd"): ErrorText("The command for the API key failed.", "Run it in a shell to see why."),
    ("settings", "mcp"): ErrorText("The MCP server cannot be used.", "Correct its `[mcp.NAME]` settings."),
    ("settings", "serve"): ErrorText(
        "The server cannot start.", "`tui-chat serve --status` shows whether one runs, and where."
    ),
    ("settings", "token"): ErrorText("The token cannot be used.", "`tui-chat token list` shows the named ones."),
    ("settings", "tls"): ErrorText("The certificates cannot be read.", "Correct SSL_CERT_FILE."),
    ("settings", "proxy"): ErrorText("The proxy cannot be used.", "Correct HTTPS_PROXY and ALL_PROXY."),
    ("storage", "disk_full"): ErrorText(
        "The disk is full: nothing is being saved.", "Free some space; saving resumes by itself."
    ),
    ("storage", "file_limit"): ErrorText(
        "The file size limit is reached: nothing is being saved.", "Raise the limit of the shell (`ulimit -f`)."
    ),
    ("storage", "unusable_path"): ErrorText("The data folder cannot be used.", "Choose another --data-dir."),
    ("storage", "no_copy"): ErrorText("The copy could not be written.", "Check the folder, or choose another."),
    ("storage", "read_only"): ErrorText(
        "The database cannot be written: this conversation is not being saved.",
        "Check the data folder's permissions, or choose another with --data-dir.",
    ),
    ("storage", "locked"): ErrorText(
        "The database is busy.", "Wait a moment: the app saves when the other program releases it."
    ),
    ("storage", "damaged"): ErrorText("The database is damaged.", "Run `tui-chat doctor --repair`."),
    ("storage", "newer_schema"): ErrorText(
        "The database was written by a newer tui-chat and is left untouched.",
        "Update tui-chat, or choose another --data-dir.",
    ),
    ("storage", "unsafe_path"): ErrorText(
        "The data folder is not safe to use.",
        "Check its owner and permissions, or choose another --data-dir.",
    ),
    ("reply_in_flight", "elsewhere"): ErrorText(
        "A reply is still streaming here in another window.", "Wait for it, or stop it in that window."
    ),
    ("not_found", "turn"): ErrorText(
        "The conversation has no such turn.", "`tui-chat show ID --json` lists its turns."
    ),
    ("not_found", "token"): ErrorText("There is no such token.", "`tui-chat token list` lists all tokens."),
    ("not_found", "bytes"): ErrorText("The bytes of this file are not stored.", "Attach the file again."),
    ("not_found", "ambiguous"): ErrorText("The id matches several conversations.", "Type more of the id."),
    ("format", "unreadable"): ErrorText("The file cannot be read.", "Check its name and permissions."),
    ("format", "stdout"): ErrorText("The output cannot be written.", "Check where it is redirected to."),
    ("format", "unwritable"): ErrorText("The file cannot be written.", "Check the folder, or choose another."),
    ("budget", "limit"): ErrorText(
        "The budget is reached.", "Lift the limit once, or raise it in the settings ([budget])."
    ),
    ("budget", "warning"): ErrorText("This goes over the budget's warning.", "Send it again to proceed."),
    ("attachment", "missing"): ErrorText("There is no such file.", "Check the path."),
    ("attachment", "folder"): ErrorText("A folder cannot be attached.", "Attach the files in it."),
    ("attachment", "special"): ErrorText(
        "Only regular files can be attached.", "Write the content to a file and attach that."
    ),
    ("attachment", "loop"): ErrorText("The link leads back to itself.", "Attach the file itself."),
    ("attachment", "no_access"): ErrorText("The file cannot be read.", "Check its permissions."),
    ("attachment", "empty"): ErrorText("The file is empty.", "Attach another file."),
    ("attachment", "binary"): ErrorText(
        "Models do not read this kind of file.", "Convert it to PNG, JPEG, GIF, WebP, PDF or text."
    ),
    ("attachment", "encoding"): ErrorText(
        "The text is not UTF-8.", "Convert it: `iconv -f latin1 -t utf-8 FILE > NEW`."
    ),
    ("attachment", "too_many"): ErrorText("Too many files.", "Name fewer of them."),
    ("attachment", "not_confirmed"): ErrorText(
        "The file was not attached.", "Add --yes to attach it without a question."
    ),
    ("attachment", "not_fetched"): ErrorText(
        "The file could not be fetched.", "Download it yourself and attach the copy."
    ),
    ("attachment", "gone"): ErrorText("The bytes of the file are no longer stored.", "Attach it again."),
    ("attachment", "cannot_see"): ErrorText(
        "This model cannot see images.", "Choose another model, or remove the image."
    ),
    ("attachment", "not_taken"): ErrorText(
        "This model does not take this kind of file.", "Choose another model, or remove the file."
    ),
    ("attachment", "over_limit"): ErrorText(
        "The files are over a limit of this model.", "Attach fewer or smaller ones."
    ),
    ("attachment", "not_shrunk"): ErrorText(
        "The image is too large for this model.",
        "Attach a smaller copy, or install tui-chat with the extra `images` to have it shrunk.",
    ),
    ("attachment", "too_large"): ErrorText("The file is too large.", "Attach a part of it, or a smaller copy."),
    ("sync", "away"): ErrorText("The hub cannot be reached.", _HUB_WAITS),
    ("sync", "silent"): ErrorText("The hub does not answer.", _HUB_WAITS),
    ("sync", "tls"): ErrorText(
        "The hub's certificate cannot be verified.",
        "Name its authority with sslrootcert=FILE in `sync.url`; sslmode=require there skips the check.",
    ),
    ("sync", "password"): ErrorText(
        "The hub rejected the password.", "Correct it in ~/.pgpass, or where `sync.password_cmd` takes it from."
    ),
    ("sync", "no_password"): ErrorText(
        "The hub asks for a password.", "Put it into ~/.pgpass, or set `sync.password_cmd`."
    ),
    ("sync", "no_database"): ErrorText(
        "The hub has no such database or login.", "Create it there, or correct `sync.url`."
    ),
    ("sync", "bad_url"): ErrorText("The hub's address is invalid.", "Write it as postgresql://USER@HOST/DATABASE."),
    ("sync", "not_set_up"): ErrorText(
        "The database is not set up for sync.", "Run `tui-chat sync init URL` on the first machine."
    ),
    ("sync", "newer_hub"): ErrorText(
        "The hub is newer than this program.", "Update tui-chat on this machine; everything is kept and is sent then."
    ),
    ("sync", "older_hub"): ErrorText(
        "The hub is older than this program.",
        "Run `tui-chat sync init --upgrade` with the login that set it up; everything is kept and is sent then.",
    ),
    ("sync", "no_right"): ErrorText(
        "The login lacks a right on the hub.",
        "`sync init` needs CREATE on the database; other logins need USAGE on the schema tui_chat and EXECUTE on its"
        " functions.",
    ),
    ("sync", "no_member"): ErrorText(
        "The hub has no such space for this login.", "Check the user and the database in `sync.url`."
    ),
    ("sync", "wrong_key"): ErrorText(
        "The key is not that of the space; nothing was sent.", "`tui-chat sync key` on another machine prints it."
    ),
    ("sync", "bad_key"): ErrorText(
        "This is not a key of tui-chat.", "`tui-chat sync key` on another machine prints it."
    ),
    ("sync", "hub_full"): ErrorText(
        "The hub's disk is full.", "Make room there; everything is kept here and is sent then."
    ),
    ("sync", "read_only"): ErrorText(
        "The hub takes no changes now.", "Everything is kept here and is sent when it does."
    ),
    ("sync", "busy"): ErrorText("The hub has no free connection.", _HUB_WAITS),
    ("sync", "off"): ErrorText(
        "Sync is not set up on this machine.",
        "`tui-chat sync init URL` on the first machine, `tui-chat sync join URL --key FILE` on the others.",
    ),
    ("sync", "on"): ErrorText(
        "Sync is set up on this machine already.", "`tui-chat sync status` shows it; `tui-chat sync leave` ends it."
    ),
    ("sync", "has_space"): ErrorText(
        "The database holds records of this login already.",
        "Join them with `tui-chat sync join URL --key FILE`, or make a second space with --new.",
    ),
    ("sync", "has_database"): ErrorText(
        "This machine has conversations already.", "Join without --from; the others' conversations are added to them."
    ),
    ("sync", "no_key"): ErrorText(
        "The key of this machine is missing.",
        "`tui-chat sync key` on another machine prints it; write it to that file, or `tui-chat sync leave` and join.",
    ),
    ("sync", "command"): ErrorText(
        "A command for sync failed.", "Run it in a shell to see why, and correct it in the settings."
    ),
    ("sync", "not_installed"): ErrorText(
        "Packages that sync needs are not installed.", "Install tui-chat with the extra `sync`."
    ),
    ("sync", "local"): ErrorText(
        "The database of this machine could not be used for sync.", "Run `tui-chat doctor`."
    ),
    ("sync", "unequal"): ErrorText(
        "Some records still differ.", "Run `tui-chat sync` on the other machines, then verify again."
    ),
    ("sync", "old_server"): ErrorText("The hub's PostgreSQL is too old.", "Version 13 or later is needed."),
}

_BY_KIND: dict[str, ErrorText] = {
    "unreachable": ErrorText("The provider cannot be reached.", _RETRY),
    "stream_cut": ErrorText("Connection lost during the reply.", _CONTINUE),
    "key_rejected": ErrorText(
        "The provider rejected the API key.", "Set it again, choose another model, or run `tui-chat doctor`."
    ),
    "rate_limited": ErrorText("Rate limited by the provider.", _RETRY),
    "overloaded": ErrorText("The provider is overloaded.", _RETRY),
    "request_refused": ErrorText("The provider refused the request.", "Edit the prompt, or choose another model."),
    "protocol_broken": ErrorText("The provider's response could not be parsed.", "Check its base_url and kind."),
    "storage": ErrorText("The database failed.", "Run `tui-chat doctor`."),
    "not_found": ErrorText("Conversation not found.", "`tui-chat list` lists all conversations."),
    "reply_in_flight": ErrorText("A reply is still streaming here.", "Wait for it, or cancel it."),
    "settings": ErrorText("The settings have an error.", "`tui-chat config show` shows the values in effect."),
    "format": ErrorText(
        "The file could not be parsed.", "Nothing was changed; `tui-chat import --help` lists the supported formats."
    ),
    "attachment": ErrorText("The file cannot be attached.", "Attach another file."),
    "sync": ErrorText("Sync failed.", "Nothing is lost; `tui-chat sync status` shows what waits to be sent."),
    "budget": ErrorText("The budget is reached.", "Raise it in the settings ([budget])."),
    "unexpected": ErrorText("Internal error in tui-chat.", "Try again; the log has the details."),
}

_BY_STOP: dict[str, ErrorText] = {
    "max_tokens": ErrorText("Stopped at the token limit.", "Continue the reply."),
    "length": ErrorText("Stopped at the token limit.", "Continue the reply."),
    "max_output_tokens": ErrorText("Stopped at the token limit.", "Continue the reply."),
    "model_context_window_exceeded": ErrorText(
        "The model's context is full.", "Use /compact, leave out a message, or choose another model."
    ),
    "refusal": ErrorText("The model declined to answer.", "Edit the prompt."),
    "content_filter": ErrorText("The provider's content filter stopped the reply.", "Edit the prompt."),
    "pause_turn": ErrorText("The model paused during its work.", "Continue the reply."),
    "tool_rounds": ErrorText("Stopped: the limit of requests in one reply is reached.", "Continue the reply."),
    "tool_usd": ErrorText("Stopped: the spending limit of one reply is reached.", "Continue the reply."),
    "tool_minutes": ErrorText("Stopped: the time limit of one reply is reached.", "Continue the reply."),
    "budget": ErrorText("Stopped: the budget is reached.", "Lift the limit once, then continue the reply."),
    "tool_repeats": ErrorText("Stopped: the model repeats the same tool call.", "Continue the reply."),
    "tool_stopped": ErrorText("Stopped: a tool call was not allowed.", "Continue the reply, or send a prompt."),
    "tool_use": ErrorText("The model called a tool that is not available.", "Send the result yourself."),
    "tool_calls": ErrorText("The model called a tool that is not available.", "Send the result yourself."),
}


def explain(error: ChatError | Fault) -> ErrorText:
    """Return what happened and what to do about it."""
    fault = error.fault if isinstance(error, ChatError) else error
    words = _cause(fault)
    known = "".join(f" {fact[:1].upper()}{fact[1:]}." for fact in facts(fault))
    return replace(words, sentence=words.sentence + known) if known else words


def _cause(fault: Fault) -> ErrorText:
    """Return what happened and what to do, without the figures of this one error."""
    words = _BY_DETAIL.get((fault.kind, fault.detail)) or _BY_KIND.get(fault.kind) or _BY_KIND["unexpected"]
    if fault.kind == "budget" and fault.message:
        return replace(words, sentence=f"{fault.message}.")
    if fault.status is None or fault.kind not in _SHOWS_STATUS:
        return words
    return replace(words, sentence=f"{words.sentence.removesuffix('.')} ({fault.status}).")


def facts(fault: Fault) -> list[str]:
    """Return how long the provider asks to wait, and how often the request was sent, where that is known."""
    known = []
    if fault.retry_after_s is not None and fault.retry_after_s >= 1:
        known.append(f"retry after {_duration(fault.retry_after_s)}")
    if fault.attempts > 1:
        known.append(f"tried {fault.attempts} times")
    return known


def ending(turn: Turn, *, with_facts: bool = True) -> ErrorText | None:
    """Return the text below a turn that did not end well; `None` if it is complete or still streaming."""
    if turn.role is not Role.ASSISTANT:
        return None
    match turn.status:
        case TurnStatus.FAILED:
            fault = turn.fault or Fault("unexpected", "")
            return explain(fault) if with_facts else _cause(fault)
        case TurnStatus.CANCELLED:
            return ErrorText("Stopped.", _CONTINUE if turn.parts else _REGENERATE)
        case TurnStatus.INTERRUPTED:
            sentence = "Interrupted: the program ended during the reply."
            return ErrorText(sentence, _CONTINUE if turn.parts else _REGENERATE)
        case TurnStatus.COMPLETE if turn.stop_reason in _BY_STOP:
            return _BY_STOP[turn.stop_reason]
    return None


def _duration(seconds: float) -> str:
    """Return a duration in at most two units."""
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
