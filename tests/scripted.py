"""A GitHub that says what a test lets it say, for what the sandbox cannot play."""

API = "https://api.example.test:443"
SHOP = f"{API}/repos/acme/shop"
