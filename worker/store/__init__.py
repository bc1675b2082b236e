"""PostgreSQL: the tables, the one door to them (`session`), and what may be asked of them."""
