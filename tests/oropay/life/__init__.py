"""The whole life of payments, in any order of events: `test_life` puts the parts together and says what they are for.

`ground` is the seller, the order and how things are sent; `world` is what both sides' books say at one moment; each
other part is what one kind of person or machine may do; `invariants` is what holds whatever they did; `kinds` is what
a night must have met.
"""
