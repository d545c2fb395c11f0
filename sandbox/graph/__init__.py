"""GitHub's GraphQL over the world: a field of the schema is an attribute of a node, in snake case."""
