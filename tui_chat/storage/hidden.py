"""SQL for conversations that were purged and whose rows are still being deleted: every query but `purge` skips them.

Their ids stand in `state` as well, where no import or record can write: an id alone would not prove that.
"""

HIDDEN_KEYS = "SELECT key FROM state WHERE key >= 'purged:' AND key < 'purged;'"
"""The ids of hidden conversations."""
HIDDEN = f"SELECT seq FROM conversation WHERE id IN ({HIDDEN_KEYS})"
"""Their row numbers."""
