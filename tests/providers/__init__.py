"""Tests of the adapters: what comes over each wire, and how each fails."""
