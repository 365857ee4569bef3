"""Thousands of payments through real processes while everything that can break breaks; then the books are compared.

`make faults N=10000` runs it and ends with one line of JSON. `town` says what may happen to an order, `people` whose
turn it is: `buyers`, `clerks` or the `issuer` (the card holder's bank). What breaks is in `weather` (the servers),
`crashing` (workers die at marked steps) and `rules` (the gateway). `books` compares ours with `gateway_books`,
`endings` counts the stories that were told to their end, `world` holds all processes.
"""
