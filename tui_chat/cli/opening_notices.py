"""What happened when the database was opened, in sentences: nothing of it is done without a word."""

from tui_chat.storage.open_database import OpenReport


def opening_notices(opening: OpenReport) -> list[str]:
    """What a person should know of it; nothing when all was as ever."""
    said: list[str] = []
    if opening.damaged_moved_to is not None:
        said.append(
            f"The database was damaged ({opening.damage}). The file is now {opening.damaged_moved_to}; "
            f"{opening.recovered_conversations:,} conversations could be read out of it."
        )
    if opening.met_damaged_value:
        said.append(
            "A stored text or value is damaged and is shown as far as it can be read."
            " `tui-chat doctor --repair` names and mends it."
        )
    if opening.found_empty:
        said.append(f"The database {opening.path} was empty although it had been used; a new one was begun.")
    if opening.recreated:
        said.append(f"The database {opening.path} had vanished and was written anew with everything in it.")
    if opening.replaced_saved_to is not None:
        said.append(
            f"Another file took the database's place; what the old one held is in {opening.replaced_saved_to}."
        )
    if opening.read_only:
        said.append("The database can only be read: what is said now is not saved.")
    if opening.migrated_from is not None and opening.backup is not None:
        said.append(f"The database was upgraded; the old one is kept as {opening.backup}.")
    return said
