berth_unit(compat SOURCES unit/compat.c LINKS berth_compat)
