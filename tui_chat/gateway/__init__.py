"""The HTTP server: the same conversations for browsers, scripts, editors and SDKs."""
