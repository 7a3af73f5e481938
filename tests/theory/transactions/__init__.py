"""What crashes strike, locks that are taken, doubt, and dirty reads."""
