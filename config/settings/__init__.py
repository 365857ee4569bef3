"""One module per environment: `dev` (make run), `test`, `prod`; all start from `base` and read through `config.env`."""
