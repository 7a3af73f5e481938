"""The tests; a package so that its parts find each other whatever else is installed."""
