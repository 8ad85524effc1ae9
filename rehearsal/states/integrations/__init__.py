"""How Task states reach other services, one module for each kind of integration."""
