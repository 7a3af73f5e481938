"""Stores against what is known of them."""
