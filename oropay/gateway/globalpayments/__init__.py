"""Global Payments GP-API behind our own port. Loaded by `import_string` in the worker only; see README.md."""
