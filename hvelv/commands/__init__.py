"""The commands of `hvelv`, one module for each word; what they print, and with which code they end."""
