"""The terminal program: screens and widgets on Textual. Knows no wire and no SQL."""
