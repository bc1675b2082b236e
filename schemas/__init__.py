"""What things look like: a frozen value beside its marshmallow schema. Imports nothing of ours."""
