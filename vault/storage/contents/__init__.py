"""The contents database: immutable sealed blobs, nothing else. Its backups may live for years."""
