"""How the work is done: the line (`importer`), its stations (`vinacles`, `policy`, `store`), the wiring."""
