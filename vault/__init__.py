"""The only place that seals, stores, opens and destroys. Knows no solar word.

Callers use `Vault`: it bundles the doors of one process over one `House`.
"""

from vault.doors import Vault
from vault.house import House

__all__ = ["House", "Vault"]
