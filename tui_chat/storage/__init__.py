"""The only folder that knows SQLite: conversations in one private file, changed in whole steps."""
