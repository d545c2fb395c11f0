"""One deployment, from inputs to log."""
