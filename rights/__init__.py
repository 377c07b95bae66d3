"""What a person may ask of the company about their own data, and how each request comes to its end."""
