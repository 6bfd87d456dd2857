"""RF heating: electric field, bioheat, damage, lesion."""
