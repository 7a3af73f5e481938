"""Studies of stores: what replication costs, what it buys, and what each choice under a cut means."""

__all__: list[str] = []
