"""What `gpsandbox.seed` plants, a module a subject."""
