"""The Messages API of Anthropic, and of gateways that offer it."""
