"""Windows over the chat: help, the tree of branches, usage."""
