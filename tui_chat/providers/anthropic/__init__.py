"""The Messages API over the vendor's SDK."""
