"""Records as GitHub shows them, one module per noun."""
