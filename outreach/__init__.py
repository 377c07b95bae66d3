"""What the company says to people, and whom it may say it to."""
