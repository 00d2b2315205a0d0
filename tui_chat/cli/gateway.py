"""Builds the gateway from the program. Imports starlette and uvicorn, an optional extra, only when it is called."""

import os
from typing import TYPE_CHECKING

from tui_chat.core.error import SettingsError

if TYPE_CHECKING:
    from tui_chat.gateway.server import GatewayServer
    from tui_chat.gateway.tokens import TokenStore
    from tui_chat.wiring import Program


def load_gateway() -> None:
    """Import the gateway; raise a sentence with what to install where a part is missing."""
    try:
        import tui_chat.gateway.server  # noqa: F401
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn", "wsproto"):
            raise
        raise SettingsError(f"{error.name} is not installed; install tui-chat with the extra `serve`") from None


async def gateway_server(program: "Program") -> "tuple[GatewayServer, TokenStore]":
    """Return the server of the program's data folder, not listening yet, and its tokens."""
    from importlib.metadata import version

    load_gateway()
    from tui_chat.gateway.backend import Backend, GatewayOptions
    from tui_chat.gateway.server import GatewayServer
    from tui_chat.gateway.tokens import TokenStore

    settings = program.settings
    tokens = TokenStore(settings.data_dir, os.environ)
    tokens.own_token()
    backend = Backend(
        program.service,
        program.store,
        program.model_catalog,
        tokens,
        GatewayOptions(*settings.serve),
        program.default_model,
        settings.system,
        frozenset(settings.providers),
        program.unsaved_service,
        version("tui-chat"),
    )
    return GatewayServer(backend, settings.data_dir), tokens
