"""A GitHub on loopback, with a small workflow runner. Imports none of the other packages, so that it can contradict them."""
