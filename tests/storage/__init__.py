"""Tests of the store, on real files and in memory."""
