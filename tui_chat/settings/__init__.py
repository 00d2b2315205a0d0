"""The user's settings: flags over environment over file over defaults, every value with its origin."""
