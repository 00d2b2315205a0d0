"""Tests of what conversations are written as and read from."""
