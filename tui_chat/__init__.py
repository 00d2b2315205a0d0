"""A terminal chat for developers: replies stream live, every conversation is saved as it happens."""
