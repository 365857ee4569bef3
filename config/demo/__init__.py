"""The demo company: what `make run` shows on the first day. Never in production."""
