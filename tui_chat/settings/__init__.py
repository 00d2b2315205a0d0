"""What the user has set: flags over environment over file over defaults, every value with its origin."""
