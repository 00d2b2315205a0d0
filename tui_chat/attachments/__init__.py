"""Files that go with a prompt: their kind, size and limits, read once. Knows no provider, no store and no screen."""
