"""The composition root: settings, applications, the command line and the embedded PostgreSQL.

The only package that reads the clock, draws randomness and reads the environment. Nothing imports it.
"""
