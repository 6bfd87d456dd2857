"""How a patient lies: postures, and an anatomy moved into one."""
