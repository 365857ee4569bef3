"""Thousands of payments through real processes while everything that can break breaks; then the books are compared.

`make faults N=10000` runs it and ends with one line of JSON. `stories` says what may happen to a debt, `town` who owes
what, `people` whose turn it is: `buyers`, `clerks` or the `issuer` (the payer's bank). What breaks is in `weather` (the
servers; `catching` has workers at work, `lies` what strangers tell), `crashing` (workers die at marked steps) and
`rules` (the gateway). `books` compares ours with `gateway_books`, with `reasons` for all that was given back and
`papers` for invoices and receipts; `endings` counts the stories that were told to their end, `world` holds all
processes.
"""
