"""Finds API keys in the environment or through a command of the user. Keeps them in memory only."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress

from tui_chat.core.error import SettingsError
from tui_chat.core.provider_presets import DEMO_MODEL, PRESETS
from tui_chat.core.secret import Secret
from tui_chat.settings.values import Origin, Settings

_COMMAND_LIMIT_S = 60.0
"""Long enough for a person to unlock a password store."""
_LONGEST_REASON = 200
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class KeyRing:
    """The API keys of all providers in the settings, looked up on demand."""

    def __init__(
        self, settings: Settings, environ: Mapping[str, str] | None = None, *, limit_s: float = _COMMAND_LIMIT_S
    ) -> None:
        self._settings = settings
        self._environ = os.environ if environ is None else environ
        self._limit_s = limit_s
        self._found: dict[str, Secret] = {}
        self._lock = threading.Lock()
        self._started: list[subprocess.Popen[bytes]] = []
        """The command that was started last."""

    def variables(self, provider: str) -> tuple[str, ...]:
        """Return the variables for its key. A preset's variables are not used for another address, to avoid leaks."""
        provider_settings = self._settings.providers.get(provider)
        if provider_settings is None:
            return ()
        if provider_settings.api_key_env:
            return (provider_settings.api_key_env,)
        preset = PRESETS.get(provider_settings.kind)
        return (
            preset.key_variables
            if preset and (provider == provider_settings.kind or not provider_settings.base_url)
            else ()
        )

    def source(self, provider: str) -> Origin | None:
        """Return where its key is, without looking at it; `None` when there is none."""
        for variable in self.variables(provider):
            if self._environ.get(variable, "").strip():
                return Origin("environment", variable)
        provider_settings = self._settings.providers.get(provider)
        if provider_settings and provider_settings.api_key_cmd:
            name = f"providers.{provider}.api_key_cmd"
            return Origin("command", f"{name} ({self._settings.origin(name)})")
        return None

    def note(self, model: str) -> tuple[str, bool]:
        """Return where the key for a model is, in a few words, and whether it is missing."""
        provider = model.partition("/")[0]
        if provider == "demo":
            return "no key needed", False
        if (source := self.source(provider)) is not None:
            return (f"{source.place} is set" if source.kind == "environment" else "key from api_key_cmd"), False
        known = self._settings.providers.get(provider)
        variables = self.variables(provider)
        if known is None or not variables or known.base_url or known.headers:
            return "", False
        return f"{variables[0]} is not set", True

    def find(self, provider: str) -> Secret | None:
        """Return its key; may run a slow command, so call it in a thread. Raises `SettingsError`."""
        source = self.source(provider)
        if source is None:
            return None
        if source.kind == "environment":
            return Secret.of(self._environ[source.place], source.place)
        with self._lock:
            if provider not in self._found:
                command = self._settings.providers[provider].api_key_cmd
                about = f"the command for the key of {provider}"
                line = first_line_of(command, about, self._limit_s, self._started)
                key = Secret.of(line, f"the command of {provider}")
                if key is None:
                    raise SettingsError(
                        f"the command for the key of {provider} printed nothing", detail="api_key_cmd"
                    )
                self._found[provider] = key
            return self._found[provider]

    def stop(self) -> None:
        """Kill a running command; callable from any thread."""
        for process in tuple(self._started):
            if process.poll() is None:
                _kill(process)

    def headers(self, provider: str) -> dict[str, str]:
        """Return its extra headers with variables filled in; one that names a missing variable is an error."""
        filled: dict[str, str] = {}
        for name, value in self._settings.providers[provider].headers.items():
            for variable in _VARIABLE.findall(value):
                if variable not in self._environ:
                    raise SettingsError(f"providers.{provider}.headers: {variable} is not set", detail="bad_header")
            filled[name] = _VARIABLE.sub(lambda found: self._environ[found[1]].strip(), value)
        return filled

    def header_secrets(self, provider: str) -> tuple[str, ...]:
        """Return the values of `${VARIABLE}` in its headers, which must not be shown."""
        headers = self._settings.providers[provider].headers.values()
        variables = {variable for value in headers for variable in _VARIABLE.findall(value)}
        return tuple(self._environ.get(variable, "").strip() for variable in variables)

    def model(self) -> tuple[str, Origin]:
        """Return the default model and why it was chosen."""
        if self._settings.default_model:
            return self._settings.default_model, self._settings.origin("default_model")
        for name, provider in self._settings.providers.items():
            source = self.source(name)
            preset = PRESETS.get(provider.kind)
            models = (*provider.models, *((preset.default_model,) if preset and preset.default_model else ()))
            if source and models:
                return f"{name}/{models[0]}", Origin("default", f"{source} is set")
        return DEMO_MODEL, Origin("default", "no key was found")


def first_line_of(
    command: tuple[str, ...],
    about: str,
    limit_s: float = _COMMAND_LIMIT_S,
    started: list[subprocess.Popen[bytes]] | None = None,
) -> str:
    """Return the first line of a command's output. The command has no terminal; remarks may follow its first line.

    `started` gets its process. Raises `SettingsError`, which names the command by `about`.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be run"
        raise SettingsError(f"{about} cannot be started: {reason}", detail="api_key_cmd") from None
    if started is not None:
        started[:] = [process]
    try:
        output, complaint = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        _kill(process)
        process.communicate()
        raise SettingsError(f"{about} took longer than {limit_s:g} seconds", detail="api_key_cmd") from None
    if process.returncode != 0:
        from tui_chat.core.masking import plain_words

        last = complaint.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it printed no error"]
        reason = plain_words(last[0][:_LONGEST_REASON], output.decode("utf-8", "replace"))
        sentence = f"{about} ended with status {process.returncode}: {reason}"
        raise SettingsError(sentence, detail="api_key_cmd")
    return output.decode("utf-8", "replace").lstrip().partition("\n")[0]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and its children, which would keep its pipes open."""
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
