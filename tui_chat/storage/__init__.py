"""All conversations in one private SQLite file, changed in whole transactions. The only package that knows SQLite."""
