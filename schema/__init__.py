"""What clients see: types, directives, names and error codes. No resolver, no decision, no I/O.

`schema.graphql` is what this package prints for the shipped policy; a change of it is reviewed as text.
"""
