"""Forms of the back-office, by subject."""
