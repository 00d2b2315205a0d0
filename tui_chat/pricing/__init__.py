"""Prices and costs: a public price list, with the user's own prices taking precedence."""
