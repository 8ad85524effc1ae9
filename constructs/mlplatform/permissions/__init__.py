"""Who may do what: one pure table of statements per principal."""
