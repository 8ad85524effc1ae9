"""An emulator of one AWS account on this machine, and the rehearsal of the platform's life in it."""
