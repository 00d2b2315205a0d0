"""Tests of the screens and widgets."""
