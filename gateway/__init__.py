"""What we ask of the outside, behind small interfaces."""
