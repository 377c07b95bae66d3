"""The key tree, its epochs, and the key services that hold its roots."""
