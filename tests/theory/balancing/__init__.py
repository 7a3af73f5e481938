"""Keys on nodes, localities, more choices and old reports."""
