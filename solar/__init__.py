"""The solar engine: physics over numbers, and a service that reaches roofs and production through the vault alone."""
