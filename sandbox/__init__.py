"""A GitHub on loopback. Imports none of the other packages, so that it can contradict them."""
