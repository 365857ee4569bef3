"""One module per environment: `dev` (make run), `test`, `prod`. All start from `base`; all read through `config.env`."""
