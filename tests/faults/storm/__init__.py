"""Thousands of payments through real processes while everything that can break breaks; then the books are compared.

`make faults N=10000` runs it and ends with one line of JSON. Who clicks is in `people`, what breaks in `weather` (the
servers), `crashing` (workers die at marked steps) and `rules` (the gateway); `books` compares, `world` holds it all.
"""
