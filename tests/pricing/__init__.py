"""Tests of what replies cost."""
