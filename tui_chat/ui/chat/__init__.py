"""The chat screen: one conversation open, its prompt, queue, branches and settings."""
