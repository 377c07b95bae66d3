"""Who is asking: bearers become principals here, and tokens are handed out here. Nothing else makes either."""
