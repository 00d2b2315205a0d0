"""Notices about recovery, migration and read-only mode when the database was opened."""

from tui_chat.storage.open_database import OpenReport


def opening_notices(opening: OpenReport) -> list[str]:
    """Return the notices; empty if nothing happened."""
    notices: list[str] = []
    if opening.damaged_moved_to is not None:
        notices.append(
            f"The database was damaged ({opening.damage}). The file is now {opening.damaged_moved_to}; "
            f"{opening.recovered_conversations:,} conversations were recovered."
        )
    if opening.met_damaged_value:
        notices.append(
            "A stored text or value is damaged and is shown as far as it is readable."
            " `tui-chat doctor --repair` repairs it."
        )
    if opening.found_empty:
        notices.append(f"The database {opening.path} was empty although it had been used; a new one was created.")
    if opening.recreated:
        notices.append(f"The database {opening.path} had vanished and was written again with all its content.")
    if opening.replaced_saved_to is not None:
        notices.append(
            f"Another file took the database's place; what the old one held is in {opening.replaced_saved_to}."
        )
    if opening.read_only:
        notices.append("The database is read-only: new messages are not saved.")
    if opening.migrated_from is not None and opening.backup is not None:
        notices.append(f"The database was upgraded; the old one is kept as {opening.backup}.")
    return notices
