"""Tests of what the library shows."""
