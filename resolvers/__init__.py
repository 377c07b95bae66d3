"""From requests to the doors and back. No decision is made here, no owner compared, no value kept.

endpoint      HTTP: one way in, `POST` of JSON, at most 64 KiB
documents     text -> parsed, measured (`cost`), validated; kept if it carries no text of its own
access        who states which purpose
selection     what is selected below a customer -> the mask of fields to open, and where each appears
opening       one opening per mask and tick; records -> customers
execution     graphql-core's, with whole subtrees of opened data completed at once
query, mutation, notice   the root fields
shortfall     what was withheld -> errors
translation   every failure -> a code, in one match
api           the schema, built for one policy
"""
