"""Reads what is left of a damaged database into a new one."""
