"""Replication of finished turns through PostgreSQL. It never runs on the app's event loop."""
