"""The wire formats of the gateway: pure functions from requests and to bytes, one file each."""
