"""A local Global Payments GP-API server: for development, demos and tests, never for real cards."""
