"""The profile that a trusted project's folder names for new conversations. Opens nothing."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_chat.core.launch_options import LaunchOptions
    from tui_chat.wiring import Program


async def with_project_profile(program: "Program", options: "LaunchOptions") -> "tuple[LaunchOptions, list[str]]":
    """Return the options with the project's profile, unless they have one; and notices."""
    from tui_chat.core.error import SettingsError
    from tui_chat.core.fuzzy import did_you_mean
    from tui_chat.service import project_trust
    from tui_chat.settings.templates import find_project, project_profile

    project = await asyncio.to_thread(lambda: find_project(Path.cwd()))
    if options.profile is not None or project is None:
        return options, []
    if not await project_trust.is_trusted(program.store, str(project.folder), project.fingerprint):
        return options, []
    try:
        name = project_profile(project)
    except SettingsError as error:
        return options, [error.message]
    if name and name not in program.settings.profiles:
        meant = did_you_mean(name, program.settings.profiles)
        return options, [f"{project.folder}: there is no profile {name} in your settings{meant}"]
    return (replace(options, profile=name), []) if name else (options, [])
