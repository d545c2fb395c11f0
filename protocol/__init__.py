"""The deployment protocol itself: values in, values out. No GitHub, no clock, no disk."""
